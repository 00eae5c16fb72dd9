//! rendezhook's own deliveries, after the Standard Webhooks specification 1.0.0.
//!
//! The body is `{"type", "timestamp", "data"}`, where `timestamp` says when the action happened, not when it is sent, and `data`
//! is `{organization, resource_kind, resource_id, resource[, user, changes, timer, late_by_seconds, folded]}`. Everything that differs
//! between attempts is a header field: `webhook-timestamp`, `webhook-attempt`, `webhook-overtaken`, and `webhook-trigger` on a test.

use std::io::Write;
use std::sync::Arc;

use bytes::Bytes;
use http::HeaderMap;

use rendezhook_domain::accepted::AcceptedAction;
use rendezhook_domain::delivery::FoldedDeliveries;
use rendezhook_domain::time::Timestamp;
use serde_json::{Map, Value};

use crate::delivery::{BuildError, DeliveryContext, Question};
use crate::{headers, json};

/// What the envelope takes beside resource and changes, user and id of usual length included: growing is the exception.
const ENVELOPE_BYTES: usize = 384;

pub(crate) fn body(context: &DeliveryContext<'_>) -> Result<Bytes, BuildError> {
    let action = context.action;
    let changes_length = action.changes.as_ref().map_or(0, Bytes::len);
    let mut body = Vec::with_capacity(ENVELOPE_BYTES + action.resource.len() + changes_length);
    // Names of actions, instants, ids and kinds consist of characters that JSON takes as they are.
    write!(
        body,
        r#"{{"type":"{}","timestamp":"{}","data":{{"organization":"{}","resource_kind":"{}","resource_id":"#,
        action.name, action.occurred_at, context.organization.id, action.kind
    )
    .map_err(serde_json::Error::io)
    .map_err(BuildError::Body)?;
    json::append_string(&mut body, action.resource_id.as_str()).map_err(BuildError::Body)?;
    body.extend_from_slice(br#","resource":"#);
    body.extend_from_slice(&action.resource);
    if let Some(user) = &action.user {
        body.extend_from_slice(br#","user":"#);
        json::append_string(&mut body, user).map_err(BuildError::Body)?;
    }
    if let Some(changes) = &action.changes {
        body.extend_from_slice(br#","changes":"#);
        body.extend_from_slice(changes);
    }
    if let Some(fired) = &action.fired {
        body.extend_from_slice(br#","timer":"#);
        json::append_string(&mut body, &fired.timer).map_err(BuildError::Body)?;
        if let Some(seconds) = fired.late_by_seconds {
            write!(body, r#","late_by_seconds":{seconds}"#)
                .map_err(serde_json::Error::io)
                .map_err(BuildError::Body)?;
        }
    }
    if let Some(folded) = context.folded {
        append_folded(&mut body, folded).map_err(serde_json::Error::io).map_err(BuildError::Body)?;
    }
    body.extend_from_slice(b"}}");
    Ok(Bytes::from(body))
}

/// The ids of the deliveries that this one stands for beside its own, as far as they are listed.
fn append_folded(body: &mut Vec<u8>, folded: &FoldedDeliveries) -> std::io::Result<()> {
    body.extend_from_slice(br#","folded":["#);
    for (place, delivery) in folded.listed.iter().enumerate() {
        let comma = if place == 0 { "" } else { "," };
        write!(body, r#"{comma}"{delivery}""#)?;
    }
    body.push(b']');
    Ok(())
}

/// What a subscription that selects its bodies asks: its query, with what happened in the variables `id`, `kind`, `action` and
/// `user`. A query declares those it needs.
pub(crate) fn question(action: &AcceptedAction, query: &Arc<str>) -> Question {
    let mut variables = Map::new();
    variables.insert("id".to_owned(), action.resource_id.as_str().into());
    variables.insert("kind".to_owned(), action.kind.name().into());
    variables.insert("action".to_owned(), action.name.as_str().into());
    variables.insert("user".to_owned(), action.user.as_deref().map_or(Value::Null, Value::from));
    Question { query: Arc::clone(query), operation_name: None, variables }
}

pub(crate) fn headers(
    context: &DeliveryContext<'_>,
    body: &[u8],
    now: Timestamp,
) -> Result<HeaderMap, BuildError> {
    let mut headers = headers::signed(context, body, now)?;
    headers::insert_order(&mut headers, context);
    headers::insert_folded(&mut headers, context);
    headers::insert_trigger(&mut headers, context);
    Ok(headers)
}

#[cfg(test)]
mod tests;
