//! Changes of subscriptions.

use std::sync::Arc;

use rendezhook_domain::delivery_order::DeliveryOrder;
use rendezhook_domain::pause::Interruptions;
use rendezhook_domain::resource::ResourceKind;
use rendezhook_domain::sequence::{OrganizationNumber, ReceiverNumber, Sequence, SubscriptionNumber};
use rendezhook_domain::subscription::{
    Dialect, DisableReason, Hook, Subscription, SubscriptionState, Verification,
};
use rendezhook_domain::time::Timestamp;
use rendezhook_secrets::{DataKey, SigningSecret};
use rusqlite::{OptionalExtension, params};
use uuid::Uuid;

use super::{Applied, exists};
use crate::catalogue::{ReceiverEntry, SigningKey, SubscriptionEntry};
use crate::change::{ChangeRefusal, NewSubscription, SubscriptionUpdate, VerificationRecord};
use crate::sqlite::catalogue::subscription as rows;
use crate::sqlite::fault::Fault;
use crate::sqlite::memory::Cleanup;
use crate::sqlite::values::{receiver, stored, stored_size};
use crate::sqlite::writer::Turn;

/// Most keys of a subscription; a sixth one pushes out the oldest.
const MAXIMUM_KEYS: usize = 5;

/// Makes subscriptions of one organization, all or none: everything is checked before anything is written.
pub(super) fn create(turn: &mut Turn<'_>, all: &[NewSubscription]) -> Applied {
    for new in all {
        if let Err(refusal) = check(turn, new, all.len())? {
            return Ok(Err(refusal));
        }
    }
    for new in all {
        write(turn, new)?;
    }
    Ok(Ok(()))
}

/// Whether a subscription can be made, together with others of its kind.
fn check(turn: &Turn<'_>, new: &NewSubscription, together: usize) -> Applied {
    if !turn.memory.data_keys.contains_key(&new.organization) {
        return Ok(Err(ChangeRefusal::Unknown));
    }
    if let Some(limit) = new.limit
        && count(turn, new.organization, new.hook.dialect())? + stored_size(together) > stored_size(limit)
    {
        return Ok(Err(ChangeRefusal::LimitReached(limit)));
    }
    let id = new.id.uuid().into_bytes();
    let hook_id = new.hook.vyte().map(|hook| hook.hook_id.as_ref());
    let uuid = new.hook.simplymeet().map(|hook| hook.uuid.into_bytes());
    let group = new.hook.doo().map(|hook| hook.group.into_bytes());
    let taken = "SELECT 1 FROM subscription
         WHERE id = ?1 OR (organization = ?2 AND vyte_id = ?3) OR (organization = ?2 AND simplymeet_uuid = ?4)
            OR (organization = ?2 AND doo_group = ?5)";
    if exists(turn, taken, params![id, new.organization.get(), hook_id, uuid, group])? {
        return Ok(Err(ChangeRefusal::Taken));
    }
    let receiver_id = new.receiver_id.uuid().into_bytes();
    let receiver_taken = find_receiver(turn, new)?.is_none()
        && exists(turn, "SELECT 1 FROM receiver WHERE id = ?1", [receiver_id])?;
    Ok(if receiver_taken { Err(ChangeRefusal::Taken) } else { Ok(()) })
}

fn write(turn: &mut Turn<'_>, new: &NewSubscription) -> Result<(), Fault> {
    let data_key = data_key(turn, new.organization)?;
    let receiver = match find_receiver(turn, new)? {
        Some(receiver) => receiver,
        None => create_receiver(turn, new)?,
    };
    let (authentication, target_secret) = new.authentication.clone().unzip();
    let subscription = Subscription {
        number: SubscriptionNumber::new(0),
        id: new.id,
        organization: new.organization,
        receiver,
        hook: new.hook.clone(),
        description: Arc::clone(&new.description),
        target: new.target.clone(),
        method: new.method,
        content: new.content.clone(),
        authentication,
        verification: Verification::pending(new.verification),
        filter: new.filter.clone(),
        state: SubscriptionState::Enabled,
        disabled_because: None,
        retry: new.retry.clone(),
        rate_limit: new.rate_limit,
        folds_updates: new.folds_updates,
        created_at: new.created_at,
        updated_at: new.created_at,
        revision: 1,
    };
    let keys = vec![SigningKey { secret: new.secret.clone(), created_at: new.created_at, expires_at: None }];
    let mut entry = SubscriptionEntry {
        subscription,
        keys,
        shared_secret: new.shared_secret.clone(),
        target_secret,
        headers: new.headers.iter().cloned().collect(),
    };
    entry.subscription.number = rows::insert(turn.connection, &entry, &data_key)?;
    rows::replace_keys(turn.connection, &entry.subscription, &entry.keys, &data_key)?;
    turn.memory.draft_mut().put_subscription(entry);
    Ok(())
}

