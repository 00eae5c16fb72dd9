//! Small requests: changing the catalogue, taking back what is scheduled, and checking that the store can be written.

use std::sync::Arc;

use rendezhook_domain::sequence::OrganizationNumber;

use super::firing;
use super::job::{Performed, Work};
use super::turn::Turn;
use crate::change::{CatalogueChange, ChangeRefusal};
use crate::sqlite::catalogue::apply;
use crate::sqlite::fault::Fault;

/// Changes the catalogue.
pub(in crate::sqlite) struct ChangeWork(pub(in crate::sqlite) CatalogueChange);

impl Work for ChangeWork {
    type Answer = Result<(), ChangeRefusal>;
    const DOING: &'static str = "changing the catalogue";

    fn rows(&self) -> usize {
        4
    }

    fn perform(&mut self, turn: &mut Turn<'_>) -> Result<Performed<Self::Answer>, Fault> {
        apply(turn, &self.0).map(Performed::AnswerOnceDurable)
    }
}

/// Takes back an action that was published to be delivered later.
pub(in crate::sqlite) struct CancelScheduledWork {
    pub(in crate::sqlite) organization: OrganizationNumber,
    pub(in crate::sqlite) key: Arc<str>,
}

impl Work for CancelScheduledWork {
    type Answer = bool;
    const DOING: &'static str = "cancelling a scheduled action";

    fn rows(&self) -> usize {
        2
    }

    fn perform(&mut self, turn: &mut Turn<'_>) -> Result<Performed<bool>, Fault> {
        firing::cancel(turn, self.organization, &self.key).map(Performed::AnswerOnceDurable)
    }
}

/// Writes something small, to see that it can be written.
pub(in crate::sqlite) struct CheckWork;

impl Work for CheckWork {
    type Answer = ();
    const DOING: &'static str = "checking that the database can be written";

    fn perform(&mut self, turn: &mut Turn<'_>) -> Result<Performed<()>, Fault> {
        turn.connection
            .prepare_cached(
                "INSERT INTO position (name, value) VALUES ('checks', 1)
                 ON CONFLICT (name) DO UPDATE SET value = value + 1",
            )?
            .execute([])?;
        Ok(Performed::AnswerOnceDurable(()))
    }
}
