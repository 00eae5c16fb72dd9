//! The server's admin key, and the demo organization of a server for development.

use std::sync::Arc;

use rendezhook_dialects::vyte::new_object_id;
use rendezhook_domain::access::KeyScope;
use rendezhook_domain::id::{KeyId, OrganizationId};
use rendezhook_domain::time::Timestamp;
use rendezhook_secrets::{ApiKey, ApiKeyError, RandomnessError, SystemRandomness};
use rendezhook_store::catalogue::Catalogue;
use rendezhook_store::change::{CatalogueChange, ChangeRefusal, NewKey, NewOrganization};
use rendezhook_store::identity::NewId;
use rendezhook_store::{Store, StoreError};

/// The environment variable that sets the admin key.
pub(crate) const ADMIN_KEY_VARIABLE: &str = "RENDEZHOOK_ADMIN_KEY";

/// Keys cannot be set up.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeySetupError {
    /// The variable holds something else.
    #[error("{ADMIN_KEY_VARIABLE} does not hold a key")]
    Variable(#[from] ApiKeyError),
    /// The machine gives no random numbers.
    #[error("a key cannot be made")]
    Randomness(#[from] RandomnessError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The store refused a new row.
    #[error("the demo organization cannot be made")]
    Refused(#[from] ChangeRefusal),
}

/// A key that was made and is shown once.
pub(crate) struct NewAdminKey(pub ApiKey);

/// Sets the admin key of the environment, or makes one when there is none yet.
///
/// # Errors
/// When the variable holds no key or the store failed.
pub(crate) async fn ensure_admin_key(store: &dyn Store) -> Result<Option<NewAdminKey>, KeySetupError> {
    let stored = store.catalogue().admin_key;
    if let Ok(text) = std::env::var(ADMIN_KEY_VARIABLE) {
        let hash = ApiKey::parse(&text)?.hash();
        if stored != Some(hash) {
            store.change(CatalogueChange::SetAdminKey(hash)).await??;
        }
        return Ok(None);
    }
    if stored.is_some() {
        return Ok(None);
    }
    let key = ApiKey::generate(&mut SystemRandomness)?;
    store.change(CatalogueChange::SetAdminKey(key.hash())).await??;
    Ok(Some(NewAdminKey(key)))
}

/// The demo organization with its key, when it was made just now.
pub(crate) struct DemoOrganization {
    /// Its id.
    pub id: OrganizationId,
    /// A key of scope `admin`.
    pub key: ApiKey,
}

/// Makes the demo organization when the store has no organization at all.
///
/// # Errors
/// When the store failed or there is no randomness.
pub(crate) async fn ensure_demo_organization(
    store: &dyn Store,
    now: Timestamp,
) -> Result<Option<DemoOrganization>, KeySetupError> {
    if !store.catalogue().organizations.is_empty() {
        return Ok(None);
    }
    let id = OrganizationId::new_at(now, &mut SystemRandomness)?;
    let vyte_id = new_object_id(now, &mut SystemRandomness)?.into();
    let organization = NewOrganization { id, name: Arc::from("Demo"), vyte_id, created_at: now };
    let catalogue = store.change(CatalogueChange::CreateOrganization(organization)).await??;
    let key = add_admin_key(store, &catalogue, id, now).await?;
    Ok(Some(DemoOrganization { id, key }))
}

async fn add_admin_key(
    store: &dyn Store,
    catalogue: &Catalogue,
    id: OrganizationId,
    now: Timestamp,
) -> Result<ApiKey, KeySetupError> {
    let entry = catalogue.organization_by_id(id).ok_or(ChangeRefusal::Unknown)?;
    let key = ApiKey::generate(&mut SystemRandomness)?;
    let new_key = NewKey {
        id: KeyId::new_at(now, &mut SystemRandomness)?,
        organization: entry.organization.number,
        name: Arc::from("demo"),
        scope: KeyScope::Admin,
        user: None,
        hash: key.hash(),
        created_at: now,
        expires_at: None,
    };
    store.change(CatalogueChange::CreateKey(new_key)).await??;
    Ok(key)
}
