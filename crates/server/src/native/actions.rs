//! `/api/v1/actions`: publishing what happened.

mod described;
mod idempotency;
mod item;
mod publish;
mod split;

pub(in crate::native) use self::idempotency::IdempotencyKey;
pub(in crate::native) use self::item::object;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::state::ServerState;

pub(super) fn routes() -> OpenApiRouter<ServerState> {
    OpenApiRouter::new().routes(routes!(publish::publish))
}
