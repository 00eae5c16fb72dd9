//! The wall clock is set while deliveries wait.

use std::time::Duration;

use rendezhook_delivery::options::DeliveryOptions;
use rendezhook_domain::delivery::{DeliveryState, FinalState};
use rendezhook_domain::retry::RetryPolicy;

use crate::receiver::{Answer, Receiver};
use crate::world::World;

const HOUR: Duration = Duration::from_secs(3_600);

/// The first attempt fails, the second is due half a minute later.
fn options() -> DeliveryOptions {
    let retry = RetryPolicy::from_delays(&[Duration::ZERO, Duration::from_secs(30)]);
    DeliveryOptions { retry, ..DeliveryOptions::default() }
}

/// Answers 500 to the first request of all.
async fn fails_first() -> Receiver {
    Receiver::start(|_, before| Answer::Status(if before == 0 { 500 } else { 200 })).await
}

#[tokio::test]
async fn an_hour_forward_attempts_what_waits_and_ends_nothing() {
    let mut receiver = fails_first().await;
    let mut world = World::running(options()).await;
    world.subscribe(receiver.target("/")).await;
    let in_half_an_hour = world.now().after(HOUR / 2);
    world.publish_until("visit-1", 1, in_half_an_hour).await;
    world.until(|deliveries| deliveries[0].attempts == 1).await;

    world.clock.advance(HOUR);
    // Its time would have run out by the clock that was set; it is attempted as what has time left.
    world.publish_until("visit-2", 2, in_half_an_hour).await;
    world.until_all(FinalState::Delivered).await;
    assert!(world.handle().clock_guard().is_in_doubt());
    assert_eq!(receiver.rest().len(), 3);
}

#[tokio::test]
async fn an_hour_back_delays_no_retry_and_no_new_delivery() {
    let mut receiver = fails_first().await;
    let mut world = World::running(options()).await;
    world.subscribe(receiver.target("/")).await;
    let in_two_hours = world.now().after(2 * HOUR);
    world.publish_until("visit-1", 1, in_two_hours).await;
    world.until(|deliveries| deliveries[0].attempts == 1).await;

    world.clock.set_back(HOUR);
    world.publish_until("visit-2", 2, in_two_hours).await;
    world.until(|deliveries| deliveries[1].state == DeliveryState::Ended(FinalState::Delivered)).await;
    assert!(world.handle().clock_guard().is_in_doubt());
    assert_eq!(world.deliveries().await[0].state, DeliveryState::Waiting);
    // The monotonic clock goes on by the half minute after which the retry is due, wherever the wall clock stands.
    crate::world::pass(Duration::from_secs(40)).await;
    world.until_all(FinalState::Delivered).await;
    assert_eq!(receiver.rest().len(), 3);
}
