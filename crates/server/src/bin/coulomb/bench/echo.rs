//! The bare server: the same HTTP stack, listener and number of threads as `coulomb serve`, which reads a request and
//! answers it with so many bytes, and nothing else. What it answers per second is what is there to be lost.

use crate::{Failure, runtime};
use axum::{Router, body::Bytes, http::header, serve::ListenerExt};
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
        let listener = listener.tap_io(|stream| {
            // As the server does it; a connection that keeps its delay is slower and still answers.
            let _ = stream.set_nodelay(true);
        });
        let serving = axum::serve(listener, Router::new().fallback(answering));
        let over = tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new()));
        tokio::select! {
            served = serving.into_future() => served?,
            _ = over => {}
        }
        Ok(ExitCode::SUCCESS)
    })
}