fn data_key(turn: &Turn<'_>, organization: OrganizationNumber) -> Result<DataKey, Fault> {
    turn.memory.data_keys.get(&organization).cloned().ok_or_else(|| {
        Fault::Damaged("a subscription belongs to an organization without a data key".to_owned())
    })
}

fn count(turn: &Turn<'_>, organization: OrganizationNumber, dialect: Dialect) -> Result<i64, Fault> {
    Ok(turn
        .connection
        .prepare_cached("SELECT count(*) FROM subscription WHERE organization = ?1 AND dialect = ?2")?
        .query_row(params![organization.get(), dialect.code()], |row| row.get(0))?)
}

/// What a new subscription's receiver is found by, and whether its owner chose that name.
fn receiver_name(new: &NewSubscription) -> (bool, Arc<str>) {
    match &new.receiver_name {
        Some(name) => (true, Arc::clone(name)),
        None => (false, Arc::from(new.target.endpoint().as_str())),
    }
}

fn find_receiver(turn: &Turn<'_>, new: &NewSubscription) -> Result<Option<ReceiverNumber>, Fault> {
    let (named, name) = receiver_name(new);
    Ok(turn
        .connection
        .prepare_cached("SELECT number FROM receiver WHERE organization = ?1 AND named = ?2 AND name = ?3")?
        .query_row(params![new.organization.get(), named, name.as_ref()], |row| receiver(row, 0))
        .optional()?)
}

