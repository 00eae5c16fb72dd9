//! Recording how attempts ended.

use std::time::Duration;

use bytes::Bytes;
use rendezhook_domain::cause::Cause;
use rendezhook_domain::delivery::{DeliveryState, FinalState};
use rendezhook_domain::subscription::{DisableReason, SubscriptionState};

use super::Fixture;
use super::world::{World, at, attempt, ended, record, retry_at, unanswered};
use crate::read::LastAttempt;
use crate::record::{AttemptRecord, AttemptResult, Exchange, Record};

pub async fn a_delivered_delivery_ends(fixture: &dyn Fixture) {
    let mut world = World::open(fixture).await;
    let organization = world.organization().await;
    let one = world.subscribe(organization, "*").await;
    let receipt = world.publish_one(organization).await;
    let key = world.deliveries(1).await[0];
    let turn = Record {
        overtaken: true,
        ..record(organization, one, key, Some(attempt(1, 204)), ended(FinalState::Delivered))
    };
    world.store.record(vec![turn]).await.unwrap();

    assert!(world.waiting(one).await.is_empty());
    assert!(world.store.material(&[key]).await.unwrap().is_empty());
    let id = world.id_of(&receipt, key);
    let view = world.store.delivery(organization, id).await.unwrap().unwrap().view;
    assert_eq!(view.id, id);
    assert_eq!(view.state, DeliveryState::Ended(FinalState::Delivered));
    assert_eq!((view.attempts, view.ended_at, view.due_at), (1, Some(at(3)), None));
    assert!(view.overtaken);
    let made = attempt(1, 204);
    let last = LastAttempt {
        started_at: made.started_at,
        stage: made.stage,
        result: made.result,
        timing: made.timing,
    };
    assert_eq!(view.last, Some(last));
    let attempts = world.store.attempts(organization, id).await.unwrap().unwrap().attempts;
    assert_eq!(attempts, vec![made]);
}

pub async fn a_retry_keeps_its_state(fixture: &dyn Fixture) {
    let mut world = World::open(fixture).await;
    let organization = world.organization().await;
    let one = world.subscribe(organization, "*").await;
    let receipt = world.publish_one(organization).await;
    let key = world.deliveries(1).await[0];
    let failed = unanswered(1, Cause::ConnectionRefused);
    world
        .store
        .record(vec![record(organization, one, key, Some(failed.clone()), retry_at(5))])
        .await
        .unwrap();
    // A turn that made no attempt only moves the next one.
    let later = Record { at: at(4), ..record(organization, one, key, None, retry_at(6)) };
    world.store.record(vec![later]).await.unwrap();

    let world = world.reopen(fixture).await;
    let waiting = world.waiting(one).await;
    assert_eq!(waiting.len(), 1);
    assert_eq!((waiting[0].due_at, waiting[0].failed_attempts), (at(6), 1));
    assert_eq!(waiting[0].first_failed_at, Some(at(3)), "the first failure is kept");
    assert_eq!(waiting[0].lane_held, Duration::from_millis(1_500));
    let id = world.id_of(&receipt, key);
    let view = world.store.delivery(organization, id).await.unwrap().unwrap().view;
    assert_eq!((view.state, view.attempts, view.due_at), (DeliveryState::Waiting, 1, Some(at(6))));
    assert_eq!(view.last.map(|last| last.result), Some(AttemptResult::Failed(Cause::ConnectionRefused)));
    let attempts = world.store.attempts(organization, id).await.unwrap().unwrap().attempts;
    assert_eq!(attempts, vec![failed]);
}

pub async fn an_exhausted_delivery_ends_with_its_attempts(fixture: &dyn Fixture) {
    let mut world = World::open(fixture).await;
    let organization = world.organization().await;
    let one = world.subscribe(organization, "*").await;
    let receipt = world.publish_one(organization).await;
    let key = world.deliveries(1).await[0];
    let exchange = Exchange {
        request_head: Bytes::from_static(b"POST /hook HTTP/1.1"),
        response_head: Bytes::from_static(b"HTTP/1.1 500 Internal Server Error"),
        response_body: Bytes::from_static(b"\xff\x00oops"),
        response_body_truncated: true,
    };
    let kept = |number| AttemptRecord { exchange: Some(exchange.clone()), ..attempt(number, 500) };
    let without = attempt(3, 502);
    let turns =
        [(kept(1), retry_at(5)), (kept(2), retry_at(30)), (without.clone(), ended(FinalState::Exhausted))];
    for (made, disposition) in turns {
        world.store.record(vec![record(organization, one, key, Some(made), disposition)]).await.unwrap();
    }
    let id = world.id_of(&receipt, key);
    let view = world.store.delivery(organization, id).await.unwrap().unwrap().view;
    assert_eq!((view.state, view.attempts), (DeliveryState::Ended(FinalState::Exhausted), 3));
    let attempts = world.store.attempts(organization, id).await.unwrap().unwrap().attempts;
    assert_eq!(attempts, vec![kept(1), kept(2), without]);
}

