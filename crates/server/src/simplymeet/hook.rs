//! `/api/webhooks/{uuid}`: one hook.

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use rendezhook_store::catalogue::SubscriptionEntry;
use rendezhook_store::change::CatalogueChange;
use uuid::Uuid;

use super::shown;
use crate::access::{Access, ManageSubscriptions};
use crate::failure::Failure;
use crate::parameters::PathParameters;
use crate::state::ServerState;

/// How long a UUID is in the only form that is accepted, with hyphens (RFC 9562, section 4).
const UUID_CHARACTERS: usize = 36;

pub(super) async fn show(
    access: Access<ManageSubscriptions>,
    PathParameters(id): PathParameters<String>,
) -> Result<Response, Failure> {
    shown(StatusCode::OK, find(&access, &id)?)
}

pub(super) async fn delete(
    access: Access<ManageSubscriptions>,
    State(state): State<ServerState>,
    PathParameters(id): PathParameters<String>,
) -> Result<StatusCode, Failure> {
    let subscription = find(&access, &id)?.subscription.number;
    let change =
        CatalogueChange::DeleteSubscription { organization: access.number(), subscription, at: state.now() };
    state.change(change).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The hook with this `uuid`, if the caller may know of it. A malformed one names nothing.
fn find<'a, R>(access: &'a Access<R>, id: &str) -> Result<&'a SubscriptionEntry, Failure> {
    let uuid = Uuid::try_parse(id).ok().filter(|_| id.len() == UUID_CHARACTERS);
    let entry = uuid.and_then(|uuid| access.organization.simplymeet_hook(uuid));
    let hook = entry.filter(|entry| access.sees(&entry.subscription));
    hook.map(AsRef::as_ref).ok_or_else(|| Failure::not_found("webhook"))
}
