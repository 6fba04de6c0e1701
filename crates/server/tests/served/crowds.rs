//! More connections than anybody needs, and such as say nothing (TRUST T17): whoever asks is answered all the same.

use super::peer::{Client, Server, key};
use coulomb_server::connections;
use serde_json::json;
use std::{
    fs,
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};
use tempfile::TempDir;

/// How many say nothing.
const SILENT: usize = 5_000;

/// What one of them may cost, in KiB: the buffer that its request would be read into, and what is known of it.
const KIB_EACH: usize = 20;

/// A connection that says this and no more.
fn silent(server: &Server, said: &str) -> TcpStream {
    let mut stream = TcpStream::connect(&server.address).expect("it is accepted");
    stream.set_read_timeout(Some(Duration::from_secs(60))).expect("it can be set");
    stream.write_all(said.as_bytes()).expect("it is sent");
    stream
}

/// All that is answered on a connection until the server closes it.
fn until_closed(mut stream: TcpStream) -> String {
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("it is closed");
    String::from_utf8(answer).expect("text")
}

/// A server with this in its configuration.
fn configured(data: &TempDir, server: &str) -> Server {
    let config = data.path().join("coulomb.toml");
    fs::write(&config, format!("[server]\n{server}\n")).expect("it is written");
    Server::start(data.path(), &["--config", config.to_str().expect("a path")])
}

/// Its memory in KiB.
fn resident(server: &Server) -> usize {
    let status = fs::read_to_string(format!("/proc/{}/status", server.id())).expect("it runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("its memory");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}

#[test]
fn thousands_that_say_nothing_take_nobody_elses_place() {
    connections::allow(SILENT);
    let data = TempDir::new().expect("a directory");
    let server = Server::start(data.path(), &[]);
    let key = key(data.path(), "admin");
    let before = resident(&server);
    let half = "POST /v1/organizations/acme/runs HTTP/1.1\r\nhost: slow\r\ncontent-le";
    let crowd: Vec<TcpStream> = (0..SILENT).map(|_| silent(&server, half)).collect();

    let mut http = Client::new(&server.address, &key);
    assert_eq!(http.call("PUT", "/v1/organizations/acme", &[], Some(&json!({"name": "Acme"}))).status, 200);
    let grant = json!({"id": "welcome", "credits": "100"});
    assert_eq!(http.call("POST", "/v1/organizations/acme/grants", &[], Some(&grant)).status, 201);
    for number in 0..20 {
        let run = json!({"id": format!("r{number}"), "kind": "tool_run", "hold": "1"});
        assert_eq!(http.call("POST", "/v1/organizations/acme/runs", &[], Some(&run)).status, 201);
    }
    let grown = resident(&server).saturating_sub(before);
    assert!(grown < SILENT * KIB_EACH, "{grown} KiB for {SILENT} connections");
    drop(crowd);
}

#[test]
fn one_connection_too_many_is_told_so_and_served_when_there_is_room() {
    let data = TempDir::new().expect("a directory");
    let server = configured(&data, "connections_max = 2");
    let ask = "GET /healthz HTTP/1.1\r\nhost: localhost\r\nx-request-id: mine\r\n\r\n";
    let served: Vec<TcpStream> = (0..2)
        .map(|_| {
            let mut stream = silent(&server, ask);
            let mut status = [0; 12];
            stream.read_exact(&mut status).expect("an answer");
            assert_eq!(&status, b"HTTP/1.1 200");
            stream
        })
        .collect();
    let answer = until_closed(silent(&server, ask)).to_lowercase();
    for part in [
        "http/1.1 503",
        "retry-after: 1",
        "connection: close",
        "x-request-id: mine",
        "content-type: application/problem+json",
        "\"code\":\"too_many_connections\"",
        "server.connections_max",
    ] {
        assert!(answer.contains(part), "{part} is not in {answer}");
    }
    drop(served);
    let once = "GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    // When the server has seen that they are gone.
    while !until_closed(silent(&server, once)).starts_with("HTTP/1.1 200") {}
}

#[test]
fn a_connection_that_keeps_the_server_waiting_is_closed() {
    let data = TempDir::new().expect("a directory");
    let server = configured(&data, "idle_timeout = \"PT1S\"");
    for said in ["", "GET /healthz HTTP/1.1\r\nhost: slow"] {
        assert_eq!(until_closed(silent(&server, said)), "", "{said}");
    }
    let asked = until_closed(silent(&server, "GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n"));
    assert!(asked.starts_with("HTTP/1.1 200"), "it is answered, and closed when nothing follows: {asked}");
}

#[test]
fn a_head_that_never_ends_is_refused() {
    let data = TempDir::new().expect("a directory");
    let server = configured(&data, "head_bytes_max = 8192");
    let endless = format!("GET /healthz HTTP/1.1\r\nhost: localhost\r\nx-much: {}", "a".repeat(10_000));
    let answer = until_closed(silent(&server, &endless));
    assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
}
