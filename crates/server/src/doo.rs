//! The API of doo: `/v1/…`.
//!
//! Its lists hold the secrets of groups in clear, as its document shows, unless the organization masks them. So reading groups, too,
//! needs a key that may see secrets.

mod create;
mod group;
mod list;
mod organizations;
mod origin;
mod pace;
mod re_push;
mod token;

use axum::Router;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http::header::CONTENT_TYPE;
use http::{HeaderValue, StatusCode};
use rendezhook_dialects::doo::management::{GroupSurroundings, ListedHook, team_of};
use rendezhook_store::catalogue::{OrganizationEntry, SubscriptionEntry};

use crate::failure::Failure;
use crate::state::ServerState;

/// Every route of the doo API.
pub(crate) fn routes() -> Router<ServerState> {
    Router::new()
        .route("/v1/oauth", post(token::issue))
        .route("/v1/organizers/current/organizations", get(organizations::list))
        .route("/v1/team/{team_id}/webhooks", get(list::list).post(create::create))
        .route("/v1/webhooks/init/events", post(re_push::events))
        .route("/v1/webhooks/init/orders", post(re_push::orders))
        .route("/v1/webhooks/{group_id}", get(group::show).delete(group::delete))
}

/// A JSON text that the dialect wrote. Whatever is done here is answered 200, as the document shows.
fn json(body: Vec<u8>) -> Response {
    let mut response = (StatusCode::OK, Body::from(body)).into_response();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

fn listed(entry: &SubscriptionEntry) -> ListedHook<'_> {
    (&entry.subscription, entry.target_secret.as_ref())
}

fn surroundings<'a>(state: &'a ServerState, organization: &'a OrganizationEntry) -> GroupSurroundings<'a> {
    GroupSurroundings { address: &state.options.public_address, organization: &organization.organization }
}

/// The number of the team in the path, which is the one team of the organization. Any other, and what is no number, does not exist.
fn own_team(text: &str, organization: &OrganizationEntry) -> Result<u32, Failure> {
    let own = team_of(&organization.organization);
    if text == own.to_string() { Ok(own) } else { Err(Failure::not_found("team")) }
}