fn create_receiver(turn: &mut Turn<'_>, new: &NewSubscription) -> Result<ReceiverNumber, Fault> {
    let id = new.receiver_id.uuid().into_bytes();
    let (named, name) = receiver_name(new);
    turn.connection
        .prepare_cached(
            "INSERT INTO receiver (id, organization, named, name, created_at) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![id, new.organization.get(), named, name.as_ref(), new.created_at.milliseconds()])?;
    let number = u32::try_from(turn.connection.last_insert_rowid())
        .map(ReceiverNumber::new)
        .map_err(|_| Fault::Damaged("there are no numbers left for receivers".to_owned()))?;
    turn.memory.draft_mut().put_receiver(ReceiverEntry {
        number,
        id: new.receiver_id,
        organization: new.organization,
        name,
        named,
        interruptions: Interruptions::default(),
        order: DeliveryOrder::default(),
        created_at: new.created_at,
    });
    Ok(number)
}

/// A subscription, when it is that organization's.
fn find(
    turn: &Turn<'_>,
    organization: OrganizationNumber,
    number: SubscriptionNumber,
) -> Option<SubscriptionEntry> {
    turn.memory
        .subscription(number)
        .filter(|entry| entry.subscription.organization == organization)
        .map(|entry| SubscriptionEntry::clone(entry))
}

pub(super) fn update(turn: &mut Turn<'_>, update: &SubscriptionUpdate) -> Applied {
    let Some(mut entry) = find(turn, update.organization, update.subscription) else {
        return Ok(Err(ChangeRefusal::Unknown));
    };
    let asks_anew = asks_anew(&entry.subscription, update);
    let moves_headers = update.target.as_ref().is_some_and(|target| entry.moves_headers(target));
    let subscription = &mut entry.subscription;
    if update.revision.is_some_and(|revision| revision != subscription.revision) {
        return Ok(Err(ChangeRefusal::Stale));
    }
    if let Some(description) = &update.description {
        subscription.description = Arc::clone(description);
    }
    if let Some(target) = &update.target {
        if subscription.moves_secret(target) {
            subscription.authentication = None;
            entry.target_secret = None;
        }
        subscription.target = target.clone();
    }
    if let Some(filter) = &update.filter {
        subscription.filter = filter.clone();
    }
    if let Some((state, reason)) = update.state {
        subscription.state = state;
        subscription.disabled_because = reason;
    }
    if let Some(retry) = &update.retry {
        subscription.retry = retry.clone();
    }
    if let Some(rate_limit) = update.rate_limit {
        subscription.rate_limit = rate_limit;
    }
    subscription.folds_updates = update.folds_updates.unwrap_or(subscription.folds_updates);
    if let Some(method) = update.method {
        subscription.method = method;
    }
    if let Some(content) = &update.content {
        subscription.content = content.clone();
    }
    if let (Some(body), Hook::Vyte(hook)) = (update.vyte_body, &mut subscription.hook) {
        hook.body = body;
    }
    if let Some(authentication) = &update.authentication {
        let (authentication, secret) = authentication.clone().unzip();
        subscription.authentication = authentication;
        entry.target_secret = secret;
    }
    if let Some(headers) = &update.headers {
        entry.headers = headers.iter().cloned().collect();
    } else if moves_headers {
        entry.headers = Arc::new([]);
    }
    if asks_anew {
        subscription.verification =
            Verification::pending(update.verification.unwrap_or(subscription.verification.method));
    }
    save(turn, entry, update.at)?;
    Ok(Ok(()))
}

/// Whether the target has to show anew that it wants deliveries.
fn asks_anew(current: &Subscription, update: &SubscriptionUpdate) -> bool {
    let another_target = update.target.as_ref().is_some_and(|target| *target != current.target);
    let another_method = update.method.is_some_and(|method| method != current.method);
    let another_way = update.verification.is_some_and(|method| method != current.verification.method);
    let enabled_again = current.state == SubscriptionState::Disabled
        && update.state.is_some_and(|(state, _)| state == SubscriptionState::Enabled);
    another_target || another_method || another_way || enabled_again
}

/// Keeps how the handshake with a target ended, unless it was about what the subscription no longer is.
pub(super) fn record_verification(turn: &mut Turn<'_>, record: &VerificationRecord) -> Applied {
    let Some(mut entry) = find(turn, record.organization, record.subscription) else {
        return Ok(Err(ChangeRefusal::Unknown));
    };
    let subscription = &mut entry.subscription;
    if subscription.target != record.target || subscription.verification.method != record.method {
        return Ok(Ok(()));
    }
    let verification = &mut subscription.verification;
    match &record.outcome {
        Ok(deliveries_per_minute) => {
            verification.verified_at = Some(record.at);
            verification.failure = None;
            verification.deliveries_per_minute = *deliveries_per_minute;
        }
        // What was verified before stays so: the target may be down for a moment.
        Err(failure) => verification.failure = Some(Arc::clone(failure)),
    }
    // This is no change by its owner, whose next one may name the revision from before.
    write_row(turn, entry)?;
    Ok(Ok(()))
}

/// Writes a changed subscription.
fn save(turn: &mut Turn<'_>, mut entry: SubscriptionEntry, at: Timestamp) -> Result<(), Fault> {
    entry.subscription.updated_at = at;
    entry.subscription.revision = entry.subscription.revision.saturating_add(1);
    write_row(turn, entry)
}

fn write_row(turn: &mut Turn<'_>, entry: SubscriptionEntry) -> Result<(), Fault> {
    let data_key = data_key(turn, entry.subscription.organization)?;
    rows::update(turn.connection, &entry, &data_key)?;
    turn.memory.draft_mut().put_subscription(entry);
    Ok(())
}

/// Disables a subscription and answers whether it did; nothing happens when it is gone or disabled already.
pub(in crate::sqlite) fn disable(
    turn: &mut Turn<'_>,
    number: SubscriptionNumber,
    reason: DisableReason,
    at: Timestamp,
) -> Result<bool, Fault> {
    let Some(entry) = turn.memory.subscription(number) else { return Ok(false) };
    if entry.subscription.state == SubscriptionState::Disabled {
        return Ok(false);
    }
    let mut entry = SubscriptionEntry::clone(entry);
    entry.subscription.state = SubscriptionState::Disabled;
    entry.subscription.disabled_because = Some(reason);
    save(turn, entry, at)?;
    Ok(true)
}

pub(super) fn rotate_secret(
    turn: &mut Turn<'_>,
    organization: OrganizationNumber,
    number: SubscriptionNumber,
    secret: &SigningSecret,
    previous_until: Timestamp,
    at: Timestamp,
) -> Applied {
    let Some(mut entry) = find(turn, organization, number) else {
        return Ok(Err(ChangeRefusal::Unknown));
    };
    let data_key = data_key(turn, organization)?;
    for key in &mut entry.keys {
        key.expires_at = Some(key.expires_at.map_or(previous_until, |end| end.min(previous_until)));
    }
    entry.keys.retain(|key| key.expires_at.is_none_or(|end| end > at));
    entry.keys.insert(0, SigningKey { secret: secret.clone(), created_at: at, expires_at: None });
    entry.keys.truncate(MAXIMUM_KEYS);
    rows::replace_keys(turn.connection, &entry.subscription, &entry.keys, &data_key)?;
    save(turn, entry, at)?;
    Ok(Ok(()))
}

/// Name of the position that remembers the last time a group was to be deleted.
const GROUP_DELETION: &str = "doo_group_deletion";

/// Deletes what there is of a group, and writes to disk whether or not there is anything.
pub(super) fn delete_doo_group(
    turn: &mut Turn<'_>,
    organization: OrganizationNumber,
    group: Uuid,
    at: Timestamp,
) -> Applied {
    let is_in_group = |entry: &&Arc<SubscriptionEntry>| {
        entry.subscription.hook.doo().is_some_and(|hook| hook.group == group)
    };
    let subscriptions = turn.memory.draft_mut().subscriptions(organization);
    let found: Vec<SubscriptionNumber> =
        subscriptions.iter().filter(is_in_group).map(|entry| entry.subscription.number).collect();
    for number in found {
        delete(turn, organization, number, at)?.ok();
    }
    turn.connection
        .prepare_cached("INSERT OR REPLACE INTO position (name, value) VALUES (?1, ?2)")?
        .execute(params![GROUP_DELETION, at.milliseconds()])?;
    Ok(Ok(()))
}

/// The subscription goes at once; what waits for it is cancelled in the turns that follow.
pub(super) fn delete(
    turn: &mut Turn<'_>,
    organization: OrganizationNumber,
    number: SubscriptionNumber,
    at: Timestamp,
) -> Applied {
    let Some(entry) = find(turn, organization, number) else {
        return Ok(Err(ChangeRefusal::Unknown));
    };
    turn.connection.prepare_cached("DELETE FROM subscription WHERE number = ?1")?.execute([number.get()])?;
    rows::delete_keys(turn.connection, number)?;
    turn.connection.prepare_cached("DELETE FROM health WHERE subscription = ?1")?.execute([number.get()])?;
    // What its notices are counted by. Those that wait are delivered without it.
    turn.connection
        .prepare_cached("DELETE FROM resource WHERE organization = ?1 AND kind = ?2 AND id = ?3")?
        .execute(params![
            organization.get(),
            ResourceKind::Subscription.code(),
            entry.subscription.id.to_string()
        ])?;
    let cleanup = Cleanup {
        subscription: number,
        receiver: entry.subscription.receiver,
        looked_up_to: Sequence::ZERO,
        last: Sequence::new(turn.memory.counters.sequence.last()),
        deleted_at: at,
    };
    turn.connection
        .prepare_cached(
            "INSERT INTO cleanup (subscription, receiver, looked_up_to, last, deleted_at) VALUES (?1, ?2, 0, ?3, ?4)",
        )?
        .execute(params![
            number.get(),
            cleanup.receiver.get(),
            stored(cleanup.last.get()),
            at.milliseconds()
        ])?;
    Arc::make_mut(&mut turn.memory.cleanups).add(cleanup);
    turn.memory.draft_mut().remove_subscription(organization, number);
    Ok(Ok(()))
}
