//! `/health/live` and `/health/ready`, for whoever starts and watches the process.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde::Serialize;
use tokio::time::timeout;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::state::ServerState;

/// How long readiness waits for the number of waiting deliveries, which a start has to count first.
const COUNTING: Duration = Duration::from_millis(100);

/// Both routes. They need no key and tell nothing of any organization.
pub(crate) fn routes() -> OpenApiRouter<ServerState> {
    OpenApiRouter::new().routes(routes!(live)).routes(routes!(ready))
}

#[derive(Serialize, ToSchema)]
struct Liveness {
    /// `ok`.
    status: &'static str,
}

/// The process answers.
#[utoipa::path(
    get,
    path = "/health/live",
    tag = "health",
    security(()),
    responses((status = 200, description = "The process answers", body = Liveness))
)]
async fn live() -> Json<Liveness> {
    Json(Liveness { status: "ok" })
}

#[derive(Serialize, ToSchema)]
struct Readiness {
    /// `ready` or `not_ready`.
    status: &'static str,
    /// `writable` or `not_writable`.
    store: &'static str,
    /// What the delivery side has to do.
    delivery: DeliveryNumbers,
    /// Whether the machine's clock is relied upon.
    clock: ClockStanding,
}

#[derive(Serialize, ToSchema)]
struct ClockStanding {
    /// `relied_upon`, or `in_doubt` for ten minutes after it was set by more than a minute: until then nothing expires, is
    /// removed or is disabled by time, and no timer fires.
    status: &'static str,
    /// By how many milliseconds it was set, negative when it was set back; null while it is relied upon.
    set_by_ms: Option<i64>,
}

#[derive(Serialize, ToSchema)]
struct DeliveryNumbers {
    /// Deliveries whose end is not recorded; null while they are being counted after a start.
    pending: Option<u64>,
    /// Waiting deliveries that are held in memory.
    in_memory: usize,
    /// Attempts under way.
    in_flight: usize,
    /// Outcomes that are not durable yet.
    waiting_to_record: usize,
    /// Deliveries set aside at this start, because the server crashed each time it attempted one of them.
    set_aside: usize,
}

/// The store can be written, so publishes are accepted.
#[utoipa::path(
    get,
    path = "/health/ready",
    tag = "health",
    security(()),
    responses(
        (status = 200, description = "Requests are welcome", body = Readiness),
        (status = 503, description = "The store cannot be written", body = Readiness),
    )
)]
async fn ready(State(state): State<ServerState>) -> Response {
    let (checked, figures) = tokio::join!(state.store.check(), timeout(COUNTING, state.store.figures()));
    if let Err(error) = &checked {
        tracing::warn!(%error, "the server is not ready");
    }
    let delivery = state.delivery.figures();
    let (code, status, store) = match checked {
        Ok(()) => (StatusCode::OK, "ready", "writable"),
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "not_ready", "not_writable"),
    };
    let jump = state.delivery.clock_guard().jump();
    let body = Readiness {
        status,
        store,
        clock: ClockStanding {
            status: if jump.is_some() { "in_doubt" } else { "relied_upon" },
            set_by_ms: jump.map(|jump| jump.by_milliseconds),
        },
        delivery: DeliveryNumbers {
            pending: figures.ok().and_then(Result::ok).map(|figures| figures.pending_deliveries),
            in_memory: delivery.in_memory,
            in_flight: delivery.in_flight,
            waiting_to_record: delivery.waiting_to_record,
            set_aside: delivery.set_aside,
        },
    };
    (code, Json(body)).into_response()
}
