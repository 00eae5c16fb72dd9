//! Ending a replay: what it made and still waits is cancelled. An attempt that is under way finishes, and changes nothing any more.

use std::sync::Arc;

use rendezhook_domain::delivery::FinalState;
use rendezhook_domain::id::ReplayId;
use rendezhook_domain::replay::ReplayState;
use rendezhook_domain::sequence::{OrganizationNumber, ReceiverNumber, Sequence, SubscriptionNumber};
use rendezhook_domain::time::Timestamp;
use rusqlite::{OptionalExtension, params};

use super::{Budget, next_receiver, save, step as step_of};
use crate::change::ChangeRefusal;
use crate::pending::DeliveryKey;
use crate::replay::{Replay, ReplayWork};
use crate::sqlite::ending::{Ender, Ending};
use crate::sqlite::fault::Fault;
use crate::sqlite::memory::ActiveReplay;
use crate::sqlite::replay::{REPLAY_COLUMNS, read_replay};
use crate::sqlite::values::{repetition, sequence, stored, stored_size, subscription};
use crate::sqlite::writer::job::{Performed, Work};
use crate::sqlite::writer::turn::Turn;

/// Ends a replay; one that is through, and of which nothing waits, stays as it is.
pub(in crate::sqlite) struct CancelReplayWork {
    pub(in crate::sqlite) organization: OrganizationNumber,
    pub(in crate::sqlite) id: ReplayId,
    pub(in crate::sqlite) at: Timestamp,
}

impl Work for CancelReplayWork {
    type Answer = Result<Replay, ChangeRefusal>;
    const DOING: &'static str = "ending a replay";

    fn rows(&self) -> usize {
        super::MADE_A_STEP
    }

    fn perform(&mut self, turn: &mut Turn<'_>) -> Result<Performed<Self::Answer>, Fault> {
        let Some(replay) = read(turn, self.organization, self.id)? else {
            return Ok(Performed::AnswerNow(Err(ChangeRefusal::Unknown)));
        };
        let number = replay.number;
        if let Some(mut active) = Arc::make_mut(&mut turn.memory.replays).take(number) {
            if matches!(active.state, ReplayState::Running | ReplayState::Done) {
                active.state = ReplayState::Cancelling;
                active.next_receiver = ReceiverNumber::new(0);
                active.looked_up_to = before_first(&active);
            }
            save(turn, &active, self.at)?;
            Arc::make_mut(&mut turn.memory.replays).put(active);
            step_of(turn, number, self.at, &mut Budget::new())?;
        }
        let ended = read(turn, self.organization, self.id)?.unwrap_or(replay);
        Ok(Performed::AnswerOnceDurable(Ok(ended)))
    }
}

fn read(turn: &Turn<'_>, organization: OrganizationNumber, id: ReplayId) -> Result<Option<Replay>, Fault> {
    let query = format!("SELECT {REPLAY_COLUMNS} FROM replay WHERE id = ?1 AND organization = ?2");
    let parameters = params![id.uuid().into_bytes(), organization.get()];
    Ok(turn.connection.prepare_cached(&query)?.query_row(parameters, read_replay).optional()?)
}

/// What lies below everything that the replay made.
fn before_first(replay: &ActiveReplay) -> u64 {
    replay.made_between.map_or(0, |(first, _)| first.get().saturating_sub(1))
}

/// Cancels the next of its deliveries, receiver after receiver.
pub(super) fn step(
    turn: &mut Turn<'_>,
    replay: &mut ActiveReplay,
    now: Timestamp,
    budget: &mut Budget,
) -> Result<ReplayWork, Fault> {
    while replay.counts.waiting() > 0 {
        if budget.is_spent() {
            return Ok(ReplayWork::Now);
        }
        let Some(receiver) = next_receiver(turn, replay) else { break };
        budget.receivers -= 1;
        let last = replay.made_between.map_or(Sequence::ZERO, |(_, last)| last);
        let found = look(turn, replay, DeliveryKey { receiver, sequence: last }, budget)?;
        let ending = Ending::without_attempt(FinalState::Cancelled, now);
        let mut ender = Ender::new(turn.connection)?;
        for (sequence, subscription) in found.own {
            if ender.end(DeliveryKey { receiver, sequence }, &ending)? {
                turn.note_ended(replay.order.organization, receiver, subscription);
                replay.counts.failed += 1;
            }
        }
        match found.looked_up_to {
            Some(looked_up_to) => replay.looked_up_to = looked_up_to.get(),
            None => {
                replay.next_receiver = ReceiverNumber::new(receiver.get().saturating_add(1));
                replay.looked_up_to = before_first(replay);
            }
        }
    }
    replay.state = ReplayState::Cancelled;
    Ok(ReplayWork::None)
}

struct Own {
    own: Vec<(Sequence, SubscriptionNumber)>,
    /// `None` when there is nothing beyond.
    looked_up_to: Option<Sequence>,
}

/// Looks through a receiver's waiting deliveries up to `last`.
fn look(
    turn: &Turn<'_>,
    replay: &ActiveReplay,
    last: DeliveryKey,
    budget: &mut Budget,
) -> Result<Own, Fault> {
    let mut statement = turn.connection.prepare_cached(
        "SELECT sequence, replay, subscription FROM pending WHERE receiver = ?1 AND sequence > ?2 AND sequence <= ?3
         ORDER BY sequence LIMIT ?4",
    )?;
    let limit = budget.looked_at;
    let mut rows = statement.query(params![
        last.receiver.get(),
        stored(replay.looked_up_to),
        stored(last.sequence.get()),
        stored_size(limit),
    ])?;
    let mut found = Own { own: Vec::new(), looked_up_to: None };
    let mut looked_at = 0;
    while let Some(row) = rows.next()? {
        let sequence = sequence(row, 0)?;
        looked_at += 1;
        budget.looked_at -= 1;
        found.looked_up_to = Some(sequence);
        if repetition(row, 1)?.is_some_and(|repetition| repetition.replay == replay.number) {
            found.own.push((sequence, subscription(row, 2)?));
            budget.made -= 1;
            if budget.made == 0 {
                return Ok(found);
            }
        }
    }
    found.looked_up_to = found.looked_up_to.filter(|_| looked_at >= limit);
    Ok(found)
}
