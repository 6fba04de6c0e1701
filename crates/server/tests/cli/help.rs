//! What it says before it does anything.

use super::program::*;
use std::{fs, path::PathBuf};

#[test]
fn help_is_what_people_read() {
    let commands = [
        "",
        "serve",
        "demo",
        "keys",
        "keys create",
        "keys list",
        "keys revoke",
        "migrate",
        "backup",
        "rebuild",
        "notices",
        "notices list",
        "notices replay",
        "verify",
        "explain",
        "export",
        "bench",
        "completions",
    ];
    let mut wrong = Vec::new();
    for name in commands {
        let help = printed(coulomb([]).args(name.split_whitespace()).arg("--help"));
        let file = if name.is_empty() { "coulomb".into() } else { name.replace(' ', "-") };
        let golden = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("tests/cli/{file}.txt"));
        if std::env::var_os("GOLDEN").is_some_and(|golden| golden == "write") {
            fs::write(&golden, &help).expect("the golden file can be written");
        }
        if fs::read_to_string(&golden).ok().as_deref() != Some(help.as_str()) {
            wrong.push(format!("tests/cli/{file}.txt"));
        }
    }
    assert!(
        wrong.is_empty(),
        "`cargo xtask golden` writes these again, then read the diff: {}",
        wrong.join(", ")
    );
}

#[test]
fn every_shell_gets_its_completions() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        assert!(printed(&mut coulomb(["completions", shell])).contains("coulomb"), "{shell}");
    }
}

#[test]
fn a_configuration_that_cannot_be_used_is_explained() {
    let scratch = scratch();
    let file = scratch.path().join("coulomb.toml");
    let data = scratch.path().join("data");
    for (content, teaches) in [
        ("[server]\nlisen = \"127.0.0.1:1\"\n", ["coulomb.toml", "unknown field `lisen`", "`listen`"]),
        ("[policy]\nlow_balance = 0.5\n", ["coulomb.toml", "line 2", "decimal string"]),
        ("[provider]\nkind = \"cash\"\n", ["coulomb.toml", "cash", "expected one of `external`"]),
    ] {
        fs::write(&file, content).expect("the file is written");
        let said = complaint(&mut coulomb(["serve", "--config", path(&file), "--data", path(&data)]));
        for part in teaches {
            assert!(said.contains(part), "{part} is not in: {said}");
        }
    }
    assert!(!data.exists(), "nothing is created under a configuration that cannot be used");
    let missing = scratch.path().join("missing.toml");
    let said = complaint(&mut coulomb(["serve", "--config", path(&missing)]));
    assert!(said.contains("missing.toml cannot be read"), "{said}");
}
