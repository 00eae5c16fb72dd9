//! Events in doo's shape: the members of `EventsIdEditGetResponse` in doo's public API definition that an event here can fill.
//!
//! | member | from |
//! |---|---|
//! | `id`, `event_id` | the id of the resource |
//! | `user_id`, `external_user_id` | `created_by.user`, else the user whom the action names |
//! | `title`, `description` | the same |
//! | `organizer_name` | `created_by.full_name` |
//! | `venue_name`, `venue_address` | `name` and `address` of the place |
//! | `start_date`, `end_date` | `date` and `end_date` of the date |
//! | `created_date` | `createdAt`, else `created_at` |
//! | `update_date` | `updatedAt`, else `updated_at`, else when the action happened |
//! | `live_date` | `confirmed.updated_at` of a confirmed event |
//! | `cancelled_date` | `cancelled`, or when the action happened, of a cancelled event |
//! | `is_deleted`, `deletion_date` | whether the action is a removal, and when it happened |
//! | `status` | `deleted` for a removal, else `cancelled`, else `done` when it had ended before the action, `live` when it is confirmed, `draft` otherwise |
//! | `address` | `formatted_address` as `venue_address`, `timezone_id` from `timezone` |
//! | `contact` | `name`, `email` and `phone` of `created_by`, and the name of the organization |
//! | `participants_count` | how many `invitees` there are |
//!
//! Date and place are the confirmed ones; before that they are told only where there is just one. Instants are in UTC with
//! `+00:00`. Members that nothing is known of are null.
//!
//! A member that the resource has under doo's own name stays as it was published, and all others of the resource follow behind
//! unchanged, so that nothing of it is lost. Only what makes a removal is told by the action alone.

use serde::Serialize;
use serde_json::{Map, Value};

use rendezhook_domain::accepted::AcceptedAction;
use rendezhook_domain::action::{EVENT_CANCELLED, EVENT_REMOVED};
use rendezhook_domain::lifecycle::{confirmed_date, confirmed_place, instant, is_cancelled, is_confirmed};
use rendezhook_domain::organization::Organization;
use rendezhook_domain::resource::ResourceKind;
use rendezhook_domain::time::Timestamp;

use crate::moment;
use crate::reading::{cancelled_at, text};

const DELETED: &str = "deleted";

/// What doo calls the members.
#[derive(Serialize)]
struct Event<'a> {
    id: &'a str,
    event_id: &'a str,
    user_id: Option<&'a str>,
    external_user_id: Option<&'a str>,
    title: Option<&'a str>,
    description: Option<&'a str>,
    organizer_name: Option<&'a str>,
    venue_name: Option<&'a str>,
    venue_address: Option<&'a str>,
    start_date: Option<String>,
    end_date: Option<String>,
    created_date: Option<String>,
    update_date: Option<String>,
    live_date: Option<String>,
    cancelled_date: Option<String>,
    is_deleted: bool,
    deletion_date: Option<String>,
    status: &'static str,
    address: Address<'a>,
    contact: Contact<'a>,
    participants_count: usize,
}

/// Where it is.
#[derive(Serialize)]
struct Address<'a> {
    formatted_address: Option<&'a str>,
    timezone_id: Option<&'a str>,
}

/// Whom to ask.
#[derive(Serialize)]
struct Contact<'a> {
    name: Option<&'a str>,
    email: Option<&'a str>,
    phone: Option<&'a str>,
    organization: &'a str,
}

/// An event to which `action` happened.
pub(super) fn rendered(
    action: &AcceptedAction,
    organization: &Organization,
    resource: &Value,
) -> Result<Map<String, Value>, serde_json::Error> {
    let event = Event::of(action, organization, resource);
    let Value::Object(mut members) = serde_json::to_value(&event)? else {
        return Ok(Map::new());
    };
    let published = resource.as_object().into_iter().flatten();
    for (name, value) in published.filter(|(_, value)| !value.is_null()) {
        members.insert(name.clone(), value.clone());
    }
    members.insert("event_id".to_owned(), event.event_id.into());
    if event.is_deleted {
        members.insert("is_deleted".to_owned(), true.into());
        members.insert("deletion_date".to_owned(), event.deletion_date.into());
        members.insert("status".to_owned(), DELETED.into());
    }
    Ok(members)
}

impl<'a> Event<'a> {
    fn of(action: &'a AcceptedAction, organization: &'a Organization, resource: &'a Value) -> Self {
        let nobody = &Value::Null;
        let organizer = resource.get("created_by").unwrap_or(nobody);
        let user = text(organizer, "user").or(action.user.as_deref());
        let confirmed = is_confirmed(resource);
        let date = decided(resource, "dates", confirmed, confirmed_date);
        let place = decided(resource, "places", confirmed, confirmed_place);
        let venue_address = place.and_then(|place| text(place, "address"));
        let time_of = |value: &Value, name| text(value, name).and_then(instant);
        let end = date.and_then(|date| time_of(date, "end_date"));
        let created = time_of(resource, "createdAt").or_else(|| time_of(resource, "created_at"));
        let updated = time_of(resource, "updatedAt").or_else(|| time_of(resource, "updated_at"));
        let live = resource.get("confirmed").filter(|_| confirmed);
        let removed = action.name.as_str() == EVENT_REMOVED;
        let cancelled =
            action.name.as_str() == EVENT_CANCELLED || is_cancelled(ResourceKind::Event, resource);
        let written = |instant: Option<Timestamp>| instant.and_then(moment::numeric);
        Self {
            id: action.resource_id.as_str(),
            event_id: action.resource_id.as_str(),
            user_id: user,
            external_user_id: user,
            title: text(resource, "title"),
            description: text(resource, "description"),
            organizer_name: text(organizer, "full_name"),
            venue_name: place.and_then(|place| text(place, "name")),
            venue_address,
            start_date: written(date.and_then(|date| time_of(date, "date"))),
            end_date: written(end),
            created_date: written(created),
            update_date: written(Some(updated.unwrap_or(action.occurred_at))),
            live_date: written(live.and_then(|confirmed| time_of(confirmed, "updated_at"))),
            cancelled_date: written(cancelled.then(|| cancelled_at(resource, action.occurred_at))),
            is_deleted: removed,
            deletion_date: written(removed.then_some(action.occurred_at)),
            status: if removed {
                DELETED
            } else if cancelled {
                "cancelled"
            } else if !confirmed {
                "draft"
            } else if end.is_some_and(|end| end <= action.occurred_at) {
                "done"
            } else {
                "live"
            },
            address: Address { formatted_address: venue_address, timezone_id: text(resource, "timezone") },
            contact: Contact {
                name: text(organizer, "full_name"),
                email: text(organizer, "email"),
                phone: text(organizer, "phone"),
                organization: &organization.name,
            },
            participants_count: resource.get("invitees").and_then(Value::as_array).map_or(0, Vec::len),
        }
    }
}

/// The confirmed one of what a list offers; before that, what it offers alone.
fn decided<'a>(
    resource: &'a Value,
    list: &str,
    confirmed: bool,
    choose: fn(&Value) -> Option<&Value>,
) -> Option<&'a Value> {
    let alone = resource.get(list).and_then(Value::as_array).is_some_and(|offered| offered.len() == 1);
    if confirmed || alone { choose(resource) } else { None }
}
