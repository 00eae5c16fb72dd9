//! What becomes of single deliveries.

use std::time::Duration;

use rendezhook_delivery::options::{DeliveryOptions, ExchangeLog};
use rendezhook_domain::delivery::{DeliveryOrigin, DeliveryState, FinalState};
use rendezhook_domain::retry::RetryPolicy;
use rendezhook_domain::subscription::{DisableReason, SubscriptionState};
use rendezhook_store::record::AttemptResult;
use standardwebhooks::Webhook;

use crate::receiver::{Answer, Receiver};
use crate::world::{World, fast_options, new_secret};

#[tokio::test]
async fn an_action_is_delivered_once_and_its_signature_verifies() {
    let mut receiver = Receiver::answering(200).await;
    let mut world = World::running(fast_options()).await;
    let secret = new_secret();
    world.subscribe_as(receiver.target("/hooks?key=hunter2"), |new| new.secret = secret.clone()).await;
    world.publish("visit-1", 7).await;

    let request = receiver.next().await;
    assert_eq!(request.path, "/hooks?key=hunter2");
    assert_eq!(request.header("content-type"), "application/json");
    assert_eq!(request.json()["type"], "event.edited");
    assert_eq!(request.n(), 7);
    let webhook = Webhook::new(secret.reveal().expose()).unwrap();
    webhook.verify(&request.body, &request.headers).unwrap();

    let deliveries = world.until_all(FinalState::Delivered).await;
    assert_eq!(deliveries.len(), 1);
    assert_eq!(deliveries[0].id.to_string(), request.id());
    assert_eq!(deliveries[0].attempts, 1);
    assert_eq!(deliveries[0].last.unwrap().result, AttemptResult::Status(200));
    world.stop().await.unwrap();
    assert!(receiver.rest().is_empty());
}

#[tokio::test]
async fn a_failed_delivery_is_made_again_with_the_same_bytes_and_a_fresh_signature() {
    let mut receiver = Receiver::start(|_, before| Answer::Status(if before < 2 { 500 } else { 200 })).await;
    let retry =
        RetryPolicy::from_delays(&[Duration::ZERO, Duration::from_secs(100), Duration::from_secs(100)]);
    let mut world = World::running(DeliveryOptions { retry, ..DeliveryOptions::default() }).await;
    let secret = new_secret();
    world.subscribe_as(receiver.target("/"), |new| new.secret = secret.clone()).await;
    world.publish("visit-1", 1).await;

    let mut requests = vec![receiver.next().await];
    for failed in 1..=2 {
        world.until(|deliveries| deliveries[0].attempts == failed).await;
        world.clock.advance(Duration::from_secs(125));
        requests.push(receiver.next().await);
    }
    world.until_all(FinalState::Delivered).await;

    let webhook = Webhook::new(secret.reveal().expose()).unwrap();
    let mut previous = 0;
    for (request, number) in requests.iter().zip(1..) {
        assert_eq!(request.id(), requests[0].id());
        assert_eq!(request.body, requests[0].body);
        assert_eq!(request.header("webhook-attempt"), number.to_string());
        webhook.verify(&request.body, &request.headers).unwrap();
        let timestamp: i64 = request.header("webhook-timestamp").parse().unwrap();
        assert!(timestamp >= previous + 100, "the timestamp of attempt {number} is not fresh");
        previous = timestamp;
    }
}

#[tokio::test]
async fn a_failed_attempt_keeps_its_exchange_without_what_is_secret() {
    let receiver = Receiver::start(|_, before| Answer::Status(if before < 1 { 500 } else { 200 })).await;
    let mut world = World::running(fast_options()).await;
    world.subscribe(receiver.target("/hooks?key=hunter2")).await;
    world.publish("visit-1", 1).await;

    let deliveries = world.until_all(FinalState::Delivered).await;
    let attempts = world.attempts(deliveries[0].id).await;
    let failed = attempts.iter().find(|attempt| attempt.number == 1).unwrap();
    assert_eq!(failed.result, AttemptResult::Status(500));
    let exchange = failed.exchange.as_ref().unwrap();
    let head = std::str::from_utf8(&exchange.request_head).unwrap();
    assert!(head.starts_with("POST /hooks?[hidden] HTTP/1.1\n"), "{head}");
    assert!(head.contains("webhook-signature: v1,"), "{head}");
    assert!(exchange.response_head.starts_with(b"HTTP/1.1 500 "));
    assert_eq!(exchange.response_body, "seen");
    let delivered = attempts.iter().find(|attempt| attempt.number == 2);
    assert!(delivered.is_none_or(|attempt| attempt.exchange.is_none()));
}

#[tokio::test]
async fn every_exchange_is_kept_when_the_operator_wants_that() {
    let receiver = Receiver::answering(200).await;
    let options = DeliveryOptions { exchange_log: ExchangeLog::All, ..fast_options() };
    let mut world = World::running(options).await;
    world.subscribe(receiver.target("/")).await;
    world.publish("visit-1", 1).await;

    let deliveries = world.until_all(FinalState::Delivered).await;
    let attempts = world.attempts(deliveries[0].id).await;
    assert!(attempts[0].exchange.is_some());
}

