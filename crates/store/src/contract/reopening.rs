//! Closing and opening again.

use super::Fixture;
use super::world::{World, change};
use crate::error::StoreError;
use crate::feed::Announcement;

pub async fn everything_is_there_after_reopening(fixture: &dyn Fixture) {
    let mut world = World::open(fixture).await;
    let organization = world.organization().await;
    let first = world.subscribe(organization, "*").await;
    let second = world.subscribe(organization, "*").await;
    for _ in 0..3 {
        world.publish_one(organization).await;
    }
    let keys = world.deliveries(6).await;
    let of_second: Vec<_> = keys.iter().copied().filter(|key| key.receiver == second.receiver).collect();
    world.deliver(organization, second, &of_second).await;
    let before = world.store.material(&keys).await.unwrap();

    let world = world.reopen(fixture).await;
    let announced = world.store.receivers_with_pending().await.unwrap();
    let sequence = keys.iter().filter(|key| key.receiver == first.receiver).max().unwrap().sequence;
    assert_eq!(announced, vec![Announcement { organization, receiver: first.receiver, sequence }]);
    let after = world.store.material(&keys).await.unwrap();
    assert_eq!(before.len(), after.len());
    for (before, after) in before.iter().zip(&after) {
        assert_eq!((before.key, &before.action), (after.key, &after.action));
    }
}

pub async fn sequences_go_on_after_reopening(fixture: &dyn Fixture) {
    let world = World::open(fixture).await;
    let organization = world.organization().await;
    let one = world.subscribe(organization, "*").await;
    let first = world.publish_one(organization).await;
    let world = world.reopen(fixture).await;
    let second = world.publish_one(organization).await;
    assert_eq!(second.actions[0].sequence, first.actions[0].sequence.plus(2));
    let waiting = world.waiting(one).await;
    assert_ne!(waiting[0].resource, waiting[1].resource);
}

pub async fn a_closed_store_says_so(fixture: &dyn Fixture) {
    let mut world = World::open(fixture).await;
    let organization = world.organization().await;
    world.store.check().await.unwrap();
    let request = world.request(organization, vec![change("e1", None, &["event.created"])]);
    world.store.close().await;
    world.store.close().await;
    assert!(matches!(world.store.publish(request).await, Err(StoreError::ShuttingDown)));
    assert!(matches!(world.store.material(&[]).await, Err(StoreError::ShuttingDown)));
    assert!(matches!(world.store.check().await, Err(StoreError::ShuttingDown)));
    while world.feed.recv().await.is_some() {}
}

pub async fn figures_count_what_waits(fixture: &dyn Fixture) {
    let mut world = World::open(fixture).await;
    let organization = world.organization().await;
    let one = world.subscribe(organization, "*").await;
    for _ in 0..3 {
        world.publish_one(organization).await;
    }
    let keys = world.deliveries(3).await;
    world.deliver(organization, one, &keys[..1]).await;
    assert_eq!(world.store.figures().await.unwrap().pending_deliveries, 2);
    let figures = world.store.figures().await.unwrap();
    assert_eq!(figures.highest_sequence, keys[2].sequence);
    let world = world.reopen(fixture).await;
    assert_eq!(world.store.figures().await.unwrap(), figures);
}