pub async fn frozen_bytes_come_back_and_are_shared(fixture: &dyn Fixture) {
    let mut world = World::open(fixture).await;
    let organization = world.organization().await;
    let first = world.subscribe(organization, "*").await;
    let second = world.subscribe(organization, "*").await;
    world.publish_one(organization).await;
    let keys = world.deliveries(2).await;
    let sent = Bytes::from_static(b"{\"as\":\"sent\"}");
    let turns = [first, second].into_iter().zip(&keys).map(|(one, key)| Record {
        freeze: Some(sent.clone()),
        ..record(organization, one, *key, Some(attempt(1, 500)), retry_at(5))
    });
    world.store.record(turns.collect()).await.unwrap();
    world.deliver(organization, first, &keys[..1]).await;
    // A later turn without bytes keeps those of the first.
    let later = record(organization, second, keys[1], Some(attempt(2, 500)), retry_at(30));
    world.store.record(vec![later]).await.unwrap();

    let world = world.reopen(fixture).await;
    let material = world.store.material(&keys).await.unwrap();
    assert_eq!(material.len(), 1);
    assert_eq!((material[0].key, &material[0].frozen_body), (keys[1], &Some(sent)));
}

pub async fn a_record_for_an_ended_delivery_is_dropped(fixture: &dyn Fixture) {
    let mut world = World::open(fixture).await;
    let organization = world.organization().await;
    let one = world.subscribe(organization, "*").await;
    let receipt = world.publish_one(organization).await;
    let key = world.deliveries(1).await[0];
    world.deliver(organization, one, &[key]).await;
    let late = Record {
        disable: Some(DisableReason::Gone),
        freeze: Some(Bytes::from_static(b"late")),
        ..record(organization, one, key, Some(attempt(2, 500)), retry_at(60))
    };
    let refused = record(organization, one, key, Some(attempt(3, 410)), ended(FinalState::Refused));
    world.store.record(vec![late, refused]).await.unwrap();
    let view = world.store.delivery(organization, world.id_of(&receipt, key)).await.unwrap().unwrap().view;
    assert_eq!((view.state, view.attempts), (DeliveryState::Ended(FinalState::Delivered), 1));
    let catalogue = world.catalogue();
    assert_eq!(
        catalogue.subscriptions.get(&one.subscription).unwrap().subscription.state,
        SubscriptionState::Enabled
    );
    assert_eq!(world.store.figures().await.unwrap().pending_deliveries, 0);
}

pub async fn a_receiver_can_disable_its_subscription(fixture: &dyn Fixture) {
    let mut world = World::open(fixture).await;
    let organization = world.organization().await;
    let one = world.subscribe(organization, "*").await;
    world.publish_one(organization).await;
    let key = world.deliveries(1).await[0];
    let before = world.catalogue().version;
    let gone = Record {
        disable: Some(DisableReason::Gone),
        ..record(organization, one, key, Some(attempt(1, 410)), ended(FinalState::Refused))
    };
    world.store.record(vec![gone]).await.unwrap();
    assert!(world.catalogue().version > before);
    let world = world.reopen(fixture).await;
    let catalogue = world.catalogue();
    let subscription = &catalogue.subscriptions.get(&one.subscription).unwrap().subscription;
    assert_eq!(subscription.state, SubscriptionState::Disabled);
    assert_eq!(subscription.disabled_because, Some(DisableReason::Gone));
    assert_eq!((subscription.revision, subscription.updated_at), (2, at(3)));
}

pub async fn an_end_without_an_attempt_keeps_the_last_one(fixture: &dyn Fixture) {
    let mut world = World::open(fixture).await;
    let organization = world.organization().await;
    let one = world.subscribe(organization, "*").await;
    let receipt = world.publish_one(organization).await;
    let key = world.deliveries(1).await[0];
    let failed = record(organization, one, key, Some(attempt(1, 503)), retry_at(60));
    let expired = record(organization, one, key, None, ended(FinalState::Expired));
    world.store.record(vec![failed, expired]).await.unwrap();
    let view = world.store.delivery(organization, world.id_of(&receipt, key)).await.unwrap().unwrap().view;
    assert_eq!((view.state, view.attempts), (DeliveryState::Ended(FinalState::Expired), 1));
    assert_eq!(view.last.map(|last| last.result), Some(AttemptResult::Status(503)));
}
