//! One event: when it is, what became of it, and whether it can be read at all.

use jiff::Timestamp;
use serde_json::Value;

use super::CalendarEvent;
use super::calendar::Method;
use super::component::Component;
use super::duration::Duration;
use super::flaw::Flaw;
use super::moment::{Moment, iso};
use super::problems::Problems;
use super::recurrence;
use super::resource::{self, State};
use super::zone::Zones;

/// Given once at most (RFC 5545 section 3.6.1), as far as they are read.
const SINGLE: [&str; 15] = [
    "CLASS",
    "CREATED",
    "DESCRIPTION",
    "DTEND",
    "DTSTART",
    "DURATION",
    "LAST-MODIFIED",
    "LOCATION",
    "ORGANIZER",
    "RECURRENCE-ID",
    "RRULE",
    "SEQUENCE",
    "STATUS",
    "SUMMARY",
    "UID",
];

/// Reads an event; one that cannot be read becomes a problem.
pub(super) fn read(
    component: &Component,
    method: Method,
    zones: &Zones,
    problems: &mut Problems,
) -> Option<CalendarEvent> {
    match read_or_refuse(component, method, zones, problems) {
        Ok(event) => Some(event),
        Err((line, flaw)) => {
            problems.skipped(line, &component.name, &flaw);
            None
        }
    }
}

fn read_or_refuse(
    component: &Component,
    method: Method,
    zones: &Zones,
    problems: &mut Problems,
) -> Result<CalendarEvent, (usize, Flaw)> {
    if let Some((line, name)) = component.unreadable {
        return Err((component.line, Flaw::Unreadable { name, line }));
    }
    report_repeated(component, problems);
    let uid = component.first("UID").ok_or((component.line, Flaw::Missing("UID")))?;
    let uid_text = uid.text();
    let instance = recurrence::instance(component, zones, problems)?;
    let resource_id =
        recurrence::resource_id(&uid_text, instance.as_ref()).map_err(|flaw| (uid.line, flaw))?;

    let status = status(component, problems);
    let is_cancelled = method == Method::Cancel || status == Status::Cancelled;
    let times = times(component, zones)?;
    // Only a cancellation is complete without a time (RFC 5546 section 3.2.5).
    if times.is_none() && !is_cancelled {
        return Err((component.line, Flaw::Missing("DTSTART")));
    }
    let last_modified = last_modified(component, method, zones, problems);
    let sequence = sequence(component, problems);
    let state = State {
        uid: uid_text,
        instance,
        times,
        confirmed: status != Status::Tentative,
        cancelled: is_cancelled.then(|| cancelled(component, method, last_modified, zones, problems)),
        sequence,
    };
    Ok(CalendarEvent {
        resource_id,
        line: component.line,
        sequence,
        last_modified,
        cancelled: is_cancelled,
        resource: resource::build(component, &state, zones, problems),
    })
}

/// When an event begins and ends.
pub(super) struct Times {
    pub(super) start: Moment,
    /// Not part of the event any more: of whole days the day after the last.
    pub(super) end: Moment,
}

fn times(component: &Component, zones: &Zones) -> Result<Option<Times>, (usize, Flaw)> {
    let Some(property) = component.first("DTSTART") else { return Ok(None) };
    let start = Moment::of(property, zones).map_err(|flaw| (property.line, flaw))?;
    let start_instant = start.instant().map_err(|flaw| (property.line, flaw))?;
    let (line, end) = end(component, zones, property.line, &start)?;
    let is_mixed =
        matches!((&start, &end), (Moment::Day(_), Moment::Time(_)) | (Moment::Time(_), Moment::Day(_)));
    if is_mixed {
        return Err((line, Flaw::MixedDates));
    }
    let end_instant = end.instant().map_err(|flaw| (line, flaw))?;
    if end_instant < start_instant {
        return Err((line, Flaw::EndBeforeStart));
    }
    let is_empty_day = end_instant == start_instant && matches!(start, Moment::Day(_));
    // Some programs take DTEND for the last day instead of the one after it.
    let end = if is_empty_day { next_day(&start, line)? } else { end };
    Ok(Some(Times { start, end }))
}

