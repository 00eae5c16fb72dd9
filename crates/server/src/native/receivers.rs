//! `/api/v1/receivers`: the applications to which deliveries go.

mod backlog;
mod health;
mod maintenance;
mod pause;
mod view;

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use rendezhook_domain::id::ReceiverId;
use rendezhook_store::catalogue::ReceiverEntry;
use rendezhook_store::change::{CatalogueChange, ReceiverUpdate};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use self::view::ReceiverView;
use crate::access::{Access, Read};
use crate::failure::Failure;
use crate::page::{OrganizationPageQuery, Page};
use crate::parameters::{Parameters, PathParameters};
use crate::state::ServerState;

pub(super) fn routes() -> OpenApiRouter<ServerState> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(show, maintenance::update))
        .routes(routes!(pause::pause))
        .routes(routes!(pause::resume))
        .routes(routes!(backlog::show))
        .routes(routes!(health::health))
}

/// Lists receivers in the order in which they were made.
#[utoipa::path(
    get,
    path = "/api/v1/receivers",
    tag = "receivers",
    operation_id = "list_receivers",
    params(OrganizationPageQuery),
    responses((status = 200, description = "A page of receivers", body = Page<ReceiverView>))
)]
pub(crate) async fn list(
    access: Access<Read>,
    State(state): State<ServerState>,
    Parameters(query): Parameters<OrganizationPageQuery>,
) -> Result<Json<Page<ReceiverView>>, Failure> {
    let now = state.now();
    Ok(Json(query.page()?.of(
        access.organization.receivers.iter(),
        |entry| entry.number.get(),
        |entry| ReceiverView::new(entry, &access.organization, now),
    )))
}

/// Shows a receiver.
#[utoipa::path(
    get,
    path = "/api/v1/receivers/{receiver_id}",
    tag = "receivers",
    operation_id = "show_receiver",
    params(("receiver_id" = String, Path, description = "The receiver's id")),
    responses((status = 200, description = "The receiver", body = ReceiverView))
)]
pub(crate) async fn show(
    access: Access<Read>,
    State(state): State<ServerState>,
    PathParameters(id): PathParameters<String>,
) -> Result<Json<ReceiverView>, Failure> {
    let entry = find(&access, &id)?;
    Ok(Json(ReceiverView::new(entry, &access.organization, state.now())))
}

/// The receiver with this id. A malformed one names nothing.
fn find<'a, R>(access: &'a Access<R>, id: &str) -> Result<&'a Arc<ReceiverEntry>, Failure> {
    let id: Option<ReceiverId> = id.parse().ok();
    let found = access.organization.receivers.iter().find(|entry| Some(entry.id) == id);
    found.ok_or_else(|| Failure::not_found("receiver"))
}

/// Changes a receiver, and shows it as it is then.
async fn change<R>(
    access: &Access<R>,
    state: &ServerState,
    receiver: ReceiverId,
    update: ReceiverUpdate,
) -> Result<Json<ReceiverView>, Failure> {
    let organization = access.number();
    let change = CatalogueChange::UpdateReceiver { organization, receiver, update };
    let catalogue = state.change(change).await?;
    let organization = catalogue.organization(organization);
    let organization = organization.ok_or_else(|| Failure::not_found("organization"))?;
    let changed = organization.receivers.iter().find(|entry| entry.id == receiver);
    let changed = changed.ok_or_else(|| Failure::not_found("receiver"))?;
    Ok(Json(ReceiverView::new(changed, organization, state.now())))
}
