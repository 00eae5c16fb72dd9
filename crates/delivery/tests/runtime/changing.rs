//! Changes of subscriptions while their deliveries wait.

use std::time::Duration;

use rendezhook_delivery::options::DeliveryOptions;
use rendezhook_domain::delivery::{DeliveryState, FinalState};
use rendezhook_domain::retry::RetryPolicy;
use rendezhook_domain::subscription::{Hook, SubscriptionState, VyteBody, VyteHook};
use rendezhook_store::change::{CatalogueChange, OrganizationUpdate};
use standardwebhooks::Webhook;

use crate::receiver::{Answer, Received, Receiver};
use crate::world::{World, fast_options, new_secret};

/// A second attempt after a hundred seconds, which tests let pass by setting the clock.
fn slow_options() -> DeliveryOptions {
    let retry = RetryPolicy::from_delays(&[Duration::ZERO, Duration::from_secs(100)]);
    DeliveryOptions { retry, ..DeliveryOptions::default() }
}

#[tokio::test]
async fn a_paused_subscription_keeps_its_deliveries_and_goes_on_in_order() {
    let mut receiver = Receiver::answering(200).await;
    let mut world = World::running(fast_options()).await;
    let paused = world.subscribe(receiver.target("/paused")).await;
    let other = world.subscribe(receiver.target("/other")).await;
    world.set_state(&paused, SubscriptionState::Paused).await;
    for n in 1..=5 {
        world.publish("visit-1", n).await;
    }
    let delivered = DeliveryState::Ended(FinalState::Delivered);
    world.until(|all| all.iter().all(|one| one.subscription != other.number || one.state == delivered)).await;
    assert!(receiver.rest().iter().all(|request| request.path == "/other"));

    world.set_state(&paused, SubscriptionState::Enabled).await;
    world.until_all(FinalState::Delivered).await;
    let order: Vec<u64> = receiver.rest().iter().map(Received::n).collect();
    assert_eq!(order, [1, 2, 3, 4, 5]);
}

#[tokio::test]
async fn a_deleted_subscription_gets_nothing_more() {
    let mut receiver = Receiver::answering(500).await;
    let mut world = World::running(slow_options()).await;
    let subscription = world.subscribe(receiver.target("/")).await;
    world.publish("visit-1", 1).await;
    world.publish("visit-1", 2).await;
    world.until(|deliveries| deliveries[0].attempts == 1).await;

    let change = CatalogueChange::DeleteSubscription {
        organization: subscription.organization,
        subscription: subscription.number,
        at: subscription.created_at,
    };
    world.change(change).await;
    world.until_all(FinalState::Cancelled).await;

    // A delivery to somebody else shows that the runtime has looked at what is due by now.
    let mut witness = Receiver::answering(200).await;
    world.subscribe(witness.target("/")).await;
    world.clock.advance(Duration::from_secs(1_000));
    world.publish("visit-2", 3).await;
    assert_eq!(witness.next().await.n(), 3);
    world.stop().await.unwrap();
    assert_eq!(receiver.rest().len(), 1);
}

#[tokio::test]
async fn a_waiting_delivery_uses_the_new_url_and_the_new_secret() {
    let mut old = Receiver::answering(500).await;
    let mut new = Receiver::answering(200).await;
    let mut world = World::running(slow_options()).await;
    let subscription = world.subscribe(old.target("/")).await;
    world.publish("visit-1", 1).await;
    world.until(|deliveries| deliveries[0].attempts == 1).await;

    world.update(&subscription, |update| update.target = Some(new.target("/new"))).await;
    let secret = new_secret();
    let change = CatalogueChange::RotateSecret {
        organization: subscription.organization,
        subscription: subscription.number,
        secret: secret.clone(),
        previous_until: subscription.created_at,
        at: subscription.created_at,
    };
    world.change(change).await;
    world.clock.advance(Duration::from_secs(125));

    let request = new.next().await;
    assert_eq!(request.path, "/new");
    assert_eq!(request.body, old.next().await.body);
    let webhook = Webhook::new(secret.reveal().expose()).unwrap();
    webhook.verify(&request.body, &request.headers).unwrap();
    world.until_all(FinalState::Delivered).await;
}

#[tokio::test]
async fn a_body_that_was_sent_stays_as_it_is_when_settings_change() {
    let mut receiver = Receiver::start(|_, before| Answer::Status(if before == 0 { 500 } else { 200 })).await;
    let mut world = World::running(slow_options()).await;
    let subscription = world
        .subscribe_as(receiver.target("/"), |new| {
            new.hook = Hook::Vyte(VyteHook { hook_id: "5a4e1b2c3d4e5f6071829305".into(), body: None });
        })
        .await;
    world.publish("visit-1", 1).await;
    world.until(|deliveries| deliveries[0].attempts == 1).await;
    let first = receiver.next().await;
    assert!(first.json().is_array());

    let change = CatalogueChange::UpdateOrganization {
        organization: subscription.organization,
        update: OrganizationUpdate { vyte_body: Some(VyteBody::Object), ..OrganizationUpdate::default() },
    };
    world.change(change).await;
    world.clock.advance(Duration::from_secs(125));
    world.publish("visit-2", 2).await;
    let mut later = receiver.next_requests(2).await;
    later.sort_by_key(|request| request.id() != first.id());
    assert_eq!(later[0].body, first.body);
    assert!(later[1].json().is_object(), "the change holds for what was not sent before");
    world.until_all(FinalState::Delivered).await;
}

#[tokio::test]
async fn a_subscription_made_while_running_gets_the_next_action() {
    let mut receiver = Receiver::start(|_, _| Answer::Status(200)).await;
    let mut world = World::running(fast_options()).await;
    world.publish("visit-1", 1).await;
    world.subscribe(receiver.target("/")).await;
    world.publish("visit-1", 2).await;
    assert_eq!(receiver.next().await.n(), 2);
    let deliveries = world.until_all(FinalState::Delivered).await;
    assert_eq!(deliveries.len(), 1);
}
