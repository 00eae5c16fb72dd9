//! The mark that the generator puts into a resource and the sink reads from the delivery.

use std::io::Write;
use std::time::{SystemTime, UNIX_EPOCH};

/// What a mark begins with; nothing else in a body looks like it.
const PREFIX: &[u8] = b"rzh-stamp-";
/// The length of a mark in bytes: the prefix, 8 digits, and twice a hyphen with 16 digits.
const LENGTH: usize = 10 + 8 + 1 + 16 + 1 + 16;

/// Which action of which step a delivery carries, and when its publish was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    /// The step of the run.
    pub(super) step: u32,
    /// Counts the actions of a step from 0.
    pub(super) number: u64,
    /// Nanoseconds since 1970 by the wall clock, which generator and sink share: they run on one machine.
    pub(super) sent_at: u64,
}

impl Stamp {
    /// Writes the mark, which always has the same length.
    pub(super) fn write(self, text: &mut Vec<u8>) {
        // Writing to a vector can not fail.
        let _ = write!(text, "rzh-stamp-{:08x}-{:016x}-{:016x}", self.step, self.number, self.sent_at);
    }

    /// Finds the first mark in a body.
    pub(super) fn find(body: &[u8]) -> Option<Self> {
        let start = body.windows(PREFIX.len()).position(|window| window == PREFIX)?;
        let mark = body.get(start..start.checked_add(LENGTH)?)?;
        let digits = std::str::from_utf8(mark.get(PREFIX.len()..)?).ok()?;
        let mut parts = digits.split('-');
        let mut number = |length: usize| {
            let part = parts.next().filter(|part| part.len() == length)?;
            u64::from_str_radix(part, 16).ok()
        };
        Some(Self { step: u32::try_from(number(8)?).ok()?, number: number(16)?, sent_at: number(16)? })
    }
}

/// Nanoseconds since 1970.
pub(super) fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_found_wherever_it_stands() {
        let stamp = Stamp { step: 7, number: 123_456, sent_at: 1_798_123_456_789_012_345 };
        let mut body = b"{\"data\":{\"resource\":{\"mark\":\"".to_vec();
        let before = body.len();
        stamp.write(&mut body);
        assert_eq!(body.len() - before, LENGTH);
        body.extend_from_slice(b"\",\"title\":\"rzh-stamp-\"}}}");
        assert_eq!(Stamp::find(&body), Some(stamp));
        assert_eq!(Stamp::find(&body[before..before + LENGTH]), Some(stamp));
    }

    #[test]
    fn what_is_no_mark_is_not_taken_for_one() {
        let mut text = Vec::new();
        Stamp { step: 1, number: 2, sent_at: 3 }.write(&mut text);
        assert_eq!(Stamp::find(&text[..LENGTH - 1]), None, "cut off");
        let broken = String::from_utf8(text).unwrap().replacen('-', "+", 4);
        assert_eq!(Stamp::find(broken.as_bytes()), None, "{broken}");
        assert_eq!(Stamp::find(b"rzh-stamp-0000000g-0000000000000000-0000000000000000"), None);
        assert_eq!(Stamp::find(b""), None);
    }
}
