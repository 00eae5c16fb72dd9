//! How much may wait of an organization before it can publish no more, on a real store.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use rendezhook_domain::delivery::FinalState;
use rendezhook_domain::pause::MaintenanceWindow;
use rendezhook_domain::resource::{ResourceId, ResourceKind};
use rendezhook_domain::sequence::OrganizationNumber;
use rendezhook_domain::subscription::SubscriptionState;
use rendezhook_intake::{Intake, Item, NewState, PublishError, Published};
use rendezhook_store::change::{CatalogueChange, OrganizationUpdate, ReceiverUpdate, SubscriptionUpdate};
use rendezhook_store::contract::world::{World, at, attempt, claim, ended, record};
use rendezhook_store::publish::{IdempotencyClaim, Matched};

use crate::directory::Directory;

/// An organization of which three deliveries may wait.
struct Place {
    world: World,
    intake: Intake,
    organization: OrganizationNumber,
    /// Endpoints that are cut off by their breakers.
    cut_off: Arc<Mutex<HashSet<String>>>,
    directory: Directory,
}

fn item(id: &str) -> Item {
    Item {
        action: "event.created".parse().unwrap(),
        kind: ResourceKind::Event,
        resource_id: ResourceId::new(id).unwrap(),
        resource: Bytes::from_static(b"{\"title\":\"Appointment\"}"),
        user: None,
        occurred_at: None,
        expires_at: None,
        representations: None,
        later: None,
    }
}

fn new_state(title: &str) -> NewState {
    NewState {
        kind: ResourceKind::Event,
        resource_id: ResourceId::new("put").unwrap(),
        resource: Some(Bytes::from(format!("{{\"title\":\"{title}\"}}"))),
        user: None,
        occurred_at: None,
        expires_at: None,
        if_version: None,
    }
}

impl Place {
    async fn open() -> Self {
        let directory = Directory(tempfile::tempdir().unwrap());
        let world = World::open(&directory).await;
        let organization = world.organization().await;
        let cut_off: Arc<Mutex<HashSet<String>>> = Arc::default();
        let breakers = Arc::clone(&cut_off);
        let intake = Intake::new(Arc::clone(&world.store)).with_quota(
            3,
            Arc::new(move |_, endpoint| !breakers.lock().unwrap().contains(endpoint.as_str())),
        );
        Self { world, intake, organization, cut_off, directory }
    }

    async fn publish_with(
        &self,
        id: &str,
        claim: Option<IdempotencyClaim>,
        seconds: i64,
    ) -> Result<Published, PublishError> {
        self.intake.publish(self.organization, &[item(id)], claim, at(seconds)).await
    }

    async fn publish(&self, id: &str, seconds: i64) -> Result<Published, PublishError> {
        self.publish_with(id, None, seconds).await
    }

    async fn put(&self, title: &str, seconds: i64) -> Result<usize, PublishError> {
        let answer = self.intake.put(self.organization, &new_state(title), at(seconds)).await?;
        Ok(answer.actions.len())
    }

    /// Publishes until it is refused; answers how many deliveries wait then for somebody.
    async fn fill(&self, one: Matched, seconds: i64) -> u64 {
        for number in 0..20 {
            match self.publish(&format!("filling-{seconds}-{number}"), seconds).await {
                Ok(_) => {}
                Err(PublishError::QuotaReached { quota: 3, .. }) => break,
                Err(other) => panic_with(&other),
            }
        }
        self.world.store.waiting().of_subscription(one.subscription)
    }

    async fn set_state(&self, one: Matched, state: SubscriptionState) {
        let update = SubscriptionUpdate {
            state: Some((state, None)),
            ..SubscriptionUpdate::unchanged(self.organization, one.subscription, at(1))
        };
        self.world.change(CatalogueChange::UpdateSubscription(Box::new(update))).await;
    }

    async fn maintain(&self, one: Matched, windows: Vec<MaintenanceWindow>) {
        let catalogue = self.world.catalogue();
        let entry = catalogue.organization(self.organization).unwrap();
        let receiver = entry.receiver(one.receiver).unwrap().id;
        let update = ReceiverUpdate { maintenance: Some(windows), ..ReceiverUpdate::default() };
        let organization = self.organization;
        self.world.change(CatalogueChange::UpdateReceiver { organization, receiver, update }).await;
    }

    fn set_breaker(&self, one: Matched, closed: bool) {
        let catalogue = self.world.catalogue();
        let subscription = catalogue.subscriptions.get(&one.subscription).unwrap();
        let endpoint = subscription.subscription.target.endpoint().as_str().to_owned();
        let mut cut_off = self.cut_off.lock().unwrap();
        if closed {
            cut_off.remove(&endpoint);
        } else {
            cut_off.insert(endpoint);
        }
    }
}

#[expect(clippy::panic, reason = "tests fail by panicking")]
fn panic_with(found: &dyn std::fmt::Debug) -> ! {
    panic!("unexpected: {found:?}")
}

fn is_refused<T>(answer: &Result<T, PublishError>) -> bool {
    matches!(answer, Err(PublishError::QuotaReached { .. }))
}

