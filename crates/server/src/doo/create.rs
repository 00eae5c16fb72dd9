//! `POST /v1/team/{team_id}/webhooks`: making a group of hooks.

use axum::extract::State;
use axum::response::Response;
use rendezhook_dialects::doo::management::{self, GroupRequest, HookRequest};
use rendezhook_domain::id::{ReceiverId, SubscriptionId};
use rendezhook_domain::subscription::{DooHook, Hook, VerificationMethod};
use rendezhook_domain::time::Timestamp;
use rendezhook_secrets::{SigningSecret, SystemRandomness};
use rendezhook_store::change::{CatalogueChange, NewSubscription};
use rendezhook_store::identity::{NewId, new_random_uuid};
use uuid::Uuid;

use super::origin::check_origins;
use super::{json, own_team};
use crate::access::{ManageSubscriptions, TokenAccess};
use crate::body::Payload;
use crate::failure::Failure;
use crate::parameters::PathParameters;
use crate::state::ServerState;

/// How many hooks an organization may have, in all its groups together.
const MAXIMUM_HOOKS_OF_ORGANIZATION: usize = 1_000;

pub(super) async fn create(
    caller: TokenAccess<ManageSubscriptions>,
    State(state): State<ServerState>,
    PathParameters(team): PathParameters<String>,
    payload: Payload,
) -> Result<Response, Failure> {
    let team = own_team(&team, &caller.access.organization)?;
    let wanted = GroupRequest::parse(&payload.bytes, &state.options.target_policy)?;
    check_origins(&state, &wanted.hooks)?;
    let group = new_random_uuid(&mut SystemRandomness)?;
    let now = state.now();
    let hooks: Result<Vec<_>, Failure> =
        (0..).zip(&wanted.hooks).map(|place| subscription(&caller, &wanted, place, group, now)).collect();
    state.change(CatalogueChange::CreateSubscriptions(hooks?)).await?;
    Ok(json(management::created(group, team, &state.options.public_address)))
}

/// The subscription that one hook of a group becomes. The group is the receiver of all its hooks.
fn subscription(
    caller: &TokenAccess<ManageSubscriptions>,
    wanted: &GroupRequest,
    (position, hook): (u16, &HookRequest),
    group: Uuid,
    now: Timestamp,
) -> Result<NewSubscription, Failure> {
    Ok(NewSubscription {
        id: SubscriptionId::new_at(now, &mut SystemRandomness)?,
        organization: caller.access.number(),
        receiver_name: Some(group.to_string().into()),
        receiver_id: ReceiverId::new_at(now, &mut SystemRandomness)?,
        hook: Hook::Doo(DooHook { group, name: wanted.name.clone(), position }),
        description: wanted.description.clone(),
        target: hook.target.clone(),
        method: hook.method,
        content: hook.content.clone(),
        authentication: wanted.authentication.clone(),
        headers: Vec::new(),
        verification: VerificationMethod::None,
        filter: hook.hook_type.filter(caller.user().cloned(), wanted.event.clone()),
        retry: None,
        rate_limit: None,
        folds_updates: false,
        secret: SigningSecret::generate(&mut SystemRandomness)?,
        shared_secret: None,
        created_at: now,
        limit: Some(MAXIMUM_HOOKS_OF_ORGANIZATION),
    })
}
