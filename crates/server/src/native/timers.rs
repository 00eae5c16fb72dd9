//! `/api/v1/timers`: actions that fire at a time that follows from a resource.

mod change;
mod request;

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use rendezhook_domain::action::ActionName;
use rendezhook_domain::id::TimerId;
use rendezhook_domain::resource::ResourceKind;
use rendezhook_domain::time::Timestamp;
use rendezhook_domain::timer::{Condition, LatePolicy, Timer};
use rendezhook_store::change::CatalogueChange;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::{Access, ManageOrganization, Read};
use crate::failure::Failure;
use crate::native::vocabulary;
use crate::page::{OrganizationPageQuery, Page};
use crate::parameters::{Parameters, PathParameters};
use crate::state::ServerState;

pub(super) fn routes() -> OpenApiRouter<ServerState> {
    OpenApiRouter::new().routes(routes!(change::create, list)).routes(routes!(show, change::update, delete))
}

/// A timer. For each resource of the kind that its action names it fires once, when its time comes.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Timer)]
pub(crate) struct TimerView {
    /// Its id.
    #[schema(value_type = String, example = "tmr_0198b2f0c0de7000800000000000abcd")]
    id: TimerId,
    /// What you call it. Deliveries name it in `data.timer`.
    #[schema(example = "starting soon")]
    name: String,
    /// What it fires.
    #[schema(value_type = String, example = "event.starting")]
    action: ActionName,
    /// The kind of the resources it watches: the one that its action names.
    #[schema(value_type = vocabulary::ResourceKindWord)]
    resource_kind: Option<ResourceKind>,
    /// The instant it counts from: `start` or `end` of an event's confirmed date, `created`, `changed`, or a JSON
    /// pointer into the resource.
    #[schema(example = "start")]
    anchor: String,
    /// How far from there, as an ISO 8601 duration; negative: before it.
    #[schema(example = "-PT15M")]
    offset: String,
    /// For which resources; never for cancelled or removed ones.
    #[schema(value_type = vocabulary::TimerConditionWord)]
    only_if: Condition,
    /// Whether it fires when it is late, because the server was down.
    #[schema(value_type = vocabulary::LatePolicyWord)]
    late: LatePolicy,
    /// From how many seconds on it is late.
    late_after_seconds: u32,
    /// How many seconds after its time its action expires; null: deliveries have their whole schedule.
    expires_after_seconds: Option<u32>,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it was changed last.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

impl From<&Timer> for TimerView {
    fn from(timer: &Timer) -> Self {
        Self {
            id: timer.id,
            name: timer.name.to_string(),
            action: timer.action.clone(),
            resource_kind: timer.kind(),
            anchor: timer.rule.anchor.as_str().to_owned(),
            offset: timer.rule.offset.to_string(),
            only_if: timer.rule.condition,
            late: timer.lateness.policy,
            late_after_seconds: timer.lateness.late_after_seconds,
            expires_after_seconds: timer.expires_after_seconds,
            created_at: timer.created_at,
            updated_at: timer.updated_at,
        }
    }
}

/// The timer with this id, if the caller's organization has it.
fn find<'a, R>(access: &'a Access<R>, id: &str) -> Result<&'a Timer, Failure> {
    let id: Option<TimerId> = id.parse().ok();
    let timer = access.organization.timers.iter().find(|timer| Some(timer.id) == id);
    timer.map(AsRef::as_ref).ok_or_else(|| Failure::not_found("timer"))
}

/// Lists timers in the order in which they were made.
#[utoipa::path(
    get,
    path = "/api/v1/timers",
    tag = "timers",
    operation_id = "list_timers",
    params(OrganizationPageQuery),
    responses((status = 200, description = "A page of timers", body = Page<TimerView>))
)]
pub(crate) async fn list(
    access: Access<Read>,
    Parameters(query): Parameters<OrganizationPageQuery>,
) -> Result<Json<Page<TimerView>>, Failure> {
    let timers = access.organization.timers.iter().map(AsRef::as_ref);
    Ok(Json(query.page()?.of(timers, |timer: &Timer| timer.number.get(), |timer| TimerView::from(timer))))
}

/// Shows a timer.
#[utoipa::path(
    get,
    path = "/api/v1/timers/{timer_id}",
    tag = "timers",
    operation_id = "show_timer",
    params(("timer_id" = String, Path, description = "The timer's id")),
    responses((status = 200, description = "The timer", body = TimerView))
)]
pub(crate) async fn show(
    access: Access<Read>,
    PathParameters(id): PathParameters<String>,
) -> Result<Json<TimerView>, Failure> {
    find(&access, &id).map(|timer| Json(timer.into()))
}

/// Deletes a timer. It fires for no resource from the moment this is answered.
#[utoipa::path(
    delete,
    path = "/api/v1/timers/{timer_id}",
    tag = "timers",
    operation_id = "delete_timer",
    params(("timer_id" = String, Path, description = "The timer's id")),
    responses((status = 204, description = "The timer is deleted"))
)]
pub(crate) async fn delete(
    access: Access<ManageOrganization>,
    State(state): State<ServerState>,
    PathParameters(id): PathParameters<String>,
) -> Result<StatusCode, Failure> {
    let timer = find(&access, &id)?.number;
    let change = CatalogueChange::DeleteTimer { organization: access.number(), timer, at: state.now() };
    state.change(change).await?;
    Ok(StatusCode::NO_CONTENT)
}
