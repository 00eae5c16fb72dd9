//! Time zones that a calendar describes itself (RFC 5545 section 3.6.5).

use jiff::civil::DateTime;
use jiff::tz::Offset;

use super::component::{Component, Kind};
use super::flaw::Flaw;
use super::moment::date_time;
use super::property::Property;

mod yearly;

use yearly::Yearly;

/// Most changes of the clocks that one zone may list, rules counted once. Every local time is looked up among them; the
/// whole history of a zone since 1900 has about 200.
const MOST_CHANGES: usize = 1_000;

/// The `STANDARD` and `DAYLIGHT` parts of a `VTIMEZONE`.
#[derive(Debug)]
pub(super) struct Observances {
    /// The one with the earliest start, and the others.
    earliest: Observance,
    others: Vec<Observance>,
}

/// One offset from UTC and the local times at which it comes into force.
#[derive(Debug)]
struct Observance {
    before: Offset,
    offset: Offset,
    start: DateTime,
    further: Vec<DateTime>,
    yearly: Option<Yearly>,
}

impl Observances {
    /// Reads a `VTIMEZONE`. An error comes with the line it lies on.
    pub(super) fn read(component: &Component) -> Result<Self, (usize, Flaw)> {
        let read: Result<Vec<_>, _> = component.children_of(Kind::Observance).map(Observance::read).collect();
        let mut others = read?;
        others.sort_by_key(|observance| observance.start);
        if others.is_empty() {
            return Err((component.line, Flaw::NoObservance));
        }
        let changes = others.iter().map(|observance| observance.further.len() + 1).sum::<usize>();
        if changes > MOST_CHANGES {
            return Err((component.line, Flaw::TooManyChanges(MOST_CHANGES)));
        }
        let earliest = others.remove(0);
        Ok(Self { earliest, others })
    }

    /// The offset in force at a local time: that of the latest change before it. Of a time that comes twice it is the
    /// offset of the first, of one that is skipped the offset before the gap.
    pub(super) fn offset_at(&self, local: DateTime) -> Offset {
        let all = std::iter::once(&self.earliest).chain(&self.others);
        let changes = all.filter_map(|observance| Some((observance.latest_onset(local)?, observance)));
        let Some((onset, observance)) = changes.max_by_key(|(onset, _)| *onset) else {
            return self.earliest.before;
        };
        let gap_seconds = observance.offset.seconds() - observance.before.seconds();
        let after_onset_seconds = local.duration_since(onset).as_secs();
        if after_onset_seconds < i64::from(gap_seconds) { observance.before } else { observance.offset }
    }
}

impl Observance {
    fn read(component: &Component) -> Result<Self, (usize, Flaw)> {
        let required = |name| component.first(name).ok_or((component.line, Flaw::Missing(name)));
        let start = required("DTSTART")?;
        let before = offset_of(required("TZOFFSETFROM")?)?;
        let offset = offset_of(required("TZOFFSETTO")?)?;
        let start = local_time(start.line, &start.value)?;
        let yearly = match component.first("RRULE") {
            Some(rule) => Some(Yearly::parse(&rule.value, start, before).map_err(|flaw| (rule.line, flaw))?),
            None => None,
        };
        let mut further = Vec::new();
        for property in component.all("RDATE") {
            for value in property.value.split(',') {
                further.push(local_time(property.line, value)?);
            }
        }
        Ok(Self { before, offset, start, further, yearly })
    }

    /// The latest time not after `local` at which this offset comes into force.
    fn latest_onset(&self, local: DateTime) -> Option<DateTime> {
        let single = self.further.iter().copied().chain([self.start]).filter(|onset| *onset <= local).max();
        let recurring = self.yearly.as_ref().and_then(|yearly| yearly.latest_onset(local));
        single.max(recurring)
    }
}

fn local_time(line: usize, value: &str) -> Result<DateTime, (usize, Flaw)> {
    // Some writers mark these local times as UTC.
    let local = value.trim().trim_end_matches('Z');
    date_time(local).ok_or_else(|| (line, Flaw::NotADate(value.to_owned())))
}

fn offset_of(property: &Property) -> Result<Offset, (usize, Flaw)> {
    let malformed = || (property.line, Flaw::NotAnOffset(property.value.to_string()));
    parse_offset(property.value.trim()).ok_or_else(malformed)
}

/// `+0100`, `-033000` and, as some write it, `+01:00` (RFC 5545 section 3.3.14).
fn parse_offset(text: &str) -> Option<Offset> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let digits = digits.replace(':', "");
    if !matches!(digits.len(), 4 | 6) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let part = |from: usize| digits.get(from..from + 2).map_or(Some(0), |part| part.parse::<i32>().ok());
    let seconds = part(0)? * 3_600 + part(2)? * 60 + part(4)?;
    Offset::from_seconds(sign * seconds).ok()
}

#[cfg(test)]
mod tests;
