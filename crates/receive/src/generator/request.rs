//! Writing requests.

use std::io::Write;

/// What all requests of a run have in common. The texts are sent as they are.
#[derive(Clone, Debug)]
pub struct RequestHead {
    /// The method, for example `POST`. Not `HEAD`: its answers announce bodies they do not have.
    pub method: String,
    /// Path and query, or what they begin with when requests add to it.
    pub target: String,
    /// The `Host` header.
    pub host: String,
    /// More headers in order; not `Content-Length`, which is written for each request.
    pub headers: Vec<(String, String)>,
}

impl RequestHead {
    pub(super) fn to_bytes(&self) -> HeadBytes {
        let target = format!("{} {}", self.method, self.target).into_bytes();
        let mut rest = format!(" HTTP/1.1\r\nhost: {}\r\n", self.host).into_bytes();
        for (name, value) in &self.headers {
            write_header(&mut rest, name, value);
        }
        HeadBytes { target, rest }
    }
}

/// A head as it is sent, before and after what requests add to the target.
pub(super) struct HeadBytes {
    target: Vec<u8>,
    rest: Vec<u8>,
}

/// What is special to one request. The buffers are used again for the next one.
#[derive(Debug, Default)]
pub struct RequestParts {
    /// What follows the target of all requests.
    pub target: Vec<u8>,
    headers: Vec<u8>,
    /// The body.
    pub body: Vec<u8>,
}

impl RequestParts {
    /// Adds a header, for example an idempotency key. The texts are sent as they are.
    pub fn header(&mut self, name: &str, value: &str) {
        write_header(&mut self.headers, name, value);
    }

    pub(super) fn clear(&mut self) {
        self.target.clear();
        self.headers.clear();
        self.body.clear();
    }

    /// Puts the whole request into `request`, in place of what was in it.
    pub(super) fn write_to(&self, head: &HeadBytes, request: &mut Vec<u8>) {
        request.clear();
        request.extend_from_slice(&head.target);
        request.extend_from_slice(&self.target);
        request.extend_from_slice(&head.rest);
        request.extend_from_slice(&self.headers);
        // Writing to a vector can not fail.
        let _ = write!(request, "content-length: {}\r\n\r\n", self.body.len());
        request.extend_from_slice(&self.body);
    }
}

fn write_header(bytes: &mut Vec<u8>, name: &str, value: &str) {
    for part in [name, ": ", value, "\r\n"] {
        bytes.extend_from_slice(part.as_bytes());
    }
}
