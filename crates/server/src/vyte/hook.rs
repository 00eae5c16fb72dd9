//! `/hooks/{hook_id}`: one hook.

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use rendezhook_dialects::vyte::management::{HookRequest, ManagementError, RequestKind};
use rendezhook_domain::subscription::Subscription;
use rendezhook_store::change::{CatalogueChange, SubscriptionUpdate};

use super::shown;
use crate::access::{Access, ManageSubscriptions, Read};
use crate::body::Payload;
use crate::failure::Failure;
use crate::parameters::PathParameters;
use crate::state::ServerState;

pub(super) async fn show(
    access: Access<Read>,
    PathParameters(id): PathParameters<String>,
) -> Result<Response, Failure> {
    shown(StatusCode::OK, find(&access, &id)?, &access.organization)
}

pub(super) async fn update(
    access: Access<ManageSubscriptions>,
    State(state): State<ServerState>,
    PathParameters(id): PathParameters<String>,
    payload: Payload,
) -> Result<Response, Failure> {
    let current = find(&access, &id)?;
    let wanted = HookRequest::parse(&payload.bytes, RequestKind::Update, &state.options.target_policy)?;
    let update = SubscriptionUpdate {
        filter: Some(wanted.filter(current.filter.user.clone())),
        target: Some(wanted.target),
        ..SubscriptionUpdate::unchanged(access.number(), current.number, state.now())
    };
    let catalogue = state.change(CatalogueChange::UpdateSubscription(Box::new(update))).await?;
    let organization = catalogue.organization(access.number()).ok_or(ManagementError::NotFound)?;
    let changed = organization.subscription(current.id).ok_or(ManagementError::NotFound)?;
    shown(StatusCode::OK, &changed.subscription, organization)
}

pub(super) async fn delete(
    access: Access<ManageSubscriptions>,
    State(state): State<ServerState>,
    PathParameters(id): PathParameters<String>,
) -> Result<StatusCode, Failure> {
    let subscription = find(&access, &id)?.number;
    let change =
        CatalogueChange::DeleteSubscription { organization: access.number(), subscription, at: state.now() };
    state.change(change).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The hook with this `_id`, if the caller may know of it. A malformed id names nothing.
fn find<'a, R>(access: &'a Access<R>, id: &str) -> Result<&'a Subscription, Failure> {
    let entry = access.organization.vyte_hook(id).map(|entry| &entry.subscription);
    let hook = entry.filter(|subscription| access.sees(subscription));
    hook.ok_or_else(|| ManagementError::NotFound.into())
}
