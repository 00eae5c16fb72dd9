//! `GET /v1/team/{team_id}/webhooks`: groups page by page.

use axum::extract::State;
use axum::response::Response;
use rendezhook_dialects::doo::management::{self, GroupPage};
use serde::Deserialize;

use super::{json, listed, own_team, surroundings};
use crate::access::{ManageSubscriptions, TokenAccess};
use crate::failure::Failure;
use crate::parameters::{Parameters, PathParameters};
use crate::state::ServerState;

/// The query. Parameters that the document does not know are ignored.
#[derive(Deserialize)]
pub(super) struct Query {
    page: Option<String>,
}

pub(super) async fn list(
    caller: TokenAccess<ManageSubscriptions>,
    State(state): State<ServerState>,
    PathParameters(team): PathParameters<String>,
    Parameters(query): Parameters<Query>,
) -> Result<Response, Failure> {
    let organization = &caller.access.organization;
    let team = own_team(&team, organization)?;
    let page = GroupPage::parse(query.page.as_deref())?;
    let entries = organization.subscriptions.iter();
    let visible = entries.filter(|entry| caller.sees(&entry.subscription)).map(|entry| listed(entry));
    Ok(json(management::list(visible, page, team, surroundings(&state, organization))))
}
