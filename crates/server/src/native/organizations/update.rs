//! Changing one organization.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use rendezhook_domain::expiry::MAXIMUM_HOURS;
use rendezhook_domain::organization::{BacklogLimits, SchemaCheck};
use rendezhook_domain::subscription::VyteBody;
use rendezhook_store::change::{CatalogueChange, OrganizationUpdate};
use serde::Deserialize;
use utoipa::ToSchema;

use super::OrganizationView;
use crate::access::{ManageOrganization, PathAccess};
use crate::body::JsonBody;
use crate::failure::Failure;
use crate::native::fields::{FieldChecks, present};
use crate::native::vocabulary;
use crate::state::ServerState;

/// New values of an organization; a member that is left out stays as it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OrganizationPatch {
    /// What people call it: 1 to 255 characters.
    #[schema(min_length = 1, max_length = 255)]
    name: Option<String>,
    /// How deliveries of its Vyte hooks are wrapped.
    #[schema(value_type = Option<vocabulary::VyteBodyWord>)]
    vyte_body: Option<VyteBody>,
    /// Whether people may become its users through its join link, `/organizations/{vyte_id}/join`; false at first.
    join_link: Option<bool>,
    /// Whether lists of doo hooks hide `client_secret`, which the document of the doo API shows in clear; false at first.
    mask_doo_secrets: Option<bool>,
    /// What is done with a published resource that does not fit the schema of its kind; `warn` at first.
    #[schema(value_type = Option<vocabulary::SchemaCheckWord>)]
    schema_check: Option<SchemaCheck>,
    /// After how many hours actions expire that are given no `expires_at`, counted from the later of acceptance and the event's end:
    /// 1 to 8,784; null: not at all, as at first.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<u16>, required = false, minimum = 1, maximum = 8784)]
    default_expiry_hours: Option<Option<u16>>,
    /// Publishing is answered with 429 while so many deliveries wait for receivers that are delivered to: 1 to 1,000,000,000; null: the
    /// server's number, as at first. Only the server's admin key may change it.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<u64>, required = false, minimum = 1, maximum = 1_000_000_000)]
    backlog_quota: Option<Option<u64>>,
    /// So many deliveries may wait for one of its receivers; beyond it the oldest expire: 1 to 1,000,000,000; null: the server's
    /// number, as at first. Only the server's admin key may change it.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<u64>, required = false, minimum = 1, maximum = 1_000_000_000)]
    receiver_backlog: Option<Option<u64>>,
}

/// Changes an organization.
#[utoipa::path(
    patch,
    path = "/api/v1/organizations/{organization_id}",
    tag = "organizations",
    operation_id = "update_organization",
    params(("organization_id" = String, Path, description = "The organization's id")),
    request_body = OrganizationPatch,
    responses((status = 200, description = "The organization as it is now", body = OrganizationView))
)]
pub(crate) async fn update(
    PathAccess(access): PathAccess<ManageOrganization>,
    State(state): State<ServerState>,
    JsonBody(patch): JsonBody<OrganizationPatch>,
) -> Result<Json<OrganizationView>, Failure> {
    if patch.backlog_quota.is_some() || patch.receiver_backlog.is_some() {
        access.only_operator("backlog_quota and receiver_backlog")?;
    }
    let mut checks = FieldChecks::default();
    if let Some(name) = &patch.name {
        checks.text("/name", name, 1, 255);
    }
    if let Some(Some(hours)) = patch.default_expiry_hours
        && !(1..=MAXIMUM_HOURS).contains(&hours)
    {
        let detail = format!("this must be a number of hours from 1 to {MAXIMUM_HOURS}, or null");
        checks.refuse("/default_expiry_hours", detail);
    }
    for (pointer, limit) in
        [("/backlog_quota", patch.backlog_quota), ("/receiver_backlog", patch.receiver_backlog)]
    {
        if limit.flatten().is_some_and(|limit| !(1..=BacklogLimits::MAXIMUM).contains(&limit)) {
            let detail = format!("this must be a number from 1 to {}, or null", BacklogLimits::MAXIMUM);
            checks.refuse(pointer, detail);
        }
    }
    checks.finish()?;

    let change = CatalogueChange::UpdateOrganization {
        organization: access.number(),
        update: OrganizationUpdate {
            name: patch.name.map(Arc::from),
            vyte_body: patch.vyte_body,
            join_link: patch.join_link,
            masks_doo_secrets: patch.mask_doo_secrets,
            schema_check: patch.schema_check,
            default_expiry_hours: patch.default_expiry_hours,
            backlog_quota: patch.backlog_quota,
            receiver_backlog: patch.receiver_backlog,
        },
    };
    let catalogue = state.change(change).await?;
    let changed =
        catalogue.organization(access.number()).ok_or_else(|| Failure::not_found("organization"))?;
    Ok(Json(OrganizationView::new(&changed.organization, &state.intake)))
}
