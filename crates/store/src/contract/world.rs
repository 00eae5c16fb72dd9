//! What tests are told in: organizations, subscriptions, publishing as intake does it.

mod samples;

use std::sync::Arc;
use std::time::Duration;

use rendezhook_domain::delivery::FinalState;
use rendezhook_domain::id::DeliveryId;
use rendezhook_domain::sequence::{OrganizationNumber, Sequence, SubscriptionNumber};
use rendezhook_domain::time::Timestamp;

pub use self::samples::{
    Change, at, attempt, change, claim, ended, keys_of, new_organization, new_subscription, record, request,
    resource_id, retry_at, secret, unanswered, uuid,
};
use self::samples::{matched, next_id};
use super::Fixture;
use crate::catalogue::Catalogue;
use crate::change::{CatalogueChange, ChangeRefusal};
use crate::feed::{CommittedAction, FeedEvent, FeedLimits, FeedReceiver};
use crate::pending::{DeliveryKey, PendingDelivery};
use crate::publish::{Matched, Publish, PublishOutcome, Receipt};
use crate::store::Store;

/// Longer than anything takes; a test that waits this long has failed.
const DEADLINE: Duration = Duration::from_secs(30);

/// A store with its feed.
pub struct World {
    pub store: Arc<dyn Store>,
    pub feed: FeedReceiver,
}

impl World {
    /// Opens a store with a feed of ordinary size.
    pub async fn open(fixture: &dyn Fixture) -> Self {
        Self::open_with(fixture, FeedLimits::default()).await
    }

    /// Opens a store.
    pub async fn open_with(fixture: &dyn Fixture, limits: FeedLimits) -> Self {
        let (store, feed) = fixture.open(limits).await;
        Self { store, feed }
    }

    /// Closes the store and opens it again.
    pub async fn reopen(self, fixture: &dyn Fixture) -> Self {
        self.store.close().await;
        drop(self);
        Self::open(fixture).await
    }

    pub fn catalogue(&self) -> Arc<Catalogue> {
        self.store.catalogue()
    }

    /// Makes a change that succeeds.
    pub async fn change(&self, change: CatalogueChange) -> Arc<Catalogue> {
        self.store.change(change).await.unwrap().unwrap()
    }

    /// Makes a change that is refused.
    pub async fn refused(&self, change: CatalogueChange) -> ChangeRefusal {
        let before = self.catalogue().version;
        let refusal = self.store.change(change).await.unwrap().unwrap_err();
        assert_eq!(self.catalogue().version, before, "a refused change must not change the catalogue");
        refusal
    }

    /// Makes an organization.
    pub async fn organization(&self) -> OrganizationNumber {
        let new = new_organization();
        let id = new.id;
        let catalogue = self.change(CatalogueChange::CreateOrganization(new)).await;
        catalogue.organization_ids[&id]
    }

    /// Makes a subscription with a receiver of its own, for actions after `pattern`.
    pub async fn subscribe(&self, organization: OrganizationNumber, pattern: &str) -> Matched {
        let number = next_id();
        self.subscribe_at(organization, pattern, &format!("https://receiver-{number}.example/hook")).await
    }

    /// Makes a subscription for a target.
    pub async fn subscribe_at(
        &self,
        organization: OrganizationNumber,
        pattern: &str,
        target: &str,
    ) -> Matched {
        let new = new_subscription(organization, pattern, target);
        let id = new.id;
        let catalogue = self.change(CatalogueChange::CreateSubscription(Box::new(new))).await;
        let entry = catalogue.organization(organization).unwrap().subscription(id).unwrap();
        Matched { subscription: entry.subscription.number, receiver: entry.subscription.receiver }
    }

    /// Makes many subscriptions, each with a receiver of its own.
    pub async fn subscribe_many(
        &self,
        organization: OrganizationNumber,
        pattern: &str,
        count: usize,
    ) -> Vec<Matched> {
        let mut waiting = tokio::task::JoinSet::new();
        for _ in 0..count {
            let target = format!("https://receiver-{}.example/hook", next_id());
            let new = new_subscription(organization, pattern, &target);
            let store = Arc::clone(&self.store);
            waiting.spawn(async move {
                store.change(CatalogueChange::CreateSubscription(Box::new(new))).await.unwrap().unwrap();
            });
        }
        waiting.join_all().await;
        let catalogue = self.catalogue();
        let entries = &catalogue.organization(organization).unwrap().subscriptions;
        entries.iter().map(|entry| matched(entry)).collect()
    }

