//! A subscription and its signing keys as rows.

use std::sync::Arc;
use std::time::Duration;

use rendezhook_domain::id::SubscriptionId;
use rendezhook_domain::matching::{ActionPattern, Filter};
use rendezhook_domain::retry::RetryPolicy;
use rendezhook_domain::sequence::{OrganizationNumber, SubscriptionNumber};
use rendezhook_domain::subscription::{
    Dialect, SimplyMeetHook, Subscription, SubscriptionState, VyteBody, VyteHook,
};
use rendezhook_domain::target::{TargetPolicy, TargetUrl};
use rendezhook_secrets::{DataKey, SharedSecret};
use rusqlite::{Connection, Row, params};
use uuid::Uuid;

use super::seal::{open_secret, open_shared_secret, seal_secret, seal_shared_secret};
use crate::catalogue::SigningKey;
use crate::sqlite::fault::{Fault, unreadable};
use crate::sqlite::values::{coded, optional_timestamp, receiver, timestamp};

/// Writes a new subscription; its number is given by the database, whatever the value says.
pub(super) fn insert(
    connection: &Connection,
    subscription: &Subscription,
    shared_secret: Option<&SharedSecret>,
    data_key: &DataKey,
) -> Result<SubscriptionNumber, Fault> {
    let sealed_secret =
        shared_secret.map(|secret| seal_shared_secret(secret, subscription.id, data_key)).transpose()?;
    connection
        .prepare_cached(
            "INSERT INTO subscription (id, organization, receiver, dialect, vyte_id, vyte_body, description, target,
                 actions, user, state, disabled_because, retry, created_at, updated_at, revision, simplymeet_uuid,
                 shared_secret)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)",
        )?
        .execute(params![
            subscription.id.uuid().into_bytes(),
            subscription.organization.get(),
            subscription.receiver.get(),
            subscription.dialect.code(),
            subscription.vyte.as_ref().map(|hook| hook.hook_id.as_ref()),
            subscription.vyte.as_ref().and_then(|hook| hook.body).map(vyte_body_name),
            subscription.description.as_ref(),
            subscription.target.as_str(),
            patterns_text(&subscription.filter),
            subscription.filter.user.as_deref(),
            subscription.state.code(),
            subscription.disabled_because.map(|reason| reason.name()),
            subscription.retry.as_ref().map(retry_text),
            subscription.created_at.milliseconds(),
            subscription.updated_at.milliseconds(),
            subscription.revision,
            subscription.simplymeet.map(|hook| hook.uuid.into_bytes()),
            sealed_secret,
        ])?;
    let number = u32::try_from(connection.last_insert_rowid())
        .map_err(|_| Fault::Damaged("there are no numbers left for subscriptions".to_owned()))?;
    Ok(SubscriptionNumber::new(number))
}

/// Writes everything of a subscription that can change.
pub(super) fn update(connection: &Connection, subscription: &Subscription) -> Result<(), Fault> {
    connection
        .prepare_cached(
            "UPDATE subscription SET description = ?2, target = ?3, actions = ?4, user = ?5, state = ?6,
                 disabled_because = ?7, retry = ?8, updated_at = ?9, revision = ?10, vyte_body = ?11
             WHERE number = ?1",
        )?
        .execute(params![
            subscription.number.get(),
            subscription.description.as_ref(),
            subscription.target.as_str(),
            patterns_text(&subscription.filter),
            subscription.filter.user.as_deref(),
            subscription.state.code(),
            subscription.disabled_because.map(|reason| reason.name()),
            subscription.retry.as_ref().map(retry_text),
            subscription.updated_at.milliseconds(),
            subscription.revision,
            subscription.vyte.as_ref().and_then(|hook| hook.body).map(vyte_body_name),
        ])?;
    Ok(())
}

