//! When an action expires that was given no end of its own, as its organization wants it.

use std::time::Duration;

use crate::action::ActionName;
use crate::facts::Facts;
use crate::json::Json;
use crate::lifecycle::{is_confirmed_now, period};
use crate::resource::ResourceKind;
use crate::time::Timestamp;

/// The longest default expiry, in hours: 366 days.
pub const MAXIMUM_HOURS: u16 = 8_784;

/// The end of an action on a resource in this state: so many hours after the later of its acceptance and the end of the event.
///
/// `None` for cancellations and removals, which somebody has to learn however late it is. An event that has no confirmed date, and
/// what is no event, counts from acceptance.
#[must_use]
pub fn default_expiry(
    hours: u16,
    action: &ActionName,
    facts: &Facts,
    resource: &impl Json,
    accepted_at: Timestamp,
) -> Option<Timestamp> {
    let must_arrive = [".cancelled", ".removed"].iter().any(|end| action.as_str().ends_with(end));
    if must_arrive {
        return None;
    }
    let event_end = || {
        let is_event = action.kind() == Some(ResourceKind::Event);
        let takes_place = is_event && is_confirmed_now(facts, resource);
        let end = takes_place.then(|| period(resource)).flatten()?.end;
        Some(Timestamp::from_milliseconds(end.timestamp().as_millisecond()))
    };
    let from = event_end().map_or(accepted_at, |end| end.max(accepted_at));
    Some(from.after(Duration::from_secs(u64::from(hours) * 3_600)))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const ACCEPTED: Timestamp = Timestamp::from_milliseconds(1_768_469_400_000);

    fn expiry(action: &str, confirmed: bool, resource: &Value) -> Option<String> {
        let facts = Facts {
            version: 1,
            occurred_at: ACCEPTED,
            created_at: Some(ACCEPTED),
            ever_confirmed: confirmed,
            cancelled: false,
            removed: false,
            confirmed_time: None,
        };
        let expiry = default_expiry(6, &action.parse().unwrap(), &facts, resource, ACCEPTED);
        expiry.map(|instant| instant.to_string())
    }

    fn event(end: &str) -> Value {
        json!({"dates": [{"date": "2026-01-10T09:00:00Z", "end_date": end}]})
    }

    #[test]
    fn counts_from_the_later_of_acceptance_and_the_end_of_the_event() {
        let after_acceptance = Some(String::from("2026-01-15T15:30:00.000Z"));
        let coming = event("2026-01-20T10:00:00Z");
        assert_eq!(expiry("event.updated", true, &coming), Some(String::from("2026-01-20T16:00:00.000Z")));
        assert_eq!(expiry("event.updated", true, &event("2026-01-10T10:00:00Z")), after_acceptance);
        assert_eq!(expiry("event.voted", false, &coming), after_acceptance, "no date is confirmed");
        assert_eq!(expiry("order.created", true, &coming), after_acceptance, "an order does not take place");
        assert_eq!(expiry("event.edited", true, &json!({"dates": "soon"})), after_acceptance);
    }

    #[test]
    fn cancellations_and_removals_have_no_end() {
        for action in ["event.cancelled", "event.removed", "order.cancelled", "order.removed"] {
            assert_eq!(expiry(action, true, &event("2026-01-20T10:00:00Z")), None, "{action}");
        }
    }
}
