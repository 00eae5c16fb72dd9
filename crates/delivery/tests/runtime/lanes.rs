//! Order within a lane, independence of lanes.

use std::sync::atomic::{AtomicUsize, Ordering};

use rendezhook_domain::delivery::FinalState;

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
