//! What is sent to targets beside deliveries, and what is known of them.

use std::sync::Arc;

use rendezhook_domain::subscription::{
    DisableReason, RequestMethod, SubscriptionState, Verification, VerificationMethod,
};
use rendezhook_domain::target::{TargetPolicy, TargetUrl};
use rendezhook_secrets::SecretHeader;

use super::Fixture;
use super::catalogue::update;
use super::world::{World, at, new_subscription};
use crate::catalogue::SubscriptionEntry;
use crate::change::{
    CatalogueChange, ChangeRefusal, NewSubscription, SubscriptionUpdate, VerificationRecord,
};
use crate::publish::Matched;

const TARGET: &str = "https://receiver.example/hook";

fn url(text: &str) -> TargetUrl {
    TargetUrl::parse(text, &TargetPolicy::stored()).unwrap()
}

fn header(name: &str, value: &str) -> SecretHeader {
    SecretHeader::new(name, value.to_owned())
}

fn entry(world: &World, one: Matched) -> Arc<SubscriptionEntry> {
    Arc::clone(world.catalogue().subscriptions.get(&one.subscription).unwrap())
}

fn headers(world: &World, one: Matched) -> Vec<(String, String)> {
    let entry = entry(world, one);
    entry.headers.iter().map(|header| (header.name.to_string(), header.value.expose().clone())).collect()
}

/// Makes a subscription with something special about it, the only one of its organization.
async fn made(world: &World, change: impl FnOnce(&mut NewSubscription)) -> (Matched, SubscriptionUpdate) {
    let organization = world.organization().await;
    let mut new = new_subscription(organization, "*", TARGET);
    change(&mut new);
    world.change(CatalogueChange::CreateSubscription(Box::new(new))).await;
    let entry = Arc::clone(&world.catalogue().organization(organization).unwrap().subscriptions[0]);
    let subscription = &entry.subscription;
    let one = Matched { subscription: subscription.number, receiver: subscription.receiver };
    (one, update(organization, subscription.number))
}

async fn updated(world: &World, update: SubscriptionUpdate) {
    world.change(CatalogueChange::UpdateSubscription(Box::new(update))).await;
}

pub async fn headers_come_back_and_go_to_no_other_host(fixture: &dyn Fixture) {
    let world = World::open(fixture).await;
    let (one, unchanged) = made(&world, |new| {
        new.headers = vec![header("X-Key", "a\tb \"c\""), header("x-empty", "")];
    })
    .await;
    let world = world.reopen(fixture).await;
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(headers(&world, one), [pair("X-Key", "a\tb \"c\""), pair("x-empty", "")]);

    let to = |target: &str| SubscriptionUpdate { target: Some(url(target)), ..unchanged.clone() };
    updated(&world, to("https://receiver.example/other")).await;
    assert_eq!(headers(&world, one).len(), 2, "they stay with the host");
    let renewed =
        SubscriptionUpdate { headers: Some(vec![header("x-new", "1")]), ..to("https://b.example/") };
    updated(&world, renewed).await;
    assert_eq!(headers(&world, one), [pair("x-new", "1")]);
    updated(&world, to("https://b.example:8443/")).await;
    assert!(headers(&world, one).is_empty(), "another port is another place");

    updated(&world, SubscriptionUpdate { headers: Some(vec![header("x-key", "2")]), ..unchanged.clone() })
        .await;
    let world = world.reopen(fixture).await;
    assert_eq!(headers(&world, one), [pair("x-key", "2")]);
    updated(&world, SubscriptionUpdate { headers: Some(Vec::new()), ..unchanged }).await;
    assert!(headers(&world.reopen(fixture).await, one).is_empty());
}

/// A record of a handshake with the target of [`made`].
fn record(of: &SubscriptionUpdate, outcome: Result<Option<u32>, Arc<str>>) -> VerificationRecord {
    VerificationRecord {
        organization: of.organization,
        subscription: of.subscription,
        target: url(TARGET),
        method: VerificationMethod::Challenge,
        outcome,
        at: at(50),
    }
}

fn kept(record: &VerificationRecord) -> CatalogueChange {
    CatalogueChange::RecordVerification(Box::new(record.clone()))
}

