//! A mail server: real SMTP on loopback, small, that keeps what it is given and refuses what a test wants refused.

use std::sync::{Arc, Mutex};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};

/// A mail that was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    pub from: String,
    pub to: String,
    /// As it came over the wire.
    pub text: String,
}

impl Letter {
    /// The header's value, unfolded; nothing where there is none.
    pub fn header(&self, name: &str) -> String {
        let head = self.text.split("\r\n\r\n").next().unwrap().replace("\r\n ", " ");
        let named = |line: &str| line.strip_prefix(&format!("{name}: ")).map(str::to_owned);
        let values: Vec<String> = head.split("\r\n").filter_map(named).collect();
        assert!(values.len() < 2, "{name} stands there {} times", values.len());
        values.into_iter().next().unwrap_or_default()
    }
}

/// What it answers to whom a mail is for: nothing special, or this.
type Refusal = Arc<Mutex<Option<(String, String)>>>;

#[derive(Clone)]
pub struct PostOffice {
    pub address: String,
    letters: Arc<Mutex<Vec<Letter>>>,
    refusal: Refusal,
    logins: Arc<Mutex<Vec<String>>>,
}

impl PostOffice {
    pub async fn open() -> PostOffice {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let office = PostOffice {
            address: listener.local_addr().unwrap().to_string(),
            letters: Arc::default(),
            refusal: Arc::default(),
            logins: Arc::default(),
        };
        let clerk = office.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let clerk = clerk.clone();
                // Who hangs up in the middle has said all there is.
                tokio::spawn(async move { clerk.serve(stream).await.ok() });
            }
        });
        office
    }

    pub fn letters(&self) -> Vec<Letter> {
        self.letters.lock().unwrap().clone()
    }

    pub fn logins(&self) -> Vec<String> {
        self.logins.lock().unwrap().clone()
    }

    /// Refuses mail for an address with these words, or takes everything again.
    pub fn refuses(&self, refusal: Option<(&str, &str)>) {
        *self.refusal.lock().unwrap() = refusal.map(|(to, words)| (to.to_owned(), words.to_owned()));
    }

    async fn serve(&self, stream: TcpStream) -> std::io::Result<()> {
        let mut stream = BufReader::new(stream);
        let (mut from, mut to) = (String::new(), String::new());
        say(&mut stream, "220 post.test ESMTP").await?;
        let mut line = String::new();
        while stream.read_line(&mut line).await? > 0 {
            let command = std::mem::take(&mut line);
            let command = command.trim_end();
            let address = || command.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
            match command.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase().as_str() {
                "EHLO" => say(&mut stream, "250-post.test\r\n250-8BITMIME\r\n250 AUTH PLAIN").await?,
                "AUTH" => {
                    self.logins.lock().unwrap().push(command.to_owned());
                    say(&mut stream, "235 welcome").await?;
                }
                "MAIL" => {
                    from = address();
                    say(&mut stream, "250 ok").await?;
                }
                "RCPT" => {
                    to = address();
                    let refused = self.refusal.lock().unwrap().clone();
                    match refused.filter(|(of, _)| *of == to || of == "*") {
                        Some((_, words)) => say(&mut stream, &words).await?,
                        None => say(&mut stream, "250 ok").await?,
                    }
                }
                "DATA" => {
                    say(&mut stream, "354 go on").await?;
                    let mut text = String::new();
                    while !text.ends_with("\r\n.\r\n") {
                        stream.read_line(&mut text).await?;
                    }
                    let text = text.trim_end_matches("\r\n.\r\n").to_owned();
                    let letter = Letter { from: from.clone(), to: to.clone(), text };
                    self.letters.lock().unwrap().push(letter);
                    say(&mut stream, "250 taken").await?;
                }
                "QUIT" => return say(&mut stream, "221 bye").await,
                _ => say(&mut stream, "502 what").await?,
            }
        }
        Ok(())
    }
}

async fn say(stream: &mut BufReader<TcpStream>, words: &str) -> std::io::Result<()> {
    stream.write_all(format!("{words}\r\n").as_bytes()).await
}
