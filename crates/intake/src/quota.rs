//! How much of an organization may wait before it can publish no more.

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rendezhook_domain::sequence::OrganizationNumber;
use rendezhook_domain::target::Endpoint;
use rendezhook_domain::time::Timestamp;
use rendezhook_store::catalogue::{CatalogueVersion, OrganizationEntry};
use rendezhook_store::waiting::WaitingCounts;

use crate::error::PublishError;

/// Whether the breaker of an organization's endpoint is closed, so that deliveries are attempted there.
pub type Reachability = Arc<dyn Fn(OrganizationNumber, &Endpoint) -> bool + Send + Sync>;

/// How many deliveries may wait for the receivers of an organization that is given no number of its own.
pub const DEFAULT_QUOTA: u64 = 2_000_000;

/// A look at so many subscriptions is worth remembering for a millisecond, which is about a hundred times what it takes: few are looked
/// at each time, 100,000 twice a second.
const LOOKED_AT_A_MILLISECOND: usize = 200;
/// After how long it is forgotten how many waited when publishing was first refused.
const REFUSALS_HOLD: Duration = Duration::from_secs(60);
/// What a refused publisher is told to wait at the least, in seconds.
const SHORTEST_WAIT: u64 = 1;
/// What it is told to wait at the most, and when nothing is getting less.
const LONGEST_WAIT: u64 = 60;
/// What it is told to wait as long as nobody knows how fast deliveries are made.
const FIRST_WAIT: u64 = 5;

/// How much of an organization may wait.
pub(crate) struct Quota {
    default: u64,
    reachable: Reachability,
    /// Of organizations that reached their quota. At most one for each organization.
    remembered: Mutex<HashMap<OrganizationNumber, Remembered>>,
}

/// What is remembered of an organization that reached its quota.
#[derive(Debug, Clone, Copy)]
struct Remembered {
    looked_at: Timestamp,
    catalogue: CatalogueVersion,
    /// Deliveries that wait for receivers that do not count.
    held: u64,
    refused: Option<Refused>,
}

/// The first of the refusals that follow each other.
#[derive(Debug, Clone, Copy)]
struct Refused {
    at: Timestamp,
    /// How many waited then of those that count.
    waiting: u64,
}

impl Quota {
    pub(crate) fn new(default: u64, reachable: Reachability) -> Self {
        Self { default, reachable, remembered: Mutex::default() }
    }

    /// Refuses when as many deliveries wait as may. Only those count whose receivers are delivered to at this moment: not what waits for
    /// one that is paused, in maintenance, disabled, not verified or cut off by its breaker.
    ///
    /// What waited before the start of the process counts once it has been counted, for which publishers wait a moment
    /// ([`WaitingCounts::completed_soon`]).
    pub(crate) fn check(
        &self,
        counts: &WaitingCounts,
        entry: &OrganizationEntry,
        now: Timestamp,
    ) -> Result<(), PublishError> {
        let number = entry.organization.number;
        let quota = entry.organization.backlog.quota.unwrap_or(self.default);
        let all = counts.of_organization(number);
        // Nearly always that is all there is to ask.
        if all < quota {
            return Ok(());
        }
        let before = self.remembered().get(&number).copied();
        let mut current = before.filter(|before| before.holds(entry, now)).unwrap_or_else(|| {
            let waiting = self.waiting_for_reachable(counts, entry, now);
            Remembered {
                looked_at: now,
                catalogue: entry.version,
                held: all.saturating_sub(waiting),
                refused: before.and_then(|before| before.refused),
            }
        });
        let waiting = all.saturating_sub(current.held);
        if waiting < quota {
            current.refused = None;
            self.remembered().insert(number, current);
            return Ok(());
        }
        let first = current.refused.filter(|first| now.since(first.at) < REFUSALS_HOLD);
        let first = first.unwrap_or(Refused { at: now, waiting });
        current.refused = Some(first);
        self.remembered().insert(number, current);
        let retry_after_seconds = wait(first, waiting, quota, now);
        Err(PublishError::QuotaReached { quota, waiting, retry_after_seconds })
    }

    fn remembered(&self) -> MutexGuard<'_, HashMap<OrganizationNumber, Remembered>> {
        self.remembered.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many deliveries wait for receivers that count.
    fn waiting_for_reachable(
        &self,
        counts: &WaitingCounts,
        entry: &OrganizationEntry,
        now: Timestamp,
    ) -> u64 {
        let number = entry.organization.number;
        let waiting =
            entry.subscriptions.iter().map(|subscription| &subscription.subscription).map(|subscription| {
                let waiting = counts.of_subscription(subscription.number);
                let is_held = || {
                    let receiver = entry.receiver(subscription.receiver);
                    receiver.is_some_and(|receiver| receiver.interruptions.hold_at(now))
                };
                let counts = waiting > 0
                    && subscription.is_active()
                    && !is_held()
                    && (self.reachable)(number, &subscription.target.endpoint());
                if counts { waiting } else { 0 }
            });
        waiting.sum()
    }
}

impl Remembered {
    /// Whether it needs no other look yet.
    fn holds(&self, entry: &OrganizationEntry, now: Timestamp) -> bool {
        let milliseconds = entry.subscriptions.len() / LOOKED_AT_A_MILLISECOND;
        let holds = Duration::from_millis(u64::try_from(milliseconds).unwrap_or(u64::MAX));
        self.catalogue == entry.version && self.looked_at <= now && now.since(self.looked_at) < holds
    }
}

/// In how many seconds there is room again, if deliveries go on being made as fast as since the first refusal.
fn wait(first: Refused, waiting: u64, quota: u64, now: Timestamp) -> u64 {
    let elapsed = u64::try_from(now.since(first.at).as_millis()).unwrap_or(u64::MAX);
    if elapsed < 1_000 {
        return FIRST_WAIT;
    }
    let fewer = first.waiting.saturating_sub(waiting);
    let too_many = waiting.saturating_sub(quota).saturating_add(1);
    let milliseconds = too_many.saturating_mul(elapsed).checked_div(fewer).unwrap_or(u64::MAX);
    milliseconds.div_ceil(1_000).clamp(SHORTEST_WAIT, LONGEST_WAIT)
}