#[tokio::test]
async fn a_refusal_changes_nothing_and_ends_as_soon_as_there_is_room() {
    let place = Place::open().await;
    let one = place.world.subscribe(place.organization, "*").await;
    assert_eq!(place.fill(one, 1).await, 3);
    let refused = place.publish("late", 2).await.unwrap_err();
    assert!(matches!(
        refused,
        PublishError::QuotaReached { quota: 3, waiting: 3, retry_after_seconds: 1..=60 }
    ));
    assert!(is_refused(&place.put("new", 2).await));
    let id = ResourceId::new("late").unwrap();
    let stored = place.world.store.resource(place.organization, ResourceKind::Event, &id).await.unwrap();
    assert!(stored.is_none());

    let key = place.world.waiting(one).await[0].key;
    let delivered = record(place.organization, one, key, Some(attempt(1, 200)), ended(FinalState::Delivered));
    place.world.store.record(vec![delivered]).await.unwrap();
    assert!(place.publish("late", 2).await.is_ok());
    assert!(is_refused(&place.publish("later", 2).await));
}

#[tokio::test]
async fn what_waited_before_a_restart_counts_from_the_first_request_on() {
    let place = Place::open().await;
    for _ in 0..4 {
        place.world.subscribe(place.organization, "*").await;
    }
    let update = OrganizationUpdate { backlog_quota: Some(Some(40_000)), ..OrganizationUpdate::default() };
    let organization = place.organization;
    place.world.change(CatalogueChange::UpdateOrganization { organization, update }).await;
    // Many, so that counting them takes longer than a request.
    for batch in 0..20 {
        let items: Vec<Item> = (0..500).map(|number| item(&format!("{batch}-{number}"))).collect();
        place.intake.publish(organization, &items, None, at(1)).await.unwrap();
    }
    assert!(is_refused(&place.publish("before", 1).await));
    let Place { mut world, directory, .. } = place;
    for id in ["published", "put"] {
        world = world.reopen(&directory).await;
        let intake = Intake::new(Arc::clone(&world.store));
        if id == "put" {
            let state = new_state("put");
            assert!(is_refused(&intake.put(organization, &state, at(2)).await), "{id}");
        } else {
            assert!(is_refused(&intake.publish(organization, &[item(id)], None, at(2)).await), "{id}");
        }
    }
}

#[tokio::test]
async fn what_was_accepted_stays_accepted() {
    let place = Place::open().await;
    let one = place.world.subscribe(place.organization, "*").await;
    assert_eq!(place.put("first", 1).await.unwrap(), 1);
    let first = place.publish_with("keyed", Some(claim("key", 1)), 1).await.unwrap();
    assert_eq!(place.fill(one, 1).await, 3);

    let again = place.publish_with("keyed", Some(claim("key", 1)), 2).await.unwrap();
    assert!(again.replayed);
    assert_eq!(again.receipt, first.receipt);
    assert_eq!(place.put("first", 2).await.unwrap(), 0, "it is as it was");
    assert!(is_refused(&place.publish_with("new", Some(claim("other", 1)), 2).await));
    let reused = place.publish_with("keyed", Some(claim("key", 2)), 2).await;
    assert!(matches!(reused, Err(PublishError::KeyReused)));
    assert_eq!(place.world.store.waiting().of_subscription(one.subscription), 3);
}

#[tokio::test]
async fn what_is_not_delivered_to_does_not_count() {
    let place = Place::open().await;
    let living = place.world.subscribe(place.organization, "event.created").await;
    let other = place.world.subscribe(place.organization, "event.created").await;
    let mut seconds = 0;
    let mut waiting = 0;
    for step in 0..4 {
        match step {
            0 => place.set_state(other, SubscriptionState::Paused).await,
            1 => place.set_state(other, SubscriptionState::Disabled).await,
            2 => {
                place.set_state(other, SubscriptionState::Enabled).await;
                place.maintain(other, vec![MaintenanceWindow::once(at(0), at(100_000)).unwrap()]).await;
            }
            _ => {
                place.maintain(other, Vec::new()).await;
                place.set_breaker(other, false);
            }
        }
        seconds += 1;
        assert_eq!(
            place.fill(living, seconds).await,
            3,
            "step {step}: only what waits for the living counts"
        );
        let held = place.world.store.waiting().of_subscription(other.subscription);
        assert!(held > waiting, "step {step}: {held} wait");
        waiting = held;

        let keys: Vec<_> = place.world.waiting(living).await.iter().map(|waiting| waiting.key).collect();
        place.world.deliver(place.organization, living, &keys).await;
    }
    place.set_breaker(other, true);
    assert!(is_refused(&place.publish("counts again", seconds).await));
    place.set_state(other, SubscriptionState::Paused).await;
    assert!(place.publish("at once", seconds).await.is_ok(), "a pause holds at once");
}

#[tokio::test]
async fn an_organization_has_its_own_number() {
    let place = Place::open().await;
    let one = place.world.subscribe(place.organization, "*").await;
    let update = OrganizationUpdate { backlog_quota: Some(Some(5)), ..OrganizationUpdate::default() };
    let organization = place.organization;
    place.world.change(CatalogueChange::UpdateOrganization { organization, update }).await;
    for number in 0..5 {
        place.publish(&format!("own-{number}"), 1).await.unwrap();
    }
    let refused = place.publish("too many", 1).await;
    assert!(matches!(refused, Err(PublishError::QuotaReached { quota: 5, waiting: 5, .. })));
    let update = OrganizationUpdate { backlog_quota: Some(None), ..OrganizationUpdate::default() };
    place.world.change(CatalogueChange::UpdateOrganization { organization, update }).await;
    assert_eq!(place.fill(one, 2).await, 5);
}
