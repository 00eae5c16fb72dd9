//! Which waiting deliveries are older than an instant.

use rendezhook_domain::delivery::DeliveryOrigin;
use rendezhook_domain::sequence::Sequence;
use rendezhook_domain::time::Timestamp;
use rusqlite::Connection;

use super::bound::last_accepted_before;

/// The line between what was accepted before an instant and what was not.
#[derive(Debug, Clone, Copy)]
pub(super) struct Older(Sequence);

impl Older {
    pub(super) fn than(connection: &Connection, instant: Timestamp) -> rusqlite::Result<Self> {
        // Where nothing was accepted since, everything is older.
        last_accepted_before(connection, instant, Sequence::MAXIMUM).map(Self)
    }

    /// Whether a delivery is older. One that was written later than others of its action, since they were very many, is as old
    /// as they are; one that repeats another is as old as itself.
    pub(super) fn covers(self, sequence: Sequence, action: Sequence, origin: DeliveryOrigin) -> bool {
        match origin {
            DeliveryOrigin::Test => false,
            DeliveryOrigin::Original => action <= self.0,
            DeliveryOrigin::RePush | DeliveryOrigin::Replay | DeliveryOrigin::Backfill => sequence <= self.0,
        }
    }
}
