//! What failing leads to beyond single deliveries: notices, recovery, disabling.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rendezhook_delivery::health::HealthOptions;
use rendezhook_delivery::options::DeliveryOptions;
use rendezhook_domain::delivery::FinalState;
use rendezhook_domain::subscription::{DisableReason, Subscription, SubscriptionState};

use crate::receiver::{Answer, Received, Receiver};
use crate::world::{World, fast_options, fast_retries};

/// A receiver whose path `/hook` fails until it is told to succeed; `/operator` always answers 200.
async fn failing() -> (Receiver, Arc<AtomicBool>) {
    let works = Arc::new(AtomicBool::new(false));
    let answers = Arc::clone(&works);
    let receiver = Receiver::start(move |request, _| {
        let succeeds = answers.load(Ordering::SeqCst) || request.path.starts_with("/operator");
        Answer::Status(if succeeds { 200 } else { 500 })
    });
    (receiver.await, works)
}

fn options(attempts: usize) -> DeliveryOptions {
    DeliveryOptions { retry: fast_retries(attempts), ..fast_options() }
}

/// A subscription to notices.
async fn operator(world: &World, receiver: &Receiver, patterns: &[&str]) -> Subscription {
    let patterns = patterns.iter().map(|pattern| pattern.parse().unwrap()).collect();
    world.subscribe_as(receiver.target("/operator"), |new| new.filter.actions = patterns).await
}

/// The next notice; other requests are passed over.
async fn notice(receiver: &mut Receiver) -> Received {
    loop {
        let request = receiver.next().await;
        if request.path.starts_with("/operator") {
            return request;
        }
    }
}

#[tokio::test]
async fn failing_is_told_once_also_over_a_restart_and_so_is_recovery() {
    let (mut receiver, works) = failing().await;
    let mut world = World::running(options(5)).await;
    let hook = world.subscribe(receiver.target("/hook?key=hunter2")).await;
    operator(&world, &receiver, &["subscription.*"]).await;
    for n in 1..=5 {
        world.publish(&format!("visit-{n}"), n).await;
    }
    let told = notice(&mut receiver).await;
    let body = told.json();
    assert_eq!(body["type"], "subscription.failing");
    let resource = &body["data"]["resource"];
    assert_eq!(resource["id"], hook.id.to_string());
    assert_eq!(resource["target"], hook.target.endpoint().as_str());
    assert!(!told.body.windows(7).any(|bytes| bytes == b"hunter2"));
    assert_eq!(resource["last_failure"]["explanation"], "the target answered 500");
    assert!(resource["disable_at"].is_string() && resource["receiver"].is_string());

    world.until(|all| all.iter().filter(|one| one.state.name() == "exhausted").count() == 5).await;
    world.until(|all| all.iter().all(|one| one.state.name() != "waiting")).await;
    world.stop().await.unwrap();
    world.crash_and_reopen().await;
    world.start(options(5));
    let report = world.handle().health(&[hook.number], world.now()).await.unwrap().remove(0);
    assert!(report.failing && report.noticed_at.is_some(), "{report:?}");
    assert_eq!((report.failed_attempts, report.last_day.failures), (25, 25));

    world.publish("visit-6", 6).await;
    world.until(|all| all.iter().filter(|one| one.state.name() == "exhausted").count() == 6).await;
    works.store(true, Ordering::SeqCst);
    world.publish("visit-7", 7).await;
    let told = notice(&mut receiver).await.json();
    assert_eq!(told["type"], "subscription.recovered", "failing is not told a second time: {told}");
    assert_eq!(told["data"]["resource"]["failed_attempts"], 30);
    world.until(|all| all.iter().all(|one| one.state.name() != "waiting")).await;
    assert!(receiver.rest().iter().all(|request| !request.path.starts_with("/operator")));
    let report = world.handle().health(&[hook.number], world.now()).await.unwrap().remove(0);
    assert!(!report.failing && report.last_success_at.is_some());
}

