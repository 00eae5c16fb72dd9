//! Firings of timers: they move with their resource, fire once, and are made anew when timers change.

use std::sync::Arc;

use bytes::Bytes;
use rendezhook_domain::resource::ResourceKind;
use rendezhook_domain::sequence::{OrganizationNumber, TimerNumber};
use rendezhook_domain::time::Timestamp;
use rendezhook_domain::timer::{Condition, Fired, Lateness, Rule, Timer};

use super::Fixture;
use super::world::{Change, World, at, change, resource_id, uuid};
use crate::change::{CatalogueChange, ChangeRefusal, NewTimer, TimerUpdate};
use crate::firing::{DueFiring, DuePage, FiringContent, FiringKey, ResourceFirings};
use crate::publish::{Publish, PublishOutcome};

/// Later than every firing of these tests.
const END: i64 = 1_000_000;

fn new_timer(organization: OrganizationNumber, offset: &str) -> NewTimer {
    NewTimer {
        id: rendezhook_domain::id::TimerId::from_uuid(uuid()),
        organization,
        name: Arc::from("starting soon"),
        action: "event.starting".parse().unwrap(),
        rule: Rule {
            anchor: "/starts_at".parse().unwrap(),
            offset: offset.parse().unwrap(),
            condition: Condition::Any,
        },
        lateness: Lateness::default(),
        expires_after_seconds: None,
        created_at: at(0),
    }
}

impl World {
    /// Makes a timer so far from the member `starts_at` of events.
    async fn timer(&self, organization: OrganizationNumber, offset: &str) -> Arc<Timer> {
        let new = new_timer(organization, offset);
        let id = new.id;
        let catalogue = self.change(CatalogueChange::CreateTimer(Box::new(new))).await;
        let entry = catalogue.organization(organization).unwrap();
        let timer = entry.timers.iter().find(|timer| timer.id == id).unwrap();
        self.until_walked().await;
        Arc::clone(timer)
    }

    /// Waits until all firings are made anew.
    async fn until_walked(&self) {
        // Every check is a turn of the writer, in which it also does its own work; a walk over these few resources takes two.
        for _ in 0..4 {
            self.store.check().await.unwrap();
        }
    }

    /// Waits until nothing is made anew any more: until turns of the writer make no firing.
    async fn until_resting(&self) {
        for _ in 0..30 {
            self.store.check().await.unwrap();
        }
    }

    async fn count_due(&self, seconds: i64) -> usize {
        let (mut count, mut from) = (0, None);
        loop {
            let page = self.store.due_firings(at(seconds), from, 500).await.unwrap();
            count += page.firings.len();
            from = page.next;
            if from.is_none() {
                return count;
            }
        }
    }

    /// Fires, at the same time, some of the events with the last ids that are due at an instant; answers how many.
    async fn fire_last(&self, organization: OrganizationNumber, seconds: i64) -> usize {
        let mut due = self.store.due_firings(at(seconds), None, 500).await.unwrap().firings;
        due.retain(|firing| firing.key.due_at == at(seconds));
        due.sort_by(|one, other| other.resource_id.cmp(&one.resource_id));
        due.truncate(50);
        let mut under_way = tokio::task::JoinSet::new();
        for firing in &due {
            let request = self.firing_request(organization, firing.resource_id.as_str(), 1, firing.key);
            let store = Arc::clone(&self.store);
            under_way.spawn(async move { store.publish(request).await.unwrap() });
        }
        let outcomes = under_way.join_all().await;
        assert!(outcomes.iter().all(|outcome| matches!(outcome, PublishOutcome::Committed(_))));
        outcomes.len()
    }

    /// Publishes a change with the firings that go with it.
    async fn set(
        &self,
        organization: OrganizationNumber,
        change: Change,
        due: &[(TimerNumber, i64)],
        accepted_at: Timestamp,
    ) {
        let mut request = self.request(organization, vec![change]);
        request.accepted_at = accepted_at;
        let due = due.iter().map(|(timer, seconds)| (*timer, at(*seconds))).collect();
        request.changes[0].firings = Some(ResourceFirings { due, user: None });
        self.commit(request).await;
    }

    pub async fn due(&self, seconds: i64) -> DuePage {
        self.store.due_firings(at(seconds), None, 100).await.unwrap()
    }

    /// Resource and time of everything that waits.
    pub async fn waiting_firings(&self) -> Vec<(String, Timestamp)> {
        let page = self.due(END).await;
        assert_eq!(page.next, None);
        let shown = |firing: &DueFiring| (firing.resource_id.to_string(), firing.key.due_at);
        page.firings.iter().map(shown).collect()
    }