pub async fn a_target_shows_anew_that_it_wants_deliveries_when_it_changes(fixture: &dyn Fixture) {
    let world = World::open(fixture).await;
    let (one, unchanged) = made(&world, |new| new.verification = VerificationMethod::Challenge).await;
    let verification = |world: &World| entry(world, one).subscription.verification.clone();
    let pending = Verification::pending(VerificationMethod::Challenge);
    assert_eq!(verification(&world), pending);

    let failed = record(&unchanged, Err(Arc::from("nobody there")));
    world.change(kept(&failed)).await;
    let world = world.reopen(fixture).await;
    assert_eq!(
        verification(&world),
        Verification { failure: Some("nobody there".into()), ..pending.clone() }
    );

    let succeeded = record(&unchanged, Ok(Some(120)));
    world.change(kept(&succeeded)).await;
    let world = world.reopen(fixture).await;
    let verified = Verification {
        verified_at: Some(at(50)),
        deliveries_per_minute: Some(120),
        ..Verification::pending(VerificationMethod::Challenge)
    };
    assert_eq!(verification(&world), verified);
    assert_eq!(entry(&world, one).subscription.revision, 1, "its owner changed nothing");
    world.change(kept(&failed)).await;
    assert!(verification(&world).permits_deliveries(), "a target that was verified may be down for a moment");

    let state = |state, reason| SubscriptionUpdate { state: Some((state, reason)), ..unchanged.clone() };
    updated(&world, state(SubscriptionState::Paused, None)).await;
    updated(&world, state(SubscriptionState::Enabled, None)).await;
    updated(&world, SubscriptionUpdate { target: Some(url(TARGET)), ..unchanged.clone() }).await;
    updated(&world, SubscriptionUpdate { method: Some(RequestMethod::Post), ..unchanged.clone() }).await;
    let same_way = Some(VerificationMethod::Challenge);
    updated(&world, SubscriptionUpdate { verification: same_way, ..unchanged.clone() }).await;
    assert!(verification(&world).permits_deliveries(), "nothing of that makes it another target");

    let anew = [
        SubscriptionUpdate { target: Some(url("https://receiver.example/hook?a=1")), ..unchanged.clone() },
        SubscriptionUpdate { method: Some(RequestMethod::Put), ..unchanged.clone() },
        SubscriptionUpdate { verification: Some(VerificationMethod::CloudEvents), ..unchanged.clone() },
        state(SubscriptionState::Enabled, None),
    ];
    let back = SubscriptionUpdate {
        target: Some(url(TARGET)),
        method: Some(RequestMethod::Post),
        verification: Some(VerificationMethod::Challenge),
        ..state(SubscriptionState::Disabled, Some(DisableReason::Gone))
    };
    for change in anew {
        updated(&world, back.clone()).await;
        world.change(kept(&succeeded)).await;
        assert!(verification(&world).permits_deliveries());
        updated(&world, change.clone()).await;
        assert!(!verification(&world).permits_deliveries(), "{change:?}");
    }
    updated(&world, SubscriptionUpdate { verification: Some(VerificationMethod::None), ..unchanged }).await;
    assert!(verification(&world.reopen(fixture).await).permits_deliveries());
}

pub async fn a_handshake_with_what_a_subscription_was_counts_for_nothing(fixture: &dyn Fixture) {
    let world = World::open(fixture).await;
    let (one, unchanged) = made(&world, |new| new.verification = VerificationMethod::Challenge).await;
    let earlier = [
        VerificationRecord { target: url("https://receiver.example/before"), ..record(&unchanged, Ok(None)) },
        VerificationRecord { method: VerificationMethod::CloudEvents, ..record(&unchanged, Ok(None)) },
    ];
    for record in earlier {
        world.change(kept(&record)).await;
        assert!(!entry(&world, one).subscription.verification.permits_deliveries());
    }
    let other = world.organization().await;
    let foreign = VerificationRecord { organization: other, ..record(&unchanged, Ok(None)) };
    assert_eq!(world.refused(kept(&foreign)).await, ChangeRefusal::Unknown);
}
