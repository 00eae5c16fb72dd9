//! `GET /api/webhooks`: hooks page by page.

use axum::response::Response;
use http::StatusCode;
use rendezhook_dialects::simplymeet::management::{self, HookPage};
use serde::Deserialize;

use super::{json, listed};
use crate::access::{Access, ManageSubscriptions};
use crate::failure::Failure;
use crate::parameters::Parameters;

/// The query. Parameters that the document does not know are ignored.
#[derive(Deserialize)]
pub(super) struct Query {
    page: Option<String>,
    limit: Option<String>,
}

pub(super) async fn list(
    access: Access<ManageSubscriptions>,
    Parameters(query): Parameters<Query>,
) -> Result<Response, Failure> {
    let page = HookPage::parse(query.page.as_deref(), query.limit.as_deref())?;
    let entries = access.organization.subscriptions.iter();
    let visible = entries.filter(|entry| access.sees(&entry.subscription)).map(|entry| listed(entry));
    Ok(json(StatusCode::OK, management::list(visible, page)))
}
