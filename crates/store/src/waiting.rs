//! How many deliveries wait, for whom, in memory.

mod changes;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::Hash;
use std::sync::{PoisonError, RwLock};

use rendezhook_domain::sequence::{OrganizationNumber, ReceiverNumber, SubscriptionNumber};
use tokio::sync::watch;

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
}

/// What waits is counted with a sign: before all of it is known, more may have ended of it than was added. Counts that are zero
/// are left out.
#[derive(Debug, Default)]
struct Counts {
    subscriptions: HashMap<SubscriptionNumber, i64>,
    receivers: HashMap<ReceiverNumber, i64>,
    organizations: HashMap<OrganizationNumber, i64>,
    total: i64,
}

impl Default for WaitingCounts {
    fn default() -> Self {
        Self { counts: RwLock::default(), complete: watch::channel(false).0 }
    }
}

impl WaitingCounts {
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
        self.read(|counts| shown(Some(&counts.total)))
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
        add(&mut self.subscriptions, subscription, by);
        add(&mut self.receivers, whose.receiver, by);
        add(&mut self.organizations, whose.organization, by);
        self.total += by;
    }
}

/// A count as it is told.
fn shown(count: Option<&i64>) -> u64 {
    count.and_then(|count| u64::try_from(*count).ok()).unwrap_or(0)
}

fn add<K: Eq + Hash>(counts: &mut HashMap<K, i64>, key: K, by: i64) {
    match counts.entry(key) {
        Entry::Occupied(mut entry) => {
            let count = *entry.get() + by;
            if count == 0 {
                entry.remove();
            } else {
                *entry.get_mut() = count;
            }
        }
        Entry::Vacant(entry) if by != 0 => {
            entry.insert(by);
        }
        Entry::Vacant(_) => {}
    }
}
