//! Endpoints that are spared: those that cannot be reached, and those that take only so much a second.

use std::time::{Duration, Instant};

use rendezhook_delivery::options::DeliveryOptions;
use rendezhook_delivery::scheduler::effect::BreakerState;
use rendezhook_domain::delivery::FinalState;
use rendezhook_domain::subscription::{RateLimit, Subscription};

use crate::receiver::{Answer, Received, Receiver, Refusing};
use crate::world::{World, fast_options, fast_retries};

/// Waits until the breaker of a subscription's endpoint stands as wanted and nothing is under way.
async fn until_breaker(world: &World, subscription: &Subscription, wanted: impl Fn(BreakerState) -> bool) {
    let endpoint = subscription.target.endpoint();
    let handle = world.handle();
    world
        .until(|_| {
            let figures = handle.figures();
            let state = handle.breaker(subscription.organization, &endpoint);
            wanted(state) && figures.in_flight == 0 && figures.waiting_to_record == 0
        })
        .await;
}

/// How many attempts of a subscription were made.
async fn attempts(world: &World, subscription: &Subscription) -> u32 {
    let deliveries = world.deliveries().await;
    let own = deliveries.iter().filter(|one| one.subscription == subscription.number);
    own.map(|one| u32::from(one.attempts)).sum()
}

#[tokio::test]
async fn an_endpoint_that_refuses_connections_is_spared_until_a_probe_gets_through() {
    let refusing = Refusing::new();
    let mut witness = Receiver::answering(200).await;
    let options = DeliveryOptions { retry: fast_retries(1_000), ..fast_options() };
    let mut world = World::running(options).await;
    let spared = world.subscribe(refusing.target("/hook")).await;
    for n in 1..=12 {
        world.publish(&format!("visit-{n}"), n).await;
    }
    until_breaker(&world, &spared, |state| matches!(state, BreakerState::Open { .. })).await;
    let before = attempts(&world, &spared).await;
    assert!(before >= 5, "{before}");

    // What is due goes on being delivered to others, and nothing to the one that is spared.
    world.subscribe(witness.target("/")).await;
    for n in 13..=16 {
        world.publish(&format!("visit-{n}"), n).await;
        assert_eq!(witness.next().await.n(), n);
    }
    assert_eq!(attempts(&world, &spared).await, before, "deliveries wait and use up no attempts");

    let mut receiver = refusing.recover(|_, before| match before {
        0 => Answer::Held,
        _ => Answer::Status(200),
    });
    world.clock.advance(Duration::from_secs(40));
    receiver.next().await;
    world.publish("visit-17", 17).await;
    assert_eq!(witness.next().await.n(), 17);
    assert!(receiver.rest().is_empty(), "one probe is under way, and everything else waits for it");
    receiver.release();
    world.until_all(FinalState::Delivered).await;
    until_breaker(&world, &spared, |state| state == BreakerState::Closed).await;
    assert_eq!(receiver.rest().len(), 16);
}

#[tokio::test]
async fn an_endpoint_gets_no_more_a_second_than_the_smallest_of_its_limits() {
    let mut receiver = Receiver::answering(200).await;
    let mut world = World::running(fast_options()).await;
    for (path, per_second) in [("/hook?key=1", 1_000), ("/hook?key=2", 4)] {
        let limit = RateLimit::new(per_second).unwrap();
        world.subscribe_as(receiver.target(path), |new| new.rate_limit = Some(limit)).await;
    }
    let began = Instant::now();
    for n in 1..=4 {
        world.publish(&format!("visit-{n}"), n).await;
    }
    let arrived = receiver.next_requests(8).await;
    // A second's worth goes at once; each of the other four waits for a quarter of a second. A busy machine makes it longer.
    assert!(began.elapsed() >= Duration::from_millis(990), "{:?}", began.elapsed());
    let mut each: Vec<u64> = arrived.iter().map(Received::n).collect();
    each.sort_unstable();
    assert_eq!(each, [1, 1, 2, 2, 3, 3, 4, 4]);

    let mut unlimited = Receiver::answering(200).await;
    world.subscribe(unlimited.target("/hook")).await;
    world.publish("visit-5", 5).await;
    assert_eq!(unlimited.next().await.n(), 5, "another endpoint does not wait");
    world.until_all(FinalState::Delivered).await;
}
