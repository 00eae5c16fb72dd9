//! Making a replay.

use std::sync::Arc;

use rendezhook_domain::id::DeliveryId;
use rendezhook_domain::replay::ReplayState;
use rendezhook_domain::sequence::{ReceiverNumber, Sequence, SubscriptionNumber};
use rusqlite::{OptionalExtension, params};

use super::{Budget, step};
use crate::pending::DeliveryKey;
use crate::publish::{PublishOutcome, Receipt, ReceiptAction};
use crate::replay::{CreatedReplay, NewReplay, Replay, ReplayCounts, ReplayRefusal, Selection};
use crate::sqlite::fault::Fault;
use crate::sqlite::memory::ActiveReplay;
use crate::sqlite::reader::walk_bounds;
use crate::sqlite::replay::{Order, REPLAY_COLUMNS, candidate, insert_replay, read_replay};
use crate::sqlite::values::{stored, stored_size, timestamp};
use crate::sqlite::writer::idempotency;
use crate::sqlite::writer::job::{Performed, Work};
use crate::sqlite::writer::turn::Turn;

/// How many replays of an organization are kept, for people to look at.
const KEPT: usize = 1_000;

/// Makes a replay, and its first deliveries.
pub(in crate::sqlite) struct CreateReplayWork(pub(in crate::sqlite) NewReplay);

impl Work for CreateReplayWork {
    type Answer = Result<CreatedReplay, ReplayRefusal>;
    const DOING: &'static str = "making a replay";

    fn rows(&self) -> usize {
        super::MADE_A_STEP
    }

    fn perform(&mut self, turn: &mut Turn<'_>) -> Result<Performed<Self::Answer>, Fault> {
        let new = &self.0;
        if let Some(repeated) = repeated(turn, new)? {
            return Ok(Performed::AnswerNow(repeated));
        }
        if let Some(refusal) = refusal(turn, new)? {
            return Ok(Performed::AnswerNow(Err(refusal)));
        }
        let first_sequence = turn.memory.counters.sequence.last();
        let number = insert(turn, new)?;
        prune(turn, new)?;
        step(turn, number, new.at, &mut Budget::new())?;
        if let Some(claim) = &new.idempotency {
            let action = ReceiptAction { sequence: Sequence::new(u64::from(number)), deliveries: 0 };
            let receipt = Receipt { accepted_at: new.at, actions: vec![action] };
            idempotency::remember(turn.connection, new.organization, claim, &receipt)?;
        }
        let replay = read(turn, number)?
            .ok_or_else(|| Fault::Damaged("a replay is gone in the turn that made it".to_owned()))?;
        let made = made_since(turn, first_sequence);
        Ok(Performed::AnswerOnceDurable(Ok(CreatedReplay { replay, made, repeated: false })))
    }
}

/// The answer to a request that was done before.
fn repeated(turn: &Turn<'_>, new: &NewReplay) -> Result<Option<Result<CreatedReplay, ReplayRefusal>>, Fault> {
    let Some(claim) = &new.idempotency else { return Ok(None) };
    let receipt = match idempotency::look_up(turn.connection, new.organization, claim, new.at)? {
        Some(PublishOutcome::Replayed(receipt)) => receipt,
        Some(_) => return Ok(Some(Err(ReplayRefusal::KeyReused))),
        None => return Ok(None),
    };
    let number = receipt.actions.first().and_then(|first| u32::try_from(first.sequence.get()).ok());
    let replay = number.map(|number| read(turn, number)).transpose()?.flatten();
    Ok(replay.map(|replay| Ok(CreatedReplay { replay, made: Vec::new(), repeated: true })))
}

fn refusal(turn: &Turn<'_>, new: &NewReplay) -> Result<Option<ReplayRefusal>, Fault> {
    let walked = match &new.selection {
        Selection::Walk(walk) => walk.subscription,
        Selection::Listed(_) => None,
    };
    let exists = |number: SubscriptionNumber| {
        turn.memory
            .subscription(number)
            .is_some_and(|entry| entry.subscription.organization == new.organization)
    };
    if !new.to.into_iter().chain(walked).all(exists) {
        return Ok(Some(ReplayRefusal::Unknown));
    }
    if let Selection::Listed(ids) = &new.selection {
        for id in ids {
            if !is_there(turn, new, *id)? {
                return Ok(Some(ReplayRefusal::Unknown));
            }
        }
    }
    let running = turn.memory.replays.running(new.organization);
    Ok((running >= new.running_limit).then_some(ReplayRefusal::TooMany(running)))
}

/// Whether the organization has this delivery; every part of its id has to be right.
fn is_there(turn: &Turn<'_>, new: &NewReplay, id: DeliveryId) -> Result<bool, Fault> {
    let key = DeliveryKey { receiver: id.receiver(), sequence: id.sequence() };
    let Some(found) = candidate(turn.connection, key)? else { return Ok(false) };
    let accepted_at = turn
        .connection
        .prepare_cached("SELECT accepted_at FROM action WHERE sequence = ?1 AND organization = ?2")?
        .query_row(params![stored(found.action.get()), new.organization.get()], |row| timestamp(row, 0))
        .optional()?;
    Ok(accepted_at == Some(id.accepted_at()))
}

fn insert(turn: &mut Turn<'_>, new: &NewReplay) -> Result<u32, Fault> {
    let given = Sequence::new(turn.memory.counters.sequence.last());
    let (lowest, highest) = walk_bounds(turn.connection, &new.selection, given)?;
    let number = insert_replay(turn.connection, new, lowest, highest)?;
    let looked_up_to = match new.selection {
        Selection::Listed(_) => 0,
        Selection::Walk(_) => lowest.get(),
    };
    Arc::make_mut(&mut turn.memory.replays).put(ActiveReplay {
        number,
        order: Order {
            organization: new.organization,
            selection: Arc::new(new.selection.clone()),
            to: new.to,
        },
        rate: new.rate,
        state: ReplayState::Running,
        lowest,
        highest,
        next_receiver: ReceiverNumber::new(0),
        looked_up_to,
        next_due: 0,
        made_between: None,
        counts: ReplayCounts::default(),
    });
    Ok(number)
}

/// Forgets the oldest replays that are through.
fn prune(turn: &Turn<'_>, new: &NewReplay) -> Result<(), Fault> {
    turn.connection
        .prepare_cached(
            "DELETE FROM replay WHERE organization = ?1 AND ended_at IS NOT NULL AND made <= delivered + failed
                 AND number <= (SELECT number FROM replay WHERE organization = ?1 ORDER BY number DESC LIMIT 1 OFFSET ?2)",
        )?
        .execute(params![new.organization.get(), stored_size(KEPT)])?;
    Ok(())
}

fn read(turn: &Turn<'_>, number: u32) -> Result<Option<Replay>, Fault> {
    let query = format!("SELECT {REPLAY_COLUMNS} FROM replay WHERE number = ?1");
    Ok(turn.connection.prepare_cached(&query)?.query_row([number], read_replay).optional()?)
}

/// The deliveries that this turn has made beyond a sequence.
fn made_since(turn: &Turn<'_>, sequence: u64) -> Vec<DeliveryId> {
    let deliveries = turn.committed.iter().flat_map(|committed| {
        let accepted_at = committed.action.accepted_at;
        committed
            .deliveries
            .iter()
            .map(move |delivery| DeliveryId::new(accepted_at, delivery.sequence, delivery.receiver))
    });
    deliveries.filter(|id| id.sequence().get() > sequence).collect()
}
