//! Replays that have something left to be done, or deliveries whose end is still to be counted.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rendezhook_domain::replay::{ReplayRate, ReplayState};
use rendezhook_domain::sequence::{OrganizationNumber, ReceiverNumber, Sequence, SubscriptionNumber};
use rusqlite::{Connection, Row};

use crate::replay::{ReplayCounts, ReplaySkips};
use crate::sqlite::fault::unreadable;
use crate::sqlite::replay::{Order, read_selection};
use crate::sqlite::values::{coded, receiver, sequence, unsigned};

/// One replay, as the writer works on it.
#[derive(Debug, Clone)]
pub(in crate::sqlite) struct ActiveReplay {
    pub(in crate::sqlite) number: u32,
    pub(in crate::sqlite) order: Order,
    pub(in crate::sqlite) rate: ReplayRate,
    pub(in crate::sqlite) state: ReplayState,
    pub(in crate::sqlite) lowest: Sequence,
    pub(in crate::sqlite) highest: Sequence,
    /// Receivers below this one are done.
    pub(in crate::sqlite) next_receiver: ReceiverNumber,
    /// Of a list the place in it; otherwise the sequence up to which that receiver is looked through.
    pub(in crate::sqlite) looked_up_to: u64,
    /// When the next delivery may become due, in microseconds since 1970.
    pub(in crate::sqlite) next_due: u64,
    /// Between which sequences everything lies that it made.
    pub(in crate::sqlite) made_between: Option<(Sequence, Sequence)>,
    pub(in crate::sqlite) counts: ReplayCounts,
}

impl ActiveReplay {
    fn is_needed(&self) -> bool {
        !self.state.has_ended() || self.counts.waiting() > 0
    }

    /// Notes that a delivery was made.
    pub(in crate::sqlite) fn note_made(&mut self, sequence: Sequence) {
        self.counts.made += 1;
        let (first, _) = self.made_between.unwrap_or((sequence, sequence));
        self.made_between = Some((first, sequence));
    }
}

/// All of them.
#[derive(Debug, Clone, Default)]
pub(in crate::sqlite) struct Replays {
    replays: BTreeMap<u32, ActiveReplay>,
    /// Those whose counts of ends are still to be written.
    changed: BTreeSet<u32>,
    /// The one that had the last turn.
    last_turn: u32,
}

/// The columns that [`read`] reads.
const COLUMNS: &str =
    "number, organization, selection, target, rate, state, lowest, highest, next_receiver, looked_up_to,
     next_due, first_made, last_made, selected, made, delivered, failed, skipped_body, skipped_subscription,
     skipped_unwanted, skipped_waiting";

fn read(row: &Row<'_>) -> rusqlite::Result<ActiveReplay> {
    let target: Option<u32> = row.get(3)?;
    let first: Option<i64> = row.get(11)?;
    Ok(ActiveReplay {
        number: row.get(0)?,
        order: Order {
            organization: OrganizationNumber::new(row.get(1)?),
            selection: Arc::new(read_selection(row, 2)?),
            to: target.map(SubscriptionNumber::new),
        },
        rate: ReplayRate::new(unsigned(row, 4)?).map_err(|_| unreadable(4, "a rate"))?,
        state: coded(row, 5, "the number of a replay's state", ReplayState::from_code)?,
        lowest: sequence(row, 6)?,
        highest: sequence(row, 7)?,
        next_receiver: receiver(row, 8)?,
        looked_up_to: unsigned(row, 9)?,
        next_due: unsigned(row, 10)?,
        made_between: match first {
            Some(_) => Some((sequence(row, 11)?, sequence(row, 12)?)),
            None => None,
        },
        counts: ReplayCounts {
            selected: unsigned(row, 13)?,
            made: unsigned(row, 14)?,
            delivered: unsigned(row, 15)?,
            failed: unsigned(row, 16)?,
            skipped: ReplaySkips {
                body_gone: unsigned(row, 17)?,
                subscription_gone: unsigned(row, 18)?,
                not_wanted: unsigned(row, 19)?,
                still_waiting: unsigned(row, 20)?,
            },
        },
    })
}

impl Replays {
    pub(in crate::sqlite) fn load(connection: &Connection) -> rusqlite::Result<Self> {
        let query = format!(
            "SELECT {COLUMNS} FROM replay WHERE state IN ({}, {}) OR made > delivered + failed",
            ReplayState::Running.code(),
            ReplayState::Cancelling.code()
        );
        let mut statement = connection.prepare(&query)?;
        let mut replays = Self::default();
        for replay in statement.query_map([], read)? {
            replays.put(replay?);
        }
        Ok(replays)
    }

    /// Whether something is left to be done.
    pub(in crate::sqlite) fn have_work(&self) -> bool {
        self.replays.values().any(|replay| !replay.state.has_ended())
    }

    /// How many of an organization are not through.
    pub(in crate::sqlite) fn running(&self, organization: OrganizationNumber) -> usize {
        let runs =
            |replay: &&ActiveReplay| replay.order.organization == organization && !replay.state.has_ended();
        self.replays.values().filter(runs).count()
    }

    /// Takes one to work on; [`Self::put`] gives it back.
    pub(in crate::sqlite) fn take(&mut self, number: u32) -> Option<ActiveReplay> {
        self.replays.remove(&number)
    }

    /// Adds one, or gives it back. One of which nothing is left is forgotten.
    pub(in crate::sqlite) fn put(&mut self, replay: ActiveReplay) {
        if replay.is_needed() {
            self.replays.insert(replay.number, replay);
        }
    }

    /// Those with something left to be done, in the order of their turns.
    pub(in crate::sqlite) fn in_turn(&self) -> Vec<u32> {
        let work = |(number, replay): (&u32, &ActiveReplay)| (!replay.state.has_ended()).then_some(*number);
        let after = self.replays.range(self.last_turn.saturating_add(1)..).filter_map(work);
        let before = self.replays.range(..=self.last_turn).filter_map(work);
        after.chain(before).collect()
    }

    /// Notes whose turn it was.
    pub(in crate::sqlite) fn note_turn(&mut self, number: u32) {
        self.last_turn = number;
    }

    /// Whether one of them may have made a delivery with this sequence.
    pub(in crate::sqlite) fn may_have_made(&self, sequence: Sequence) -> bool {
        self.replays.values().any(|replay| {
            replay.made_between.is_some_and(|(first, last)| first <= sequence && sequence <= last)
        })
    }

    /// Counts the end of a delivery.
    pub(in crate::sqlite) fn count_end(&mut self, number: u32, delivered: bool) {
        let Some(replay) = self.replays.get_mut(&number) else { return };
        if delivered {
            replay.counts.delivered += 1;
        } else {
            replay.counts.failed += 1;
        }
        self.changed.insert(number);
    }

    /// Those whose counts of ends have changed since they were asked last.
    pub(in crate::sqlite) fn take_changed(&mut self) -> Vec<(u32, ReplayCounts)> {
        let mut taken = Vec::with_capacity(self.changed.len());
        for number in std::mem::take(&mut self.changed) {
            let Some(replay) = self.replays.remove(&number) else { continue };
            taken.push((number, replay.counts));
            self.put(replay);
        }
        taken
    }

    /// Whether [`Self::take_changed`] would answer with anything.
    pub(in crate::sqlite) fn have_changed(&self) -> bool {
        !self.changed.is_empty()
    }
}
