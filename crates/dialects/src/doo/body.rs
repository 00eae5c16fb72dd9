//! Deliveries.

use bytes::Bytes;
use http::HeaderMap;
use serde_json::{Map, Value};

use rendezhook_domain::resource::ResourceKind;
use rendezhook_domain::subscription::Dialect;
use rendezhook_domain::time::Timestamp;

use super::{event, order};
use crate::delivery::{BuildError, DeliveryContext};
use crate::headers;
use crate::representations::representation;

/// The resource in doo's shape, or what the publisher rendered itself, which is passed on byte for byte.
pub(crate) fn body(context: &DeliveryContext<'_>) -> Result<Bytes, BuildError> {
    let action = context.action;
    if let Some(rendered) = representation(action, Dialect::Doo)? {
        return Ok(Bytes::copy_from_slice(rendered.get().as_bytes()));
    }
    let resource: Map<String, Value> =
        serde_json::from_slice(&action.resource).map_err(BuildError::Resource)?;
    let resource = Value::Object(resource);
    let body = match action.kind {
        ResourceKind::Event => {
            event::rendered(action, context.organization, &resource).map_err(BuildError::Body)?
        }
        ResourceKind::Order => order::rendered(action, &resource),
        // No type of a hook tells of these.
        ResourceKind::User | ResourceKind::Vyteme | ResourceKind::Subscription | ResourceKind::Delivery => {
            return Err(BuildError::NotCarried(action.name.clone()));
        }
    };
    serde_json::to_vec(&body).map(Bytes::from).map_err(BuildError::Body)
}

pub(crate) fn headers(
    context: &DeliveryContext<'_>,
    body: &[u8],
    now: Timestamp,
) -> Result<HeaderMap, BuildError> {
    let mut headers = headers::signed(context, body, now)?;
    headers::insert_folded(&mut headers, context);
    headers::insert_trigger(&mut headers, context);
    Ok(headers)
}

#[cfg(test)]
mod tests;
