//! What waits for a receiver.

use axum::Json;
use axum::extract::State;
use rendezhook_domain::time::Timestamp;
use rendezhook_store::read::BacklogQuery;
use serde::Serialize;
use utoipa::ToSchema;

use super::find;
use crate::access::{Access, Read};
use crate::failure::Failure;
use crate::parameters::PathParameters;
use crate::state::ServerState;

/// What waits for a receiver.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Backlog)]
pub(crate) struct BacklogView {
    /// Deliveries that wait, those included that wait for their next attempt.
    waiting: u64,
    /// When the action of the oldest one was accepted.
    #[schema(value_type = Option<String>, format = DateTime)]
    oldest_accepted_at: Option<Timestamp>,
    /// Those of them that have expired, and end so as soon as they are looked at.
    expired: u64,
    /// Those that expire within an hour.
    expiring_within_an_hour: u64,
    /// Whether all were counted. Counting ends after 200,000; then there are more.
    complete: bool,
}

/// Counts what waits for a receiver.
#[utoipa::path(
    get,
    path = "/api/v1/receivers/{receiver_id}/backlog",
    tag = "receivers",
    operation_id = "show_backlog",
    params(("receiver_id" = String, Path, description = "The receiver's id")),
    responses((status = 200, description = "What waits", body = BacklogView))
)]
pub(crate) async fn show(
    access: Access<Read>,
    State(state): State<ServerState>,
    PathParameters(id): PathParameters<String>,
) -> Result<Json<BacklogView>, Failure> {
    let receiver = find(&access, &id)?.number;
    let query =
        BacklogQuery { receiver, subscription: None, now: state.now(), rate: None, skip_before: None };
    let backlog = state.store.backlog(query).await?;
    Ok(Json(BacklogView {
        waiting: backlog.waiting,
        oldest_accepted_at: backlog.oldest_accepted_at,
        expired: backlog.expired,
        expiring_within_an_hour: backlog.expiring_within_an_hour,
        complete: backlog.complete,
    }))
}
