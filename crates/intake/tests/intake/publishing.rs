//! What is decided, for whom, and what happens when two decide at once.

use std::sync::Arc;

use bytes::Bytes;
use rendezhook_domain::resource::{ResourceId, ResourceKind};
use rendezhook_domain::sequence::OrganizationNumber;
use rendezhook_domain::subscription::{Hook, VyteHook};
use rendezhook_domain::time::Timestamp;
use rendezhook_intake::{Intake, Item, NewState, PublishError};
use rendezhook_store::change::CatalogueChange;
use rendezhook_store::contract::world::{World, at, new_subscription};
use serde_json::{Value, json};

use crate::directory::Directory;

struct Place {
    world: World,
    intake: Arc<Intake>,
    organization: OrganizationNumber,
    _directory: Directory,
}

impl Place {
    async fn open() -> Self {
        let directory = Directory(tempfile::tempdir().unwrap());
        let world = World::open(&directory).await;
        let organization = world.organization().await;
        let intake = Arc::new(Intake::new(Arc::clone(&world.store)));
        Self { world, intake, organization, _directory: directory }
    }

    /// Publishes explicitly; answers how many deliveries each action makes.
    async fn publish(&self, items: &[Item]) -> Vec<u32> {
        let published = self.intake.publish(self.organization, items, None, at(100)).await.unwrap();
        published.receipt.actions.iter().map(|action| action.deliveries).collect()
    }

    /// Puts a new state; answers the names of the derived actions and how many deliveries each makes.
    async fn put(&self, id: &str, state: Option<Value>, seconds: i64) -> Vec<(String, u32)> {
        let answer = self.intake.put(self.organization, &new_state(id, state), at(seconds)).await.unwrap();
        answer.actions.iter().map(|action| (action.name.to_string(), action.deliveries)).collect()
    }

    async fn version(&self, id: &str) -> u64 {
        let id = ResourceId::new(id).unwrap();
        let stored = self.world.store.resource(self.organization, ResourceKind::Event, &id).await.unwrap();
        stored.unwrap().facts.version
    }

    /// Makes a Vyte hook on cancellations.
    async fn hook_on_cancellations(&self) {
        let mut hook = new_subscription(self.organization, "event.cancelled", "https://vyte.example/hook");
        hook.hook = Hook::Vyte(VyteHook { hook_id: Arc::from("60af526954e6605aae0dad5a"), body: None });
        hook.filter.actions.push("event.removed".parse().unwrap());
        self.world.change(CatalogueChange::CreateSubscription(Box::new(hook))).await;
    }
}

fn item(action: &str, id: &str, resource: &Value, occurred_at: Option<Timestamp>) -> Item {
    Item {
        action: action.parse().unwrap(),
        kind: ResourceKind::Event,
        resource_id: ResourceId::new(id).unwrap(),
        resource: Bytes::from(resource.to_string()),
        user: None,
        occurred_at,
        expires_at: None,
        representations: None,
        later: None,
    }
}

fn new_state(id: &str, state: Option<Value>) -> NewState {
    NewState {
        kind: ResourceKind::Event,
        resource_id: ResourceId::new(id).unwrap(),
        resource: state.map(|state| Bytes::from(state.to_string())),
        user: None,
        occurred_at: None,
        expires_at: None,
        if_version: None,
    }
}

#[tokio::test]
async fn actions_of_one_resource_in_one_request_follow_each_other() {
    let mut place = Place::open().await;
    place.world.subscribe(place.organization, "*").await;
    let resource = json!({"title": "Visit"});
    let items =
        ["event.created", "event.confirmed", "event.updated"].map(|name| item(name, "b-1", &resource, None));
    assert_eq!(place.publish(&items).await, [1, 1, 1]);
    let versions: Vec<u64> =
        place.world.committed().await.iter().map(|committed| committed.action.version).collect();
    assert_eq!(versions, [1, 2, 3]);
}

#[tokio::test]
async fn an_intake_that_never_saw_a_resource_learns_its_version() {
    let place = Place::open().await;
    let resource = json!({"title": "Visit"});
    place.publish(&[item("event.created", "b-1", &resource, None)]).await;
    let other = Intake::new(Arc::clone(&place.world.store));
    let items = [item("event.updated", "b-1", &resource, None)];
    other.publish(place.organization, &items, None, at(200)).await.unwrap();
    assert_eq!(place.version("b-1").await, 2);
}

#[tokio::test]
async fn many_publishers_of_one_resource_all_get_through() {
    let place = Place::open().await;
    let mut publishers = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let (intake, organization) = (Arc::clone(&place.intake), place.organization);
        publishers.spawn(async move {
            let items = [item("event.updated", "b-1", &json!({"title": "Visit"}), None)];
            let mut committed = 0;
            for _ in 0..10 {
                match intake.publish(organization, &items, None, at(300)).await {
                    Ok(_) => committed += 1,
                    Err(PublishError::Contended) => {}
                    Err(error) => panic!("{error}"),
                }
            }
            committed
        });
    }
    let committed: u64 = publishers.join_all().await.iter().sum();
    assert!(committed > 0);
    assert_eq!(place.version("b-1").await, committed, "every commit advanced the version by one");
}

