//! Actions that were published to be delivered later, and what is due of everything that waits for its time.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use rendezhook_domain::resource::ResourceKind;
use rendezhook_domain::sequence::OrganizationNumber;
use rendezhook_domain::time::Timestamp;

use super::Fixture;
use super::world::{World, at, change, resource_id};
use crate::firing::{DuePage, FiringContent, NewScheduled, ScheduledContent};
use crate::publish::{Publish, PublishOutcome};

fn scheduled(key: &str, seconds: i64, body: &'static str) -> NewScheduled {
    NewScheduled {
        due_at: at(seconds),
        kind: ResourceKind::Event,
        resource_id: resource_id("e1"),
        user: Some(Arc::from("u1")),
        content: ScheduledContent {
            key: Arc::from(key),
            action: "event.reminder".parse().unwrap(),
            occurred_at: None,
            expires_at: Some(at(seconds + 60)),
            resource: Bytes::from_static(body.as_bytes()),
            representations: Some(Bytes::from_static(b"{\"vyte\":{}}")),
        },
    }
}

impl World {
    async fn schedule(&self, organization: OrganizationNumber, scheduled: Vec<NewScheduled>) {
        let request = Publish { scheduled, ..self.request(organization, Vec::new()) };
        self.commit(request).await;
    }

    async fn scheduled_keys(&self, organization: OrganizationNumber) -> Vec<(String, Timestamp)> {
        let listed = self.store.scheduled(organization, None, 100).await.unwrap();
        listed.into_iter().map(|view| (view.key.to_string(), view.due_at)).collect()
    }
}

pub async fn what_is_scheduled_is_replaced_cancelled_and_fired_by_its_key(fixture: &dyn Fixture) {
    let mut world = World::open(fixture).await;
    let (organization, other) = (world.organization().await, world.organization().await);
    world.schedule(organization, vec![scheduled("b", 200, "{\"n\":1}"), scheduled("a", 300, "{}")]).await;
    world.schedule(other, vec![scheduled("b", 210, "{}")]).await;
    let before = world.due(200).await.firings.remove(0);
    world.schedule(organization, vec![scheduled("b", 200, "{\"n\":2}")]).await;
    world = world.reopen(fixture).await;

    let keys = |pairs: &[(&str, i64)]| -> Vec<_> {
        pairs.iter().map(|(key, seconds)| ((*key).to_owned(), at(*seconds))).collect()
    };
    assert_eq!(world.scheduled_keys(organization).await, keys(&[("a", 300), ("b", 200)]));
    let second_page = world.store.scheduled(organization, Some(Arc::from("a")), 100).await.unwrap();
    assert_eq!(second_page.len(), 1);
    assert_eq!(second_page[0].expires_at, Some(at(260)));

    let replaced = Publish { firing: Some(before.key), ..world.request(organization, Vec::new()) };
    let outcome = world.store.publish(replaced).await.unwrap();
    assert_eq!(
        outcome,
        PublishOutcome::NotDue,
        "what was replaced does not fire, with the same time neither"
    );
    let firing = world.due(200).await.firings.remove(0);
    let expected = scheduled("b", 200, "{\"n\":2}");
    assert_eq!(firing.content, FiringContent::Scheduled(Box::new(expected.content)));
    assert_eq!(firing.user, expected.user);
    let mut fires = world.request(organization, vec![change("e1", None, &["event.reminder"])]);
    fires.firing = Some(firing.key);
    world.commit(fires).await;
    assert_eq!(world.scheduled_keys(organization).await, keys(&[("a", 300)]));

    let cancel = async |organization, key: &str| {
        world.store.cancel_scheduled(organization, Arc::from(key)).await.unwrap()
    };
    assert!(!cancel(organization, "b").await, "fired already");
    assert!(!cancel(other, "a").await, "another organization's");
    assert!(cancel(organization, "a").await);
    assert!(!cancel(organization, "a").await);
    assert_eq!(world.scheduled_keys(organization).await, vec![]);
    assert_eq!(world.scheduled_keys(other).await, keys(&[("b", 210)]));
    assert_eq!(world.waiting_firings().await, vec![("e1".to_owned(), at(210))]);
}

