//! Writing actions with their deliveries.

use std::sync::Arc;

use rendezhook_domain::accepted::AcceptedAction;
use rendezhook_domain::delivery::DeliveryOrigin;
use rendezhook_domain::sequence::Sequence;
use rendezhook_domain::time::Timestamp;
use rusqlite::{CachedStatement, Connection, params};

use super::JOB_ROWS_A_TURN;
use super::turn::Turn;
use crate::feed::{CommittedAction, CommittedDelivery};
use crate::publish::{Matched, ReceiptAction};
use crate::sqlite::codec::pack_matched;
use crate::sqlite::fault::Fault;
use crate::sqlite::values::{stored, stored_size};

/// How deliveries of one action begin.
#[derive(Debug, Clone, Copy)]
pub(super) struct First {
    /// Why they are made.
    pub(super) origin: DeliveryOrigin,
    /// When their first attempts are due.
    pub(super) due_at: Timestamp,
}

impl First {
    /// Because the action matched, at once.
    pub(super) const fn original(action_accepted_at: Timestamp) -> Self {
        Self { origin: DeliveryOrigin::Original, due_at: action_accepted_at }
    }
}

/// The statements that write bodies, actions and deliveries, found once for everything that a request brings.
pub(super) struct Insertions<'connection> {
    body: CachedStatement<'connection>,
    action: CachedStatement<'connection>,
    delivery: CachedStatement<'connection>,
}

impl<'connection> Insertions<'connection> {
    pub(super) fn new(connection: &'connection Connection) -> rusqlite::Result<Self> {
        Ok(Self {
            body: connection.prepare_cached("INSERT INTO body (number, bytes) VALUES (?1, ?2)")?,
            action: connection.prepare_cached(
                "INSERT INTO action (sequence, organization, resource, kind, resource_id, name, version, user, occurred_at,
                     accepted_at, expires_at, body, last_delivery, representations, changes, timer, late_by_seconds)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)",
            )?,
            delivery: connection.prepare_cached(
                "INSERT INTO pending (receiver, sequence, subscription, origin, action, resource, due_at, expires_at,
                     is_update)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            )?,
        })
    }

    /// Writes a body.
    pub(super) fn body(&mut self, number: u64, bytes: &[u8]) -> rusqlite::Result<()> {
        self.body.execute(params![stored(number), bytes])?;
        Ok(())
    }

    /// Writes an action whose last delivery so far has this sequence.
    fn action(
        &mut self,
        action: &AcceptedAction,
        body: u64,
        last_delivery: Sequence,
    ) -> rusqlite::Result<()> {
        self.action.execute(params![
            stored(action.sequence.get()),
            action.organization.get(),
            stored(action.resource_number.get()),
            action.kind.code(),
            action.resource_id.as_str(),
            action.name.as_str(),
            stored(action.version),
            action.user.as_deref(),
            action.occurred_at.milliseconds(),
            action.accepted_at.milliseconds(),
            action.expires_at.map(|instant| instant.milliseconds()),
            stored(body),
            stored(last_delivery.get()),
            action.representations.as_deref(),
            action.changes.as_deref(),
            action.fired.as_ref().map(|fired| fired.timer.as_ref()),
            action.fired.as_ref().and_then(|fired| fired.late_by_seconds),
        ])?;
        Ok(())
    }

    /// Writes deliveries as waiting.
    pub(super) fn deliveries(
        &mut self,
        action: &AcceptedAction,
        deliveries: &[CommittedDelivery],
    ) -> rusqlite::Result<()> {
        if deliveries.is_empty() {
            return Ok(());
        }
        let statement = &mut self.delivery;
        // Bound once: they are the same in every row.
        statement.raw_bind_parameter(5, stored(action.sequence.get()))?;
        statement.raw_bind_parameter(6, stored(action.resource_number.get()))?;
        statement.raw_bind_parameter(8, action.expires_at.map(|instant| instant.milliseconds()))?;
        statement.raw_bind_parameter(9, action.name.is_update())?;
        for delivery in deliveries {
            statement.raw_bind_parameter(1, delivery.receiver.get())?;
            statement.raw_bind_parameter(2, stored(delivery.sequence.get()))?;
            statement.raw_bind_parameter(3, delivery.subscription.get())?;
            statement.raw_bind_parameter(4, delivery.origin.code())?;
            statement.raw_bind_parameter(7, delivery.due_at.milliseconds())?;
            statement.raw_execute()?;
        }
        Ok(())
    }
}

/// Writes an action and its deliveries, which take the sequences after it.
pub(super) fn write_with_deliveries(
    turn: &mut Turn<'_>,
    insertions: &mut Insertions<'_>,
    action: AcceptedAction,
    body: u64,
    matched: &[Matched],
    first: First,
) -> Result<ReceiptAction, Fault> {
    let deliveries = number_deliveries(turn, matched, first);
    let last_delivery = deliveries.last().map_or(action.sequence, |delivery| delivery.sequence);
    insertions.action(&action, body, last_delivery)?;
    insertions.deliveries(&action, &deliveries)?;
    let receipt = ReceiptAction { sequence: action.sequence, deliveries: count(matched) };
    hand_over(turn, action, deliveries);
    Ok(receipt)
}

/// Writes an action whose deliveries follow in later turns, which take their sequences only then: what is committed later
/// must have higher ones.
pub(super) fn write_for_later(
    turn: &mut Turn<'_>,
    insertions: &mut Insertions<'_>,
    action: &AcceptedAction,
    body: u64,
    matched: &[Matched],
) -> Result<ReceiptAction, Fault> {
    insertions.action(action, body, action.sequence)?;
    let mut statement =
        turn.connection.prepare_cached("INSERT INTO fanout (action, chunk, matched) VALUES (?1, ?2, ?3)")?;
    for (chunk, matched) in matched.chunks(JOB_ROWS_A_TURN).enumerate() {
        statement.execute(params![
            stored(action.sequence.get()),
            stored_size(chunk),
            pack_matched(matched)
        ])?;
    }
    Arc::make_mut(&mut turn.memory.fanouts).add(action.sequence, action.resource_number);
    Ok(ReceiptAction { sequence: action.sequence, deliveries: count(matched) })
}

fn count(matched: &[Matched]) -> u32 {
    u32::try_from(matched.len()).unwrap_or(u32::MAX)
}

/// Gives deliveries the next sequences.
pub(super) fn number_deliveries(
    turn: &mut Turn<'_>,
    matched: &[Matched],
    first: First,
) -> Vec<CommittedDelivery> {
    let sequence = turn.memory.counters.sequence.take(u64::from(count(matched)));
    matched
        .iter()
        .zip(sequence..)
        .map(|(one, sequence)| CommittedDelivery {
            sequence: Sequence::new(sequence),
            receiver: one.receiver,
            subscription: one.subscription,
            origin: first.origin,
            due_at: first.due_at,
        })
        .collect()
}

/// Notes deliveries that were written for the feed.
pub(super) fn hand_over(turn: &mut Turn<'_>, action: AcceptedAction, deliveries: Vec<CommittedDelivery>) {
    if deliveries.is_empty() {
        return;
    }
    for delivery in &deliveries {
        turn.note_waiting(action.organization, delivery);
    }
    turn.committed.push(CommittedAction { action: Arc::new(action), deliveries });
}
