//! Who may speak for Stripe: headers that Stripe's own library signed are taken, and nothing that was changed, is old or
//! is of the other mode (TRUST T8).

use crate::world::{plans, settings};
use coulomb_server::{
    memos::Memos,
    payments::stripe::{NotGenuine, Received, Secret, Settings, Stripe},
};
use ledger::Timestamp;
use serde_json::{Value, json};
use std::{
    io::Write,
    process::{Command, Stdio},
    sync::{Arc, OnceLock},
};
use store::sqlite::Sqlite;
use tempfile::TempDir;

const AT: i64 = 1_790_000_000;
const NEW: &str = "whsec_new";
const OLD: &str = "whsec_old";

/// What Stripe's library is given: body, secret, seconds. What it gives: the header.
const SIGN: &str = "
import json, sys, stripe
sign = stripe.WebhookSignature.generate_signature_header
print(json.dumps([sign(body, secret, at) for body, secret, at in json.load(sys.stdin)]))
";

/// The body of an event, with what JSON and UTF-8 make difficult.
fn body() -> String {
    let object = json!({ "id": "pi_1", "metadata": { "coulomb_organization": "acme", "note": "naïve \u{1f4b3} \\ \"" } });
    let event = json!({
        "id": "evt_1", "type": "payment_intent.succeeded", "created": AT, "livemode": false, "data": { "object": object },
    });
    serde_json::to_string_pretty(&event).unwrap()
}

/// Headers as Stripe's own library makes them, for the body with the new and the old secret.
fn headers() -> &'static [String; 2] {
    static HEADERS: OnceLock<[String; 2]> = OnceLock::new();
    HEADERS.get_or_init(|| {
        let python = xtask::python::tool("python");
        let mut child = Command::new(&python)
            .args(["-c", SIGN])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}; `cargo xtask ci` installs it", python.display()));
        let cases = json!([[body(), NEW, AT], [body(), OLD, AT]]);
        child.stdin.take().unwrap().write_all(cases.to_string().as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "Stripe's library did not sign; `cargo xtask ci` installs it");
        serde_json::from_slice(&output.stdout).unwrap()
    })
}

struct Listener {
    stripe: Stripe,
    _directory: TempDir,
}

impl Listener {
    fn with(key: &str, secrets: &[&str]) -> Listener {
        let directory = TempDir::new().unwrap();
        let memos = Memos::new(Arc::new(Sqlite::open(directory.path()).unwrap()));
        let settings = Settings {
            secret_key: Secret::new(key),
            webhook_secrets: secrets.iter().map(|secret| Secret::new(*secret)).collect(),
            ..settings("http://127.0.0.1:1")
        };
        let stripe = Stripe::new(settings, Arc::new(plans()), memos).unwrap();
        Listener { stripe, _directory: directory }
    }

    /// What it makes of a body that arrives so many microseconds after it was signed.
    fn hears(&self, later: i64, header: Option<&str>, body: &[u8]) -> Result<Received, NotGenuine> {
        self.stripe.receive(Timestamp::from_micros(AT * 1_000_000 + later), header, body)
    }
}

#[test]
fn what_stripes_own_library_signed_is_taken() {
    let listener = Listener::with("sk_test_1", &[NEW]);
    let received = listener.hears(0, Some(&headers()[0]), body().as_bytes()).unwrap();
    assert_eq!(received.id, "evt_1");
    assert_eq!(received.kind, "payment_intent.succeeded");
    assert_eq!(received.created, Timestamp::from_micros(AT * 1_000_000));
    assert_eq!(received.organization.unwrap().as_str(), "acme");
    assert_eq!(received.event, serde_json::from_str::<Value>(&body()).unwrap());
}

#[test]
fn no_byte_of_body_or_header_can_be_changed() {
    let listener = Listener::with("sk_test_1", &[NEW]);
    let (header, body) = (headers()[0].as_bytes(), body());
    for (place, _) in body.bytes().enumerate() {
        for bit in [1, 0x20, 0x80] {
            let mut forged = body.clone().into_bytes();
            forged[place] ^= bit;
            let heard = listener.hears(0, Some(&headers()[0]), &forged);
            assert_eq!(heard, Err(NotGenuine::Wrong), "bit {bit} of byte {place} of the body");
        }
    }
    for (place, _) in header.iter().enumerate() {
        for bit in [1, 2, 4, 8, 0x10, 0x20, 0x40] {
            let mut forged = header.to_vec();
            forged[place] ^= bit;
            let forged = String::from_utf8(forged).unwrap();
            let heard = listener.hears(0, Some(&forged), body.as_bytes());
            assert!(heard.is_err(), "bit {bit} of byte {place} of the header: {forged}");
        }
    }
    for shorter in [&body[..body.len() - 1], ""] {
        assert_eq!(listener.hears(0, Some(&headers()[0]), shorter.as_bytes()), Err(NotGenuine::Wrong));
    }
}

