//! Targets that have to show that they want deliveries.

use std::sync::Arc;

use bytes::Bytes;
use http::Method;
use rendezhook_domain::delivery::{DeliveryState, FinalState};
use rendezhook_domain::subscription::{Subscription, SubscriptionState, VerificationMethod};
use rendezhook_domain::target::{TargetPolicy, TargetUrl};
use rendezhook_secrets::SigningSecret;
use rendezhook_store::Store;
use serde_json::{Value, json};
use standardwebhooks::Webhook;

use crate::receiver::{Answer, Received, Receiver};
use crate::world::{World, fast_options, new_secret};

/// The token of a challenge; none in a delivery.
fn plain_token(request: &Received) -> Option<String> {
    let body: Value = serde_json::from_slice(&request.body).ok()?;
    Some(body.pointer("/payload/plainToken")?.as_str()?.to_owned())
}

/// A receiver that answers challenges under this secret, and everything else with 200.
async fn answering(secret: SigningSecret) -> Receiver {
    Receiver::start(move |request, _| match plain_token(request) {
        Some(token) => {
            let encrypted = secret.authenticate_hex(token.as_bytes());
            let answer = json!({ "plainToken": token, "encryptedToken": encrypted });
            Answer::Json(Bytes::from(answer.to_string()))
        }
        None => Answer::Status(200),
    })
    .await
}

/// Asks the target as it is now.
async fn verify(world: &World, subscription: &Subscription) -> Result<(), String> {
    let catalogue = world.store().catalogue();
    let entry = Arc::clone(catalogue.subscriptions.get(&subscription.number).unwrap());
    world.handle().verify(&entry).await.unwrap().map_err(|words| words.to_string())
}

#[tokio::test]
async fn deliveries_wait_until_a_challenge_is_answered_also_over_a_restart() {
    let secret = new_secret();
    let mut stranger = answering(new_secret()).await;
    let mut receiver = answering(secret.clone()).await;
    let mut world = World::running(fast_options()).await;
    let subscription = world
        .subscribe_as(stranger.target("/"), |new| {
            new.verification = VerificationMethod::Challenge;
            new.secret = secret.clone();
        })
        .await;
    world.publish("visit-1", 1).await;
    world.publish("visit-1", 2).await;
    let words = verify(&world, &subscription).await.unwrap_err();
    assert!(words.contains("which secret the target uses"), "{words}");
    let kept = world.subscription(&subscription).verification;
    assert_eq!((kept.verified_at, kept.failure.as_deref()), (None, Some(words.as_str())));

    // A test goes out all the same; it also shows that what waits was looked at.
    let test = world.test_delivery(&subscription).await;
    assert_eq!(world.outcome(test).await.state, DeliveryState::Ended(FinalState::Delivered));
    let seen = stranger.next_requests(2).await;
    assert!(plain_token(&seen[0]).is_some());
    Webhook::new(secret.reveal().expose()).unwrap().verify(&seen[0].body, &seen[0].headers).unwrap();
    assert_eq!(seen[1].header("webhook-trigger"), "test");
    assert!(stranger.rest().is_empty());

    world.update(&subscription, |update| update.target = Some(receiver.target("/"))).await;
    world.crash_and_reopen().await;
    world.start(fast_options());
    assert!(receiver.rest().is_empty());
    assert_eq!(verify(&world, &subscription).await, Ok(()));
    assert!(plain_token(&receiver.next().await).is_some());
    world.until_all(FinalState::Delivered).await;
    let order: Vec<u64> = receiver.rest().iter().map(Received::n).collect();
    assert_eq!(order, [1, 2]);

    world.crash_and_reopen().await;
    world.start(fast_options());
    world.publish("visit-1", 3).await;
    assert_eq!(receiver.next().await.n(), 3, "what was verified stays so");
}

#[tokio::test]
async fn a_target_that_consents_is_told_with_every_delivery_who_sends() {
    let mut receiver = Receiver::start(|request, before| match (&request.method, before) {
        (&Method::OPTIONS, 0) => Answer::Allows(200, "other.example"),
        (&Method::OPTIONS, _) => Answer::Allows(405, "localhost"),
        _ => Answer::Status(200),
    })
    .await;
    let mut world = World::running(fast_options()).await;
    let subscription = world
        .subscribe_as(receiver.target("/"), |new| new.verification = VerificationMethod::CloudEvents)
        .await;
    world.publish("visit-1", 1).await;
    assert!(verify(&world, &subscription).await.unwrap_err().contains("other.example"));
    assert_eq!(verify(&world, &subscription).await, Ok(()));
    world.until_all(FinalState::Delivered).await;
    let requests = receiver.next_requests(3).await;
    assert_eq!(requests[2].method, Method::POST);
    for request in requests {
        assert_eq!(request.header("webhook-request-origin"), "localhost");
    }
}

#[tokio::test]
async fn a_disabled_subscription_is_verified_anew_before_it_goes_on() {
    let secret = new_secret();
    let mut receiver = answering(secret.clone()).await;
    let mut world = World::running(fast_options()).await;
    let subscription = world
        .subscribe_as(receiver.target("/"), |new| {
            new.verification = VerificationMethod::Challenge;
            new.secret = secret;
        })
        .await;
    assert_eq!(verify(&world, &subscription).await, Ok(()));
    world.set_state(&subscription, SubscriptionState::Disabled).await;
    world.publish("visit-1", 1).await;
    world.set_state(&subscription, SubscriptionState::Enabled).await;
    assert!(!world.subscription(&subscription).verification.permits_deliveries());
    assert_eq!(verify(&world, &subscription).await, Ok(()));
    world.until_all(FinalState::Delivered).await;
    let challenges = receiver.next_requests(3).await.iter().filter_map(plain_token).count();
    assert_eq!(challenges, 2, "the delivery came after the second one");
}

#[tokio::test]
async fn a_handshake_goes_nowhere_a_delivery_does_not_go() {
    let world = World::running(fast_options()).await;
    let inside = TargetUrl::parse("https://10.0.0.1/", &TargetPolicy::stored()).unwrap();
    let subscription =
        world.subscribe_as(inside, |new| new.verification = VerificationMethod::CloudEvents).await;
    let words = verify(&world, &subscription).await.unwrap_err();
    assert_eq!(words, "the target's address is not allowed; deliveries go to public addresses only");

    let trusted = TargetUrl::parse("https://10.0.0.1/", &TargetPolicy::stored()).unwrap();
    let subscription = world.subscribe(trusted).await;
    assert_eq!(verify(&world, &subscription).await, Ok(()), "nobody is asked");
}
