//! Timers and what is delivered later, on a real store: firings move with their resources, and fire once.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests fail by panicking")]

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use proptest::prelude::*;
use rendezhook_domain::id::TimerId;
use rendezhook_domain::resource::{ResourceId, ResourceKind};
use rendezhook_domain::sequence::{OrganizationNumber, TimerNumber};
use rendezhook_domain::time::Timestamp;
use rendezhook_domain::timer::{Condition, LatePolicy, Lateness, Rule};
use rendezhook_intake::{FiringOutcome, Intake, Item, Later, NewState, PublishError};
use rendezhook_secrets::KeyEncryptionKey;
use rendezhook_store::Store;
use rendezhook_store::change::{CatalogueChange, NewTimer, OrganizationUpdate, TimerUpdate};
use rendezhook_store::contract::Fixture;
use rendezhook_store::contract::world::{World, at, uuid};
use rendezhook_store::feed::{FeedLimits, FeedReceiver};
use rendezhook_store::firing::{DueFiring, FiringContent};
use rendezhook_store::publish::{Matched, PublishOutcome};
use rendezhook_store::sqlite::{SqliteOptions, SqliteStore};
use serde_json::{Value, json};

struct Directory(tempfile::TempDir);

#[async_trait]
impl Fixture for Directory {
    async fn open(&self, feed: FeedLimits) -> (Arc<dyn Store>, FeedReceiver) {
        let key = KeyEncryptionKey::from_bytes([7; 32]);
        let options = SqliteOptions { feed, ..SqliteOptions::new(self.0.path(), key) };
        let (store, feed) = SqliteStore::open(options).unwrap();
        (store, feed)
    }
}

const HOUR: i64 = 3_600;

struct Place {
    world: World,
    intake: Arc<Intake>,
    organization: OrganizationNumber,
    all: Matched,
    _directory: Directory,
}

impl Place {
    async fn open() -> Self {
        let directory = Directory(tempfile::tempdir().unwrap());
        let world = World::open(&directory).await;
        let organization = world.organization().await;
        let all = world.subscribe(organization, "*").await;
        let intake = Arc::new(Intake::new(Arc::clone(&world.store)));
        Self { world, intake, organization, all, _directory: directory }
    }

    async fn timer(&self, anchor: &str, offset: &str, lateness: Lateness) -> TimerNumber {
        let id = TimerId::from_uuid(uuid());
        let new = NewTimer {
            id,
            organization: self.organization,
            name: Arc::from("a timer"),
            action: "event.starting".parse().unwrap(),
            rule: Rule {
                anchor: anchor.parse().unwrap(),
                offset: offset.parse().unwrap(),
                condition: Condition::Any,
            },
            lateness,
            expires_after_seconds: Some(900),
            created_at: at(0),
        };
        let catalogue = self.world.change(CatalogueChange::CreateTimer(Box::new(new))).await;
        let timers = &catalogue.organization(self.organization).unwrap().timers;
        timers.iter().find(|timer| timer.id == id).unwrap().number
    }

    async fn put(&self, id: &str, state: Option<Value>, now: i64) {
        let state = NewState {
            kind: ResourceKind::Event,
            resource_id: ResourceId::new(id).unwrap(),
            resource: state.map(|state| Bytes::from(state.to_string())),
            user: None,
            occurred_at: None,
            expires_at: None,
            if_version: None,
        };
        self.intake.put(self.organization, &state, at(now)).await.unwrap();
    }

    async fn publish(&self, item: Item, now: i64) {
        self.intake.publish(self.organization, &[item], None, at(now)).await.unwrap();
    }

    /// Everything that waits until then.
    async fn due(&self, seconds: i64) -> Vec<DueFiring> {
        self.world.store.due_firings(at(seconds), None, 500).await.unwrap().firings
    }

    /// Resource, timer and time of everything that waits.
    async fn waiting(&self) -> BTreeSet<(String, TimerNumber, Timestamp)> {
        let shown = |firing: DueFiring| match firing.content {
            FiringContent::Timer(timer) => (firing.resource_id.to_string(), timer, firing.key.due_at),
            FiringContent::Scheduled(_) => panic!("nothing is scheduled"),
        };
        self.due(1_000 * HOUR).await.into_iter().map(shown).collect()
    }

