//! What only some waiting deliveries need: those that have failed, that expire, or that are to start later.

use rendezhook_domain::time::Timestamp;

use super::entry::Entry;
use super::packed::PackedInstant;
use super::slab::Slot;
use super::timer::{Position, Timed};

/// The rarer facts of a delivery, 40 bytes, and its places in the timers.
#[derive(Debug, Default)]
pub(super) struct History {
    pub(super) entry: Slot<Entry>,
    /// What the clock of its endpoint showed when it failed first (`availability`); none when it has not failed.
    pub(super) lane_held_since: PackedInstant,
    pub(super) expires_at: PackedInstant,
    /// When its next attempt is due; none means that it has been due ever since.
    pub(super) due_at: PackedInstant,
    /// For when the timer `due` is set: it may be set to the moment at which the lane moves on.
    pub(super) alarm_at: PackedInstant,
    pub(super) failed_attempts: u16,
    pub(super) due_position: Position,
    pub(super) expiry_position: Position,
}

/// Names the timer of deliveries that are to be looked at again.
#[derive(Debug)]
pub(super) struct Due;

/// Names the timer of deliveries that expire.
#[derive(Debug)]
pub(super) struct Expiry;

impl Timed<Due> for History {
    fn at(&self) -> Timestamp {
        self.alarm_at.get().unwrap_or(Timestamp::EARLIEST)
    }

    fn position(&mut self) -> &mut Position {
        &mut self.due_position
    }
}

impl Timed<Expiry> for History {
    fn at(&self) -> Timestamp {
        self.expires_at.get().unwrap_or(Timestamp::EARLIEST)
    }

    fn position(&mut self) -> &mut Position {
        &mut self.expiry_position
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_history_takes_forty_bytes() {
        assert_eq!(size_of::<Option<History>>(), 40);
    }
}
