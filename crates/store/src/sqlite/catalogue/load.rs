//! Reading the whole catalogue at the start.

use std::collections::HashMap;
use std::sync::Arc;

use rendezhook_domain::access::KeyScope;
use rendezhook_domain::delivery_order::DeliveryOrder;
use rendezhook_domain::id::{KeyId, OAuthClientId, OrganizationId, ReceiverId};
use rendezhook_domain::organization::{BacklogLimits, Organization, SchemaCheck};
use rendezhook_domain::pause::Interruptions;
use rendezhook_domain::sequence::OrganizationNumber;
use rendezhook_secrets::{DataKey, KeyEncryptionKey, KeyHash, SealError};
use rusqlite::{Connection, OptionalExtension, Row, params};
use uuid::Uuid;

use super::seal::{SecretColumn, open_data_key, open_token_key};
use super::{subscription, timer};
use crate::catalogue::{
    ApiKeyEntry, Catalogue, CatalogueVersion, OAuthClientEntry, OrganizationEntry, ReceiverEntry,
    SubscriptionEntry,
};
use crate::sqlite::fault::{Fault, unreadable};
use crate::sqlite::values::{optional_timestamp, parsed, receiver, timestamp, unsigned};

/// Name of the setting that holds the hash of the server's admin key.
pub(super) const ADMIN_KEY: &str = "admin_key";
/// Name of the setting that tells with which key-encryption key the database is written.
const KEY_FINGERPRINT: &str = "key_fingerprint";

/// Refuses another key-encryption key than the one the database is written with; a new database takes this one.
pub(in crate::sqlite) fn check_key(connection: &Connection, key: &KeyEncryptionKey) -> Result<(), Fault> {
    let known: Option<Vec<u8>> = read_setting(connection, KEY_FINGERPRINT)?;
    match known {
        Some(known) if known == key.fingerprint() => Ok(()),
        Some(_) => Err(SealError::WrongKeyEncryptionKey.into()),
        None => write_setting(connection, KEY_FINGERPRINT, &key.fingerprint()),
    }
}

fn read_setting(connection: &Connection, name: &str) -> Result<Option<Vec<u8>>, Fault> {
    Ok(connection
        .query_row("SELECT value FROM setting WHERE name = ?1", [name], |row| row.get(0))
        .optional()?)
}

/// Keeps a setting.
pub(super) fn write_setting(connection: &Connection, name: &str, value: &[u8]) -> Result<(), Fault> {
    connection
        .prepare_cached("INSERT OR REPLACE INTO setting (name, value) VALUES (?1, ?2)")?
        .execute(params![name, value])?;
    Ok(())
}

