//! The store as everybody else sees it.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use rendezhook_domain::id::{DeliveryId, ReplayId};
use rendezhook_domain::resource::{ResourceId, ResourceKind};
use rendezhook_domain::sequence::{OrganizationNumber, ReceiverNumber, Sequence, SubscriptionNumber};
use rendezhook_domain::time::Timestamp;
use tokio::sync::watch;

use super::open::OpenError;
use super::options::SqliteOptions;
use super::reader::{self, ListRequest, PendingRequest, Reader};
use super::replay::Order;
use super::writer::{
    AdvanceReplaysWork, CancelReplayWork, CancelScheduledWork, ChangeWork, CheckWork, CreateReplayWork,
    DetachedWork, HealthWork, PublishWork, Published, RecordWork, RetainWork, SkipWork, WriterHandle,
};
use crate::catalogue::Catalogue;
use crate::certificate::KeptCertificate;
use crate::change::{CatalogueChange, ChangeRefusal};
use crate::error::StoreError;
use crate::feed::{Announcement, FeedReceiver};
use crate::firing::{DueCursor, DuePage, FiringSignal, ScheduledView};
use crate::health::KeptHealth;
use crate::pending::{AttemptMaterial, DeliveryKey, PendingPage, Standing};
use crate::publish::{DetachedDelivery, Publish, PublishOutcome};
use crate::read::{
    AttemptPage, Backlog, BacklogQuery, DeliveryCursor, DeliveryDetail, DeliveryFilter, DeliveryPage,
    EndedCounts, ResourcePage, ResourceQuery, StoreFigures, StoredResource,
};
use crate::record::Record;
use crate::replay::{
    CreatedReplay, NewReplay, Replay, ReplayEstimate, ReplayPage, ReplayRefusal, ReplayWork, Selection,
};
use crate::skip::{Skip, Skipped};
use crate::store::Store;
use crate::waiting::WaitingCounts;

/// A store in one SQLite database.
///
/// When it is dropped without [`Store::close`], its threads finish what they were asked and end by themselves; the data
/// directory stays locked until they have.
#[derive(Debug)]
pub struct SqliteStore {
    pub(super) writer: WriterHandle,
    pub(super) published: Arc<Published>,
    /// For the delivery side.
    pub(super) delivery_reader: Reader,
    /// For publishers.
    pub(super) resource_reader: Reader,
    /// For people.
    pub(super) list_reader: Reader,
    /// What the writer has counted.
    pub(super) waiting: Arc<WaitingCounts>,
    /// Its other end goes when every thread has ended and the directory is free.
    pub(super) threads: watch::Receiver<()>,
    /// Names a thread that ended by a panic.
    pub(super) broken: watch::Receiver<Option<&'static str>>,
}

impl SqliteStore {
    /// Opens the store in a directory, and makes it there when there is none.
    ///
    /// # Errors
    /// When the directory cannot be used or another process uses it, the database is newer than this program or damaged, or
    /// the key-encryption key is another one than it was written with.
    pub fn open(options: SqliteOptions) -> Result<(Arc<Self>, FeedReceiver), OpenError> {
        super::open::open(options)
    }

    /// Waits until one of the store's threads has ended by a panic, and names it. What it served fails from then on, so the
    /// process should end and be started again. Never ready while the store is whole.
    pub async fn broken(&self) -> &'static str {
        let mut broken = self.broken.clone();
        if let Ok(named) = broken.wait_for(Option::is_some).await
            && let Some(thread) = *named
        {
            return thread;
        }
        // Every thread has ended as it was told to.
        std::future::pending().await
    }

    fn tell_threads_to_end(&self) {
        self.writer.close();
        for reader in [&self.delivery_reader, &self.resource_reader, &self.list_reader] {
            reader.close();
        }
    }

    /// The receivers that can have deliveries which a filter shows.
    fn receivers(
        &self,
        organization: OrganizationNumber,
        subscription: Option<SubscriptionNumber>,
    ) -> Vec<ReceiverNumber> {
        let catalogue = self.catalogue();
        let Some(entry) = catalogue.organization(organization) else { return Vec::new() };
        // The receiver of a deleted subscription is not known any more: it is one of all.
        let only = subscription.and_then(|number| catalogue.subscriptions.get(&number));
        match only {
            Some(only) if only.subscription.organization == organization => vec![only.subscription.receiver],
            Some(_) => Vec::new(),
            None => entry.receivers.iter().map(|receiver| receiver.number).collect(),
        }
    }
}

impl Drop for SqliteStore {
    fn drop(&mut self) {
        self.tell_threads_to_end();
    }
}

#[async_trait]
impl Store for SqliteStore {
    fn catalogue(&self) -> Arc<Catalogue> {
        self.published.catalogue()
    }