/// Puts these keys, newest first, in place of those that the subscription has.
pub(super) fn replace_keys(
    connection: &Connection,
    subscription: &Subscription,
    keys: &[SigningKey],
    data_key: &DataKey,
) -> Result<(), Fault> {
    delete_keys(connection, subscription.number)?;
    let mut statement = connection.prepare_cached(
        "INSERT INTO signing_key (subscription, number, secret, created_at, expires_at) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?;
    for (number, key) in (1_u32..).zip(keys.iter().rev()) {
        statement.execute(params![
            subscription.number.get(),
            number,
            seal_secret(&key.secret, subscription.id, data_key)?,
            key.created_at.milliseconds(),
            key.expires_at.map(|instant| instant.milliseconds()),
        ])?;
    }
    Ok(())
}

/// Removes the keys of a subscription.
pub(super) fn delete_keys(connection: &Connection, number: SubscriptionNumber) -> Result<(), Fault> {
    connection.prepare_cached("DELETE FROM signing_key WHERE subscription = ?1")?.execute([number.get()])?;
    Ok(())
}

/// Reads the keys of a subscription, newest first.
pub(super) fn read_keys(
    connection: &Connection,
    number: SubscriptionNumber,
    id: SubscriptionId,
    data_key: &DataKey,
) -> Result<Vec<SigningKey>, Fault> {
    let mut statement = connection.prepare_cached(
        "SELECT secret, created_at, expires_at FROM signing_key WHERE subscription = ?1 ORDER BY number DESC",
    )?;
    let mut rows = statement.query([number.get()])?;
    let mut keys = Vec::new();
    while let Some(row) = rows.next()? {
        let sealed = row.get_ref(0)?.as_blob().map_err(rusqlite::Error::from)?;
        keys.push(SigningKey {
            secret: open_secret(sealed, id, data_key)?,
            created_at: timestamp(row, 1)?,
            expires_at: optional_timestamp(row, 2)?,
        });
    }
    Ok(keys)
}

/// The columns that [`read`] and [`read_shared_secret`] read, in their order.
pub(super) const COLUMNS: &str =
    "number, id, organization, receiver, dialect, vyte_id, vyte_body, description, target, actions,
     user, state, disabled_because, retry, created_at, updated_at, revision, simplymeet_uuid, shared_secret";

/// Reads a subscription.
pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Subscription> {
    let hook_id: Option<Arc<str>> = row.get(5)?;
    let body: Option<String> = row.get(6)?;
    let body =
        body.map(|name| vyte_body_from(&name).ok_or_else(|| unreadable(6, "a form of body"))).transpose()?;
    let uuid: Option<[u8; 16]> = row.get(17)?;
    let target = TargetUrl::parse(row.get_ref(8)?.as_str()?, &TargetPolicy::stored())
        .map_err(|_| unreadable(8, "a target URL"))?;
    let actions: Vec<ActionPattern> = serde_json::from_str(row.get_ref(9)?.as_str()?)
        .map_err(|_| unreadable(9, "a list of action patterns"))?;
    let disabled_because: Option<String> = row.get(12)?;
    let disabled_because =
        disabled_because.map(|name| name.parse().map_err(|_| unreadable(12, "a reason"))).transpose()?;
    let retry: Option<String> = row.get(13)?;
    let retry =
        retry.map(|text| retry_from(&text).ok_or_else(|| unreadable(13, "a retry schedule"))).transpose()?;
    Ok(Subscription {
        number: SubscriptionNumber::new(row.get(0)?),
        id: SubscriptionId::from_uuid(Uuid::from_bytes(row.get(1)?)),
        organization: OrganizationNumber::new(row.get(2)?),
        receiver: receiver(row, 3)?,
        dialect: coded(row, 4, "the number of a dialect", Dialect::from_code)?,
        vyte: hook_id.map(|hook_id| VyteHook { hook_id, body }),
        simplymeet: uuid.map(|uuid| SimplyMeetHook { uuid: Uuid::from_bytes(uuid) }),
        description: row.get(7)?,
        target,
        filter: Filter { actions, user: row.get(10)? },
        state: coded(row, 11, "the number of a state", SubscriptionState::from_code)?,
        disabled_because,
        retry,
        created_at: timestamp(row, 14)?,
        updated_at: timestamp(row, 15)?,
        revision: row.get(16)?,
    })
}

/// Reads the secret that its owner chose, of the row from which `subscription` was read.
pub(super) fn read_shared_secret(
    row: &Row<'_>,
    subscription: SubscriptionId,
    data_key: &DataKey,
) -> Result<Option<SharedSecret>, Fault> {
    let sealed = row.get_ref(18)?.as_blob_or_null().map_err(rusqlite::Error::from)?;
    sealed.map(|sealed| open_shared_secret(sealed, subscription, data_key)).transpose()
}

fn patterns_text(filter: &Filter) -> String {
    let patterns: Vec<serde_json::Value> =
        filter.actions.iter().map(|pattern| serde_json::Value::String(pattern.to_string())).collect();
    serde_json::Value::Array(patterns).to_string()
}

/// Every wait in milliseconds, the one before the first attempt included: trials use schedules finer than seconds.
fn retry_text(retry: &RetryPolicy) -> String {
    let milliseconds: Vec<serde_json::Value> = (0..retry.attempts())
        .filter_map(|failed| retry.delay_after(failed))
        .map(|delay| u64::try_from(delay.as_millis()).unwrap_or(u64::MAX).into())
        .collect();
    serde_json::Value::Array(milliseconds).to_string()
}

fn retry_from(text: &str) -> Option<RetryPolicy> {
    let milliseconds: Vec<u64> = serde_json::from_str(text).ok()?;
    let delays: Vec<Duration> = milliseconds.into_iter().map(Duration::from_millis).collect();
    Some(RetryPolicy::from_delays(&delays))
}

/// The name under which a form of body is kept.
pub(super) const fn vyte_body_name(body: VyteBody) -> &'static str {
    match body {
        VyteBody::Array => "array",
        VyteBody::Object => "object",
    }
}

/// The form of body with this name.
pub(super) fn vyte_body_from(name: &str) -> Option<VyteBody> {
    [VyteBody::Array, VyteBody::Object].into_iter().find(|body| vyte_body_name(*body) == name)
}
