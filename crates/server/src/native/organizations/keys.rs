//! `/api/v1/organizations/{organization_id}/keys`: who may use the APIs in an organization's name.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use rendezhook_domain::access::KeyScope;
use rendezhook_domain::id::KeyId;
use rendezhook_domain::time::Timestamp;
use rendezhook_secrets::{ApiKey, SystemRandomness};
use rendezhook_store::catalogue::ApiKeyEntry;
use rendezhook_store::change::{CatalogueChange, NewKey};
use rendezhook_store::identity::NewId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::{ManageOrganization, PathAccess};
use crate::body::JsonBody;
use crate::failure::Failure;
use crate::native::fields::FieldChecks;
use crate::native::vocabulary;
use crate::page::{Page, PageQuery};
use crate::parameters::{Parameters, PathParameters};
use crate::state::ServerState;

pub(super) fn routes() -> OpenApiRouter<ServerState> {
    OpenApiRouter::new().routes(routes!(create, list)).routes(routes!(revoke))
}

/// A key to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeyRequest {
    /// What people call it: 1 to 255 characters.
    #[schema(min_length = 1, max_length = 255, example = "booking service")]
    name: String,
    /// What it permits.
    #[schema(value_type = vocabulary::KeyScopeWord)]
    scope: String,
    /// The user it belongs to: hooks made with it are that user's and get that user's actions only. 1 to 255 characters.
    #[schema(min_length = 1, max_length = 255)]
    user: Option<String>,
    /// After which it is not accepted; it does not expire when not given.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<String>,
}

/// A key, without the key itself.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Key)]
pub(crate) struct KeyView {
    /// Its id.
    #[schema(value_type = String, example = "key_0198b2f0c0de7000800000000000abcd")]
    id: KeyId,
    /// What people call it.
    name: String,
    /// What it permits.
    #[schema(value_type = vocabulary::KeyScopeWord)]
    scope: KeyScope,
    /// The user it belongs to.
    user: Option<String>,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// After which it is not accepted.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
}

/// A key that was just made, with the key itself: it is shown this once.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NewKeyView {
    #[serde(flatten)]
    entry: KeyView,
    /// The key: 50 characters of `[0-9a-z]`.
    #[schema(example = "2lnpjjrurrl49xja5oo0qujtl60embr7zppiphc5fcav4n7ycx")]
    key: String,
}

impl From<&ApiKeyEntry> for KeyView {
    fn from(entry: &ApiKeyEntry) -> Self {
        Self {
            id: entry.id,
            name: entry.name.to_string(),
            scope: entry.scope,
            user: entry.user.as_deref().map(str::to_owned),
            created_at: entry.created_at,
            expires_at: entry.expires_at,
        }
    }
}

/// Makes a key for every surface. The answer is the only time it is shown.
#[utoipa::path(
    post,
    path = "/api/v1/organizations/{organization_id}/keys",
    tag = "organizations",
    operation_id = "create_key",
    params(("organization_id" = String, Path, description = "The organization's id")),
    request_body = KeyRequest,
    responses((status = 201, description = "The key", body = NewKeyView))
)]
pub(crate) async fn create(
    PathAccess(access): PathAccess<ManageOrganization>,
    State(state): State<ServerState>,
    JsonBody(request): JsonBody<KeyRequest>,
) -> Result<(StatusCode, Json<NewKeyView>), Failure> {
    let now = state.now();
    let mut checks = FieldChecks::default();
    checks.text("/name", &request.name, 1, 255);
    if let Some(user) = &request.user {
        checks.text("/user", user, 1, 255);
    }
    let scope: Option<KeyScope> = checks.parse("/scope", &request.scope);
    let expires_at: Option<Timestamp> =
        request.expires_at.as_deref().and_then(|text| checks.parse("/expires_at", text));
    if expires_at.is_some_and(|end| end <= now) {
        checks.refuse("/expires_at", "this instant is past; the key would never be accepted");
    }
    let scope = checks.finish_with(scope)?;

    let key = ApiKey::generate(&mut SystemRandomness)?;
    let new_key = NewKey {
        id: KeyId::new_at(now, &mut SystemRandomness)?,
        organization: access.number(),
        name: request.name.into(),
        scope,
        user: request.user.map(Into::into),
        hash: key.hash(),
        created_at: now,
        expires_at,
    };
    let catalogue = state.change(CatalogueChange::CreateKey(new_key)).await?;
    let made = catalogue.key(&key.hash()).ok_or_else(|| Failure::not_found("key"))?;
    let shown = NewKeyView { entry: KeyView::from(made.as_ref()), key: key.reveal().to_owned() };
    Ok((StatusCode::CREATED, Json(shown)))
}

/// Lists an organization's keys in the order in which they were made, without the keys themselves.
#[utoipa::path(
    get,
    path = "/api/v1/organizations/{organization_id}/keys",
    tag = "organizations",
    operation_id = "list_keys",
    params(("organization_id" = String, Path, description = "The organization's id"), PageQuery),
    responses((status = 200, description = "A page of keys", body = Page<KeyView>))
)]
pub(crate) async fn list(
    PathAccess(access): PathAccess<ManageOrganization>,
    Parameters(query): Parameters<PageQuery>,
) -> Result<Json<Page<KeyView>>, Failure> {
    // Keys have no number. By their place a page that follows a revocation may begin one key late; none is shown twice.
    let placed: Vec<(u32, &ApiKeyEntry)> =
        (1..).zip(access.organization.keys.iter().map(AsRef::as_ref)).collect();
    Ok(Json(query.page()?.of(placed.iter(), |(place, _)| *place, |(_, entry)| KeyView::from(*entry))))
}

/// Revokes a key. It is refused from the moment this is answered.
#[utoipa::path(
    delete,
    path = "/api/v1/organizations/{organization_id}/keys/{key_id}",
    tag = "organizations",
    operation_id = "revoke_key",
    params(
        ("organization_id" = String, Path, description = "The organization's id"),
        ("key_id" = String, Path, description = "The key's id"),
    ),
    responses((status = 204, description = "The key is revoked"))
)]
pub(crate) async fn revoke(
    PathAccess(access): PathAccess<ManageOrganization>,
    State(state): State<ServerState>,
    PathParameters((_organization, key)): PathParameters<(String, String)>,
) -> Result<StatusCode, Failure> {
    let unknown = || Failure::not_found("key");
    let key: KeyId = key.parse().map_err(|_malformed| unknown())?;
    let exists = access.organization.keys.iter().any(|entry| entry.id == key);
    if !exists {
        return Err(unknown());
    }
    state.change(CatalogueChange::RevokeKey { organization: access.number(), key }).await?;
    Ok(StatusCode::NO_CONTENT)
}
