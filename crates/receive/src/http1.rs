//! The few parts of HTTP/1.1 (RFC 9112) that the sink and the generator need, read from bytes
//! without copying.

use thiserror::Error;

/// The longest head that is read, in bytes.
pub(crate) const HEAD_LIMIT: usize = 64 * 1024;

/// What the head of a message says about its framing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    /// The bytes of the head, its empty line included.
    pub(crate) length: usize,
    pub(crate) content_length: Option<usize>,
    pub(crate) chunked: bool,
    /// The sender will close the connection after this message.
    pub(crate) close: bool,
}

/// The bytes can not be a message.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("the other side does not speak HTTP/1.1 as it should: {0}")]
pub(crate) struct Malformed(pub(crate) &'static str);

/// Reads the head at the start of `bytes`, or `None` if its empty line has not arrived yet.
pub(crate) fn read_head(bytes: &[u8]) -> Result<Option<Head>, Malformed> {
    let mut head = Head { length: 0, content_length: None, chunked: false, close: false };
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        head.length += line.len();
        if head.length > HEAD_LIMIT {
            return Err(Malformed("its head is too long"));
        }
        let Some(line) = line.strip_suffix(b"\n") else { return Ok(None) };
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() {
            return Ok(Some(head));
        }
        note_framing(line, &mut head)?;
    }
    Ok(None)
}

/// The value of the first header of this name, given in whatever case.
pub(crate) fn header<'a>(head: &'a [u8], name: &str) -> Option<&'a [u8]> {
    head.split(|byte| *byte == b'\n').find_map(|line| value_of(line, name.as_bytes()))
}

/// The status of a response's first line.
pub(crate) fn status(head: &[u8]) -> Result<u16, Malformed> {
    let digits = head.strip_prefix(b"HTTP/1.").and_then(|rest| rest.get(2..5));
    digits
        .and_then(|digits| str::from_utf8(digits).ok())
        .and_then(|digits| digits.parse().ok())
        .ok_or(Malformed("its status line can not be read"))
}

/// The size of a chunk, from the line before it without its line end.
pub(crate) fn chunk_size(line: &[u8]) -> Result<usize, Malformed> {
    let size = line.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
    str::from_utf8(size)
        .ok()
        .and_then(|size| usize::from_str_radix(size, 16).ok())
        .ok_or(Malformed("the size of a chunk is not a number"))
}

fn note_framing(line: &[u8], head: &mut Head) -> Result<(), Malformed> {
    // Most headers begin with another letter, and this is done for every header of every request.
    match line.first().map(u8::to_ascii_lowercase) {
        Some(b'c') => {
            if let Some(value) = value_of(line, b"content-length") {
                let length = str::from_utf8(value).ok().and_then(|digits| digits.parse().ok());
                head.content_length = Some(length.ok_or(Malformed("its content-length is not a number"))?);
            } else if let Some(value) = value_of(line, b"connection") {
                head.close = value.eq_ignore_ascii_case(b"close");
            }
        }
        Some(b't') => {
            if let Some(value) = value_of(line, b"transfer-encoding") {
                head.chunked = value.eq_ignore_ascii_case(b"chunked");
            }
        }
        _ => {}
    }
    Ok(())
}

fn value_of<'a>(line: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let (line_name, rest) = line.split_at_checked(name.len())?;
    let value = rest.strip_prefix(b":")?;
    line_name.eq_ignore_ascii_case(name).then(|| value.trim_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &[u8] = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 12\r\nConnection: Close\r\n\r\n";

    #[test]
    fn a_head_is_read_only_when_it_is_whole() {
        for end in 0..HEAD.len() {
            assert_eq!(read_head(&HEAD[..end]), Ok(None), "{end} bytes");
        }
        let expected = Head { length: HEAD.len(), content_length: Some(12), chunked: false, close: true };
        assert_eq!(read_head(HEAD), Ok(Some(expected)));
        assert_eq!(read_head(&[HEAD, b"body\r\n\r\n"].concat()), Ok(Some(expected)));
    }

    #[test]
    fn framing_other_than_by_length_is_noted() {
        let head = read_head(b"HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n").unwrap().unwrap();
        assert_eq!((head.content_length, head.chunked, head.close), (None, true, false));
    }

    #[test]
    fn what_can_not_be_a_head_is_refused() {
        assert!(read_head(b"POST / HTTP/1.1\r\ncontent-length: -1\r\n\r\n").is_err());
        assert!(read_head(&vec![b'a'; HEAD_LIMIT + 1]).is_err());
    }

    #[test]
    fn headers_are_found_by_their_whole_name() {
        assert_eq!(header(HEAD, "content-length"), Some(b"12".as_slice()));
        assert_eq!(header(HEAD, "content"), None);
        assert_eq!(header(HEAD, "ost"), None);
    }

    #[test]
    fn status_and_chunk_sizes_are_read() {
        assert_eq!(status(b"HTTP/1.1 204 No Content\r\n"), Ok(204));
        assert_eq!(status(b"HTTP/1.0 500\r\n"), Ok(500));
        assert!(status(b"SSH-2.0-x\r\n").is_err());
        assert_eq!(chunk_size(b"1aF;name=value"), Ok(0x1af));
        assert!(chunk_size(b"").is_err());
        assert!(chunk_size(b"ffffffffffffffffff").is_err());
    }
}
