//! The server on a port: what only a real connection shows.

use std::time::Duration;

use rendezhook_server::{ConnectionLimits, Server, ServerOptions};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::fixture::Api;

/// No wait of a test may take longer.
const PATIENCE: Duration = Duration::from_secs(10);

struct Running {
    address: std::net::SocketAddr,
    stop: oneshot::Sender<()>,
    ended: JoinHandle<()>,
    _api: Api,
}

async fn start(connections: ConnectionLimits) -> Running {
    let api = Api::with_options(ServerOptions { connections, ..ServerOptions::default() }).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel();
    let shutdown = async {
        let _ = stopped.await;
    };
    let ended = tokio::spawn(Server::clone(&api.server).run(listener, shutdown));
    Running { address, stop, ended, _api: api }
}

async fn ask(stream: &mut TcpStream, request: &str) -> String {
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = vec![0; 16 * 1024];
    let length = timeout(PATIENCE, stream.read(&mut answer)).await.unwrap().unwrap();
    String::from_utf8_lossy(&answer[..length]).into_owned()
}

const LIVE: &str = "GET /health/live HTTP/1.1\r\nhost: localhost\r\n\r\n";

#[tokio::test]
async fn answers_on_one_connection_until_it_is_stopped() {
    let running = start(ConnectionLimits::default()).await;
    let mut stream = TcpStream::connect(running.address).await.unwrap();
    for _ in 0..3 {
        assert!(ask(&mut stream, LIVE).await.starts_with("HTTP/1.1 200 OK\r\n"));
    }
    running.stop.send(()).unwrap();
    // The idle connection is closed and does not hold the stop up.
    timeout(PATIENCE, running.ended).await.unwrap().unwrap();
    assert_eq!(timeout(PATIENCE, stream.read(&mut [0; 16])).await.unwrap().unwrap(), 0);
    assert!(TcpStream::connect(running.address).await.is_err());
}

#[tokio::test]
async fn heads_are_bounded() {
    let limits = ConnectionLimits { head_bytes: 8_192, header_fields: 20, ..ConnectionLimits::default() };
    let running = start(limits).await;
    let mut stream = TcpStream::connect(running.address).await.unwrap();
    let many_fields = "x: y\r\n".repeat(21);
    let answer = ask(&mut stream, &format!("GET / HTTP/1.1\r\nhost: localhost\r\n{many_fields}\r\n")).await;
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");

    let mut stream = TcpStream::connect(running.address).await.unwrap();
    let long_field = "y".repeat(9_000);
    let answer =
        ask(&mut stream, &format!("GET / HTTP/1.1\r\nhost: localhost\r\nx: {long_field}\r\n\r\n")).await;
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
}

#[tokio::test]
async fn a_head_that_does_not_arrive_ends_its_connection() {
    let limits = ConnectionLimits { head_timeout: Duration::from_millis(50), ..ConnectionLimits::default() };
    let running = start(limits).await;
    let mut stream = TcpStream::connect(running.address).await.unwrap();
    stream.write_all(b"GET /health/live HTTP/1.1\r\nhost").await.unwrap();
    let mut rest = Vec::new();
    timeout(PATIENCE, stream.read_to_end(&mut rest)).await.unwrap().unwrap();
    assert!(!rest.starts_with(b"HTTP/1.1 200"));
}

#[tokio::test]
async fn connections_beyond_the_bound_wait_for_a_place() {
    let limits = ConnectionLimits { maximum: 1, ..ConnectionLimits::default() };
    let running = start(limits).await;
    let mut first = TcpStream::connect(running.address).await.unwrap();
    assert!(ask(&mut first, LIVE).await.starts_with("HTTP/1.1 200"));
    let mut second = TcpStream::connect(running.address).await.unwrap();
    second.write_all(LIVE.as_bytes()).await.unwrap();
    let mut answer = [0; 64];
    // The first connection has the only place; once it has gone, the second is answered.
    let waiting = timeout(Duration::from_millis(50), second.read(&mut answer)).await;
    assert!(waiting.is_err());
    drop(first);
    let length = timeout(PATIENCE, second.read(&mut answer)).await.unwrap().unwrap();
    assert!(answer[..length].starts_with(b"HTTP/1.1 200"));
}
