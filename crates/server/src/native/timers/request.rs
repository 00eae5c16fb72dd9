//! What a timer is made of, checked.

use std::time::Duration;

use rendezhook_domain::action::ActionName;
use rendezhook_domain::resource::ResourceKind;
use rendezhook_domain::timer::{Anchor, Condition, Offset, Rule};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::native::fields::FieldChecks;

/// The longest time of a timer that is given in seconds: 366 days.
const MAXIMUM_SECONDS: u32 = 366 * 86_400;

/// How far from its anchor a timer fires: a text such as `-15m`, `1d` or `-PT1H30M`, or a number of seconds.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(untagged, expecting = "expected a duration such as -15m, or a number of seconds")]
pub(super) enum OffsetRequest {
    /// Seconds by the clock.
    Seconds(i64),
    /// A duration of weeks, days, hours, minutes and seconds. Days are those of the calendar in the resource's `timezone`.
    Text(String),
}

impl OffsetRequest {
    pub(super) fn checked(&self, checks: &mut FieldChecks) -> Option<Offset> {
        match self {
            Self::Seconds(seconds) => checks.check("/offset", Offset::from_seconds(*seconds)),
            Self::Text(text) => checks.parse("/offset", text),
        }
    }
}

/// An action that a timer may fire: one of the publisher's own.
pub(super) fn action(checks: &mut FieldChecks, text: &str) -> Option<ActionName> {
    let action: ActionName = checks.parse("/action", text)?;
    if action.in_catalogue()
        || action.is_notice()
        || [".cancelled", ".removed"].iter().any(|end| text.ends_with(end))
    {
        checks.refuse(
            "/action",
            "this action says what happened to a resource; a timer needs one of your own, such as event.starting",
        );
        return None;
    }
    Some(action)
}

/// A condition by its name.
pub(super) fn condition(checks: &mut FieldChecks, text: &str) -> Option<Condition> {
    let unknown = "this is not a condition; there are: any, confirmed, unconfirmed";
    checks.check("/only_if", Condition::from_name(text).ok_or(unknown))
}

/// A number of seconds from 1 to 366 days.
pub(super) fn seconds(checks: &mut FieldChecks, pointer: &str, seconds: u32) {
    if !(1..=MAXIMUM_SECONDS).contains(&seconds) {
        let days = Duration::from_secs(u64::from(MAXIMUM_SECONDS)).as_secs() / 86_400;
        checks.refuse(
            pointer,
            format!("this must be a number of seconds from 1 to {MAXIMUM_SECONDS} ({days} days)"),
        );
    }
}

/// Checks that a rule can apply to resources of a kind.
pub(super) fn rule(checks: &mut FieldChecks, kind: Option<ResourceKind>, rule: &Rule) {
    let is_event = kind == Some(ResourceKind::Event);
    if rule.anchor.is_of_confirmed_date() && !is_event {
        checks.refuse(
            "/anchor",
            "only events start and end; use created, changed, or a JSON pointer to an instant in the resource",
        );
    }
    if rule.anchor.is_of_confirmed_date() && rule.condition == Condition::Unconfirmed {
        checks
            .refuse("/only_if", "an event that is not confirmed has no start and no end; use another anchor");
    }
    if rule.anchor == Anchor::Created && !rule.offset.is_after() {
        checks.refuse(
            "/offset",
            "nothing is known of a resource before it is created; choose an offset above zero",
        );
    }
    if rule.condition != Condition::Any && !is_event {
        checks.refuse("/only_if", "only events are confirmed; leave this out");
    }
}
