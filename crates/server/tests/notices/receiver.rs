//! A host's endpoint: a real HTTP server on loopback that notes what it is sent, and answers as a test wants.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    sync::watch,
};

/// What it was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Post {
    pub path: String,
    pub headers: BTreeMap<String, String>,
    pub body: String,
}

impl Post {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// What it is about: the type, the organization and the number in its ledger.
    pub fn about(&self) -> String {
        let json = self.json();
        let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
        format!("{} {} {}", text(&json["type"]), text(&json["data"]["organization"]), json["data"]["version"])
    }
}

/// How it answers.
#[derive(Clone, Debug)]
pub enum Answer {
    Status(u16),
    Redirect(String),
    /// It reads, and says nothing any more.
    Silence,
    /// 200, and then a body without end.
    Endless,
    /// 204, as soon as this is not so any more.
    After(watch::Receiver<bool>),
}

type Script = Arc<dyn Fn(&Post) -> Answer + Send + Sync>;

pub struct Receiver {
    pub url: String,
    posts: Arc<Mutex<Vec<Post>>>,
    counted: watch::Receiver<usize>,
}

impl Receiver {
    pub async fn start(script: impl Fn(&Post) -> Answer + Send + Sync + 'static) -> Receiver {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hooks", listener.local_addr().unwrap());
        let posts = Arc::new(Mutex::new(Vec::new()));
        let (count, counted) = watch::channel(0);
        let (script, count): (Script, _) = (Arc::new(script), Arc::new(count));
        let kept = Arc::clone(&posts);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&script), Arc::clone(&kept), Arc::clone(&count)));
            }
        });
        Receiver { url, posts, counted }
    }

    /// One that is content with everything.
    pub async fn content() -> Receiver {
        Receiver::start(|_| Answer::Status(204)).await
    }

    pub fn posts(&self) -> Vec<Post> {
        self.posts.lock().unwrap().clone()
    }

    pub fn about(&self) -> Vec<String> {
        self.posts().iter().map(Post::about).collect()
    }

    /// Waits until it was sent so many.
    pub async fn has(&mut self, count: usize) {
        self.counted.wait_for(|counted| *counted >= count).await.unwrap();
    }
}

async fn serve(
    stream: TcpStream,
    script: Script,
    posts: Arc<Mutex<Vec<Post>>>,
    count: Arc<watch::Sender<usize>>,
) {
    let mut stream = BufReader::new(stream);
    while let Some(post) = read(&mut stream).await {
        let answer = script(&post);
        let so_many = {
            let mut posts = posts.lock().unwrap();
            posts.push(post);
            posts.len()
        };
        count.send_replace(so_many);
        let head = match &answer {
            Answer::Status(status) => format!("HTTP/1.1 {status} Said\r\ncontent-length: 0\r\n\r\n"),
            Answer::Redirect(to) => {
                format!("HTTP/1.1 307 Elsewhere\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n")
            }
            Answer::Silence => std::future::pending().await,
            Answer::After(held) => {
                // Who held it is gone, or lets go.
                let _ = held.clone().wait_for(|held| !*held).await;
                "HTTP/1.1 204 Said\r\ncontent-length: 0\r\n\r\n".into()
            }
            Answer::Endless => "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".into(),
        };
        if stream.write_all(head.as_bytes()).await.is_err() {
            return;
        }
        if matches!(answer, Answer::Endless) {
            let chunk = format!("4000\r\n{}\r\n", "x".repeat(0x4000));
            while stream.write_all(chunk.as_bytes()).await.is_ok() {}
            return;
        }
    }
}

async fn read(stream: &mut BufReader<TcpStream>) -> Option<Post> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).unwrap();
    let mut lines = head.trim_end().split("\r\n");
    let path = lines.next().unwrap().split(' ').nth(1).unwrap().to_owned();
    let headers: BTreeMap<String, String> = lines
        .map(|line| line.split_once(": ").unwrap())
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let mut body = vec![0; headers["content-length"].parse().unwrap()];
    stream.read_exact(&mut body).await.ok()?;
    Some(Post { path, headers, body: String::from_utf8(body).unwrap() })
}
