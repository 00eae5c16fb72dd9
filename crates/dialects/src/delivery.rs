//! The two calls by which a delivery becomes a request, whatever its dialect.

use bytes::Bytes;
use http::header::InvalidHeaderValue;
use http::{HeaderMap, Method};

use rendezhook_domain::accepted::AcceptedAction;
use rendezhook_domain::action::ActionName;
use rendezhook_domain::delivery::DeliveryOrigin;
use rendezhook_domain::id::DeliveryId;
use rendezhook_domain::organization::Organization;
use rendezhook_domain::subscription::{Dialect, Subscription};
use rendezhook_domain::time::Timestamp;
use rendezhook_secrets::{SharedSecret, SigningSecret};

use crate::{simplymeet, standard, vyte};

/// All that an attempt of a delivery is built from.
#[derive(Debug, Clone, Copy)]
pub struct DeliveryContext<'a> {
    /// The delivery. Its id is the `webhook-id` of every attempt.
    pub delivery: DeliveryId,
    /// Which attempt this is, from 1.
    pub attempt: u16,
    /// Why the delivery was made.
    pub origin: DeliveryOrigin,
    /// What happened.
    pub action: &'a AcceptedAction,
    /// Whose it is.
    pub organization: &'a Organization,
    /// For whom it is.
    pub subscription: &'a Subscription,
    /// The keys that sign, newest first; at least one.
    pub keys: &'a [&'a SigningSecret],
    /// What the subscription's owner chose for bodies to be signed with, in the dialects that sign like that.
    pub shared_secret: Option<&'a SharedSecret>,
    /// The body that an earlier attempt sent, when one was stored.
    pub frozen_body: Option<&'a Bytes>,
    /// Later actions of the resource went to this receiver before.
    pub overtaken: bool,
}

/// How the body of an attempt comes about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Plan {
    /// It is composed from what is at hand.
    Ready,
    /// It is the body that an earlier attempt sent, byte for byte.
    Frozen(Bytes),
}

/// What was fetched for a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fetched {
    /// The plan asked for nothing.
    Nothing,
}

/// A request that can be sent to the subscription's target URL. The sender adds `host`, `user-agent` and the length.
#[derive(Debug, Clone)]
pub struct OutboundParts {
    /// The method.
    pub method: Method,
    /// The header fields.
    pub headers: HeaderMap,
    /// The body that the signature covers.
    pub body: Bytes,
}

/// The request cannot be built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// Every subscription has a key, and all but SimplyMeet.me hooks are signed with it.
    #[error("the subscription has no signing key that is valid now; make a new one")]
    NoSigningKey,
    /// What the publisher rendered itself is not the JSON object it was accepted as.
    #[error(
        "the published representations cannot be read; publish them as a JSON object with one entry a dialect"
    )]
    Representations(#[source] serde_json::Error),
    /// The dialect has no word for what happened; matching leaves such actions out.
    #[error("deliveries of this dialect cannot tell of {0}")]
    NotCarried(ActionName),
    /// The dialect renders the resource, which is not the JSON object it was accepted as.
    #[error("the published resource cannot be read; publish it as a JSON object")]
    Resource(#[source] serde_json::Error),
    /// A text does not fit into JSON.
    #[error("the body cannot be written as JSON")]
    Body(#[source] serde_json::Error),
    /// A text does not fit into a header field.
    #[error("a header field of the request cannot be written")]
    Header(#[from] InvalidHeaderValue),
}

/// Says what has to be fetched before the request can be built.
#[must_use]
pub fn plan(context: &DeliveryContext<'_>) -> Plan {
    match context.subscription.dialect {
        Dialect::Standard | Dialect::Vyte | Dialect::SimplyMeet => {
            context.frozen_body.map_or(Plan::Ready, |body| Plan::Frozen(body.clone()))
        }
    }
}

/// Builds and signs the request of one attempt, made at `now`.
///
/// # Errors
/// When no key signs, or what the publisher rendered itself cannot be read.
pub fn build(
    plan: Plan,
    fetched: Fetched,
    context: &DeliveryContext<'_>,
    now: Timestamp,
) -> Result<OutboundParts, BuildError> {
    let dialect = context.subscription.dialect;
    let body = match (plan, fetched) {
        (Plan::Frozen(body), Fetched::Nothing) => body,
        (Plan::Ready, Fetched::Nothing) => match dialect {
            Dialect::Standard => standard::body(context)?,
            Dialect::Vyte => vyte::body(context)?,
            Dialect::SimplyMeet => simplymeet::body(context)?,
        },
    };
    let headers = match dialect {
        Dialect::Standard => standard::headers(context, &body, now)?,
        Dialect::Vyte => vyte::headers(context, &body, now)?,
        Dialect::SimplyMeet => simplymeet::headers(context, &body, now)?,
    };
    Ok(OutboundParts { method: Method::POST, headers, body })
}

#[cfg(test)]
mod tests;
