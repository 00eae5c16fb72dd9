//! Actions with more deliveries than a turn takes.

use std::collections::HashSet;

use rendezhook_domain::id::ActionId;

use super::Fixture;
use super::world::{World, change};

/// More than a turn of any store takes.
const MANY: usize = 3_500;

pub async fn more_deliveries_than_a_turn_takes_come_in_order(fixture: &dyn Fixture) {
    let mut world = World::open(fixture).await;
    let organization = world.organization().await;
    let matched = world.subscribe_many(organization, "*", MANY).await;
    let receipt = world.publish_one(organization).await;
    assert_eq!(receipt.actions[0].deliveries, u32::try_from(MANY).unwrap());
    let keys = world.deliveries(MANY).await;
    assert!(keys.is_sorted_by_key(|key| key.sequence));
    let receivers: HashSet<_> = keys.iter().map(|key| key.receiver).collect();
    assert_eq!(receivers.len(), MANY);
    world.until_waiting(u64::try_from(MANY).unwrap()).await;
    for one in [matched[0], matched[MANY - 1]] {
        let waiting = world.waiting(one).await;
        assert_eq!(waiting.len(), 1);
        assert_eq!(waiting[0].action, receipt.actions[0].sequence);
    }
    let material = world.store.material(&keys[..10]).await.unwrap();
    let id = ActionId::new(receipt.accepted_at, receipt.actions[0].sequence, organization);
    assert!(material.len() == 10 && material.iter().all(|one| one.action.id() == id));
}

pub async fn a_later_action_of_the_resource_queues_behind(fixture: &dyn Fixture) {
    let mut world = World::open(fixture).await;
    let organization = world.organization().await;
    let matched = world.subscribe_many(organization, "event.created", MANY).await;
    let both = world.subscribe(organization, "*").await;
    let every_receiver = MANY + 1;
    let create = world.request(organization, vec![change("e1", None, &["event.created"])]);
    let edit = world.request(organization, vec![change("e1", Some(1), &["event.edited"])]);
    let other = world.request(organization, vec![change("e2", None, &["event.edited"])]);
    let (created, edited, other) =
        tokio::join!(world.commit(create), world.commit(edit), world.commit(other));
    assert!(created.actions[0].sequence < edited.actions[0].sequence);

    let keys = world.deliveries(every_receiver + 2).await;
    let waiting = world.waiting(both).await;
    let place = |action| {
        let delivery = waiting.iter().find(|delivery| delivery.action == action).unwrap();
        keys.iter().position(|key| *key == delivery.key).unwrap()
    };
    let edited_place = place(edited.actions[0].sequence);
    assert_eq!(edited_place, keys.len() - 1, "after every delivery of the action before it");
    assert!(place(other.actions[0].sequence) < edited_place, "another resource does not wait");
    assert_eq!(world.waiting(matched[0]).await.len(), 1);

    // Once the fan-out is written, nothing queues any more.
    let next = world.publish(organization, vec![change("e1", Some(2), &["event.edited"])]).await;
    assert_eq!(world.waiting(both).await.last().unwrap().action, next.actions[0].sequence);
}

pub async fn a_fan_out_goes_on_after_a_restart(fixture: &dyn Fixture) {
    let mut world = World::open(fixture).await;
    let organization = world.organization().await;
    world.subscribe_many(organization, "*", MANY).await;
    world.publish(organization, vec![change("e1", None, &["event.created"])]).await;
    world.store.close().await;
    let mut before = Vec::new();
    while let Some(event) = world.feed.recv().await {
        if let crate::feed::FeedEvent::Committed(actions) = event {
            before.extend(actions.iter().flat_map(super::world::keys_of));
        }
    }
    drop(world);

    let mut world = World::open(fixture).await;
    world.publish(organization, vec![change("e1", Some(1), &["event.edited"])]).await;
    let after = world.deliveries(2 * MANY - before.len()).await;
    assert!(before.len() < MANY, "closing does not wait for the rest");
    let all: Vec<_> = before.into_iter().chain(after).collect();
    assert!(all.is_sorted_by_key(|key| key.sequence));
    let mut first_half = HashSet::new();
    assert!(all[..MANY].iter().all(|key| first_half.insert(key.receiver)));
    let mut second_half = HashSet::new();
    assert!(all[MANY..].iter().all(|key| second_half.insert(key.receiver)));
    let announced = world.store.receivers_with_pending().await.unwrap();
    assert_eq!(announced.len(), MANY);
}

pub async fn a_subscription_deleted_in_between_gets_nothing(fixture: &dyn Fixture) {
    let mut world = World::open(fixture).await;
    let organization = world.organization().await;
    let matched = world.subscribe_many(organization, "*", MANY).await;
    let last = matched[MANY - 1];
    let request = world.request(organization, vec![change("e1", None, &["event.created"])]);
    let (_, ()) = tokio::join!(world.commit(request), world.delete(organization, last.subscription));
    let keys = world.deliveries(MANY - 1).await;
    assert!(keys.iter().all(|key| key.receiver != last.receiver));
    world.until_waiting(u64::try_from(MANY - 1).unwrap()).await;
    assert!(world.waiting(last).await.is_empty());
}
