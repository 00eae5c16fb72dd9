//! Fairness among random backlogs: nobody is served twice while somebody beside it waits for its turn.

use std::collections::BTreeMap;

use rendezhook_delivery::scheduler::effect::Effect;
use rendezhook_delivery::scheduler::input::{AuthorityNumber, EndpointNumber, Input, SubscriptionView};
use rendezhook_delivery::scheduler::{Scheduler, SchedulerLimits};
use rendezhook_domain::delivery::DeliveryOrigin;
use rendezhook_domain::delivery_order::DeliveryOrder;
use rendezhook_domain::outcome::Outcome;
use rendezhook_domain::retry::RetryPolicy;
use rendezhook_domain::sequence::{
    OrganizationNumber, ReceiverNumber, ResourceNumber, Sequence, SubscriptionNumber,
};
use rendezhook_domain::time::Timestamp;
use rendezhook_store::pending::{DeliveryKey, PendingDelivery};

use crate::dice::Dice;
use crate::receivers::plain;

/// Who is served: organization, receiver, subscription.
type Served = (u32, u32, u32);

/// Serves random backlogs until nothing is left, and checks every turn.
pub(crate) fn play(seed: u64) {
    let mut dice = Dice::new(seed);
    // Fewer in flight than a window holds at first, so that everything is startable until it starts.
    let limits = SchedulerLimits { in_flight: dice.count(1, 2), ..SchedulerLimits::default() };
    let mut scheduler = Scheduler::new(limits);
    let backlog = backlog(&mut dice);
    let mut effects = Vec::new();
    let mut inputs = introduce(&backlog);
    let mut in_flight: Vec<DeliveryKey> = Vec::new();
    let mut order: Vec<Served> = Vec::new();
    loop {
        scheduler.step(inputs.drain(..), Timestamp::from_milliseconds(1), &mut dice, &mut effects);
        for effect in effects.drain(..) {
            match effect {
                Effect::StartAttempt(attempt) => {
                    in_flight.push(attempt.key);
                    let receiver = attempt.key.receiver.get();
                    order.push((attempt.organization.get(), receiver, attempt.subscription.get()));
                }
                Effect::Record(record) => inputs.push(Input::Recorded(record.key)),
                Effect::EndpointChanged(endpoint, state) => panic!("{endpoint:?} is {state:?}"),
                Effect::LoadPage(request) | Effect::LoadOldest(request) => {
                    panic!("there is nothing to load: {request:?}")
                }
            }
        }
        if !in_flight.is_empty() {
            let key = in_flight.swap_remove(dice.count(0, in_flight.len() - 1));
            inputs.push(Input::AttemptEnded { key, verdict: Outcome::Answered(plain(200)).verdict() });
        }
        if inputs.is_empty() {
            break;
        }
    }
    assert_eq!(order.len(), backlog.values().sum::<usize>());
    nobody_is_passed(&order, |served| (served.0, ()));
    nobody_is_passed(&order, |served| (served.1, served.0));
    nobody_is_passed(&order, |served| (served.2, served.1));
}

/// How much waits for whom. Numbers of receivers and subscriptions tell whose they are.
fn backlog(dice: &mut Dice) -> BTreeMap<Served, usize> {
    let mut backlog = BTreeMap::new();
    for organization in 1..=dice.count(1, 4) {
        for receiver in 1..=dice.count(1, 4) {
            for subscription in 1..=dice.count(1, 3) {
                let number = |parts: &[usize]| {
                    u32::try_from(parts.iter().fold(0, |number, part| number * 10 + part)).unwrap()
                };
                let served = (
                    number(&[organization]),
                    number(&[organization, receiver]),
                    number(&[organization, receiver, subscription]),
                );
                backlog.insert(served, dice.count(1, 30));
            }
        }
    }
    backlog
}

/// The subscriptions, each receiver with an endpoint of its own, and all deliveries at once, each in its own lane.
fn introduce(backlog: &BTreeMap<Served, usize>) -> Vec<Input> {
    let mut inputs = Vec::new();
    let mut commits = Vec::new();
    let mut sequence = 0;
    for ((organization, receiver, subscription), count) in backlog {
        let organization = OrganizationNumber::new(*organization);
        let (receiver, endpoint) = (ReceiverNumber::new(*receiver), EndpointNumber(*receiver));
        let subscription = SubscriptionNumber::new(*subscription);
        let retry = RetryPolicy::standard();
        let order = DeliveryOrder::Resource;
        let view = SubscriptionView {
            subscription,
            organization,
            receiver,
            endpoint,
            authority: AuthorityNumber(endpoint.0),
            rate_limit: None,
            enabled: true,
            retry,
            order,
            folds_updates: false,
        };
        inputs.push(Input::SubscriptionChanged(view));
        let deliveries = (0..*count).map(|_| {
            sequence += 1;
            PendingDelivery {
                key: DeliveryKey { receiver, sequence: Sequence::new(sequence) },
                subscription,
                action: Sequence::new(sequence),
                resource: ResourceNumber::new(sequence),
                origin: DeliveryOrigin::Original,
                due_at: Timestamp::EARLIEST,
                failed_attempts: 0,
                first_failed_at: None,
                lane_held: std::time::Duration::ZERO,
                expires_at: None,
                is_update: false,
            }
        });
        commits.push(Input::Committed { organization, deliveries: deliveries.collect() });
    }
    inputs.extend(commits);
    inputs
}

/// Between two turns of one, every other of the same group has at most one turn; the same holds before its first turn.
/// `name` tells who was served, and of which group.
fn nobody_is_passed<Group: Ord + Copy>(order: &[Served], name: impl Fn(&Served) -> (u32, Group)) {
    let mut since: BTreeMap<(Group, u32), BTreeMap<u32, u32>> = BTreeMap::new();
    let mut left: BTreeMap<(Group, u32), usize> = BTreeMap::new();
    for served in order {
        let (who, group) = name(served);
        since.entry((group, who)).or_default();
        *left.entry((group, who)).or_default() += 1;
    }
    for served in order {
        let (who, group) = name(served);
        for ((other_group, other), turns) in &mut since {
            if *other_group == group && *other != who && left[&(group, *other)] > 0 {
                let count = turns.entry(who).or_default();
                *count += 1;
                assert!(*count <= 1, "{who} has {count} turns while {other} waits, in {order:?}");
            }
        }
        since.insert((group, who), BTreeMap::new());
        left.entry((group, who)).and_modify(|left| *left -= 1);
    }
}
