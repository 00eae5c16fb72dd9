//! A store, a running delivery side, and what a test does to them.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use rendezhook_delivery::clock::{Clock, SystemClock};
use rendezhook_delivery::means::{Means, OriginHeaders};
use rendezhook_delivery::options::DeliveryOptions;
use rendezhook_delivery::runtime::{Delivery, DeliveryError, DeliveryHandle};
use rendezhook_domain::delivery::{DeliveryOrigin, DeliveryState, FinalState};
use rendezhook_domain::facts::Facts;
use rendezhook_domain::id::{DeliveryId, OrganizationId, ReceiverId, SubscriptionId};
use rendezhook_domain::matching::{ActionPattern, Filter, Happening};
use rendezhook_domain::resource::{ResourceId, ResourceKind};
use rendezhook_domain::retry::RetryPolicy;
use rendezhook_domain::sequence::OrganizationNumber;
use rendezhook_domain::subscription::{
    Content, Hook, RequestMethod, Subscription, SubscriptionState, VerificationMethod,
};
use rendezhook_domain::target::{AddressRule, OwnOrigins, TargetUrl};
use rendezhook_domain::time::Timestamp;
use rendezhook_egress::resolve::SystemResolver;
use rendezhook_egress::{Egress, EgressSettings};
use rendezhook_graphql::GraphQl;
use rendezhook_secrets::{KeyEncryptionKey, SigningSecret, SystemRandomness};
use rendezhook_store::Store;
use rendezhook_store::catalogue::Catalogue;
use rendezhook_store::change::{CatalogueChange, NewOrganization, NewSubscription, SubscriptionUpdate};
use rendezhook_store::feed::{FeedLimits, FeedReceiver};
use rendezhook_store::publish::{
    DetachedDelivery, Matched, NewAction, Publish, PublishOutcome, ResourceChange,
};
use rendezhook_store::read::{DeliveryFilter, DeliveryView};
use rendezhook_store::record::AttemptRecord;
use rendezhook_store::sqlite::{SqliteOptions, SqliteStore};
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};
use uuid::Uuid;

use crate::faults::FaultyStore;
use crate::receiver::PATIENCE;

/// A clock that a test can set. It runs with the machine's otherwise.
#[derive(Default)]
pub(crate) struct SettableClock {
    ahead: AtomicU64,
    behind: AtomicU64,
}

impl SettableClock {
    pub(crate) fn advance(&self, by: Duration) {
        self.ahead.fetch_add(u64::try_from(by.as_millis()).unwrap(), Ordering::SeqCst);
    }

    pub(crate) fn set_back(&self, by: Duration) {
        self.behind.fetch_add(u64::try_from(by.as_millis()).unwrap(), Ordering::SeqCst);
    }
}

impl Clock for SettableClock {
    fn now(&self) -> Timestamp {
        let by = |milliseconds: &AtomicU64| Duration::from_millis(milliseconds.load(Ordering::SeqCst));
        SystemClock.now().after(by(&self.ahead)).before(by(&self.behind))
    }
}

/// A retry schedule of so many attempts with a hundredth of a second between them.
pub(crate) fn fast_retries(attempts: usize) -> RetryPolicy {
    let mut delays = vec![Duration::from_millis(10); attempts];
    delays[0] = Duration::ZERO;
    RetryPolicy::from_delays(&delays)
}

/// Options with a fast retry schedule for all subscriptions.
pub(crate) fn fast_options() -> DeliveryOptions {
    DeliveryOptions { retry: fast_retries(10), ..DeliveryOptions::default() }
}

/// One organization with a store in a directory of its own, and its delivery side when it runs.
pub(crate) struct World {
    pub(crate) clock: Arc<SettableClock>,
    store: Arc<FaultyStore>,
    feed: Option<FeedReceiver>,
    organization: OrganizationNumber,
    versions: HashMap<String, u64>,
    /// What happens to resources when something is published.
    pub(crate) action: &'static str,
    running: Option<Running>,
    directory: TempDir,
}

struct Running {
    handle: DeliveryHandle,
    stop: oneshot::Sender<()>,
    task: JoinHandle<Result<(), DeliveryError>>,
}

impl World {
    /// A world whose delivery side runs with these options.
    pub(crate) async fn running(options: DeliveryOptions) -> Self {
        let mut world = Self::waiting(FeedLimits::default()).await;
        world.start(options);
        world
    }