#[tokio::test]
async fn a_state_older_than_the_stored_one_is_delivered_and_not_stored() {
    let place = Place::open().await;
    place.world.subscribe(place.organization, "*").await;
    place.publish(&[item("event.updated", "b-1", &json!({"title": "New"}), Some(at(50)))]).await;
    assert_eq!(
        place.publish(&[item("event.updated", "b-1", &json!({"title": "Old"}), Some(at(40)))]).await,
        [1]
    );
    let id = ResourceId::new("b-1").unwrap();
    let stored =
        place.world.store.resource(place.organization, ResourceKind::Event, &id).await.unwrap().unwrap();
    assert_eq!(stored.body.unwrap(), r#"{"title":"New"}"#);
    assert_eq!(stored.facts.version, 2);
}

#[tokio::test]
async fn derived_actions_follow_the_stored_state() {
    let place = Place::open().await;
    place.world.subscribe(place.organization, "event.*").await;
    let confirmed = json!({"title": "Visit", "confirmed": {"flag": true}});
    let named = |names: &[&str]| names.iter().map(|name| ((*name).to_owned(), 1)).collect::<Vec<_>>();
    assert_eq!(
        place.put("b-1", Some(confirmed.clone()), 1).await,
        named(&["event.created", "event.confirmed"])
    );
    assert_eq!(place.put("b-1", Some(confirmed), 2).await, []);
    let cancelled = json!({"title": "Visit", "confirmed": {"flag": true}, "cancelled": true});
    assert_eq!(place.put("b-1", Some(cancelled), 3).await, named(&["event.cancelled"]));
    assert_eq!(place.put("b-1", None, 4).await, named(&["event.removed"]));
    assert_eq!(place.version("b-1").await, 4);
    assert_eq!(place.put("b-1", Some(json!({"title": "Again"})), 5).await, named(&["event.created"]));
    assert_eq!(place.version("b-1").await, 5, "versions go on after a removal");
}

#[tokio::test]
async fn a_vyte_hook_is_not_told_twice_that_an_event_is_off() {
    let place = Place::open().await;
    place.hook_on_cancellations().await;
    let state = |cancelled: bool| Some(json!({"title": "Visit", "cancelled": cancelled}));
    place.put("cancelled", state(false), 1).await;
    assert_eq!(place.put("cancelled", state(true), 2).await, [("event.cancelled".to_owned(), 1)]);
    assert_eq!(place.put("cancelled", None, 3).await, [("event.removed".to_owned(), 0)]);
    place.put("removed", state(false), 4).await;
    assert_eq!(place.put("removed", None, 5).await, [("event.removed".to_owned(), 1)]);
}

#[tokio::test]
async fn a_wrong_item_names_its_place_and_changes_nothing() {
    let place = Place::open().await;
    let right = item("event.created", "b-1", &json!({}), None);
    let wrong = Item { kind: ResourceKind::Order, ..item("event.created", "b-2", &json!({}), None) };
    let refused = place.intake.publish(place.organization, &[right, wrong], None, at(1)).await.unwrap_err();
    assert!(
        matches!(refused, PublishError::InvalidItem { index: 1, pointer: "/resource_kind", .. }),
        "{refused}"
    );
    let id = ResourceId::new("b-1").unwrap();
    assert!(
        place.world.store.resource(place.organization, ResourceKind::Event, &id).await.unwrap().is_none()
    );
}

#[tokio::test]
async fn what_is_not_there_cannot_be_removed() {
    let place = Place::open().await;
    let refused = place.intake.put(place.organization, &new_state("b-1", None), at(1)).await.unwrap_err();
    assert!(matches!(refused, PublishError::UnknownResource), "{refused}");
}

#[tokio::test]
async fn a_publisher_gets_through_while_hooks_are_being_made() {
    let place = Place::open().await;
    let stop = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let mut makers = tokio::task::JoinSet::new();
    for _ in 0..2 {
        let (store, stop) = (Arc::clone(&place.world.store), Arc::clone(&stop));
        let organization = place.organization;
        makers.spawn(async move {
            while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                let new = new_subscription(organization, "order.created", "https://receiver.example/");
                store.change(CatalogueChange::CreateSubscription(Box::new(new))).await.unwrap().unwrap();
            }
        });
    }
    for number in 0..20 {
        let id = format!("b-{number}");
        place.publish(&[item("event.created", &id, &json!({"title": "Visit"}), None)]).await;
    }
    stop.store(true, std::sync::atomic::Ordering::Relaxed);
    makers.join_all().await;
    assert_eq!(place.version("b-19").await, 1);
}
