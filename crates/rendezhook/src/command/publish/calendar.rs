//! The events of a calendar as new states, from which the server derives what happened.

use std::process::ExitCode;

use rendezhook_sources::icalendar::{self, CalendarEvent, Effect, Limits, Problem};
use serde_json::{Value, json};

use super::actions::{counted, deliveries};
use super::server::{Call, Server};
use crate::client::ClientError;
use crate::command::input::{Input, InputError};
use crate::command::output::{self, printable};

/// How long a calendar may be, in MiB.
const MAXIMUM_MEBIBYTES: usize = 16;

/// How the command ends when something was left out.
const SOMETHING_SKIPPED: u8 = 2;

/// A calendar was not published to its end.
#[derive(Debug, thiserror::Error)]
pub(super) enum CalendarError {
    /// It cannot be read.
    #[error(transparent)]
    Input(#[from] InputError),
    /// A call failed in a way that the next would too.
    #[error(
        "the event on line {line} of {name} and those after it were not published; publish the same calendar again, what was published is not changed by it"
    )]
    Failed {
        /// The calendar.
        name: String,
        /// Where the event begins.
        line: usize,
        /// Why.
        source: ClientError,
    },
}

/// What came of the events.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Tally {
    changed: u64,
    unchanged: u64,
    refused: u64,
    deliveries: u64,
}

/// Publishes every event of a calendar, and says what each led to.
///
/// # Errors
/// When the calendar cannot be read, the server cannot be reached or accepts nothing from this key.
pub(super) fn publish(
    server: &impl Server,
    input: Input,
    json: bool,
    print: &mut dyn FnMut(String),
) -> Result<ExitCode, CalendarError> {
    let name = input.name.clone();
    let text = input.read_whole(MAXIMUM_MEBIBYTES, "export a shorter span of time")?;
    let reading = icalendar::read(&text, Limits { bytes: text.len(), ..Limits::default() });
    let mut tally = Tally::default();
    for event in &reading.events {
        match put(server, event) {
            Ok(answer) => {
                tally.count(&answer);
                print(if json { json_line(event, &answer) } else { told(event, &answer) });
            }
            Err(ClientError::Refused { status: 400 | 413 | 422, said, .. }) => {
                tally.refused += 1;
                output::note(format!("{name}, line {}: the server refuses this event: {said}", event.line));
            }
            Err(source) => return Err(CalendarError::Failed { name, line: event.line, source }),
        }
    }
    for problem in &reading.problems {
        output::note(printable(&format!("{name}, {problem}")));
    }
    if !json {
        print(summary(tally, &reading.problems));
    }
    let skipped = reading.problems.iter().any(|problem| problem.effect == Effect::Skipped);
    let all_read = !skipped && tally.refused == 0;
    Ok(if all_read { ExitCode::SUCCESS } else { ExitCode::from(SOMETHING_SKIPPED) })
}

fn put(server: &impl Server, event: &CalendarEvent) -> Result<Value, ClientError> {
    let query = event.last_modified.map(|instant| format!("?occurred_at={instant}")).unwrap_or_default();
    let body = Value::Object(event.resource.clone()).to_string();
    server.call(&Call {
        method: "PUT",
        path: format!("/api/v1/resources/event/{}{query}", path_segment(&event.resource_id)),
        content_type: "application/json",
        body: body.as_bytes(),
        idempotency_key: None,
    })
}

/// A text as one part of a path: all but the unreserved characters percent-encoded (RFC 3986, sections 2.1 and 2.3).
fn path_segment(text: &str) -> String {
    let mut segment = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                segment.push(char::from(byte))
            }
            _ => segment.push_str(&format!("%{byte:02X}")),
        }
    }
    segment
}

fn actions_of(answer: &Value) -> &[Value] {
    answer.get("actions").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// `created, confirmed   Dental check-up (booking-1@clinic.example), 2 deliveries`.
fn told(event: &CalendarEvent, answer: &Value) -> String {
    let actions = actions_of(answer);
    let names: Vec<&str> = actions
        .iter()
        .filter_map(|action| action.get("action").and_then(Value::as_str))
        .map(|name| name.strip_prefix("event.").unwrap_or(name))
        .collect();
    let happened = if names.is_empty() { "nothing changed".to_owned() } else { names.join(", ") };
    let title = event.resource.get("title").and_then(Value::as_str).unwrap_or("(no title)");
    let made = match actions.iter().map(deliveries).sum() {
        0 => String::new(),
        number => format!(", {}", counted(number, "delivery", "deliveries")),
    };
    printable(&format!("{happened:<20} {title} ({}){made}", event.resource_id))
}

fn json_line(event: &CalendarEvent, answer: &Value) -> String {
    json!({ "line": event.line, "resource_id": event.resource_id, "answer": answer }).to_string()
}

fn summary(tally: Tally, problems: &[Problem]) -> String {
    let Tally { changed, unchanged, refused, deliveries } = tally;
    let skipped = problems.iter().filter(|problem| problem.effect == Effect::Skipped).count();
    let tolerated = problems.len() - skipped;
    let mut text = if changed == 0 && refused == 0 {
        format!("nothing changed: {} as before", counted(unchanged, "event is", "events are"))
    } else {
        let events = counted(changed, "event", "events");
        format!("{events} changed, {unchanged} unchanged; {}", counted(deliveries, "delivery", "deliveries"))
    };
    if refused > 0 {
        text.push_str(&format!("; {refused} refused"));
    }
    if skipped > 0 {
        text.push_str(&format!("; {skipped} skipped"));
    }
    if tolerated > 0 {
        text.push_str(&format!(
            "; {} not read in full",
            counted(u64::try_from(tolerated).unwrap_or(u64::MAX), "place", "places")
        ));
    }
    text
}

impl Tally {
    fn count(&mut self, answer: &Value) {
        let actions = actions_of(answer);
        if actions.is_empty() {
            self.unchanged += 1;
        } else {
            self.changed += 1;
        }
        self.deliveries += actions.iter().map(deliveries).sum::<u64>();
    }
}

#[cfg(test)]
mod tests;