#[tokio::test]
async fn an_exhausted_delivery_is_told_and_an_exhausted_notice_is_not() {
    let receiver = Receiver::answering(500).await;
    let mut world = World::running(options(2)).await;
    let hook = world.subscribe(receiver.target("/hook")).await;
    let operator = operator(&world, &receiver, &["delivery.*", "subscription.*"]).await;
    world.publish("visit-1", 1).await;
    // One of the booking, one notice that it is exhausted, and no notice about the notice.
    let deliveries =
        world.until(|all| all.len() == 2 && all.iter().all(|one| one.state.name() == "exhausted")).await;
    assert_eq!(deliveries[0].subscription, hook.number);
    assert_eq!(
        (deliveries[1].subscription, deliveries[1].action.as_str()),
        (operator.number, "delivery.exhausted")
    );
    assert_eq!(deliveries[1].resource_id.as_str(), deliveries[0].id.to_string());
    world.stop().await.unwrap();
    assert_eq!(world.deliveries().await.len(), 2);
}

#[tokio::test]
async fn a_subscription_to_everything_is_told_of_no_failure() {
    let receiver = Receiver::answering(500).await;
    let mut world = World::running(options(1)).await;
    world.subscribe(receiver.target("/hook")).await;
    world.publish("visit-1", 1).await;
    world.until_all(FinalState::Exhausted).await;
    world.stop().await.unwrap();
    assert_eq!(world.deliveries().await.len(), 1);
}

#[tokio::test]
async fn what_fails_for_days_is_disabled_with_its_deliveries_kept() {
    let (mut receiver, _) = failing().await;
    // Days are too long for a test, and a clock that jumps must not disable: the times are short.
    let health = HealthOptions {
        disable_after: Duration::from_millis(20),
        disable_spread: Duration::from_millis(20),
        disable_attempts: 6,
        ..HealthOptions::default()
    };
    let mut world = World::running(DeliveryOptions { health, ..options(1_000) }).await;
    let hook = world.subscribe(receiver.target("/hook")).await;
    operator(&world, &receiver, &["subscription.disabled"]).await;
    world.publish("visit-1", 1).await;
    let told = notice(&mut receiver).await.json();
    assert_eq!(told["type"], "subscription.disabled");
    assert_eq!(told["data"]["resource"]["reason"], "failing");
    let disabled = world.subscription(&hook);
    assert_eq!(disabled.state, SubscriptionState::Disabled);
    assert_eq!(disabled.disabled_because, Some(DisableReason::Failing));
    let deliveries = world.deliveries().await;
    assert_eq!(deliveries[0].state.name(), "waiting");
    assert!(deliveries[0].attempts >= 6);
}

#[tokio::test]
async fn a_clock_that_jumps_by_a_week_disables_nothing() {
    let (receiver, _) = failing().await;
    let mut world = World::running(options(1_000)).await;
    let hook = world.subscribe(receiver.target("/hook")).await;
    world.publish("visit-1", 1).await;
    world.until(|all| all[0].attempts >= 25).await;
    world.clock.advance(Duration::from_secs(7 * 86_400));
    let before = world.deliveries().await[0].attempts;
    world.until(|all| all[0].attempts >= before + 10).await;
    assert_eq!(world.subscription(&hook).state, SubscriptionState::Enabled);
}

#[tokio::test]
async fn the_receivers_own_wish_to_be_left_alone_is_told_with_its_reason() {
    let mut receiver = Receiver::start(|request, _| {
        if request.path.starts_with("/operator") { Answer::Status(200) } else { Answer::Status(410) }
    })
    .await;
    let mut world = World::running(options(3)).await;
    let hook = world.subscribe(receiver.target("/hook")).await;
    operator(&world, &receiver, &["subscription.*"]).await;
    world.publish("visit-1", 1).await;
    world.publish("visit-2", 2).await;
    let told = notice(&mut receiver).await.json();
    assert_eq!(told["type"], "subscription.disabled");
    assert_eq!(told["data"]["resource"]["reason"], "gone");
    assert_eq!(told["data"]["resource"]["id"], hook.id.to_string());
    world.until(|all| all.iter().all(|one| one.state.name() != "waiting")).await;
    world.stop().await.unwrap();
    let notices = world.deliveries().await.iter().filter(|one| one.action.is_notice()).count();
    assert_eq!(notices, 1);
}