pub async fn a_refused_request_schedules_nothing(fixture: &dyn Fixture) {
    let world = World::open(fixture).await;
    let organization = world.organization().await;
    let mut stale = world.request(organization, vec![change("e1", Some(9), &["event.edited"])]);
    stale.scheduled = vec![scheduled("a", 100, "{}")];
    assert!(matches!(world.store.publish(stale).await.unwrap(), PublishOutcome::Stale(_)));
    assert_eq!(world.scheduled_keys(organization).await, vec![]);
    assert_eq!(world.waiting_firings().await, vec![]);
}

pub async fn pages_of_what_is_due_follow_each_other(fixture: &dyn Fixture) {
    let world = World::open(fixture).await;
    let organization = world.organization().await;
    let all: Vec<_> = (0..25).map(|n| scheduled(&format!("k{n}"), 100 + n / 10, "{}")).collect();
    world.schedule(organization, all).await;
    world.schedule(organization, vec![scheduled("later", 900, "{}")]).await;
    let (mut seen, mut from) = (Vec::new(), None);
    loop {
        let page = world.store.due_firings(at(200), from, 10).await.unwrap();
        assert_eq!(page.next_due, Some(at(900)));
        seen.extend(page.firings.iter().map(|firing| firing.key));
        from = page.next;
        if from.is_none() {
            break;
        }
    }
    assert_eq!(seen.len(), 25);
    assert!(seen.is_sorted());
    seen.dedup();
    assert_eq!(seen.len(), 25);
}

pub async fn organizations_take_turns_when_much_is_due(fixture: &dyn Fixture) {
    let world = World::open(fixture).await;
    let (first, flooded, last) =
        (world.organization().await, world.organization().await, world.organization().await);
    for batch in 0..4 {
        let many = (0..500).map(|n| scheduled(&format!("k{batch}-{n}"), 10, "{}"));
        world.schedule(flooded, many.collect()).await;
    }
    for organization in [first, last] {
        let few = (0..10).map(|n| scheduled(&format!("k{n}"), 100 + n, "{}"));
        world.schedule(organization, few.collect()).await;
        world.schedule(organization, vec![scheduled("later", 900, "{}")]).await;
    }
    let (mut seen, mut from, mut pages) = (Vec::new(), None, 0);
    loop {
        let page = world.store.due_firings(at(200), from, 500).await.unwrap();
        assert!(page.firings.len() <= 500);
        seen.extend(page.firings.into_iter().map(|firing| (firing.organization, firing.key)));
        from = page.next;
        pages += 1;
        if from.is_none() {
            break;
        }
    }
    assert!(pages <= 6, "a round over few organizations has full pages, not {pages}");
    let place = |organization| seen.iter().rposition(|(of, _)| *of == organization).unwrap();
    assert!(place(first) < 10);
    assert!(place(last) < 20 + DuePage::A_TURN, "nobody waits for more than a turn of another");
    for (organization, count) in [(first, 10), (flooded, 2_000), (last, 10)] {
        let keys: Vec<_> = seen.iter().filter(|(of, _)| *of == organization).map(|(_, key)| *key).collect();
        assert!(keys.is_sorted_by(|one, other| one < other), "in the order of time, each once");
        assert_eq!(keys.len(), count);
    }
}

pub async fn an_earlier_firing_wakes_who_waits(fixture: &dyn Fixture) {
    let world = World::open(fixture).await;
    let organization = world.organization().await;
    let signal = world.store.firing_signal();
    signal.wait_until(Some(at(500)));
    world.schedule(organization, vec![scheduled("later", 600, "{}")]).await;
    let woken = async |within: Duration| tokio::time::timeout(within, signal.earlier()).await.is_ok();
    assert!(!woken(Duration::from_millis(1)).await, "what is later wakes nobody");
    world.schedule(organization, vec![scheduled("earlier", 400, "{}")]).await;
    assert!(woken(Duration::from_secs(30)).await);
    signal.wait_until(None);
    world.schedule(organization, vec![scheduled("much later", 900, "{}")]).await;
    assert!(woken(Duration::from_secs(30)).await);
}
