//! The deliveries of one resource: its actions from the newest, and of each those receivers that got it.

use std::collections::VecDeque;

use rendezhook_domain::resource::{ResourceId, ResourceKind};
use rendezhook_domain::sequence::{ReceiverNumber, ResourceNumber, Sequence};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{Effort, ListRequest};
use crate::sqlite::fault::Fault;
use crate::sqlite::reader::row::{DeliveryRow, ENDED_COLUMNS, WAITING_COLUMNS, ended_row, waiting_row};
use crate::sqlite::values::{resource, sequence, stored};

/// The deliveries of one resource.
pub(super) struct ByResource<'a> {
    connection: &'a Connection,
    receivers: &'a [ReceiverNumber],
    resource: ResourceNumber,
    below: Sequence,
    /// Of the action that was looked at last, newest first.
    rows: VecDeque<DeliveryRow>,
    /// Actions below this one are still to be looked at; `None` when there are none.
    actions_below: Option<Sequence>,
}

/// An action, and the highest sequence of its deliveries.
struct ActionRange {
    action: Sequence,
    last: Sequence,
}

impl<'a> ByResource<'a> {
    /// `None` when the organization has no such resource.
    pub(super) fn new(
        connection: &'a Connection,
        request: &'a ListRequest,
        (kind, id): &(ResourceKind, ResourceId),
        below: Sequence,
    ) -> Result<Option<Self>, Fault> {
        let number = connection
            .prepare_cached("SELECT number FROM resource WHERE organization = ?1 AND kind = ?2 AND id = ?3")?
            .query_row(params![request.organization.get(), kind.code(), id.as_str()], |row| resource(row, 0))
            .optional()?;
        Ok(number.map(|resource| Self {
            connection,
            receivers: &request.receivers,
            resource,
            below,
            rows: VecDeque::new(),
            actions_below: Some(below),
        }))
    }

    pub(super) fn next(&mut self, effort: &mut Effort) -> Result<Option<DeliveryRow>, Fault> {
        while self.rows.is_empty() && !effort.is_exhausted() {
            let Some(actions_below) = self.actions_below else { return Ok(None) };
            let range = self.action_below(actions_below)?;
            self.actions_below = range.as_ref().map(|range| range.action);
            let Some(range) = range else { return Ok(None) };
            effort.spend(1);
            let can_have_rows = range.last > range.action && range.action.plus(1) < self.below;
            if can_have_rows {
                self.rows = self.deliveries_of(&range)?;
                effort.spend(self.receivers.len() + self.rows.len());
            }
        }
        Ok(self.rows.pop_front())
    }

    /// Where to go on when the effort was too much between two actions; `None` when there is none left.
    ///
    /// An action's own sequence will not do: deliveries that were written in later turns have higher ones than actions that
    /// queued behind them.
    pub(super) fn left_off(&self) -> Result<Option<Sequence>, Fault> {
        let Some(actions_below) = self.actions_below else { return Ok(None) };
        let next = self.action_below(actions_below)?;
        Ok(next.map(|range| range.last.plus(1).min(self.below)))
    }

    fn action_below(&self, below: Sequence) -> Result<Option<ActionRange>, Fault> {
        let mut statement = self.connection.prepare_cached(
            "SELECT sequence, last_delivery FROM action WHERE resource = ?1 AND sequence < ?2
             ORDER BY sequence DESC LIMIT 1",
        )?;
        let parameters = params![stored(self.resource.get()), stored(below.get())];
        let range = statement
            .query_row(parameters, |row| {
                Ok(ActionRange { action: sequence(row, 0)?, last: sequence(row, 1)? })
            })
            .optional()?;
        Ok(range)
    }

    fn deliveries_of(&self, range: &ActionRange) -> Result<VecDeque<DeliveryRow>, Fault> {
        let mut waiting = Vec::new();
        let mut rows = Vec::new();
        for receiver in self.receivers {
            self.look("pending", WAITING_COLUMNS, *receiver, range, waiting_row, &mut waiting)?;
            self.look("done", ENDED_COLUMNS, *receiver, range, ended_row, &mut rows)?;
        }
        rows.append(&mut waiting);
        // Stable: of two with the same sequence the ended one stays in front and is kept.
        rows.sort_by_key(|row| std::cmp::Reverse(row.key.sequence));
        rows.dedup_by_key(|row| row.key.sequence);
        Ok(rows.into())
    }

    fn look(
        &self,
        table: &str,
        columns: &str,
        receiver: ReceiverNumber,
        range: &ActionRange,
        decode: fn(&Row<'_>) -> rusqlite::Result<DeliveryRow>,
        rows: &mut Vec<DeliveryRow>,
    ) -> Result<(), Fault> {
        let query = format!(
            "SELECT {columns} FROM {table}
             WHERE receiver = ?1 AND sequence > ?2 AND sequence <= ?3 AND sequence < ?4 AND action = ?2"
        );
        let mut statement = self.connection.prepare_cached(&query)?;
        let parameters = params![
            receiver.get(),
            stored(range.action.get()),
            stored(range.last.get()),
            stored(self.below.get())
        ];
        for row in statement.query_map(parameters, decode)? {
            rows.push(row?);
        }
        Ok(())
    }
}
