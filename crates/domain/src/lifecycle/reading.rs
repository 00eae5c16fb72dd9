//! What matters of a resource's body. Reading is tolerant: publishers write the same thing in many ways, and a field that
//! cannot be understood means what its absence means.

use std::borrow::Cow;

use super::difference::same;
use crate::facts::Facts;
use crate::json::{Json, Members, Shape};
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
    pub(super) fn read<J: Json>(kind: ResourceKind, resource: &J) -> Self {
        match kind {
            ResourceKind::Event => {
                let confirmed = Self::read_confirmed(resource);
                let confirmed_time = if confirmed { confirmed_time(resource) } else { None };
                Self { confirmed, cancelled: read_cancelled(resource), confirmed_time }
            }
            ResourceKind::Order => {
                let statuses = [resource.get("status"), resource.pointer("/order_details/status")];
                let says_cancelled =
                    |status: &J| status.as_str().is_some_and(|text| CANCELLED_STATUSES.contains(&text));
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
    pub(super) fn read_confirmed(resource: &impl Json) -> bool {
        let Some(confirmed) = resource.get("confirmed") else { return false };
        match confirmed.shape() {
            Shape::Object(fields) => fields.get("flag").is_some_and(is_set),
            _ => is_set(confirmed),
        }
    }
}

/// Whether a date and/or place of an event is decided, by its `confirmed`: an object counts by its `flag`, anything else by itself.
#[must_use]
pub fn is_confirmed(resource: &impl Json) -> bool {
    State::read_confirmed(resource)
}

/// Whether a date or place of an event is decided now. Who publishes `event.confirmed` by name may leave the state to say nothing
/// about it; then it counts as confirmed since.
#[must_use]
pub fn is_confirmed_now(facts: &Facts, resource: &impl Json) -> bool {
    if resource.get("confirmed").is_some() { is_confirmed(resource) } else { facts.ever_confirmed }
}

/// Whether an order is cancelled, by its status or by `cancelled`; an event by `cancelled` alone.
#[must_use]
pub fn is_cancelled(kind: ResourceKind, resource: &impl Json) -> bool {
    State::read(kind, resource).cancelled
}

/// `cancelled`: the Vyte document shows the time of the cancellation; others write true, or an object with details.
fn read_cancelled(resource: &impl Json) -> bool {
    resource.get("cancelled").is_some_and(is_set)
}

fn is_set<J: Json>(value: &J) -> bool {
    match value.shape() {
        Shape::Null => false,
        Shape::Bool(flag) => flag,
        Shape::Number(number) => number.as_f64() != Some(0.0),
        Shape::Text(text) => !matches!(text.trim(), "" | "false"),
        Shape::Array(items) => !items.is_empty(),
        Shape::Object(fields) => fields.get("flag").map_or(fields.count() > 0, is_set),
    }
}

/// The confirmed date of an event: the one of its `dates` that `confirmed.date_id` names, else the only one, else the first.
/// Whether a date is confirmed at all is not asked.
#[must_use]
pub fn confirmed_date<J: Json>(resource: &J) -> Option<&J> {
    confirmed_of(resource, "dates", "/confirmed/date_id")
}

/// The confirmed place of an event, found as [`confirmed_date`] finds the date.
#[must_use]
pub fn confirmed_place<J: Json>(resource: &J) -> Option<&J> {
    confirmed_of(resource, "places", "/confirmed/place_id")
}

fn confirmed_of<'a, J: Json>(resource: &'a J, list: &str, chosen: &str) -> Option<&'a J> {
    let offered = resource.get(list)?.as_array()?;
    let named = resource.pointer(chosen).filter(|id| !matches!(id.shape(), Shape::Null));
    let has_that_id = |item: &&J, named: &J| {
        ["_id", "id"].iter().any(|key| item.get(key).is_some_and(|id| same(id, named)))
    };
    let chosen = named.and_then(|named| offered.iter().find(|item| has_that_id(item, named)));
    chosen.or_else(|| offered.first())
}

/// The event that a resource belongs to: an event is its own, an order names the one it is for in `event.id` or `event_id`, as a
/// text or a number.
#[must_use]
pub fn event_of<'a>(kind: ResourceKind, id: &'a ResourceId, resource: &'a impl Json) -> Option<Cow<'a, str>> {
    match kind {
        ResourceKind::Event => Some(Cow::Borrowed(id.as_str())),
        ResourceKind::Order => {
            match resource.pointer("/event/id").or_else(|| resource.get("event_id"))?.shape() {
                Shape::Text(text) => Some(Cow::Borrowed(text)),
                Shape::Number(number) => Some(Cow::Owned(number.to_string())),
                _ => None,
            }
        }
        ResourceKind::User | ResourceKind::Vyteme | ResourceKind::Subscription | ResourceKind::Delivery => {
            None
        }
    }
}

fn confirmed_time(resource: &impl Json) -> Option<Timestamp> {
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
