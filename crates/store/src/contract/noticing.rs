//! The server's own notices, and what is remembered of how subscriptions do.

use std::sync::Arc;

use bytes::Bytes;
use rendezhook_domain::action::{DELIVERY_EXHAUSTED, SUBSCRIPTION_DISABLED, SUBSCRIPTION_FAILING};
use rendezhook_domain::delivery::{ExpiryReason, FinalState};
use rendezhook_domain::resource::ResourceKind;
use rendezhook_domain::subscription::DisableReason;

use super::Fixture;
use super::world::{World, at, attempt, ended, record, resource_id, retry_at};
use crate::certificate::KeptCertificate;
use crate::health::KeptHealth;
use crate::notice::{Consequences, Notice};
use crate::publish::Matched;
use crate::record::Record;

fn notice(name: &str, about: &str, matched: &[Matched]) -> Notice {
    Notice {
        name: name.parse().unwrap(),
        resource_id: resource_id(about),
        body: Bytes::from(format!("{{\"id\":\"{about}\"}}")),
        matched: matched.to_vec(),
    }
}

fn health(one: Matched, state: &str) -> KeptHealth {
    KeptHealth { subscription: one.subscription, state: Arc::from(state) }
}

fn raising(record: Record, consequences: Consequences) -> Record {
    Record { consequences: Some(Box::new(consequences)), ..record }
}

pub async fn notices_are_committed_with_their_record(fixture: &dyn Fixture) {
    let mut world = World::open(fixture).await;
    let organization = world.organization().await;
    let one = world.subscribe(organization, "event.*").await;
    let told = world.subscribe(organization, "subscription.*").await;
    world.publish_one(organization).await;
    let key = world.deliveries(1).await[0];
    let failed = |number| record(organization, one, key, Some(attempt(number, 500)), retry_at(60));
    let failing = notice(SUBSCRIPTION_FAILING, "sub_1", &[told]);
    let exhausted = notice(DELIVERY_EXHAUSTED, "dlv_1", &[told]);
    let consequences = Consequences {
        notices: vec![failing.clone(), exhausted.clone()],
        health: Some(health(one, "{\"told\":1}")),
        ..Consequences::default()
    };
    world.store.record(vec![raising(failed(1), consequences.clone())]).await.unwrap();
    world.store.record(vec![raising(failed(2), consequences)]).await.unwrap();

    let mut committed = Vec::new();
    while committed.len() < 4 {
        committed.extend(world.committed().await);
    }
    let actions: Vec<_> = committed.iter().map(|one| &one.action).collect();
    let names: Vec<&str> = actions.iter().map(|action| action.name.as_str()).collect();
    let twice = [SUBSCRIPTION_FAILING, DELIVERY_EXHAUSTED, SUBSCRIPTION_FAILING, DELIVERY_EXHAUSTED];
    assert_eq!(names, twice);
    assert!(actions.iter().all(|action| action.organization == organization && action.accepted_at == at(3)));
    assert_eq!(actions[0].resource_number, actions[2].resource_number, "one lane for a subscription");
    assert_ne!(actions[1].resource_number, actions[3].resource_number);
    assert_eq!((actions[0].version, actions[2].version), (1, 2));
    assert_eq!((actions[0].kind, actions[1].kind), (ResourceKind::Subscription, ResourceKind::Delivery));

    let world = world.reopen(fixture).await;
    let waiting = world.waiting(told).await;
    assert_eq!(waiting.len(), 4);
    let material = world.store.material(&[waiting[0].key]).await.unwrap();
    assert_eq!(material[0].action.resource, failing.body);
    assert_eq!(world.store.kept_health(None, 10).await.unwrap(), [health(one, "{\"told\":1}")]);
}

pub async fn only_the_record_that_disables_tells_it(fixture: &dyn Fixture) {
    let mut world = World::open(fixture).await;
    let organization = world.organization().await;
    let one = world.subscribe(organization, "event.*").await;
    let told = world.subscribe(organization, "subscription.*").await;
    world.publish_one(organization).await;
    world.publish_one(organization).await;
    let keys = world.deliveries(2).await;
    let records = keys.iter().map(|key| {
        let gone = Record {
            disable: Some(DisableReason::Gone),
            ..record(organization, one, *key, Some(attempt(1, 410)), ended(FinalState::Refused))
        };
        let disabled = notice(SUBSCRIPTION_DISABLED, "sub_1", &[told]);
        raising(gone, Consequences { if_disabled: Some(disabled), ..Consequences::default() })
    });
    world.store.record(records.collect()).await.unwrap();
    assert_eq!(world.waiting(told).await.len(), 1);
}

