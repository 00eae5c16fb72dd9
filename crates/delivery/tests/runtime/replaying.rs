//! Deliveries that are made once more, as their receivers see them, and receivers that pause.

use std::time::Duration;

use rendezhook_delivery::options::DeliveryOptions;
use rendezhook_domain::delivery::{DeliveryOrigin, FinalState};
use rendezhook_domain::id::{DeliveryId, ReplayId};
use rendezhook_domain::pause::Pause;
use rendezhook_domain::replay::ReplayRate;
use rendezhook_domain::retry::RetryPolicy;
use rendezhook_domain::subscription::Subscription;
use rendezhook_store::Store;
use rendezhook_store::change::{CatalogueChange, ReceiverUpdate};
use rendezhook_store::replay::{NewReplay, Selection};

use crate::receiver::{Answer, Receiver};
use crate::world::{World, fast_options};

/// Asks for a delivery once more.
async fn replay(world: &World, of: DeliveryId, to: Option<&Subscription>, subscription: &Subscription) {
    let new = NewReplay {
        id: ReplayId::from_uuid(uuid::Uuid::now_v7()),
        organization: subscription.organization,
        user: None,
        selection: Selection::Listed(vec![of]),
        to: to.map(|to| to.number),
        rate: ReplayRate::default(),
        running_limit: 1,
        idempotency: None,
        at: world.now(),
    };
    assert_eq!(world.store().create_replay(new).await.unwrap().unwrap().made.len(), 1);
}

#[tokio::test]
async fn a_replay_is_the_same_message_and_a_backfill_another_one() {
    let mut receiver = Receiver::start(|_, before| Answer::Status(if before < 2 { 500 } else { 200 })).await;
    let mut other = Receiver::answering(200).await;
    let retry = RetryPolicy::from_delays(&[Duration::ZERO, Duration::from_secs(100)]);
    let mut world = World::running(DeliveryOptions { retry, ..DeliveryOptions::default() }).await;
    let subscription = world.subscribe(receiver.target("/")).await;
    world.publish("visit-1", 1).await;
    let first = receiver.next().await;
    world.until(|deliveries| deliveries[0].attempts == 1).await;
    world.clock.advance(Duration::from_secs(125));
    let ended = world.until_all(FinalState::Exhausted).await;
    receiver.next().await;

    replay(&world, ended[0].id, None, &subscription).await;
    let again = receiver.next().await;
    assert_eq!(again.id(), first.id());
    assert_eq!(again.body, first.body);
    assert_eq!((again.header("webhook-trigger"), again.header("webhook-replay")), ("replay", "true"));
    assert_eq!(again.header("webhook-attempt"), "1");

    let new = world.subscribe(other.target("/")).await;
    replay(&world, ended[0].id, Some(&new), &subscription).await;
    let backfill = other.next().await;
    assert_ne!(backfill.id(), first.id());
    assert_eq!((backfill.header("webhook-trigger"), backfill.n()), ("backfill", 1));
    let deliveries = world
        .until(|deliveries| {
            let delivered = |origin| {
                move |view: &&rendezhook_store::read::DeliveryView| {
                    view.origin == origin && view.ended_at.is_some()
                }
            };
            deliveries.iter().any(|view| delivered(DeliveryOrigin::Replay)(&view))
                && deliveries.iter().any(|view| delivered(DeliveryOrigin::Backfill)(&view))
        })
        .await;
    let backfilled = deliveries.iter().find(|view| view.origin == DeliveryOrigin::Backfill).unwrap();
    assert_eq!((backfilled.id.to_string().as_str(), backfilled.repeats), (backfill.id(), Some(ended[0].id)));
}

#[tokio::test]
async fn a_paused_receiver_gets_nothing_until_the_pause_ends_by_itself() {
    let mut receiver = Receiver::answering(200).await;
    let mut world = World::running(fast_options()).await;
    let subscription = world.subscribe(receiver.target("/")).await;
    let id = {
        let catalogue = world.store().catalogue();
        catalogue.organization(subscription.organization).unwrap().receiver(subscription.receiver).unwrap().id
    };
    let until = Some(world.now().after(Duration::from_secs(600)));
    let pause = Pause { since: world.now(), until, reason: None };
    let update = ReceiverUpdate { pause: Some(Some(pause)), ..ReceiverUpdate::default() };
    let organization = subscription.organization;
    world.change(CatalogueChange::UpdateReceiver { organization, receiver: id, update }).await;
    world.publish("visit-1", 1).await;
    // A test is made all the same; when it has arrived, what was published before it would have too.
    world.test_delivery(&subscription).await;
    assert_eq!(receiver.next().await.header("webhook-trigger"), "test");
    world.clock.advance(Duration::from_secs(601));
    assert_eq!(receiver.next().await.n(), 1);
    assert!(receiver.rest().is_empty());
}
