//! From bytes to content lines (RFC 5545 section 3.1).

use std::borrow::Cow;
use std::iter;

/// A content line put together again from the physical lines it was folded into.
pub(super) struct ContentLine<'a> {
    /// The physical line, counted from 1, on which it begins.
    pub(super) number: usize,
    /// Its bytes without line breaks. Joined as bytes, because writers fold in the middle of a UTF-8 sequence.
    pub(super) bytes: Cow<'a, [u8]>,
}

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// The content lines of a file, empty ones left out. Lines end with CRLF or with LF alone; a byte order mark at the
/// start is dropped.
pub(super) fn content_lines(text: &[u8]) -> impl Iterator<Item = ContentLine<'_>> {
    let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
    let mut physical = (1..).zip(text.split(|byte| *byte == b'\n')).peekable();
    iter::from_fn(move || {
        loop {
            let (number, start) = physical.next()?;
            let mut bytes = Cow::Borrowed(without_carriage_returns(start));
            while let Some((_, folded)) = physical.next_if(|(_, line)| is_continuation(line)) {
                bytes
                    .to_mut()
                    .extend_from_slice(without_carriage_returns(folded.get(1..).unwrap_or_default()));
            }
            if !bytes.is_empty() {
                return Some(ContentLine { number, bytes });
            }
        }
    })
}

fn is_continuation(line: &[u8]) -> bool {
    matches!(line.first(), Some(b' ' | b'\t'))
}

/// Every carriage return at the end goes: files that passed through two conversions end their lines with CR CR LF.
fn without_carriage_returns(mut line: &[u8]) -> &[u8] {
    while let Some(shorter) = line.strip_suffix(b"\r") {
        line = shorter;
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &[u8]) -> Vec<(usize, Vec<u8>)> {
        content_lines(text).map(|line| (line.number, line.bytes.into_owned())).collect()
    }

    #[test]
    fn folded_lines_keep_the_number_they_begin_on() {
        let lines = read(b"\xEF\xBB\xBFA:1\r\n 2\r\n\t3\r\n\r\nB:x\n  y\r\r\nC:z");
        assert_eq!(lines, [(1, b"A:123".to_vec()), (5, b"B:x y".to_vec()), (7, b"C:z".to_vec())]);
    }

    #[test]
    fn a_fold_inside_a_character_is_healed() {
        assert_eq!(read(b"A:\xC3\r\n \xA9"), [(1, "A:é".as_bytes().to_vec())]);
    }
}
