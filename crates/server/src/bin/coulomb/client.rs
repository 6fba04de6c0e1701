//! A small HTTP/1.1 client for the load tool and the demonstration: one kept connection, one request at a time, answers
//! with a stated length. How requests and answers read is here; the load itself is made by `bench::driver`, which keeps
//! hundreds of connections on one thread.

use memchr::{memchr, memmem};
use std::io::{Error, ErrorKind, Result};
use tokio::net::TcpStream;

/// Where a server is, and the key it is asked with.
#[derive(Clone)]
pub struct Target {
    authority: String,
    headers: String,
}

impl Target {
    /// From a URL such as `http://127.0.0.1:8988`.
    pub fn new(url: &str, key: &str) -> std::result::Result<Target, String> {
        let authority = url.trim_end_matches('/').strip_prefix("http://").ok_or_else(|| {
            format!("\"{url}\" is not a URL such as http://127.0.0.1:8988; TLS ends in front of coulomb, so ask it directly")
        })?;
        if authority.is_empty() || authority.contains(['/', '?', '#', '@']) {
            return Err(format!(
                "\"{url}\" has more than a host and a port; give only those, as in http://127.0.0.1:8988"
            ));
        }
        if key.bytes().any(|byte| !byte.is_ascii_graphic()) {
            return Err(
                "The key has characters that no key has; take it as `coulomb keys create` printed it.".into(),
            );
        }
        let port = if authority.contains(':') { "" } else { ":80" };
        let headers =
            format!("host: {authority}\r\nauthorization: Bearer {key}\r\ncontent-type: application/json\r\n");
        Ok(Target { authority: format!("{authority}{port}"), headers })
    }

    /// The same server, asked as a browser that sends a form: without a key.
    pub fn of_forms(&self) -> Target {
        let headers =
            format!("host: {}\r\ncontent-type: application/x-www-form-urlencoded\r\n", self.authority);
        Target { authority: self.authority.clone(), headers }
    }

    /// Host and port.
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// A whole request.
    pub fn request(&self, method: &str, path: &str, body: &[u8]) -> Vec<u8> {
        let mut request = Vec::new();
        self.write_request(&mut request, method, path, body);
        request
    }

    fn write_request(&self, out: &mut Vec<u8>, method: &str, path: &str, body: &[u8]) {
        let (headers, length) = (&self.headers, body.len());
        let head = format!("{method} {path} HTTP/1.1\r\n{headers}content-length: {length}\r\n\r\n");
        out.extend_from_slice(head.as_bytes());
        out.extend_from_slice(body);
    }
}

/// A kept connection.
pub struct Connection {
    target: Target,
    stream: Option<TcpStream>,
    out: Vec<u8>,
    buffer: Vec<u8>,
}

/// An answer, until the next call.
pub struct Answer<'a> {
    /// The status code.
    pub status: u16,
    /// The body.
    pub body: &'a [u8],
}

impl Answer<'_> {
    /// Whether it is 2xx.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

impl Connection {
    /// Connects at the first call.
    pub fn new(target: Target) -> Connection {
        Connection { target, stream: None, out: Vec::new(), buffer: vec![0; 16 * 1024] }
    }

    /// Asks and waits for the whole answer. After an error the next call connects anew.
    pub async fn call(&mut self, method: &str, path: &str, body: &[u8]) -> Result<Answer<'_>> {
        let stream = match self.stream.take() {
            Some(stream) => stream,
            None => {
                let stream = TcpStream::connect(&self.target.authority).await?;
                stream.set_nodelay(true)?;
                stream
            }
        };
        self.out.clear();
        self.target.write_request(&mut self.out, method, path, body);
        write(&stream, &self.out).await?;

        let mut filled = 0;
        let head = loop {
            filled += read(&stream, &mut self.buffer, filled).await?;
            if let Some(head) = Head::parse(self.buffer.get(..filled).unwrap_or_default())? {
                break head;
            }
        };
        let end = head.size + head.body_size;
        if self.buffer.len() < end {
            self.buffer.resize(end, 0);
        }
        while filled < end {
            filled += read(&stream, &mut self.buffer, filled).await?;
        }
        if !head.closes {
            self.stream = Some(stream);
        }
        Ok(Answer { status: head.status, body: self.buffer.get(head.size..end).unwrap_or_default() })
    }
}

