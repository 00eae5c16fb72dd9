//! Deleting subscriptions for which deliveries wait.

use rendezhook_domain::delivery::{DeliveryState, FinalState};
use rendezhook_domain::sequence::OrganizationNumber;

use super::Fixture;
use super::world::{World, at, change};
use crate::publish::Matched;
use crate::read::DeliveryFilter;

/// Lets so many deliveries wait for every subscription.
async fn fill(world: &World, organization: OrganizationNumber, count: usize) {
    for batch in 0..count.div_ceil(500) {
        let wanted = (count - batch * 500).min(500);
        let ids: Vec<String> = (0..wanted).map(|number| format!("e{batch}-{number}")).collect();
        world
            .publish(organization, ids.iter().map(|id| change(id, None, &["event.created"])).collect())
            .await;
    }
}

pub async fn what_waits_for_a_deleted_subscription_is_cancelled(fixture: &dyn Fixture) {
    let world = World::open(fixture).await;
    let organization = world.organization().await;
    let one = world.subscribe(organization, "*").await;
    fill(&world, organization, 2_500).await;
    world.delete(organization, one.subscription).await;
    assert!(!world.catalogue().subscriptions.contains_key(&one.subscription));
    assert!(world.catalogue().organization(organization).unwrap().subscriptions.is_empty());
    world.until_waiting(0).await;
    assert!(world.waiting(one).await.is_empty());

    let filter = DeliveryFilter {
        state: Some(DeliveryState::Ended(FinalState::Cancelled)),
        subscription: Some(one.subscription),
        ..DeliveryFilter::default()
    };
    let page = world.store.deliveries(organization, &filter, None, 3_000).await.unwrap();
    assert_eq!((page.deliveries.len(), page.next), (2_500, None));
    assert!(page.deliveries.iter().all(|view| view.ended_at == Some(at(5_000)) && view.attempts == 0));
}

pub async fn its_neighbours_keep_waiting(fixture: &dyn Fixture) {
    let world = World::open(fixture).await;
    let organization = world.organization().await;
    let [one, neighbour, elsewhere] = neighbours(&world, organization).await;
    fill(&world, organization, 700).await;
    world.delete(organization, one.subscription).await;
    fill_more(&world, organization).await;
    world.until_waiting(2 * 701).await;
    assert_eq!(world.waiting(neighbour).await.len(), 701);
    assert!(world.waiting(neighbour).await.iter().all(|kept| kept.subscription == neighbour.subscription));
    assert_eq!(world.waiting(elsewhere).await.len(), 701);
}

async fn neighbours(world: &World, organization: OrganizationNumber) -> [Matched; 3] {
    let one = world.subscribe_at(organization, "*", "https://receiver.example/hook").await;
    let neighbour = world.subscribe_at(organization, "*", "https://receiver.example/hook").await;
    [one, neighbour, world.subscribe(organization, "*").await]
}

async fn fill_more(world: &World, organization: OrganizationNumber) {
    world.publish(organization, vec![change("later", None, &["event.created"])]).await;
}

pub async fn a_deletion_goes_on_after_a_restart(fixture: &dyn Fixture) {
    let world = World::open(fixture).await;
    let organization = world.organization().await;
    let [one, neighbour, _] = neighbours(&world, organization).await;
    fill(&world, organization, 6_000).await;
    world.delete(organization, one.subscription).await;
    let world = world.reopen(fixture).await;
    world.until_waiting(2 * 6_000).await;
    let world = world.reopen(fixture).await;
    assert_eq!(world.waiting(neighbour).await.len(), 6_000);
    // Its number is not given to another one.
    let next = world.subscribe(organization, "*").await;
    assert!(next.subscription > neighbour.subscription && next.subscription != one.subscription);
}
