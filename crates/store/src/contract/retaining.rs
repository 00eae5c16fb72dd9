//! Removing what retention no longer keeps.

use rendezhook_domain::delivery::{DeliveryState, FinalState};
use rendezhook_domain::resource::ResourceKind;
use rendezhook_domain::time::Timestamp;

use super::Fixture;
use super::world::{World, at, attempt, change, claim, record, resource_id, retry_at};
use crate::pending::DeliveryKey;
use crate::publish::{Publish, PublishOutcome, Receipt};
use crate::read::DeliveryFilter;
use crate::record::Record;

/// Publishes one action of an event at a time.
async fn publish_at(
    world: &World,
    organization: rendezhook_domain::sequence::OrganizationNumber,
    id: &str,
    expected: Option<u64>,
    accepted_at: Timestamp,
) -> Receipt {
    let request = world.request(organization, vec![change(id, expected, &["event.edited"])]);
    world.commit(Publish { accepted_at, ..request }).await
}

pub async fn old_bodies_go_and_latest_states_stay(fixture: &dyn Fixture) {
    let mut world = World::open(fixture).await;
    let organization = world.organization().await;
    let one = world.subscribe(organization, "*").await;
    let first = publish_at(&world, organization, "e1", None, at(10)).await;
    let second = publish_at(&world, organization, "e1", Some(1), at(20)).await;
    let third = publish_at(&world, organization, "e2", None, at(30)).await;
    let keys = world.deliveries(3).await;
    world.deliver(organization, one, &keys).await;
    world.retain(at(25), Timestamp::EARLIEST).await;

    let bodies = [(&first, false), (&second, true), (&third, true)];
    for ((receipt, expected), key) in bodies.into_iter().zip(&keys) {
        let detail = world.store.delivery(organization, world.id_of(receipt, *key)).await.unwrap().unwrap();
        assert_eq!(detail.resource.is_some(), expected);
        assert_eq!(detail.view.state, DeliveryState::Ended(FinalState::Delivered));
    }
    let world = world.reopen(fixture).await;
    let stored = world.store.resource(organization, ResourceKind::Event, &resource_id("e1")).await.unwrap();
    assert_eq!(stored.unwrap().body, Some(change("e1", Some(1), &[]).body));
}

pub async fn what_waits_too_long_expires_first(fixture: &dyn Fixture) {
    let mut world = World::open(fixture).await;
    let organization = world.organization().await;
    let one = world.subscribe(organization, "*").await;
    let other = world.subscribe(organization, "*").await;
    let old = publish_at(&world, organization, "e1", None, at(10)).await;
    let young = publish_at(&world, organization, "e2", None, at(30)).await;
    let keys = world.deliveries(4).await;
    let sent = Some(bytes::Bytes::from_static(b"sent"));
    let failed = |key: DeliveryKey| Record {
        freeze: sent.clone(),
        at: at(31),
        ..record(organization, one, key, Some(attempt(1, 500)), retry_at(60))
    };
    world.store.record(vec![failed(keys[0]), failed(keys[2])]).await.unwrap();
    world.retain(at(20), Timestamp::EARLIEST).await;

    let view = world.store.delivery(organization, world.id_of(&old, keys[0])).await.unwrap().unwrap().view;
    assert_eq!((view.state, view.attempts), (DeliveryState::Ended(FinalState::Expired), 1));
    let view = world.store.delivery(organization, world.id_of(&old, keys[1])).await.unwrap().unwrap().view;
    assert_eq!((view.state, view.attempts), (DeliveryState::Ended(FinalState::Expired), 0));
    assert_eq!(world.waiting(one).await.len(), 1);
    assert_eq!(world.waiting(other).await.len(), 1);
    let material = world.store.material(&keys).await.unwrap();
    assert_eq!(material.len(), 2);
    assert_eq!((material[0].key, &material[0].frozen_body), (keys[2], &sent));
    assert_eq!(material[0].action.sequence, young.actions[0].sequence);
}

