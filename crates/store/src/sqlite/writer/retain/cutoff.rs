//! From an instant to a sequence.

use rendezhook_domain::sequence::Sequence;
use rendezhook_domain::time::Timestamp;
use rusqlite::Connection;

use crate::sqlite::bound::last_accepted_before;
use crate::sqlite::fault::Fault;
use crate::sqlite::memory::Memory;

/// The last sequence of the actions that were accepted before an instant, as far as all their deliveries are written.
pub(super) fn up_to(connection: &Connection, memory: &Memory, before: Timestamp) -> Result<Sequence, Fault> {
    let highest = Sequence::new(memory.counters.sequence.last());
    let last = last_accepted_before(connection, before, highest)?;
    let before_first_open =
        memory.fanouts.first().map(|action| Sequence::new(action.get().saturating_sub(1)));
    Ok(before_first_open.map_or(last, |open| open.min(last)))
}
