//! The feed, and the pages that stand in for it.

use std::collections::HashMap;

use rendezhook_domain::sequence::{ReceiverNumber, Sequence};

use super::Fixture;
use super::world::{World, change, keys_of};
use crate::feed::{Announcement, FeedEvent, FeedLimits};
use crate::pending::DeliveryKey;
use crate::publish::Matched;

pub async fn deliveries_come_in_commit_order(fixture: &dyn Fixture) {
    let mut world = World::open(fixture).await;
    let organization = world.organization().await;
    let one = world.subscribe(organization, "*").await;
    let requests: Vec<_> = (0..50)
        .map(|number| {
            world.request(organization, vec![change(&format!("e{number}"), None, &["event.created"])])
        })
        .collect();
    let mut waiting = tokio::task::JoinSet::new();
    for request in requests {
        let store = std::sync::Arc::clone(&world.store);
        waiting.spawn(async move { store.publish(request).await.unwrap() });
    }
    waiting.join_all().await;
    let keys = world.deliveries(50).await;
    assert!(keys.is_sorted());
    let stored: Vec<_> = world.waiting(one).await.iter().map(|delivery| delivery.key).collect();
    assert_eq!(keys, stored);
}

pub async fn a_change_of_the_catalogue_is_told(fixture: &dyn Fixture) {
    let mut world = World::open(fixture).await;
    let organization = world.organization().await;
    assert!(matches!(world.news().await, FeedEvent::CatalogueChanged));
    world.subscribe(organization, "*").await;
    world.publish_one(organization).await;
    assert!(matches!(world.news().await, FeedEvent::CatalogueChanged));
    assert!(matches!(world.news().await, FeedEvent::Committed(_)));
}

/// Takes over deliveries as the delivery side does: directly, or after an announcement from pages, never one twice.
#[derive(Default)]
struct Reader {
    loaded: HashMap<ReceiverNumber, Sequence>,
    taken: Vec<DeliveryKey>,
    announcements: usize,
}

impl Reader {
    async fn read(&mut self, world: &mut World, until: usize) {
        while self.taken.len() < until {
            match world.news().await {
                FeedEvent::CatalogueChanged => {}
                FeedEvent::Committed(actions) => {
                    for key in actions.iter().flat_map(keys_of) {
                        self.take(key);
                    }
                }
                FeedEvent::Announced(announcements) => {
                    self.announcements += 1;
                    for announcement in announcements {
                        self.page(world, announcement).await;
                    }
                }
            }
        }
        assert_eq!(self.taken.len(), until);
    }

    fn take(&mut self, key: DeliveryKey) {
        let loaded = self.loaded.insert(key.receiver, key.sequence);
        assert!(loaded < Some(key.sequence), "{key:?} comes after {loaded:?}");
        self.taken.push(key);
    }

    async fn page(&mut self, world: &World, announcement: Announcement) {
        let Announcement { receiver, sequence, .. } = announcement;
        loop {
            let loaded = self.loaded.get(&receiver).copied().unwrap_or(Sequence::ZERO);
            let page = world.store.pending_page(receiver, loaded, sequence, None, 4).await.unwrap();
            assert!(page.deliveries.len() <= 4);
            page.deliveries.iter().for_each(|delivery| self.take(delivery.key));
            if page.complete {
                break;
            }
        }
        assert_eq!(self.loaded.get(&receiver), Some(&sequence));
    }
}

pub async fn what_the_feed_has_no_room_for_is_announced_and_paged(fixture: &dyn Fixture) {
    let limits = FeedLimits { deliveries: 10, ..FeedLimits::default() };
    let mut world = World::open_with(fixture, limits).await;
    let organization = world.organization().await;
    world.subscribe(organization, "*").await;
    world.subscribe(organization, "event.created").await;
    for _ in 0..20 {
        world.publish_one(organization).await;
    }
    world.publish(organization, vec![change("late", None, &["event.edited"])]).await;
    let mut reader = Reader::default();
    reader.read(&mut world, 41).await;
    assert!(reader.announcements > 0);
    for _ in 0..20 {
        world.publish_one(organization).await;
    }
    reader.read(&mut world, 81).await;
}

pub async fn pages_of_one_subscription_leave_the_others_out(fixture: &dyn Fixture) {
    let world = World::open(fixture).await;
    let organization = world.organization().await;
    let one = world.subscribe_at(organization, "*", "https://receiver.example/hook").await;
    let other = world.subscribe_at(organization, "*", "https://receiver.example/hook").await;
    for _ in 0..5 {
        world.publish_one(organization).await;
    }
    assert_eq!(world.waiting(one).await.len(), 10);
    let page = own_page(&world, other, Sequence::ZERO, 3).await;
    assert_eq!((page.0.len(), page.1), (3, false));
    let page = own_page(&world, other, page.0[2], 3).await;
    assert_eq!((page.0.len(), page.1), (2, true));
    let page = own_page(&world, one, Sequence::ZERO, 5).await;
    assert_eq!((page.0.len(), page.1), (5, true));
}

/// A page of a subscription's own deliveries: their sequences, and whether it is the last page.
async fn own_page(world: &World, one: Matched, after: Sequence, limit: usize) -> (Vec<Sequence>, bool) {
    let page = world
        .store
        .pending_page(one.receiver, after, Sequence::MAXIMUM, Some(one.subscription), limit)
        .await
        .unwrap();
    assert!(page.deliveries.iter().all(|delivery| delivery.subscription == one.subscription));
    (page.deliveries.iter().map(|delivery| delivery.key.sequence).collect(), page.complete)
}

pub async fn pages_of_one_subscription_reach_beyond_many_others(fixture: &dyn Fixture) {
    let world = World::open(fixture).await;
    let organization = world.organization().await;
    let rare = world.subscribe_at(organization, "order.*", "https://receiver.example/hook").await;
    world.subscribe_at(organization, "event.*", "https://receiver.example/hook").await;
    for batch in 0..12 {
        let ids: Vec<String> = (0..500).map(|number| format!("e{batch}-{number}")).collect();
        let changes = ids.iter().map(|id| change(id, None, &["event.created"])).collect();
        world.publish(organization, changes).await;
    }
    world.publish(organization, vec![change("last", None, &["order.created"])]).await;
    let (sequences, complete) = own_page(&world, rare, Sequence::ZERO, 10).await;
    assert_eq!((sequences.len(), complete), (1, true));
}
