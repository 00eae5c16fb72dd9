//! One exchange after the other over a keep-alive connection.

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::FailureKind;
use crate::http1::{self, Head, Malformed};

/// The longest line before a chunk or in the trailer.
const LINE_LIMIT: usize = 8 * 1024;
const READ_SIZE: usize = 16 * 1024;

impl From<std::io::Error> for FailureKind {
    fn from(_error: std::io::Error) -> Self {
        Self::Broken
    }
}

impl From<Malformed> for FailureKind {
    fn from(_error: Malformed) -> Self {
        Self::Malformed
    }
}

/// A stream, and what was read from it but not used yet.
pub(super) struct Connection<Stream> {
    stream: Stream,
    buffer: BytesMut,
}

impl<Stream: AsyncRead + AsyncWrite + Unpin> Connection<Stream> {
    pub(super) fn new(stream: Stream) -> Self {
        Self { stream, buffer: BytesMut::with_capacity(READ_SIZE) }
    }

    /// Sends a request and reads its answer to the end. Gives the status and whether another
    /// exchange may follow on this connection.
    pub(super) async fn exchange(&mut self, request: &[u8]) -> Result<(u16, bool), FailureKind> {
        self.stream.write_all(request).await?;
        loop {
            let head = self.read_head().await?;
            let status = http1::status(&self.buffer)?;
            self.buffer.advance(head.length);
            // Interim answers (RFC 9110, 15.2) come before the real one.
            if (100..200).contains(&status) {
                continue;
            }
            let framed = self.skip_body(status, &head).await?;
            return Ok((status, framed && !head.close));
        }
    }

    async fn read_head(&mut self) -> Result<Head, FailureKind> {
        loop {
            if let Some(head) = http1::read_head(&self.buffer)? {
                return Ok(head);
            }
            self.fill().await?;
        }
    }

    /// Reads over the body (RFC 9112, 6.3). Gives `false` if only the end of the connection ended it.
    async fn skip_body(&mut self, status: u16, head: &Head) -> Result<bool, FailureKind> {
        if matches!(status, 204 | 304) {
            return Ok(true);
        }
        if head.chunked {
            self.skip_chunks().await?;
            return Ok(true);
        }
        if let Some(length) = head.content_length {
            self.skip(length).await?;
            return Ok(true);
        }
        loop {
            self.buffer.clear();
            if self.read().await? == 0 {
                return Ok(false);
            }
        }
    }

    async fn skip_chunks(&mut self) -> Result<(), FailureKind> {
        loop {
            let line = self.line().await?;
            let size = http1::chunk_size(&line)?;
            if size == 0 {
                break;
            }
            self.skip(size).await?;
            if !self.line().await?.is_empty() {
                return Err(FailureKind::Malformed);
            }
        }
        while !self.line().await?.is_empty() {}
        Ok(())
    }

    async fn skip(&mut self, length: usize) -> Result<(), FailureKind> {
        let mut remaining = length;
        loop {
            let here = remaining.min(self.buffer.len());
            self.buffer.advance(here);
            remaining -= here;
            if remaining == 0 {
                return Ok(());
            }
            self.fill().await?;
        }
    }

    /// The next line without its line end.
    async fn line(&mut self) -> Result<BytesMut, FailureKind> {
        loop {
            if let Some(end) = self.buffer.iter().position(|byte| *byte == b'\n') {
                let mut line = self.buffer.split_to(end);
                self.buffer.advance(1);
                if line.ends_with(b"\r") {
                    line.truncate(line.len() - 1);
                }
                return Ok(line);
            }
            if self.buffer.len() > LINE_LIMIT {
                return Err(FailureKind::Malformed);
            }
            self.fill().await?;
        }
    }

    /// Reads more; the end of the connection is an error here.
    async fn fill(&mut self) -> Result<(), FailureKind> {
        if self.read().await? == 0 { Err(FailureKind::Broken) } else { Ok(()) }
    }

    async fn read(&mut self) -> Result<usize, FailureKind> {
        self.buffer.reserve(READ_SIZE);
        Ok(self.stream.read_buf(&mut self.buffer).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lets a connection read these answers, in pieces of at most `piece` bytes, to one request each.
    async fn exchanges(answers: &[&str], piece: usize) -> Result<Vec<(u16, bool)>, FailureKind> {
        let (client, mut server) = tokio::io::duplex(piece);
        let answers = answers.concat();
        let count = answers.matches("HTTP/1.").count() - answers.matches("HTTP/1.1 100").count();
        tokio::spawn(async move { server.write_all(answers.as_bytes()).await });
        let mut connection = Connection::new(client);
        let mut outcomes = Vec::new();
        for _ in 0..count {
            outcomes.push(connection.exchange(b"").await?);
        }
        Ok(outcomes)
    }

    #[tokio::test]
    async fn every_framing_is_read_to_its_end_however_it_is_split() {
        let answers = [
            "HTTP/1.1 204 No Content\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello",
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 202 Accepted\r\nTransfer-Encoding: chunked\r\n\r\n4;x=y\r\nab\r\n\r\n10\r\n0123456789abcdef\r\n0\r\ntrailer: 1\r\n\r\n",
            "HTTP/1.1 500 Internal Server Error\r\nconnection: close\r\ncontent-length: 0\r\n\r\n",
            "HTTP/1.0 404 Not Found\r\n\r\nuntil the end",
        ];
        for piece in [1, 7, 64, 4096] {
            let outcomes = exchanges(&answers, piece).await.unwrap();
            assert_eq!(outcomes, [(204, true), (200, true), (202, true), (500, false), (404, false)]);
        }
    }

    #[tokio::test]
    async fn broken_and_malformed_answers_are_told_apart() {
        for (answer, failure) in [
            ("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhell", FailureKind::Broken),
            ("HTTP/1.1 200 OK\r\n", FailureKind::Broken),
            ("HTTP/1.1 abc\r\n\r\n", FailureKind::Malformed),
            ("HTTP/1.1 200 OK\r\ncontent-length: many\r\n\r\n", FailureKind::Malformed),
            ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nx\r\n", FailureKind::Malformed),
            ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nab\r\n", FailureKind::Malformed),
        ] {
            assert_eq!(exchanges(&[answer], 64).await, Err(failure), "{answer:?}");
        }
    }
}