/// The end with the line it comes from. Without `DTEND` and `DURATION` an event on a day lasts that day, another ends
/// when it begins (RFC 5545 section 3.6.1).
fn end(
    component: &Component,
    zones: &Zones,
    start_line: usize,
    start: &Moment,
) -> Result<(usize, Moment), (usize, Flaw)> {
    if let Some(property) = component.first("DTEND") {
        let end = Moment::of(property, zones).map_err(|flaw| (property.line, flaw))?;
        return Ok((property.line, end));
    }
    if let Some(property) = component.first("DURATION") {
        let duration = Duration::parse(&property.value);
        let end = duration.and_then(|duration| start.after(duration));
        return Ok((property.line, end.map_err(|flaw| (property.line, flaw))?));
    }
    match start {
        Moment::Day(_) => Ok((start_line, next_day(start, start_line)?)),
        Moment::Time(_) => Ok((start_line, start.clone())),
    }
}

fn next_day(day: &Moment, line: usize) -> Result<Moment, (usize, Flaw)> {
    day.after(Duration::ONE_DAY).map_err(|flaw| (line, flaw))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Status {
    Tentative,
    Confirmed,
    Cancelled,
}

fn status(component: &Component, problems: &mut Problems) -> Status {
    let Some(property) = component.first("STATUS") else { return Status::Confirmed };
    let status = property.text().to_ascii_uppercase();
    match status.as_str() {
        "TENTATIVE" => Status::Tentative,
        "CONFIRMED" => Status::Confirmed,
        "CANCELLED" | "CANCELED" => Status::Cancelled,
        _ => {
            problems.tolerated(property.line, &component.name, &Flaw::NotAStatus(status));
            Status::Confirmed
        }
    }
}

fn sequence(component: &Component, problems: &mut Problems) -> u32 {
    let Some(property) = component.first("SEQUENCE") else { return 0 };
    property.value.trim().parse().unwrap_or_else(|_| {
        let flaw = Flaw::NotASequence(property.value.to_string());
        problems.tolerated(property.line, &component.name, &flaw);
        0
    })
}

/// `LAST-MODIFIED`; in a calendar without `METHOD` also `DTSTAMP`, which means the same there (RFC 5545 section
/// 3.8.7.2). With a `METHOD` it is the time of the export, and new each time.
fn last_modified(
    component: &Component,
    method: Method,
    zones: &Zones,
    problems: &mut Problems,
) -> Option<Timestamp> {
    let modified = instant_of(component, "LAST-MODIFIED", zones, problems);
    match method {
        Method::Absent => modified.or_else(|| instant_of(component, "DTSTAMP", zones, problems)),
        Method::Cancel | Method::State => modified,
    }
}

/// The time of a cancellation, as far as the calendar gives one that stays the same from export to export.
fn cancelled(
    component: &Component,
    method: Method,
    last_modified: Option<Timestamp>,
    zones: &Zones,
    problems: &mut Problems,
) -> Value {
    let time = last_modified.or_else(|| {
        let fallback = if method == Method::Cancel { "DTSTAMP" } else { "CREATED" };
        instant_of(component, fallback, zones, problems)
    });
    time.map_or(Value::Bool(true), |time| Value::String(iso(time)))
}

fn instant_of(
    component: &Component,
    name: &str,
    zones: &Zones,
    problems: &mut Problems,
) -> Option<Timestamp> {
    let property = component.first(name)?;
    match Moment::of(property, zones).and_then(|moment| moment.instant()) {
        Ok(instant) => Some(instant),
        Err(flaw) => {
            problems.tolerated(property.line, &component.name, &flaw);
            None
        }
    }
}

fn report_repeated(component: &Component, problems: &mut Problems) {
    for name in SINGLE {
        for property in component.all(name).skip(1) {
            problems.tolerated(property.line, &component.name, &Flaw::Repeated(name));
        }
    }
}
