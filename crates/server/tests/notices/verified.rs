//! Notices are verified by the official library of the Standard Webhooks specification, as a host would.

use crate::{
    place::{Place, fund, now, organization},
    receiver::{Post, Receiver},
    webhooks::{NEW_SECRET, SECRET, endpoint, private},
};
use coulomb_server::notices::settings::MailSettings;
use std::{
    io::Write,
    process::{Command, Stdio},
};
use xtask::shell::repository;

const VERIFY: &str = "
import json, sys
from standardwebhooks import Webhook, WebhookVerificationError
for post in json.load(sys.stdin):
    try:
        Webhook(post['secret']).verify(post['body'], post['headers'])
        print('verified')
    except WebhookVerificationError as error:
        print('refused:', error)
";

/// All of these are signed with this secret.
pub fn all_verified(posts: &[Post], secret: &str) {
    let asked = posts.iter().map(|post| (post, secret, post.body.as_str())).collect();
    let said = say(asked);
    assert_eq!(said.lines().filter(|line| *line == "verified").count(), posts.len(), "{said}");
}

/// What the library says, installed by `cargo xtask ci` or `cargo xtask blackbox` like every other tool.
fn verified(post: &Post, secret: &str, body: &str) -> String {
    say(vec![(post, secret, body)])
}

/// The same of several, a line for each: what was posted, the secret, and the body that is claimed to have come with it.
fn say(posts: Vec<(&Post, &str, &str)>) -> String {
    let python = repository().join(".tools/venv/bin/python");
    let mut child = Command::new(&python)
        .args(["-c", VERIFY])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| {
            panic!("{}: {error}. `cargo xtask blackbox` installs the Python tools", python.display())
        });
    let asked = posts.into_iter().map(
        |(post, secret, body)| serde_json::json!({ "secret": secret, "body": body, "headers": post.headers }),
    );
    let asked = serde_json::Value::Array(asked.collect());
    child.stdin.take().unwrap().write_all(asked.to_string().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "the library cannot be asked");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_verifies_with_the_old_secret_and_with_the_new_one_and_sees_every_change() {
    let place = Place::directory();
    let receiver = Receiver::content().await;
    let rotating = endpoint("host", &receiver.url, &[NEW_SECRET, SECRET]);
    let notices = place.notices(private(vec![rotating]), MailSettings::default());
    let engine = place.engine(&notices);
    fund(&engine, "acme", 12_000).await;
    notices.webhooks().step(&organization("acme"), "host", now()).await.unwrap();
    let post = receiver.posts().remove(0);
    for secret in [SECRET, NEW_SECRET] {
        assert_eq!(verified(&post, secret, &post.body), "verified");
        let changed = post.body.replace("12000", "12001");
        assert!(verified(&post, secret, &changed).starts_with("refused"));
    }
    let other = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    assert!(verified(&post, other, &post.body).starts_with("refused"));
}
