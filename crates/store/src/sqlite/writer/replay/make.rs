//! Making the deliveries of a replay.

use rendezhook_domain::accepted::AcceptedAction;
use rendezhook_domain::delivery::DeliveryOrigin;
use rendezhook_domain::id::DeliveryId;
use rendezhook_domain::replay::ReplayState;
use rendezhook_domain::sequence::{ReceiverNumber, Sequence};
use rendezhook_domain::time::Timestamp;
use rusqlite::params;

use super::{AHEAD, Budget, WAITING_AT_ONCE, next_receiver, receiver_of};
use crate::feed::CommittedDelivery;
use crate::pending::DeliveryKey;
use crate::publish::Matched;
use crate::replay::{Repetition, ReplayWork, Selection};
use crate::sqlite::actions::read_action;
use crate::sqlite::fault::Fault;
use crate::sqlite::memory::ActiveReplay;
use crate::sqlite::replay::{Found, Skip, Stretch, Verdict, candidate, judge, search};
use crate::sqlite::values::stored;
use crate::sqlite::writer::rows::hand_over;
use crate::sqlite::writer::turn::Turn;

/// Microseconds in a millisecond.
const MICROSECONDS: u64 = 1_000;

/// Makes the next deliveries.
pub(super) fn step(
    turn: &mut Turn<'_>,
    replay: &mut ActiveReplay,
    now: Timestamp,
    budget: &mut Budget,
) -> Result<ReplayWork, Fault> {
    let mut batch = Batch::default();
    let left = match &*std::sync::Arc::clone(&replay.order.selection) {
        Selection::Listed(ids) => listed(turn, replay, ids, &mut Making { now, budget, batch: &mut batch })?,
        Selection::Walk(_) => walk(turn, replay, &mut Making { now, budget, batch: &mut batch })?,
    };
    batch.hand_over(turn);
    if left == ReplayWork::None {
        replay.state = ReplayState::Done;
    }
    Ok(left)
}

/// What a step works with.
struct Making<'a> {
    now: Timestamp,
    budget: &'a mut Budget,
    batch: &'a mut Batch,
}

impl Making<'_> {
    /// When the next delivery of a replay is due; `None` when it is not to be made yet.
    fn due(&self, replay: &ActiveReplay) -> Option<u64> {
        let now = u64::try_from(self.now.milliseconds()).unwrap_or(0).saturating_mul(MICROSECONDS);
        let latest = now.saturating_add(AHEAD);
        // Further ahead than that nothing is made: the clock was set back meanwhile.
        let set_back = replay.next_due > latest.saturating_add(replay.rate.beat_microseconds());
        let due = if set_back { now } else { replay.next_due.max(now) };
        let may = due <= latest && replay.counts.waiting() < WAITING_AT_ONCE;
        may.then_some(due)
    }
}

fn listed(
    turn: &mut Turn<'_>,
    replay: &mut ActiveReplay,
    ids: &[DeliveryId],
    making: &mut Making<'_>,
) -> Result<ReplayWork, Fault> {
    let place = |replay: &ActiveReplay| usize::try_from(replay.looked_up_to).unwrap_or(usize::MAX);
    while let Some(id) = ids.get(place(replay)) {
        if making.budget.is_spent() {
            return Ok(ReplayWork::Now);
        }
        let Some(due) = making.due(replay) else { return Ok(ReplayWork::Later) };
        making.budget.looked_at -= 1;
        replay.looked_up_to += 1;
        let key = DeliveryKey { receiver: id.receiver(), sequence: id.sequence() };
        match candidate(turn.connection, key)? {
            Some(found) => take(turn, replay, &found, due, making)?,
            // It was there when the replay was asked for: retention has removed it since.
            None => skip(replay, Skip::BodyGone),
        }
    }
    Ok(ReplayWork::None)
}

fn walk(
    turn: &mut Turn<'_>,
    replay: &mut ActiveReplay,
    making: &mut Making<'_>,
) -> Result<ReplayWork, Fault> {
    let with_waiting = replay.order.takes_waiting(DeliveryOrigin::Original);
    loop {
        if making.budget.is_spent() {
            return Ok(ReplayWork::Now);
        }
        let Some(receiver) = receiver(turn, replay) else { return Ok(ReplayWork::None) };
        let (after, last) = (Sequence::new(replay.looked_up_to), replay.highest);
        let stretch = Stretch { receiver, after, last };
        let (found, looked_up_to) =
            search(turn.connection, stretch, with_waiting, making.budget.looked_at.min(LOOK))?;
        making.budget.receivers -= 1;
        for one in &found {
            if making.budget.is_spent() {
                return Ok(ReplayWork::Now);
            }
            let Some(due) = making.due(replay) else { return Ok(ReplayWork::Later) };
            making.budget.looked_at -= 1;
            replay.looked_up_to = one.key.sequence.get();
            take(turn, replay, one, due, making)?;
        }
        if looked_up_to.is_none() {
            pass(replay, receiver);
        }
    }
}

/// How many rows are read in one look.
const LOOK: usize = 250;

