//! What `ci` needs from the machine, checked first so that a second run costs nothing, installed where that is possible,
//! and otherwise a failure that says what to do. Nothing is skipped because a tool is missing: a check that cannot run
//! has failed.

use std::fs;
use std::path::Path;
use std::process::Command;

use xtask::postgres;
use xtask::python::{self, VENV};
use xtask::shell::{cargo, is_root, repository, run, works};

/// A Debian package, and the program that shows it is there. Programs are asked rather than the package database, since
/// they may have come another way.
const PACKAGES: &[(&str, &[&str])] = &[
    ("build-essential", &["cc", "--version"]),
    ("hledger", &["hledger", "--version"]),
    ("nodejs", &["node", "--version"]),
    ("npm", &["npm", "--version"]),
    ("chromium", &["chromium", "--version"]),
    // Debian's python3 has a `venv` that cannot install anything until this package brings `ensurepip`.
    ("python3-venv", &["python3", "-c", "import ensurepip, venv"]),
];

/// Not in the list above, because Debian keeps the programs of a server off the PATH.
const POSTGRESQL: &str = "postgresql";

/// What Debian's package of PostgreSQL looks at when it is installed.
const CREATE_CLUSTER: &str = "/etc/postgresql-common/createcluster.conf";

/// The version that CI uses; another one that is already there will do.
const NEXTEST: &str = "0.9.143";

/// Where the Node packages that drive the browser go. Git ignores it.
pub const NODE_PACKAGES: &str = ".tools/browser";

/// Which they are, each with its exact version and checksum.
const NODE_LOCK: &str = "crates/server/tests/browser";

/// Every Python tool with its exact version, also the ones that others bring along.
const REQUIREMENTS: &str = "xtask/requirements.txt";

/// Makes sure that every tool is there; quick when they are.
pub fn set_up() -> Result<(), String> {
    toolchain()?;
    packages()?;
    nextest()?;
    python_tools()?;
    node_packages()
}

fn toolchain() -> Result<(), String> {
    for component in ["fmt", "clippy"] {
        if !works(cargo().args([component, "--version"])) {
            return Err(format!(
                "`cargo {component}` does not work: add the components with `rustup component add rustfmt clippy`."
            ));
        }
    }
    Ok(())
}

fn packages() -> Result<(), String> {
    let missing = missing_packages();
    if missing.is_empty() {
        return Ok(());
    }
    let names = missing.join(" ");
    if !is_root() || !works(Command::new("apt-get").arg("--version")) {
        return Err(format!(
            "These Debian packages are needed and missing: {names}. Install them and try again."
        ));
    }
    if missing.contains(&POSTGRESQL) {
        create_no_cluster()?;
    }
    run(Command::new("apt-get").arg("update"))?;
    run(Command::new("apt-get")
        .args(["install", "-y", "--no-install-recommends"])
        .args(&missing)
        .env("DEBIAN_FRONTEND", "noninteractive"))?;
    match missing_packages().join(" ").as_str() {
        "" => Ok(()),
        still => {
            Err(format!("These packages were installed, but what they should bring does not work: {still}."))
        }
    }
}

fn missing_packages() -> Vec<&'static str> {
    let is_missing = |proof: &[&str]| !works(Command::new(proof[0]).args(&proof[1..]));
    let missing = PACKAGES.iter().filter(|(_, proof)| is_missing(proof)).map(|(package, _)| *package);
    missing.chain((!postgres::is_installed()).then_some(POSTGRESQL)).collect()
}

/// Debian's package starts a server of its own as soon as it is installed, which nobody has asked for here. Whoever has
/// said what it should do is not overruled.
fn create_no_cluster() -> Result<(), String> {
    let file = Path::new(CREATE_CLUSTER);
    if file.exists() {
        return Ok(());
    }
    fs::create_dir_all(file.parent().expect("it is in a folder"))
        .and_then(|()| fs::write(file, "create_main_cluster = false\n"))
        .map_err(|error| format!("cannot write {CREATE_CLUSTER}: {error}"))
}

fn nextest() -> Result<(), String> {
    if works(cargo().args(["nextest", "--version"])) {
        return Ok(());
    }
    run(cargo().args(["install", "cargo-nextest", "--locked", "--version", NEXTEST]))?;
    if works(cargo().args(["nextest", "--version"])) {
        return Ok(());
    }
    Err("cargo-nextest was installed, but `cargo nextest` does not work: is cargo's bin folder on the PATH?"
        .into())
}

/// The environment is right when it was made from the requirements as they are now, which the copy inside says, and its
/// program starts, which it does not after the folder or the machine's Python was moved. Anything else is made anew: an
/// environment that was changed in place may keep what the file no longer names.
fn python_tools() -> Result<(), String> {
    let wanted =
        fs::read_to_string(REQUIREMENTS).map_err(|error| format!("cannot read {REQUIREMENTS}: {error}"))?;
    let made_from = Path::new(VENV).join("requirements.txt");
    let starts = || works(Command::new(python::tool("schemathesis")).arg("--version"));
    if fs::read_to_string(&made_from).is_ok_and(|made| made == wanted) && starts() {
        return Ok(());
    }
    run(Command::new("python3").args(["-m", "venv", "--clear", VENV]))?;
    // Without dependencies nothing can come in that the file does not pin; `pip check` then says whether it pins all.
    let pip = || {
        let mut command = Command::new(python::tool("python"));
        command.args(["-m", "pip", "--disable-pip-version-check"]);
        command
    };
    // What comes as source is built apart, with tools that would be the newest; the same pins hold for those.
    let pins = repository().join(REQUIREMENTS);
    let install = ["install", "--quiet", "--no-deps", "--requirement", REQUIREMENTS];
    run(pip().args(install).env("PIP_CONSTRAINT", pins))?;
    run(pip().arg("check"))?;
    if !starts() {
        return Err("schemathesis was installed, but does not start.".into());
    }
    // Written last, so that an interrupted set-up is not taken for a finished one.
    fs::write(&made_from, wanted).map_err(|error| format!("cannot write {}: {error}", made_from.display()))
}

/// The packages are right when they were installed from the lock file as it is now, which is copied last.
fn node_packages() -> Result<(), String> {
    let folder = Path::new(NODE_PACKAGES);
    let read = |folder: &Path, name: &str| {
        let path = folder.join(name);
        fs::read(&path).map_err(|error| format!("cannot read {}: {error}", path.display()))
    };
    let wanted = read(Path::new(NODE_LOCK), "package-lock.json")?;
    if read(folder, "installed-lock.json").is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    let write = |name: &str, content: &[u8]| {
        let path = folder.join(name);
        fs::write(&path, content).map_err(|error| format!("cannot write {}: {error}", path.display()))
    };
    fs::create_dir_all(folder).map_err(|error| format!("cannot create {NODE_PACKAGES}: {error}"))?;
    write("package.json", &read(Path::new(NODE_LOCK), "package.json")?)?;
    write("package-lock.json", &wanted)?;
    // No script of a package runs here: the browser is Debian's.
    run(Command::new("npm").args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(folder))?;
    write("installed-lock.json", &wanted)
}
