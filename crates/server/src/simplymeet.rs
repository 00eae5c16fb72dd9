//! The API of SimplyMeet.me: `/api/webhooks`.
//!
//! Its answers hold the secrets of hooks in clear, as its document shows. So every call, reading too, needs a key that may see
//! secrets.

mod create;
mod hook;
mod list;

use axum::Router;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, StatusCode};
use rendezhook_dialects::simplymeet::management::{self, ListedHook};
use rendezhook_store::catalogue::SubscriptionEntry;

use crate::failure::Failure;
use crate::state::ServerState;

/// Every route of the SimplyMeet.me API.
pub(crate) fn routes() -> Router<ServerState> {
    Router::new()
        .route("/api/webhooks", get(list::list).post(create::create))
        .route("/api/webhooks/{uuid}", get(hook::show).delete(hook::delete))
}

/// A JSON text that the dialect wrote.
fn json(status: StatusCode, body: Vec<u8>) -> Response {
    let mut response = (status, Body::from(body)).into_response();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// A hook as the API shows it.
fn shown(status: StatusCode, entry: &SubscriptionEntry) -> Result<Response, Failure> {
    let body = management::hook(listed(entry));
    body.map(|body| json(status, body)).ok_or_else(|| Failure::not_found("webhook"))
}

fn listed(entry: &SubscriptionEntry) -> ListedHook<'_> {
    (&entry.subscription, entry.shared_secret.as_ref())
}
