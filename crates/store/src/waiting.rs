//! How many deliveries wait, for whom, in memory.

mod changes;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::Hash;
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use rendezhook_domain::sequence::{OrganizationNumber, ReceiverNumber, SubscriptionNumber};
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

pub(crate) use self::changes::{For, WaitingChanges};

/// How many deliveries wait, for whom, as of the last transaction.
///
/// Every transaction of the store adds what it changed, so the numbers are exact and cost no look into the database. At the
/// start what waits is counted beside the work; until [`Self::is_complete`] the numbers lack what waited before. A fan-out that
/// is still being written counts as far as it is written.
#[derive(Debug)]
pub struct WaitingCounts {
    counts: RwLock<Counts>,
    complete: watch::Sender<bool>,
    started_at: Instant,
}

/// A receiver for which many deliveries wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Crowded {
    /// Whose receiver it is.
    pub organization: OrganizationNumber,
    /// Which one.
    pub receiver: ReceiverNumber,
    /// How many wait for it.
    pub waiting: u64,
}

/// What waits is counted with a sign: before all of it is known, more may have ended of it than was added. Counts that are zero
/// are left out.
#[derive(Debug, Default)]
struct Counts {
    subscriptions: HashMap<SubscriptionNumber, ((), i64)>,
    receivers: HashMap<ReceiverNumber, (OrganizationNumber, i64)>,
    organizations: HashMap<OrganizationNumber, ((), i64)>,
    total: i64,
}

impl Default for WaitingCounts {
    fn default() -> Self {
        Self { counts: RwLock::default(), complete: watch::channel(false).0, started_at: Instant::now() }
    }
}

impl WaitingCounts {
    /// How long after the start somebody waits for the counts at the most. A million deliveries are counted in less than a second.
    pub const PATIENCE: Duration = Duration::from_secs(3);

    /// For subscriptions of an organization, deleted ones included while what waits for them is being cancelled.
    #[must_use]
    pub fn of_organization(&self, organization: OrganizationNumber) -> u64 {
        self.read(|counts| shown(counts.organizations.get(&organization)))
    }

    /// For a receiver.
    #[must_use]
    pub fn of_receiver(&self, receiver: ReceiverNumber) -> u64 {
        self.read(|counts| shown(counts.receivers.get(&receiver)))
    }

    /// For a subscription.
    #[must_use]
    pub fn of_subscription(&self, subscription: SubscriptionNumber) -> u64 {
        self.read(|counts| shown(counts.subscriptions.get(&subscription)))
    }

    /// For everybody.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.read(|counts| number(counts.total))
    }

    /// The receivers for which more deliveries wait than `bound`. Looks at each receiver with waiting deliveries, unless there are not
    /// so many in all.
    #[must_use]
    pub fn receivers_above(&self, bound: u64) -> Vec<Crowded> {
        self.read(|counts| {
            if number(counts.total) <= bound {
                return Vec::new();
            }
            let crowded = counts.receivers.iter().map(|(receiver, (organization, waiting))| Crowded {
                organization: *organization,
                receiver: *receiver,
                waiting: number(*waiting),
            });
            crowded.filter(|crowded| crowded.waiting > bound).collect()
        })
    }

    /// Whether what waited at the start is counted in.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        *self.complete.borrow()
    }

    /// Waits until what waited at the start is counted in.
    pub async fn completed(&self) {
        let mut complete = self.complete.subscribe();
        // It does not fail: the sender is here.
        drop(complete.wait_for(|complete| *complete).await);
    }

    /// The same, but no longer than [`Self::PATIENCE`] after the start: for who would rather know too little than wait on.
    pub async fn completed_soon(&self) {
        if !self.is_complete() {
            // What is not counted by then is asked for no more.
            drop(timeout_at(self.started_at + Self::PATIENCE, self.completed()).await);
        }
    }

    fn read<T>(&self, look: impl FnOnce(&Counts) -> T) -> T {
        look(&self.counts.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Adds what a transaction changed, once it is on disk.
    pub(crate) fn add(&self, changes: &WaitingChanges) {
        if changes.is_empty() {
            return;
        }
        let mut counts = self.counts.write().unwrap_or_else(PoisonError::into_inner);
        for (subscription, whose, by) in changes.iter() {
            counts.add(subscription, whose, by);
        }
    }

    /// Adds what waited at the start.
    pub(crate) fn complete(&self, at_start: &WaitingChanges) {
        self.add(at_start);
        self.complete.send_replace(true);
    }
}

impl Counts {
    fn add(&mut self, subscription: SubscriptionNumber, whose: For, by: i64) {
        add(&mut self.subscriptions, subscription, (), by);
        add(&mut self.receivers, whose.receiver, whose.organization, by);
        add(&mut self.organizations, whose.organization, (), by);
        self.total += by;
    }
}

/// A count as it is told.
fn shown<O>(count: Option<&(O, i64)>) -> u64 {
    count.map_or(0, |(_, count)| number(*count))
}

fn number(count: i64) -> u64 {
    u64::try_from(count).unwrap_or(0)
}

fn add<K: Eq + Hash, O>(counts: &mut HashMap<K, (O, i64)>, key: K, owner: O, by: i64) {
    match counts.entry(key) {
        Entry::Occupied(mut entry) => {
            entry.get_mut().1 += by;
            if entry.get().1 == 0 {
                entry.remove();
            }
        }
        Entry::Vacant(entry) if by != 0 => {
            entry.insert((owner, by));
        }
        Entry::Vacant(_) => {}
    }
}
