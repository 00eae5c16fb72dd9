//! `/v1/webhooks/{group_id}`: one group.

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use rendezhook_dialects::doo::management;
use rendezhook_secrets::SystemRandomness;
use rendezhook_store::change::CatalogueChange;
use rendezhook_store::identity::new_uuid;
use uuid::Uuid;

use super::{json, listed, pace, surroundings};
use crate::access::{Access, ManageSubscriptions, TokenAccess};
use crate::failure::Failure;
use crate::parameters::PathParameters;
use crate::state::ServerState;

/// How long a UUID is in the only form that is accepted, with hyphens (RFC 9562, section 4).
const UUID_CHARACTERS: usize = 36;

pub(super) async fn show(
    caller: TokenAccess<ManageSubscriptions>,
    State(state): State<ServerState>,
    PathParameters(id): PathParameters<String>,
) -> Result<Response, Failure> {
    let unknown = || Failure::not_found("webhook configuration");
    let organization = &caller.access.organization;
    let group = group_id(&id).ok_or_else(unknown)?;
    let entries = organization.doo_group(group);
    let visible = entries.filter(|entry| caller.sees(&entry.subscription)).map(|entry| listed(entry));
    management::group(visible, group, surroundings(&state, organization)).map(json).ok_or_else(unknown)
}

/// Answers the same whatever the id, and at the same time: the document promises that guessing ids learns nothing.
pub(super) async fn delete(
    access: Access<ManageSubscriptions>,
    State(state): State<ServerState>,
    id: Result<PathParameters<String>, Failure>,
) -> Result<StatusCode, Failure> {
    pace::answered_evenly(async {
        let named = id.ok().and_then(|PathParameters(id)| group_id(&id));
        let visible = named.filter(|group| {
            access.organization.doo_group(*group).all(|entry| access.sees(&entry.subscription))
        });
        // What names no group the caller may know of goes the same way, with an id that no group has.
        let nobodys = new_uuid(state.now(), &mut SystemRandomness)?;
        let change = CatalogueChange::DeleteDooGroup {
            organization: access.number(),
            group: visible.unwrap_or(nobodys),
            at: state.now(),
        };
        state.change(change).await?;
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}

/// The id of a group; `None` for what has not the form of one.
fn group_id(text: &str) -> Option<Uuid> {
    Uuid::try_parse(text).ok().filter(|_| text.len() == UUID_CHARACTERS)
}
