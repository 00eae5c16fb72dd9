//! Replaying one delivery.

use axum::extract::State;
use axum::response::Response;
use rendezhook_domain::id::DeliveryId;
use rendezhook_store::replay::Selection;
use serde::Serialize;
use utoipa::ToSchema;

use super::{named, unknown};
use crate::access::{Access, ManageSubscriptions};
use crate::failure::{Failure, FailureKind};
use crate::native::actions::IdempotencyKey;
use crate::native::replays::{ReplayView, accepted, new_replay};
use crate::parameters::PathParameters;
use crate::state::ServerState;

/// The replay of one delivery.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeliveryReplayView {
    /// The delivery that was made; null when nothing was, or when the request was answered before.
    #[schema(value_type = Option<String>, example = "dlv_0198b2f0c0de7000800000000000abcd")]
    delivery: Option<DeliveryId>,
    /// The replay that made it.
    replay: ReplayView,
}

/// Makes one ended delivery once more: the same message, under the same `webhook-id`.
///
/// The short form of a replay of one. It is refused with 409 while the delivery waits.
#[utoipa::path(
    post,
    path = "/api/v1/deliveries/{delivery_id}/replay",
    tag = "replays",
    operation_id = "replay_delivery",
    params(
        ("delivery_id" = String, Path, description = "The delivery's id"),
        (
            "Idempotency-Key" = Option<String>, Header,
            description = "1 to 255 visible ASCII characters, quoted or bare; one for each distinct request"
        )
    ),
    responses((
        status = 202, description = "The delivery that was made", body = DeliveryReplayView,
        headers(("Idempotency-Replayed" = String, description = "`true` when this request was answered before"))
    ))
)]
pub(crate) async fn replay(
    access: Access<ManageSubscriptions>,
    State(state): State<ServerState>,
    PathParameters(id): PathParameters<String>,
    key: IdempotencyKey,
) -> Result<Response, Failure> {
    let id = named(&id)?;
    let found = state.store.delivery(access.number(), id).await?.ok_or_else(unknown)?;
    let subscription = access.catalogue.subscriptions.get(&found.view.subscription);
    let seen = subscription.map_or(access.key_user().is_none(), |entry| access.sees(&entry.subscription));
    if !seen {
        return Err(unknown());
    }
    if found.view.ended_at.is_none() {
        return Err(Failure::new(
            FailureKind::Conflict,
            "this delivery waits for an attempt; it arrives by itself, or can be replayed once it has ended",
        ));
    }
    let claim = key.claim(&[], state.now());
    let new = new_replay(&access, &state, Selection::Listed(vec![id]), claim)?;
    let created = state.store.create_replay(new).await??;
    let view = DeliveryReplayView {
        delivery: created.made.first().copied(),
        replay: ReplayView::new(created.replay, &access.catalogue),
    };
    Ok(accepted(created.repeated, view))
}
