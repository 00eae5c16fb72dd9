//! `GET /v1/organizers/current/organizations`: the organization of the token, its team and its user.

use axum::extract::State;
use axum::response::Response;
use rendezhook_dialects::doo::management::{self, ActiveTeam};

use super::json;
use crate::access::{Read, TokenAccess};
use crate::state::ServerState;

pub(super) async fn list(caller: TokenAccess<Read>, State(state): State<ServerState>) -> Response {
    let organization = &caller.access.organization.organization;
    // The technical user of an organization has the number of the organization, as its team has.
    let active = ActiveTeam { organization, user_id: organization.number.get() };
    json(management::organizations([organization], active, &state.options.public_address))
}
