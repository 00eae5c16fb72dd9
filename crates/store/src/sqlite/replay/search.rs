//! Looking for deliveries that a replay may take up: a receiver's rows in ascending sequence, a bounded stretch at a time.

use rendezhook_domain::delivery::{DeliveryOrigin, DeliveryState, FinalState};
use rendezhook_domain::sequence::{ReceiverNumber, Sequence, SubscriptionNumber};
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::pending::DeliveryKey;
use crate::replay::Repetition;
use crate::sqlite::fault::Fault;
use crate::sqlite::values::{coded, receiver, repetition, sequence, stored, stored_size, subscription};

/// A delivery that may be repeated.
#[derive(Debug, Clone, Copy)]
pub(in crate::sqlite) struct Found {
    pub(in crate::sqlite) key: DeliveryKey,
    pub(in crate::sqlite) subscription: SubscriptionNumber,
    pub(in crate::sqlite) action: Sequence,
    pub(in crate::sqlite) origin: DeliveryOrigin,
    pub(in crate::sqlite) state: DeliveryState,
    /// The hash of the bytes that were sent, when they were kept.
    pub(in crate::sqlite) frozen: Option<[u8; 32]>,
    /// Whether a replay has handed over its message since it ended.
    pub(in crate::sqlite) handed_over: bool,
    repetition: Option<Repetition>,
}

impl Found {
    /// Where the delivery is kept whose id is the `webhook-id` of this one.
    pub(in crate::sqlite) fn message(&self) -> DeliveryKey {
        match self.repetition {
            Some(repetition) if self.origin == DeliveryOrigin::Replay => repetition.of,
            _ => self.key,
        }
    }
}

/// A stretch of a receiver's deliveries: above `after` and up to `last`.
#[derive(Debug, Clone, Copy)]
pub(in crate::sqlite) struct Stretch {
    pub(in crate::sqlite) receiver: ReceiverNumber,
    pub(in crate::sqlite) after: Sequence,
    pub(in crate::sqlite) last: Sequence,
}

const COLUMNS: &str = "receiver, sequence, subscription, action, origin, frozen, replay";
const ENDED_COLUMNS: &str = "state, handed_over";

fn waiting(row: &Row<'_>) -> rusqlite::Result<Found> {
    Ok(Found {
        key: DeliveryKey { receiver: receiver(row, 0)?, sequence: sequence(row, 1)? },
        subscription: subscription(row, 2)?,
        action: sequence(row, 3)?,
        origin: coded(row, 4, "the number of an origin", DeliveryOrigin::from_code)?,
        state: DeliveryState::Waiting,
        frozen: row.get(5)?,
        handed_over: false,
        repetition: repetition(row, 6)?,
    })
}

fn ended(row: &Row<'_>) -> rusqlite::Result<Found> {
    let state = coded(row, 7, "the number of a state", FinalState::from_code)?;
    Ok(Found { state: DeliveryState::Ended(state), handed_over: row.get(8)?, ..waiting(row)? })
}

/// The next deliveries of a stretch, at most `limit`, those that still wait among them only if wanted. The second part says up to
/// where was looked; `None` when there is nothing beyond.
pub(in crate::sqlite) fn search(
    connection: &Connection,
    stretch: Stretch,
    with_waiting: bool,
    limit: usize,
) -> Result<(Vec<Found>, Option<Sequence>), Fault> {
    let parameters = params![
        stretch.receiver.get(),
        stored(stretch.after.get()),
        stored(stretch.last.get()),
        stored_size(limit)
    ];
    let query = |columns: &str, table: &str| {
        format!(
            "SELECT {columns} FROM {table} WHERE receiver = ?1 AND sequence > ?2 AND sequence <= ?3
             ORDER BY sequence LIMIT ?4"
        )
    };
    let mut statement = connection.prepare_cached(&query(&format!("{COLUMNS}, {ENDED_COLUMNS}"), "done"))?;
    let mut found: Vec<Found> = statement.query_map(parameters, ended)?.collect::<Result<_, _>>()?;
    let mut full = found.len() == limit;
    if with_waiting {
        let mut statement = connection.prepare_cached(&query(COLUMNS, "pending"))?;
        let waiting: Vec<Found> = statement.query_map(parameters, waiting)?.collect::<Result<_, _>>()?;
        full |= waiting.len() == limit;
        found.extend(waiting);
        found.sort_unstable_by_key(|one| one.key.sequence);
        full |= found.len() > limit;
        found.truncate(limit);
    }
    let looked_up_to = found.last().map(|last| last.key.sequence).filter(|_| full);
    Ok((found, looked_up_to))
}

/// One delivery by its key.
pub(in crate::sqlite) fn candidate(
    connection: &Connection,
    key: DeliveryKey,
) -> Result<Option<Found>, Fault> {
    let parameters = params![key.receiver.get(), stored(key.sequence.get())];
    let query = format!("SELECT {COLUMNS} FROM pending WHERE receiver = ?1 AND sequence = ?2");
    let found = connection.prepare_cached(&query)?.query_row(parameters, waiting).optional()?;
    if found.is_some() {
        return Ok(found);
    }
    let query = format!("SELECT {COLUMNS}, {ENDED_COLUMNS} FROM done WHERE receiver = ?1 AND sequence = ?2");
    Ok(connection.prepare_cached(&query)?.query_row(parameters, ended).optional()?)
}