/// Reads everything, opens every secret, and answers with the open data keys beside the catalogue.
pub(in crate::sqlite) fn load_catalogue(
    connection: &Connection,
    key: &KeyEncryptionKey,
) -> Result<(Catalogue, HashMap<OrganizationNumber, DataKey>), Fault> {
    let mut data_keys = HashMap::new();
    let mut organizations = Vec::new();
    let mut statement = connection.prepare(
        "SELECT number, id, name, vyte_id, vyte_body, created_at, data_key, masks_doo_secrets, join_link, schema_check,
             default_expiry_hours, backlog_quota, receiver_backlog
         FROM organization ORDER BY number",
    )?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let organization = read_organization(row)?;
        let wrapped = row.get_ref(6)?.as_blob().map_err(rusqlite::Error::from)?;
        data_keys.insert(organization.number, open_data_key(wrapped, organization.id, key)?);
        organizations.push(organization);
    }

    let mut receivers = by_organization(read_receivers(connection)?, |receiver| receiver.organization);
    let api_keys = read_api_keys(connection)?;
    let keys = api_keys.iter().map(|key| (key.hash.lookup(), Arc::clone(key))).collect();
    let mut api_keys = by_organization(api_keys, |key| key.organization);
    let clients = read_oauth_clients(connection, &data_keys)?;
    let oauth_clients = clients.iter().map(|client| (client.number, Arc::clone(client))).collect();
    let mut clients = by_organization(clients, |client| client.organization);
    let entries = read_subscriptions(connection, &data_keys)?;
    let subscriptions = entries.iter().map(|entry| (entry.subscription.number, Arc::clone(entry))).collect();
    let mut timers = by_organization(timer::read_all(connection)?, |timer| timer.organization);
    let mut entries = by_organization(entries, |entry| entry.subscription.organization);

    let admin_key = read_setting(connection, ADMIN_KEY)?
        .map(|hash| <[u8; 32]>::try_from(hash).map(KeyHash::from_bytes))
        .transpose()
        .map_err(|_| {
            Fault::Damaged("the hash of the admin key has another length than 32 bytes".to_owned())
        })?;
    let mut catalogue = Catalogue {
        version: CatalogueVersion(1),
        admin_key,
        organizations: HashMap::new(),
        organization_ids: HashMap::new(),
        organization_vyte_ids: HashMap::new(),
        keys,
        oauth_clients,
        subscriptions,
    };
    for organization in organizations {
        let number = organization.number;
        catalogue.organization_ids.insert(organization.id, number);
        catalogue.organization_vyte_ids.insert(Arc::clone(&organization.vyte_id), number);
        let entry = OrganizationEntry::new(
            organization,
            catalogue.version,
            entries.remove(&number).unwrap_or_default(),
            receivers.remove(&number).unwrap_or_default(),
            api_keys.remove(&number).unwrap_or_default(),
            clients.remove(&number).unwrap_or_default(),
        )
        .with_timers(timers.remove(&number).unwrap_or_default());
        catalogue.organizations.insert(number, Arc::new(entry));
    }
    Ok((catalogue, data_keys))
}

fn by_organization<T>(
    entries: Vec<Arc<T>>,
    organization: impl Fn(&T) -> OrganizationNumber,
) -> HashMap<OrganizationNumber, Vec<Arc<T>>> {
    let mut sorted: HashMap<_, Vec<_>> = HashMap::new();
    for entry in entries {
        sorted.entry(organization(&entry)).or_default().push(entry);
    }
    sorted
}

fn read_organization(row: &Row<'_>) -> rusqlite::Result<Organization> {
    let vyte_body = subscription::vyte_body_from(row.get_ref(4)?.as_str()?);
    let schema_check = SchemaCheck::from_name(row.get_ref(9)?.as_str()?);
    Ok(Organization {
        number: OrganizationNumber::new(row.get(0)?),
        id: OrganizationId::from_uuid(Uuid::from_bytes(row.get(1)?)),
        name: row.get(2)?,
        vyte_id: row.get(3)?,
        vyte_body: vyte_body.ok_or_else(|| unreadable(4, "a form of body"))?,
        masks_doo_secrets: row.get(7)?,
        join_link: row.get(8)?,
        schema_check: schema_check.ok_or_else(|| unreadable(9, "a way to check resources"))?,
        default_expiry_hours: row.get(10)?,
        backlog: BacklogLimits { quota: limit(row, 11)?, receiver: limit(row, 12)? },
        created_at: timestamp(row, 5)?,
    })
}

