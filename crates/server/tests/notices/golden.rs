//! What strangers see is kept in files and read like code.

use std::{fs, path::Path};

/// Compares with the file of this name; with `GOLDEN=write` it is written instead.
#[track_caller]
pub fn golden(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/notices/golden").join(name);
    if std::env::var_os("GOLDEN").is_some_and(|golden| golden == "write") {
        fs::write(&path, text).unwrap();
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept == text,
        "{name} is not what the code says: `cargo xtask golden`, then read the diff\n{text}"
    );
}
