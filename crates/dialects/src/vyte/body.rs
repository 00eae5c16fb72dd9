//! Deliveries.

use std::io::Write;

use bytes::Bytes;
use http::HeaderMap;

use rendezhook_domain::action::{EVENT_CANCELLED, EVENT_REMOVED};
use rendezhook_domain::subscription::{Dialect, VyteBody};
use rendezhook_domain::time::Timestamp;

use crate::delivery::{BuildError, DeliveryContext};
use crate::representations::representation;
use crate::{headers, json};

/// What the item takes beside the resource, a user of usual length included.
const ENVELOPE_BYTES: usize = 192;

pub(crate) fn body(context: &DeliveryContext<'_>) -> Result<Bytes, BuildError> {
    let action = context.action;
    // Vyte knows no deletion: to a hook the event is cancelled.
    let name = match action.name.as_str() {
        EVENT_REMOVED => EVENT_CANCELLED,
        name => name,
    };
    let rendered = representation(action, Dialect::Vyte)?;
    let resource = rendered.map_or(action.resource.as_ref(), |rendered| rendered.get().as_bytes());
    let wrapped = match wrapping(context) {
        VyteBody::Array => true,
        VyteBody::Object => false,
    };

    let mut body = Vec::with_capacity(ENVELOPE_BYTES + resource.len());
    if wrapped {
        body.push(b'[');
    }
    // Names of actions and Vyte ids consist of characters that JSON takes as they are.
    write!(body, r#"{{"action":"{name}","resource":"#)
        .map_err(serde_json::Error::io)
        .map_err(BuildError::Body)?;
    body.extend_from_slice(resource);
    body.extend_from_slice(br#","organization":"#);
    json::append_string(&mut body, &context.organization.vyte_id).map_err(BuildError::Body)?;
    if let Some(user) = &action.user {
        body.extend_from_slice(br#","user":"#);
        json::append_string(&mut body, user).map_err(BuildError::Body)?;
    }
    body.push(b'}');
    if wrapped {
        body.push(b']');
    }
    Ok(Bytes::from(body))
}

/// The hook's own setting, else the organization's.
fn wrapping(context: &DeliveryContext<'_>) -> VyteBody {
    let own = context.subscription.hook.vyte().and_then(|hook| hook.body);
    own.unwrap_or(context.organization.vyte_body)
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
