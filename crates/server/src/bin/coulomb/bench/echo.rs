//! The bare server: the same HTTP stack, listener and number of threads as `coulomb serve`, which reads a request and
//! answers it with so many bytes, and nothing else. What it answers per second is what is there to be lost.

use crate::{Failure, runtime};
use axum::{Router, body::Bytes, http::header};
use coulomb_server::{config::Config, connections};
use std::{io::Read, process::ExitCode};
use tokio::net::TcpListener;

/// What it prints before its address.
pub const READY: &str = "echo listening on http://";

/// Serves until standard input ends, which it does when whoever started this is gone.
pub fn serve(answer_bytes: usize, threads: usize) -> Result<ExitCode, Failure> {
    let answer = Bytes::from(vec![b' '; answer_bytes]);
    let answering = move |_asked: Bytes| {
        let answer = answer.clone();
        async move { ([(header::CONTENT_TYPE, "application/json")], answer) }
    };
    runtime(threads)?.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        println!("{READY}{}", listener.local_addr()?);
        let over = tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new()));
        let over = async {
            let _ = over.await;
        };
        let limits = Config::load(None)?.server.connections();
        let router = Router::new().fallback(answering);
        connections::serve(listener, limits, router.clone(), router, over).await;
        Ok(ExitCode::SUCCESS)
    })
}
