//! Orders in doo's shape: `OrdersIdGetResponse` of doo's public API definition.
//!
//! The shape of an order is doo's own, so that what a publisher sends passes through unchanged. What it leaves out is added where
//! it is known:
//!
//! | member | from |
//! |---|---|
//! | `event_id` | `event.id`, else `event_id`; null when neither is there |
//! | `order_id` | the id of the resource |
//! | `event.id` | as `event_id` |
//! | `order_details.id` | the id of the resource |
//! | `order_details.status` | `removed` for a removal, `organizer_cancelled` when it is cancelled, `active` otherwise |
//! | `order_details.cancellation_date`, `.removed_date` | when a cancellation or removal happened |
//! | `order_details.…` | the member of the same name beside it, for publishers who write an order without `order_details` |
//!
//! Only what makes a removal is told by the action alone.

use serde_json::{Map, Value};

use rendezhook_domain::accepted::AcceptedAction;
use rendezhook_domain::action::{ORDER_CANCELLED, ORDER_REMOVED};
use rendezhook_domain::lifecycle::{event_of, is_cancelled};
use rendezhook_domain::resource::ResourceKind;

use crate::moment;
use crate::reading::cancelled_at;

const DETAILS: &str = "order_details";

/// The members of `order_details` that a publisher may write beside it.
const DETAIL_MEMBERS: [&str; 21] = [
    "member_id",
    "invoice_id",
    "salutation",
    "title",
    "first_name",
    "last_name",
    "company_name",
    "email",
    "street",
    "house_num",
    "city",
    "country",
    "zip",
    "status",
    "organizer_comment",
    "total_coupon_discount",
    "promotion_code",
    "access_code",
    "attendees",
    "buyer_answers",
    "payment",
];

/// An order to which `action` happened.
pub(super) fn rendered(action: &AcceptedAction, resource: &Value) -> Map<String, Value> {
    let event_id = event_of(action.kind, &action.resource_id, resource).map_or(Value::Null, Value::from);
    let order_id = Value::from(action.resource_id.as_str());
    let mut members = Map::new();
    members.insert("event_id".to_owned(), event_id.clone());
    members.insert("order_id".to_owned(), order_id);
    for name in ["event", DETAILS] {
        members.insert(name.to_owned(), Value::Object(Map::new()));
    }
    for (name, value) in resource.as_object().into_iter().flatten() {
        if !matches!(name.as_str(), "event_id" | "order_id") {
            members.insert(name.clone(), value.clone());
        }
    }
    if let Some(event) = object(&mut members, "event") {
        add(event, "id", event_id);
    }
    if let Some(details) = object(&mut members, DETAILS) {
        complete(details, action, resource);
    }
    members
}

/// A member that is an object, or nothing yet.
fn object<'a>(members: &'a mut Map<String, Value>, name: &str) -> Option<&'a mut Map<String, Value>> {
    let value = members.get_mut(name)?;
    if value.is_null() {
        *value = Value::Object(Map::new());
    }
    value.as_object_mut()
}

/// Adds a member unless it is there.
fn add(members: &mut Map<String, Value>, name: &str, value: Value) {
    if members.get(name).is_none_or(Value::is_null) {
        members.insert(name.to_owned(), value);
    }
}

fn complete(details: &mut Map<String, Value>, action: &AcceptedAction, resource: &Value) {
    add(details, "id", action.resource_id.as_str().into());
    for name in DETAIL_MEMBERS {
        if let Some(beside) = resource.get(name).filter(|beside| !beside.is_null()) {
            add(details, name, beside.clone());
        }
    }
    let happened = moment::numeric(action.occurred_at);
    if action.name.as_str() == ORDER_REMOVED {
        details.insert("status".to_owned(), "removed".into());
        details.insert("removed_date".to_owned(), happened.into());
        return;
    }
    let cancelled = action.name.as_str() == ORDER_CANCELLED || is_cancelled(ResourceKind::Order, resource);
    if cancelled {
        add(details, "status", "organizer_cancelled".into());
        let at = cancelled_at(resource, action.occurred_at);
        add(details, "cancellation_date", moment::numeric(at).into());
    } else {
        add(details, "status", "active".into());
    }
}
