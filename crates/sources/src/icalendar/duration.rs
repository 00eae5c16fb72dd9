//! Durations (RFC 5545 section 3.3.6).

use jiff::{SignedDuration, Span};

use super::flaw::Flaw;

/// How long an event takes: days by the calendar and then hours by the clock, which differ where the clocks change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Duration {
    pub(super) days: i32,
    pub(super) time: SignedDuration,
}

impl Duration {
    pub(super) const ONE_DAY: Self = Self { days: 1, time: SignedDuration::ZERO };

    /// Reads `P1D`, `PT1H30M`, `P2W` and the like, none below zero.
    pub(super) fn parse(text: &str) -> Result<Self, Flaw> {
        Self::of(text).ok_or_else(|| Flaw::NotADuration(text.to_owned()))
    }

    fn of(text: &str) -> Option<Self> {
        let unsigned = text.strip_prefix('+').unwrap_or(text);
        // The parser of spans knows further notations, "2 hours" and months among them.
        let is_duration = unsigned.starts_with('P') && !unsigned.contains(['.', ' ', ',']);
        let span: Span = if is_duration { unsigned.parse().ok()? } else { return None };
        if span.get_years() != 0 || span.get_months() != 0 {
            return None;
        }
        let days = span.get_weeks().checked_mul(7)?.checked_add(span.get_days())?;
        let minutes = i64::from(span.get_hours()).checked_mul(60)?.checked_add(span.get_minutes())?;
        let seconds = minutes.checked_mul(60)?.checked_add(span.get_seconds())?;
        Some(Self { days, time: SignedDuration::from_secs(seconds) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_weeks_and_clock_times_are_read() {
        let read = |text| Duration::parse(text).map(|duration| (duration.days, duration.time.as_secs())).ok();
        assert_eq!(read("PT1H30M"), Some((0, 5_400)));
        assert_eq!(read("+P15DT5H0M20S"), Some((15, 18_020)));
        assert_eq!(read("P2W"), Some((14, 0)));
        assert_eq!(read("PT0S"), Some((0, 0)));
    }

    #[test]
    fn other_notations_and_negative_ones_are_refused() {
        for text in ["", "P", "-PT15M", "P1M", "P1Y", "PT1.5H", "2 hours", "P99999999999999999999D"] {
            assert!(Duration::parse(text).is_err(), "{text}");
        }
    }
}
