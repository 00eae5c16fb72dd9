//! What the delivery side reads.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use rendezhook_domain::accepted::AcceptedAction;
use rendezhook_domain::delivery::DeliveryOrigin;
use rendezhook_domain::sequence::{OrganizationNumber, ReceiverNumber, Sequence, SubscriptionNumber};
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::feed::Announcement;
use crate::pending::{AttemptMaterial, DeliveryKey, PendingDelivery, PendingPage};
use crate::sqlite::actions::read_action;
use crate::sqlite::fault::Fault;
use crate::sqlite::values::{
    coded, optional_timestamp, receiver, repetition, resource, sequence, stored, stored_size, subscription,
    timestamp,
};

/// Most rows that are read in one look.
const ROWS_A_LOOK: usize = 5_000;

/// Every receiver that has waiting deliveries. One seek a receiver, however many deliveries wait.
pub(in crate::sqlite) fn receivers_with_pending(
    connection: &Connection,
    organizations: &HashMap<ReceiverNumber, OrganizationNumber>,
) -> Result<Vec<Announcement>, Fault> {
    let mut next = connection.prepare_cached(
        "SELECT receiver, (SELECT max(sequence) FROM pending AS own WHERE own.receiver = pending.receiver)
         FROM pending WHERE receiver >= ?1 ORDER BY receiver LIMIT 1",
    )?;
    let mut announcements = Vec::new();
    let mut from = Some(0);
    while let Some(wanted) = from {
        let found = next.query_row([wanted], |row| Ok((receiver(row, 0)?, sequence(row, 1)?))).optional()?;
        let Some((receiver, sequence)) = found else { break };
        let organization = organizations.get(&receiver).copied().ok_or_else(|| {
            Fault::Damaged(format!("deliveries wait for receiver {}, which is not there", receiver.get()))
        })?;
        announcements.push(Announcement { organization, receiver, sequence });
        from = receiver.get().checked_add(1);
    }
    Ok(announcements)
}

/// Which waiting deliveries are asked for.
#[derive(Debug, Clone, Copy)]
pub(in crate::sqlite) struct PendingRequest {
    pub(in crate::sqlite) receiver: ReceiverNumber,
    pub(in crate::sqlite) after: Sequence,
    pub(in crate::sqlite) up_to: Sequence,
    pub(in crate::sqlite) subscription: Option<SubscriptionNumber>,
    pub(in crate::sqlite) limit: usize,
}

/// A page of a receiver's waiting deliveries.
pub(in crate::sqlite) fn pending_page(
    connection: &Connection,
    request: PendingRequest,
) -> Result<PendingPage, Fault> {
    let mut deliveries = Vec::new();
    let mut after = request.after;
    loop {
        let wanted = request.limit.saturating_sub(deliveries.len());
        // One row more tells whether there is more; those of other subscriptions are read as well.
        let rows_to_read =
            if request.subscription.is_some() { ROWS_A_LOOK } else { (wanted + 1).min(ROWS_A_LOOK) };
        let read = look(connection, request.receiver, after, request.up_to, rows_to_read)?;
        let more_rows = read.len() == rows_to_read;
        if let Some(last) = read.last() {
            after = last.key.sequence;
        }
        let wanted_ones = read
            .into_iter()
            .filter(|delivery| request.subscription.is_none_or(|one| one == delivery.subscription));
        deliveries.extend(wanted_ones.take(wanted + 1));
        if deliveries.len() > request.limit {
            deliveries.truncate(request.limit);
            return Ok(PendingPage { deliveries, complete: false });
        }
        if !more_rows {
            return Ok(PendingPage { deliveries, complete: true });
        }
    }
}

fn look(
    connection: &Connection,
    receiver: ReceiverNumber,
    after: Sequence,
    up_to: Sequence,
    rows: usize,
) -> Result<Vec<PendingDelivery>, Fault> {
    let mut statement = connection.prepare_cached(
        "SELECT receiver, sequence, subscription, action, resource, origin, due_at, failed_attempts, first_failed_at,
             expires_at, lane_held
         FROM pending WHERE receiver = ?1 AND sequence > ?2 AND sequence <= ?3 ORDER BY sequence LIMIT ?4",
    )?;
    let parameters = params![receiver.get(), stored(after.get()), stored(up_to.get()), stored_size(rows)];
    let deliveries = statement.query_map(parameters, pending_delivery)?;
    Ok(deliveries.collect::<Result<_, _>>()?)
}

fn pending_delivery(row: &Row<'_>) -> rusqlite::Result<PendingDelivery> {
    Ok(PendingDelivery {
        key: DeliveryKey { receiver: receiver(row, 0)?, sequence: sequence(row, 1)? },
        subscription: subscription(row, 2)?,
        action: sequence(row, 3)?,
        resource: resource(row, 4)?,
        origin: coded(row, 5, "the number of an origin", DeliveryOrigin::from_code)?,
        due_at: timestamp(row, 6)?,
        failed_attempts: row.get(7)?,
        first_failed_at: optional_timestamp(row, 8)?,
        expires_at: optional_timestamp(row, 9)?,
        lane_held: Duration::from_millis(row.get::<_, i64>(10)?.unsigned_abs()),
    })
}

/// What attempts of deliveries need; deliveries of the same action share it.
pub(in crate::sqlite) fn material(
    connection: &Connection,
    keys: &[DeliveryKey],
) -> Result<Vec<AttemptMaterial>, Fault> {
    // One snapshot for all of them: between two snapshots a connection forgets its cached pages when anything was written.
    connection.prepare_cached("BEGIN")?.execute([])?;
    let materials = material_in_snapshot(connection, keys);
    // A snapshot that was only read ends alike either way.
    connection.prepare_cached("COMMIT")?.execute([])?;
    materials
}

fn material_in_snapshot(
    connection: &Connection,
    keys: &[DeliveryKey],
) -> Result<Vec<AttemptMaterial>, Fault> {
    let mut find = connection
        .prepare_cached("SELECT action, frozen, replay FROM pending WHERE receiver = ?1 AND sequence = ?2")?;
    let mut actions: HashMap<Sequence, Arc<AcceptedAction>> = HashMap::new();
    let mut materials = Vec::with_capacity(keys.len());
    for key in keys {
        let found = find
            .query_row(params![key.receiver.get(), stored(key.sequence.get())], |row| {
                Ok((sequence(row, 0)?, row.get::<_, Option<[u8; 32]>>(1)?, repetition(row, 2)?))
            })
            .optional()?;
        let Some((action_sequence, frozen, repetition)) = found else { continue };
        let action = match actions.get(&action_sequence) {
            Some(action) => Arc::clone(action),
            None => {
                // Gone only when the delivery ended since it was found.
                let Some(action) = read_action(connection, action_sequence)? else { continue };
                let action = Arc::new(action);
                actions.insert(action_sequence, Arc::clone(&action));
                action
            }
        };
        let frozen_body = frozen.map(|hash| read_frozen(connection, &hash)).transpose()?.flatten();
        let repeats = repetition.map(|repetition| repetition.of_id(action.accepted_at));
        materials.push(AttemptMaterial { key: *key, action, frozen_body, repeats });
    }
    Ok(materials)
}

fn read_frozen(connection: &Connection, hash: &[u8; 32]) -> Result<Option<Bytes>, Fault> {
    let bytes = connection
        .prepare_cached("SELECT bytes FROM frozen_body WHERE hash = ?1")?
        .query_row([hash], |row| Ok(Bytes::copy_from_slice(row.get_ref(0)?.as_blob()?)))
        .optional()?;
    Ok(bytes)
}
