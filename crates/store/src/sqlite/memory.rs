//! What the writer knows without asking the database.

mod cleanups;
mod counters;
mod fanouts;
mod fired;
mod replays;
mod retention;
mod scheduled;
mod timer_walks;

use std::collections::HashMap;
use std::sync::Arc;

use rendezhook_domain::sequence::{OrganizationNumber, SubscriptionNumber};
use rendezhook_secrets::{DataKey, KeyEncryptionKey};
use rusqlite::Connection;

pub(super) use self::cleanups::{Cleanup, Cleanups};
pub(super) use self::counters::Counters;
pub(super) use self::fanouts::Fanouts;
pub(super) use self::fired::LatestFired;
pub(super) use self::replays::{ActiveReplay, Replays};
pub(super) use self::retention::{ReceiverWalk, Retention};
pub(super) use self::scheduled::ScheduledCounts;
pub(super) use self::timer_walks::{TimerWalk, TimerWalks, WalkedKind};
use super::catalogue::{Draft, load_catalogue};
use super::fault::Fault;
use crate::catalogue::{Catalogue, CatalogueVersion, SubscriptionEntry};

/// What the writer knows without asking the database.
///
/// It is cloned before each turn and put back when the turn fails, so everything of size is shared and copied only when
/// the turn changes it.
#[derive(Debug, Clone)]
pub(super) struct Memory {
    pub(super) counters: Counters,
    /// The last one that was made; everybody else sees it once the turn is committed.
    pub(super) catalogue: Arc<Catalogue>,
    /// What this turn changes in it. Between turns there is none.
    pub(super) draft: Option<Draft>,
    pub(super) data_keys: Arc<HashMap<OrganizationNumber, DataKey>>,
    pub(super) fanouts: Arc<Fanouts>,
    pub(super) cleanups: Arc<Cleanups>,
    pub(super) replays: Arc<Replays>,
    pub(super) retention: Retention,
    pub(super) timer_walks: Arc<TimerWalks>,
    pub(super) scheduled: Arc<ScheduledCounts>,
    pub(super) latest_fired: LatestFired,
}

impl Memory {
    /// Reads it at the start.
    pub(super) fn load(connection: &Connection, key: &KeyEncryptionKey) -> Result<Self, Fault> {
        let (catalogue, data_keys) = load_catalogue(connection, key)?;
        Ok(Self {
            counters: Counters::load(connection)?,
            catalogue: Arc::new(catalogue),
            draft: None,
            data_keys: Arc::new(data_keys),
            fanouts: Arc::new(Fanouts::load(connection)?),
            cleanups: Arc::new(Cleanups::load(connection)?),
            replays: Arc::new(Replays::load(connection)?),
            retention: Retention::load(connection)?,
            timer_walks: Arc::new(TimerWalks::load(connection)?),
            scheduled: Arc::new(ScheduledCounts::load(connection)?),
            latest_fired: LatestFired::load(connection)?,
        })
    }

    /// The version of the catalogue with what this turn has changed.
    fn catalogue_version(&self) -> CatalogueVersion {
        let CatalogueVersion(version) = self.catalogue.version;
        CatalogueVersion(version + u64::from(self.draft.is_some()))
    }

    /// The version that changed an organization's part of the catalogue last, with what this turn has changed.
    pub(super) fn organization_version(&self, number: OrganizationNumber) -> CatalogueVersion {
        if self.draft.as_ref().is_some_and(|draft| draft.touches(number)) {
            return self.catalogue_version();
        }
        self.catalogue.organization(number).map_or(self.catalogue.version, |entry| entry.version)
    }

    /// A subscription as it is with what this turn has changed.
    pub(super) fn subscription(&self, number: SubscriptionNumber) -> Option<&Arc<SubscriptionEntry>> {
        match self.draft.as_ref().and_then(|draft| draft.subscription(number)) {
            Some(changed) => changed.as_ref(),
            None => self.catalogue.subscriptions.get(&number),
        }
    }

    /// The changes of this turn, to add one.
    pub(super) fn draft_mut(&mut self) -> &mut Draft {
        self.draft.get_or_insert_with(|| Draft::new(Arc::clone(&self.catalogue)))
    }

    /// Makes the catalogue of what this turn changed; answers whether there was anything.
    pub(super) fn finish_draft(&mut self) -> bool {
        let version = self.catalogue_version();
        match self.draft.take() {
            Some(draft) => {
                self.catalogue = Arc::new(draft.build(version));
                true
            }
            None => false,
        }
    }

    /// Whether there is work that nobody waits for.
    pub(super) fn has_jobs(&self) -> bool {
        !self.fanouts.is_empty() || !self.cleanups.is_empty() || !self.timer_walks.is_empty()
    }
}