/// The receiver whose deliveries are looked through; `None` once all are.
fn receiver(turn: &Turn<'_>, replay: &ActiveReplay) -> Option<ReceiverNumber> {
    let Selection::Walk(walk) = &*replay.order.selection else { return None };
    match walk.subscription {
        None => next_receiver(turn, replay),
        // With its subscription its deliveries stay, but nobody is left to get them.
        Some(only) => receiver_of(turn, only).filter(|receiver| *receiver >= replay.next_receiver),
    }
}

/// Goes on to the receivers after this one.
fn pass(replay: &mut ActiveReplay, receiver: ReceiverNumber) {
    replay.next_receiver = ReceiverNumber::new(receiver.get().saturating_add(1));
    replay.looked_up_to = replay.lowest.get();
}

/// Makes of a delivery that was found what is to be made of it.
fn take(
    turn: &mut Turn<'_>,
    replay: &mut ActiveReplay,
    found: &Found,
    due: u64,
    making: &mut Making<'_>,
) -> Result<(), Fault> {
    let verdict = judge(turn.connection, &replay.order, found, |number| turn.memory.subscription(number))?;
    match verdict {
        Verdict::NotSelected => {}
        Verdict::Skip(reason) => skip(replay, reason),
        Verdict::Make { origin, matched } => {
            let Some(action) = making.batch.action(turn, found.action)? else {
                skip(replay, Skip::BodyGone);
                return Ok(());
            };
            let new = New { found, origin, matched, due };
            let sequence = insert(turn, replay.number, action, &new)?;
            making.budget.made -= 1;
            making.budget.bytes = making.budget.bytes.saturating_sub(action.resource.len());
            making.batch.add(sequence, &new);
            replay.counts.selected += 1;
            replay.note_made(sequence);
            replay.next_due = due.saturating_add(replay.rate.beat_microseconds());
        }
    }
    Ok(())
}

fn skip(replay: &mut ActiveReplay, reason: Skip) {
    let counts = &mut replay.counts;
    counts.selected += 1;
    let counter = match reason {
        Skip::BodyGone => &mut counts.skipped.body_gone,
        Skip::SubscriptionGone => &mut counts.skipped.subscription_gone,
        Skip::NotWanted => &mut counts.skipped.not_wanted,
        Skip::StillWaiting => &mut counts.skipped.still_waiting,
    };
    *counter += 1;
}

/// A delivery to be made.
struct New<'a> {
    found: &'a Found,
    origin: DeliveryOrigin,
    matched: Matched,
    due: u64,
}

impl New<'_> {
    fn due_at(&self) -> Timestamp {
        Timestamp::from_milliseconds(stored(self.due / MICROSECONDS))
    }
}

/// Writes a delivery as waiting. It does not expire, since somebody asked for it.
fn insert(
    turn: &mut Turn<'_>,
    replay: u32,
    action: &AcceptedAction,
    new: &New<'_>,
) -> Result<Sequence, Fault> {
    let sequence = turn.memory.counters.sequence.take(1);
    let repetition = Repetition { replay, of: new.found.message() };
    // Another subscription's bytes may have another form.
    let frozen = new.found.frozen.filter(|_| new.origin == DeliveryOrigin::Replay);
    turn.connection
        .prepare_cached(
            "INSERT INTO pending (receiver, sequence, subscription, action, resource, origin, due_at, frozen, replay)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )?
        .execute(params![
            new.matched.receiver.get(),
            stored(sequence),
            new.matched.subscription.get(),
            stored(action.sequence.get()),
            stored(action.resource_number.get()),
            new.origin.code(),
            new.due_at().milliseconds(),
            frozen,
            repetition.pack(),
        ])?;
    Ok(Sequence::new(sequence))
}

/// What was made of one action and is not handed over yet; deliveries of the same action often stand next to each other.
#[derive(Default)]
struct Batch {
    done: Vec<(AcceptedAction, Vec<CommittedDelivery>)>,
}

impl Batch {
    /// The action, read unless it is the one that was asked for last; `None` when its body is gone.
    fn action(&mut self, turn: &Turn<'_>, wanted: Sequence) -> Result<Option<&AcceptedAction>, Fault> {
        let known = self.done.last().is_some_and(|(action, _)| action.sequence == wanted);
        if !known {
            let Some(action) = read_action(turn.connection, wanted)? else { return Ok(None) };
            self.done.push((action, Vec::new()));
        }
        Ok(self.done.last().map(|(action, _)| action))
    }

    /// Adds a delivery of the action that was asked for last.
    fn add(&mut self, sequence: Sequence, new: &New<'_>) {
        let Matched { subscription, receiver } = new.matched;
        let delivery =
            CommittedDelivery { sequence, receiver, subscription, origin: new.origin, due_at: new.due_at() };
        if let Some((_, deliveries)) = self.done.last_mut() {
            deliveries.push(delivery);
        }
    }

    fn hand_over(self, turn: &mut Turn<'_>) {
        for (action, deliveries) in self.done {
            hand_over(turn, action, deliveries);
        }
    }
}
