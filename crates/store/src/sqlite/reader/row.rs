//! A delivery's own row, waiting or ended, and the view that is made of it.

use rendezhook_domain::action::ActionName;
use rendezhook_domain::delivery::{
    DeliveryOrigin, DeliveryState, ExpiryReason, FinalState, FoldedDeliveries,
};
use rendezhook_domain::id::DeliveryId;
use rendezhook_domain::resource::{ResourceId, ResourceKind};
use rendezhook_domain::sequence::{OrganizationNumber, ReceiverNumber, Sequence, SubscriptionNumber};
use rendezhook_domain::time::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::pending::DeliveryKey;
use crate::read::{DeliveryView, LastAttempt};
use crate::replay::Repetition;
use crate::sqlite::actions::resource_id;
use crate::sqlite::codec::{unpack_attempt, unpack_folded};
use crate::sqlite::fault::{Fault, unreadable};
use crate::sqlite::values::{
    coded, parsed, receiver, repetition, sequence, stored, subscription, timestamp, unsigned,
};

/// A delivery without its action.
#[derive(Debug, Clone)]
pub(super) struct DeliveryRow {
    pub(super) key: DeliveryKey,
    pub(super) subscription: SubscriptionNumber,
    pub(super) action: Sequence,
    pub(super) state: DeliveryState,
    pub(super) attempts: u16,
    pub(super) last: Option<LastAttempt>,
    origin: DeliveryOrigin,
    due_at: Option<Timestamp>,
    ended_at: Option<Timestamp>,
    expired_because: Option<ExpiryReason>,
    overtaken: bool,
    repetition: Option<Repetition>,
    folded: Option<FoldedDeliveries>,
    folded_into: Option<DeliveryId>,
    handed_over: bool,
}

/// The columns of `pending` that [`waiting_row`] reads.
pub(super) const WAITING_COLUMNS: &str = "receiver, sequence, subscription, action, origin, overtaken, last_attempt, failed_attempts, replay, folded, due_at";
/// The columns of `done` that [`ended_row`] reads.
pub(super) const ENDED_COLUMNS: &str =
    "receiver, sequence, subscription, action, origin, overtaken, last_attempt, attempts, replay, folded, ended_at, state,
     reason, folded_into, handed_over";

pub(super) fn waiting_row(row: &Row<'_>) -> rusqlite::Result<DeliveryRow> {
    Ok(DeliveryRow { due_at: Some(timestamp(row, 10)?), ..shared(row)? })
}

pub(super) fn ended_row(row: &Row<'_>) -> rusqlite::Result<DeliveryRow> {
    let state = coded(row, 11, "the number of a state", FinalState::from_code)?;
    let reason: Option<u8> = row.get(12)?;
    // Rows from before reasons were kept have none: they expired by the time of their action.
    let expired_because =
        (state == FinalState::Expired).then(|| reason.and_then(ExpiryReason::from_code).unwrap_or_default());
    let shared = shared(row)?;
    let folded_into = folded(row, 13, shared.key.receiver)?.and_then(|newer| newer.listed.first().copied());
    Ok(DeliveryRow {
        state: DeliveryState::Ended(state),
        ended_at: Some(timestamp(row, 10)?),
        expired_because,
        folded_into,
        handed_over: row.get(14)?,
        ..shared
    })
}

/// What was folded, of a row of this receiver.
pub(super) fn folded(
    row: &Row<'_>,
    column: usize,
    receiver: ReceiverNumber,
) -> rusqlite::Result<Option<FoldedDeliveries>> {
    let packed = row.get_ref(column)?.as_blob_or_null()?;
    packed
        .map(|packed| unpack_folded(packed, receiver).ok_or_else(|| unreadable(column, "what was folded")))
        .transpose()
}

fn shared(row: &Row<'_>) -> rusqlite::Result<DeliveryRow> {
    let packed = row.get_ref(6)?.as_blob_or_null()?;
    let last = packed
        .map(|packed| unpack_attempt(packed).ok_or_else(|| unreadable(6, "a packed attempt")))
        .transpose()?;
    let key = DeliveryKey { receiver: receiver(row, 0)?, sequence: sequence(row, 1)? };
    Ok(DeliveryRow {
        key,
        subscription: subscription(row, 2)?,
        action: sequence(row, 3)?,
        origin: coded(row, 4, "the number of an origin", DeliveryOrigin::from_code)?,
        overtaken: row.get(5)?,
        last,
        attempts: row.get(7)?,
        repetition: repetition(row, 8)?,
        state: DeliveryState::Waiting,
        due_at: None,
        ended_at: None,
        expired_because: None,
        folded: folded(row, 9, key.receiver)?,
        folded_into: None,
        handed_over: false,
    })
}

/// Finds a delivery. Waiting ones are looked at first: a delivery that ends in between is then found twice, not never.
pub(super) fn find(connection: &Connection, key: DeliveryKey) -> Result<Option<DeliveryRow>, Fault> {
    let parameters = params![key.receiver.get(), stored(key.sequence.get())];
    let waiting = format!("SELECT {WAITING_COLUMNS} FROM pending WHERE receiver = ?1 AND sequence = ?2");
    let found = connection.prepare_cached(&waiting)?.query_row(parameters, waiting_row).optional()?;
    if found.is_some() {
        return Ok(found);
    }
    let ended = format!("SELECT {ENDED_COLUMNS} FROM done WHERE receiver = ?1 AND sequence = ?2");
    Ok(connection.prepare_cached(&ended)?.query_row(parameters, ended_row).optional()?)
}

/// What a view needs of an action.
#[derive(Debug, Clone)]
pub(super) struct ActionSummary {
    pub(super) organization: OrganizationNumber,
    pub(super) accepted_at: Timestamp,
    name: ActionName,
    kind: ResourceKind,
    resource_id: ResourceId,
    version: u64,
}

/// An action in short; `None` when retention has removed it.
pub(super) fn action_summary(
    connection: &Connection,
    action: Sequence,
) -> Result<Option<ActionSummary>, Fault> {
    let summary = connection
        .prepare_cached(
            "SELECT organization, accepted_at, name, kind, resource_id, version FROM action WHERE sequence = ?1",
        )?
        .query_row([stored(action.get())], |row| {
            Ok(ActionSummary {
                organization: OrganizationNumber::new(row.get(0)?),
                accepted_at: timestamp(row, 1)?,
                name: parsed::<ActionName>(row, 2, "the name of an action")?,
                kind: coded(row, 3, "the number of a kind of resource", ResourceKind::from_code)?,
                resource_id: resource_id(row, 4)?,
                version: unsigned(row, 5)?,
            })
        })
        .optional()?;
    Ok(summary)
}

impl DeliveryRow {
    /// What people see of it.
    pub(super) fn view(&self, action: &ActionSummary) -> DeliveryView {
        DeliveryView {
            id: DeliveryId::new(action.accepted_at, self.key.sequence, self.key.receiver),
            subscription: self.subscription,
            origin: self.origin,
            action: action.name.clone(),
            action_sequence: self.action,
            kind: action.kind,
            resource_id: action.resource_id.clone(),
            version: action.version,
            accepted_at: action.accepted_at,
            state: self.state,
            attempts: self.attempts,
            due_at: self.due_at,
            ended_at: self.ended_at,
            expired_because: self.expired_because,
            last: self.last,
            overtaken: self.overtaken,
            repeats: self.repetition.map(|repetition| repetition.of_id(action.accepted_at)),
            folded: self.folded.clone(),
            folded_into: self.folded_into,
            handed_over: self.handed_over,
        }
    }
}