    async fn fire(&self, firing: &DueFiring, seconds: i64) -> FiringOutcome {
        self.intake.fire(firing, at(seconds)).await.unwrap()
    }

    async fn version(&self, id: &str) -> u64 {
        let id = ResourceId::new(id).unwrap();
        let stored = self.world.store.resource(self.organization, ResourceKind::Event, &id).await.unwrap();
        stored.unwrap().facts.version
    }

    /// The names of the actions that were delivered since, with their versions.
    async fn told(&mut self, count: usize) -> Vec<String> {
        let mut told = Vec::new();
        while told.len() < count {
            let committed = self.world.committed().await;
            told.extend(committed.iter().map(|one| format!("{} {}", one.action.name, one.action.version)));
        }
        told
    }
}

fn event(start: i64) -> Value {
    json!({
        "title": "Visit", "confirmed": { "flag": true },
        "dates": [{ "date": at(start).to_string(), "end_date": at(start + HOUR).to_string() }]
    })
}

fn cancelled(start: i64) -> Value {
    let mut event = event(start);
    event["cancelled"] = json!(true);
    event
}

fn item(action: &str, id: &str, resource: &Value) -> Item {
    Item {
        action: action.parse().unwrap(),
        kind: ResourceKind::Event,
        resource_id: ResourceId::new(id).unwrap(),
        resource: Bytes::from(resource.to_string()),
        user: None,
        occurred_at: None,
        expires_at: None,
        representations: None,
        later: None,
    }
}

fn later(key: &str, seconds: i64, item: Item) -> Item {
    Item { later: Some(Later { deliver_at: at(seconds), key: Arc::from(key) }), ..item }
}

#[tokio::test]
async fn a_timer_fires_an_ordinary_action_with_the_state_as_it_is_then() {
    let mut place = Place::open().await;
    place.timer("start", "-15m", Lateness::default()).await;
    place.put("b-1", Some(event(HOUR)), 0).await;
    place
        .put(
            "b-1",
            Some(json!({ "title": "Longer visit", "confirmed": true, "dates": event(HOUR)["dates"] })),
            9,
        )
        .await;
    let firing = place.due(HOUR).await.remove(0);
    assert_eq!(firing.key.due_at, at(2_700));

    let FiringOutcome::Fired { receipt, late_by_seconds: None } = place.fire(&firing, 2_701).await else {
        panic!("it did not fire");
    };
    assert_eq!(receipt.actions[0].deliveries, 1);
    assert_eq!(
        place.told(4).await,
        ["event.created 1", "event.confirmed 2", "event.updated 3", "event.starting 4"]
    );
    let waiting = place.world.waiting(place.all).await;
    let fired = place.world.store.material(&[waiting[3].key]).await.unwrap().remove(0).action;
    assert_eq!(
        (fired.occurred_at, fired.accepted_at, fired.expires_at),
        (at(2_700), at(2_701), Some(at(3_600)))
    );
    assert!(String::from_utf8_lossy(&fired.resource).contains("Longer visit"));
    assert_eq!(fired.fired.as_ref().unwrap().timer.as_ref(), "a timer");

    let id = ResourceId::new("b-1").unwrap();
    let stored =
        place.world.store.resource(place.organization, ResourceKind::Event, &id).await.unwrap().unwrap();
    assert_eq!((stored.facts.version, stored.facts.occurred_at), (4, at(9)), "its state did not change");
    assert_eq!(stored.body, Some(fired.resource.clone()));
    // What is derived afterwards goes on from there.
    place.put("b-1", Some(event(HOUR)), 2_800).await;
    assert_eq!(place.told(1).await, ["event.updated 5"]);
    assert_eq!(place.due(HOUR * 9).await, [], "and makes nothing anew that has fired");
}

