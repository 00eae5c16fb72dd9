//! What waits for a receiver.

use axum::Json;
use axum::extract::State;
use rendezhook_domain::time::Timestamp;
use rendezhook_store::read::{Backlog, BacklogQuery};
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

/// What would follow when deliveries go on.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ResumePlan)]
pub(crate) struct PlanView {
    /// Always true: nothing was changed.
    dry_run: bool,
    /// Deliveries that wait.
    waiting: u64,
    /// Those of them that have expired: they end so without an attempt.
    expired: u64,
    /// Those that would expire before their turn at this rate; null without a rate.
    expiring_before_their_turn: Option<u64>,
    /// When the action of the oldest one was accepted.
    #[schema(value_type = Option<String>, format = DateTime)]
    oldest_accepted_at: Option<Timestamp>,
    /// Deliveries a second; null: it begins slowly and goes as fast as the receiver answers.
    rate: Option<u32>,
    /// How long the rest takes at that rate, in seconds; null without a rate.
    takes_seconds: Option<u64>,
    /// Whether all were counted. Counting ends after 200,000; then there are more.
    complete: bool,
}

impl PlanView {
    pub(in crate::native) fn new(backlog: &Backlog, rate: Option<u32>) -> Self {
        Self {
            dry_run: true,
            waiting: backlog.waiting,
            expired: backlog.expired,
            expiring_before_their_turn: rate.map(|_| backlog.expiring_before_their_turn),
            oldest_accepted_at: backlog.oldest_accepted_at,
            rate,
            takes_seconds: rate.map(|rate| backlog.to_be_sent().div_ceil(u64::from(rate.max(1)))),
            complete: backlog.complete,
        }
    }
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
    let query = BacklogQuery { receiver, subscription: None, now: state.now(), rate: None };
    let backlog = state.store.backlog(query).await?;
    Ok(Json(BacklogView {
        waiting: backlog.waiting,
        oldest_accepted_at: backlog.oldest_accepted_at,
        expired: backlog.expired,
        expiring_within_an_hour: backlog.expiring_within_an_hour,
        complete: backlog.complete,
    }))
}