pub async fn old_metadata_goes_after_the_bodies(fixture: &dyn Fixture) {
    let mut world = World::open(fixture).await;
    let organization = world.organization().await;
    let one = world.subscribe(organization, "*").await;
    for batch in 0..5 {
        let ids: Vec<String> = (0..300).map(|number| format!("e{batch}-{number}")).collect();
        let changes = ids.iter().map(|id| change(id, None, &["event.created"])).collect();
        world.commit(Publish { accepted_at: at(batch), ..world.request(organization, changes) }).await;
    }
    let keys = world.deliveries(1_500).await;
    world.deliver(organization, one, &keys[..900]).await;
    world.deliver(organization, one, &keys[900..]).await;
    world.retain(at(4), at(3)).await;

    let everything = DeliveryFilter::default();
    let page = world.store.deliveries(organization, &everything, None, 2_000).await.unwrap();
    assert_eq!((page.deliveries.len(), page.next), (600, None));
    assert!(page.deliveries.iter().all(|view| view.accepted_at >= at(3)));
    let id = world.id_of(&Receipt { accepted_at: at(0), actions: vec![] }, keys[0]);
    assert!(world.store.delivery(organization, id).await.unwrap().is_none());
    assert!(world.store.attempts(organization, id).await.unwrap().is_none());
    let of_resource =
        DeliveryFilter { resource: Some((ResourceKind::Event, resource_id("e0-0"))), ..everything.clone() };
    assert!(
        world.store.deliveries(organization, &of_resource, None, 10).await.unwrap().deliveries.is_empty()
    );
    let stored = world.store.resource(organization, ResourceKind::Event, &resource_id("e0-0")).await.unwrap();
    assert!(stored.is_some(), "latest states are kept");

    world.retain(at(1_000), at(1_000)).await;
    let page = world.store.deliveries(organization, &everything, None, 2_000).await.unwrap();
    assert!(page.deliveries.is_empty());
    assert!(!world.store.retain(at(1_000), at(1_000), at(1_000)).await.unwrap(), "nothing is left to remove");
}

pub async fn a_latest_state_that_outlived_retention_goes_when_it_is_replaced(fixture: &dyn Fixture) {
    let mut world = World::open(fixture).await;
    let organization = world.organization().await;
    let one = world.subscribe(organization, "*").await;
    let old = publish_at(&world, organization, "e1", None, at(10)).await;
    let keys = world.deliveries(1).await;
    world.deliver(organization, one, &keys).await;
    world.retain(at(20), Timestamp::EARLIEST).await;
    let id = world.id_of(&old, keys[0]);
    assert!(world.store.delivery(organization, id).await.unwrap().unwrap().resource.is_some());
    publish_at(&world, organization, "e1", Some(1), at(30)).await;
    assert!(world.store.delivery(organization, id).await.unwrap().unwrap().resource.is_none());
}

pub async fn expired_idempotency_keys_go(fixture: &dyn Fixture) {
    let world = World::open(fixture).await;
    let organization = world.organization().await;
    let request = |world: &World, id: &str, accepted_at| {
        let request = world.request(organization, vec![change(id, None, &["event.created"])]);
        Publish { idempotency: Some(claim("key", 1)), accepted_at, ..request }
    };
    world.commit(request(&world, "e1", at(0))).await;
    while world.store.retain(Timestamp::EARLIEST, Timestamp::EARLIEST, at(3_599)).await.unwrap() {}
    let again = world.store.publish(request(&world, "e1", at(1))).await.unwrap();
    assert!(matches!(again, PublishOutcome::Replayed(_)));
    while world.store.retain(Timestamp::EARLIEST, Timestamp::EARLIEST, at(3_600)).await.unwrap() {}
    // Its time is not over for this request, so only its removal can have freed the key.
    world.commit(request(&world, "e2", at(2))).await;
}
