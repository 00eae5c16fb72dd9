//! What was acknowledged and what arrived, and the check of the invariants.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::iter::Sum;
use std::ops::Sub;

mod check;

pub use check::Findings;

/// One published action: the resource it happened to, and its place among that resource's actions, from 1.
///
/// One publisher owns a resource and publishes its actions one after the other, so places are commit order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ActionName {
    /// Which resource.
    pub resource: u64,
    /// Which of its actions.
    pub place: u32,
}

/// What the publisher knows of an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Publication {
    /// It was answered with success: it must arrive.
    Acknowledged,
    /// There was no answer: it may arrive, as one delivery or not at all.
    Unanswered,
    /// It was answered with a refusal: it must not arrive.
    Refused,
}

/// One request that a receiver got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrival {
    /// Which receiver, by its place in the list.
    pub receiver: usize,
    /// The delivery, by its `webhook-id`.
    pub webhook_id: String,
    /// The action it carries.
    pub action: ActionName,
    /// Whether it was answered with success.
    pub accepted: bool,
    /// Whether its signature verified.
    pub verified: bool,
    /// How often the server had been killed when it came.
    pub kills: u32,
}

/// What a ledger counts as it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Actions that were acknowledged.
    pub acknowledged: usize,
    /// Deliveries that receivers accepted, each once.
    pub delivered: usize,
    /// Requests for deliveries that had been accepted already.
    pub duplicates: usize,
}

impl Sum for Counts {
    fn sum<Items: Iterator<Item = Self>>(items: Items) -> Self {
        items.fold(Self::default(), |sum, counts| Self {
            acknowledged: sum.acknowledged + counts.acknowledged,
            delivered: sum.delivered + counts.delivered,
            duplicates: sum.duplicates + counts.duplicates,
        })
    }
}

impl Sub for Counts {
    type Output = Self;

    fn sub(self, before: Self) -> Self {
        Self {
            acknowledged: self.acknowledged - before.acknowledged,
            delivered: self.delivered - before.delivered,
            duplicates: self.duplicates - before.duplicates,
        }
    }
}

/// What was acknowledged and what arrived.
#[derive(Debug, Default)]
pub struct Ledger {
    publications: BTreeMap<ActionName, Publication>,
    /// In the order in which they came.
    arrivals: Vec<Arrival>,
    /// Deliveries that were accepted, by receiver.
    accepted: HashSet<(usize, ActionName)>,
    counts: Counts,
    unreadable: u64,
    kills: u32,
}

impl Ledger {
    /// Notes what the publisher knows of an action; later knowledge replaces earlier.
    pub fn published(&mut self, action: ActionName, publication: Publication) {
        let before = self.publications.insert(action, publication);
        self.counts.acknowledged += usize::from(publication == Publication::Acknowledged);
        self.counts.acknowledged -= usize::from(before == Some(Publication::Acknowledged));
    }

    /// Notes a request that a receiver got.
    pub fn arrived(&mut self, arrival: Arrival) {
        let delivery = (arrival.receiver, arrival.action);
        if self.accepted.contains(&delivery) {
            self.counts.duplicates += 1;
        } else if arrival.accepted {
            self.accepted.insert(delivery);
            self.counts.delivered += 1;
        }
        self.arrivals.push(arrival);
    }

    /// Notes a request that carries no action of this ledger.
    pub fn arrived_unreadable(&mut self) {
        self.unreadable += 1;
    }

    /// Notes that the server was killed.
    pub fn killed(&mut self) {
        self.kills += 1;
    }

    /// How often the server was killed so far.
    #[must_use]
    pub fn kills(&self) -> u32 {
        self.kills
    }

    /// What was counted so far. It costs nothing, unlike a check.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// Deliveries that have to be there in the end: one for each acknowledged action and receiver, and one for each other
    /// action that arrived at a receiver.
    #[must_use]
    pub fn expected_deliveries(&self, receivers: usize) -> usize {
        let unanswered: BTreeSet<(usize, ActionName)> = self
            .arrivals
            .iter()
            .filter(|arrival| self.publications.get(&arrival.action) != Some(&Publication::Acknowledged))
            .map(|arrival| (arrival.receiver, arrival.action))
            .collect();
        self.counts.acknowledged * receivers + unanswered.len()
    }

    /// Whether every acknowledged action was accepted by every receiver.
    #[must_use]
    pub fn is_settled(&self, receivers: usize) -> bool {
        self.check(receivers).lost.is_empty()
    }

    /// Actions of each resource that are known to be committed, for one receiver: acknowledged, or seen to arrive there.
    fn committed(&self, receiver: usize) -> HashMap<u64, Vec<u32>> {
        let acknowledged = self
            .publications
            .iter()
            .filter(|(_, publication)| **publication == Publication::Acknowledged)
            .map(|(action, _)| *action);
        let arrived =
            self.arrivals.iter().filter(|arrival| arrival.receiver == receiver).map(|arrival| arrival.action);
        let all: BTreeSet<ActionName> = acknowledged.chain(arrived).collect();
        let mut by_resource: HashMap<u64, Vec<u32>> = HashMap::new();
        for action in all {
            by_resource.entry(action.resource).or_default().push(action.place);
        }
        by_resource
    }
}

#[cfg(test)]
mod tests;