#[tokio::test]
async fn a_delivery_whose_attempts_all_fail_is_exhausted() {
    let mut receiver = Receiver::answering(500).await;
    let options = DeliveryOptions { retry: crate::world::fast_retries(3), ..fast_options() };
    let mut world = World::running(options).await;
    world.subscribe(receiver.target("/")).await;
    world.publish("visit-1", 1).await;

    let deliveries = world.until_all(FinalState::Exhausted).await;
    assert_eq!(deliveries[0].attempts, 3);
    assert_eq!(receiver.rest().len(), 3);
}

#[tokio::test]
async fn a_receiver_can_refuse_one_delivery() {
    let mut receiver = Receiver::start(|request, _| match request.n() {
        1 => Answer::Wish(500, "abort-message"),
        _ => Answer::Status(200),
    })
    .await;
    let mut world = World::running(fast_options()).await;
    world.subscribe(receiver.target("/")).await;
    world.publish("visit-1", 1).await;
    world.publish("visit-2", 2).await;

    let deliveries = world.until(|all| all.iter().all(|one| one.state != DeliveryState::Waiting)).await;
    assert_eq!(deliveries[0].state, DeliveryState::Ended(FinalState::Refused));
    assert_eq!(deliveries[1].state, DeliveryState::Ended(FinalState::Delivered));
    assert_eq!(receiver.rest().len(), 2);
}

#[tokio::test]
async fn a_receiver_that_is_gone_twice_disables_its_subscription() {
    let mut receiver = Receiver::answering(410).await;
    let mut world = World::running(fast_options()).await;
    let subscription = world.subscribe(receiver.target("/")).await;
    world.publish("visit-1", 1).await;
    world.until_all(FinalState::Refused).await;
    assert_eq!(world.subscription(&subscription).state, SubscriptionState::Enabled);

    world.publish("visit-2", 2).await;
    world.until_all(FinalState::Refused).await;
    let disabled = world.subscription(&subscription);
    assert_eq!(disabled.state, SubscriptionState::Disabled);
    assert_eq!(disabled.disabled_because, Some(DisableReason::Gone));

    receiver.rest();
    let mut witness = Receiver::answering(200).await;
    world.subscribe(witness.target("/")).await;
    world.publish("visit-3", 3).await;
    witness.next().await;
    world.stop().await.unwrap();
    assert!(receiver.rest().is_empty());
    let kept = world.deliveries().await;
    let kept = kept.iter().find(|one| one.subscription == subscription.number && one.attempts == 0);
    assert_eq!(kept.unwrap().state, DeliveryState::Waiting);
}

#[tokio::test]
async fn a_receiver_can_ask_to_be_disabled() {
    let receiver = Receiver::start(|_, _| Answer::Wish(200, "disable")).await;
    let mut world = World::running(fast_options()).await;
    let subscription = world.subscribe(receiver.target("/")).await;
    world.publish("visit-1", 1).await;

    world.until_all(FinalState::Delivered).await;
    let disabled = world.subscription(&subscription);
    assert_eq!(disabled.state, SubscriptionState::Disabled);
    assert_eq!(disabled.disabled_because, Some(DisableReason::ReceiverRequest));
}

#[tokio::test]
async fn a_test_has_one_attempt_whose_record_is_waited_for() {
    let mut receiver = Receiver::answering(500).await;
    let world = World::running(fast_options()).await;
    let subscription = world.subscribe(receiver.target("/")).await;
    world.set_state(&subscription, SubscriptionState::Paused).await;

    let test = world.test_delivery(&subscription).await;
    let outcome = world.outcome(test).await;
    assert_eq!(outcome.origin, DeliveryOrigin::Test);
    assert_eq!(outcome.state, DeliveryState::Ended(FinalState::Exhausted));
    assert_eq!(world.attempts(test).await[0].result, AttemptResult::Status(500));
    let request = receiver.next().await;
    assert_eq!(request.header("webhook-trigger"), "test");
    assert_eq!(world.outcome(test).await, outcome, "the outcome can be asked for again");
}

#[tokio::test]
async fn an_outcome_is_waited_for_until_the_deadline_only() {
    let receiver = Receiver::start(|_, _| Answer::Held).await;
    let mut world = World::running(fast_options()).await;
    world.subscribe(receiver.target("/")).await;
    world.publish("visit-1", 1).await;
    let delivery = world.deliveries().await[0].id;

    let waiting = world.outcome_within(delivery, Duration::from_millis(20)).await;
    assert_eq!(waiting.state, DeliveryState::Waiting);
    receiver.release();
    let delivered = world.outcome(delivery).await;
    assert_eq!(delivered.state, DeliveryState::Ended(FinalState::Delivered));
}
