//! `POST /hooks`: making a hook.

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use rendezhook_dialects::vyte::management::{HookRequest, MAXIMUM_HOOKS, ManagementError, RequestKind};
use rendezhook_dialects::vyte::new_object_id;
use rendezhook_domain::id::{ReceiverId, SubscriptionId};
use rendezhook_domain::subscription::{Content, Hook, RequestMethod, VerificationMethod, VyteHook};
use rendezhook_secrets::{SigningSecret, SystemRandomness};
use rendezhook_store::change::{CatalogueChange, ChangeRefusal, NewSubscription};
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
    let wanted = HookRequest::parse(&payload.bytes, RequestKind::Create, &state.options.target_policy)?;
    let now = state.now();
    let id = SubscriptionId::new_at(now, &mut SystemRandomness)?;
    let subscription = NewSubscription {
        id,
        organization: access.number(),
        receiver_name: None,
        receiver_id: ReceiverId::new_at(now, &mut SystemRandomness)?,
        hook: Hook::Vyte(VyteHook { hook_id: new_object_id(now, &mut SystemRandomness)?.into(), body: None }),
        method: RequestMethod::Post,
        content: Content::Composed,
        authentication: None,
        headers: Vec::new(),
        verification: VerificationMethod::None,
        description: "".into(),
        filter: wanted.filter(access.key_user().cloned()),
        target: wanted.target,
        retry: None,
        rate_limit: None,
        folds_updates: false,
        secret: SigningSecret::generate(&mut SystemRandomness)?,
        shared_secret: None,
        created_at: now,
        limit: Some(MAXIMUM_HOOKS),
    };
    let change = CatalogueChange::CreateSubscription(Box::new(subscription));
    let catalogue = match state.store.change(change).await? {
        Ok(catalogue) => catalogue,
        Err(ChangeRefusal::LimitReached(_)) => return Err(ManagementError::TooManyHooks.into()),
        Err(refusal) => return Err(refusal.into()),
    };
    let organization = catalogue.organization(access.number()).ok_or(ManagementError::NotFound)?;
    let made = organization.subscription(id).ok_or(ManagementError::NotFound)?;
    shown(StatusCode::CREATED, &made.subscription, organization)
}
