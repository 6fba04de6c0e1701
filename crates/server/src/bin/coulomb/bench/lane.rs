//! One connection of the load: what it is sending, what it has received, and when it asked. It never waits; whoever
//! drives it says when there is something to read or room to write.

use super::{
    asks::{Asks, Judged},
    whom::Numbers,
};
use crate::client::{Head, Target};
use mio::{Interest, Registry, Token, net::TcpStream};
use std::{
    io::{ErrorKind, Read, Result, Write},
    time::Instant,
};

/// Room for an answer at first; it grows as it must.
const ROOM: usize = 16 * 1024;

/// How far a call is.
pub enum Progress {
    /// Something is still to be sent or received.
    Waiting,
    /// The answer is there, to be judged.
    Answered {
        /// When it was asked, or was due.
        asked: Instant,
        /// Whether the server closes the connection now.
        closes: bool,
    },
}

/// One connection.
pub struct Lane {
    stream: Option<TcpStream>,
    asks: Asks,
    /// What is still to be sent of a request that did not go out at once.
    unsent: Vec<u8>,
    received: Vec<u8>,
    filled: usize,
    head: Option<Head>,
    /// When the call that is on its way was asked.
    asked: Option<Instant>,
}

impl Lane {
    /// Connects, and registers with whoever tells when it is ready.
    pub fn connect(target: &Target, registry: &Registry, token: Token, asks: Asks) -> Result<Lane> {
        Ok(Lane {
            stream: Some(connected(target, registry, token)?),
            asks,
            unsent: Vec::new(),
            received: vec![0; ROOM],
            filled: 0,
            head: None,
            asked: None,
        })
    }

    /// The same on a new connection; what was on its way is forgotten.
    pub fn reconnect(&mut self, target: &Target, registry: &Registry, token: Token) -> Result<()> {
        // Closing takes it out of the registry.
        self.stream = None;
        self.asks.forget();
        self.unsent.clear();
        (self.filled, self.head, self.asked) = (0, None, None);
        self.stream = Some(connected(target, registry, token)?);
        Ok(())
    }

    /// Whether it has a connection.
    pub fn is_alive(&self) -> bool {
        self.stream.is_some()
    }

    /// Whether a call is on its way.
    pub fn is_asking(&self) -> bool {
        self.asked.is_some()
    }

    /// Whether something was started that is not settled yet.
    pub fn has_open(&self) -> bool {
        self.asks.is_open()
    }

    /// Sends the next request, or as much of it as goes.
    pub fn ask(&mut self, numbers: &mut Numbers, closing: bool, asked: Instant) -> Result<()> {
        let Some(stream) = &mut self.stream else { return Err(ErrorKind::NotConnected.into()) };
        self.asked = Some(asked);
        let request = self.asks.next(numbers, closing);
        let sent = send(stream, request)?;
        self.unsent.extend_from_slice(request.get(sent..).unwrap_or_default());
        Ok(())
    }

    /// Sends and receives what can be now. Where the other side has closed (`drained`), it reads to the end, because nobody
    /// will say again that there is something.
    pub fn go_on(&mut self, drained: bool) -> Result<Progress> {
        let Some(stream) = &mut self.stream else { return Ok(Progress::Waiting) };
        if !self.unsent.is_empty() {
            let sent = send(stream, &self.unsent)?;
            self.unsent.drain(..sent);
        }
        loop {
            let Some(stream) = &mut self.stream else { return Ok(Progress::Waiting) };
            if self.filled == self.received.len() {
                self.received.resize(self.filled * 2, 0);
            }
            let room = self.received.get_mut(self.filled..).unwrap_or_default();
            let room_size = room.len();
            let size = match stream.read(room) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(size) => size,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(Progress::Waiting),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            self.filled += size;
            if let Some(progress) = self.look()? {
                return Ok(progress);
            }
            // Less than there was room for is all there is: asking again would be a call for nothing.
            if size < room_size && !drained {
                return Ok(Progress::Waiting);
            }
        }
    }

    /// Whether the answer is whole.
    fn look(&mut self) -> Result<Option<Progress>> {
        if self.head.is_none() {
            self.head = Head::parse(self.received.get(..self.filled).unwrap_or_default())?;
        }
        let Some(head) = self.head else { return Ok(None) };
        let end = head.size + head.body_size;
        if self.received.len() < end {
            self.received.resize(end + ROOM, 0);
        }
        if self.filled < end {
            return Ok(None);
        }
        match self.asked {
            Some(asked) if self.filled == end => Ok(Some(Progress::Answered { asked, closes: head.closes })),
            _ => Err(std::io::Error::new(ErrorKind::InvalidData, "answered more than was asked")),
        }
    }

    /// What the answer came to, and how long its body was. The next call may be made then.
    pub fn judge(&mut self) -> (Judged, usize) {
        let head = self.head.take();
        (self.filled, self.asked) = (0, None);
        match head {
            Some(Head { status, size, body_size, .. }) => {
                let body = self.received.get(size..size + body_size).unwrap_or_default();
                (self.asks.judge(status, body), body_size)
            }
            None => (Judged { done: 0, failed: None }, 0),
        }
    }
}

fn connected(target: &Target, registry: &Registry, token: Token) -> Result<TcpStream> {
    let stream = std::net::TcpStream::connect(target.authority())?;
    stream.set_nodelay(true)?;
    stream.set_nonblocking(true)?;
    let mut stream = TcpStream::from_std(stream);
    registry.register(&mut stream, token, Interest::READABLE | Interest::WRITABLE)?;
    Ok(stream)
}

/// Sends as much as goes, and says how much that was.
fn send(stream: &mut TcpStream, bytes: &[u8]) -> Result<usize> {
    let mut sent = 0;
    while let Some(rest) = bytes.get(sent..).filter(|rest| !rest.is_empty()) {
        match stream.write(rest) {
            Ok(size) => sent += size,
            Err(error) if error.kind() == ErrorKind::WouldBlock => break,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(sent)
}
