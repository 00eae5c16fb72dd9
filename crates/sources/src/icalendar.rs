//! Reading iCalendar files (RFC 5545) into canonical `event` resources.
//!
//! The result depends on the text alone: no clock, no file of the system, not even its time zone database. The same
//! file read twice gives the same bytes, and what an exporter renews at every export (`DTSTAMP`) is not in them, so
//! that comparing with the stored state finds real changes only.
//!
//! # How an event becomes a resource
//!
//! | iCalendar | resource |
//! |---|---|
//! | `UID` | the resource's id; for an instance of a recurring event (`RECURRENCE-ID`) the id is `UID/20260131T090000Z`, the instance's original start in UTC, or `UID/20260131` for whole days |
//! | `SUMMARY` | `title` |
//! | `DTSTART` and `DTEND` or `DURATION` | `dates[0]`: `date` and `end_date` in UTC with milliseconds. Whole days have `all_day: true`, `date` is 00:00Z of the first day and `end_date` 00:00Z of the day after the last |
//! | zone of `DTSTART` | `timezone`, its name in the time zone database; left out where the file describes a zone of its own that has no such name |
//! | `STATUS` | `TENTATIVE`: `confirmed.flag` is false; otherwise true. `CANCELLED`, or `METHOD:CANCEL` of the calendar: `cancelled` |
//! | `LOCATION` | `places[0]`: the first line is `name`, further ones `address` |
//! | `ORGANIZER` | `created_by` with `email` and `full_name` |
//! | `ATTENDEE` | `invitees[]` with `full_name`, `email`, `partstat`; `role` and `type` where they are not the default. People come before rooms and equipment; the organizer's own line is left out |
//! | `DESCRIPTION` | `messages[0].body` |
//! | `SEQUENCE` | `ics_sequence` |
//! | `RRULE`, `RDATE`, `EXDATE` | `rrule` as written, `rdates`, `exdates`; the event's own dates are those of its first instance |
//! | `RECURRENCE-ID` | `recurring_event` (the `UID`) and `recurrence_id` (the original start) |
//! | `URL`, `CONFERENCE`, `CATEGORIES`, `CLASS` | `url`, `conference_url`, `categories`, `class` |
//!
//! `cancelled` is the time of the cancellation: `LAST-MODIFIED`, or `DTSTAMP` where it means the same, or is that of
//! the cancelling message (RFC 5545 section 3.8.7.2: in a calendar without `METHOD`; and with `METHOD:CANCEL`). An
//! export with another `METHOD` renews `DTSTAMP` each time; there it is `CREATED`, or at last the value `true`.
//!
//! Answers and proposals (`METHOD` `REPLY`, `COUNTER`, `REFRESH`, `ADD` and `DECLINECOUNTER`) do not give the state of an
//! event and are not read. Of several revisions of an event in one file the newest is read, by `SEQUENCE`, then by
//! `LAST-MODIFIED`, then by its place in the file.
//!
//! # Times
//!
//! A `TZID` is looked for among the names of the time zone database, then those of Windows, then without the prefix
//! some programs put before a database name (`/freeassociation.sourceforge.net/Europe/Berlin`), then in the calendar's
//! `VTIMEZONE` components, whose rules are followed. A database name wins over a `VTIMEZONE` of that name: what writers
//! put there is often only an excerpt. Floating times are in the zone of the calendar (`X-WR-TIMEZONE`, or its only
//! `VTIMEZONE`), else in UTC. A time that the clocks skip is moved on by the gap, one that comes twice is the first.

use std::fmt;

use jiff::Timestamp;
use serde_json::{Map, Value};

mod calendar;
mod component;
mod duration;
mod event;
mod flaw;
mod frame;
mod identity;
mod lines;
mod moment;
mod observance;
mod people;
mod problems;
mod property;
mod recurrence;
mod resource;
mod zone;

use flaw::Flaw;
use frame::Framer;
use problems::Problems;

/// What [`Problem::component`] says of a problem that lies in no component.
const FILE: &str = "file";

