//! Listing replays.

use axum::Json;
use axum::extract::State;

use super::is_seen;
use super::view::ReplayView;
use crate::access::{Access, Read};
use crate::failure::Failure;
use crate::page::{OrganizationPageQuery, Page, cursor};
use crate::parameters::Parameters;
use crate::state::ServerState;

/// Lists replays, newest first. The last 1,000 of an organization are kept.
#[utoipa::path(
    get,
    path = "/api/v1/replays",
    tag = "replays",
    operation_id = "list_replays",
    params(OrganizationPageQuery),
    responses((status = 200, description = "A page of replays", body = Page<ReplayView>))
)]
pub(crate) async fn list(
    access: Access<Read>,
    State(state): State<ServerState>,
    Parameters(query): Parameters<OrganizationPageQuery>,
) -> Result<Json<Page<ReplayView>>, Failure> {
    let page = query.page()?;
    let below = page.after.map(|after| u32::try_from(after).unwrap_or(u32::MAX));
    let found = state.store.replays(access.number(), below, page.limit).await?;
    let seen = found.replays.into_iter().filter(|replay| is_seen(&access, replay));
    let items = seen.map(|replay| ReplayView::new(replay, &access.catalogue)).collect();
    Ok(Json(Page { items, next: found.next.map(|next| cursor(u64::from(next))) }))
}
