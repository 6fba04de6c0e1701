//! Real servers that are killed at any moment while two organizations work: whatever the ledger says happened is told to the
//! host at least once and in its order, whoever is to be mailed is mailed, and nothing is told that never happened.

use crate::{
    host::{ANSWERS_MIN, BILL, Chance, Host, OLGA, happened, seed},
    post_office::Letter,
    post_office::PostOffice,
    receiver::{Answer, Post, Receiver},
    verified::all_verified,
    webhooks::SECRET,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
    sync::watch,
};
use xtask::postgres::{Database, fresh_database};

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// How often a server is killed.
const KILLS: usize = 8;

const ORGANIZATIONS: [&str; 2] = ["acme", "birch"];

/// Servers on one store, of which each is killed and started again.
struct Fleet {
    config: PathBuf,
    data: [String; 2],
    servers: Vec<(Child, String)>,
    _kept: (TempDir, Option<Database>),
}

/// The program with what the operator has said.
fn coulomb(config: &Path, data: &[String; 2], arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_coulomb"));
    for variable in ["COULOMB_CONFIG", "COULOMB_DATA", "COULOMB_DATABASE", "COULOMB_PUBLIC_URL"] {
        command.env_remove(variable);
    }
    command.args(arguments).arg("--config").arg(config).args(data);
    command.stdin(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    command
}

impl Fleet {
    /// So many servers that tell this receiver and this post office: on a database where there are several.
    async fn start(count: usize, receiver: &Receiver, office: &PostOffice) -> Fleet {
        let directory = TempDir::new().unwrap();
        let config = directory.path().join("coulomb.toml");
        let text = format!(
            r#"
[webhooks]
timeout = "PT2S"
allow_private_networks = true
[[webhooks.endpoints]]
name = "host"
url = "{}"
secrets = ["{SECRET}"]
[mail]
smtp = "smtp://{}"
from = "Credits <credits@coulomb.test>"
cooldown = "PT0.001S"
timeout = "PT2S"
"#,
            receiver.url, office.address
        );
        std::fs::write(&config, text).unwrap();
        let database = (count > 1).then(fresh_database);
        let data = match &database {
            Some(database) => ["--database".into(), database.url.clone()],
            None => ["--data".into(), directory.path().join("data").display().to_string()],
        };
        let mut fleet = Fleet { config, data, servers: Vec::new(), _kept: (directory, database) };
        for _ in 0..count {
            let server = fleet.server().await;
            fleet.servers.push(server);
        }
        fleet
    }

    async fn server(&self) -> (Child, String) {
        let mut serve = coulomb(&self.config, &self.data, &["serve", "--listen", "127.0.0.1:0"]);
        let mut child = serve.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).await.unwrap();
        let address = line.trim().rsplit("http://").next().unwrap();
        assert!(address.starts_with("127.0.0.1:"), "the ready line names the address: {line:?}");
        let url = format!("http://{address}");
        (child, url)
    }

    async fn key(&self) -> String {
        let made = coulomb(&self.config, &self.data, &["keys", "create", "--scope", "admin"]).output();
        String::from_utf8(made.await.unwrap().stdout).unwrap().trim().to_owned()
    }

    fn urls(&self) -> Vec<String> {
        self.servers.iter().map(|(_, url)| url.clone()).collect()
    }

    /// Ends one as `kill -9` does, at whatever it is doing.
    async fn kill(&mut self, number: usize) {
        self.servers[number].0.kill().await.unwrap();
    }

    async fn start_again(&mut self, number: usize) {
        self.servers[number] = self.server().await;
    }

    async fn is_proven(&self) {
        let verified = coulomb(&self.config, &self.data, &["verify"]).output().await.unwrap();
        assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stdout));
    }
}

/// When a server is killed.
#[derive(Clone, Copy, Debug)]
enum Moment {
    /// After so many more answers to the host.
    Answers(usize),
    /// As soon as the endpoint has another notice, and before it says so.
    Notice,
    /// As soon as the mail server has another mail.
    Mail,
}

/// One life of the servers: both organizations work, and one of the servers is killed meanwhile.
async fn one_life(
    fleet: &mut Fleet,
    hosts: &[Host; 2],
    chance: &mut Chance,
    (receiver, office): (&mut Receiver, &PostOffice),
    holding: &watch::Sender<bool>,
) {
    let moment = match chance.below(3) {
        0 => Moment::Answers(chance.below(ANSWERS_MIN)),
        1 => Moment::Notice,
        _ => Moment::Mail,
    };
    let number = chance.below(fleet.servers.len());
    let (has_notices, has_mails) = (receiver.posts().len(), office.letters().len());
    let kills = async {
        match moment {
            Moment::Answers(count) => hosts[0].has_answers(count).await,
            Moment::Notice => {
                holding.send_replace(true);
                receiver.has(has_notices + 1).await;
            }
            Moment::Mail => office.has(|letters| letters.len() > has_mails).await,
        }
        fleet.kill(number).await;
        holding.send_replace(false);
        fleet.start_again(number).await;
        hosts.iter().for_each(|host| host.reaches(fleet.urls()));
    };
    let seeds = [chance.below(1 << 20), chance.below(1 << 20)];
    let works = futures_util::future::join(
        hosts[0].works(Chance(seeds[0] as u64)),
        hosts[1].works(Chance(seeds[1] as u64)),
    );
    let life = futures_util::future::join(kills, works);
    tokio::time::timeout(PATIENCE, life).await.unwrap_or_else(|_| panic!("{moment:?} does not come"));
}

