//! Order within a lane, independence of lanes.

use std::sync::atomic::{AtomicUsize, Ordering};

use rendezhook_domain::delivery::{DeliveryState, FinalState};
use rendezhook_domain::delivery_order::DeliveryOrder;
use rendezhook_domain::subscription::{Subscription, SubscriptionState};
use rendezhook_store::Store;
use rendezhook_store::change::{CatalogueChange, ReceiverUpdate};

use crate::receiver::{Answer, Received, Receiver};
use crate::world::{World, fast_options};

#[tokio::test]
async fn later_actions_of_a_resource_wait_for_a_failing_one() {
    let failures = AtomicUsize::new(0);
    let mut receiver = Receiver::start(move |request, _| {
        let fails = request.n() == 1 && failures.fetch_add(1, Ordering::SeqCst) < 3;
        Answer::Status(if fails { 500 } else { 200 })
    })
    .await;
    let mut world = World::running(fast_options()).await;
    world.subscribe(receiver.target("/")).await;
    for n in 1..=4 {
        world.publish("visit-1", n).await;
    }

    world.until_all(FinalState::Delivered).await;
    let order: Vec<u64> = receiver.rest().iter().map(Received::n).collect();
    assert_eq!(order, [1, 1, 1, 1, 2, 3, 4]);
}

#[tokio::test]
async fn a_failing_lane_does_not_hold_up_another() {
    let mut receiver = Receiver::start(|request, _| match request.n() {
        1 => Answer::Held,
        _ => Answer::Status(200),
    })
    .await;
    let mut world = World::running(fast_options()).await;
    world.subscribe(receiver.target("/")).await;
    world.publish("visit-1", 1).await;
    world.publish("visit-1", 2).await;
    world.publish("visit-2", 3).await;

    // The held request is under way while the other lane is served.
    let mut first: Vec<u64> = receiver.next_requests(2).await.iter().map(Received::n).collect();
    first.sort_unstable();
    assert_eq!(first, [1, 3]);
    receiver.release();
    assert_eq!(receiver.next().await.n(), 2);
    world.until_all(FinalState::Delivered).await;
}

#[tokio::test]
async fn one_action_for_several_subscriptions_of_a_receiver_reaches_each() {
    let mut receiver = Receiver::answering(200).await;
    let mut world = World::running(fast_options()).await;
    for key in 0..3 {
        world.subscribe(receiver.target(&format!("/hooks?key={key}"))).await;
    }
    world.publish("visit-1", 1).await;
    world.publish("visit-1", 2).await;

    let deliveries = world.until(|all| all.len() == 6 && all.iter().all(|one| one.ended_at.is_some())).await;
    assert_eq!(deliveries.len(), 6);
    let order: Vec<u64> = receiver.rest().iter().map(Received::n).collect();
    assert_eq!(order, [1, 1, 1, 2, 2, 2]);
}

/// Puts the deliveries of a subscription's receiver into an order.
async fn put_in_order(world: &World, subscription: &Subscription, order: DeliveryOrder) {
    let catalogue = world.store().catalogue();
    let organization = catalogue.organization(subscription.organization).unwrap();
    let update = CatalogueChange::UpdateReceiver {
        organization: subscription.organization,
        receiver: organization.receiver(subscription.receiver).unwrap().id,
        update: ReceiverUpdate { order: Some(order), ..ReceiverUpdate::default() },
    };
    world.change(update).await;
}

#[tokio::test]
async fn without_an_order_a_failing_delivery_holds_up_nobody() {
    let mut receiver = Receiver::start(|request, _| match request.n() {
        1 => Answer::Held,
        _ => Answer::Status(200),
    })
    .await;
    let mut world = World::running(fast_options()).await;
    let subscription = world.subscribe(receiver.target("/")).await;
    put_in_order(&world, &subscription, DeliveryOrder::None).await;
    for n in 1..=3 {
        world.publish("visit-1", n).await;
    }
    let mut arrived: Vec<u64> = receiver.next_requests(3).await.iter().map(Received::n).collect();
    arrived.sort_unstable();
    assert_eq!(arrived, [1, 2, 3], "the first one is held still");
    receiver.release();
    world.until_all(FinalState::Delivered).await;
}

