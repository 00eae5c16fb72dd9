//! `POST /v1/oauth`: a token for the credentials of an OAuth client.

use axum::extract::State;
use axum::response::Response;
use rendezhook_dialects::doo::management::{self, TokenRequest};
use rendezhook_domain::id::OAuthClientId;
use rendezhook_secrets::KeyHash;

use super::json;
use crate::access::{Access, Read};
use crate::body::Payload;
use crate::failure::Failure;
use crate::state::ServerState;

pub(super) async fn issue(
    access: Access<Read>,
    State(state): State<ServerState>,
    payload: Payload,
) -> Result<Response, Failure> {
    let wanted = TokenRequest::parse(&payload.bytes)?;
    // Whatever is presented is hashed and compared, so that an unknown client costs what a known one does.
    let presented = KeyHash::of_presented(wanted.client_secret.expose());
    let nobodys = KeyHash::from_bytes([0; 32]);
    let id: Option<OAuthClientId> = wanted.client_id.parse().ok();
    let client = access.organization.oauth_clients.iter().find(|client| Some(client.id) == id);
    let proven = client.map_or(nobodys, |client| client.secret_hash) == presented;
    let client = client.filter(|client| proven && access.goes_with(client));
    let client = client.ok_or_else(Failure::unauthenticated)?;
    let now_seconds = u32::try_from(state.now().seconds()).unwrap_or(u32::MAX);
    let token = client.token_key.issue(client.number, now_seconds);
    Ok(json(management::token_issued(&token, &state.options.public_address)))
}
