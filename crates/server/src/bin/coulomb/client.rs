//! A small HTTP/1.1 client for the load tool and the demonstration: one kept connection, one request at a time, answers
//! with a stated length. It shares its cores with the server it measures, so it does as little as possible.

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
        let head = format!(
            "{method} {path} HTTP/1.1\r\n{}content-length: {}\r\n\r\n",
            self.target.headers,
            body.len()
        );
        self.out.extend_from_slice(head.as_bytes());
        self.out.extend_from_slice(body);
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
struct Head {
    status: u16,
    size: usize,
    body_size: usize,
    closes: bool,
}

impl Head {
    /// Nothing until it is there in full.
    fn parse(bytes: &[u8]) -> Result<Option<Head>> {
        let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else { return Ok(None) };
        let head = bytes.get(..end).and_then(|head| std::str::from_utf8(head).ok());
        let mut lines = head.unwrap_or_default().split("\r\n");
        let status = lines.next().and_then(|line| line.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok());
        let status: u16 = status.ok_or_else(|| strange("its first line"))?;
        let mut body_size = if status == 204 || status == 304 { Some(0) } else { None };
        let mut closes = false;
        for (name, value) in lines.filter_map(|line| line.split_once(':')) {
            if name.eq_ignore_ascii_case("content-length") {
                body_size = value.trim().parse().ok();
            } else if name.eq_ignore_ascii_case("connection") {
                closes = value.trim().eq_ignore_ascii_case("close");
            }
        }
        let body_size = body_size.ok_or_else(|| strange("a body without a stated length"))?;
        Ok(Some(Head { status, size: end + 4, body_size, closes }))
    }
}

fn strange(what: &str) -> Error {
    Error::new(ErrorKind::InvalidData, format!("the server's answer is not one of coulomb's: {what}"))
}
