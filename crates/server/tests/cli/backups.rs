//! Copies, and tables that are made again.

use super::program::*;
use std::fs;
use xtask::postgres::fresh_database;

#[test]
fn a_backup_is_a_data_directory_and_a_rebuild_proves_it() {
    let scratch = scratch();
    let data = scratch.path().join("data");
    let server = Server::start(&data);
    let key = new_key(&data, "admin");
    load(&server, &key);
    let before = balance(&server, &key);
    let copy = scratch.path().join("copy");
    let backup = || coulomb(["backup", "--data", path(&data), "--to", path(&copy)]);
    let told = printed(backup().arg("--verify"));
    let (first, rest) = told.split_once('\n').expect("several lines");
    assert_eq!(first, format!("Backed up 46 events, 1 MiB, to {}.", copy.display()));
    assert!(
        rest.contains(" 46 events\n") && rest.ends_with("All of them are as their events say.\n"),
        "{rest}"
    );
    let said = complaint(&mut backup());
    assert!(said.contains(&format!("{} is there already", copy.display())), "{said}");
    drop(server);

    let restored = Server::start(&copy);
    assert_eq!(balance(&restored, &key), before);
    let said = complaint(&mut coulomb(["rebuild", "--write", "--data", path(&copy)]));
    assert!(said.contains(&format!("in use by process {}", restored.child.id())), "{said}");
    assert_eq!(restored.terminate(), 0);
    let told = printed(&mut coulomb(["rebuild", "--data", path(&copy)]));
    // Its sums are by the hour, and an hour may have ended meanwhile.
    let always: String =
        told.lines().filter(|line| !line.contains(" tally ")).map(|line| format!("{line}\n")).collect();
    is_golden("rebuild-equal", &always);
}

#[test]
fn what_cannot_be_backed_up_or_rebuilt_is_explained() {
    let scratch = scratch();
    let missing = scratch.path().join("missing");
    let to = scratch.path().join("copy");
    for mut command in [
        coulomb(["backup", "--data", path(&missing), "--to", path(&to)]),
        coulomb(["rebuild", "--data", path(&missing)]),
        coulomb(["rebuild", "--write", "--data", path(&missing)]),
    ] {
        let said = complaint(&mut command);
        assert!(said.contains("is this the data directory?"), "{said}");
    }
    let database = fresh_database();
    let said =
        complaint(&mut coulomb(["backup", "--to", path(&to), "--database", &with_password(&database.url)]));
    assert!(said.contains("pg_basebackup") && !said.contains("sesame"), "{said}");
    let said = complaint(&mut coulomb(["rebuild", "--database", &database.url]));
    assert!(said.contains("give an empty database with --scratch"), "{said}");
    let said = complaint(&mut coulomb(["rebuild", "--database", &database.url, "--scratch", "credits"]));
    assert!(said.contains("--scratch"), "{said}");
    assert_eq!(fs::read_dir(scratch.path()).expect("the directory").count(), 0);
}
