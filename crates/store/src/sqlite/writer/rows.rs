//! Writing actions with their deliveries.

use std::sync::Arc;

use rendezhook_domain::accepted::AcceptedAction;
use rendezhook_domain::delivery::DeliveryOrigin;
use rendezhook_domain::sequence::Sequence;
use rendezhook_domain::time::Timestamp;
use rusqlite::{Connection, params};

use super::JOB_ROWS_A_TURN;
use super::turn::Turn;
use crate::feed::{CommittedAction, CommittedDelivery};
use crate::publish::{Matched, ReceiptAction};
use crate::sqlite::actions::insert_action;
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

/// Writes an action and its deliveries, which take the sequences after it.
pub(super) fn write_with_deliveries(
    turn: &mut Turn<'_>,
    action: AcceptedAction,
    body: u64,
    matched: &[Matched],
    first: First,
) -> Result<ReceiptAction, Fault> {
    let deliveries = number_deliveries(turn, matched, first);
    let last_delivery = deliveries.last().map_or(action.sequence, |delivery| delivery.sequence);
    insert_action(turn.connection, &action, body, last_delivery)?;
    insert_pending(turn.connection, &action, &deliveries)?;
    let receipt = ReceiptAction { sequence: action.sequence, deliveries: count(matched) };
    hand_over(turn, action, deliveries);
    Ok(receipt)
}

/// Writes an action whose deliveries follow in later turns, which take their sequences only then: what is committed later
/// must have higher ones.
pub(super) fn write_for_later(
    turn: &mut Turn<'_>,
    action: &AcceptedAction,
    body: u64,
    matched: &[Matched],
) -> Result<ReceiptAction, Fault> {
    insert_action(turn.connection, action, body, action.sequence)?;
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

/// Writes deliveries as waiting.
pub(super) fn insert_pending(
    connection: &Connection,
    action: &AcceptedAction,
    deliveries: &[CommittedDelivery],
) -> Result<(), Fault> {
    if deliveries.is_empty() {
        return Ok(());
    }
    let mut statement = connection.prepare_cached(
        "INSERT INTO pending (receiver, sequence, subscription, origin, action, resource, due_at, expires_at,
             is_update)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?;
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
