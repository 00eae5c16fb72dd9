//! Reading members of resources.

use serde_json::Value;

use rendezhook_domain::lifecycle::instant;
use rendezhook_domain::time::Timestamp;

/// A text member that says something.
pub(crate) fn text<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    value.get(name)?.as_str().filter(|text| !text.trim().is_empty())
}

/// When an event was cancelled: `cancelled` itself, or the `date` of its details, or when the action happened.
pub(crate) fn cancelled_at(resource: &Value, occurred_at: Timestamp) -> Timestamp {
    let said = text(resource, "cancelled")
        .or_else(|| resource.get("cancelled").and_then(|details| text(details, "date")));
    said.and_then(instant).unwrap_or(occurred_at)
}