    async fn change(
        &self,
        change: CatalogueChange,
    ) -> Result<Result<Arc<Catalogue>, ChangeRefusal>, StoreError> {
        let changed = self.writer.ask(ChangeWork(change)).await?;
        Ok(changed.map(|()| self.catalogue()))
    }

    async fn publish(&self, publish: Publish) -> Result<PublishOutcome, StoreError> {
        self.writer.ask_refusable(PublishWork(publish)).await
    }

    async fn due_firings(
        &self,
        until: Timestamp,
        from: Option<DueCursor>,
        limit: usize,
    ) -> Result<DuePage, StoreError> {
        self.resource_reader
            .read("reading what is due", move |connection| {
                reader::due_firings(connection, until, from, limit)
            })
            .await
    }

    fn firing_signal(&self) -> Arc<FiringSignal> {
        Arc::clone(self.published.firing_signal())
    }

    async fn scheduled(
        &self,
        organization: OrganizationNumber,
        after: Option<Arc<str>>,
        limit: usize,
    ) -> Result<Vec<ScheduledView>, StoreError> {
        self.list_reader
            .read("listing scheduled actions", move |connection| {
                reader::scheduled(connection, organization, after.as_ref(), limit)
            })
            .await
    }

    async fn cancel_scheduled(
        &self,
        organization: OrganizationNumber,
        key: Arc<str>,
    ) -> Result<bool, StoreError> {
        self.writer.ask(CancelScheduledWork { organization, key }).await
    }

    async fn publish_detached(
        &self,
        deliveries: Vec<DetachedDelivery>,
    ) -> Result<Vec<Result<DeliveryId, ChangeRefusal>>, StoreError> {
        if deliveries.is_empty() {
            return Ok(Vec::new());
        }
        self.writer.ask_refusable(DetachedWork(deliveries)).await
    }

    async fn record(&self, records: Vec<Record>) -> Result<(), StoreError> {
        if records.is_empty() {
            return Ok(());
        }
        self.writer.ask(RecordWork(records)).await
    }

    async fn keep_health(&self, health: Vec<KeptHealth>) -> Result<(), StoreError> {
        if health.is_empty() {
            return Ok(());
        }
        self.writer.ask(HealthWork(health)).await
    }

    async fn kept_health(
        &self,
        after: Option<SubscriptionNumber>,
        limit: usize,
    ) -> Result<Vec<KeptHealth>, StoreError> {
        self.delivery_reader
            .read("reading how subscriptions do", move |connection| {
                reader::kept_health(connection, after, limit)
            })
            .await
    }

    async fn kept_certificates(
        &self,
        after: Timestamp,
        limit: usize,
    ) -> Result<Vec<KeptCertificate>, StoreError> {
        self.delivery_reader
            .read("reading the certificates of receivers", move |connection| {
                reader::kept_certificates(connection, after, limit)
            })
            .await
    }

    async fn receivers_with_pending(&self) -> Result<Vec<Announcement>, StoreError> {
        let organizations: HashMap<ReceiverNumber, OrganizationNumber> = self
            .catalogue()
            .organizations
            .values()
            .flat_map(|entry| &entry.receivers)
            .map(|receiver| (receiver.number, receiver.organization))
            .collect();
        self.delivery_reader
            .read("looking for receivers with waiting deliveries", move |connection| {
                reader::receivers_with_pending(connection, &organizations)
            })
            .await
    }

    async fn pending_page(
        &self,
        receiver: ReceiverNumber,
        after: Sequence,
        up_to: Sequence,
        subscription: Option<SubscriptionNumber>,
        limit: usize,
    ) -> Result<PendingPage, StoreError> {
        let request = PendingRequest { receiver, after, up_to, subscription, limit };
        self.delivery_reader
            .read("reading waiting deliveries", move |connection| reader::pending_page(connection, request))
            .await
    }

    async fn material(&self, keys: &[DeliveryKey]) -> Result<Vec<AttemptMaterial>, StoreError> {
        let keys = keys.to_vec();
        self.delivery_reader
            .read("reading what deliveries carry", move |connection| reader::material(connection, &keys))
            .await
    }

    async fn standings(&self, keys: &[DeliveryKey]) -> Result<Vec<(DeliveryKey, Standing)>, StoreError> {
        let keys = keys.to_vec();
        self.delivery_reader
            .read("reading where deliveries stand", move |connection| reader::standings(connection, &keys))
            .await
    }

    async fn resource(
        &self,
        organization: OrganizationNumber,
        kind: ResourceKind,
        id: &ResourceId,
    ) -> Result<Option<StoredResource>, StoreError> {
        let id = id.clone();
        self.resource_reader
            .read("reading a resource", move |connection| {
                reader::resource(connection, organization, kind, &id)
            })
            .await
    }