fn limit(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<u64>> {
    row.get::<_, Option<i64>>(column)?.map(|_| unsigned(row, column)).transpose()
}

fn interruptions(row: &Row<'_>, column: usize) -> rusqlite::Result<Interruptions> {
    let text: Option<String> = row.get(column)?;
    let Some(text) = text else { return Ok(Interruptions::default()) };
    serde_json::from_str(&text).map_err(|_| unreadable(column, "the interruptions of a receiver"))
}

fn read_receivers(connection: &Connection) -> Result<Vec<Arc<ReceiverEntry>>, Fault> {
    let mut statement = connection
        .prepare(
            "SELECT number, id, organization, named, name, created_at, interruptions, delivery_order FROM receiver
             ORDER BY number",
        )?;
    let receivers = statement.query_map([], |row| {
        let order = DeliveryOrder::from_name(row.get_ref(7)?.as_str()?);
        Ok(Arc::new(ReceiverEntry {
            number: receiver(row, 0)?,
            id: ReceiverId::from_uuid(Uuid::from_bytes(row.get(1)?)),
            organization: OrganizationNumber::new(row.get(2)?),
            named: row.get(3)?,
            name: row.get(4)?,
            order: order.ok_or_else(|| unreadable(7, "an order of deliveries"))?,
            created_at: timestamp(row, 5)?,
            interruptions: interruptions(row, 6)?,
        }))
    })?;
    Ok(receivers.collect::<Result<_, _>>()?)
}

fn read_api_keys(connection: &Connection) -> Result<Vec<Arc<ApiKeyEntry>>, Fault> {
    let mut statement = connection.prepare(
        "SELECT id, organization, name, scope, user, hash, created_at, expires_at FROM api_key ORDER BY number",
    )?;
    let keys = statement.query_map([], |row| {
        Ok(Arc::new(ApiKeyEntry {
            id: KeyId::from_uuid(Uuid::from_bytes(row.get(0)?)),
            organization: OrganizationNumber::new(row.get(1)?),
            name: row.get(2)?,
            scope: parsed::<KeyScope>(row, 3, "a scope")?,
            user: row.get(4)?,
            hash: KeyHash::from_bytes(row.get(5)?),
            created_at: timestamp(row, 6)?,
            expires_at: optional_timestamp(row, 7)?,
        }))
    })?;
    Ok(keys.collect::<Result<_, _>>()?)
}

fn read_oauth_clients(
    connection: &Connection,
    data_keys: &HashMap<OrganizationNumber, DataKey>,
) -> Result<Vec<Arc<OAuthClientEntry>>, Fault> {
    let mut statement = connection.prepare(
        "SELECT number, id, organization, name, user, secret_hash, token_key, created_at FROM oauth_client ORDER BY number",
    )?;
    let mut rows = statement.query([])?;
    let mut clients = Vec::new();
    while let Some(row) = rows.next()? {
        let id = OAuthClientId::from_uuid(Uuid::from_bytes(row.get(1)?));
        let organization = OrganizationNumber::new(row.get(2)?);
        let data_key = data_keys
            .get(&organization)
            .ok_or_else(|| Fault::Damaged(format!("{id} belongs to an organization that is not there")))?;
        let sealed = row.get_ref(6)?.as_blob().map_err(rusqlite::Error::from)?;
        clients.push(Arc::new(OAuthClientEntry {
            number: row.get(0)?,
            id,
            organization,
            name: row.get(3)?,
            user: row.get(4)?,
            secret_hash: KeyHash::from_bytes(row.get(5)?),
            token_key: open_token_key(sealed, id, data_key)?,
            created_at: timestamp(row, 7)?,
        }));
    }
    Ok(clients)
}

fn read_subscriptions(
    connection: &Connection,
    data_keys: &HashMap<OrganizationNumber, DataKey>,
) -> Result<Vec<Arc<SubscriptionEntry>>, Fault> {
    let query = format!("SELECT {} FROM subscription ORDER BY number", subscription::COLUMNS);
    let mut statement = connection.prepare(&query)?;
    let mut rows = statement.query([])?;
    let mut entries = Vec::new();
    while let Some(row) = rows.next()? {
        let subscription = subscription::read(row)?;
        let data_key = data_keys.get(&subscription.organization).ok_or_else(|| {
            Fault::Damaged(format!("{} belongs to an organization that is not there", subscription.id))
        })?;
        let keys = subscription::read_keys(connection, subscription.number, subscription.id, data_key)?;
        let secret = |column| subscription::read_secret(row, column, subscription.id, data_key);
        let shared_secret = secret(SecretColumn::Shared)?;
        let target_secret = secret(SecretColumn::Target)?;
        let headers = subscription::read_headers(row, subscription.id, data_key)?;
        let entry = SubscriptionEntry { subscription, keys, shared_secret, target_secret, headers };
        entries.push(Arc::new(entry));
    }
    Ok(entries)
}
