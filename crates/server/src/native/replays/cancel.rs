//! Ending a replay.

use axum::Json;
use axum::extract::State;

use super::find;
use super::view::ReplayView;
use crate::access::{Access, ManageSubscriptions};
use crate::failure::Failure;
use crate::parameters::PathParameters;
use crate::state::ServerState;

/// Ends a replay: nothing more is made, and what it made and still waits is cancelled.
///
/// An attempt that is under way is not interrupted. One that is through, and of which nothing waits, stays as it is.
#[utoipa::path(
    post,
    path = "/api/v1/replays/{replay_id}/cancel",
    tag = "replays",
    operation_id = "cancel_replay",
    params(("replay_id" = String, Path, description = "The replay's id")),
    responses((status = 200, description = "The replay as it is now", body = ReplayView))
)]
pub(crate) async fn cancel(
    access: Access<ManageSubscriptions>,
    State(state): State<ServerState>,
    PathParameters(id): PathParameters<String>,
) -> Result<Json<ReplayView>, Failure> {
    let replay = find(&access, &state, &id).await?;
    let cancelled = state.store.cancel_replay(access.number(), replay.id, state.now()).await??;
    Ok(Json(ReplayView::new(cancelled, &access.catalogue)))
}
