//! Which receivers get nothing at the moment, and when that changes by itself.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use rendezhook_domain::sequence::{OrganizationNumber, ReceiverNumber};
use rendezhook_domain::subscription::RateLimit;
use rendezhook_domain::time::Timestamp;
use rendezhook_store::catalogue::{Catalogue, OrganizationEntry, ReceiverEntry};

/// Which receivers get nothing at the moment.
pub(super) struct Interrupted {
    now: Timestamp,
    /// Those with a pause, a window or a drain at any time; few have any.
    concerned: HashMap<OrganizationNumber, Vec<ReceiverNumber>>,
    held: HashSet<ReceiverNumber>,
    /// Those whose backlog drains, and how fast at most.
    drains: HashMap<ReceiverNumber, RateLimit>,
    /// When one of them changes by itself.
    next_change: Option<Timestamp>,
}

impl Default for Interrupted {
    fn default() -> Self {
        Self {
            now: Timestamp::EARLIEST,
            concerned: HashMap::new(),
            held: HashSet::new(),
            drains: HashMap::new(),
            next_change: None,
        }
    }
}

impl Interrupted {
    /// Whether a receiver gets nothing.
    pub(super) fn holds(&self, receiver: ReceiverNumber) -> bool {
        self.held.contains(&receiver)
    }

    /// How fast a receiver's backlog drains at most, if there is a limit.
    pub(super) fn drain_rate(&self, receiver: ReceiverNumber) -> Option<RateLimit> {
        self.drains.get(&receiver).copied()
    }

    /// Takes up the receivers of an organization, new or changed.
    pub(super) fn note(&mut self, organization: &OrganizationEntry) {
        let number = organization.organization.number;
        for former in self.concerned.remove(&number).unwrap_or_default() {
            self.held.remove(&former);
            self.drains.remove(&former);
        }
        self.add(number, &organization.receivers);
    }

    /// Takes up receivers that are new to it. One may pause already when it is first seen.
    pub(super) fn add<'a>(
        &mut self,
        organization: OrganizationNumber,
        receivers: impl IntoIterator<Item = &'a Arc<ReceiverEntry>>,
    ) {
        for receiver in receivers.into_iter().filter(|entry| !entry.interruptions.is_empty()) {
            self.concerned.entry(organization).or_default().push(receiver.number);
            if receiver.interruptions.hold_at(self.now) {
                self.held.insert(receiver.number);
            }
            let drains = receiver.interruptions.rate_at(self.now).and_then(|rate| RateLimit::new(rate).ok());
            self.drains.extend(drains.map(|rate| (receiver.number, rate)));
            let change = receiver.interruptions.next_change(self.now);
            self.next_change = earlier(self.next_change, change);
        }
    }

    /// Goes on to a moment; answers with the organizations of which something may be otherwise now.
    pub(super) fn pass_time(&mut self, now: Timestamp, catalogue: &Catalogue) -> Vec<OrganizationNumber> {
        // A clock that was set back may have closed what was open.
        let set_back = now < self.now;
        self.now = now;
        if !set_back && self.next_change.is_none_or(|at| at > now) {
            return Vec::new();
        }
        self.next_change = None;
        let numbers: Vec<_> = self.concerned.keys().copied().collect();
        for number in &numbers {
            if let Some(organization) = catalogue.organization(*number) {
                self.note(organization);
            }
        }
        numbers
    }
}

fn earlier(one: Option<Timestamp>, other: Option<Timestamp>) -> Option<Timestamp> {
    one.into_iter().chain(other).min()
}
