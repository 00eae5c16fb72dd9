//! Publishing over many connections at once, in plain HTTP/1.1.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::server::ADMIN_KEY;

/// How long an answer may take.
const ANSWER: Duration = Duration::from_secs(60);
/// The longest answer that is read, in bytes.
const LONGEST_ANSWER: u64 = 1024 * 1024;

/// Makes an organization and publishes so many actions for it over each of so many connections, each with a mark of its own.
pub(super) fn publish(address: SocketAddr, connections: u32, publishes: u32) -> io::Result<()> {
    let organization =
        Connection::open(address)?.call("/api/v1/organizations", &json!({"name": "Durable"}))?;
    let id = organization.get("id").and_then(Value::as_str).unwrap_or_default();
    let path = format!("/api/v1/actions?organization_id={id}");
    thread::scope(|scope| {
        let publishers: Vec<_> = (0..connections)
            .map(|number| {
                let path = &path;
                scope.spawn(move || publish_over_one(address, path, number * publishes, publishes))
            })
            .collect();
        publishers.into_iter().try_for_each(|publisher| match publisher.join() {
            Ok(published) => published,
            Err(_panicked) => Err(io::Error::other("a publisher failed")),
        })
    })
}

fn publish_over_one(address: SocketAddr, path: &str, first: u32, publishes: u32) -> io::Result<()> {
    let mut connection = Connection::open(address)?;
    for number in first..first + publishes {
        let action = json!({
            "action": "event.confirmed",
            "resource_kind": "event",
            "resource_id": format!("durability-mark-{number:08}"),
            "resource": {"title": "First visit"},
        });
        connection.call(path, &action)?;
    }
    Ok(())
}

/// A kept connection with one request open at a time.
struct Connection {
    stream: BufReader<TcpStream>,
}

impl Connection {
    fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(ANSWER))?;
        Ok(Self { stream: BufReader::new(stream) })
    }

    /// Posts a body and gives the answer, which has to be a success.
    fn call(&mut self, path: &str, body: &Value) -> io::Result<Value> {
        let body = body.to_string();
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {ADMIN_KEY}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        self.stream.get_mut().write_all(request.as_bytes())?;
        let status = self.line()?;
        let mut length = 0;
        loop {
            let line = self.line()?;
            if line.is_empty() {
                break;
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().map_err(io::Error::other)?;
            }
        }
        let mut answer = Vec::new();
        self.stream.by_ref().take(LONGEST_ANSWER.min(length)).read_to_end(&mut answer)?;
        if !status.starts_with("HTTP/1.1 2") {
            let said = String::from_utf8_lossy(&answer).into_owned();
            return Err(io::Error::other(format!("the server answered {status}: {said}")));
        }
        Ok(serde_json::from_slice(&answer)?)
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        if self.stream.by_ref().take(LONGEST_ANSWER).read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(line.trim_end().to_owned())
    }
}
