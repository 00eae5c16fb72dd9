//! The receiving end of a delivery, by hand.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use rendezhook_receive::capture::CapturedRequest;

/// Answers one request, and gives it back as it came.
pub(crate) fn receive(receiver: &TcpListener) -> CapturedRequest {
    let (mut stream, _) = receiver.accept().unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let mut request = Vec::new();
    while !is_whole(&request) {
        read_more(&mut stream, &mut request);
    }
    stream.write_all(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n").unwrap();
    CapturedRequest::from_raw(&request).unwrap()
}

fn read_more(stream: &mut TcpStream, request: &mut Vec<u8>) {
    let mut buffer = [0; 4096];
    let read = stream.read(&mut buffer).unwrap();
    assert!(read > 0, "the request ended early");
    request.extend_from_slice(buffer.get(..read).unwrap());
}

/// Whether the head has come and as much of a body as it announces.
fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request).to_lowercase();
    let Some((head, _)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
    request.len() >= head.len() + 4 + length.trim().parse::<usize>().unwrap()
}

/// The ids of the resources that arrive at a receiver, which answers 204 to all of them until the test ends.
pub(crate) struct Arrivals {
    address: SocketAddr,
    ids: Receiver<String>,
}

impl Arrivals {
    /// Listens; `before_answering` is told each id and says whether to answer at all.
    pub(crate) fn listen(before_answering: impl Fn(&str) -> bool + Clone + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, ids) = channel();
        std::thread::spawn(move || {
            while let Ok((stream, _)) = listener.accept() {
                let (sender, before_answering) = (sender.clone(), before_answering.clone());
                std::thread::spawn(move || {
                    if let Some((mut stream, id)) = read_id(stream) {
                        // The test may have ended.
                        let _told = sender.send(id.clone());
                        if before_answering(&id) {
                            let answer = b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n";
                            let _sent = stream.write_all(answer);
                        } else {
                            // Kept open without an answer, as long as the other end keeps it open.
                            let _ended = stream.read(&mut [0; 1]);
                        }
                    }
                });
            }
        });
        Self { address, ids }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    /// The next id; `None` when none comes within this time.
    pub(crate) fn next(&self, patience: Duration) -> Option<String> {
        self.ids.recv_timeout(patience).ok()
    }
}

/// Reads a whole request; none when the connection ends before, as it does when the sender is killed.
fn read_id(mut stream: TcpStream) -> Option<(TcpStream, String)> {
    let mut request = Vec::new();
    let mut buffer = [0; 65_536];
    while request.is_empty() || !is_whole(&request) {
        let read = stream.read(&mut buffer).ok().filter(|read| *read > 0)?;
        request.extend_from_slice(buffer.get(..read)?);
    }
    let request = CapturedRequest::from_raw(&request).unwrap();
    let body = serde_json::from_slice::<serde_json::Value>(&request.body).unwrap();
    let id = body.pointer("/data/resource_id").and_then(serde_json::Value::as_str).unwrap();
    Some((stream, id.to_owned()))
}
