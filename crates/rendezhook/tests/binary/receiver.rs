//! The receiving end of a delivery, by hand.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
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
