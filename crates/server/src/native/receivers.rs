//! `/api/v1/receivers`: the applications to which deliveries go.

mod health;

use std::sync::Arc;

use axum::Json;
use rendezhook_domain::id::ReceiverId;
use rendezhook_domain::time::Timestamp;
use rendezhook_store::catalogue::{OrganizationEntry, ReceiverEntry};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::{Access, Read};
use crate::failure::Failure;
use crate::page::{OrganizationPageQuery, Page};
use crate::parameters::{Parameters, PathParameters};
use crate::state::ServerState;

pub(super) fn routes() -> OpenApiRouter<ServerState> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(show)).routes(routes!(health::health))
}

/// A receiver: one application to its owner. Order, pause and limits belong to it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Receiver)]
pub(crate) struct ReceiverView {
    /// Its id.
    #[schema(value_type = String, example = "rcv_0198b2f0c0de7000800000000000abcd")]
    id: ReceiverId,
    /// The name its owner gave, or its endpoint: the target URL without query.
    #[schema(example = "https://api.example.com/hooks/12345")]
    name: String,
    /// Whether its owner gave the name.
    named: bool,
    /// How many subscriptions deliver to it.
    subscriptions: usize,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

impl ReceiverView {
    fn new(entry: &ReceiverEntry, organization: &OrganizationEntry) -> Self {
        let delivers_here = |subscription: &&Arc<rendezhook_store::catalogue::SubscriptionEntry>| {
            subscription.subscription.receiver == entry.number
        };
        Self {
            id: entry.id,
            name: entry.name.to_string(),
            named: entry.named,
            subscriptions: organization.subscriptions.iter().filter(delivers_here).count(),
            created_at: entry.created_at,
        }
    }
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
    Parameters(query): Parameters<OrganizationPageQuery>,
) -> Result<Json<Page<ReceiverView>>, Failure> {
    Ok(Json(query.page()?.of(
        access.organization.receivers.iter(),
        |entry| entry.number.get(),
        |entry| ReceiverView::new(entry, &access.organization),
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
    PathParameters(id): PathParameters<String>,
) -> Result<Json<ReceiverView>, Failure> {
    let entry = find(&access, &id)?;
    Ok(Json(ReceiverView::new(entry, &access.organization)))
}

/// The receiver with this id, if it is the caller's organization's. A malformed id names nothing.
fn find<'a>(access: &'a Access<Read>, id: &str) -> Result<&'a Arc<ReceiverEntry>, Failure> {
    let id: Option<ReceiverId> = id.parse().ok();
    let found = access.organization.receivers.iter().find(|entry| Some(entry.id) == id);
    found.ok_or_else(|| Failure::not_found("receiver"))
}