/// What the endpoint has been told, of one organization: each notice once, when it came first.
fn told(posts: &[Post], organization: &str) -> Vec<String> {
    let mut known = BTreeSet::new();
    let own = posts.iter().filter(|post| post.json()["data"]["organization"] == organization);
    let ids = own.map(|post| format!("{} {}", post.header("webhook-id"), post.about()));
    ids.filter(|id| known.insert(id.clone())).collect()
}

/// Everything that is told in the end, whoever was killed when.
async fn whatever_happened_is_told(count: usize, seed: u64) {
    eprintln!("seed {seed}");
    let mut chance = Chance(seed);
    // While a server is about to be killed the endpoint has read a notice and not answered yet.
    let (holding, held) = watch::channel(false);
    let mut receiver = Receiver::start(move |_| Answer::After(held.clone())).await;
    let office = PostOffice::open().await;
    let mut fleet = Fleet::start(count, &receiver, &office).await;
    let key = fleet.key().await;
    let hosts = ORGANIZATIONS.map(|organization| Host::new(organization, &key, fleet.urls()));
    for host in &hosts {
        host.opens().await;
    }
    for _ in 0..KILLS {
        one_life(&mut fleet, &hosts, &mut chance, (&mut receiver, &office), &holding).await;
    }

    let mut wanted: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let mut mails = Vec::new();
    for (host, organization) in hosts.iter().zip(ORGANIZATIONS) {
        let is_low = organization == "birch";
        host.ends(is_low).await;
        let events = host.events().await;
        wanted.insert(organization, happened(organization, &events));
        mails.push(host.mails(&events, is_low));
    }
    let all_told = async {
        loop {
            let posts = receiver.posts();
            if ORGANIZATIONS.iter().all(|id| told(&posts, id).len() >= wanted[id].len()) {
                return;
            }
            receiver.has(posts.len() + 1).await;
        }
    };
    let all_mailed = office.has(|letters| mails.iter().all(|mails| mails.missing(letters).is_empty()));
    let both = futures_util::future::join(all_told, all_mailed);
    let is_told = tokio::time::timeout(PATIENCE, both).await.is_ok();
    let (posts, letters) = (receiver.posts(), office.letters());
    for (organization, wanted) in &wanted {
        assert_eq!(&told(&posts, organization), wanted, "{organization}");
    }
    for mails in &mails {
        let missing = mails.missing(&letters);
        if !missing.is_empty() {
            let told: Vec<String> = letters.iter().map(Letter::said).collect();
            eprintln!("{}\n{}", mails.since(), told.join("\n"));
        }
        assert_eq!(missing, Vec::<String>::new());
    }
    assert!(is_told);

    // Repeats are the same to the byte, few, and each is signed.
    let mut bodies: BTreeMap<&str, &str> = BTreeMap::new();
    for post in &posts {
        let body = bodies.entry(post.header("webhook-id")).or_insert(&post.body);
        assert_eq!(*body, post.body);
    }
    let repeats = posts.len() - bodies.len();
    assert!(repeats <= KILLS * ORGANIZATIONS.len(), "{repeats} repeats after {KILLS} kills");
    all_verified(&posts, SECRET);
    let possible: BTreeSet<String> = mails.iter().flat_map(|mails| mails.possible.clone()).collect();
    let mut sent: BTreeMap<String, usize> = BTreeMap::new();
    for letter in &letters {
        let id = letter.header("Message-ID");
        assert!(possible.contains(&id), "{} to {}", letter.header("Subject"), letter.to);
        assert!([OLGA, BILL].iter().any(|who| letter.to.starts_with(who)), "{}", letter.to);
        *sent.entry(id).or_default() += 1;
    }
    let mails_again = letters.len() - sent.len();
    assert!(mails_again <= KILLS * ORGANIZATIONS.len(), "{mails_again} mails again after {KILLS} kills");
    eprintln!("{} notices, {repeats} again; {} mails, {mails_again} again", bodies.len(), sent.len());
    for number in 0..count {
        fleet.kill(number).await;
    }
    fleet.is_proven().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_killed_again_and_again_tells_everything_in_order() {
    whatever_happened_is_told(1, seed()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_servers_on_one_database_that_are_killed_by_turns_tell_everything_in_order() {
    whatever_happened_is_told(2, seed()).await;
}