#[tokio::test]
async fn a_strict_receiver_gets_one_action_after_the_other_also_after_a_restart() {
    let mut receiver = Receiver::start(|request, _| match request.n() {
        1 => Answer::Held,
        _ => Answer::Status(200),
    })
    .await;
    let mut world = World::running(fast_options()).await;
    let subscription = world.subscribe(receiver.target("/")).await;
    for n in 1..=2 {
        world.publish(&format!("visit-{n}"), n).await;
    }
    // Both are under way when the order changes, and finish before anything else starts.
    receiver.next_requests(2).await;
    put_in_order(&world, &subscription, DeliveryOrder::Strict).await;
    for n in 3..=6 {
        world.publish(&format!("visit-{n}"), n).await;
    }
    assert!(receiver.rest().is_empty());
    receiver.release();
    world.until_all(FinalState::Delivered).await;
    let arrived: Vec<u64> = receiver.rest().iter().map(Received::n).collect();
    assert_eq!(arrived, [3, 4, 5, 6]);

    world.crash_and_reopen().await;
    for n in 7..=12 {
        world.publish(&format!("visit-{n}"), n).await;
    }
    world.start(fast_options());
    world.until_all(FinalState::Delivered).await;
    let arrived: Vec<u64> = receiver.rest().iter().map(Received::n).collect();
    assert_eq!(arrived, [7, 8, 9, 10, 11, 12]);
}

#[tokio::test]
async fn a_delivery_says_which_version_the_receiver_accepted_before() {
    let failures = AtomicUsize::new(0);
    let mut receiver = Receiver::start(move |request, _| match request.n() {
        2 => Answer::Status(410),
        3 if failures.fetch_add(1, Ordering::SeqCst) == 0 => Answer::Status(500),
        _ => Answer::Status(200),
    })
    .await;
    let mut world = World::running(fast_options()).await;
    world.subscribe(receiver.target("/")).await;
    for n in 1..=4 {
        world.publish("visit-1", n).await;
    }
    world.until(|all| all.iter().all(|one| one.ended_at.is_some())).await;
    let said: Vec<(u64, Option<String>)> = receiver
        .rest()
        .iter()
        .map(|request| (request.n(), request.headers.get("webhook-previous").map(text)))
        .collect();
    let said: Vec<(u64, Option<&str>)> = said.iter().map(|(n, value)| (*n, value.as_deref())).collect();
    let expected = [(1, None), (2, Some("1")), (3, Some("1")), (3, Some("1")), (4, Some("3"))];
    assert_eq!(said, expected, "the second one was refused");
}

fn text(value: &http::HeaderValue) -> String {
    value.to_str().unwrap().to_owned()
}

#[tokio::test]
async fn waiting_updates_fold_into_the_newest_which_says_so() {
    let mut receiver = Receiver::answering(200).await;
    let mut world = World::running(fast_options()).await;
    let subscription = world.subscribe_as(receiver.target("/"), |new| new.folds_updates = true).await;
    world.publish("visit-1", 1).await;
    world.until_all(FinalState::Delivered).await;
    world.set_state(&subscription, SubscriptionState::Paused).await;
    world.action = "event.updated";
    for n in 2..=4 {
        world.publish("visit-1", n).await;
    }
    // What was folded is told by the store, so a restart loses nothing of it.
    world.crash_and_reopen().await;
    world.start(fast_options());
    world.set_state(&subscription, SubscriptionState::Enabled).await;

    let deliveries = world.until(|all| all.iter().all(|one| one.ended_at.is_some())).await;
    let state = |place: usize| deliveries[place].state;
    let folded = DeliveryState::Ended(FinalState::Folded);
    let delivered = DeliveryState::Ended(FinalState::Delivered);
    let mut states: Vec<_> = (0..4).map(state).collect();
    states.sort_by_key(|state| *state == folded);
    assert_eq!(states, [delivered, delivered, folded, folded]);
    let requests = receiver.rest();
    let last = requests.last().unwrap();
    assert_eq!((requests.len(), last.n()), (2, 4));
    assert_eq!((last.header("webhook-folded"), last.header("webhook-previous")), ("2", "1"));
    let mut ids: Vec<String> =
        deliveries.iter().filter(|one| one.state == folded).map(|one| one.id.to_string()).collect();
    ids.sort_unstable();
    assert_eq!(last.json()["data"]["folded"], serde_json::json!(ids));
}