async fn write(stream: &TcpStream, mut bytes: &[u8]) -> Result<()> {
    while !bytes.is_empty() {
        match stream.try_write(bytes) {
            Ok(written) => bytes = bytes.get(written..).unwrap_or_default(),
            Err(error) if error.kind() == ErrorKind::WouldBlock => stream.writable().await?,
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Reads what is there into the buffer after `filled`, which grows as it must.
async fn read(stream: &TcpStream, buffer: &mut Vec<u8>, filled: usize) -> Result<usize> {
    if buffer.len() == filled {
        buffer.resize(filled * 2, 0);
    }
    loop {
        stream.readable().await?;
        match stream.try_read(buffer.get_mut(filled..).unwrap_or_default()) {
            Ok(0) => return Err(Error::new(ErrorKind::UnexpectedEof, "the server closed the connection")),
            Ok(size) => return Ok(size),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
}

/// What the head of an answer says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The status code.
    pub status: u16,
    /// Bytes of the head itself.
    pub size: usize,
    /// Bytes of the body.
    pub body_size: usize,
    /// Whether the server closes the connection after this answer.
    pub closes: bool,
}

impl Head {
    /// Nothing until it is there in full. Fails where the answer is none of coulomb's.
    pub fn parse(bytes: &[u8]) -> Result<Option<Head>> {
        let Some(end) = memmem::find(bytes, b"\r\n\r\n") else { return Ok(None) };
        let mut rest = bytes.get(..end).unwrap_or_default();
        let first = next_line(&mut rest).strip_prefix(b"HTTP/1.1 ").and_then(|line| number(line.get(..3)?));
        let status = first.and_then(|status| u16::try_from(status).ok());
        let status = status.ok_or_else(|| strange("its first line"))?;
        let mut body_size = if status == 204 || status == 304 { Some(0) } else { None };
        let mut closes = false;
        while !rest.is_empty() {
            let line = next_line(&mut rest);
            if let Some(value) = value_of(line, b"content-length") {
                body_size = number(value);
            } else if let Some(value) = value_of(line, b"connection") {
                closes = value.eq_ignore_ascii_case(b"close");
            }
        }
        let body_size = body_size.ok_or_else(|| strange("a body without a stated length"))?;
        Ok(Some(Head { status, size: end + 4, body_size, closes }))
    }
}

/// Cuts off the next line of a head.
fn next_line<'a>(rest: &mut &'a [u8]) -> &'a [u8] {
    let end = memchr(b'\r', rest).unwrap_or(rest.len());
    let line = rest.get(..end).unwrap_or_default();
    *rest = rest.get(end + 2..).unwrap_or_default();
    line
}

/// The value of a header line with this name.
fn value_of<'a>(line: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let (found, value) = line.split_at_checked(name.len())?;
    let value = value.strip_prefix(b":").filter(|_| found.eq_ignore_ascii_case(name))?;
    Some(value.trim_ascii())
}

fn number(digits: &[u8]) -> Option<usize> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

fn strange(what: &str) -> Error {
    Error::new(ErrorKind::InvalidData, format!("the server's answer is not one of coulomb's: {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_when_it_is_whole_whatever_the_letters_of_its_names() {
        let answer = b"HTTP/1.1 201 Created\r\ncontent-type: application/json\r\nContent-Length:  12\r\nCONNECTION: Close\r\n\r\n{}";
        let whole = answer.len() - 2;
        for cut in 0..whole {
            assert_eq!(Head::parse(&answer[..cut]).expect("a beginning"), None);
        }
        let head = Head { status: 201, size: whole, body_size: 12, closes: true };
        assert_eq!(Head::parse(answer).expect("a head"), Some(head));
    }

    #[test]
    fn an_answer_of_another_kind_is_refused() {
        for answer in ["SMTP ready\r\n\r\n", "HTTP/1.1 2\r\n\r\n", "HTTP/1.1 200 OK\r\nserver: x\r\n\r\n"] {
            assert!(Head::parse(answer.as_bytes()).is_err(), "{answer}");
        }
        let empty = b"HTTP/1.1 204 No Content\r\n\r\n";
        assert_eq!(Head::parse(empty).expect("a head").map(|head| head.body_size), Some(0));
    }
}
