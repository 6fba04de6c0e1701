//! A mail server: real SMTP on loopback, small, that keeps what it is given and refuses what a test wants refused.

use rustls::{
    ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use std::{
    path::PathBuf,
    sync::{Arc, Mutex},
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    sync::watch,
};
use tokio_rustls::TlsAcceptor;
use xtask::certificates::certify;

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

    /// When, to whom and about what, in a line.
    pub fn said(&self) -> String {
        format!("{} {} {}", self.header("Date"), self.to, self.header("Subject"))
    }
}

/// How one talks to it.
#[derive(Clone, Default)]
enum Door {
    #[default]
    Open,
    /// Encrypted from the first byte.
    Wrapped(TlsAcceptor),
    /// Encrypted from STARTTLS on; before it no mail is taken.
    Upgraded(TlsAcceptor),
}

/// What it answers to whom a mail is for: nothing special, or this.
type Refusal = Arc<Mutex<Option<(String, String)>>>;

#[derive(Clone)]
pub struct PostOffice {
    pub address: String,
    /// The authority that answers for its certificate.
    pub root: PathBuf,
    door: Door,
    letters: Arc<watch::Sender<Vec<Letter>>>,
    refusal: Refusal,
    logins: Arc<Mutex<Vec<String>>>,
    /// It takes this many more mails and says so; after them it takes mails and says nothing.
    says_taken: Arc<Mutex<usize>>,
    _certificates: Arc<Option<TempDir>>,
}

impl PostOffice {
    pub async fn open() -> PostOffice {
        PostOffice::behind(Door::Open, PathBuf::new(), None).await
    }

    /// One that wants TLS from the first byte.
    pub async fn wrapped() -> PostOffice {
        let (acceptor, root, kept) = certified();
        PostOffice::behind(Door::Wrapped(acceptor), root, Some(kept)).await
    }

    /// One that wants STARTTLS.
    pub async fn upgraded() -> PostOffice {
        let (acceptor, root, kept) = certified();
        PostOffice::behind(Door::Upgraded(acceptor), root, Some(kept)).await
    }

    async fn behind(door: Door, root: PathBuf, certificates: Option<TempDir>) -> PostOffice {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let office = PostOffice {
            address: listener.local_addr().unwrap().to_string(),
            root,
            door,
            letters: Arc::new(watch::channel(Vec::new()).0),
            refusal: Arc::default(),
            logins: Arc::default(),
            says_taken: Arc::new(Mutex::new(usize::MAX)),
            _certificates: Arc::new(certificates),
        };
        let clerk = office.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let clerk = clerk.clone();
                // Who hangs up in the middle has said all there is.
                tokio::spawn(async move { clerk.welcome(stream).await.ok() });
            }
        });
        office
    }

    pub fn letters(&self) -> Vec<Letter> {
        self.letters.borrow().clone()
    }

    /// Waits until the letters are as they should be.
    pub async fn has(&self, wanted: impl Fn(&[Letter]) -> bool) {
        self.letters.subscribe().wait_for(|letters| wanted(letters)).await.unwrap();
    }

    pub fn logins(&self) -> Vec<String> {
        self.logins.lock().unwrap().clone()
    }

    /// Refuses mail for an address with these words, or takes everything again.
    pub fn refuses(&self, refusal: Option<(&str, &str)>) {
        *self.refusal.lock().unwrap() = refusal.map(|(to, words)| (to.to_owned(), words.to_owned()));
    }

    /// After so many more mails it takes mail without saying so.
    pub fn says_taken(&self, times: usize) {
        *self.says_taken.lock().unwrap() = times;
    }

    async fn welcome(&self, stream: TcpStream) -> std::io::Result<()> {
        match &self.door {
            Door::Open => self.serve(BufReader::new(stream), false).await.map(|_| ()),
            Door::Wrapped(acceptor) => {
                let stream = acceptor.accept(stream).await?;
                self.serve(BufReader::new(stream), true).await.map(|_| ())
            }
            Door::Upgraded(acceptor) => {
                let Some(stream) = self.serve(BufReader::new(stream), false).await? else { return Ok(()) };
                let stream = acceptor.accept(stream.into_inner()).await?;
                self.serve(BufReader::new(stream), true).await.map(|_| ())
            }
        }
    }

    /// Talks until the other side has said goodbye; the stream where it wants to go on encrypted.
    async fn serve<S>(
        &self,
        mut stream: BufReader<S>,
        encrypted: bool,
    ) -> std::io::Result<Option<BufReader<S>>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let wants_tls = !encrypted && matches!(self.door, Door::Upgraded(_));
        let (mut from, mut to) = (String::new(), String::new());
        if !(encrypted && matches!(self.door, Door::Upgraded(_))) {
            say(&mut stream, "220 post.test ESMTP").await?;
        }
        let mut line = String::new();
        while stream.read_line(&mut line).await? > 0 {
            let command = std::mem::take(&mut line);
            let command = command.trim_end();
            let address = || command.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
            match command.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase().as_str() {
                "EHLO" if wants_tls => say(&mut stream, "250-post.test\r\n250 STARTTLS").await?,
                "STARTTLS" if wants_tls => {
                    say(&mut stream, "220 go on").await?;
                    return Ok(Some(stream));
                }
                "AUTH" | "MAIL" if wants_tls => say(&mut stream, "530 encrypt first").await?,
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
                        if stream.read_line(&mut text).await? == 0 {
                            return Ok(None);
                        }
                    }
                    self.take(Letter { from: from.clone(), to: to.clone(), text }).await;
                    say(&mut stream, "250 taken").await?;
                }
                "QUIT" => return say(&mut stream, "221 bye").await.map(|()| None),
                _ => say(&mut stream, "502 what").await?,
            }
        }
        Ok(None)
    }

    async fn take(&self, mut letter: Letter) {
        letter.text.truncate(letter.text.len() - "\r\n.\r\n".len());
        let is_said = {
            let mut times = self.says_taken.lock().unwrap();
            let is_said = *times > 0;
            *times = times.saturating_sub(1);
            is_said
        };
        self.letters.send_modify(|letters| letters.push(letter));
        if !is_said {
            std::future::pending::<()>().await;
        }
    }
}

/// What a server that is certified for this machine says for itself, and who answers for it.
fn certified() -> (TlsAcceptor, PathBuf, TempDir) {
    let dir = TempDir::new().unwrap();
    let certified = certify(dir.path(), "post", "IP:127.0.0.1").unwrap();
    let certificate = CertificateDer::from_pem_slice(certified.certificate.as_bytes()).unwrap();
    let key = PrivateKeyDer::from_pem_slice(certified.key.as_bytes()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    (TlsAcceptor::from(Arc::new(config)), certified.root, dir)
}

async fn say<S>(stream: &mut BufReader<S>, words: &str) -> std::io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    stream.write_all(format!("{words}\r\n").as_bytes()).await?;
    stream.flush().await
}