pub async fn what_is_gone_is_told_nothing_and_leaves_no_health(fixture: &dyn Fixture) {
    let mut world = World::open(fixture).await;
    let organization = world.organization().await;
    let one = world.subscribe(organization, "event.*").await;
    let other = world.subscribe(organization, "order.*").await;
    let told = world.subscribe(organization, "subscription.*").await;
    world.store.keep_health(vec![health(one, "{}"), health(other, "{\"a\":1}")]).await.unwrap();
    world.store.keep_health(vec![health(other, "{\"a\":2}")]).await.unwrap();
    world.publish_one(organization).await;
    let key = world.deliveries(1).await[0];
    world.delete(organization, told.subscription).await;
    world.delete(organization, one.subscription).await;

    let failing = Consequences {
        notices: vec![notice(SUBSCRIPTION_FAILING, "sub_1", &[told])],
        health: Some(health(one, "{}")),
        ..Consequences::default()
    };
    let late = record(organization, one, key, Some(attempt(1, 500)), retry_at(60));
    world.store.record(vec![raising(late, failing)]).await.unwrap();
    world.store.keep_health(vec![health(one, "{}")]).await.unwrap();
    world.until_waiting(0).await;
    assert!(world.waiting(told).await.is_empty());
    let kept = world.store.kept_health(None, 10).await.unwrap();
    assert_eq!(kept, [health(other, "{\"a\":2}")]);
    assert!(world.store.kept_health(Some(other.subscription), 10).await.unwrap().is_empty());
}

pub async fn a_certificate_is_remembered_with_the_record_that_brought_it(fixture: &dyn Fixture) {
    let mut world = World::open(fixture).await;
    let organization = world.organization().await;
    let one = world.subscribe(organization, "*").await;
    world.publish_one(organization).await;
    let key = world.deliveries(1).await[0];
    let certificate = |authority: &str, expires_at, noted_days| KeptCertificate {
        organization,
        authority: Arc::from(authority),
        expires_at,
        noted_days,
    };
    let first = certificate("a.example:443", at(100), None);
    let noted = KeptCertificate { noted_days: Some(14), ..first.clone() };
    let other = certificate("b.example:443", at(200), Some(3));
    for (number, seen) in (1..).zip([&first, &other, &noted]) {
        let failed = record(organization, one, key, Some(attempt(number, 500)), retry_at(60));
        let certificate = Some(seen.clone());
        let consequences = Consequences { certificate, ..Consequences::default() };
        world.store.record(vec![raising(failed, consequences)]).await.unwrap();
    }
    let world = world.reopen(fixture).await;
    assert_eq!(world.store.kept_certificates(at(0), 10).await.unwrap(), [other.clone(), noted]);
    assert_eq!(world.store.kept_certificates(at(100), 10).await.unwrap(), std::slice::from_ref(&other));
    assert_eq!(world.store.kept_certificates(at(0), 1).await.unwrap(), [other]);
}

pub async fn an_expiry_says_why(fixture: &dyn Fixture) {
    let mut world = World::open(fixture).await;
    let organization = world.organization().await;
    let one = world.subscribe(organization, "*").await;
    let first = world.publish_one(organization).await;
    let second = world.publish_one(organization).await;
    let third = world.publish_one(organization).await;
    let fourth = world.publish_one(organization).await;
    let keys = world.deliveries(4).await;
    let too_many =
        Record { over_backlog: true, ..record(organization, one, keys[3], None, ended(FinalState::Expired)) };
    world.store.record(vec![too_many]).await.unwrap();
    let expired = record(organization, one, keys[0], None, ended(FinalState::Expired));
    world.store.record(vec![expired]).await.unwrap();
    world.deliver(organization, one, &keys[1..2]).await;
    world.retain(at(1_000_000), at(0)).await;
    let mut reasons = Vec::new();
    for (receipt, key) in [first, second, third, fourth].iter().zip(keys) {
        let id = world.id_of(receipt, key);
        reasons.push(world.store.delivery(organization, id).await.unwrap().unwrap().view.expired_because);
    }
    let expected =
        [Some(ExpiryReason::Time), None, Some(ExpiryReason::Retention), Some(ExpiryReason::Backlog)];
    assert_eq!(reasons, expected);
}
