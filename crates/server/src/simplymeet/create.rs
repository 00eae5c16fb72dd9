//! `POST /api/webhooks`: making a hook.

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use rendezhook_dialects::simplymeet::management::HookRequest;
use rendezhook_dialects::simplymeet::{filter, new_hook_uuid};
use rendezhook_domain::id::{ReceiverId, SubscriptionId};
use rendezhook_domain::subscription::{Content, Hook, RequestMethod, SimplyMeetHook, VerificationMethod};
use rendezhook_secrets::{SigningSecret, SystemRandomness};
use rendezhook_store::change::{CatalogueChange, NewSubscription};
use rendezhook_store::identity::NewId;

use super::shown;
use crate::access::{Access, ManageSubscriptions};
use crate::body::Payload;
use crate::failure::Failure;
use crate::state::ServerState;

pub(super) async fn create(
    access: Access<ManageSubscriptions>,
    State(state): State<ServerState>,
    payload: Payload,
) -> Result<Response, Failure> {
    let wanted = HookRequest::parse(&payload.bytes, &state.options.target_policy)?;
    let now = state.now();
    let id = SubscriptionId::new_at(now, &mut SystemRandomness)?;
    let subscription = NewSubscription {
        id,
        organization: access.number(),
        receiver_name: None,
        receiver_id: ReceiverId::new_at(now, &mut SystemRandomness)?,
        hook: Hook::SimplyMeet(SimplyMeetHook { uuid: new_hook_uuid(&mut SystemRandomness)? }),
        method: RequestMethod::Post,
        content: Content::Composed,
        authentication: None,
        headers: Vec::new(),
        verification: VerificationMethod::None,
        description: "".into(),
        filter: filter(&wanted.events, access.key_user().cloned()),
        target: wanted.target,
        retry: None,
        rate_limit: None,
        folds_updates: false,
        secret: SigningSecret::generate(&mut SystemRandomness)?,
        shared_secret: wanted.secret,
        created_at: now,
        limit: None,
    };
    let catalogue = state.change(CatalogueChange::CreateSubscription(Box::new(subscription))).await?;
    let organization = catalogue.organization(access.number()).ok_or_else(gone)?;
    shown(StatusCode::CREATED, organization.subscription(id).ok_or_else(gone)?)
}

/// Somebody deleted it in the same moment.
fn gone() -> Failure {
    Failure::not_found("webhook")
}