    /// Deletes a subscription.
    pub async fn delete(&self, organization: OrganizationNumber, subscription: SubscriptionNumber) {
        let change = CatalogueChange::DeleteSubscription { organization, subscription, at: at(5_000) };
        self.change(change).await;
    }

    /// A request with these changes, matched by the catalogue as it is now.
    pub fn request(&self, organization: OrganizationNumber, changes: Vec<Change>) -> Publish {
        request(&self.catalogue(), organization, changes)
    }

    /// Publishes changes and expects that they are committed.
    pub async fn publish(&self, organization: OrganizationNumber, changes: Vec<Change>) -> Receipt {
        self.commit(self.request(organization, changes)).await
    }

    /// Publishes a request and expects that it is committed.
    pub async fn commit(&self, request: Publish) -> Receipt {
        match self.store.publish(request).await.unwrap() {
            PublishOutcome::Committed(receipt) => receipt,
            other => panic_with(&other),
        }
    }

    /// Publishes one action that happens to a new resource.
    pub async fn publish_one(&self, organization: OrganizationNumber) -> Receipt {
        let id = format!("event-{}", next_id());
        self.publish(organization, vec![change(&id, None, &["event.created"])]).await
    }

    /// The next news, whatever it is.
    pub async fn news(&mut self) -> FeedEvent {
        tokio::time::timeout(DEADLINE, self.feed.recv()).await.unwrap().unwrap()
    }

    /// The next actions with deliveries; news about the catalogue is passed over, an announcement fails.
    pub async fn committed(&mut self) -> Vec<CommittedAction> {
        loop {
            match self.news().await {
                FeedEvent::Committed(actions) => return actions,
                FeedEvent::CatalogueChanged => {}
                FeedEvent::Announced(announcements) => panic_with(&announcements),
            }
        }
    }

    /// The keys of the next `count` deliveries, in the order of the feed.
    pub async fn deliveries(&mut self, count: usize) -> Vec<DeliveryKey> {
        let mut keys = Vec::new();
        while keys.len() < count {
            keys.extend(self.committed().await.iter().flat_map(keys_of));
        }
        assert_eq!(keys.len(), count);
        keys
    }

    /// All waiting deliveries of a receiver.
    pub async fn waiting(&self, matched: Matched) -> Vec<PendingDelivery> {
        let page = self
            .store
            .pending_page(matched.receiver, Sequence::ZERO, Sequence::MAXIMUM, None, usize::MAX / 2)
            .await
            .unwrap();
        assert!(page.complete);
        page.deliveries
    }

    /// Waits until so many deliveries wait in the whole store.
    pub async fn until_waiting(&self, count: u64) {
        let reached = async {
            while self.store.figures().await.unwrap().pending_deliveries != count {
                // Every check is a turn of the writer, in which it also does its own work.
                self.store.check().await.unwrap();
            }
        };
        tokio::time::timeout(DEADLINE, reached).await.unwrap();
    }

    /// Removes what retention does not keep, to the end.
    pub async fn retain(&self, bodies_before: Timestamp, metadata_before: Timestamp) {
        let now = at(1_000_000);
        let all = async { while self.store.retain(bodies_before, metadata_before, now).await.unwrap() {} };
        tokio::time::timeout(DEADLINE, all).await.unwrap();
    }

    /// The public id of a delivery of the request with this receipt.
    pub fn id_of(&self, receipt: &Receipt, key: DeliveryKey) -> DeliveryId {
        DeliveryId::new(receipt.accepted_at, key.sequence, key.receiver)
    }

    /// Records that deliveries were delivered at the first attempt.
    pub async fn deliver(&self, organization: OrganizationNumber, one: Matched, keys: &[DeliveryKey]) {
        let records = keys
            .iter()
            .map(|key| record(organization, one, *key, Some(attempt(1, 200)), ended(FinalState::Delivered)));
        self.store.record(records.collect()).await.unwrap();
    }
}

/// Fails with what was found instead.
#[expect(clippy::panic, reason = "tests fail by panicking")]
pub fn panic_with(found: &dyn std::fmt::Debug) -> ! {
    panic!("unexpected: {found:?}")
}
