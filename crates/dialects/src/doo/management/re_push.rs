//! What a client sends to have stored resources pushed anew.

use std::sync::Arc;

use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};
use serde_json::Value;
use uuid::Uuid;

use rendezhook_domain::resource::{ResourceId, ResourceKind};
use rendezhook_domain::time::Timestamp;

use super::error::RequestError;
use super::fields::{Fields, Problems, beginning, object};
use crate::doo::HookType;

/// How many deliveries a minute are made at most, and when the request says nothing.
pub const MAXIMUM_PUSHES_PER_MINUTE: u32 = 50;

/// How many types a request may name. There are fewer, but with an origin a type has many names.
const MAXIMUM_TYPES: usize = 50;

/// What the document calls CET: the time in Germany, an hour before UTC in winter and two in summer.
const ZONE: &str = "Europe/Berlin";
/// How the official names of types begin; groups leave it out.
const OFFICIAL_BEGINNING: &str = "on_";

/// Which stored resources are pushed anew, to which hooks, and how fast.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RePushRequest {
    /// The kind of the resources: events or orders.
    pub kind: ResourceKind,
    /// The number of the organization whose resources they are. Without it they are those of [`Self::event`].
    pub organization: Option<u32>,
    /// Only this event and its orders.
    pub event: Option<Arc<str>>,
    /// Only what changed at this instant or later.
    pub updated_after: Option<Timestamp>,
    /// Only what changed before this instant.
    pub updated_before: Option<Timestamp>,
    /// Only to hooks of these types, which are of the kind of the resources; to those of every type of that kind when empty.
    pub hook_types: Vec<HookType>,
    /// Only to the hooks of this group.
    pub group: Option<Uuid>,
    /// How many deliveries a minute are made, 1 to [`MAXIMUM_PUSHES_PER_MINUTE`].
    pub per_minute: u32,
}

impl RePushRequest {
    /// Reads the body of a request about resources of a kind. Nulls and unknown fields are ignored. A rate above
    /// [`MAXIMUM_PUSHES_PER_MINUTE`] counts as that one.
    ///
    /// Instants are written in RFC 3339, or as `2026-01-15` or `2026-01-15 09:30:00` in the time of Germany.
    ///
    /// # Errors
    /// When the body is no JSON object, names neither an organization nor an event, or some of its fields are not valid; then each
    /// of those is named.
    pub fn parse(body: &[u8], kind: ResourceKind) -> Result<Self, RequestError> {
        let members = object(body)?;
        let fields = Fields::of_body(&members);
        let mut problems = Problems::default();
        let request = read(&fields, kind, &mut problems);
        problems.or(Some(request))
    }
}

/// Problems are noted; whoever reads the request looks for them.
fn read(fields: &Fields<'_>, kind: ResourceKind, problems: &mut Problems) -> RePushRequest {
    if fields.optional("organization_id").or(fields.optional("event_id")).is_none() {
        problems.add(fields.place("organization_id"), "is missing; give it or event_id");
    }
    let updated_after = instant(fields, "last_updated_after", problems);
    let updated_before = instant(fields, "last_updated_before", problems);
    if updated_after.zip(updated_before).is_some_and(|(after, before)| after >= before) {
        problems.add(fields.place("last_updated_after"), "must be earlier than last_updated_before");
    }
    RePushRequest {
        kind,
        organization: organization(fields, problems),
        event: event(fields, problems),
        updated_after,
        updated_before,
        hook_types: hook_types(fields, kind, problems),
        group: group(fields, problems),
        per_minute: per_minute(fields, problems),
    }
}

fn organization(fields: &Fields<'_>, problems: &mut Problems) -> Option<u32> {
    let number = fields.optional_id("organization_id", problems)?.parse();
    number
        .map_err(|_| problems.add(fields.place("organization_id"), "must be the number of an organization"))
        .ok()
}

fn event(fields: &Fields<'_>, problems: &mut Problems) -> Option<Arc<str>> {
    let id = fields.optional_id("event_id", problems)?;
    let id = ResourceId::new(&id).map_err(|error| problems.add(fields.place("event_id"), error.to_string()));
    id.ok().map(|id| Arc::from(id.as_str()))
}

fn group(fields: &Fields<'_>, problems: &mut Problems) -> Option<Uuid> {
    let id = fields.optional_id("webhook_configuration_id", problems)?.parse();
    id.map_err(|_| {
        problems.add(fields.place("webhook_configuration_id"), "must be the id of a group of hooks")
    })
    .ok()
}

fn per_minute(fields: &Fields<'_>, problems: &mut Problems) -> u32 {
    let Some(sent) = fields.optional("max_rate_per_min") else {
        return MAXIMUM_PUSHES_PER_MINUTE;
    };
    match sent.as_u64() {
        Some(rate) if rate >= 1 => u32::try_from(rate).unwrap_or(u32::MAX).min(MAXIMUM_PUSHES_PER_MINUTE),
        _ => {
            problems.add(fields.place("max_rate_per_min"), "must be a whole number, 1 or more");
            MAXIMUM_PUSHES_PER_MINUTE
        }
    }
}

/// Takes the name in a group, the listed one and the official one.
fn hook_types(fields: &Fields<'_>, kind: ResourceKind, problems: &mut Problems) -> Vec<HookType> {
    let sent = match fields.optional("webhook_type") {
        None => return Vec::new(),
        Some(Value::Array(sent)) => sent.as_slice(),
        Some(one) => std::slice::from_ref(one),
    };
    if sent.len() > MAXIMUM_TYPES {
        let sentence = format!("has {} types; it may have at most {MAXIMUM_TYPES}", sent.len());
        problems.add(fields.place("webhook_type"), sentence);
        return Vec::new();
    }
    let mut hook_types = Vec::new();
    for (index, name) in sent.iter().enumerate() {
        let name = name.as_str().unwrap_or_default();
        let plain = name.strip_prefix(OFFICIAL_BEGINNING).unwrap_or(name);
        match HookType::of_listed_name(plain).filter(|hook_type| hook_type.kind() == kind) {
            Some(hook_type) if hook_types.contains(&hook_type) => {}
            Some(hook_type) => hook_types.push(hook_type),
            None => {
                let of_kind = HookType::ALL.into_iter().filter(|hook_type| hook_type.kind() == kind);
                let offered = of_kind.map(HookType::name).collect::<Vec<_>>().join(", ");
                let place = fields.place(&format!("webhook_type[{index}]"));
                problems.add(place, format!("\"{}\" is none of: {offered}", beginning(name)));
            }
        }
    }
    hook_types
}

fn instant(fields: &Fields<'_>, name: &str, problems: &mut Problems) -> Option<Timestamp> {
    fields.optional(name)?;
    let text = fields.string(name, problems)?.trim();
    let instant = text.parse().ok().or_else(|| in_germany(text));
    if instant.is_none() {
        let example = "write it like 2026-01-15T09:30:00Z, 2026-01-15 09:30:00 or 2026-01-15";
        problems.add(fields.place(name), format!("\"{}\" is no instant; {example}", beginning(text)));
    }
    instant
}

/// A day stands for its first moment.
fn in_germany(text: &str) -> Option<Timestamp> {
    let civil: DateTime = text.parse().ok()?;
    let zone = TimeZone::get(ZONE).unwrap_or_else(|_| TimeZone::fixed(Offset::constant(1)));
    let zoned = civil.to_zoned(zone).ok()?;
    Some(Timestamp::from_milliseconds(zoned.timestamp().as_millisecond()))
}
