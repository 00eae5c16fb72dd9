//! `/api/v1/organizations/{organization_id}/oauth-clients`: programs that get tokens of the doo API.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use rendezhook_domain::id::OAuthClientId;
use rendezhook_domain::time::Timestamp;
use rendezhook_secrets::{ApiKey, SystemRandomness, TokenKey};
use rendezhook_store::catalogue::OAuthClientEntry;
use rendezhook_store::change::{CatalogueChange, NewOAuthClient};
use rendezhook_store::identity::NewId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::{ManageOrganization, PathAccess};
use crate::body::JsonBody;
use crate::failure::Failure;
use crate::native::fields::FieldChecks;
use crate::page::{Page, PageQuery};
use crate::parameters::{Parameters, PathParameters};
use crate::state::ServerState;

/// How many an organization may have.
const MAXIMUM_OAUTH_CLIENTS: usize = 100;

pub(super) fn routes() -> OpenApiRouter<ServerState> {
    OpenApiRouter::new().routes(routes!(create, list)).routes(routes!(revoke))
}

/// An OAuth client to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OAuthClientRequest {
    /// What people call it: 1 to 255 characters.
    #[schema(min_length = 1, max_length = 255, example = "ticket shop")]
    name: String,
    /// The user for whom it acts, 1 to 255 characters; the organization's technical user when not given.
    #[schema(min_length = 1, max_length = 255)]
    user: Option<String>,
}

/// An OAuth client, without its secret.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OAuthClient)]
pub(crate) struct OAuthClientView {
    /// Its id, `client_id` when it asks for a token.
    #[schema(value_type = String, example = "client_0198b2f0c0de7000800000000000abcd")]
    client_id: OAuthClientId,
    /// What people call it.
    name: String,
    /// The user for whom it acts; null for the organization's technical user.
    user: Option<String>,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

/// An OAuth client that was just made, with its secret: it is shown this once.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NewOAuthClientView {
    #[serde(flatten)]
    entry: OAuthClientView,
    /// What it proves itself with when it asks for a token: 50 characters of `[0-9a-z]`.
    #[schema(example = "2lnpjjrurrl49xja5oo0qujtl60embr7zppiphc5fcav4n7ycx")]
    client_secret: String,
}

impl From<&OAuthClientEntry> for OAuthClientView {
    fn from(entry: &OAuthClientEntry) -> Self {
        Self {
            client_id: entry.id,
            name: entry.name.to_string(),
            user: entry.user.as_deref().map(str::to_owned),
            created_at: entry.created_at,
        }
    }
}

/// Makes an OAuth client for the doo API. The answer is the only time its secret is shown. An organization has at most 100.
#[utoipa::path(
    post,
    path = "/api/v1/organizations/{organization_id}/oauth-clients",
    tag = "organizations",
    operation_id = "create_oauth_client",
    params(("organization_id" = String, Path, description = "The organization's id")),
    request_body = OAuthClientRequest,
    responses((status = 201, description = "The OAuth client", body = NewOAuthClientView))
)]
pub(crate) async fn create(
    PathAccess(access): PathAccess<ManageOrganization>,
    State(state): State<ServerState>,
    JsonBody(request): JsonBody<OAuthClientRequest>,
) -> Result<(StatusCode, Json<NewOAuthClientView>), Failure> {
    let mut checks = FieldChecks::default();
    checks.text("/name", &request.name, 1, 255);
    if let Some(user) = &request.user {
        checks.text("/user", user, 1, 255);
    }
    checks.finish()?;

    let now = state.now();
    let id = OAuthClientId::new_at(now, &mut SystemRandomness)?;
    // A secret has the form of a key, which secret scanners know, and as much entropy; it opens nothing by itself.
    let secret = ApiKey::generate(&mut SystemRandomness)?;
    let new_client = NewOAuthClient {
        id,
        organization: access.number(),
        name: request.name.into(),
        user: request.user.map(Into::into),
        secret_hash: secret.hash(),
        token_key: TokenKey::generate(&mut SystemRandomness)?,
        created_at: now,
        limit: MAXIMUM_OAUTH_CLIENTS,
    };
    let catalogue = state.change(CatalogueChange::CreateOAuthClient(new_client)).await?;
    let organization = catalogue.organization(access.number());
    let made = organization.and_then(|organization| organization.oauth_clients.iter().find(|it| it.id == id));
    let entry = OAuthClientView::from(made.ok_or_else(unknown)?.as_ref());
    let shown = NewOAuthClientView { entry, client_secret: secret.reveal().to_owned() };
    Ok((StatusCode::CREATED, Json(shown)))
}

/// Lists an organization's OAuth clients in the order in which they were made, without their secrets.
#[utoipa::path(
    get,
    path = "/api/v1/organizations/{organization_id}/oauth-clients",
    tag = "organizations",
    operation_id = "list_oauth_clients",
    params(("organization_id" = String, Path, description = "The organization's id"), PageQuery),
    responses((status = 200, description = "A page of OAuth clients", body = Page<OAuthClientView>))
)]
pub(crate) async fn list(
    PathAccess(access): PathAccess<ManageOrganization>,
    Parameters(query): Parameters<PageQuery>,
) -> Result<Json<Page<OAuthClientView>>, Failure> {
    let clients = access.organization.oauth_clients.iter();
    Ok(Json(query.page()?.of(
        clients,
        |client| client.number,
        |client| OAuthClientView::from(client.as_ref()),
    )))
}

/// Revokes an OAuth client. Its tokens are refused from the moment this is answered.
#[utoipa::path(
    delete,
    path = "/api/v1/organizations/{organization_id}/oauth-clients/{client_id}",
    tag = "organizations",
    operation_id = "revoke_oauth_client",
    params(
        ("organization_id" = String, Path, description = "The organization's id"),
        ("client_id" = String, Path, description = "The OAuth client's id"),
    ),
    responses((status = 204, description = "The OAuth client is revoked"))
)]
pub(crate) async fn revoke(
    PathAccess(access): PathAccess<ManageOrganization>,
    State(state): State<ServerState>,
    PathParameters((_organization, client)): PathParameters<(String, String)>,
) -> Result<StatusCode, Failure> {
    let client: OAuthClientId = client.parse().map_err(|_malformed| unknown())?;
    let exists = access.organization.oauth_clients.iter().any(|entry| entry.id == client);
    if !exists {
        return Err(unknown());
    }
    state.change(CatalogueChange::RevokeOAuthClient { organization: access.number(), client }).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn unknown() -> Failure {
    Failure::not_found("OAuth client")
}
