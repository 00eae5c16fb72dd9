//! How far retention has come.

use rendezhook_domain::sequence::{ReceiverNumber, Sequence};
use rusqlite::Connection;

use super::counters::{position, set_position};

const ACTION: &str = "retained_action";
const BODY: &str = "retained_body";

/// How far retention has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sqlite) struct Retention {
    /// No delivery up to here waits. Found out anew after a restart.
    pub(in crate::sqlite) expired_up_to: Sequence,
    /// The walk that ends waiting deliveries, while it is under way.
    pub(in crate::sqlite) expiry: Option<ReceiverWalk>,
    /// The bodies of actions up to here are removed, but for the latest states of resources.
    pub(in crate::sqlite) bodies_up_to: Sequence,
    /// Bodies up to this number belong to those actions. One that stayed as the latest state of its resource is removed by
    /// the publish that replaces it.
    pub(in crate::sqlite) body_floor: u64,
    /// The walk that removes ended deliveries, while it is under way.
    pub(in crate::sqlite) removal: Option<ReceiverWalk>,
}

/// A walk over all receivers that looks at their deliveries up to a sequence. Begins anew after a restart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sqlite) struct ReceiverWalk {
    pub(in crate::sqlite) up_to: Sequence,
    /// Where the walk goes on; `None` once it is through.
    pub(in crate::sqlite) next_receiver: Option<ReceiverNumber>,
}

impl ReceiverWalk {
    /// A walk that has not begun.
    pub(in crate::sqlite) const fn new(up_to: Sequence) -> Self {
        Self { up_to, next_receiver: Some(ReceiverNumber::new(0)) }
    }

    /// This receiver is done.
    pub(in crate::sqlite) fn pass(&mut self, receiver: ReceiverNumber) {
        self.next_receiver = receiver.get().checked_add(1).map(ReceiverNumber::new);
    }
}

impl Retention {
    pub(in crate::sqlite) fn load(connection: &Connection) -> rusqlite::Result<Self> {
        Ok(Self {
            expired_up_to: Sequence::ZERO,
            expiry: None,
            bodies_up_to: Sequence::new(position(connection, ACTION)?),
            body_floor: position(connection, BODY)?,
            removal: None,
        })
    }

    /// Remembers how far the removal of bodies has come.
    pub(in crate::sqlite) fn save(&self, connection: &Connection) -> rusqlite::Result<()> {
        set_position(connection, ACTION, self.bodies_up_to.get())?;
        set_position(connection, BODY, self.body_floor)
    }
}
