//! Secrets at rest: each organization's data key seals its secrets, and the operator's key wraps the data keys.

use rendezhook_domain::id::{OrganizationId, SubscriptionId};
use rendezhook_secrets::{DataKey, KeyEncryptionKey, Place, SharedSecret, SigningSecret, SystemRandomness};

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

/// The form in which a secret that its owner chose is stored.
pub(super) fn seal_shared_secret(
    secret: &SharedSecret,
    subscription: SubscriptionId,
    data_key: &DataKey,
) -> Result<Vec<u8>, Fault> {
    let row = subscription.to_string();
    let place = shared_secret_place(&row);
    Ok(data_key.seal(secret.expose().as_bytes(), place, &mut SystemRandomness)?)
}

/// Reads a secret that its owner chose.
pub(super) fn open_shared_secret(
    sealed: &[u8],
    subscription: SubscriptionId,
    data_key: &DataKey,
) -> Result<SharedSecret, Fault> {
    let row = subscription.to_string();
    let opened = data_key.open(sealed, shared_secret_place(&row))?;
    let text = str::from_utf8(opened.expose())
        .map_err(|_| Fault::Damaged(format!("the shared secret of {subscription} is no text")))?;
    Ok(SharedSecret::new(text.to_owned()))
}

fn shared_secret_place(row: &str) -> Place<'_> {
    Place { table: "subscription", row, column: "shared_secret" }
}

/// All secrets of a subscription share a place: whoever can exchange one for another of the same subscription gains nothing.
fn secret_place(row: &str) -> Place<'_> {
    Place { table: "signing_key", row, column: "secret" }
}
