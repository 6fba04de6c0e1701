//! The configuration, told by what people write and what they are answered.

use super::*;
use ledger::{Credits, id::KindKey};

fn error(text: &str) -> String {
    let parsed = Config::parse("coulomb.toml", text).and_then(Config::complete);
    parsed.expect_err("an error").to_string()
}

#[test]
fn the_documented_defaults_are_the_defaults() {
    let config = Config::parse("the defaults", "").expect("the defaults");
    assert_eq!(config.policy, Policy::default());
    assert_eq!(format!("{:?}", config.engine), format!("{:?}", engine::Limits::default()));
    assert_eq!(config.server.public_url, None);
    assert!(config.packs.is_empty());
}

#[test]
fn what_is_optional_is_documented_with_an_example_that_works() {
    let example: String = DEFAULTS.lines().map(|line| uncommented(line).to_owned() + "\n").collect();
    let config = Config::parse("the example", &example).expect("the example");
    assert_eq!(config.server.public_url.as_deref(), Some("https://credits.example.com"));
    assert_eq!(config.policy.max_overrun, Credits::whole(1000));
    assert_eq!((config.policy.plans.len(), config.packs.len()), (1, 1));
}

/// A setting that is commented out has no blank after its `#`, a sentence has one.
fn uncommented(line: &str) -> &str {
    line.strip_prefix('#').filter(|rest| !rest.starts_with(' ')).unwrap_or(line)
}

#[test]
fn a_file_states_only_what_differs() {
    let config =
        Config::parse("coulomb.toml", "[policy]\nlow_balance = \"0.5\"\n[policy.priorities]\nincluded = 7\n");
    let policy = config.expect("a configuration").policy;
    assert_eq!(policy.low_balance, Credits::from_micros(500_000));
    assert_eq!((policy.priorities.included, policy.priorities.purchased), (7, 30));
}

#[test]
fn a_catalogue_is_stated_whole() {
    let only = "[kinds.song]\nlabel = \"Song\"\ncategory = \"music\"\nunit = \"songs\"\ndefault_hold = 3\n";
    let kinds = Config::parse("coulomb.toml", only).expect("a configuration").policy.kinds;
    assert_eq!(kinds.keys().map(KindKey::as_str).collect::<Vec<_>>(), ["song"]);
}

#[test]
fn an_unknown_key_is_shown_where_it_stands_with_the_keys_there_are() {
    let unknown = error("[server]\nlisten = \"127.0.0.1:1\"\nlisen = \"127.0.0.1:2\"\n");
    for part in ["coulomb.toml", "line 3", "unknown field `lisen`", "`listen`, `public_url`, `return_urls`"] {
        assert!(unknown.contains(part), "{part}: {unknown}");
    }
}

#[test]
fn an_error_says_what_would_be_right() {
    for (text, teaches) in [
        ("[provider]\nkind = \"cash\"", "expected one of `external`, `sandbox`, `stripe`"),
        ("[provider]\nkind = \"stripe\"", "[price]"),
        ("[stripe]\nsecret_key = \"pk_test_1\"", "sk_ or rk_"),
        ("[stripe]\nsecret_key = \"sk_test_1\"", "whsec_"),
        (
            "[provider]\nkind = \"stripe\"\n[price]\ncredits = 1000\nprice = 100\ncurrency = \"USD\"",
            "COULOMB_STRIPE_SECRET_KEY",
        ),
        ("[price]\ncredits = 0\nprice = 1\ncurrency = \"USD\"", "more than 0"),
        ("[server]\nreturn_urls = [\"app\"]", "https://credits.example.com"),
        ("[policy]\npast_due_grace = \"7 days\"", "\"P7D\""),
        ("[policy]\npast_due_grace = \"P1M\"", "\"P7D\""),
        ("[policy]\npurchased_lifetime = \"P365D\"", "\"P12M\""),
        ("[policy]\nlow_balance = 0.5", "decimal string such as \"0.5\""),
        ("[policy]\nlow_balance = -1", "not negative"),
        ("[policy]\nhold_lifetime = \"P31D\"", "longer than policy.hold_lifetime_max"),
        ("[policy.recharge]\nthreshold = 12000", "a multiple of step, 5000"),
        ("[policy.settlement]\nrefund = [\"any\"]", "`included`, `purchased`, `promotional`"),
        ("[kinds.song]\nlabel = \"Song\"", "missing field `category`"),
        (
            "[[packs]]\nkey = \"a\"\nlabel = \"A\"\ncredits = 1\nprice = 1\ncurrency = \"usd\"",
            "three capital letters",
        ),
        ("[server]\nlisten = \"8988\"", "socket address"),
        ("[server]\nhttp_threads = 0", "nonzero"),
        ("[server]\nrequest_timeout = \"PT0S\"", "longer than nothing"),
        ("[server]\npublic_url = \"credits.example.com\"", "https://credits.example.com"),
        ("[engine]\naccounts_max = 0", "at least 1"),
        ("[log]\nlevel = \"a=b=c\"", "log.level"),
        ("[log]\nlevel = \"loud\"", "one of error, warn"),
        ("listen = ", "line 1"),
        ("[data]\ndatabase = \"db.example.com\"", "postgres://user:password@host:5432/name"),
        ("[data]\nconnections_max = 0", "nonzero"),
    ] {
        let said = error(text);
        assert!(said.contains(teaches), "{text} said: {said}");
    }
}

