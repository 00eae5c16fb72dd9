//! Showing and changing what deliveries are signed with.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use rendezhook_domain::time::Timestamp;
use rendezhook_secrets::{SigningSecret, SystemRandomness};
use rendezhook_store::catalogue::{SigningKey, SubscriptionEntry};
use rendezhook_store::change::CatalogueChange;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{find, request};
use crate::access::{Access, ManageSubscriptions};
use crate::body::OptionalJsonBody;
use crate::failure::Failure;
use crate::native::fields::FieldChecks;
use crate::parameters::PathParameters;
use crate::state::ServerState;

/// How long earlier secrets sign too when a rotation says nothing: a day.
const DEFAULT_OVERLAP_SECONDS: u64 = 86_400;
/// How long they may sign at most: seven days.
const MAXIMUM_OVERLAP_SECONDS: u64 = 604_800;

/// What deliveries of a subscription are signed with now.
#[derive(Serialize, ToSchema)]
pub(crate) struct SecretsView {
    /// The newest secret.
    #[schema(example = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")]
    secret: String,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// Earlier secrets that still sign beside it, newest first.
    previous: Vec<PreviousSecret>,
}

/// A secret that a newer one has replaced and that still signs.
#[derive(Serialize, ToSchema)]
pub(crate) struct PreviousSecret {
    /// The secret.
    secret: String,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// After which it no longer signs.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
}

impl PreviousSecret {
    fn new(key: &SigningKey) -> Self {
        Self {
            secret: key.secret.reveal().expose().clone(),
            created_at: key.created_at,
            expires_at: key.expires_at,
        }
    }
}

/// How to change a secret.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RotationRequest {
    /// The new secret: `whsec_` and 24 to 64 bytes in base64. Made anew when not given.
    secret: Option<String>,
    /// For how many seconds the secrets before it sign too: at most 604800 (seven days), 86400 (a day) when not given.
    #[schema(maximum = 604800)]
    overlap_seconds: Option<u64>,
}

/// Shows what deliveries are signed with.
#[utoipa::path(
    get,
    path = "/api/v1/subscriptions/{subscription_id}/secret",
    tag = "subscriptions",
    operation_id = "show_secret",
    params(("subscription_id" = String, Path, description = "The subscription's id")),
    responses((status = 200, description = "The secrets that sign now", body = SecretsView))
)]
pub(crate) async fn show(
    access: Access<ManageSubscriptions>,
    State(state): State<ServerState>,
    PathParameters(id): PathParameters<String>,
) -> Result<Json<SecretsView>, Failure> {
    view(find(&access, &id)?, state.now()).map(Json)
}

/// Puts a new secret in force. Deliveries carry a signature of each secret until the earlier ones run out.
#[utoipa::path(
    post,
    path = "/api/v1/subscriptions/{subscription_id}/secret/rotate",
    tag = "subscriptions",
    operation_id = "rotate_secret",
    params(("subscription_id" = String, Path, description = "The subscription's id")),
    request_body(content = Option<RotationRequest>, description = "May be left out"),
    responses((status = 200, description = "The secrets that sign now", body = SecretsView))
)]
pub(crate) async fn rotate(
    access: Access<ManageSubscriptions>,
    State(state): State<ServerState>,
    PathParameters(id): PathParameters<String>,
    OptionalJsonBody(wanted): OptionalJsonBody<RotationRequest>,
) -> Result<Json<SecretsView>, Failure> {
    let current = &find(&access, &id)?.subscription;
    let mut checks = FieldChecks::default();
    let given_secret = wanted.secret.as_deref().and_then(|text| request::secret(&mut checks, text));
    let overlap = wanted.overlap_seconds.unwrap_or(DEFAULT_OVERLAP_SECONDS);
    if overlap > MAXIMUM_OVERLAP_SECONDS {
        checks.refuse(
            "/overlap_seconds",
            format!("earlier secrets sign for at most {MAXIMUM_OVERLAP_SECONDS} seconds"),
        );
    }
    checks.finish()?;

    let now = state.now();
    let secret = match given_secret {
        Some(secret) => secret,
        None => SigningSecret::generate(&mut SystemRandomness)?,
    };
    let change = CatalogueChange::RotateSecret {
        organization: access.number(),
        subscription: current.number,
        secret,
        previous_until: now.after(Duration::from_secs(overlap)),
        at: now,
    };
    let catalogue = state.change(change).await?;
    let changed = catalogue
        .organization(access.number())
        .and_then(|organization| organization.subscription(current.id))
        .ok_or_else(|| Failure::not_found("subscription"))?;
    view(changed, now).map(Json)
}

fn view(entry: &SubscriptionEntry, now: Timestamp) -> Result<SecretsView, Failure> {
    let mut live = entry.keys.iter().filter(|key| key.expires_at.is_none_or(|end| end > now));
    let newest = live.next().ok_or_else(|| Failure::not_found("secret"))?;
    Ok(SecretsView {
        secret: newest.secret.reveal().expose().clone(),
        created_at: newest.created_at,
        previous: live.map(PreviousSecret::new).collect(),
    })
}
