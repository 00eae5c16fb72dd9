//! The deliveries of several receivers in one order.

use std::collections::{BinaryHeap, VecDeque};

use rendezhook_domain::delivery::DeliveryState;
use rendezhook_domain::sequence::{ReceiverNumber, Sequence};
use rusqlite::{Connection, Row, params};

use super::{Effort, ListRequest};
use crate::sqlite::fault::Fault;
use crate::sqlite::reader::row::{DeliveryRow, ENDED_COLUMNS, WAITING_COLUMNS, ended_row, waiting_row};
use crate::sqlite::values::{stored, stored_size};

/// Most rows of a receiver that are read at once.
const MAXIMUM_ROWS_A_LOOK: usize = 256;
/// Fewest rows of a receiver that are read at once.
const MINIMUM_ROWS_A_LOOK: usize = 4;

/// Merges receivers: a heap holds the newest delivery of each that is not handed out yet.
pub(super) struct ByReceiver<'a> {
    connection: &'a Connection,
    waiting: bool,
    ended: bool,
    receivers: Vec<Stretch>,
    newest: BinaryHeap<(Sequence, usize)>,
}

/// A receiver's deliveries that are read and not handed out, newest first.
struct Stretch {
    receiver: ReceiverNumber,
    rows: VecDeque<DeliveryRow>,
    /// What lies below is not read yet; `None` when there is nothing.
    below: Option<Sequence>,
    rows_a_look: usize,
}

impl<'a> ByReceiver<'a> {
    pub(super) fn new(
        connection: &'a Connection,
        request: &ListRequest,
        below: Sequence,
        effort: &mut Effort,
    ) -> Result<Self, Fault> {
        let wanted = request.limit.saturating_mul(2) / request.receivers.len().max(1);
        let rows_a_look = wanted.clamp(MINIMUM_ROWS_A_LOOK, MAXIMUM_ROWS_A_LOOK);
        let stretch = |receiver: &ReceiverNumber| Stretch {
            receiver: *receiver,
            rows: VecDeque::new(),
            below: Some(below),
            rows_a_look,
        };
        let state = request.filter.state;
        let mut source = Self {
            connection,
            waiting: state.is_none_or(|state| state == DeliveryState::Waiting),
            ended: state.is_none_or(|state| state != DeliveryState::Waiting),
            receivers: request.receivers.iter().map(stretch).collect(),
            newest: BinaryHeap::with_capacity(request.receivers.len()),
        };
        let mut filling = Effort::default();
        for place in 0..source.receivers.len() {
            source.put_newest(place, &mut filling)?;
        }
        // Only rows count: without a first look at every receiver there is no page at all.
        effort.spend(filling.0.min(super::EFFORT_A_PAGE / 2));
        Ok(source)
    }

    pub(super) fn next(&mut self, effort: &mut Effort) -> Result<Option<DeliveryRow>, Fault> {
        let Some((_, place)) = self.newest.pop() else { return Ok(None) };
        let row = self.receivers.get_mut(place).and_then(|stretch| stretch.rows.pop_front());
        self.put_newest(place, effort)?;
        Ok(row)
    }

    /// Puts the newest delivery of a receiver into the heap, reading more when none is at hand.
    fn put_newest(&mut self, place: usize, effort: &mut Effort) -> Result<(), Fault> {
        let Some(stretch) = self.receivers.get_mut(place) else { return Ok(()) };
        if stretch.rows.is_empty()
            && let Some(below) = stretch.below
        {
            let wanted = Wanted { receiver: stretch.receiver, below, limit: stretch.rows_a_look };
            let rows = look(self.connection, wanted, self.waiting, self.ended)?;
            effort.spend(rows.len() + 1);
            let full = rows.len() == stretch.rows_a_look;
            stretch.below = rows.back().map(|last| last.key.sequence).filter(|_| full);
            stretch.rows_a_look = (stretch.rows_a_look * 2).min(MAXIMUM_ROWS_A_LOOK);
            stretch.rows = rows;
        }
        if let Some(row) = stretch.rows.front() {
            self.newest.push((row.key.sequence, place));
        }
        Ok(())
    }
}

/// Which of a receiver's deliveries are read.
#[derive(Debug, Clone, Copy)]
struct Wanted {
    receiver: ReceiverNumber,
    below: Sequence,
    limit: usize,
}

/// A receiver's newest deliveries below a sequence. Waiting ones are read first: one that ends in between is then found
/// twice, and shown as ended, but never missed.
fn look(
    connection: &Connection,
    wanted: Wanted,
    waiting: bool,
    ended: bool,
) -> Result<VecDeque<DeliveryRow>, Fault> {
    let mut waiting_rows = Vec::new();
    if waiting {
        waiting_rows = read(connection, "pending", WAITING_COLUMNS, wanted, waiting_row)?;
    }
    let mut rows = Vec::new();
    if ended {
        rows = read(connection, "done", ENDED_COLUMNS, wanted, ended_row)?;
    }
    rows.append(&mut waiting_rows);
    // Stable: of two with the same sequence the ended one stays in front and is kept.
    rows.sort_by_key(|row| std::cmp::Reverse(row.key.sequence));
    rows.dedup_by_key(|row| row.key.sequence);
    rows.truncate(wanted.limit);
    Ok(rows.into())
}

fn read(
    connection: &Connection,
    table: &str,
    columns: &str,
    wanted: Wanted,
    decode: fn(&Row<'_>) -> rusqlite::Result<DeliveryRow>,
) -> Result<Vec<DeliveryRow>, Fault> {
    let query = format!(
        "SELECT {columns} FROM {table} WHERE receiver = ?1 AND sequence < ?2 ORDER BY sequence DESC LIMIT ?3"
    );
    let mut statement = connection.prepare_cached(&query)?;
    let parameters = params![wanted.receiver.get(), stored(wanted.below.get()), stored_size(wanted.limit)];
    Ok(statement.query_map(parameters, decode)?.collect::<Result<_, _>>()?)
}
