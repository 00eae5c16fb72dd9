//! Lists of deliveries.

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use rendezhook_domain::delivery::{DeliveryState, FinalState};
use rendezhook_domain::id::DeliveryId;
use rendezhook_domain::resource::ResourceKind;
use rendezhook_domain::sequence::{OrganizationNumber, SubscriptionNumber};
use rendezhook_domain::time::Timestamp;

use super::Fixture;
use super::world::{World, at, attempt, change, ended, record, resource_id, retry_at};
use crate::pending::DeliveryKey;
use crate::publish::{Matched, Publish};
use crate::read::DeliveryFilter;

pub async fn pages_follow_each_other_without_gap_or_double(fixture: &dyn Fixture) {
    let mut world = World::open(fixture).await;
    let organization = world.organization().await;
    let one = world.subscribe(organization, "*").await;
    world.subscribe(organization, "*").await;
    for _ in 0..10 {
        world.publish_one(organization).await;
    }
    let keys = world.deliveries(20).await;
    let own: Vec<_> = keys.iter().copied().filter(|key| key.receiver == one.receiver).collect();
    world.deliver(organization, one, &own[..5]).await;
    let mut listed = Vec::new();
    let mut after = None;
    let mut pages = 0;
    loop {
        let page = world.store.deliveries(organization, &DeliveryFilter::default(), after, 5).await.unwrap();
        listed.extend(page.deliveries.iter().map(|view| view.id.sequence()));
        pages += 1;
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(pages, 4, "a full last page says that it is the last");
    let newest_first: Vec<_> = keys.iter().rev().map(|key| key.sequence).collect();
    assert_eq!(listed, newest_first);
}

/// A delivery as the model knows it.
#[derive(Debug)]
struct Known {
    id: DeliveryId,
    subscription: SubscriptionNumber,
    resource: String,
    accepted_at: Timestamp,
    state: DeliveryState,
}

impl Known {
    fn is_shown(&self, filter: &DeliveryFilter) -> bool {
        filter.state.is_none_or(|state| state == self.state)
            && filter.subscription.is_none_or(|subscription| subscription == self.subscription)
            && filter.resource.as_ref().is_none_or(|(_, id)| id.as_str() == self.resource)
            && filter.from.is_none_or(|from| self.accepted_at >= from)
            && filter.until.is_none_or(|until| self.accepted_at < until)
    }
}

/// Ten resources, four subscriptions of which two share a receiver, deliveries in every state, times out of order by up to a
/// minute. The model holds them from the newest to the oldest.
async fn model(world: &mut World, organization: OrganizationNumber) -> (Vec<Matched>, Vec<Known>) {
    let mut subscriptions = vec![
        world.subscribe_at(organization, "*", "https://receiver.example/hook").await,
        world.subscribe_at(organization, "event.edited", "https://receiver.example/hook").await,
    ];
    subscriptions.push(world.subscribe(organization, "*").await);
    subscriptions.push(world.subscribe(organization, "event.created").await);
    let mut known = Vec::new();
    for number in 0..60_u64 {
        let resource = format!("e{}", number % 10);
        let version = number / 10;
        let name = if version == 0 { "event.created" } else { "event.edited" };
        let request =
            world.request(organization, vec![change(&resource, (version > 0).then_some(version), &[name])]);
        let disorder = i64::try_from(number * 37 % 60).unwrap();
        let accepted_at = at(i64::try_from(number * 40).unwrap() - disorder);
        let receipt = world.commit(Publish { accepted_at, ..request }).await;
        let count = usize::try_from(receipt.actions[0].deliveries).unwrap();
        let mut delivered = Vec::new();
        while delivered.len() < count {
            delivered.extend(world.committed().await.into_iter().flat_map(|action| action.deliveries));
        }
        for (place, delivery) in (0_u64..).zip(delivered) {
            let key = DeliveryKey { receiver: delivery.receiver, sequence: delivery.sequence };
            let one = Matched { subscription: delivery.subscription, receiver: delivery.receiver };
            let state = end(world, organization, one, key, number + place).await;
            let id = DeliveryId::new(accepted_at, delivery.sequence, delivery.receiver);
            let subscription = delivery.subscription;
            known.push(Known { id, subscription, resource: resource.clone(), accepted_at, state });
        }
    }
    known.reverse();
    (subscriptions, known)
}

/// Leaves a delivery waiting, lets it fail once, or ends it, by turns.
async fn end(
    world: &World,
    organization: OrganizationNumber,
    one: Matched,
    key: DeliveryKey,
    turn: u64,
) -> DeliveryState {
    let (disposition, state) = match turn % 5 {
        0 => return DeliveryState::Waiting,
        1 => (retry_at(60), DeliveryState::Waiting),
        2 | 3 => (ended(FinalState::Delivered), DeliveryState::Ended(FinalState::Delivered)),
        _ => (ended(FinalState::Exhausted), DeliveryState::Ended(FinalState::Exhausted)),
    };
    world
        .store
        .record(vec![record(organization, one, key, Some(attempt(1, 200)), disposition)])
        .await
        .unwrap();
    state
}

fn filters(subscriptions: Vec<Matched>) -> impl Strategy<Value = DeliveryFilter> {
    let states = vec![
        DeliveryState::Waiting,
        DeliveryState::Ended(FinalState::Delivered),
        DeliveryState::Ended(FinalState::Exhausted),
        DeliveryState::Ended(FinalState::Refused),
    ];
    let resource = (0..12_u32).prop_map(|number| (ResourceKind::Event, resource_id(&format!("e{number}"))));
    let instant = || prop::option::weighted(0.3, (-100..2_500_i64).prop_map(at));
    (
        prop::option::of(prop::sample::select(states)),
        prop::option::of(prop::sample::select(subscriptions)),
        prop::option::of(resource),
        instant(),
        instant(),
    )
        .prop_map(|(state, one, resource, from, until)| DeliveryFilter {
            state,
            subscription: one.map(|one| one.subscription),
            resource,
            from,
            until,
        })
}

pub async fn filters_show_what_a_model_shows(fixture: &dyn Fixture) {
    let mut world = World::open(fixture).await;
    let organization = world.organization().await;
    let (subscriptions, known) = model(&mut world, organization).await;
    let mut runner = TestRunner::deterministic();
    let cases = (filters(subscriptions), 1_usize..40);
    for _ in 0..300 {
        let (filter, limit) = cases.new_tree(&mut runner).unwrap().current();
        let expected: Vec<_> =
            known.iter().filter(|delivery| delivery.is_shown(&filter)).map(|delivery| delivery.id).collect();
        let mut listed = Vec::new();
        let mut after = None;
        loop {
            let page = world.store.deliveries(organization, &filter, after, limit).await.unwrap();
            assert!(page.deliveries.len() <= limit);
            listed.extend(page.deliveries.iter().map(|view| view.id));
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(listed, expected, "{filter:?} in pages of {limit}");
    }
}

pub async fn an_id_of_another_time_finds_nothing(fixture: &dyn Fixture) {
    let mut world = World::open(fixture).await;
    let organization = world.organization().await;
    world.subscribe(organization, "*").await;
    let receipt = world.publish_one(organization).await;
    let key = world.deliveries(1).await[0];
    let id = world.id_of(&receipt, key);
    assert!(world.store.delivery(organization, id).await.unwrap().is_some());
    let wrong = [
        DeliveryId::new(at(1), key.sequence, key.receiver),
        DeliveryId::new(receipt.accepted_at, key.sequence.plus(1), key.receiver),
        DeliveryId::new(receipt.accepted_at, receipt.actions[0].sequence, key.receiver),
    ];
    for id in wrong {
        assert!(world.store.delivery(organization, id).await.unwrap().is_none());
        assert!(world.store.attempts(organization, id).await.unwrap().is_none());
    }
}
