//! `/api/v1/subscriptions`: who wants which actions where, on whatever surface they said so.

mod authentication;
mod change;
mod create;
mod delete;
mod headers;
mod health;
mod list;
mod request;
mod resume;
mod secret;
mod show;
mod test;
mod update;
mod verify;
mod view;

use std::sync::Arc;

use rendezhook_domain::id::SubscriptionId;
use rendezhook_domain::sequence::OrganizationNumber;
use rendezhook_store::catalogue::{Catalogue, OrganizationEntry, SubscriptionEntry};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::Access;
use crate::failure::Failure;
use crate::state::ServerState;

pub(super) fn routes() -> OpenApiRouter<ServerState> {
    OpenApiRouter::new()
        .routes(routes!(create::create, list::list))
        .routes(routes!(show::show, update::update, delete::delete))
        .routes(routes!(secret::show))
        .routes(routes!(secret::rotate))
        .routes(routes!(test::test))
        .routes(routes!(verify::verify))
        .routes(routes!(resume::resume))
        .routes(routes!(health::health))
}

/// The subscription with this id, if the caller may know of it. A malformed id names nothing.
pub(in crate::native) fn find<'a, R>(
    access: &'a Access<R>,
    id: &str,
) -> Result<&'a Arc<SubscriptionEntry>, Failure> {
    id.parse::<SubscriptionId>()
        .ok()
        .and_then(|id| access.organization.subscription(id))
        .filter(|entry| access.sees(&entry.subscription))
        .ok_or_else(|| Failure::not_found("subscription"))
}

/// A subscription in a newer catalogue, with its organization. Somebody may have deleted them in between.
fn find_in(
    catalogue: &Catalogue,
    organization: OrganizationNumber,
    id: SubscriptionId,
) -> Result<(&Arc<OrganizationEntry>, &Arc<SubscriptionEntry>), Failure> {
    let organization =
        catalogue.organization(organization).ok_or_else(|| Failure::not_found("organization"))?;
    let subscription = organization.subscription(id).ok_or_else(|| Failure::not_found("subscription"))?;
    Ok((organization, subscription))
}
