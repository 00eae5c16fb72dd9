//! Publishing.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::HeaderName;
use http::{HeaderValue, StatusCode};
use rendezhook_domain::action::ActionName;
use rendezhook_domain::id::ActionId;
use rendezhook_domain::resource::{ResourceId, ResourceKind};
use rendezhook_domain::sequence::OrganizationNumber;
use rendezhook_domain::time::Timestamp;
use rendezhook_intake::schema::Misfit;
use rendezhook_intake::{Item, PublishError, Published};
use serde::Serialize;
use utoipa::ToSchema;

use super::described::OneOrMany;
use super::idempotency::IdempotencyKey;
use super::item::WrittenItem;
use super::split::{self, Form};
use crate::access::{Access, Publish};
use crate::body::Payload;
use crate::failure::{Failure, FieldError};
use crate::native::vocabulary;
use crate::native::warnings::{self, WarningView};
use crate::state::ServerState;

const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// What was accepted. It is on disk, and deliveries are under way.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PublishedView {
    /// Each action, in the order of the request; for a request with one object too.
    actions: Vec<PublishedAction>,
}

/// An accepted action.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PublishedAction {
    /// Its id; left out for what is delivered later, which gets one when it fires.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false, example = "act_0198b2f0c0de7000800000000000abcd")]
    id: Option<ActionId>,
    /// What happened.
    #[schema(value_type = String, example = "event.confirmed")]
    action: ActionName,
    /// The kind of the resource.
    #[schema(value_type = vocabulary::PublishedKindWord)]
    resource_kind: ResourceKind,
    /// Your id of the resource.
    #[schema(value_type = String, example = "booking-4711")]
    resource_id: ResourceId,
    /// How many deliveries it makes: one for each subscription that wants it. 0 for what is delivered later: who gets it is decided
    /// then.
    deliveries: u32,
    /// When it is delivered, for what is delivered later.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false, format = DateTime)]
    deliver_at: Option<Timestamp>,
    /// The key of what is delivered later.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    key: Option<Arc<str>>,
    /// What of the resource does not fit the schema of its kind, when the organization's `schema_check` is `warn`: at most 10
    /// parts, and one only once 1,000 are named. Left out when it fits.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false, max_items = 10)]
    warnings: Vec<WarningView>,
}

/// Publishes actions: all of the request or nothing.
///
/// The body is one object, an array of up to 10,000, or with `application/x-ndjson` an object a line, up to 10,000 lines of
/// 256 KiB. The answer means that everything is on disk. With an `Idempotency-Key` a repetition within 24 hours is answered
/// as the first request was and publishes nothing; its resources are compared with their schemas as the organization wants it at
/// the time of the repetition.
#[utoipa::path(
    post,
    path = "/api/v1/actions",
    tag = "actions",
    operation_id = "publish_actions",
    params((
        "Idempotency-Key" = Option<String>, Header,
        description = "1 to 255 visible ASCII characters, quoted or bare; one for each distinct request"
    )),
    request_body(content(
        (OneOrMany = "application/json"),
        (WrittenItem<'static> = "application/x-ndjson"),
    )),
    responses((
        status = 202, description = "Everything is accepted", body = PublishedView,
        headers(("Idempotency-Replayed" = String, description = "`true` when this request was answered before"))
    ))
)]
pub(crate) async fn publish(
    access: Access<Publish>,
    State(state): State<ServerState>,
    key: IdempotencyKey,
    payload: Payload,
) -> Result<Response, Failure> {
    let now = state.now();
    let items = split::items(&payload, &state.options.bodies)?;
    let claim = key.claim(&payload.bytes, now);
    let published = state.intake.publish(access.number(), &items, claim, now).await;
    let published = published.map_err(|error| explained(error, split::form(&payload)))?;
    let replayed = published.replayed;
    let mut response = (StatusCode::ACCEPTED, Json(view(access.number(), items, published))).into_response();
    if replayed {
        response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    }
    Ok(response)
}

/// Says where the wrong parts are in the body. Of a single object the place is the body itself.
fn explained(error: PublishError, form: Form) -> Failure {
    match error {
        PublishError::DoesNotFit { reasons } => {
            let field = |(index, Misfit { pointer, detail })| {
                let place = if form == Form::Single { String::new() } else { format!("/{index}") };
                FieldError { detail, pointer: format!("{place}/resource{pointer}") }
            };
            Failure::fields(reasons.into_iter().map(field).collect())
        }
        PublishError::InvalidItem { pointer, reason, .. } if form == Form::Single => {
            Failure::field(pointer, reason)
        }
        error => error.into(),
    }
}

fn view(organization: OrganizationNumber, items: Vec<Item>, published: Published) -> PublishedView {
    let accepted_at = published.receipt.accepted_at;
    let mut committed = published.receipt.actions.into_iter();
    let actions = items
        .into_iter()
        .zip(published.warnings)
        .map(|(item, misfits)| {
            // The receipt names those that were delivered at once.
            let at_once = if item.later.is_none() { committed.next() } else { None };
            let (deliver_at, key) = item.later.map(|later| (later.deliver_at, later.key)).unzip();
            PublishedAction {
                id: at_once.map(|action| ActionId::new(accepted_at, action.sequence, organization)),
                action: item.action,
                resource_kind: item.kind,
                resource_id: item.resource_id,
                deliveries: at_once.map_or(0, |action| action.deliveries),
                deliver_at,
                key,
                warnings: warnings::shown(misfits),
            }
        })
        .collect();
    PublishedView { actions }
}
