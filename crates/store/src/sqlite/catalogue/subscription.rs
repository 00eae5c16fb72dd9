//! A subscription and its signing keys as rows.

mod parts;

use std::sync::Arc;
use std::time::Duration;

use rendezhook_domain::id::SubscriptionId;
use rendezhook_domain::matching::{ActionPattern, Filter};
use rendezhook_domain::retry::RetryPolicy;
use rendezhook_domain::sequence::{OrganizationNumber, SubscriptionNumber};
use rendezhook_domain::subscription::{
    Dialect, DooHook, Hook, RateLimit, RequestMethod, SimplyMeetHook, Subscription, SubscriptionState,
    Verification, VerificationMethod, VyteBody, VyteHook,
};
use rendezhook_domain::target::{TargetPolicy, TargetUrl};
use rendezhook_secrets::{DataKey, SecretHeader, SharedSecret};
use rusqlite::{Connection, Row, params};
use uuid::Uuid;

use super::seal::{
    SecretColumn, open_headers, open_secret, open_shared_secret, seal_headers, seal_secret,
    seal_shared_secret,
};
use crate::catalogue::{SigningKey, SubscriptionEntry};
use crate::sqlite::fault::{Fault, unreadable};
use crate::sqlite::values::{coded, optional_timestamp, parsed, receiver, timestamp};

/// Writes a new subscription; its number is given by the database, whatever the value says.
pub(super) fn insert(
    connection: &Connection,
    entry: &SubscriptionEntry,
    data_key: &DataKey,
) -> Result<SubscriptionNumber, Fault> {
    let subscription = &entry.subscription;
    let seal = |secret: &Option<SharedSecret>, column| {
        let secret = secret.as_ref();
        secret.map(|secret| seal_shared_secret(secret, subscription.id, column, data_key)).transpose()
    };
    let vyte = subscription.hook.vyte();
    let doo = subscription.hook.doo();
    connection
        .prepare_cached(
            "INSERT INTO subscription (id, organization, receiver, dialect, vyte_id, vyte_body, description, target,
                 actions, user, state, disabled_because, retry, created_at, updated_at, revision, simplymeet_uuid,
                 shared_secret, event, method, content, authentication, target_secret, doo_group, doo_name, doo_position,
                 rate_limit, headers, verification, folds_updates)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22,
                 ?23, ?24, ?25, ?26, ?27, ?28, ?29, ?30)",
        )?
        .execute(params![
            subscription.id.uuid().into_bytes(),
            subscription.organization.get(),
            subscription.receiver.get(),
            subscription.dialect().code(),
            vyte.map(|hook| hook.hook_id.as_ref()),
            vyte.and_then(|hook| hook.body).map(vyte_body_name),
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
            subscription.hook.simplymeet().map(|hook| hook.uuid.into_bytes()),
            seal(&entry.shared_secret, SecretColumn::Shared)?,
            subscription.filter.event.as_deref(),
            subscription.method.name(),
            parts::content_text(&subscription.content),
            subscription.authentication.as_ref().and_then(parts::authentication_text),
            seal(&entry.target_secret, SecretColumn::Target)?,
            doo.map(|hook| hook.group.into_bytes()),
            doo.map(|hook| hook.name.as_ref()),
            doo.map(|hook| hook.position),
            subscription.rate_limit.map(RateLimit::per_second),
            seal_headers(&entry.headers, subscription.id, data_key)?,
            subscription.verification.method.name(),
            subscription.folds_updates,
        ])?;
    let number = u32::try_from(connection.last_insert_rowid())
        .map_err(|_| Fault::Damaged("there are no numbers left for subscriptions".to_owned()))?;
    Ok(SubscriptionNumber::new(number))
}

