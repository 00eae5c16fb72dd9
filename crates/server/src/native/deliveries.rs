//! `/api/v1/deliveries`: what was sent, what came of it, and whose fault it was when nothing did.

mod attempts;
mod counts;
mod list;
mod replay;
mod show;
pub(super) mod view;

use rendezhook_domain::id::DeliveryId;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::failure::Failure;
use crate::state::ServerState;

pub(super) fn routes() -> OpenApiRouter<ServerState> {
    OpenApiRouter::new()
        .routes(routes!(list::list))
        .routes(routes!(counts::counts))
        .routes(routes!(show::show))
        .routes(routes!(attempts::attempts))
        .routes(routes!(replay::replay))
}

/// The id in a path. A malformed one names nothing.
fn named(id: &str) -> Result<DeliveryId, Failure> {
    id.parse().map_err(|_malformed| unknown())
}

fn unknown() -> Failure {
    Failure::not_found("delivery")
}