#[tokio::test]
async fn of_a_firing_and_a_move_at_the_same_moment_one_wins() {
    for round in 0..20 {
        let place = Place::open().await;
        place.timer("start", "0s", Lateness::default()).await;
        place.put("b-1", Some(event(100)), 0).await;
        let firing = place.due(100).await.remove(0);
        let (outcome, other, ()) = tokio::join!(
            place.fire(&firing, 100),
            place.fire(&firing, 100),
            place.put("b-1", Some(event(1_000 + round)), 100),
        );
        let fired = |outcome: &FiringOutcome| matches!(outcome, FiringOutcome::Fired { .. });
        assert!(!(fired(&outcome) && fired(&other)), "it fires once");
        let fired = u64::from(fired(&outcome) || fired(&other));
        assert_eq!(place.version("b-1").await, 3 + fired, "created, confirmed, moved, and fired or not");
        let waiting = place.due(9_999).await;
        assert_eq!(waiting.len(), 1);
        assert_eq!(waiting[0].key.due_at, at(1_000 + round));
    }
}

#[tokio::test]
async fn a_cancelled_or_removed_event_fires_nothing_and_its_neighbour_does() {
    let place = Place::open().await;
    place.timer("start", "0s", Lateness::default()).await;
    place.timer("end", "24h", Lateness::default()).await;
    for id in ["cancelled", "removed", "named", "kept"] {
        place.put(id, Some(event(100)), 0).await;
    }
    assert_eq!(place.waiting().await.len(), 8);
    let before = place.due(100).await;
    place.put("cancelled", Some(cancelled(100)), 1).await;
    place.put("removed", None, 1).await;
    // Named by the publisher, with a state that says nothing of it.
    place.publish(item("event.cancelled", "named", &event(100)), 1).await;
    let left: BTreeSet<String> = place.waiting().await.into_iter().map(|(id, _, _)| id).collect();
    assert_eq!(left, BTreeSet::from([String::from("kept")]));
    let mut outcomes = Vec::new();
    for firing in &before {
        let fired = matches!(place.fire(firing, 100).await, FiringOutcome::Fired { .. });
        outcomes.push((firing.resource_id.to_string(), fired));
    }
    outcomes.retain(|(_, fired)| *fired);
    assert_eq!(outcomes, [(String::from("kept"), true)]);
}

#[tokio::test]
async fn late_firings_are_marked_or_skipped_as_their_timer_wants() {
    let place = Place::open().await;
    place.timer("start", "0s", Lateness::default()).await;
    let skips = Lateness { policy: LatePolicy::Skip, late_after_seconds: 300 };
    place.timer("start", "1s", skips).await;
    place.put("b-1", Some(event(100)), 0).await;
    let due = place.due(101).await;
    let outcome = place.fire(&due[0], 912).await;
    assert!(matches!(outcome, FiringOutcome::Fired { late_by_seconds: Some(812), .. }), "{outcome:?}");
    assert_eq!(place.fire(&due[1], 912).await, FiringOutcome::Skipped { late_by_seconds: 811 });
    assert_eq!(place.due(HOUR).await, [], "what is skipped is gone");
    assert_eq!(place.fire(&due[1], 101).await, FiringOutcome::Gone);
}

#[tokio::test]
async fn what_a_timer_does_not_want_any_more_does_not_fire() {
    let place = Place::open().await;
    let timer = place.timer("start", "0s", Lateness::default()).await;
    place.put("b-1", Some(event(100)), 0).await;
    let firing = place.due(100).await.remove(0);
    let update = TimerUpdate {
        organization: place.organization,
        timer,
        name: None,
        action: None,
        rule: Some(Rule {
            anchor: "start".parse().unwrap(),
            offset: "10m".parse().unwrap(),
            condition: Condition::Any,
        }),
        lateness: None,
        expires_after_seconds: None,
        at: at(50),
    };
    place.world.change(CatalogueChange::UpdateTimer(Box::new(update))).await;
    assert_eq!(place.fire(&firing, 100).await, FiringOutcome::Gone, "also before the firings are made anew");
    let organization = place.organization;
    place.world.change(CatalogueChange::DeleteTimer { organization, timer, at: at(60) }).await;
    assert_eq!(place.fire(&firing, 100).await, FiringOutcome::Gone);
}