/// Writes everything of a subscription that can change.
pub(super) fn update(
    connection: &Connection,
    entry: &SubscriptionEntry,
    data_key: &DataKey,
) -> Result<(), Fault> {
    let subscription = &entry.subscription;
    let target_secret = entry
        .target_secret
        .as_ref()
        .map(|secret| seal_shared_secret(secret, subscription.id, SecretColumn::Target, data_key))
        .transpose()?;
    connection
        .prepare_cached(
            "UPDATE subscription SET description = ?2, target = ?3, actions = ?4, user = ?5, state = ?6,
                 disabled_because = ?7, retry = ?8, updated_at = ?9, revision = ?10, vyte_body = ?11, event = ?12,
                 method = ?13, content = ?14, authentication = ?15, target_secret = ?16, rate_limit = ?17, headers = ?18,
                 verification = ?19, verified_at = ?20, verification_failure = ?21, deliveries_per_minute = ?22,
                 folds_updates = ?23
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
            subscription.hook.vyte().and_then(|hook| hook.body).map(vyte_body_name),
            subscription.filter.event.as_deref(),
            subscription.method.name(),
            parts::content_text(&subscription.content),
            subscription.authentication.as_ref().and_then(parts::authentication_text),
            target_secret,
            subscription.rate_limit.map(RateLimit::per_second),
            seal_headers(&entry.headers, subscription.id, data_key)?,
            subscription.verification.method.name(),
            subscription.verification.verified_at.map(|instant| instant.milliseconds()),
            subscription.verification.failure.as_deref(),
            subscription.verification.deliveries_per_minute,
            subscription.folds_updates,
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

/// The columns that [`read`] and the readers of secrets read, in their order.
pub(super) const COLUMNS: &str =
    "number, id, organization, receiver, dialect, vyte_id, vyte_body, description, target, actions,
     user, state, disabled_because, retry, created_at, updated_at, revision, simplymeet_uuid, shared_secret,
     event, method, content, authentication, target_secret, doo_group, doo_name, doo_position, rate_limit, headers,
     verification, verified_at, verification_failure, deliveries_per_minute, folds_updates";

/// Reads a subscription.
pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Subscription> {
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
        hook: read_hook(row)?,
        description: row.get(7)?,
        target,
        method: parsed::<RequestMethod>(row, 20, "a method")?,
        content: parts::content_from(row.get_ref(21)?.as_str_or_null()?)
            .ok_or_else(|| unreadable(21, "where bodies come from"))?,
        authentication: row
            .get_ref(22)?
            .as_str_or_null()?
            .map(|text| parts::authentication_from(text).ok_or_else(|| unreadable(22, "an authentication")))
            .transpose()?,
        verification: Verification {
            method: parsed::<VerificationMethod>(row, 29, "a way to verify")?,
            verified_at: optional_timestamp(row, 30)?,
            failure: row.get(31)?,
            deliveries_per_minute: row.get(32)?,
        },
        filter: Filter { actions, user: row.get(10)?, event: row.get(19)? },
        state: coded(row, 11, "the number of a state", SubscriptionState::from_code)?,
        disabled_because,
        retry,
        rate_limit: row
            .get::<_, Option<u32>>(27)?
            .map(|limit| RateLimit::new(limit).map_err(|_| unreadable(27, "a rate limit")))
            .transpose()?,
        folds_updates: row.get(33)?,
        created_at: timestamp(row, 14)?,
        updated_at: timestamp(row, 15)?,
        revision: row.get(16)?,
    })
}

/// What the API through which it was made knows of it.
fn read_hook(row: &Row<'_>) -> rusqlite::Result<Hook> {
    Ok(match coded(row, 4, "the number of a dialect", Dialect::from_code)? {
        Dialect::Standard => Hook::Standard,
        Dialect::Vyte => {
            let body = row.get_ref(6)?.as_str_or_null()?;
            let body = body
                .map(|name| vyte_body_from(name).ok_or_else(|| unreadable(6, "a form of body")))
                .transpose()?;
            Hook::Vyte(VyteHook { hook_id: row.get(5)?, body })
        }
        Dialect::SimplyMeet => Hook::SimplyMeet(SimplyMeetHook { uuid: Uuid::from_bytes(row.get(17)?) }),
        Dialect::Doo => Hook::Doo(DooHook {
            group: Uuid::from_bytes(row.get(24)?),
            name: row.get(25)?,
            position: row.get(26)?,
        }),
    })
}

/// Reads one of the secrets of the row from which `subscription` was read.
pub(super) fn read_secret(
    row: &Row<'_>,
    column: SecretColumn,
    subscription: SubscriptionId,
    data_key: &DataKey,
) -> Result<Option<SharedSecret>, Fault> {
    let place = match column {
        SecretColumn::Shared => 18,
        SecretColumn::Target => 23,
    };
    let sealed = row.get_ref(place)?.as_blob_or_null().map_err(rusqlite::Error::from)?;
    sealed.map(|sealed| open_shared_secret(sealed, subscription, column, data_key)).transpose()
}

/// Reads the headers of the row from which `subscription` was read.
pub(super) fn read_headers(
    row: &Row<'_>,
    subscription: SubscriptionId,
    data_key: &DataKey,
) -> Result<Arc<[SecretHeader]>, Fault> {
    let sealed = row.get_ref(28)?.as_blob_or_null().map_err(rusqlite::Error::from)?;
    open_headers(sealed, subscription, data_key)
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
