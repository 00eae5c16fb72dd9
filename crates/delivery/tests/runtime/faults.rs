//! A store that fails when a test wants it to.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use rendezhook_domain::id::{DeliveryId, ReplayId};
use rendezhook_domain::resource::{ResourceId, ResourceKind};
use rendezhook_domain::sequence::{OrganizationNumber, ReceiverNumber, Sequence, SubscriptionNumber};
use rendezhook_domain::time::Timestamp;
use rendezhook_store::catalogue::Catalogue;
use rendezhook_store::certificate::KeptCertificate;
use rendezhook_store::change::{CatalogueChange, ChangeRefusal};
use rendezhook_store::feed::Announcement;
use rendezhook_store::firing::{DueCursor, DuePage, FiringSignal, ScheduledView};
use rendezhook_store::health::KeptHealth;
use rendezhook_store::pending::{AttemptMaterial, DeliveryKey, PendingPage, Standing};
use rendezhook_store::publish::{DetachedDelivery, Publish, PublishOutcome};
use rendezhook_store::read::{
    AttemptPage, Backlog, BacklogQuery, DeliveryCursor, DeliveryDetail, DeliveryFilter, DeliveryPage,
    EndedCounts, ResourcePage, ResourceQuery, StoreFigures, StoredResource,
};
use rendezhook_store::record::Record;
use rendezhook_store::replay::{
    CreatedReplay, NewReplay, Replay, ReplayEstimate, ReplayPage, ReplayRefusal, ReplayWork, Selection,
};
use rendezhook_store::skip::{Skip, Skipped};
use rendezhook_store::waiting::WaitingCounts;
use rendezhook_store::{Store, StoreError};
use tokio::sync::watch;

/// Passes everything on to a real store, except while it is broken.
pub(crate) struct FaultyStore {
    inner: Arc<dyn Store>,
    records_fail: AtomicBool,
    reads_fail: AtomicBool,
    failures: watch::Sender<usize>,
}

impl FaultyStore {
    pub(crate) fn new(inner: Arc<dyn Store>) -> Self {
        Self { inner, records_fail: false.into(), reads_fail: false.into(), failures: watch::Sender::new(0) }
    }

    /// From now on recording fails, or works again.
    pub(crate) fn fail_records(&self, fail: bool) {
        self.records_fail.store(fail, Ordering::SeqCst);
    }

    /// From now on reading what attempts need fails, or works again.
    pub(crate) fn fail_material(&self, fail: bool) {
        self.reads_fail.store(fail, Ordering::SeqCst);
    }

    /// Waits until so many calls have failed in all.
    pub(crate) async fn failed(&self, calls: usize) {
        self.failures.subscribe().wait_for(|failures| *failures >= calls).await.unwrap();
    }

    fn check(&self, fails: &AtomicBool) -> Result<(), StoreError> {
        if !fails.load(Ordering::SeqCst) {
            return Ok(());
        }
        self.failures.send_modify(|failures| *failures += 1);
        Err(StoreError::Unavailable { message: "disk full, says the test".to_owned() })
    }
}

#[async_trait]
impl Store for FaultyStore {
    async fn record(&self, records: Vec<Record>) -> Result<(), StoreError> {
        self.check(&self.records_fail)?;
        self.inner.record(records).await
    }

    async fn material(&self, keys: &[DeliveryKey]) -> Result<Vec<AttemptMaterial>, StoreError> {
        self.check(&self.reads_fail)?;
        self.inner.material(keys).await
    }

    async fn standings(&self, keys: &[DeliveryKey]) -> Result<Vec<(DeliveryKey, Standing)>, StoreError> {
        self.check(&self.reads_fail)?;
        self.inner.standings(keys).await
    }

    fn catalogue(&self) -> Arc<Catalogue> {
        self.inner.catalogue()
    }

    async fn change(
        &self,
        change: CatalogueChange,
    ) -> Result<Result<Arc<Catalogue>, ChangeRefusal>, StoreError> {
        self.inner.change(change).await
    }

    async fn publish(&self, publish: Publish) -> Result<PublishOutcome, StoreError> {
        self.inner.publish(publish).await
    }

    async fn due_firings(
        &self,
        until: Timestamp,
        from: Option<DueCursor>,
        limit: usize,
    ) -> Result<DuePage, StoreError> {
        self.inner.due_firings(until, from, limit).await
    }

    fn firing_signal(&self) -> Arc<FiringSignal> {
        self.inner.firing_signal()
    }

    async fn scheduled(
        &self,
        organization: OrganizationNumber,
        after: Option<Arc<str>>,
        limit: usize,
    ) -> Result<Vec<ScheduledView>, StoreError> {
        self.inner.scheduled(organization, after, limit).await
    }

    async fn cancel_scheduled(
        &self,
        organization: OrganizationNumber,
        key: Arc<str>,
    ) -> Result<bool, StoreError> {
        self.inner.cancel_scheduled(organization, key).await
    }

