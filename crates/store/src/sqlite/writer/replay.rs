//! Replays: making them, their deliveries a bounded step at a time, and ending them.
//!
//! A replay makes no more than becomes due within a short time and no more than may wait at once, so that the deliveries of a large
//! one never fill the store, and ending it has little to take back.

mod cancel;
mod create;
mod ends;
mod make;

use std::sync::Arc;

use rendezhook_domain::replay::ReplayState;
use rendezhook_domain::sequence::{ReceiverNumber, SubscriptionNumber};
use rendezhook_domain::time::Timestamp;
use rusqlite::params;

pub(in crate::sqlite) use self::cancel::CancelReplayWork;
pub(in crate::sqlite) use self::create::CreateReplayWork;
pub(super) use self::ends::{note_end, write_ends};
use super::job::{Performed, Work};
use super::turn::Turn;
use crate::replay::ReplayWork;
use crate::sqlite::fault::Fault;
use crate::sqlite::memory::ActiveReplay;
use crate::sqlite::values::stored;

/// How many deliveries a step makes or cancels at most, over all replays.
const MADE_A_STEP: usize = 500;
/// How many rows a step looks at, over all replays; most may not be wanted.
const LOOKED_AT_A_STEP: usize = 2_000;
/// How many bytes of resources a step hands over.
const BYTES_A_STEP: usize = 4 * 1024 * 1024;
/// How many receivers a step passes.
const RECEIVERS_A_STEP: usize = 1_000;
/// How many deliveries of a replay may wait at the same time.
const WAITING_AT_ONCE: u64 = 2_000;
/// How far ahead of their time deliveries are made, in microseconds.
const AHEAD: u64 = 10_000_000;

/// What a step may still do.
#[derive(Debug)]
struct Budget {
    made: usize,
    looked_at: usize,
    bytes: usize,
    receivers: usize,
}

impl Budget {
    const fn new() -> Self {
        Self {
            made: MADE_A_STEP,
            looked_at: LOOKED_AT_A_STEP,
            bytes: BYTES_A_STEP,
            receivers: RECEIVERS_A_STEP,
        }
    }

    const fn is_spent(&self) -> bool {
        self.made == 0 || self.looked_at == 0 || self.bytes == 0 || self.receivers == 0
    }
}

/// Takes every replay a step further, as far as its rate and a turn allow.
pub(in crate::sqlite) struct AdvanceReplaysWork {
    pub(in crate::sqlite) now: Timestamp,
}

impl Work for AdvanceReplaysWork {
    type Answer = ReplayWork;
    const DOING: &'static str = "making deliveries anew";

    fn rows(&self) -> usize {
        MADE_A_STEP
    }

    fn perform(&mut self, turn: &mut Turn<'_>) -> Result<Performed<ReplayWork>, Fault> {
        let mut budget = Budget::new();
        let mut more = ReplayWork::None;
        for number in turn.memory.replays.in_turn() {
            if budget.is_spent() {
                more = ReplayWork::Now;
                break;
            }
            match step(turn, number, self.now, &mut budget)? {
                ReplayWork::None => {}
                ReplayWork::Later if more == ReplayWork::Now => {}
                work => more = work,
            }
        }
        Ok(Performed::AnswerOnceDurable(more))
    }
}

/// Takes one replay a step further.
fn step(turn: &mut Turn<'_>, number: u32, now: Timestamp, budget: &mut Budget) -> Result<ReplayWork, Fault> {
    let replays = Arc::make_mut(&mut turn.memory.replays);
    replays.note_turn(number);
    let Some(mut replay) = replays.take(number) else { return Ok(ReplayWork::None) };
    let left = match replay.state {
        ReplayState::Running => make::step(turn, &mut replay, now, budget)?,
        ReplayState::Cancelling => cancel::step(turn, &mut replay, now, budget)?,
        ReplayState::Done | ReplayState::Cancelled => ReplayWork::None,
    };
    save(turn, &replay, now)?;
    Arc::make_mut(&mut turn.memory.replays).put(replay);
    Ok(left)
}

/// Writes how far a replay is.
fn save(turn: &Turn<'_>, replay: &ActiveReplay, now: Timestamp) -> Result<(), Fault> {
    let counts = replay.counts;
    let (first, last) = replay.made_between.unzip();
    turn.connection
        .prepare_cached(
            "UPDATE replay SET state = ?2, ended_at = coalesce(ended_at, ?3), next_receiver = ?4, looked_up_to = ?5,
                 next_due = ?6, first_made = ?7, last_made = ?8, selected = ?9, made = ?10, delivered = ?11, failed = ?12,
                 skipped_body = ?13, skipped_subscription = ?14, skipped_unwanted = ?15, skipped_waiting = ?16
             WHERE number = ?1",
        )?
        .execute(params![
            replay.number,
            replay.state.code(),
            replay.state.has_ended().then(|| now.milliseconds()),
            replay.next_receiver.get(),
            stored(replay.looked_up_to),
            stored(replay.next_due),
            first.map(|first| stored(first.get())),
            last.map(|last| stored(last.get())),
            stored(counts.selected),
            stored(counts.made),
            stored(counts.delivered),
            stored(counts.failed),
            stored(counts.skipped.body_gone),
            stored(counts.skipped.subscription_gone),
            stored(counts.skipped.not_wanted),
            stored(counts.skipped.still_waiting),
        ])?;
    Ok(())
}

/// The next receiver of the replay's organization, from the one it is at.
fn next_receiver(turn: &Turn<'_>, replay: &ActiveReplay) -> Option<ReceiverNumber> {
    let organization = turn.memory.catalogue.organization(replay.order.organization)?;
    let place = organization.receivers.partition_point(|entry| entry.number < replay.next_receiver);
    organization.receivers.get(place).map(|entry| entry.number)
}

/// The receiver of a subscription that exists.
fn receiver_of(turn: &Turn<'_>, subscription: SubscriptionNumber) -> Option<ReceiverNumber> {
    turn.memory.subscription(subscription).map(|entry| entry.subscription.receiver)
}
