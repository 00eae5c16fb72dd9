//! Secrets at rest: each organization's data key seals its secrets, and the operator's key wraps the data keys.

use std::sync::Arc;

use rendezhook_domain::id::{OAuthClientId, OrganizationId, SubscriptionId};
use rendezhook_secrets::{
    DataKey, KeyEncryptionKey, Place, Secret, SecretHeader, SharedSecret, SigningSecret, SystemRandomness,
    TokenKey,
};

use crate::sqlite::fault::Fault;

/// Data keys have one version until they can be exchanged.
const DATA_KEY_VERSION: u32 = 1;

/// Makes the data key of a new organization, and the form in which it is stored.
pub(super) fn new_data_key(
    organization: OrganizationId,
    key: &KeyEncryptionKey,
) -> Result<(DataKey, Vec<u8>), Fault> {
    let data_key = DataKey::generate(DATA_KEY_VERSION, &mut SystemRandomness)?;
    let row = organization.to_string();
    let wrapped = data_key.wrap(key, data_key_place(&row), &mut SystemRandomness)?;
    Ok((data_key, wrapped))
}

/// Reads an organization's data key.
pub(super) fn open_data_key(
    wrapped: &[u8],
    organization: OrganizationId,
    key: &KeyEncryptionKey,
) -> Result<DataKey, Fault> {
    let row = organization.to_string();
    Ok(DataKey::unwrap(wrapped, key, data_key_place(&row))?)
}

fn data_key_place(row: &str) -> Place<'_> {
    Place { table: "organization", row, column: "data_key" }
}

/// The form in which a signing secret is stored.
pub(super) fn seal_secret(
    secret: &SigningSecret,
    subscription: SubscriptionId,
    data_key: &DataKey,
) -> Result<Vec<u8>, Fault> {
    let row = subscription.to_string();
    Ok(data_key.seal(secret.expose_bytes(), secret_place(&row), &mut SystemRandomness)?)
}

/// Reads a signing secret.
pub(super) fn open_secret(
    sealed: &[u8],
    subscription: SubscriptionId,
    data_key: &DataKey,
) -> Result<SigningSecret, Fault> {
    let row = subscription.to_string();
    let opened = data_key.open(sealed, secret_place(&row))?;
    SigningSecret::from_bytes(opened.expose())
        .map_err(|error| Fault::Damaged(format!("a signing secret of {subscription}: {error}")))
}

/// Which of the secrets that its owner chose.
#[derive(Debug, Clone, Copy)]
pub(super) enum SecretColumn {
    /// What bodies are signed with.
    Shared,
    /// What proves to the target that deliveries may come.
    Target,
}

impl SecretColumn {
    const fn place(self, row: &str) -> Place<'_> {
        let column = match self {
            Self::Shared => "shared_secret",
            Self::Target => "target_secret",
        };
        Place { table: "subscription", row, column }
    }
}

/// The form in which a secret that its owner chose is stored.
pub(super) fn seal_shared_secret(
    secret: &SharedSecret,
    subscription: SubscriptionId,
    column: SecretColumn,
    data_key: &DataKey,
) -> Result<Vec<u8>, Fault> {
    let row = subscription.to_string();
    let place = column.place(&row);
    Ok(data_key.seal(secret.expose().as_bytes(), place, &mut SystemRandomness)?)
}

/// Reads a secret that its owner chose.
pub(super) fn open_shared_secret(
    sealed: &[u8],
    subscription: SubscriptionId,
    column: SecretColumn,
    data_key: &DataKey,
) -> Result<SharedSecret, Fault> {
    let row = subscription.to_string();
    let opened = data_key.open(sealed, column.place(&row))?;
    let text = str::from_utf8(opened.expose())
        .map_err(|_| Fault::Damaged(format!("a secret of {subscription} is no text")))?;
    Ok(SharedSecret::new(text.to_owned()))
}

/// The form in which the headers of a subscription are stored, if there are any.
pub(super) fn seal_headers(
    headers: &[SecretHeader],
    subscription: SubscriptionId,
    data_key: &DataKey,
) -> Result<Option<Vec<u8>>, Fault> {
    if headers.is_empty() {
        return Ok(None);
    }
    let pairs: Vec<(&str, &String)> =
        headers.iter().map(|header| (header.name.as_ref(), header.value.expose())).collect();
    let text = Secret::new(
        serde_json::to_vec(&pairs)
            .map_err(|error| Fault::Damaged(format!("headers of {subscription}: {error}")))?,
    );
    let row = subscription.to_string();
    Ok(Some(data_key.seal(text.expose(), headers_place(&row), &mut SystemRandomness)?))
}

/// Reads the headers of a subscription.
pub(super) fn open_headers(
    sealed: Option<&[u8]>,
    subscription: SubscriptionId,
    data_key: &DataKey,
) -> Result<Arc<[SecretHeader]>, Fault> {
    let Some(sealed) = sealed else { return Ok(Arc::new([])) };
    let row = subscription.to_string();
    let opened = data_key.open(sealed, headers_place(&row))?;
    let pairs: Vec<(String, String)> = serde_json::from_slice(opened.expose())
        .map_err(|_| Fault::Damaged(format!("the headers of {subscription} cannot be read")))?;
    Ok(pairs.into_iter().map(|(name, value)| SecretHeader::new(name, value)).collect())
}

const fn headers_place(row: &str) -> Place<'_> {
    Place { table: "subscription", row, column: "headers" }
}

/// The form in which the key of a client's tokens is stored.
pub(super) fn seal_token_key(
    key: &TokenKey,
    client: OAuthClientId,
    data_key: &DataKey,
) -> Result<Vec<u8>, Fault> {
    let row = client.to_string();
    Ok(data_key.seal(key.expose_bytes(), token_key_place(&row), &mut SystemRandomness)?)
}

/// Reads the key of a client's tokens.
pub(super) fn open_token_key(
    sealed: &[u8],
    client: OAuthClientId,
    data_key: &DataKey,
) -> Result<TokenKey, Fault> {
    let row = client.to_string();
    let opened = data_key.open(sealed, token_key_place(&row))?;
    TokenKey::from_bytes(opened.expose())
        .map_err(|error| Fault::Damaged(format!("the token key of {client}: {error}")))
}

const fn token_key_place(row: &str) -> Place<'_> {
    Place { table: "oauth_client", row, column: "token_key" }
}

/// All secrets of a subscription share a place: whoever can exchange one for another of the same subscription gains nothing.
fn secret_place(row: &str) -> Place<'_> {
    Place { table: "signing_key", row, column: "secret" }
}
