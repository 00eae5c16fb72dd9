//! The two calls by which a delivery becomes a request, whatever its dialect.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, InvalidHeaderName, InvalidHeaderValue};
use http::{HeaderMap, Method};
use serde_json::{Map, Value};

use rendezhook_domain::accepted::AcceptedAction;
use rendezhook_domain::action::ActionName;
use rendezhook_domain::delivery::{DeliveryOrigin, FoldedDeliveries};
use rendezhook_domain::id::DeliveryId;
use rendezhook_domain::organization::Organization;
use rendezhook_domain::subscription::{
    ClientCredentials, Content, Dialect, RequestMethod, Subscription, TargetAuthentication,
    VerificationMethod,
};
use rendezhook_domain::time::Timestamp;
use rendezhook_secrets::{SecretHeader, SharedSecret, SigningSecret};

use crate::authorization::authorize;
pub use crate::doo::OriginRequest;
use crate::handshake::add_origin;
use crate::headers::add_custom;
use crate::{doo, simplymeet, standard, vyte};

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
    /// What proves to the target that deliveries may come: a password, a key, or a client's secret.
    pub target_secret: Option<&'a SharedSecret>,
    /// The host under which this server is reached, told to targets that were verified as CloudEvents asks for.
    pub request_origin: &'a str,
    /// What the subscription's owner has sent as headers.
    pub headers: &'a [SecretHeader],
    /// The body that an earlier attempt sent, when one was stored.
    pub frozen_body: Option<&'a Bytes>,
    /// Later actions of the resource went to this receiver before.
    pub overtaken: bool,
    /// The newest earlier version of the resource that the receiver has accepted.
    pub previous: Option<u64>,
    /// The waiting updates that this delivery stands for beside its own.
    pub folded: Option<&'a FoldedDeliveries>,
}

/// What has to be fetched before the request of an attempt can be built.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan<'a> {
    /// Where the body comes from.
    pub body: BodyPlan<'a>,
    /// How a token is asked for, when the target wants one.
    pub token: Option<&'a ClientCredentials>,
}

/// Where the body of an attempt comes from.
#[derive(Debug, Clone, PartialEq)]
pub enum BodyPlan<'a> {
    /// It is at hand: composed, sent before, or not needed by the method.
    Ready,
    /// It is the answer of our own GraphQL to this question.
    Select(Question),
    /// It is the answer of an origin to this request.
    Origin(OriginRequest<'a>),
}

/// A question to GraphQL.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// The query document.
    pub query: Arc<str>,
    /// Which of its operations, when it has several.
    pub operation_name: Option<String>,
    /// The values of its variables.
    pub variables: Map<String, Value>,
}

/// What was fetched for a plan. `Debug` does not show the token.
#[derive(Clone, Default)]
pub struct Fetched<'a> {
    /// The answer that is the body, when the plan asked for one.
    pub body: Option<Bytes>,
    /// The token, when the plan asked for one.
    pub token: Option<&'a str>,
}

impl fmt::Debug for Fetched<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let body_bytes = self.body.as_ref().map(Bytes::len);
        formatter.debug_struct("Fetched").field("body_bytes", &body_bytes).finish_non_exhaustive()
    }
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
    /// A text cannot be the name of a header field.
    #[error("the name of a header field of the request cannot be written")]
    HeaderName(#[from] InvalidHeaderName),
    /// The body of an origin's request is not the JSON object it was accepted as.
    #[error("the origin's body cannot be read; make the hook anew with a JSON object as origin.body")]
    Origin(#[source] serde_json::Error),
    /// The plan asked for something that is not there.
    #[error("what the request is built from was not fetched")]
    NotFetched,
    /// The subscription authenticates itself and has nothing to do it with.
    #[error("the target's secret is missing; set the subscription's authentication anew")]
    NoTargetSecret,
}

/// Says what has to be fetched before the request can be built.
///
/// # Errors
/// When the subscription's origin cannot be asked about this action.
pub fn plan<'a>(context: &DeliveryContext<'a>) -> Result<Plan<'a>, BuildError> {
    let subscription = context.subscription;
    let body = match &subscription.content {
        _ if !subscription.method.carries_body() => BodyPlan::Ready,
        Content::Composed => BodyPlan::Ready,
        Content::Select(query) => BodyPlan::Select(standard::question(context.action, query)),
        Content::Origin(origin) => BodyPlan::Origin(doo::origin_request(context, origin)?),
    };
    let token = match &subscription.authentication {
        Some(TargetAuthentication::ClientCredentials(credentials)) => Some(credentials),
        Some(TargetAuthentication::Basic { .. } | TargetAuthentication::ApiKey { .. }) | None => None,
    };
    Ok(Plan { body, token })
}

/// Builds and signs the request of one attempt, made at `now`.
///
/// # Errors
/// When no key signs, what the publisher rendered itself cannot be read, or something that the plan asked for is missing.
pub fn build(
    fetched: &Fetched<'_>,
    context: &DeliveryContext<'_>,
    now: Timestamp,
) -> Result<OutboundParts, BuildError> {
    let subscription = context.subscription;
    let dialect = subscription.dialect();
    let body = match &subscription.content {
        _ if !subscription.method.carries_body() => Bytes::new(),
        Content::Composed => match context.frozen_body {
            Some(sent_before) => sent_before.clone(),
            None => composed(dialect, context)?,
        },
        Content::Select(_) | Content::Origin(_) => fetched.body.clone().ok_or(BuildError::NotFetched)?,
    };
    let mut headers = match dialect {
        Dialect::Standard => standard::headers(context, &body, now)?,
        Dialect::Vyte => vyte::headers(context, &body, now)?,
        Dialect::SimplyMeet => simplymeet::headers(context, &body, now)?,
        Dialect::Doo => doo::headers(context, &body, now)?,
    };
    if body.is_empty() {
        headers.remove(CONTENT_TYPE);
    }
    add_custom(&mut headers, context.headers)?;
    if subscription.verification.method == VerificationMethod::CloudEvents {
        add_origin(&mut headers, context.request_origin)?;
    }
    authorize(&mut headers, subscription.authentication.as_ref(), context.target_secret, fetched.token)?;
    Ok(OutboundParts { method: method(subscription.method), headers, body })
}

fn composed(dialect: Dialect, context: &DeliveryContext<'_>) -> Result<Bytes, BuildError> {
    match dialect {
        Dialect::Standard => standard::body(context),
        Dialect::Vyte => vyte::body(context),
        Dialect::SimplyMeet => simplymeet::body(context),
        Dialect::Doo => doo::body(context),
    }
}

/// The method as the HTTP library knows it.
const fn method(method: RequestMethod) -> Method {
    match method {
        RequestMethod::Get => Method::GET,
        RequestMethod::Post => Method::POST,
        RequestMethod::Put => Method::PUT,
        RequestMethod::Patch => Method::PATCH,
        RequestMethod::Delete => Method::DELETE,
    }
}

#[cfg(test)]
mod tests;
