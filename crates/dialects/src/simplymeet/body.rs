//! Deliveries.

use std::io::Write;

use bytes::Bytes;
use http::HeaderMap;
use serde_json::Value;

use rendezhook_domain::subscription::Dialect;
use rendezhook_domain::time::Timestamp;

use super::data::Data;
use super::event::MeetingEvent;
use crate::delivery::{BuildError, DeliveryContext};
use crate::headers;
use crate::representations::representation;

/// What a delivery of usual length takes.
const USUAL_BYTES: usize = 1_792;

pub(crate) fn body(context: &DeliveryContext<'_>) -> Result<Bytes, BuildError> {
    let action = context.action;
    let event =
        MeetingEvent::of_action(&action.name).ok_or_else(|| BuildError::NotCarried(action.name.clone()))?;
    let mut body = Vec::with_capacity(USUAL_BYTES);
    write!(body, r#"{{"event":"{}","data":"#, event.name())
        .map_err(serde_json::Error::io)
        .map_err(BuildError::Body)?;
    match representation(action, Dialect::SimplyMeet)? {
        Some(rendered) => body.extend_from_slice(rendered.get().as_bytes()),
        None => {
            let resource: Value = serde_json::from_slice(&action.resource).map_err(BuildError::Resource)?;
            let data = Data::of(event, action, context.organization, &resource);
            serde_json::to_writer(&mut body, &data).map_err(BuildError::Body)?;
        }
    }
    body.push(b'}');
    Ok(Bytes::from(body))
}

pub(crate) fn headers(
    context: &DeliveryContext<'_>,
    body: &[u8],
    now: Timestamp,
) -> Result<HeaderMap, BuildError> {
    let mut headers = headers::identified(context, now)?;
    if let Some(secret) = context.shared_secret {
        headers::insert_signature(&mut headers, secret.sign(body))?;
    }
    headers::insert_folded(&mut headers, context);
    headers::insert_trigger(&mut headers, context);
    Ok(headers)
}

#[cfg(test)]
mod tests;