    /// A world whose delivery side knows these origins as its own, and sends these headers to origins of others.
    pub(crate) async fn fetching(
        options: DeliveryOptions,
        own_origins: OwnOrigins,
        origin_headers: OriginHeaders,
    ) -> Self {
        let mut world = Self::waiting(FeedLimits::default()).await;
        world.start_with(options, |means| Means { own_origins, origin_headers, ..means });
        world
    }

    /// A world whose delivery side has not been started.
    pub(crate) async fn waiting(limits: FeedLimits) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let (store, feed) = open(&directory, limits);
        let store = Arc::new(FaultyStore::new(store));
        let organization = create_organization(store.as_ref(), "5a4e1b2c3d4e5f6071829304").await;
        Self {
            clock: Arc::default(),
            store,
            feed: Some(feed),
            organization,
            versions: HashMap::new(),
            action: "event.edited",
            running: None,
            directory,
        }
    }

    /// Starts the delivery side.
    pub(crate) fn start(&mut self, options: DeliveryOptions) {
        self.start_with(options, |means| means);
    }

    /// Starts the delivery side with other means than usual.
    pub(crate) fn start_with(&mut self, options: DeliveryOptions, change: impl FnOnce(Means) -> Means) {
        let settings = EgressSettings::new(AddressRule::public().allowing_loopback());
        let resolver = Arc::new(SystemResolver::from_system().unwrap());
        let egress = Arc::new(Egress::new(settings, resolver).unwrap());
        let store: Arc<dyn Store> = Arc::clone(&self.store) as Arc<dyn Store>;
        let feed = self.feed.take().expect("the delivery side runs once a store");
        let clock: Arc<dyn Clock> = Arc::clone(&self.clock) as Arc<dyn Clock>;
        let graphql = GraphQl::new(Arc::clone(&store)).unwrap();
        let means = change(Means::new(egress, graphql));
        let (delivery, handle) = Delivery::new(options, store, feed, means, clock);
        let (stop, stopped) = oneshot::channel::<()>();
        let task = tokio::spawn(delivery.run(async move {
            let _ = stopped.await;
        }));
        self.running = Some(Running { handle, stop, task });
    }

    /// Stops the delivery side gracefully.
    pub(crate) async fn stop(&mut self) -> Result<(), DeliveryError> {
        let running = self.running.take().expect("the delivery side runs");
        running.stop.send(()).unwrap();
        timeout(PATIENCE, running.task).await.expect("the stop took too long").unwrap()
    }

    /// Ends the delivery side without ceremony, as the end of the process would, closes the store and opens it again.
    pub(crate) async fn crash_and_reopen(&mut self) {
        if let Some(running) = self.running.take() {
            running.task.abort();
            let _ = running.task.await;
        }
        self.store.close().await;
        let (store, feed) = open(&self.directory, FeedLimits::default());
        self.store = Arc::new(FaultyStore::new(store));
        self.feed = Some(feed);
    }

    pub(crate) fn store(&self) -> &FaultyStore {
        &self.store
    }

    pub(crate) fn handle(&self) -> &DeliveryHandle {
        &self.running.as_ref().expect("the delivery side runs").handle
    }

    /// Makes a subscription to every action; `change` says what is special about it.
    pub(crate) async fn subscribe_as(
        &self,
        target: TargetUrl,
        change: impl FnOnce(&mut NewSubscription),
    ) -> Subscription {
        let id = SubscriptionId::from_uuid(Uuid::now_v7());
        let mut subscription = NewSubscription {
            id,
            organization: self.organization,
            receiver_name: None,
            receiver_id: ReceiverId::from_uuid(Uuid::now_v7()),
            hook: Hook::Standard,
            method: RequestMethod::Post,
            content: Content::Composed,
            authentication: None,
            headers: Vec::new(),
            verification: VerificationMethod::None,
            description: "".into(),
            target,
            filter: Filter { actions: vec![ActionPattern::Any], user: None, event: None },
            retry: None,
            rate_limit: None,
            folds_updates: false,
            secret: new_secret(),
            shared_secret: None,
            created_at: self.clock.now(),
            limit: None,
        };
        change(&mut subscription);
        let catalogue = self.change(CatalogueChange::CreateSubscription(Box::new(subscription))).await;
        catalogue.organizations[&self.organization].subscription(id).unwrap().subscription.clone()
    }

    /// Makes a subscription to every action.
    pub(crate) async fn subscribe(&self, target: TargetUrl) -> Subscription {
        self.subscribe_as(target, |_| {}).await
    }

    /// Changes the catalogue.
    pub(crate) async fn change(&self, change: CatalogueChange) -> Arc<Catalogue> {
        self.store.change(change).await.unwrap().unwrap()
    }

    /// Changes a subscription; `change` fills in what is new.
    pub(crate) async fn update(
        &self,
        subscription: &Subscription,
        change: impl FnOnce(&mut SubscriptionUpdate),
    ) {
        let mut update =
            SubscriptionUpdate::unchanged(self.organization, subscription.number, self.clock.now());
        change(&mut update);
        self.change(CatalogueChange::UpdateSubscription(Box::new(update))).await;
    }

    /// Pauses a subscription or lets it go on.
    pub(crate) async fn set_state(&self, subscription: &Subscription, state: SubscriptionState) {
        self.update(subscription, |update| update.state = Some((state, None))).await;
    }

    /// The subscription as it is now.
    pub(crate) fn subscription(&self, subscription: &Subscription) -> Subscription {
        self.store.catalogue().subscriptions.get(&subscription.number).unwrap().subscription.clone()
    }

    /// Publishes an action of a resource to all subscriptions; the resource carries the number `n`.
    pub(crate) async fn publish(&mut self, resource: &str, n: u64) {
        self.publish_all(vec![(resource.to_owned(), n)]).await;
    }

    /// As [`World::publish`], of something after which no attempt is made.
    pub(crate) async fn publish_until(&mut self, resource: &str, n: u64, expires_at: Timestamp) {
        self.publish_expiring(vec![(resource.to_owned(), n)], Some(expires_at)).await;
    }

    /// The time as the server sees it.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Publishes an action of each of these resources in one request; no resource may come twice.
    pub(crate) async fn publish_all(&mut self, resources: Vec<(String, u64)>) {
        self.publish_expiring(resources, None).await;
    }

    async fn publish_expiring(&mut self, resources: Vec<(String, u64)>, expires_at: Option<Timestamp>) {
        let catalogue = self.store.catalogue();
        let name = "event.edited".parse().unwrap();
        let matched: Vec<Matched> = catalogue.organizations[&self.organization]
            .matching(Happening { action: &name, user: None, event: None })
            .map(|entry| Matched {
                subscription: entry.subscription.number,
                receiver: entry.subscription.receiver,
            })
            .collect();
        let now = self.clock.now();
        let mut changes: Vec<ResourceChange> =
            resources.iter().map(|(resource, n)| self.edited(resource, *n, now, matched.clone())).collect();
        for action in changes.iter_mut().flat_map(|change| &mut change.actions) {
            action.expires_at = expires_at;
        }
        self.commit(self.organization, changes).await;
        for (resource, _) in resources {
            *self.versions.entry(resource).or_insert(0) += 1;
        }
    }

    /// Stores a resource of another organization, which has no subscription.
    pub(crate) async fn publish_elsewhere(&self, resource: &str, n: u64) {
        let other = create_organization(self.store.as_ref(), "5a4e1b2c3d4e5f6071829306").await;
        let mut change = self.edited(resource, n, self.clock.now(), Vec::new());
        change.expected = None;
        self.commit(other, vec![change]).await;
    }

    async fn commit(&self, organization: OrganizationNumber, changes: Vec<ResourceChange>) {
        let publish = Publish {
            organization,
            catalogue: self.store.catalogue().version,
            accepted_at: self.clock.now(),
            idempotency: None,
            repetition_only: false,
            changes,
            scheduled: Vec::new(),
            firing: None,
        };
        let outcome = self.store.publish(publish).await.unwrap();
        assert!(matches!(outcome, PublishOutcome::Committed(_)), "{outcome:?}");
    }

    fn edited(&self, resource: &str, n: u64, now: Timestamp, matched: Vec<Matched>) -> ResourceChange {
        let expected = self.versions.get(resource).copied();
        let version = expected.unwrap_or(0) + 1;
        let facts = Facts {
            version,
            occurred_at: now,
            created_at: Some(now),
            ever_confirmed: false,
            cancelled: false,
            removed: false,
            confirmed_time: None,
        };
        let action = NewAction {
            name: self.action.parse().unwrap(),
            version,
            user: None,
            occurred_at: now,
            expires_at: None,
            representations: None,
            changes: None,
            matched,
            fired: None,
        };
        ResourceChange {
            kind: ResourceKind::Event,
            resource_id: ResourceId::new(resource).unwrap(),
            expected,
            facts,
            stores_body: true,
            body: Bytes::from(format!(r#"{{"n":{n},"title":"Visit"}}"#)),
            actions: vec![action],
            firings: None,
        }
    }

    /// Asks for a test delivery.
    pub(crate) async fn test_delivery(&self, subscription: &Subscription) -> DeliveryId {
        let delivery = DetachedDelivery {
            organization: self.organization,
            origin: DeliveryOrigin::Test,
            matched: Matched { subscription: subscription.number, receiver: subscription.receiver },
            name: "event.edited".parse().unwrap(),
            kind: ResourceKind::Event,
            resource_id: ResourceId::new("example").unwrap(),
            body: Bytes::from_static(br#"{"n":0}"#),
            version: 1,
            occurred_at: self.clock.now(),
            accepted_at: self.clock.now(),
            due_at: self.clock.now(),
        };
        self.store.publish_detached(vec![delivery]).await.unwrap()[0].unwrap()
    }

    /// The outcome of a delivery, once it is durable.
    pub(crate) async fn outcome(&self, id: DeliveryId) -> DeliveryView {
        self.outcome_within(id, PATIENCE).await
    }

    /// The delivery once its outcome is durable, or as it is after so long.
    pub(crate) async fn outcome_within(&self, id: DeliveryId, patience: Duration) -> DeliveryView {
        let deadline = Instant::now() + patience;
        self.handle().outcome(self.organization, id, deadline).await.unwrap().expect("the delivery exists")
    }

    /// All deliveries, the oldest first.
    pub(crate) async fn deliveries(&self) -> Vec<DeliveryView> {
        let filter = DeliveryFilter::default();
        let page = self.store.deliveries(self.organization, &filter, None, 1_000).await.unwrap();
        page.deliveries.into_iter().rev().collect()
    }

    /// The kept attempts of a delivery, the oldest first.
    pub(crate) async fn attempts(&self, id: DeliveryId) -> Vec<AttemptRecord> {
        self.store.attempts(self.organization, id).await.unwrap().unwrap().attempts
    }

    /// Waits until the deliveries are as wanted. They are looked at whenever the runtime has recorded something, and now
    /// and then, since the store also ends deliveries by itself.
    pub(crate) async fn until(&self, wanted: impl Fn(&[DeliveryView]) -> bool) -> Vec<DeliveryView> {
        let mut figures = self.handle().watch_figures();
        let waiting = async {
            loop {
                figures.borrow_and_update();
                let deliveries = self.deliveries().await;
                if wanted(&deliveries) {
                    return deliveries;
                }
                let _ = timeout(Duration::from_millis(50), figures.changed()).await;
            }
        };
        match timeout(PATIENCE, waiting).await {
            Ok(deliveries) => deliveries,
            Err(_) => panic!("the deliveries stayed as {:#?}", self.deliveries().await),
        }
    }

    /// Waits until every delivery has ended in this state.
    pub(crate) async fn until_all(&self, state: FinalState) -> Vec<DeliveryView> {
        let wanted = DeliveryState::Ended(state);
        self.until(|deliveries| deliveries.iter().all(|delivery| delivery.state == wanted)).await
    }
}

/// A secret that nobody else has.
pub(crate) fn new_secret() -> SigningSecret {
    SigningSecret::generate(&mut SystemRandomness).unwrap()
}

async fn create_organization(store: &dyn Store, vyte_id: &str) -> OrganizationNumber {
    let id = OrganizationId::from_uuid(Uuid::now_v7());
    let change = CatalogueChange::CreateOrganization(NewOrganization {
        id,
        name: "Clinic".into(),
        vyte_id: vyte_id.into(),
        created_at: SystemClock.now(),
    });
    let catalogue = store.change(change).await.unwrap().unwrap();
    let mut organizations = catalogue.organizations.values();
    organizations.find(|entry| entry.organization.id == id).unwrap().organization.number
}

/// Lets this much time pass for everything that waits with tokio's clock. Nobody waits for it in earnest.
pub(crate) async fn pass(time: Duration) {
    tokio::time::pause();
    tokio::time::advance(time).await;
    tokio::time::resume();
}

fn open(directory: &TempDir, feed: FeedLimits) -> (Arc<dyn Store>, FeedReceiver) {
    let key = KeyEncryptionKey::from_bytes([7; KeyEncryptionKey::BYTES]);
    let options = SqliteOptions { feed, ..SqliteOptions::new(directory.path(), key) };
    let (store, feed) = SqliteStore::open(options).unwrap();
    (store, feed)
}