    /// What is committed when a firing of an event in this version fires.
    fn firing_request(
        &self,
        organization: OrganizationNumber,
        id: &str,
        version: u64,
        key: FiringKey,
    ) -> Publish {
        let mut request = self.request(organization, vec![change(id, Some(version), &["event.starting"])]);
        request.changes[0].stores_body = false;
        request.changes[0].actions[0].fired =
            Some(Fired { timer: Arc::from("starting soon"), late_by_seconds: Some(7) });
        request.firing = Some(key);
        request
    }
}

/// A new event that starts at an instant.
fn starting(id: &str, expected: Option<u64>, seconds: i64) -> Change {
    let body = Bytes::from(format!(r#"{{"starts_at":"{}"}}"#, at(seconds)));
    Change { body, ..change(id, expected, &["event.edited"]) }
}

pub async fn firings_move_with_their_resource_and_touch_no_other(fixture: &dyn Fixture) {
    let world = World::open(fixture).await;
    let (organization, other) = (world.organization().await, world.organization().await);
    let soon = world.timer(organization, "-15m").await.number;
    let ended = world.timer(organization, "1h").await.number;
    let others = world.timer(other, "0s").await.number;
    world
        .set(organization, change("e1", None, &["event.created"]), &[(soon, 100), (ended, 200)], at(0))
        .await;
    world.set(organization, change("e2", None, &["event.created"]), &[(soon, 110)], at(0)).await;
    world.set(other, change("e1", None, &["event.created"]), &[(others, 120)], at(0)).await;
    let all = |e1: &[i64]| {
        let mut all: Vec<_> = e1.iter().map(|seconds| ("e1".to_owned(), at(*seconds))).collect();
        all.extend([("e2".to_owned(), at(110)), ("e1".to_owned(), at(120))]);
        all.sort_by_key(|(_, due_at)| *due_at);
        all
    };
    assert_eq!(world.waiting_firings().await, all(&[100, 200]));

    world
        .set(organization, change("e1", Some(1), &["event.updated"]), &[(soon, 300), (ended, 400)], at(0))
        .await;
    assert_eq!(world.waiting_firings().await, all(&[300, 400]), "moved");
    world.set(organization, change("e1", Some(2), &["event.updated"]), &[(ended, 400)], at(0)).await;
    assert_eq!(world.waiting_firings().await, all(&[400]));
    world.publish(organization, vec![change("e1", Some(3), &["event.voted"])]).await;
    assert_eq!(world.waiting_firings().await, all(&[400]), "who says nothing of firings leaves them");
    world.set(organization, change("e1", Some(4), &["event.cancelled"]), &[], at(0)).await;
    assert_eq!(world.waiting_firings().await, all(&[]), "cancelling one event touches no other's");
}

pub async fn a_moment_that_is_past_makes_no_firing_and_one_that_waits_stays(fixture: &dyn Fixture) {
    let world = World::open(fixture).await;
    let organization = world.organization().await;
    let timer = world.timer(organization, "-15m").await.number;
    world.set(organization, change("e1", None, &["event.created"]), &[(timer, 100)], at(100)).await;
    assert_eq!(world.waiting_firings().await, vec![], "its moment was past when it was published");
    world.set(organization, change("e2", None, &["event.created"]), &[(timer, 100)], at(0)).await;
    world.set(organization, change("e2", Some(1), &["event.edited"]), &[(timer, 100)], at(500)).await;
    assert_eq!(world.waiting_firings().await, vec![("e2".to_owned(), at(100))], "it has not fired yet");
    world.set(organization, change("e2", Some(2), &["event.edited"]), &[(timer, 200)], at(500)).await;
    assert_eq!(world.waiting_firings().await, vec![], "moved into the past");
}

pub async fn a_firing_fires_once(fixture: &dyn Fixture) {
    let mut world = World::open(fixture).await;
    let organization = world.organization().await;
    world.subscribe(organization, "event.starting").await;
    let timer = world.timer(organization, "-15m").await.number;
    world.set(organization, change("e1", None, &["event.created"]), &[(timer, 100)], at(0)).await;
    let firing = world.due(100).await.firings.remove(0);
    assert_eq!(firing.content, FiringContent::Timer(timer));
    assert_eq!((firing.organization, firing.kind), (organization, ResourceKind::Event));
    assert_eq!(world.due(99).await.next_due, Some(at(100)));

    let stale = world.firing_request(organization, "e1", 7, firing.key);
    assert!(matches!(world.store.publish(stale).await.unwrap(), PublishOutcome::Stale(_)));
    assert_eq!(world.due(100).await.firings.len(), 1, "a stale request leaves it");

    let first = world.store.publish(world.firing_request(organization, "e1", 1, firing.key));
    let second = world.store.publish(world.firing_request(organization, "e1", 1, firing.key));
    let (first, second) = tokio::join!(first, second);
    let outcomes = [first.unwrap(), second.unwrap()];
    let committed = outcomes.iter().filter(|outcome| matches!(outcome, PublishOutcome::Committed(_))).count();
    assert_eq!(committed, 1, "{outcomes:?}");
    assert!(outcomes.contains(&PublishOutcome::NotDue), "{outcomes:?}");
    assert_eq!(world.waiting_firings().await, vec![]);

    let told = world.committed().await.remove(0);
    assert_eq!(
        told.action.fired,
        Some(Fired { timer: Arc::from("starting soon"), late_by_seconds: Some(7) })
    );
    let key = super::world::keys_of(&told)[0];
    let material = world.store.material(&[key]).await.unwrap();
    assert_eq!(*material[0].action, *told.action, "the store and the feed must tell the same");
    let stored = world.store.resource(organization, ResourceKind::Event, &resource_id("e1")).await.unwrap();
    assert_eq!(stored.unwrap().facts.version, 2);

    let again = world.firing_request(organization, "e1", 2, firing.key);
    assert_eq!(world.store.publish(again).await.unwrap(), PublishOutcome::NotDue);
    world.set(organization, change("e1", Some(2), &["event.edited"]), &[(timer, 100)], at(101)).await;
    assert_eq!(world.waiting_firings().await, vec![], "an edit of the event does not make it anew");
}

pub async fn a_firing_fires_once_also_when_the_clock_is_set_back(fixture: &dyn Fixture) {
    let mut world = World::open(fixture).await;
    let organization = world.organization().await;
    let timer = world.timer(organization, "-15m").await.number;
    let other = world.timer(organization, "0s").await.number;
    for id in ["e1", "e2"] {
        world
            .set(organization, change(id, None, &["event.created"]), &[(timer, 100), (other, 100)], at(0))
            .await;
    }
    for firing in world.due(100).await.firings {
        // Of both events one timer fires; the other one's firing of the first is left out, as one that is too late is.
        let mut request = world.firing_request(organization, firing.resource_id.as_str(), 1, firing.key);
        match (&firing.content, firing.resource_id.as_str()) {
            (FiringContent::Timer(number), _) if *number == timer => {}
            (_, "e1") => request.changes.clear(),
            _ => continue,
        }
        world.commit(request).await;
    }
    let edit = async |world: &World, id: &str, version: u64, due: &[(TimerNumber, i64)]| {
        world.set(organization, change(id, Some(version), &["event.edited"]), due, at(-5_000)).await;
    };
    let waiting = |pairs: &[(&str, i64)]| -> Vec<_> {
        pairs.iter().map(|(id, seconds)| ((*id).to_owned(), at(*seconds))).collect()
    };
    assert_eq!(world.waiting_firings().await, waiting(&[("e2", 100)]));
    edit(&world, "e1", 2, &[(timer, 100), (other, 100)]).await;
    assert_eq!(
        world.waiting_firings().await,
        waiting(&[("e2", 100), ("e1", 100)]),
        "one has fired, the other one was left out and now has its time before it"
    );
    edit(&world, "e1", 3, &[(timer, 90)]).await;
    assert_eq!(
        world.waiting_firings().await,
        waiting(&[("e1", 90), ("e2", 100)]),
        "another instant is another time"
    );
    world = world.reopen(fixture).await;
    edit(&world, "e1", 4, &[(timer, 100)]).await;
    assert_eq!(world.waiting_firings().await, waiting(&[("e2", 100)]), "moved to where it has fired");
    edit(&world, "e1", 5, &[(timer, 100)]).await;
    assert_eq!(world.waiting_firings().await, waiting(&[("e2", 100)]));

    world.retain(at(50), at(50)).await;
    edit(&world, "e1", 6, &[(timer, 100)]).await;
    assert_eq!(world.waiting_firings().await, waiting(&[("e2", 100)]), "remembered as long as metadata");
    world.retain(at(101), at(101)).await;
    edit(&world, "e1", 7, &[(timer, 100)]).await;
    assert_eq!(world.waiting_firings().await, waiting(&[("e2", 100), ("e1", 100)]));
}

pub async fn a_firing_loses_against_the_move_of_its_resource(fixture: &dyn Fixture) {
    let world = World::open(fixture).await;
    let organization = world.organization().await;
    let timer = world.timer(organization, "-15m").await.number;
    world.set(organization, change("e1", None, &["event.created"]), &[(timer, 100)], at(0)).await;
    let firing = world.due(100).await.firings.remove(0);
    world.set(organization, change("e1", Some(1), &["event.updated"]), &[(timer, 500)], at(99)).await;
    let request = world.firing_request(organization, "e1", 2, firing.key);
    assert_eq!(world.store.publish(request).await.unwrap(), PublishOutcome::NotDue);
    assert_eq!(world.waiting_firings().await, vec![("e1".to_owned(), at(500))]);
    let foreign = world.organization().await;
    let moved = world.due(500).await.firings.remove(0).key;
    let mut request = world.request(foreign, Vec::new());
    request.firing = Some(moved);
    assert_eq!(world.store.publish(request).await.unwrap(), PublishOutcome::NotDue, "another organization's");
}

pub async fn timers_apply_to_resources_that_are_there(fixture: &dyn Fixture) {
    let mut world = World::open(fixture).await;
    let organization = world.organization().await;
    // More than a turn of a walk looks at.
    for batch in 0..3 {
        let events = (0..100).map(|n| starting(&format!("e{}", batch * 100 + n), None, 1_000 + n)).collect();
        world.publish(organization, events).await;
    }
    let mut removed = change("e0", Some(1), &["event.removed"]);
    removed.removed = true;
    world.publish(organization, vec![removed]).await;
    let past = starting("past", None, -100);
    world
        .publish(organization, vec![past, Change { body: Bytes::from("{}"), ..change("none", None, &[]) }])
        .await;

    let timer = world.timer(organization, "1m").await;
    let due = async |world: &World| world.store.due_firings(at(END), None, 500).await.unwrap().firings;
    let all = due(&world).await;
    assert_eq!(all.len(), 299);
    assert_eq!(all[0].key.due_at, at(1_060));

    let earlier = TimerUpdate {
        organization,
        timer: timer.number,
        name: None,
        action: None,
        rule: Some(Rule { offset: "-1m".parse().unwrap(), ..timer.rule.clone() }),
        lateness: None,
        expires_after_seconds: Some(Some(9)),
        at: at(0),
    };
    world.change(CatalogueChange::UpdateTimer(Box::new(earlier))).await;
    world = world.reopen(fixture).await;
    world.until_walked().await;
    let all = due(&world).await;
    assert_eq!((all.len(), all[0].key.due_at), (299, at(940)), "the walk goes on after a restart");
    let catalogue = world.catalogue();
    let kept = catalogue.organization(organization).unwrap().timer(timer.number).unwrap();
    assert_eq!((kept.rule.offset.to_string().as_str(), kept.expires_after_seconds), ("-PT1M", Some(9)));

    world.change(CatalogueChange::DeleteTimer { organization, timer: timer.number, at: at(0) }).await;
    world.until_walked().await;
    assert_eq!(due(&world).await, vec![]);
}

pub async fn what_fired_before_a_walk_came_by_is_not_made_anew(fixture: &dyn Fixture) {
    let world = World::open(fixture).await;
    let organization = world.organization().await;
    world.timer(organization, "0s").await;
    // Enough for a walk of several turns; the last ids come last.
    for batch in 0..10 {
        let event = |n: i64| starting(&format!("e{}", batch * 100 + n), None, 100 + n % 2 * 100);
        world.publish(organization, (0..100).map(event).collect()).await;
    }
    let begin = async |offset: &str, seconds: i64| {
        let new = NewTimer { created_at: at(seconds), ..new_timer(organization, offset) };
        world.change(CatalogueChange::CreateTimer(Box::new(new))).await;
    };
    begin("10h", 0).await;
    world.until_resting().await;
    assert_eq!(world.count_due(200).await, 1_000);

    begin("20h", 0).await;
    let first = world.fire_last(organization, 100).await;
    world.until_resting().await;
    assert_eq!(world.count_due(200).await, 1_000 - first);

    begin("30h", 150).await;
    begin("40h", 151).await;
    let second = world.fire_last(organization, 200).await;
    world.until_resting().await;
    assert_eq!(world.count_due(200).await, 1_000 - first - second);
    assert_eq!(world.count_due(END).await, 5_000 - first - second, "the other timers wait for every event");
}

pub async fn timers_are_limited_and_belong_to_their_organization(fixture: &dyn Fixture) {
    let world = World::open(fixture).await;
    let (organization, other) = (world.organization().await, world.organization().await);
    let timer = world.timer(organization, "1m").await;
    let taken = NewTimer { id: timer.id, ..new_timer(organization, "2m") };
    assert_eq!(world.refused(CatalogueChange::CreateTimer(Box::new(taken))).await, ChangeRefusal::Taken);
    let foreign = CatalogueChange::DeleteTimer { organization: other, timer: timer.number, at: at(0) };
    assert_eq!(world.refused(foreign).await, ChangeRefusal::Unknown);
    for _ in 1..Timer::MAXIMUM {
        world.change(CatalogueChange::CreateTimer(Box::new(new_timer(organization, "3m")))).await;
    }
    let more = CatalogueChange::CreateTimer(Box::new(new_timer(organization, "3m")));
    assert_eq!(world.refused(more).await, ChangeRefusal::LimitReached(Timer::MAXIMUM));
    world.timer(other, "3m").await;
}
