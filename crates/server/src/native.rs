//! Our own API: `/api/v1/…`.
//!
//! Each handler is registered together with its description, so that the OpenAPI document knows every route.

pub(crate) mod actions;
pub(crate) mod deliveries;
mod fields;
mod health;
pub(crate) mod organizations;
pub(crate) mod receivers;
pub(crate) mod replays;
pub(crate) mod resources;
mod resuming;
pub(crate) mod scheduled;
pub(crate) mod subscriptions;
pub(crate) mod timers;
mod vocabulary;
mod warnings;

use utoipa_axum::router::OpenApiRouter;

use crate::state::ServerState;

/// Every route of the native API.
pub(crate) fn routes() -> OpenApiRouter<ServerState> {
    OpenApiRouter::new()
        .merge(organizations::routes())
        .merge(actions::routes())
        .merge(resources::routes())
        .merge(timers::routes())
        .merge(scheduled::routes())
        .merge(subscriptions::routes())
        .merge(receivers::routes())
        .merge(deliveries::routes())
        .merge(replays::routes())
}
