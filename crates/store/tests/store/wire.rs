//! A wire between a store and its PostgreSQL that can be cut at the worst instant: just before what is asked arrives, or
//! after it was done and before anybody hears of it. It knows of the protocol only how an answer ends.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// How every answer ends where no transaction is open: ready for the next.
const READY: &[u8] = b"Z\0\0\0\x05I";

/// What happens between the deed and the cut.
type Between = Box<dyn FnOnce() + Send>;

/// Where the wire is cut next: when these bytes pass.
enum Cut {
    /// They do not arrive.
    Request(Vec<u8>),
    /// They arrive, and the answer does not.
    Answer(Vec<u8>, Between),
}

#[derive(Default)]
struct Plan {
    cut: Option<Cut>,
    /// Nobody gets through.
    away: bool,
    /// Both ends of every connection there ever was.
    ends: Vec<TcpStream>,
    /// How often it was cut as planned.
    cuts: usize,
}

/// The wire.
#[derive(Clone)]
pub struct Wire {
    /// The database's address, through the wire.
    pub url: String,
    plan: Arc<Mutex<Plan>>,
}

impl Wire {
    /// A wire to the database at this address.
    pub fn to(url: &str) -> Wire {
        let (user, rest) = url.split_once('@').expect("an address with a user");
        let (server, database) = rest.split_once('/').expect("an address with a database");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("a port").port();
        let wire =
            Wire { url: format!("{user}@127.0.0.1:{port}/{database}?sslmode=disable"), plan: Arc::default() };
        let (server, plan) = (server.to_owned(), Arc::clone(&wire.plan));
        // It ends with the process: nobody waits for it.
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let Ok(client) = client else { continue };
                // Dropped, which is a connection that ends at once.
                if lock(&plan).away {
                    continue;
                }
                if let Ok(server) = TcpStream::connect(&server) {
                    connect(&plan, client, server);
                }
            }
        });
        wire
    }

    /// Cuts it before the request with these bytes.
    pub fn cut_before(&self, marked: &str) {
        lock(&self.plan).cut = Some(Cut::Request(marked.into()));
    }

    /// Cuts it before the answer to the request with these bytes; this happens between the deed and the cut.
    pub fn cut_after(&self, marked: &str, between: impl FnOnce() + Send + 'static) {
        lock(&self.plan).cut = Some(Cut::Answer(marked.into(), Box::new(between)));
    }

    /// Cuts everything, and lets nobody through.
    pub fn away(&self) {
        let mut plan = lock(&self.plan);
        plan.away = true;
        plan.ends.drain(..).for_each(|end| drop(end.shutdown(Shutdown::Both)));
    }

    /// Lets everybody through again.
    pub fn back(&self) {
        lock(&self.plan).away = false;
    }

    /// How often it was cut as planned.
    pub fn cuts(&self) -> usize {
        lock(&self.plan).cuts
    }
}

fn lock(plan: &Mutex<Plan>) -> MutexGuard<'_, Plan> {
    plan.lock().unwrap_or_else(PoisonError::into_inner)
}

fn connect(plan: &Arc<Mutex<Plan>>, client: TcpStream, server: TcpStream) {
    let same = |end: &TcpStream| end.try_clone().expect("a connection has another handle");
    lock(plan).ends.extend([same(&client), same(&server)]);
    // What is left to happen on this connection before it is cut.
    let between: Arc<Mutex<Option<Between>>> = Arc::default();
    let (requests, answers) = ((same(&client), same(&server)), (server, client));
    let (for_requests, for_answers) = (Arc::clone(plan), Arc::clone(plan));
    let sealed = Arc::clone(&between);
    std::thread::spawn(move || {
        pass_requests(&for_requests, requests.0, &requests.1, &sealed);
        drop(requests.1.shutdown(Shutdown::Both));
    });
    std::thread::spawn(move || {
        pass_answers(&for_answers, answers.0, &answers.1, &between);
        drop(answers.1.shutdown(Shutdown::Both));
    });
}

fn pass_requests(
    plan: &Mutex<Plan>,
    mut from: TcpStream,
    mut to: &TcpStream,
    between: &Mutex<Option<Between>>,
) {
    let (mut piece, mut last) = ([0; 65_536], Vec::new());
    while let Ok(length @ 1..) = from.read(&mut piece) {
        // A request may come in several pieces, and its mark across two of them.
        last.extend_from_slice(&piece[..length]);
        {
            let mut plan = lock(plan);
            match plan.cut.take() {
                Some(Cut::Request(marked)) if contains(&last, &marked) => {
                    plan.cuts += 1;
                    return drop(from.shutdown(Shutdown::Both));
                }
                Some(Cut::Answer(marked, work)) if contains(&last, &marked) => {
                    *between.lock().unwrap_or_else(PoisonError::into_inner) = Some(work);
                }
                other => plan.cut = other,
            }
        }
        last.drain(..last.len().saturating_sub(256));
        if to.write_all(&piece[..length]).is_err() {
            return;
        }
    }
}

fn pass_answers(
    plan: &Mutex<Plan>,
    mut from: TcpStream,
    mut to: &TcpStream,
    between: &Mutex<Option<Between>>,
) {
    let (mut piece, mut kept) = ([0; 65_536], Vec::new());
    while let Ok(length @ 1..) = from.read(&mut piece) {
        let mut sealed = between.lock().unwrap_or_else(PoisonError::into_inner);
        if sealed.is_some() {
            kept.extend_from_slice(&piece[..length]);
            if kept.ends_with(READY) {
                sealed.take().expect("it was just there")();
                lock(plan).cuts += 1;
                return drop(from.shutdown(Shutdown::Both));
            }
        } else if to.write_all(&piece[..length]).is_err() {
            return;
        }
    }
}

fn contains(bytes: &[u8], marked: &[u8]) -> bool {
    bytes.windows(marked.len()).any(|window| window == marked)
}
