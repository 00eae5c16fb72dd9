//! The receiver of the deliveries: it answers with the body it got, so that what was delivered stands in the delivery log, where a
//! file can read it. At one path it is a token endpoint instead, and at another it wants no deliveries any more.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

/// How long a request may take to arrive and its answer to leave.
const PATIENCE: Duration = Duration::from_secs(30);
/// The longest head and the longest body that are read, in bytes.
const MAXIMUM_BYTES: u64 = 1024 * 1024;

/// Where it answers with an access token, as a receiver does that wants one on each delivery.
const TOKEN_PATH: &str = "/token";
/// What it answers there (RFC 6749, section 5.1).
const TOKEN: &[u8] =
    br#"{"access_token":"conformance-access-token","token_type":"Bearer","expires_in":3600}"#;

/// Where it answers that it is gone for good (RFC 9110, section 15.5.11).
const GONE_PATH: &str = "/gone";

/// A receiver that listens for as long as the process lives.
pub(super) struct Receiver {
    /// Where it listens.
    pub(super) address: SocketAddr,
}

impl Receiver {
    /// Starts it on a free port.
    ///
    /// # Errors
    /// When it cannot listen.
    pub(super) fn start() -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // A request that cannot be answered is the sender's to complain about, and the server's log has it.
                thread::spawn(move || answer(&stream).ok());
            }
        });
        Ok(Self { address })
    }
}

/// Reads one request and answers it.
fn answer(mut stream: &TcpStream) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut reader = BufReader::new(stream).take(MAXIMUM_BYTES);
    let request = read(&mut reader)?;
    let body = if request.target == TOKEN_PATH { TOKEN } else { &request.body };
    let status = if request.target == GONE_PATH { "410 Gone" } else { "200 OK" };
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes())?;
    stream.write_all(body)
}

/// A request, as far as it is looked at.
struct Request {
    target: String,
    body: Vec<u8>,
}

/// Reads a request that says how long its body is, as all do that the server sends; without a length it has none.
fn read(reader: &mut impl BufRead) -> io::Result<Request> {
    let target = line(reader)?.split(' ').nth(1).unwrap_or_default().to_owned();
    let mut length = 0;
    loop {
        let header = line(reader)?;
        if header.is_empty() {
            break;
        }
        if let Some((name, value)) = header.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().map_err(|_| io::ErrorKind::InvalidData)?;
        }
    }
    let mut body = Vec::new();
    reader.take(length).read_to_end(&mut body)?;
    Ok(Request { target, body })
}

/// A line of the head, without its end.
fn line(reader: &mut impl BufRead) -> io::Result<String> {
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(line.trim_end().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer_to(request: &str) -> String {
        answered_with("200 OK", request)
    }

    fn answered_with(status: &str, request: &str) -> String {
        let mut stream = TcpStream::connect(Receiver::start().unwrap().address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}\r\n")), "{answer}");
        answer
    }

    #[test]
    fn a_request_gets_its_body_back() {
        let answer = answer_to("POST /hook HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{\"a\":[1]}");
        assert!(answer.ends_with("content-length: 9\r\nconnection: close\r\n\r\n{\"a\":[1]}"), "{answer}");
        let answer = answer_to("GET /hook HTTP/1.1\r\nHost: x\r\n\r\n");
        assert!(answer.ends_with("content-length: 0\r\nconnection: close\r\n\r\n"), "{answer}");
    }

    #[test]
    fn a_request_to_what_is_gone_is_told_so() {
        answered_with("410 Gone", "POST /gone HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}");
    }

    #[test]
    fn a_request_for_a_token_gets_one() {
        let answer = answer_to("POST /token HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\na=");
        assert!(answer.contains("\"access_token\":\"conformance-access-token\""), "{answer}");
    }
}