/// A week of a small clinic, for demonstrations: nine bookings, one of them tentative, one cancelled, one on a whole day,
/// one weekly with a moved instance, in several time zones. All people are invented.
pub const SAMPLE_CALENDAR: &str = include_str!("../samples/week.ics");

/// How much of a calendar file is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Size of the file in bytes. A larger one is not read at all.
    pub bytes: usize,
    /// Number of events. Those after them are left out.
    pub events: usize,
    /// Properties of one component that are read. An event with more is left out.
    pub properties: usize,
    /// How deep components may be nested. An alarm in an event in a calendar is at 3.
    pub depth: usize,
    /// Number of problems listed one by one.
    pub problems: usize,
}

impl Default for Limits {
    /// 16 MiB, 20,000 events of up to 5,000 properties, nested 8 deep; 1,000 problems.
    fn default() -> Self {
        Self { bytes: 16 * 1024 * 1024, events: 20_000, properties: 5_000, depth: 8, problems: 1_000 }
    }
}

/// What a calendar file holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// The events that could be read, in the order of the file, each resource id once.
    pub events: Vec<CalendarEvent>,
    /// What could not be read, by line.
    pub problems: Vec<Problem>,
}

/// One event of a calendar file.
#[derive(Clone, Debug, PartialEq)]
pub struct CalendarEvent {
    /// 1–255 characters without control characters.
    pub resource_id: String,
    /// The line of its `BEGIN:VEVENT`, counted from 1.
    pub line: usize,
    /// `SEQUENCE`, the revision of the event, 0 where it is not given.
    pub sequence: u32,
    /// `LAST-MODIFIED`, or `DTSTAMP` in a calendar without `METHOD`, where it means the same.
    pub last_modified: Option<Timestamp>,
    /// The event no longer takes place.
    pub cancelled: bool,
    /// The canonical `event` resource.
    pub resource: Map<String, Value>,
}

/// Something in the file that could not be read as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The line in the file, counted from 1; of a folded line the first.
    pub line: usize,
    /// The component it lies in, such as `VEVENT`, or `file`.
    pub component: String,
    /// What is wrong, in words.
    pub reason: String,
    /// What came of it.
    pub effect: Effect,
}

/// What a [`Problem`] cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Reading went on in the same component; at most this line is lost.
    Tolerated,
    /// The component, or the file, is left out.
    Skipped,
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "line {}, {}: {}", self.line, self.component, self.reason)?;
        match self.effect {
            Effect::Tolerated => Ok(()),
            Effect::Skipped => write!(formatter, "; this {} is skipped", self.component),
        }
    }
}

/// Reads the events of a calendar file: one or several calendars as Google Calendar, Outlook, Apple Calendar and others
/// export them. Never fails as a whole: what cannot be read is in [`Reading::problems`].
pub fn read(text: &[u8], limits: Limits) -> Reading {
    let mut problems = Problems::new(limits.problems);
    let events = read_events(text, limits, &mut problems);
    Reading { events, problems: problems.into_list() }
}

fn read_events(text: &[u8], limits: Limits, problems: &mut Problems) -> Vec<CalendarEvent> {
    if text.len() > limits.bytes {
        let flaw = Flaw::FileTooLarge { bytes: text.len(), limit: limits.bytes };
        problems.skipped(1, FILE, &flaw);
        return Vec::new();
    }
    if text.starts_with(b"\xFE\xFF") || text.starts_with(b"\xFF\xFE") {
        problems.skipped(1, FILE, &Flaw::Utf16);
        return Vec::new();
    }
    let mut framer = Framer::new(limits, problems);
    for line in lines::content_lines(text) {
        framer.line(&line);
    }
    let calendars = framer.finish();
    if calendars.is_empty() {
        problems.skipped(1, FILE, &Flaw::NoCalendar);
    }
    let events = calendars.iter().flat_map(|calendar| calendar::read(calendar, problems)).collect();
    identity::each_once(events, problems)
}
