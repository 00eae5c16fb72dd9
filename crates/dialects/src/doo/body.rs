//! Deliveries.

use bytes::Bytes;
use http::HeaderMap;
use serde_json::{Map, Value};

use rendezhook_domain::lifecycle::event_of;
use rendezhook_domain::resource::ResourceKind;
use rendezhook_domain::subscription::Dialect;
use rendezhook_domain::time::Timestamp;

use crate::delivery::{BuildError, DeliveryContext};
use crate::headers;
use crate::representations::representation;

pub(crate) fn body(context: &DeliveryContext<'_>) -> Result<Bytes, BuildError> {
    let action = context.action;
    if let Some(rendered) = representation(action, Dialect::Doo)? {
        return Ok(Bytes::copy_from_slice(rendered.get().as_bytes()));
    }
    let resource: Value = serde_json::from_slice(&action.resource).map_err(BuildError::Resource)?;
    let event = event_of(action.kind, &action.resource_id, &resource).map_or(Value::Null, Value::from);
    let mut body: Map<String, Value> = serde_json::from_value(resource).map_err(BuildError::Resource)?;
    body.insert("event_id".to_owned(), event);
    if action.kind == ResourceKind::Order {
        body.insert("order_id".to_owned(), action.resource_id.as_str().into());
    }
    serde_json::to_vec(&body).map(Bytes::from).map_err(BuildError::Body)
}

pub(crate) fn headers(
    context: &DeliveryContext<'_>,
    body: &[u8],
    now: Timestamp,
) -> Result<HeaderMap, BuildError> {
    let mut headers = headers::signed(context, body, now)?;
    headers::insert_trigger(&mut headers, context);
    Ok(headers)
}
