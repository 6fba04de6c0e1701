//! Encryption on the way to PostgreSQL, as `sslmode` says it: who is let in, and who is believed.

use std::{
    path::{Path, PathBuf},
    process::Command,
};
use store::{
    Fault, Store,
    postgres::{Options, Postgres, migrate},
};
use tempfile::TempDir;
use xtask::postgres::{Cluster, query};

/// An authority, and what it has certified: a key and a certificate for one name.
struct Certified {
    root: PathBuf,
    certificate: String,
    key: String,
}

fn openssl(dir: &Path, arguments: &[&str]) {
    let done = Command::new("openssl").args(arguments).current_dir(dir).output();
    let done = done.expect("openssl is installed, as PostgreSQL's package on Debian needs it");
    assert!(done.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
}

/// A certificate for this name (`DNS:…` or `IP:…`), by an authority of its own.
fn certify(dir: &Path, authority: &str, name: &str) -> Certified {
    let file = |end: &str| format!("{authority}.{end}");
    let (root, root_key, request) = (file("root"), file("root.key"), file("request"));
    let (key, certificate, extensions) = (file("key"), file("crt"), file("extensions"));
    let curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
    let subject = format!("/CN={authority}");
    let made: [&[&str]; 2] = [
        &["req", "-x509", "-days", "2", "-subj", &subject, "-keyout", &root_key, "-out", &root],
        &["req", "-new", "-subj", "/CN=database", "-keyout", &key, "-out", &request],
    ];
    for arguments in made {
        openssl(dir, &[arguments, &curve].concat());
    }
    let text = format!("subjectAltName={name}\nbasicConstraints=CA:FALSE\n");
    std::fs::write(dir.join(&extensions), text).expect("it is written");
    openssl(
        dir,
        &[
            "x509",
            "-req",
            "-days",
            "2",
            "-in",
            &request,
            "-CA",
            &root,
            "-CAkey",
            &root_key,
            "-CAcreateserial",
            "-extfile",
            &extensions,
            "-out",
            &certificate,
        ],
    );
    let read = |name: &str| std::fs::read_to_string(dir.join(name)).expect("it was made");
    Certified { root: dir.join(&root), certificate: read(&certificate), key: read(&key) }
}

/// The server's address for somebody who is let in only encrypted.
fn address(cluster: &Cluster, how: &str) -> String {
    let url = cluster.url("accounts").replace("coulomb@", "app@");
    format!("{url}?{how}")
}

fn connect(url: String) -> Result<Postgres, Fault> {
    Postgres::connect(Options { retry: std::time::Duration::ZERO, ..Options::new(url) })
}

/// How many sessions of this user are encrypted, and how many are not.
fn sessions(cluster: &Cluster) -> String {
    let count = "SELECT count(*) FILTER (WHERE s.ssl) > 0, count(*) FILTER (WHERE NOT s.ssl)
                 FROM pg_stat_ssl s JOIN pg_stat_activity a USING (pid) WHERE a.usename = 'app'";
    query(&cluster.url("postgres"), count).expect("the server answers")
}

#[test]
fn what_is_said_to_the_database_is_encrypted_and_its_certificate_is_believed_only_as_far_as_asked() {
    let dir = TempDir::new().expect("a directory");
    let right = certify(dir.path(), "right", "IP:127.0.0.1");
    let wrong = certify(dir.path(), "wrong", "IP:127.0.0.1");
    let cluster = Cluster::encrypted(&right.certificate, &right.key).expect("a cluster");
    let url = cluster.create_database("accounts").expect("a database");
    migrate(&Options::new(&url)).expect("it has a schema");
    let user = "CREATE ROLE app LOGIN; GRANT USAGE ON SCHEMA coulomb TO app;
                GRANT ALL ON ALL TABLES IN SCHEMA coulomb TO app";
    query(&url, user).expect("there is a user");
    let verified = |root: &Path| format!("sslmode=verify-full&sslrootcert={}", root.display());

    let believed = |how: String| {
        let store = connect(address(&cluster, &how)).unwrap_or_else(|fault| panic!("{how}: {fault}"));
        assert_eq!(store.keys().expect("it reads"), []);
        assert_eq!(sessions(&cluster), "t|0", "{how}");
    };
    believed("sslmode=require".into());
    believed("sslmode=prefer".into());
    believed("application_name=books".into());
    believed(verified(&right.root));
    believed(format!("sslmode=require&sslrootcert={}", right.root.display()));

    let refused = |url: String, why: &str| match connect(url.clone()) {
        Ok(_) => panic!("{url}: it connects"),
        Err(fault) => assert!(fault.to_string().contains(why), "{url}: {fault}"),
    };
    refused(address(&cluster, "sslmode=disable"), "no pg_hba.conf entry");
    refused(address(&cluster, &verified(&wrong.root)), "UnknownIssuer");
    let wrong_root = format!("sslmode=require&sslrootcert={}", wrong.root.display());
    refused(address(&cluster, &wrong_root), "UnknownIssuer");
    // The certificates of this machine know nothing of ours.
    refused(address(&cluster, "sslmode=verify-full"), "certificate");
    refused(address(&cluster, &verified(&right.root)).replace("127.0.0.1", "localhost"), "not valid for");
    refused(address(&cluster, &verified(&dir.path().join("nowhere"))), "sslrootcert");
    refused(address(&cluster, "sslmode=sometimes"), "verify-full");
}
