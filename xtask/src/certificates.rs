//! Certificates for servers that tests talk to over TLS: made anew each time by `openssl`, by an authority that nobody else
//! trusts.

use crate::shell::quietly;
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// An authority, and what it has certified: a key and a certificate for one name, in PEM.
pub struct Certified {
    /// The authority's own certificate.
    pub root: PathBuf,
    /// The server's.
    pub certificate: String,
    /// The server's key.
    pub key: String,
}

/// A certificate for this name (`DNS:…` or `IP:…`), by an authority of its own, in this directory.
pub fn certify(dir: &Path, authority: &str, name: &str) -> Result<Certified, String> {
    let file = |end: &str| format!("{authority}.{end}");
    let (root, root_key, request) = (file("root"), file("root.key"), file("request"));
    let (key, certificate, extensions) = (file("key"), file("crt"), file("extensions"));
    let openssl = |arguments: &[&str]| quietly(Command::new("openssl").args(arguments).current_dir(dir));
    let curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
    let subject = format!("/CN={authority}");
    let self_signed = ["req", "-x509", "-days", "2", "-subj", &subject, "-keyout", &root_key, "-out", &root];
    openssl(&[&self_signed[..], &curve].concat())?;
    let asked = ["req", "-new", "-subj", "/CN=server", "-keyout", &key, "-out", &request];
    openssl(&[&asked[..], &curve].concat())?;
    let text = format!("subjectAltName={name}\nbasicConstraints=CA:FALSE\n");
    fs::write(dir.join(&extensions), text).map_err(|error| format!("{extensions}: {error}"))?;
    let signed = ["x509", "-req", "-days", "2", "-in", &request, "-CA", &root, "-CAkey", &root_key];
    let with = ["-CAcreateserial", "-extfile", &extensions, "-out", &certificate];
    openssl(&[&signed[..], &with].concat())?;
    let read = |name: &str| fs::read_to_string(dir.join(name)).map_err(|error| format!("{name}: {error}"));
    Ok(Certified { root: dir.join(&root), certificate: read(&certificate)?, key: read(&key)? })
}
