//! Pausing and resuming a receiver.

use axum::Json;
use axum::extract::State;
use rendezhook_domain::id::ReceiverId;
use rendezhook_domain::pause::Pause;
use rendezhook_domain::time::Timestamp;
use rendezhook_store::change::ReceiverUpdate;
use serde::Deserialize;
use utoipa::ToSchema;

use super::view::ReceiverView;
use super::{change, find};
use crate::access::{Access, ManageSubscriptions};
use crate::body::JsonBody;
use crate::failure::Failure;
use crate::native::fields::FieldChecks;
use crate::native::resuming::{Held, ResumeRequest, ResumeView};
use crate::parameters::PathParameters;
use crate::state::ServerState;

/// The longest reason of a pause, in characters.
const MAXIMUM_REASON: usize = 255;

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

/// Ends the pause of a receiver, or with `dry_run` shows what would follow: how many deliveries wait, how many are left out or have
/// expired or will before their turn, and how long the rest takes.
///
/// Open maintenance windows stay open.
#[utoipa::path(
    post,
    path = "/api/v1/receivers/{receiver_id}/resume",
    tag = "receivers",
    operation_id = "resume_receiver",
    params(("receiver_id" = String, Path, description = "The receiver's id")),
    request_body = ResumeRequest,
    responses((
        status = 200,
        description = "The receiver as it is now; with `dry_run` the plan",
        body = ResumeView<ReceiverView>
    ))
)]
pub(crate) async fn resume(
    access: Access<ManageSubscriptions>,
    State(state): State<ServerState>,
    PathParameters(id): PathParameters<String>,
    JsonBody(request): JsonBody<ResumeRequest>,
) -> Result<Json<ResumeView<ReceiverView>>, Failure> {
    let receiver = find(&access, &id)?;
    let now = state.now();
    let pause = receiver.interruptions.pause.as_ref().filter(|_| receiver.interruptions.pauses_at(now));
    let held = Held { receiver: receiver.number, subscription: None, is_held: pause.is_some() };
    let resume = request.checked(held, now)?;
    if let Some(plan) = resume.plan(&state).await? {
        return Ok(Json(ResumeView::Plan(plan)));
    }
    if resume.skips()
        && let Some(pause) = pause
    {
        hold(&access, &state, receiver.id, pause, now).await?;
        resume.skip(&state).await?;
    }
    let drain = resume.drain(&state).await?;
    let update = ReceiverUpdate { pause: Some(None), drain: Some(drain), ..ReceiverUpdate::default() };
    let Json(changed) = change(&access, &state, receiver.id, update).await?;
    Ok(Json(ResumeView::Resumed(changed)))
}

/// Sees to it that a pause does not end by itself while deliveries are being left out.
async fn hold<R>(
    access: &Access<R>,
    state: &ServerState,
    receiver: ReceiverId,
    pause: &Pause,
    now: Timestamp,
) -> Result<(), Failure> {
    let needed = now.after(state.options.connections.request_timeout);
    if pause.until.is_some_and(|until| until < needed) {
        let longer = Pause { until: Some(needed), ..pause.clone() };
        let update = ReceiverUpdate { pause: Some(Some(longer)), ..ReceiverUpdate::default() };
        let _held = change(access, state, receiver, update).await?;
    }
    Ok(())
}