#[test]
fn stripes_secrets_may_come_from_elsewhere_and_are_never_shown() {
    let text = "[stripe]\nsecret_key = \"sk_test_sesame\"\nwebhook_secrets = [\"whsec_sesame\"]\n";
    let mut config = Config::parse("coulomb.toml", text).expect("a configuration");
    config.set_stripe(Some("rk_test_sesame"), Some("whsec_sesame whsec_old_sesame")).expect("secrets");
    assert_eq!(config.stripe.as_ref().map(|stripe| stripe.webhook_secrets.len()), Some(2));
    assert!(!format!("{config:?}").contains("sesame"), "{config:?}");
    let said = error("[stripe]\nsecret_key = [\"sk_test_sesame\"]\n");
    assert!(said.contains("line 2") && !said.contains("sesame"), "{said}");
}

#[test]
fn a_password_is_never_shown() {
    for (url, shown) in [
        ("postgres://coulomb:sesame@db:5432/credits", "postgres://coulomb@db:5432/credits"),
        ("postgresql://coulomb:se/sa:me@a:1,b/credits?sslmode=require", "postgres://coulomb@a:1,b/credits"),
        ("postgres://db/credits?user=coulomb&password=sesame", "postgres://db/credits"),
        ("postgres:///credits?host=/run/postgresql", "postgres:///credits"),
        ("postgres://coulomb@[::1]:5432/credits", "postgres://coulomb@[::1]:5432/credits"),
    ] {
        let text = format!("[data]\ndatabase = \"{url}\"\n");
        let data = Config::parse("coulomb.toml", &text).expect("a configuration").data;
        let debug = format!("{data:?}");
        assert_eq!(data.to_string(), shown);
        assert!(debug.contains(shown) && !debug.contains("sesame") && !debug.contains("se/sa"), "{debug}");
    }
    for line in [
        "database = \"coulomb:sesame@db\"",
        "database = \"postgres://coulomb:ses@sesame@db/credits\"",
        "database = \"postgres://coulomb:ses?sesame@db/credits\"",
        "database = \"postgres://coulomb:sesame\"",
        "database = \"postgres://coulomb:sesame@db:port/credits\"",
        "database = \"postgres://coulomb:sesame@db",
        "database = [\"postgres://coulomb:sesame@db\"]",
        "databas = \"postgres://coulomb:sesame@db\"",
        "database = \"postgres://coulomb:sesame@db\"\ndatabase = \"\"",
    ] {
        let said = error(&format!("[data]\n{line}\n"));
        assert!(said.contains("coulomb.toml") && !said.contains("sesame"), "{line} said: {said}");
    }
}

/// `docs/reference/configuration.md`, from the comments of the defaults.
fn reference() -> String {
    let mut page = String::from(
        "# Configuration\n\n<!-- Written by a test of crates/server/src/config.rs from config.default.toml: change that. -->\n\n",
    );
    let mut blocks = DEFAULTS.split("\n\n");
    let sentences = |block: &str| -> String {
        let lines: Vec<&str> = block.lines().filter_map(|line| line.strip_prefix("# ")).collect();
        lines.join("\n")
    };
    page += &format!("{}\n", sentences(blocks.next().expect("the first sentences")));
    let mut catalogue = "";
    for block in blocks {
        let shown: Vec<&str> = block.lines().map(uncommented).filter(|line| !line.starts_with('#')).collect();
        let head = *shown.first().expect("a section's name");
        let name = head.trim_matches(['[', ']']).split('.').next().expect("a name");
        if STATED_WHOLE.contains(&name) {
            if name != catalogue {
                catalogue = name;
                page += &format!(
                    "\n## `{}`\n{}\n",
                    head.replace("chat_message", "KEY").replace("team", "KEY"),
                    sentences(block)
                );
            }
            page += &format!("\n```toml\n{}\n```\n", shown.join("\n").trim_end());
            continue;
        }
        let (before, settings) = block.split_once(head).expect("the section's name is in it");
        page += &format!(
            "\n## `{head}`\n{}\n\n| setting | default | meaning |\n|---|---|---|\n",
            sentences(before)
        );
        let mut meaning = String::new();
        for line in settings.lines().filter(|line| !line.is_empty()) {
            if let Some(sentence) = line.strip_prefix("# ") {
                meaning = format!("{meaning} {sentence}");
                continue;
            }
            let (key, value) = uncommented(line).split_once(" = ").expect("a setting");
            let default = if line.starts_with('#') { "none".into() } else { format!("`{value}`") };
            page += &format!("| `{key}` | {default} | {} |\n", std::mem::take(&mut meaning).trim());
        }
    }
    page
}

#[test]
fn the_reference_says_what_the_defaults_say() {
    let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reference/configuration.md");
    if std::env::var_os("GOLDEN").is_some_and(|golden| golden == "write") {
        std::fs::write(golden, reference()).expect("the reference can be written");
    }
    let written = std::fs::read_to_string(golden).unwrap_or_default();
    assert!(
        written == reference(),
        "docs/reference/configuration.md: `cargo xtask golden`, then read the diff"
    );
}
