//! The receiver of the deliveries: it answers with the body it got, so that what was delivered stands in the delivery log, where a
//! file can read it.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

/// How long a request may take to arrive and its answer to leave.
const PATIENCE: Duration = Duration::from_secs(30);
/// The longest head and the longest body that are read, in bytes.
const MAXIMUM_BYTES: u64 = 1024 * 1024;

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
    let body = body(&mut reader)?;
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes())?;
    stream.write_all(&body)
}

/// The body of a request that says how long it is, as all do that the server sends.
fn body(reader: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().map_err(|_| io::ErrorKind::InvalidData)?;
        }
    }
    let mut body = Vec::new();
    reader.take(length).read_to_end(&mut body)?;
    Ok(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_gets_its_body_back() {
        let receiver = Receiver::start().unwrap();
        let mut stream = TcpStream::connect(receiver.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(b"POST /hook HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{\"a\":[1]}").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        assert!(
            answer.ends_with("\r\ncontent-length: 9\r\nconnection: close\r\n\r\n{\"a\":[1]}"),
            "{answer}"
        );
    }
}
