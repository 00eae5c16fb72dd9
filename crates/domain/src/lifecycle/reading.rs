//! What matters of a resource's body. Reading is tolerant: publishers write the same thing in many ways, and a field that
//! cannot be understood means what its absence means.

use std::borrow::Cow;

use serde_json::Value;

use crate::facts::Facts;
use crate::resource::{ResourceId, ResourceKind};
use crate::time::Timestamp;

/// What a status must say for an order to count as cancelled.
const CANCELLED_STATUSES: [&str; 4] =
    ["cancelled", "canceled", "organizer_cancelled", "organizer_accepted_cancellation"];

/// What the lifecycle wants to know of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct State {
    pub(super) confirmed: bool,
    pub(super) cancelled: bool,
    /// The start of the confirmed date; `None` unless confirmed.
    pub(super) confirmed_time: Option<Timestamp>,
}

impl State {
    pub(super) fn read(kind: ResourceKind, resource: &Value) -> Self {
        match kind {
            ResourceKind::Event => {
                let confirmed = Self::read_confirmed(resource);
                let confirmed_time = if confirmed { confirmed_time(resource) } else { None };
                Self { confirmed, cancelled: read_cancelled(resource), confirmed_time }
            }
            ResourceKind::Order => {
                let statuses = [resource.get("status"), resource.pointer("/order_details/status")];
                let says_cancelled =
                    |status: &Value| status.as_str().is_some_and(|text| CANCELLED_STATUSES.contains(&text));
                let by_status = statuses.into_iter().flatten().any(says_cancelled);
                Self {
                    confirmed: false,
                    cancelled: by_status || read_cancelled(resource),
                    confirmed_time: None,
                }
            }
            ResourceKind::User
            | ResourceKind::Vyteme
            | ResourceKind::Subscription
            | ResourceKind::Delivery => Self { confirmed: false, cancelled: false, confirmed_time: None },
        }
    }

    /// `confirmed` of an event: an object counts by its `flag`, anything else by itself.
    pub(super) fn read_confirmed(resource: &Value) -> bool {
        match resource.get("confirmed") {
            Some(Value::Object(fields)) => fields.get("flag").is_some_and(is_set),
            Some(value) => is_set(value),
            None => false,
        }
    }
}

/// Whether a date and/or place of an event is decided, by its `confirmed`: an object counts by its `flag`, anything else by itself.
#[must_use]
pub fn is_confirmed(resource: &Value) -> bool {
    State::read_confirmed(resource)
}

/// Whether a date or place of an event is decided now. Who publishes `event.confirmed` by name may leave the state to say nothing
/// about it; then it counts as confirmed since.
#[must_use]
pub fn is_confirmed_now(facts: &Facts, resource: &Value) -> bool {
    if resource.get("confirmed").is_some() { is_confirmed(resource) } else { facts.ever_confirmed }
}

/// Whether an order is cancelled, by its status or by `cancelled`; an event by `cancelled` alone.
#[must_use]
pub fn is_cancelled(kind: ResourceKind, resource: &Value) -> bool {
    State::read(kind, resource).cancelled
}

/// `cancelled`: the Vyte document shows the time of the cancellation; others write true, or an object with details.
fn read_cancelled(resource: &Value) -> bool {
    resource.get("cancelled").is_some_and(is_set)
}

fn is_set(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(flag) => *flag,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !matches!(text.trim(), "" | "false"),
        Value::Array(items) => !items.is_empty(),
        Value::Object(fields) => fields.get("flag").map_or(!fields.is_empty(), is_set),
    }
}

/// The confirmed date of an event: the one of its `dates` that `confirmed.date_id` names, else the only one, else the first.
/// Whether a date is confirmed at all is not asked.
#[must_use]
pub fn confirmed_date(resource: &Value) -> Option<&Value> {
    confirmed_of(resource, "dates", "/confirmed/date_id")
}

/// The confirmed place of an event, found as [`confirmed_date`] finds the date.
#[must_use]
pub fn confirmed_place(resource: &Value) -> Option<&Value> {
    confirmed_of(resource, "places", "/confirmed/place_id")
}

fn confirmed_of<'a>(resource: &'a Value, list: &str, chosen: &str) -> Option<&'a Value> {
    let offered = resource.get(list)?.as_array()?;
    let named = resource.pointer(chosen).filter(|id| !id.is_null());
    let has_that_id =
        |item: &&Value| ["_id", "id"].iter().any(|key| named.is_some() && item.get(key) == named);
    offered.iter().find(has_that_id).or_else(|| offered.first())
}

/// The event that a resource belongs to: an event is its own, an order names the one it is for in `event.id` or `event_id`, as a
/// text or a number.
#[must_use]
pub fn event_of<'a>(kind: ResourceKind, id: &'a ResourceId, resource: &'a Value) -> Option<Cow<'a, str>> {
    match kind {
        ResourceKind::Event => Some(Cow::Borrowed(id.as_str())),
        ResourceKind::Order => match resource.pointer("/event/id").or_else(|| resource.get("event_id"))? {
            Value::String(text) => Some(Cow::Borrowed(text)),
            Value::Number(number) => Some(Cow::Owned(number.to_string())),
            _ => None,
        },
        ResourceKind::User | ResourceKind::Vyteme | ResourceKind::Subscription | ResourceKind::Delivery => {
            None
        }
    }
}

fn confirmed_time(resource: &Value) -> Option<Timestamp> {
    instant(confirmed_date(resource)?.get("date")?.as_str()?)
}

/// An instant, or the first moment of a day in UTC as all-day dates may be written.
#[must_use]
pub fn instant(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    text.parse().ok().or_else(|| {
        let day: jiff::civil::Date = text.parse().ok()?;
        let midnight = day.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
        Some(Timestamp::from_milliseconds(midnight.timestamp().as_millisecond()))
    })
}

#[cfg(test)]
mod tests;
