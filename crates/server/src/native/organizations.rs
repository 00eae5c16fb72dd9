//! `/api/v1/organizations`: the tenants, their keys and OAuth clients.

mod create;
mod keys;
mod list;
mod oauth_clients;
mod show;
mod update;

use rendezhook_domain::id::OrganizationId;
use rendezhook_domain::organization::{Organization, SchemaCheck};
use rendezhook_domain::subscription::VyteBody;
use rendezhook_domain::time::Timestamp;
use rendezhook_intake::Intake;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::vocabulary;
use super::warnings::WarningsView;
use crate::state::ServerState;

pub(super) fn routes() -> OpenApiRouter<ServerState> {
    OpenApiRouter::new()
        .routes(routes!(create::create, list::list))
        .routes(routes!(show::show, update::update))
        .merge(keys::routes())
        .merge(oauth_clients::routes())
}

/// An organization: the tenant.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Organization)]
pub(crate) struct OrganizationView {
    /// Its id.
    #[schema(value_type = String, example = "org_0198b2f0c0de7000800000000000abcd")]
    id: OrganizationId,
    /// What people call it.
    name: String,
    /// Its id on the Vyte surface: 24 hexadecimal digits.
    #[schema(example = "60af5269459aad001d0cb565")]
    vyte_id: String,
    /// How deliveries of its Vyte hooks are wrapped: `array` as the Vyte reference's prose says, or `object` as its example
    /// shows.
    #[schema(value_type = vocabulary::VyteBodyWord)]
    vyte_body: VyteBody,
    /// Whether people may become its users through its join link, `/organizations/{vyte_id}/join`.
    join_link: bool,
    /// Whether lists of doo hooks hide `client_secret`, which the document of the doo API shows in clear.
    mask_doo_secrets: bool,
    /// What is done with a published resource that does not fit the schema of its kind (`/api/schemas/{kind}.json`): `off`,
    /// nothing is looked at; `warn`, it is accepted and the answer says what does not fit; `reject`, the request is refused.
    #[schema(value_type = vocabulary::SchemaCheckWord)]
    schema_check: SchemaCheck,
    /// For actions that are given no `expires_at`: after how many hours they expire, counted from the later of acceptance and the
    /// event's end. Null: not at all. Cancellations, removals, what timers fire, and what is pushed anew do not expire by it.
    default_expiry_hours: Option<u16>,
    /// Publishing is answered with 429 while so many deliveries wait for receivers that are delivered to: those of receivers that
    /// are paused, in maintenance, disabled, not verified or cut off by their breaker do not count. Null: the server's number.
    backlog_quota: Option<u64>,
    /// So many deliveries may wait for one of its receivers; beyond it the oldest expire, for the reason `backlog`. Null: the server's
    /// number.
    receiver_backlog: Option<u64>,
    /// What was accepted although it does not fit, since the server started. Left out when there was nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    schema_warnings: Option<WarningsView>,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

impl OrganizationView {
    fn new(organization: &Organization, intake: &Intake) -> Self {
        Self {
            id: organization.id,
            name: organization.name.to_string(),
            vyte_id: organization.vyte_id.to_string(),
            vyte_body: organization.vyte_body,
            join_link: organization.join_link,
            mask_doo_secrets: organization.masks_doo_secrets,
            schema_check: organization.schema_check,
            default_expiry_hours: organization.default_expiry_hours,
            backlog_quota: organization.backlog.quota,
            receiver_backlog: organization.backlog.receiver,
            schema_warnings: intake.schema_warnings(organization.number).map(Into::into),
            created_at: organization.created_at,
        }
    }
}
