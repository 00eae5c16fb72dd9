//! Ending what has waited for too long before deliveries go on.

use rendezhook_domain::delivery::{DeliveryOrigin, ExpiryReason, FinalState};
use rendezhook_domain::sequence::{Sequence, SubscriptionNumber};
use rusqlite::params;

use super::JOB_ROWS_A_TURN;
use super::job::{Performed, Work};
use super::replay::note_end;
use super::turn::Turn;
use crate::pending::DeliveryKey;
use crate::skip::{Skip, Skipped};
use crate::sqlite::age::Older;
use crate::sqlite::ending::{Ender, Ending};
use crate::sqlite::fault::Fault;
use crate::sqlite::values::{coded, sequence, stored, stored_size, subscription};

/// How many waiting deliveries of the receiver are looked at in a turn; most may belong to other subscriptions, or be younger.
const LOOKED_AT_A_TURN: usize = 5 * JOB_ROWS_A_TURN;

/// One step of leaving out what is too old.
pub(in crate::sqlite) struct SkipWork(pub(in crate::sqlite) Skip);

impl Work for SkipWork {
    type Answer = Skipped;
    const DOING: &'static str = "leaving out what has waited for too long";

    fn rows(&self) -> usize {
        JOB_ROWS_A_TURN
    }

    fn perform(&mut self, turn: &mut Turn<'_>) -> Result<Performed<Skipped>, Fault> {
        let skip = &self.0;
        let (found, looked_up_to) = look(turn, skip)?;
        let organization = turn.organization_of(skip.receiver)?;
        let mut ender = Ender::new(turn.connection)?;
        let ending = Ending::expired(ExpiryReason::Skipped, skip.at);
        let mut ended = 0;
        for (sequence, subscription) in found {
            let key = DeliveryKey { receiver: skip.receiver, sequence };
            if ender.end(key, &ending)? {
                turn.note_ended(organization, skip.receiver, subscription);
                note_end(turn, key, FinalState::Expired)?;
                ended += 1;
            }
        }
        Ok(Performed::AnswerOnceDurable(Skipped { ended, looked_up_to }))
    }
}

/// Deliveries with their subscriptions, and up to where was looked.
type Found = (Vec<(Sequence, SubscriptionNumber)>, Option<Sequence>);

/// The next deliveries that are too old, and up to where was looked; `None` when there is nothing beyond.
fn look(turn: &Turn<'_>, skip: &Skip) -> Result<Found, Fault> {
    let older = Older::than(turn.connection, skip.accepted_before)?;
    let mut statement = turn.connection.prepare_cached(
        "SELECT sequence, subscription, action, origin FROM pending WHERE receiver = ?1 AND sequence > ?2
         ORDER BY sequence LIMIT ?3",
    )?;
    let from = params![skip.receiver.get(), stored(skip.after.get()), stored_size(LOOKED_AT_A_TURN)];
    let mut rows = statement.query(from)?;
    let mut found = Vec::new();
    let mut looked_at = 0;
    let mut looked_up_to = None;
    while let Some(row) = rows.next()? {
        let own = sequence(row, 0)?;
        looked_at += 1;
        looked_up_to = Some(own);
        let origin = coded(row, 3, "the number of an origin", DeliveryOrigin::from_code)?;
        let of = subscription(row, 1)?;
        let is_meant = skip.subscription.is_none_or(|wanted| of == wanted);
        if is_meant && older.covers(own, sequence(row, 2)?, origin) {
            found.push((own, of));
        }
        if found.len() >= JOB_ROWS_A_TURN {
            return Ok((found, looked_up_to));
        }
    }
    let more = looked_at >= LOOKED_AT_A_TURN;
    Ok((found, looked_up_to.filter(|_| more)))
}
