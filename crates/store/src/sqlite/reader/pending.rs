//! What the delivery side reads.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use rendezhook_domain::accepted::AcceptedAction;
use rendezhook_domain::delivery::{DeliveryOrigin, FoldedDeliveries};
use rendezhook_domain::sequence::{OrganizationNumber, ReceiverNumber, Sequence, SubscriptionNumber};
use rusqlite::{CachedStatement, Connection, OptionalExtension, Row, params};

use super::row::folded;
use super::standing::Predecessors;
use crate::feed::Announcement;
use crate::pending::{AttemptMaterial, DeliveryKey, PendingDelivery, PendingPage, Standing};
use crate::replay::Repetition;
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
             expires_at, lane_held, is_update
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
        is_update: row.get(11)?,
    })
}

/// What attempts of deliveries need; deliveries of the same action share it.
pub(in crate::sqlite) fn material(
    connection: &Connection,
    keys: &[DeliveryKey],
) -> Result<Vec<AttemptMaterial>, Fault> {
    in_snapshot(connection, || material_in_snapshot(connection, keys))
}

/// Where deliveries stand in the history of their resources.
pub(in crate::sqlite) fn standings(
    connection: &Connection,
    keys: &[DeliveryKey],
) -> Result<Vec<(DeliveryKey, Standing)>, Fault> {
    in_snapshot(connection, || {
        let mut waiting = Waiting::new(connection)?;
        let mut standings = Vec::with_capacity(keys.len());
        for key in keys {
            if let Some(found) = waiting.find(*key)? {
                standings.push((*key, waiting.standing(*key, found)?));
            }
        }
        Ok(standings)
    })
}

/// One snapshot for many reads: between two snapshots a connection forgets its cached pages when anything was written.
fn in_snapshot<T>(connection: &Connection, read: impl FnOnce() -> Result<T, Fault>) -> Result<T, Fault> {
    connection.prepare_cached("BEGIN")?.execute([])?;
    let answer = read();
    // A snapshot that was only read ends alike either way.
    connection.prepare_cached("COMMIT")?.execute([])?;
    answer
}

/// The rows of waiting deliveries, as far as attempts need them.
struct Waiting<'connection> {
    find: CachedStatement<'connection>,
    predecessors: Predecessors<'connection>,
}

/// What an attempt needs of a row.
struct WaitingRow {
    action: Sequence,
    frozen: Option<[u8; 32]>,
    origin: DeliveryOrigin,
    repetition: Option<Repetition>,
    folded: Option<FoldedDeliveries>,
}

impl<'connection> Waiting<'connection> {
    fn new(connection: &'connection Connection) -> Result<Self, Fault> {
        let find = connection.prepare_cached(
            "SELECT action, frozen, origin, folded, replay FROM pending WHERE receiver = ?1 AND sequence = ?2",
        )?;
        Ok(Self { find, predecessors: Predecessors::new(connection)? })
    }

    fn find(&mut self, key: DeliveryKey) -> Result<Option<WaitingRow>, Fault> {
        let row = self
            .find
            .query_row(params![key.receiver.get(), stored(key.sequence.get())], |row| {
                Ok(WaitingRow {
                    action: sequence(row, 0)?,
                    frozen: row.get(1)?,
                    origin: coded(row, 2, "the number of an origin", DeliveryOrigin::from_code)?,
                    folded: folded(row, 3, key.receiver)?,
                    repetition: repetition(row, 4)?,
                })
            })
            .optional()?;
        Ok(row)
    }

    /// What was asked for beside the order of things has no place in it, but for a message that is sent once more.
    fn standing(&mut self, key: DeliveryKey, row: WaitingRow) -> Result<Standing, Fault> {
        let previous = match row.origin {
            DeliveryOrigin::Original | DeliveryOrigin::Replay => {
                self.predecessors.previous(key.receiver, row.action)?
            }
            DeliveryOrigin::Test | DeliveryOrigin::RePush | DeliveryOrigin::Backfill => None,
        };
        Ok(Standing { previous, folded: row.folded })
    }
}

fn material_in_snapshot(
    connection: &Connection,
    keys: &[DeliveryKey],
) -> Result<Vec<AttemptMaterial>, Fault> {
    let mut waiting = Waiting::new(connection)?;
    let mut actions: HashMap<Sequence, Arc<AcceptedAction>> = HashMap::new();
    let mut materials = Vec::with_capacity(keys.len());
    for key in keys {
        let Some(row) = waiting.find(*key)? else { continue };
        let action = match actions.get(&row.action) {
            Some(action) => Arc::clone(action),
            None => {
                // Gone only when the delivery ended since it was found.
                let Some(action) = read_action(connection, row.action)? else { continue };
                let action = Arc::new(action);
                actions.insert(row.action, Arc::clone(&action));
                action
            }
        };
        let frozen_body = row.frozen.map(|hash| read_frozen(connection, &hash)).transpose()?.flatten();
        let repeats = row.repetition.map(|repetition| repetition.of_id(action.accepted_at));
        // Nothing comes before a first version.
        let standing = if action.version > 1 {
            waiting.standing(*key, row)?
        } else {
            Standing { previous: None, folded: row.folded }
        };
        materials.push(AttemptMaterial { key: *key, action, frozen_body, repeats, standing });
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
