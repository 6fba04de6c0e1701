//! Encryption on the way to PostgreSQL, as `sslmode` says it: who is let in, and who is believed.

use std::path::Path;
use store::{
    Fault, Store,
    postgres::{Options, Postgres, migrate},
};
use tempfile::TempDir;
use xtask::{
    certificates::certify,
    postgres::{Cluster, query},
};

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
    let right = certify(dir.path(), "right", "IP:127.0.0.1").expect("a certificate");
    let wrong = certify(dir.path(), "wrong", "IP:127.0.0.1").expect("a certificate");
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
