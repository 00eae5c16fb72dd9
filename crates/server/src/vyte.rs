//! The Vyte API, v1 (`/hooks`) and v2 (`/v2/hooks`): one system whose lists have two forms. And its join link.

mod auth_test;
mod create;
mod hook;
pub(crate) mod join;
mod list;

use axum::Router;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, StatusCode};
use rendezhook_dialects::vyte::management;
use rendezhook_domain::subscription::Subscription;
use rendezhook_store::catalogue::OrganizationEntry;

use crate::failure::Failure;
use crate::state::ServerState;

/// Every route of the Vyte API and of its join link.
pub(crate) fn routes() -> Router<ServerState> {
    let one_hook = || get(hook::show).put(hook::update).delete(hook::delete);
    Router::new()
        .route("/hooks", get(list::version_1).post(create::create))
        .route("/hooks/{hook_id}", one_hook())
        .route("/v2/hooks", get(list::version_2).post(create::create))
        .route("/v2/hooks/{hook_id}", one_hook())
        .route("/v2/auth/test", get(auth_test::show))
        .merge(join::routes())
}

/// A JSON text that the dialect wrote.
fn json(status: StatusCode, body: Vec<u8>) -> Response {
    let mut response = (status, Body::from(body)).into_response();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// A hook as the API shows it.
fn shown(
    status: StatusCode,
    subscription: &Subscription,
    organization: &OrganizationEntry,
) -> Result<Response, Failure> {
    let body = management::hook(subscription, &organization.organization);
    body.map(|body| json(status, body)).ok_or_else(|| Failure::not_found("hook"))
}
