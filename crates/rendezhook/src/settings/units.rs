//! Durations and sizes as people write them: `15s`, `250ms`, `30d`, `256KiB`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::Deserialize;

/// A length of time that is not zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Span(Duration);

/// The text is no length of time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "\"{0}\" is not a length of time; write a number above 0 and a unit: ms, s, m, h or d (250ms, 15s, 30d)"
)]
pub(crate) struct SpanError(String);

const SPAN_UNITS: [(&str, u64); 5] =
    [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];

impl Span {
    /// So many seconds.
    #[must_use]
    pub(crate) const fn seconds(seconds: u64) -> Self {
        Self(Duration::from_secs(seconds))
    }

    /// So many days.
    #[must_use]
    pub(crate) const fn days(days: u64) -> Self {
        Self(Duration::from_secs(days * 86_400))
    }

    /// As a duration.
    #[must_use]
    pub(crate) const fn duration(self) -> Duration {
        self.0
    }
}

impl FromStr for Span {
    type Err = SpanError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refused = || SpanError(text.to_owned());
        let (number, unit) = split_unit(text).ok_or_else(refused)?;
        let (_, milliseconds) = SPAN_UNITS.iter().find(|(name, _)| *name == unit).ok_or_else(refused)?;
        let total = number.checked_mul(*milliseconds).filter(|total| *total > 0).ok_or_else(refused)?;
        Ok(Self(Duration::from_millis(total)))
    }
}

impl fmt::Display for Span {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let milliseconds = u64::try_from(self.0.as_millis()).unwrap_or(u64::MAX);
        let whole = SPAN_UNITS.iter().rev().find(|(_, unit)| milliseconds.is_multiple_of(*unit));
        match whole {
            Some((name, unit)) => write!(formatter, "{}{name}", milliseconds / unit),
            None => write!(formatter, "{milliseconds}ms"),
        }
    }
}

/// A number of bytes that is not zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ByteCount(u64);

/// The text is no number of bytes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is not a size; write a number above 0 and a unit: B, KiB or MiB (256KiB)")]
pub(crate) struct ByteCountError(String);

const BYTE_UNITS: [(&str, u64); 3] = [("B", 1), ("KiB", 1_024), ("MiB", 1_048_576)];

impl ByteCount {
    /// So many KiB.
    #[must_use]
    pub(crate) const fn kibibytes(count: u64) -> Self {
        Self(count * 1_024)
    }

    /// The number of bytes, as memory is counted.
    #[must_use]
    pub(crate) fn bytes(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

impl FromStr for ByteCount {
    type Err = ByteCountError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refused = || ByteCountError(text.to_owned());
        let (number, unit) = split_unit(text).ok_or_else(refused)?;
        let (_, bytes) = BYTE_UNITS.iter().find(|(name, _)| *name == unit).ok_or_else(refused)?;
        number.checked_mul(*bytes).filter(|total| *total > 0).map(Self).ok_or_else(refused)
    }
}

impl fmt::Display for ByteCount {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = BYTE_UNITS.iter().rev().find(|(_, unit)| self.0.is_multiple_of(*unit));
        let (name, unit) = whole.copied().unwrap_or(("B", 1));
        write!(formatter, "{}{name}", self.0 / unit)
    }
}

fn split_unit(text: &str) -> Option<(u64, &str)> {
    let text = text.trim();
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at_checked(digits)?;
    Some((number.parse().ok()?, unit.trim_start()))
}

/// Lets a type that people write as text be read from a string of the settings file.
macro_rules! deserialize_from_text {
    ($($name:ident),*) => {$(
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )*};
}

deserialize_from_text!(Span, ByteCount);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_prints_lengths_of_time() {
        for text in ["250ms", "15s", "10m", "36h", "30d"] {
            assert_eq!(text.parse::<Span>().unwrap().to_string(), text);
        }
        assert_eq!("120 s".parse::<Span>().unwrap().to_string(), "2m");
        for text in ["", "0s", "15", "s", "-1s", "1w", "99999999999999999999d"] {
            assert!(text.parse::<Span>().is_err(), "{text}");
        }
    }

    #[test]
    fn reads_and_prints_sizes() {
        assert_eq!("256KiB".parse::<ByteCount>().unwrap().bytes(), 262_144);
        assert_eq!("1024KiB".parse::<ByteCount>().unwrap().to_string(), "1MiB");
        for text in ["", "0B", "5", "5KB"] {
            assert!(text.parse::<ByteCount>().is_err(), "{text}");
        }
    }
}
