//! Leaving out what has waited for too long.

use bytes::Bytes;
use rendezhook_domain::delivery::{DeliveryOrigin, DeliveryState, ExpiryReason, FinalState};
use rendezhook_domain::resource::ResourceKind;
use rendezhook_domain::sequence::{OrganizationNumber, Sequence};

use super::Fixture;
use super::world::{World, at, change, resource_id};
use crate::publish::{DetachedDelivery, Matched, Publish};
use crate::read::{Backlog, BacklogQuery, DeliveryFilter};
use crate::skip::{Skip, Skipped};

/// Publishes one action of a new event at a time.
async fn publish_at(world: &World, organization: OrganizationNumber, seconds: i64) {
    let request = world.request(organization, vec![change(&format!("e{seconds}"), None, &["event.created"])]);
    world.commit(Publish { accepted_at: at(seconds), ..request }).await;
}

/// Leaves out what a receiver or, when `only` says so, a subscription has that is older.
fn older_than(seconds: i64, one: Matched, only: bool) -> Skip {
    Skip {
        receiver: one.receiver,
        subscription: only.then_some(one.subscription),
        accepted_before: at(seconds),
        after: Sequence::ZERO,
        at: at(100),
    }
}

async fn backlog(world: &World, one: Matched, before: i64) -> Backlog {
    let query = BacklogQuery {
        receiver: one.receiver,
        subscription: Some(one.subscription),
        now: at(100),
        rate: Some(1),
        skip_before: Some(at(before)),
    };
    world.store.backlog(query).await.unwrap()
}

pub async fn what_is_too_old_expires_and_the_rest_waits(fixture: &dyn Fixture) {
    let world = World::open(fixture).await;
    let organization = world.organization().await;
    let target = "https://a.example/hook";
    let one = world.subscribe_at(organization, "*", target).await;
    let other = world.subscribe_at(organization, "*", target).await;
    assert_eq!(one.receiver, other.receiver);
    for seconds in [10, 20, 30, 40] {
        publish_at(&world, organization, seconds).await;
    }
    let planned = backlog(&world, one, 30).await;
    assert_eq!((planned.waiting, planned.skipped, planned.to_be_sent()), (4, 2, 2));

    let all = Skipped { ended: 2, looked_up_to: None };
    assert_eq!(world.store.skip_waiting(older_than(30, one, true)).await.unwrap(), all);
    let again = Skipped { ended: 0, looked_up_to: None };
    assert_eq!(world.store.skip_waiting(older_than(30, one, true)).await.unwrap(), again);
    assert_eq!(backlog(&world, one, 30).await.waiting, 2);
    assert_eq!(backlog(&world, other, 0).await.waiting, 4, "the neighbour keeps what it has");

    let rest = Skipped { ended: 6, looked_up_to: None };
    assert_eq!(world.store.skip_waiting(older_than(1_000, one, false)).await.unwrap(), rest);
    world.until_waiting(0).await;
    let world = world.reopen(fixture).await;
    let page = world.store.deliveries(organization, &DeliveryFilter::default(), None, 10).await.unwrap();
    assert_eq!(page.deliveries.len(), 8);
    for view in page.deliveries {
        assert_eq!(view.state, DeliveryState::Ended(FinalState::Expired));
        assert_eq!((view.expired_because, view.attempts), (Some(ExpiryReason::Skipped), 0));
    }
}

pub async fn more_than_a_turn_takes_is_left_out_step_by_step(fixture: &dyn Fixture) {
    let world = World::open(fixture).await;
    let organization = world.organization().await;
    let one = world.subscribe(organization, "*").await;
    for batch in 0..3 {
        let changes = (0..500).map(|n| change(&format!("e{batch}-{n}"), None, &["event.created"]));
        world.publish(organization, changes.collect()).await;
    }
    let mut skip = older_than(1, one, true);
    let mut ended = Vec::new();
    loop {
        let skipped = world.store.skip_waiting(skip).await.unwrap();
        ended.push(skipped.ended);
        match skipped.looked_up_to {
            Some(looked_up_to) => skip.after = looked_up_to,
            None => break,
        }
    }
    assert!(ended.len() > 1, "one turn of the writer does not do it all: {ended:?}");
    assert_eq!(ended.iter().sum::<u64>(), 1_500);
    world.until_waiting(0).await;
}

pub async fn a_test_is_not_left_out_and_a_push_is_as_old_as_itself(fixture: &dyn Fixture) {
    let world = World::open(fixture).await;
    let organization = world.organization().await;
    let one = world.subscribe(organization, "*").await;
    let detached = |origin, seconds| DetachedDelivery {
        organization,
        origin,
        matched: one,
        name: "event.updated".parse().unwrap(),
        kind: ResourceKind::Event,
        resource_id: resource_id("e1"),
        body: Bytes::from_static(b"{}"),
        version: 1,
        occurred_at: at(0),
        accepted_at: at(seconds),
        due_at: at(1_000),
    };
    publish_at(&world, organization, 10).await;
    for seconds in [10, 40] {
        let both = [DeliveryOrigin::Test, DeliveryOrigin::RePush].map(|origin| detached(origin, seconds));
        for answer in world.store.publish_detached(both.to_vec()).await.unwrap() {
            answer.unwrap();
        }
    }
    publish_at(&world, organization, 41).await;
    let skipped = world.store.skip_waiting(older_than(30, one, true)).await.unwrap();
    assert_eq!(skipped, Skipped { ended: 2, looked_up_to: None });
    let origins: Vec<_> = world.waiting(one).await.iter().map(|delivery| delivery.origin).collect();
    let expected =
        [DeliveryOrigin::Test, DeliveryOrigin::Test, DeliveryOrigin::RePush, DeliveryOrigin::Original];
    assert_eq!(origins, expected);
}
