//! Who has a lane: the deliveries of one action, from the start of their attempts until the outcomes are durable.

use std::collections::BTreeMap;

use rendezhook_domain::sequence::Sequence;

use super::Scheduler;
use super::entry::{Entry, State};
use super::lane::LaneKey;
use super::slab::Slot;

/// How many of those that want a lane are asked whether they could start now. It bounds the work of a turn; more than a few
/// contend only where many subscriptions of one receiver want the same action, or many deliveries of a lane were overtaken.
const ASKED: usize = 64;

/// Who has a lane now, and who wants it next. Exists only while somebody does.
#[derive(Debug, Default)]
pub(super) struct Claim {
    /// The action in flight, when `holders` is not zero.
    action: Sequence,
    /// Its deliveries that were started and whose outcome is not durable yet.
    holders: u32,
    /// Deliveries that are ready and not in the lane's order, and whoever was turned away.
    contenders: BTreeMap<Sequence, Slot<Entry>>,
    /// Those of them that wait until the lane is free.
    turned_away: Vec<(Sequence, Slot<Entry>)>,
}

/// Whether a delivery that fairness has chosen may start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// It may.
    Its,
    /// Another one of its lane that comes before it goes first, and this one waits.
    Of(Slot<Entry>),
    /// The lane has another action in flight.
    None,
}

impl Scheduler {
    /// Whose turn it is in the lane of a delivery that is ready: the lowest sequence that could start, but never one beside
    /// another action in flight.
    pub(super) fn turn(&self, slot: Slot<Entry>) -> Turn {
        let Some(claim) = self.claims.get(&self.lane_key(slot)) else { return Turn::Its };
        let (sequence, action) = (self.entries[slot].sequence(), self.entries[slot].action());
        if claim.holders > 0 {
            return if claim.action == action { Turn::Its } else { Turn::None };
        }
        let endpoint = self.endpoint_slot_of(&self.entries[slot]);
        claim
            .contenders
            .range(..sequence)
            .take(ASKED)
            .map(|(_, other)| *other)
            .find(|other| {
                let other = &self.entries[*other];
                other.state == State::Ready
                    && other.action() != action
                    && !self.has_expired(other)
                    && (self.endpoint_slot_of(other) == endpoint || self.may_start_out_of_turn(other))
            })
            .map_or(Turn::Its, Turn::Of)
    }

    /// Notes that an attempt of this delivery begins.
    pub(super) fn claim(&mut self, slot: Slot<Entry>) {
        self.withdraw(slot);
        let action = self.entries[slot].action();
        let claim = self.claims.entry(self.lane_key(slot)).or_default();
        debug_assert!(claim.holders == 0 || claim.action == action, "two actions of a lane in flight");
        claim.action = action;
        claim.holders += 1;
    }

    /// Notes that the outcome of a delivery is durable; whoever was turned away may try again, before the others.
    pub(super) fn release(&mut self, key: LaneKey) {
        let Some(claim) = self.claims.get_mut(&key) else { return };
        claim.holders = claim.holders.saturating_sub(1);
        if claim.holders > 0 {
            return;
        }
        let turned_away = std::mem::take(&mut claim.turned_away);
        let mut waiting: Vec<Slot<Entry>> = turned_away
            .into_iter()
            .filter(|(sequence, slot)| claim.contenders.get(sequence) == Some(slot))
            .map(|(_, slot)| slot)
            .collect();
        if claim.contenders.is_empty() {
            self.claims.remove(&key);
            return;
        }
        waiting.sort_unstable_by_key(|slot| self.entries[*slot].sequence());
        // Each goes to the front of its queue, so the lowest sequence comes last here.
        for slot in waiting.into_iter().rev() {
            if self.entries[slot].is_in_order() {
                self.withdraw(slot);
            }
            if self.entries[slot].state == State::Waiting {
                self.ready_first(slot);
            }
        }
    }

    /// Notes that a ready delivery wants the lane although the lane has moved on past it.
    pub(super) fn contend(&mut self, slot: Slot<Entry>) {
        if self.entries[slot].contends() {
            return;
        }
        self.entries[slot].set_contends(true);
        let sequence = self.entries[slot].sequence();
        self.claims.entry(self.lane_key(slot)).or_default().contenders.insert(sequence, slot);
    }

    /// Lets a ready delivery wait until its lane is free.
    pub(super) fn turn_away(&mut self, slot: Slot<Entry>) {
        self.contend(slot);
        self.move_to(slot, State::Waiting);
        let sequence = self.entries[slot].sequence();
        self.claims.entry(self.lane_key(slot)).or_default().turned_away.push((sequence, slot));
    }

    /// Takes a delivery off the list of those that want the lane.
    pub(super) fn withdraw(&mut self, slot: Slot<Entry>) {
        if !self.entries[slot].contends() {
            return;
        }
        self.entries[slot].set_contends(false);
        let key = self.lane_key(slot);
        let sequence = self.entries[slot].sequence();
        if let Some(claim) = self.claims.get_mut(&key) {
            claim.contenders.remove(&sequence);
            if claim.holders == 0 && claim.contenders.is_empty() {
                self.claims.remove(&key);
            }
        }
    }
}
