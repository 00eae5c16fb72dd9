//! `/api/v1/scheduled`: what was published to be delivered later, until its time comes.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use rendezhook_domain::action::ActionName;
use rendezhook_domain::resource::{ResourceId, ResourceKind};
use rendezhook_domain::time::Timestamp;
use rendezhook_store::firing;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::{Access, Publish, Read};
use crate::failure::Failure;
use crate::native::vocabulary;
use crate::page::{KeyedPageRequest, OrganizationPageQuery, Page, keyed_cursor};
use crate::parameters::{Parameters, PathParameters};
use crate::state::ServerState;

pub(super) fn routes() -> OpenApiRouter<ServerState> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(cancel))
}

/// An action that waits for its time.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ScheduledAction {
    /// The key under which it was published.
    #[schema(example = "reminder/booking-4711")]
    key: String,
    /// When it is delivered.
    #[schema(value_type = String, format = DateTime)]
    deliver_at: Timestamp,
    /// What happens then.
    #[schema(value_type = String, example = "event.reminder")]
    action: ActionName,
    /// The kind of the resource.
    #[schema(value_type = vocabulary::ResourceKindWord)]
    resource_kind: ResourceKind,
    /// Your id of the resource.
    #[schema(value_type = String, example = "booking-4711")]
    resource_id: ResourceId,
    /// After which no attempt is made to deliver it.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
}

impl From<firing::ScheduledView> for ScheduledAction {
    fn from(view: firing::ScheduledView) -> Self {
        Self {
            key: view.key.to_string(),
            deliver_at: view.due_at,
            action: view.action,
            resource_kind: view.kind,
            resource_id: view.resource_id,
            expires_at: view.expires_at,
        }
    }
}

/// Lists what was published to be delivered later, in the order of the keys.
#[utoipa::path(
    get,
    path = "/api/v1/scheduled",
    tag = "scheduled",
    operation_id = "list_scheduled",
    params(OrganizationPageQuery),
    responses((status = 200, description = "A page of actions", body = Page<ScheduledAction>))
)]
pub(crate) async fn list(
    access: Access<Read>,
    State(state): State<ServerState>,
    Parameters(query): Parameters<OrganizationPageQuery>,
) -> Result<Json<Page<ScheduledAction>>, Failure> {
    let KeyedPageRequest { after, limit } = query.keyed_page()?;
    // One more tells whether there is another page.
    let mut found = state.store.scheduled(access.number(), after, limit + 1).await?;
    let more = found.len() > limit;
    found.truncate(limit);
    let next = found.last().filter(|_| more).map(|last| keyed_cursor(&last.key));
    Ok(Json(Page { items: found.into_iter().map(Into::into).collect(), next }))
}

/// Cancels an action that waits for its time. Once it was fired there is nothing left to cancel.
#[utoipa::path(
    delete,
    path = "/api/v1/scheduled/{key}",
    tag = "scheduled",
    operation_id = "cancel_scheduled",
    params(("key" = String, Path, description = "The key under which it was published, percent-encoded")),
    responses((status = 204, description = "It is cancelled"))
)]
pub(crate) async fn cancel(
    access: Access<Publish>,
    State(state): State<ServerState>,
    PathParameters(key): PathParameters<String>,
) -> Result<StatusCode, Failure> {
    let cancelled = state.store.cancel_scheduled(access.number(), key.into()).await?;
    if cancelled { Ok(StatusCode::NO_CONTENT) } else { Err(Failure::not_found("scheduled action")) }
}