#[tokio::test]
async fn a_scheduled_action_carries_what_was_published_and_leaves_the_state() {
    let mut place = Place::open().await;
    place.timer("start", "0s", Lateness::default()).await;
    let reminder = |title: &str| item("event.reminder", "b-1", &json!({ "title": title }));
    place.publish(later("r", 500, reminder("first")), 0).await;
    place.publish(later("r", 400, Item { expires_at: Some(at(600)), ..reminder("second") }), 1).await;
    place.put("b-1", Some(event(HOUR)), 2).await;
    let firing = place.due(400).await.remove(0);
    let outcome = place.fire(&firing, 401).await;
    assert!(matches!(outcome, FiringOutcome::Fired { late_by_seconds: None, .. }));
    assert_eq!(place.fire(&firing, 401).await, FiringOutcome::Gone);
    assert_eq!(place.told(3).await, ["event.created 1", "event.confirmed 2", "event.reminder 3"]);
    let waiting = place.world.waiting(place.all).await;
    let action = place.world.store.material(&[waiting[2].key]).await.unwrap().remove(0).action;
    assert_eq!(action.resource, Bytes::from_static(br#"{"title":"second"}"#));
    assert_eq!((action.occurred_at, action.expires_at), (at(400), Some(at(600))));
    assert_eq!(action.fired.as_ref().unwrap().timer.as_ref(), "r");
    let left: Vec<_> = place.waiting().await.into_iter().map(|(id, _, due_at)| (id, due_at)).collect();
    assert_eq!(left, [(String::from("b-1"), at(HOUR))], "the state and its timers stay");

    // Of a resource that nobody knows it becomes the state, with the timers that go with it.
    place.publish(later("n", 700, item("event.confirmed", "b-2", &event(2 * HOUR))), 0).await;
    let firing = place.due(700).await.remove(0);
    place.fire(&firing, 700).await;
    assert_eq!(place.version("b-2").await, 1);
    assert_eq!(place.waiting().await.len(), 2);
}

#[tokio::test]
async fn times_and_keys_of_what_is_delivered_later_are_checked() {
    let place = Place::open().await;
    let refused =
        async |items: &[Item]| match place.intake.publish(place.organization, items, None, at(0)).await {
            Err(PublishError::InvalidItem { index, pointer, .. }) => (index, pointer),
            other => panic!("{other:?}"),
        };
    let reminder = item("event.reminder", "b-1", &json!({}));
    let too_far = later("k", 401 * 24 * HOUR, reminder.clone());
    assert_eq!(refused(&[reminder.clone(), too_far]).await, (1, "/deliver_at"));
    let expired = Item { expires_at: Some(at(100)), ..later("k", 100, reminder.clone()) };
    assert_eq!(refused(&[expired]).await, (0, "/expires_at"));
    let twice = [later("k", 100, reminder.clone()), later("k", 200, reminder)];
    assert_eq!(refused(&twice).await, (1, "/key"));
    assert_eq!(place.due(HOUR).await, []);
}

#[tokio::test]
async fn an_organizations_default_expiry_spares_timers_and_cancellations() {
    let mut place = Place::open().await;
    let hours = |hours| CatalogueChange::UpdateOrganization {
        organization: place.organization,
        update: OrganizationUpdate { default_expiry_hours: Some(hours), ..OrganizationUpdate::default() },
    };
    let (set, unset) = (hours(Some(2)), hours(None));
    place.world.change(set).await;
    place.timer("start", "0s", Lateness::default()).await;
    place.put("b-1", Some(event(HOUR)), 0).await;
    place.publish(Item { expires_at: Some(at(77)), ..item("event.voted", "b-1", &event(HOUR)) }, 0).await;
    let firing = place.due(HOUR).await.remove(0);
    place.fire(&firing, HOUR).await;
    place.publish(item("event.edited", "b-1", &json!({ "confirmed": false })), 9 * HOUR).await;
    place.put("b-1", Some(cancelled(HOUR)), 9 * HOUR).await;
    place.world.change(unset).await;
    place.put("b-2", Some(event(HOUR)), 9 * HOUR).await;

    let waiting = place.world.waiting(place.all).await;
    let expiries: Vec<Option<Timestamp>> = waiting.iter().map(|delivery| delivery.expires_at).collect();
    let after_the_event = Some(at(HOUR + HOUR + 2 * HOUR));
    assert_eq!(
        expiries,
        [
            after_the_event,
            after_the_event,
            Some(at(77)),
            Some(at(HOUR + 900)),
            Some(at(11 * HOUR)),
            None,
            None,
            None
        ]
    );
    assert_eq!(place.told(8).await.len(), 8);
}

/// What happens to a booking.
#[derive(Debug, Clone)]
enum Step {
    Move(i64),
    Cancel,
    Remove,
    MoveByName(i64),
    Tick(i64),
}

fn steps() -> impl Strategy<Value = Vec<(usize, Step)>> {
    let step = prop_oneof![
        4 => (0_i64..40).prop_map(|hours| Step::Move(hours * HOUR)),
        1 => Just(Step::Cancel),
        1 => Just(Step::Remove),
        2 => (0_i64..40).prop_map(|hours| Step::MoveByName(hours * HOUR)),
        3 => (1_i64..6).prop_map(|hours| Step::Tick(hours * HOUR)),
    ];
    prop::collection::vec((0_usize..3, step), 1..25)
}

/// What should wait for a booking: for each timer the instant, if it was still to come when the booking was last moved.
#[derive(Default)]
struct Model {
    start: Option<i64>,
    waiting: BTreeSet<(usize, i64)>,
}

/// From the start of an event, in seconds.
const OFFSETS: [i64; 3] = [-900, 0, 25 * HOUR];

impl Model {
    fn set(&mut self, start: Option<i64>, now: i64) {
        self.start = start;
        let due: BTreeSet<(usize, i64)> = start
            .into_iter()
            .flat_map(|start| OFFSETS.iter().map(move |offset| start + offset).enumerate())
            .collect();
        self.waiting = due.into_iter().filter(|one| one.1 > now || self.waiting.contains(one)).collect();
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// However bookings are moved, cancelled, removed and fired: what waits is exactly what a model says, and each fires once.
    #[test]
    fn moving_bookings_leaves_exactly_their_firings(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(play(steps));
    }
}

async fn play(steps: Vec<(usize, Step)>) {
    let place = Place::open().await;
    let mut timers = Vec::new();
    for offset in OFFSETS {
        let anchor = if offset > 0 { ("end", offset - HOUR) } else { ("start", offset) };
        timers.push(place.timer(anchor.0, &format!("{}s", anchor.1), Lateness::default()).await);
    }
    let mut models = [Model::default(), Model::default(), Model::default()];
    let mut now = 0;
    for (booking, step) in steps {
        let id = format!("b-{booking}");
        let model = &mut models[booking];
        match step {
            Step::Move(start) => {
                place.put(&id, Some(event(start)), now).await;
                model.set(Some(start), now);
            }
            Step::MoveByName(start) => {
                place.publish(item("event.updated", &id, &event(start)), now).await;
                model.set(Some(start), now);
            }
            Step::Cancel => {
                place.put(&id, Some(cancelled(model.start.unwrap_or(0))), now).await;
                model.set(None, now);
            }
            Step::Remove if model.start.is_some() => {
                place.put(&id, None, now).await;
                model.set(None, now);
            }
            Step::Remove => {}
            Step::Tick(seconds) => {
                now += seconds;
                let mut fired = BTreeSet::new();
                for firing in place.due(now).await {
                    let outcome = place.fire(&firing, now).await;
                    assert!(matches!(outcome, FiringOutcome::Fired { .. }), "{firing:?} {outcome:?}");
                    fired.insert((firing.resource_id.to_string(), firing.key.due_at));
                    let request = rendezhook_store::publish::Publish {
                        firing: Some(firing.key),
                        ..place.world.request(place.organization, Vec::new())
                    };
                    let again = place.world.store.publish(request).await.unwrap();
                    assert_eq!(again, PublishOutcome::NotDue);
                }
                let mut expected = BTreeSet::new();
                for (number, model) in models.iter_mut().enumerate() {
                    expected.extend(
                        model
                            .waiting
                            .iter()
                            .filter(|(_, due)| *due <= now)
                            .map(|(_, due)| (format!("b-{number}"), at(*due))),
                    );
                    model.waiting.retain(|(_, due)| *due > now);
                }
                assert_eq!(fired, expected);
            }
        }
        let mut expected = BTreeSet::new();
        for (number, model) in models.iter().enumerate() {
            expected.extend(
                model.waiting.iter().map(|(timer, due)| (format!("b-{number}"), timers[*timer], at(*due))),
            );
        }
        assert_eq!(place.waiting().await, expected);
    }
}