    async fn resources(
        &self,
        organization: OrganizationNumber,
        query: &ResourceQuery,
    ) -> Result<ResourcePage, StoreError> {
        let query = query.clone();
        self.list_reader
            .read("listing resources", move |connection| reader::resources(connection, organization, &query))
            .await
    }

    async fn deliveries(
        &self,
        organization: OrganizationNumber,
        filter: &DeliveryFilter,
        after: Option<DeliveryCursor>,
        limit: usize,
    ) -> Result<DeliveryPage, StoreError> {
        let request = ListRequest {
            organization,
            filter: filter.clone(),
            after,
            limit,
            receivers: self.receivers(organization, filter.subscription),
            highest: Sequence::new(self.published.highest_sequence()),
        };
        self.list_reader
            .read("listing deliveries", move |connection| reader::list(connection, &request))
            .await
    }

    async fn ended_counts(
        &self,
        organization: OrganizationNumber,
        subscription: Option<SubscriptionNumber>,
    ) -> Result<EndedCounts, StoreError> {
        let receivers = self.receivers(organization, subscription);
        self.list_reader
            .read("counting deliveries", move |connection| {
                reader::ended_counts(connection, &receivers, subscription)
            })
            .await
    }

    async fn delivery(
        &self,
        organization: OrganizationNumber,
        id: DeliveryId,
    ) -> Result<Option<DeliveryDetail>, StoreError> {
        self.list_reader
            .read("reading a delivery", move |connection| reader::delivery(connection, organization, id))
            .await
    }

    async fn attempts(
        &self,
        organization: OrganizationNumber,
        id: DeliveryId,
    ) -> Result<Option<AttemptPage>, StoreError> {
        self.list_reader
            .read("reading the attempts of a delivery", move |connection| {
                reader::attempts(connection, organization, id)
            })
            .await
    }

    fn waiting(&self) -> &WaitingCounts {
        &self.waiting
    }

    async fn backlog(&self, query: BacklogQuery) -> Result<Backlog, StoreError> {
        self.list_reader
            .read("counting what waits", move |connection| reader::backlog(connection, query))
            .await
    }

    async fn skip_waiting(&self, skip: Skip) -> Result<Skipped, StoreError> {
        self.writer.ask_refusable(SkipWork(skip)).await
    }

    async fn create_replay(
        &self,
        new: NewReplay,
    ) -> Result<Result<CreatedReplay, ReplayRefusal>, StoreError> {
        self.writer.ask_refusable(CreateReplayWork(new)).await
    }

    async fn estimate_replay(
        &self,
        organization: OrganizationNumber,
        selection: Selection,
        to: Option<SubscriptionNumber>,
    ) -> Result<ReplayEstimate, StoreError> {
        let order = Order { organization, selection: Arc::new(selection), to };
        let catalogue = self.catalogue();
        let highest = Sequence::new(self.published.highest_sequence());
        self.list_reader
            .read("counting deliveries", move |connection| {
                reader::estimate(connection, &catalogue, &order, highest)
            })
            .await
    }

    async fn replays(
        &self,
        organization: OrganizationNumber,
        below: Option<u32>,
        limit: usize,
    ) -> Result<ReplayPage, StoreError> {
        self.list_reader
            .read("listing replays", move |connection| {
                reader::replays(connection, organization, below, limit)
            })
            .await
    }

    async fn replay(
        &self,
        organization: OrganizationNumber,
        id: ReplayId,
    ) -> Result<Option<Replay>, StoreError> {
        self.list_reader
            .read("reading a replay", move |connection| reader::replay(connection, organization, id))
            .await
    }

    async fn cancel_replay(
        &self,
        organization: OrganizationNumber,
        id: ReplayId,
        at: Timestamp,
    ) -> Result<Result<Replay, ChangeRefusal>, StoreError> {
        self.writer.ask(CancelReplayWork { organization, id, at }).await
    }

    async fn advance_replays(&self, now: Timestamp) -> Result<ReplayWork, StoreError> {
        if !self.published.replays_have_work() {
            return Ok(ReplayWork::None);
        }
        self.writer.ask(AdvanceReplaysWork { now }).await
    }

    async fn retain(
        &self,
        bodies_before: Timestamp,
        metadata_before: Timestamp,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.writer.ask(RetainWork { bodies_before, metadata_before, now }).await
    }

    async fn figures(&self) -> Result<StoreFigures, StoreError> {
        self.waiting.completed().await;
        Ok(StoreFigures {
            pending_deliveries: self.waiting.total(),
            highest_sequence: Sequence::new(self.published.highest_sequence()),
        })
    }

    async fn check(&self) -> Result<(), StoreError> {
        self.writer.ask(CheckWork).await
    }

    async fn close(&self) {
        self.tell_threads_to_end();
        let mut threads = self.threads.clone();
        // Nothing is ever sent: the wait ends, with an error, when the last thread has.
        drop(threads.changed().await);
    }
}
