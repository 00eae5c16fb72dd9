//! Pausing and resuming a receiver.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use rendezhook_domain::pause::{Drain, Pause};
use rendezhook_domain::time::Timestamp;
use rendezhook_store::change::ReceiverUpdate;
use rendezhook_store::read::BacklogQuery;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::backlog::PlanView;
use super::view::ReceiverView;
use super::{change, find};
use crate::access::{Access, ManageSubscriptions};
use crate::body::JsonBody;
use crate::failure::Failure;
use crate::native::fields::FieldChecks;
use crate::parameters::PathParameters;
use crate::state::ServerState;

/// The longest reason of a pause, in characters.
const MAXIMUM_REASON: usize = 255;
/// The highest rate at which a backlog drains.
const MAXIMUM_RATE: u32 = 1_000;

/// How long a receiver pauses, and why.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PauseRequest {
    /// When it ends by itself; when somebody resumes, if not given.
    #[schema(value_type = Option<String>, format = DateTime)]
    until: Option<String>,
    /// A note for people: up to 255 characters.
    #[schema(max_length = 255)]
    reason: Option<String>,
}

/// How a receiver is let go on.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ResumeRequest {
    /// How many deliveries a second it gets at most while its backlog drains: 1 to 1,000. When not given it begins slowly and goes as
    /// fast as it answers.
    #[schema(minimum = 1, maximum = 1000)]
    rate: Option<u32>,
    /// Only show what would happen.
    #[serde(default)]
    #[schema(required = false)]
    dry_run: bool,
}

/// What became of a receiver that was to go on.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum ResumeView {
    /// It goes on.
    Resumed(ReceiverView),
    /// Nothing was changed.
    Plan(PlanView),
}

/// Pauses a receiver: what is for it waits, and keeps its place. Attempts under way are finished, tests are made all the same.
///
/// A pause under way is replaced.
#[utoipa::path(
    post,
    path = "/api/v1/receivers/{receiver_id}/pause",
    tag = "receivers",
    operation_id = "pause_receiver",
    params(("receiver_id" = String, Path, description = "The receiver's id")),
    request_body = PauseRequest,
    responses((status = 200, description = "The receiver as it is now", body = ReceiverView))
)]
pub(crate) async fn pause(
    access: Access<ManageSubscriptions>,
    State(state): State<ServerState>,
    PathParameters(id): PathParameters<String>,
    JsonBody(request): JsonBody<PauseRequest>,
) -> Result<Json<ReceiverView>, Failure> {
    let receiver = find(&access, &id)?;
    let now = state.now();
    let mut checks = FieldChecks::default();
    let until = request.until.as_deref().and_then(|text| checks.parse::<Timestamp>("/until", text));
    if until.is_some_and(|until| until <= now) {
        checks.refuse("/until", "a pause ends in the future; leave this member out for one without an end");
    }
    if let Some(reason) = &request.reason {
        checks.text("/reason", reason, 1, MAXIMUM_REASON);
    }
    checks.finish()?;
    let since = receiver.interruptions.pause.as_ref().filter(|_| receiver.interruptions.pauses_at(now));
    let since = since.map_or(now, |pause| pause.since);
    let pause = Pause { since, until, reason: request.reason.map(Into::into) };
    let update = ReceiverUpdate { pause: Some(Some(pause)), drain: Some(None), ..ReceiverUpdate::default() };
    change(&access, &state, receiver.id, update).await
}

/// Ends the pause of a receiver, or with `dry_run` shows what would follow: how many deliveries wait, how many have expired or will
/// before their turn, and how long the rest takes.
///
/// Open maintenance windows stay open.
#[utoipa::path(
    post,
    path = "/api/v1/receivers/{receiver_id}/resume",
    tag = "receivers",
    operation_id = "resume_receiver",
    params(("receiver_id" = String, Path, description = "The receiver's id")),
    request_body = ResumeRequest,
    responses((status = 200, description = "The receiver as it is now; with `dry_run` the plan", body = ResumeView))
)]
pub(crate) async fn resume(
    access: Access<ManageSubscriptions>,
    State(state): State<ServerState>,
    PathParameters(id): PathParameters<String>,
    JsonBody(request): JsonBody<ResumeRequest>,
) -> Result<Json<ResumeView>, Failure> {
    let receiver = find(&access, &id)?;
    if request.rate.is_some_and(|rate| !(1..=MAXIMUM_RATE).contains(&rate)) {
        return Err(Failure::field("/rate", "a backlog drains at 1 to 1000 deliveries a second"));
    }
    let now = state.now();
    let query = BacklogQuery { receiver: receiver.number, subscription: None, now, rate: request.rate };
    if request.dry_run {
        let backlog = state.store.backlog(query).await?;
        return Ok(Json(ResumeView::Plan(PlanView::new(&backlog, request.rate))));
    }
    let drain = match request.rate {
        None => None,
        Some(rate) => {
            let backlog = state.store.backlog(query).await?;
            let takes = Duration::from_secs(backlog.to_be_sent().div_ceil(u64::from(rate)));
            Some(Drain { rate, until: now.after(takes) }).filter(|_| backlog.to_be_sent() > 0)
        }
    };
    let update = ReceiverUpdate { pause: Some(None), drain: Some(drain), ..ReceiverUpdate::default() };
    let Json(changed) = change(&access, &state, receiver.id, update).await?;
    Ok(Json(ResumeView::Resumed(changed)))
}
