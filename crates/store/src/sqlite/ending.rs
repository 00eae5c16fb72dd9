//! Moving a delivery from waiting to ended.

use rendezhook_domain::delivery::{ExpiryReason, FinalState, FoldedDeliveries};
use rendezhook_domain::id::DeliveryId;
use rendezhook_domain::time::Timestamp;
use rusqlite::{CachedStatement, Connection, params};

use super::codec::pack_folded;
use super::values::stored;
use crate::pending::DeliveryKey;

/// What becomes of a delivery that ends.
#[derive(Debug)]
pub(super) struct Ending<'a> {
    pub(super) state: FinalState,
    /// Why it expired, when it did.
    pub(super) reason: Option<ExpiryReason>,
    pub(super) at: Timestamp,
    /// Attempts made, when the one that ended it is not counted yet.
    pub(super) attempts: Option<u16>,
    pub(super) overtaken: bool,
    /// The attempt that ended it, packed; the one before stays when there is none.
    pub(super) last_attempt: Option<&'a [u8]>,
    /// The newer delivery that takes its place, and what had been folded into it.
    pub(super) folded_into: Option<DeliveryId>,
}

impl Ending<'_> {
    /// An end that no attempt brought.
    pub(super) const fn without_attempt(state: FinalState, at: Timestamp) -> Self {
        Self {
            state,
            reason: None,
            at,
            attempts: None,
            overtaken: false,
            last_attempt: None,
            folded_into: None,
        }
    }

    /// An expiry.
    pub(super) const fn expired(reason: ExpiryReason, at: Timestamp) -> Self {
        Self { reason: Some(reason), ..Self::without_attempt(FinalState::Expired, at) }
    }
}

/// The two statements that end a delivery. The row goes from table to table inside the database.
pub(super) struct Ender<'connection> {
    copy: CachedStatement<'connection>,
    delete: CachedStatement<'connection>,
}

impl<'connection> Ender<'connection> {
    pub(super) fn new(connection: &'connection Connection) -> rusqlite::Result<Self> {
        // OR FAIL: it is one row, so there is nothing to take back when it fails, and SQLite need not keep what it would need
        // for that.
        let copy = connection.prepare_cached(
            "INSERT OR FAIL INTO done (receiver, sequence, subscription, action, origin, state, attempts, ended_at, overtaken,
                 last_attempt, replay, frozen, reason, folded, folded_into)
             SELECT receiver, sequence, subscription, action, origin, ?3, coalesce(?4, failed_attempts), ?5,
                 max(overtaken, ?6), coalesce(?7, last_attempt), replay, frozen, ?8, CASE WHEN ?9 IS NULL THEN folded END,
                 ?9
             FROM pending WHERE receiver = ?1 AND sequence = ?2",
        )?;
        let delete =
            connection.prepare_cached("DELETE FROM pending WHERE receiver = ?1 AND sequence = ?2")?;
        Ok(Self { copy, delete })
    }

    /// Ends a delivery; `false` when it was not waiting.
    pub(super) fn end(&mut self, key: DeliveryKey, ending: &Ending<'_>) -> rusqlite::Result<bool> {
        let receiver = key.receiver.get();
        let sequence = stored(key.sequence.get());
        let folded_into = ending.folded_into.map(packed_id);
        let copied = self.copy.execute(params![
            receiver,
            sequence,
            ending.state.code(),
            ending.attempts,
            ending.at.milliseconds(),
            ending.overtaken,
            ending.last_attempt,
            ending.reason.map(ExpiryReason::code),
            folded_into,
        ])?;
        if copied == 0 {
            return Ok(false);
        }
        self.delete.execute(params![receiver, sequence])?;
        Ok(true)
    }
}

/// An id as a list of one.
fn packed_id(id: DeliveryId) -> Vec<u8> {
    pack_folded(&FoldedDeliveries { count: 1, listed: vec![id] })
}