    async fn publish_detached(
        &self,
        deliveries: Vec<DetachedDelivery>,
    ) -> Result<Vec<Result<DeliveryId, ChangeRefusal>>, StoreError> {
        self.inner.publish_detached(deliveries).await
    }

    async fn keep_health(&self, health: Vec<KeptHealth>) -> Result<(), StoreError> {
        self.inner.keep_health(health).await
    }

    async fn kept_health(
        &self,
        after: Option<SubscriptionNumber>,
        limit: usize,
    ) -> Result<Vec<KeptHealth>, StoreError> {
        self.inner.kept_health(after, limit).await
    }

    async fn kept_certificates(
        &self,
        after: Timestamp,
        limit: usize,
    ) -> Result<Vec<KeptCertificate>, StoreError> {
        self.inner.kept_certificates(after, limit).await
    }

    async fn receivers_with_pending(&self) -> Result<Vec<Announcement>, StoreError> {
        self.inner.receivers_with_pending().await
    }

    async fn pending_page(
        &self,
        receiver: ReceiverNumber,
        after: Sequence,
        up_to: Sequence,
        subscription: Option<SubscriptionNumber>,
        limit: usize,
    ) -> Result<PendingPage, StoreError> {
        self.inner.pending_page(receiver, after, up_to, subscription, limit).await
    }

    async fn resource(
        &self,
        organization: OrganizationNumber,
        kind: ResourceKind,
        id: &ResourceId,
    ) -> Result<Option<StoredResource>, StoreError> {
        self.inner.resource(organization, kind, id).await
    }

    async fn resources(
        &self,
        organization: OrganizationNumber,
        query: &ResourceQuery,
    ) -> Result<ResourcePage, StoreError> {
        self.inner.resources(organization, query).await
    }

    async fn deliveries(
        &self,
        organization: OrganizationNumber,
        filter: &DeliveryFilter,
        after: Option<DeliveryCursor>,
        limit: usize,
    ) -> Result<DeliveryPage, StoreError> {
        self.inner.deliveries(organization, filter, after, limit).await
    }

    async fn delivery(
        &self,
        organization: OrganizationNumber,
        id: DeliveryId,
    ) -> Result<Option<DeliveryDetail>, StoreError> {
        self.inner.delivery(organization, id).await
    }

    async fn attempts(
        &self,
        organization: OrganizationNumber,
        id: DeliveryId,
    ) -> Result<Option<AttemptPage>, StoreError> {
        self.inner.attempts(organization, id).await
    }

    async fn backlog(&self, query: BacklogQuery) -> Result<Backlog, StoreError> {
        self.inner.backlog(query).await
    }

    async fn skip_waiting(&self, skip: Skip) -> Result<Skipped, StoreError> {
        self.inner.skip_waiting(skip).await
    }

    async fn create_replay(
        &self,
        new: NewReplay,
    ) -> Result<Result<CreatedReplay, ReplayRefusal>, StoreError> {
        self.inner.create_replay(new).await
    }

    async fn estimate_replay(
        &self,
        organization: OrganizationNumber,
        selection: Selection,
        to: Option<SubscriptionNumber>,
    ) -> Result<ReplayEstimate, StoreError> {
        self.inner.estimate_replay(organization, selection, to).await
    }

    async fn replays(
        &self,
        organization: OrganizationNumber,
        below: Option<u32>,
        limit: usize,
    ) -> Result<ReplayPage, StoreError> {
        self.inner.replays(organization, below, limit).await
    }

    async fn replay(
        &self,
        organization: OrganizationNumber,
        id: ReplayId,
    ) -> Result<Option<Replay>, StoreError> {
        self.inner.replay(organization, id).await
    }

    async fn cancel_replay(
        &self,
        organization: OrganizationNumber,
        id: ReplayId,
        at: Timestamp,
    ) -> Result<Result<Replay, ChangeRefusal>, StoreError> {
        self.inner.cancel_replay(organization, id, at).await
    }

    async fn advance_replays(&self, now: Timestamp) -> Result<ReplayWork, StoreError> {
        self.inner.advance_replays(now).await
    }

    async fn retain(
        &self,
        bodies_before: Timestamp,
        metadata_before: Timestamp,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.inner.retain(bodies_before, metadata_before, now).await
    }

    async fn ended_counts(
        &self,
        organization: OrganizationNumber,
        subscription: Option<SubscriptionNumber>,
    ) -> Result<EndedCounts, StoreError> {
        self.inner.ended_counts(organization, subscription).await
    }

    fn waiting(&self) -> &WaitingCounts {
        self.inner.waiting()
    }

    async fn figures(&self) -> Result<StoreFigures, StoreError> {
        self.inner.figures().await
    }

    async fn check(&self) -> Result<(), StoreError> {
        self.inner.check().await
    }

    async fn close(&self) {
        self.inner.close().await;
    }
}
