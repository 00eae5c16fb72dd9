//! Making a replay, or counting what one would do.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::HeaderName;
use http::{HeaderValue, StatusCode};
use rendezhook_domain::id::ReplayId;
use rendezhook_domain::replay::ReplayRate;
use rendezhook_secrets::SystemRandomness;
use rendezhook_store::identity::NewId;
use rendezhook_store::publish::IdempotencyClaim;
use rendezhook_store::replay::{NewReplay, Selection};
use serde::Serialize;

use super::RUNNING;
use super::request::{ReplayRequest, Wanted};
use super::view::{EstimateView, ReplayView};
use crate::access::{Access, ManageSubscriptions};
use crate::body::Payload;
use crate::failure::Failure;
use crate::json::{self, ObjectOf};
use crate::native::actions::IdempotencyKey;
use crate::state::ServerState;

const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// Makes deliveries anew: named ones, all that failed in a stretch of time, or everything, also for another subscription.
///
/// They are made by a job that goes on by itself, also after a restart, at the rate asked for. They keep to lanes of their own, go
/// behind other deliveries, and do not expire. With `dry_run` the answer is 200 and only counts. With an `Idempotency-Key` a repetition
/// within 24 hours is answered with the replay that the first request made.
#[utoipa::path(
    post,
    path = "/api/v1/replays",
    tag = "replays",
    operation_id = "create_replay",
    params((
        "Idempotency-Key" = Option<String>, Header,
        description = "1 to 255 visible ASCII characters, quoted or bare; one for each distinct request"
    )),
    request_body = ReplayRequest,
    responses(
        (status = 200, description = "What it would do, with `dry_run`", body = EstimateView),
        (
            status = 202, description = "The replay; its first deliveries are made", body = ReplayView,
            headers(("Idempotency-Replayed" = String, description = "`true` when this request was answered before"))
        )
    )
)]
pub(crate) async fn create(
    access: Access<ManageSubscriptions>,
    State(state): State<ServerState>,
    key: IdempotencyKey,
    payload: Payload,
) -> Result<Response, Failure> {
    let ObjectOf(request) = json::read::<ObjectOf<ReplayRequest>>(&payload.bytes)?;
    let Wanted { selection, to, rate, dry_run } = request.check(&access)?;
    check_deliveries(&access, &state, &selection).await?;
    if dry_run {
        let estimate = state.store.estimate_replay(access.number(), selection, to).await?;
        return Ok(Json(EstimateView::new(estimate, rate)).into_response());
    }
    let claim = key.claim(&payload.bytes, state.now());
    let new = NewReplay { to, rate, ..new_replay(&access, &state, selection, claim)? };
    let created = state.store.create_replay(new).await??;
    Ok(accepted(created.repeated, ReplayView::new(created.replay, &access.catalogue)))
}

/// A replay of a selection at the usual rate, for those the deliveries were for.
pub(in crate::native) fn new_replay(
    access: &Access<ManageSubscriptions>,
    state: &ServerState,
    selection: Selection,
    idempotency: Option<IdempotencyClaim>,
) -> Result<NewReplay, Failure> {
    let at = state.now();
    Ok(NewReplay {
        id: ReplayId::new_at(at, &mut SystemRandomness)?,
        organization: access.number(),
        user: access.key_user().cloned(),
        selection,
        to: None,
        rate: ReplayRate::default(),
        running_limit: RUNNING,
        idempotency,
        at,
    })
}

/// The answer that something is being made, or was before.
pub(in crate::native) fn accepted(repeated: bool, view: impl Serialize) -> Response {
    let mut response = (StatusCode::ACCEPTED, Json(view)).into_response();
    if repeated {
        response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    }
    response
}

/// A key that belongs to a user replays deliveries of that user's subscriptions only; others do not exist for it.
async fn check_deliveries(
    access: &Access<ManageSubscriptions>,
    state: &ServerState,
    selection: &Selection,
) -> Result<(), Failure> {
    let Selection::Listed(ids) = selection else { return Ok(()) };
    if access.key_user().is_none() {
        return Ok(());
    }
    for id in ids {
        let found = state.store.delivery(access.number(), *id).await?;
        let subscription =
            found.and_then(|found| access.catalogue.subscriptions.get(&found.view.subscription));
        if !subscription.is_some_and(|entry| access.sees(&entry.subscription)) {
            return Err(Failure::not_found("delivery"));
        }
    }
    Ok(())
}
