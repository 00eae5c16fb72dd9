//! Restarts, stops, a store that fails, a feed that overflows.

use std::collections::HashMap;
use std::time::Duration;

use rendezhook_delivery::options::DeliveryOptions;
use rendezhook_delivery::runtime::DeliveryError;
use rendezhook_domain::delivery::{DeliveryState, FinalState};
use rendezhook_domain::retry::RetryPolicy;
use rendezhook_store::feed::FeedLimits;
use tokio::time::timeout;

use crate::receiver::{Answer, PATIENCE, Received, Receiver};
use crate::world::{World, fast_options};

#[tokio::test]
async fn what_waits_at_the_end_of_the_process_is_delivered_by_the_next_one() {
    let mut receiver = Receiver::start(|request, before| match (request.n(), before) {
        (1, 0) => Answer::Status(500),
        _ => Answer::Status(200),
    })
    .await;
    let retry = RetryPolicy::from_delays(&[Duration::ZERO, Duration::from_secs(100)]);
    let options = DeliveryOptions { retry, ..DeliveryOptions::default() };
    let mut world = World::running(options.clone()).await;
    world.subscribe(receiver.target("/")).await;
    world.publish("visit-1", 1).await;
    world.until(|deliveries| deliveries[0].attempts == 1).await;
    world.publish("visit-1", 2).await;
    let first = receiver.next().await;

    world.crash_and_reopen().await;
    world.publish("visit-1", 3).await;
    world.start(options);
    world.clock.advance(Duration::from_secs(125));
    let requests = receiver.next_requests(3).await;
    assert_eq!(requests.iter().map(Received::n).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(requests[0].id(), first.id());
    assert_eq!(requests[0].body, first.body);
    world.until_all(FinalState::Delivered).await;
    world.stop().await.unwrap();
    assert!(receiver.rest().is_empty());
}

#[tokio::test]
async fn an_attempt_cut_off_by_the_end_of_the_process_is_made_again() {
    let mut receiver = Receiver::start(|_, before| match before {
        0 => Answer::Silence,
        _ => Answer::Status(200),
    })
    .await;
    let mut world = World::running(fast_options()).await;
    world.subscribe(receiver.target("/")).await;
    world.publish("visit-1", 1).await;
    let first = receiver.next().await;

    world.crash_and_reopen().await;
    world.start(fast_options());
    assert_eq!(receiver.next().await.id(), first.id());
    world.until_all(FinalState::Delivered).await;
}

#[tokio::test]
async fn outcomes_wait_for_a_store_that_cannot_be_written() {
    let mut receiver = Receiver::answering(200).await;
    let mut world = World::running(fast_options()).await;
    world.subscribe(receiver.target("/")).await;
    world.store().fail_records(true);
    for n in 1..=3 {
        world.publish("visit-1", n).await;
        world.publish(&format!("visit-1{n}"), n).await;
    }
    world.store().failed(2).await;
    assert!(world.deliveries().await.iter().all(|delivery| delivery.state == DeliveryState::Waiting));
    assert!(world.handle().figures().waiting_to_record > 0);

    world.store().fail_records(false);
    world.until_all(FinalState::Delivered).await;
    let mut attempts = HashMap::new();
    for request in receiver.rest() {
        *attempts.entry(request.id().to_owned()).or_insert(0) += 1;
    }
    assert_eq!(attempts.len(), 6);
    assert!(attempts.values().all(|count| *count == 1), "a recorded success was repeated: {attempts:?}");
    let mut figures = world.handle().watch_figures();
    let settled = figures.wait_for(|figures| figures.waiting_to_record == 0 && figures.in_memory == 0);
    timeout(PATIENCE, settled).await.unwrap().unwrap();
}

#[tokio::test]
async fn an_unreadable_store_costs_deliveries_no_attempt() {
    let mut receiver = Receiver::start(|_, before| Answer::Status(if before == 0 { 500 } else { 200 })).await;
    let mut world = World::running(fast_options()).await;
    world.subscribe(receiver.target("/")).await;
    world.store().fail_material(true);
    world.publish("visit-1", 1).await;
    world.store().failed(1).await;
    world.store().fail_material(false);

    let deliveries = world.until_all(FinalState::Delivered).await;
    assert_eq!(deliveries[0].attempts, 2);
    assert_eq!(receiver.rest().len(), 2);
}

#[tokio::test]
async fn a_stop_waits_for_attempts_and_records_them() {
    let mut receiver = Receiver::start(|_, _| Answer::Held).await;
    let mut world = World::running(fast_options()).await;
    world.subscribe(receiver.target("/")).await;
    world.publish("visit-1", 1).await;
    world.publish("visit-1", 2).await;
    receiver.next().await;

    let (stopped, ()) = tokio::join!(world.stop(), async { receiver.release() });
    stopped.unwrap();
    let deliveries = world.deliveries().await;
    assert_eq!(deliveries[0].state, DeliveryState::Ended(FinalState::Delivered));
    assert_eq!(deliveries[1].state, DeliveryState::Waiting);
    assert!(receiver.rest().is_empty(), "no attempt starts after the stop");
}

#[tokio::test]
async fn a_stop_does_not_wait_for_receivers_that_hang() {
    let mut receiver = Receiver::start(|_, _| Answer::Silence).await;
    let options = DeliveryOptions { attempt_deadline: Duration::from_secs(1), ..fast_options() };
    let mut world = World::running(options).await;
    world.subscribe(receiver.target("/")).await;
    world.publish("visit-1", 1).await;
    receiver.next().await;

    world.stop().await.unwrap();
    let deliveries = world.deliveries().await;
    assert_eq!(deliveries[0].state, DeliveryState::Waiting);
    assert_eq!(deliveries[0].attempts, 1, "the time-out was recorded before the stop ended");
}

#[tokio::test]
async fn a_stop_that_cannot_record_says_so_and_the_attempt_is_made_again() {
    let mut receiver = Receiver::answering(200).await;
    let mut world = World::running(fast_options()).await;
    world.subscribe(receiver.target("/")).await;
    world.store().fail_records(true);
    world.publish("visit-1", 1).await;
    world.store().failed(1).await;

    assert!(matches!(world.stop().await, Err(DeliveryError::Unrecorded(1))));
    world.crash_and_reopen().await;
    world.start(fast_options());
    world.until_all(FinalState::Delivered).await;
    let requests = receiver.rest();
    assert_eq!(requests.len(), 2);
    assert_eq!(requests[0].id(), requests[1].id());
}

#[tokio::test]
async fn what_the_feed_has_no_room_for_is_read_from_the_store() {
    let mut receiver = Receiver::answering(200).await;
    let mut world = World::waiting(FeedLimits { deliveries: 4, body_bytes: 1 << 20 }).await;
    world.subscribe(receiver.target("/")).await;
    for n in 1..=40 {
        world.publish("visit-1", n).await;
    }
    world.start(fast_options());
    for n in 41..=60 {
        world.publish("visit-1", n).await;
    }

    let deliveries = world.until(|all| all.iter().all(|one| one.ended_at.is_some())).await;
    assert_eq!(deliveries.len(), 60);
    let order: Vec<u64> = receiver.rest().iter().map(Received::n).collect();
    assert_eq!(order, (1..=60).collect::<Vec<_>>());
}

#[tokio::test]
async fn more_than_a_page_waits_without_loss_or_doubling() {
    let mut receiver = Receiver::answering(200).await;
    let mut world = World::waiting(FeedLimits { deliveries: 1, body_bytes: 1 }).await;
    world.subscribe(receiver.target("/")).await;
    for turn in 0..3 {
        world.publish_all((0..400).map(|lane| (format!("visit-{lane}"), turn * 400 + lane)).collect()).await;
    }
    world.start(fast_options());

    let mut seen: HashMap<u64, u64> = HashMap::new();
    for request in receiver.next_requests(1_200).await {
        let (lane, turn) = (request.n() % 400, request.n() / 400);
        let expected = seen.entry(lane).or_insert(0);
        assert_eq!(turn, *expected, "order in lane {lane}");
        *expected += 1;
    }
    world.until(|all| all.iter().all(|one| one.ended_at.is_some())).await;
    world.stop().await.unwrap();
    assert!(receiver.rest().is_empty());
}
