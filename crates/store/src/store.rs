//! What every store offers.

use std::sync::Arc;

use async_trait::async_trait;
use rendezhook_domain::id::{DeliveryId, ReplayId};
use rendezhook_domain::resource::{ResourceId, ResourceKind};
use rendezhook_domain::sequence::{OrganizationNumber, Sequence, SubscriptionNumber};
use rendezhook_domain::time::Timestamp;

use crate::catalogue::Catalogue;
use crate::certificate::KeptCertificate;
use crate::change::{CatalogueChange, ChangeRefusal};
use crate::error::StoreError;
use crate::feed::Announcement;
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
use crate::waiting::WaitingCounts;
use rendezhook_domain::sequence::ReceiverNumber;

/// Durable storage of everything.
///
/// What a method says it wrote is on disk when it returns: it survives the end of the process and of the machine. Writing
/// methods may be called from many tasks at once; the store groups them.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// The catalogue as it is now.
    fn catalogue(&self) -> Arc<Catalogue>;

    /// Changes the catalogue; answers with the new one once it is durable and seen by [`Store::catalogue`].
    ///
    /// # Errors
    /// The outer error when the store failed, the inner one when the change was refused. Nothing is changed in both cases.
    async fn change(
        &self,
        change: CatalogueChange,
    ) -> Result<Result<Arc<Catalogue>, ChangeRefusal>, StoreError>;

    /// Commits a publisher's request: all of it or nothing.
    ///
    /// # Errors
    /// When the store failed; whether it was committed is unknown only after [`StoreError::Uncertain`].
    async fn publish(&self, publish: Publish) -> Result<PublishOutcome, StoreError>;

    /// The firings that are due at `until` or before, at most `limit`: from the start of a round, or from where it came to.
    ///
    /// While more is due than a page holds, organizations take turns: however much one of them has, it holds up nobody's more
    /// than a turn. A round ends when every firing was in a page once.
    ///
    /// # Errors
    /// When the store failed.
    async fn due_firings(
        &self,
        until: Timestamp,
        from: Option<DueCursor>,
        limit: usize,
    ) -> Result<DuePage, StoreError>;

    /// What is told when a firing is committed.
    fn firing_signal(&self) -> Arc<FiringSignal>;

    /// An organization's actions that were published to be delivered later, in the order of the bytes of their keys: those after
    /// `after`, at most `limit`.
    ///
    /// # Errors
    /// When the store failed.
    async fn scheduled(
        &self,
        organization: OrganizationNumber,
        after: Option<Arc<str>>,
        limit: usize,
    ) -> Result<Vec<ScheduledView>, StoreError>;

    /// Takes back an action that was published to be delivered later; answers whether there was one under this key that had not
    /// been fired.
    ///
    /// # Errors
    /// When the store failed.
    async fn cancel_scheduled(
        &self,
        organization: OrganizationNumber,
        key: Arc<str>,
    ) -> Result<bool, StoreError>;

    /// Commits deliveries of their own, at most [`DetachedDelivery::MAXIMUM_TOGETHER`], and answers with the id of each, in their
    /// order. Those whose subscription is gone are refused, the others are committed.
    ///
    /// # Errors
    /// When the store failed; then none of them is committed.
    async fn publish_detached(
        &self,
        deliveries: Vec<DetachedDelivery>,
    ) -> Result<Vec<Result<DeliveryId, ChangeRefusal>>, StoreError>;

    /// Records turns of deliveries. A record for a delivery that has ended in between is dropped.
    ///
    /// # Errors
    /// When the store failed; then none of them is recorded.
    async fn record(&self, records: Vec<Record>) -> Result<(), StoreError>;

    /// Remembers how subscriptions do. Of one that is gone nothing is kept.
    ///
    /// # Errors
    /// When the store failed; then nothing of it is remembered.
    async fn keep_health(&self, health: Vec<KeptHealth>) -> Result<(), StoreError>;

    /// How subscriptions did when that was kept last, at most `limit` of them, with a number above `after`, in ascending order.
    ///
    /// # Errors
    /// When the store failed.
    async fn kept_health(
        &self,
        after: Option<SubscriptionNumber>,
        limit: usize,
    ) -> Result<Vec<KeptHealth>, StoreError>;

    /// What is remembered of the certificates of receivers, kept with the records of attempts: those that end after an instant, at
    /// most `limit` of them.
    ///
    /// # Errors
    /// When the store failed.
    async fn kept_certificates(
        &self,
        after: Timestamp,
        limit: usize,
    ) -> Result<Vec<KeptCertificate>, StoreError>;

    /// The receivers that have waiting deliveries, with the highest sequence of each. Asked once, at the start.
    ///
    /// # Errors
    /// When the store failed.
    async fn receivers_with_pending(&self) -> Result<Vec<Announcement>, StoreError>;

    /// Waiting deliveries of a receiver with a sequence above `after` and up to `up_to`, in ascending order, at most `limit`;
    /// those of one subscription only when one is named.
    ///
    /// # Errors
    /// When the store failed.
    async fn pending_page(
        &self,
        receiver: ReceiverNumber,
        after: Sequence,
        up_to: Sequence,
        subscription: Option<SubscriptionNumber>,
        limit: usize,
    ) -> Result<PendingPage, StoreError>;

    /// What attempts of these deliveries need. A delivery that has ended in between is missing from the answer.
    ///
    /// # Errors
    /// When the store failed.
    async fn material(&self, keys: &[DeliveryKey]) -> Result<Vec<AttemptMaterial>, StoreError>;

    /// Where these deliveries stand in the history of their resources: all that attempts need whose actions are at hand. A
    /// delivery that has ended in between is missing from the answer.
    ///
    /// # Errors
    /// When the store failed.
    async fn standings(&self, keys: &[DeliveryKey]) -> Result<Vec<(DeliveryKey, Standing)>, StoreError>;

    /// A stored resource; `None` when there never was one. Of a removed one the facts, from which versions go on.
    ///
    /// # Errors
    /// When the store failed.
    async fn resource(
        &self,
        organization: OrganizationNumber,
        kind: ResourceKind,
        id: &ResourceId,
    ) -> Result<Option<StoredResource>, StoreError>;

    /// A page of an organization's resources of one kind, in order of their ids.
    ///
    /// # Errors
    /// When the store failed.
    async fn resources(
        &self,
        organization: OrganizationNumber,
        query: &ResourceQuery,
    ) -> Result<ResourcePage, StoreError>;

    /// A page of an organization's deliveries, newest first, at most `limit`.
    ///
    /// # Errors
    /// When the store failed.
    async fn deliveries(
        &self,
        organization: OrganizationNumber,
        filter: &DeliveryFilter,
        after: Option<DeliveryCursor>,
        limit: usize,
    ) -> Result<DeliveryPage, StoreError>;

    /// Counts an organization's deliveries that have ended, or those of one of its subscriptions, with bounded effort.
    ///
    /// # Errors
    /// When the store failed.
    async fn ended_counts(
        &self,
        organization: OrganizationNumber,
        subscription: Option<SubscriptionNumber>,
    ) -> Result<EndedCounts, StoreError>;

    /// One delivery of an organization; `None` also when it belongs to another one.
    ///
    /// # Errors
    /// When the store failed.
    async fn delivery(
        &self,
        organization: OrganizationNumber,
        id: DeliveryId,
    ) -> Result<Option<DeliveryDetail>, StoreError>;

    /// The attempts of one delivery; `None` when the organization has no such delivery.
    ///
    /// # Errors
    /// When the store failed.
    async fn attempts(
        &self,
        organization: OrganizationNumber,
        id: DeliveryId,
    ) -> Result<Option<AttemptPage>, StoreError>;

    /// How many deliveries wait, for whom. In memory: asking costs nothing.
    fn waiting(&self) -> &WaitingCounts;

    /// Counts what waits for a receiver, with bounded effort.
    ///
    /// # Errors
    /// When the store failed.
    async fn backlog(&self, query: BacklogQuery) -> Result<Backlog, StoreError>;

    /// Ends, as expired with the reason `skipped`, the next waiting deliveries that are too old, about 1,000 at a time. It is asked
    /// again from where it came to, until there is nothing beyond.
    ///
    /// Whoever asks sees to it that nothing is attempted for them meanwhile: their receiver pauses, or their subscription is
    /// not enabled.
    ///
    /// # Errors
    /// When the store failed; then none of this call's deliveries has ended.
    async fn skip_waiting(&self, skip: Skip) -> Result<Skipped, StoreError>;

    /// Makes a replay, with its first deliveries.
    ///
    /// # Errors
    /// The outer error when the store failed, the inner one when it was refused. Nothing is made in both cases.
    async fn create_replay(&self, new: NewReplay)
    -> Result<Result<CreatedReplay, ReplayRefusal>, StoreError>;

    /// Counts what a replay would do, with bounded effort.
    ///
    /// # Errors
    /// When the store failed.
    async fn estimate_replay(
        &self,
        organization: OrganizationNumber,
        selection: Selection,
        to: Option<SubscriptionNumber>,
    ) -> Result<ReplayEstimate, StoreError>;

    /// A page of an organization's replays, newest first: those with a number below `below`, at most `limit`.
    ///
    /// # Errors
    /// When the store failed.
    async fn replays(
        &self,
        organization: OrganizationNumber,
        below: Option<u32>,
        limit: usize,
    ) -> Result<ReplayPage, StoreError>;

    /// One replay of an organization.
    ///
    /// # Errors
    /// When the store failed.
    async fn replay(
        &self,
        organization: OrganizationNumber,
        id: ReplayId,
    ) -> Result<Option<Replay>, StoreError>;

    /// Ends a replay and cancels what of it still waits, in steps of bounded size; answers with the replay as it is then. One
    /// that is through, and of which nothing waits, stays as it is.
    ///
    /// # Errors
    /// The outer error when the store failed, the inner one when there is no such replay.
    async fn cancel_replay(
        &self,
        organization: OrganizationNumber,
        id: ReplayId,
        at: Timestamp,
    ) -> Result<Result<Replay, ChangeRefusal>, StoreError>;

    /// Takes the replays a bounded step further, as far as their rates allow at this time. To be called again and again; it costs
    /// nothing while there is nothing to do.
    ///
    /// # Errors
    /// When the store failed.
    async fn advance_replays(&self, now: Timestamp) -> Result<ReplayWork, StoreError>;

    /// Removes what retention no longer keeps, a bounded amount a call; answers whether there is more to remove.
    ///
    /// Waiting deliveries accepted before `bodies_before` end as expired first. Latest states of resources are kept.
    ///
    /// # Errors
    /// When the store failed.
    async fn retain(
        &self,
        bodies_before: Timestamp,
        metadata_before: Timestamp,
        now: Timestamp,
    ) -> Result<bool, StoreError>;

    /// Numbers about the whole store. Right after the start they may take as long as counting what waits does; nothing else
    /// waits for that.
    ///
    /// # Errors
    /// When the store failed.
    async fn figures(&self) -> Result<StoreFigures, StoreError>;

    /// Checks that the store can be written, for readiness.
    ///
    /// # Errors
    /// When it cannot.
    async fn check(&self) -> Result<(), StoreError>;

    /// Finishes what is under way and closes. Later calls answer [`StoreError::ShuttingDown`].
    async fn close(&self);
}