#[test]
fn a_signature_is_good_for_five_minutes_before_and_after() {
    let listener = Listener::with("sk_test_1", &[NEW]);
    for (seconds, heard) in [
        (-301, Some(NotGenuine::TooNew)),
        (-300, None),
        (0, None),
        (300, None),
        (301, Some(NotGenuine::TooOld)),
        (86_400, Some(NotGenuine::TooOld)),
    ] {
        let received = listener.hears(seconds * 1_000_000, Some(&headers()[0]), body().as_bytes());
        assert_eq!(received.err(), heard, "after {seconds} s");
    }
    let late = listener.hears(300_000_001, Some(&headers()[0]), body().as_bytes());
    assert_eq!(late, Err(NotGenuine::TooOld));
}

#[test]
fn while_a_secret_is_rotated_both_are_good() {
    let both = Listener::with("sk_test_1", &[NEW, OLD]);
    for header in headers() {
        assert!(both.hears(0, Some(header), body().as_bytes()).is_ok());
    }
    let after = Listener::with("sk_test_1", &[NEW]);
    assert_eq!(after.hears(0, Some(&headers()[1]), body().as_bytes()), Err(NotGenuine::Wrong));
    // Stripe signs with both, in any order, beside schemes that are not for us.
    let [new, old] = headers().clone().map(|header| header.split_once(',').unwrap().1.to_owned());
    for signatures in [format!("{new},{old}"), format!("{old},{new}"), format!("v0=00,{old}, {new}")] {
        let header = format!("t={AT},{signatures}");
        assert!(after.hears(0, Some(&header), body().as_bytes()).is_ok(), "{header}");
    }
    let none = Listener::with("sk_test_1", &[]);
    assert_eq!(none.hears(0, Some(&headers()[0]), body().as_bytes()), Err(NotGenuine::Wrong));
}

#[test]
fn what_is_no_signature_is_none() {
    let listener = Listener::with("sk_test_1", &[NEW]);
    assert_eq!(listener.hears(0, None, body().as_bytes()), Err(NotGenuine::Missing));
    let signature = headers()[0].split_once("v1=").unwrap().1;
    for header in [
        String::new(),
        format!("v1={signature}"),
        format!("t={AT}"),
        format!("t={AT},v0={signature}"),
        format!("t=+{AT},v1={signature}"),
        format!("t=0{AT},v1={signature}"),
        format!("t=-1,v1={signature}"),
        format!("t=99999999999999999999,v1={signature}"),
        format!("t={AT},t={AT},v1={signature}"),
        format!("t={AT},v1={}", &signature[1..]),
        format!("t={AT},v1={}", signature.to_uppercase()),
        "é".repeat(50),
    ] {
        assert_eq!(
            listener.hears(0, Some(&header), body().as_bytes()),
            Err(NotGenuine::Malformed),
            "{header}"
        );
    }
    // Far beyond any clock, and signed by nobody.
    let header = format!("t={},v1={signature}", i64::MAX);
    assert_eq!(listener.hears(0, Some(&header), body().as_bytes()), Err(NotGenuine::Wrong));
}

#[test]
fn live_and_test_are_never_mixed() {
    for (key, livemode, heard) in [
        ("sk_test_1", false, None),
        ("rk_test_1", true, Some(NotGenuine::OfLiveMode)),
        ("sk_live_1", true, None),
        ("rk_live_1", false, Some(NotGenuine::OfTestMode)),
    ] {
        let listener = Listener::with(key, &[crate::peer::WEBHOOK_SECRET]);
        let mut event: Value = serde_json::from_str(&body()).unwrap();
        event["livemode"] = livemode.into();
        let event = event.to_string();
        let header = crate::peer::sign(AT, &event);
        assert_eq!(listener.hears(0, Some(&header), event.as_bytes()).err(), heard, "{key}");
    }
}

#[test]
fn what_is_signed_and_no_event_is_refused() {
    let listener = Listener::with("sk_test_1", &[crate::peer::WEBHOOK_SECRET]);
    for body in ["", "null", "[]", "{}", "{\"id\":1}", &"[".repeat(100_000)] {
        let header = crate::peer::sign(AT, body);
        assert_eq!(listener.hears(0, Some(&header), body.as_bytes()), Err(NotGenuine::NotAnEvent));
    }
}
