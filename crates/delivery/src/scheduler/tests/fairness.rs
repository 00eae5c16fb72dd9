use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use rendezhook_domain::sequence::{OrganizationNumber, ReceiverNumber, Sequence};
use rendezhook_store::pending::{DeliveryKey, PendingDelivery};

use super::fixture::{Fixture, answered, delivery, view};
use crate::scheduler::SchedulerLimits;
use crate::scheduler::input::{Input, SubscriptionView};

/// Subscription `number` of a receiver and an organization.
fn subscribe(fixture: &mut Fixture, number: u32, organization: u32, receiver: u32) {
    fixture.change(SubscriptionView {
        organization: OrganizationNumber::new(organization),
        receiver: ReceiverNumber::new(receiver),
        ..view(number)
    });
}

/// Lets attempts succeed one at a time, and answers with the subscriptions in the order in which they were served.
fn serve(fixture: &mut Fixture, deliveries: Vec<(u32, PendingDelivery)>, turns: usize) -> Vec<u32> {
    for (organization, delivery) in deliveries {
        let organization = OrganizationNumber::new(organization);
        fixture.step([Input::Committed { organization, deliveries: vec![delivery] }]);
    }
    let mut served = Vec::new();
    for _ in 0..turns {
        let order = fixture.order();
        served.push(order.subscription.get());
        let verdict = answered(200);
        fixture.step([Input::AttemptEnded { key: order.key, verdict }, Input::Recorded(order.key)]);
    }
    served
}

fn to(sequence: u64, subscription: u32, receiver: u32) -> PendingDelivery {
    let key = DeliveryKey { receiver: ReceiverNumber::new(receiver), sequence: Sequence::new(sequence) };
    PendingDelivery { key, ..delivery(sequence, subscription, sequence) }
}

#[test]
fn organizations_take_turns_however_much_each_has() {
    let limits = SchedulerLimits { in_flight: 1, ..SchedulerLimits::default() };
    let mut fixture = Fixture::within(limits, 0);
    for number in 1..=3 {
        subscribe(&mut fixture, number, number, number);
    }
    let mut backlog: Vec<_> = (1..=500).map(|sequence| (1, to(sequence, 1, 1))).collect();
    backlog.extend((501..=510).map(|sequence| (2, to(sequence, 2, 2))));
    backlog.extend((511..=520).map(|sequence| (3, to(sequence, 3, 3))));
    let served = serve(&mut fixture, backlog, 31);
    // The first turn is taken when nobody else is there.
    for round in served[1..].chunks(3) {
        let mut round = round.to_vec();
        round.sort_unstable();
        assert_eq!(round, [1, 2, 3]);
    }
}

#[test]
fn receivers_of_an_organization_take_turns() {
    let limits = SchedulerLimits { in_flight: 1, ..SchedulerLimits::default() };
    let mut fixture = Fixture::within(limits, 0);
    // Receiver 10 has three subscriptions, receiver 20 a single one: each receiver gets half.
    for number in 1..=3 {
        fixture.change(SubscriptionView {
            receiver: ReceiverNumber::new(10),
            endpoint: view(1).endpoint,
            ..view(number)
        });
    }
    subscribe(&mut fixture, 4, 1, 20);
    let mut backlog = Vec::new();
    for sequence in 1..=100 {
        let subscription = 1 + u32::try_from(sequence % 4).unwrap();
        let receiver = if subscription == 4 { 20 } else { 10 };
        backlog.push((1, to(sequence, subscription, receiver)));
    }
    let served = serve(&mut fixture, backlog, 40);
    let mut turns: BTreeMap<u32, u32> = BTreeMap::new();
    for subscription in &served {
        *turns.entry(*subscription).or_default() += 1;
    }
    // The first turn is taken when nobody else is there.
    assert_eq!(turns[&4], 19);
    assert!([1, 2, 3].iter().all(|number| (6..=8).contains(&turns[number])), "{turns:?}");
}

#[test]
fn within_a_subscription_the_oldest_goes_first() {
    let limits = SchedulerLimits { in_flight: 1, ..SchedulerLimits::default() };
    let mut fixture = Fixture::within(limits, 1);
    fixture.commit((1..=20).map(|sequence| delivery(sequence, 1, sequence)));
    for sequence in 1..=20 {
        assert_eq!(fixture.started(), [sequence]);
        fixture.finish(sequence, answered(200));
    }
}

#[test]
fn flows_that_share_a_narrow_endpoint_take_turns() {
    let limits = SchedulerLimits { endpoint_window: 1, ..SchedulerLimits::default() };
    let mut fixture = Fixture::within(limits, 0);
    for number in 1..=4 {
        fixture.change(SubscriptionView {
            receiver: ReceiverNumber::new(number),
            endpoint: view(1).endpoint,
            ..view(number)
        });
    }
    let backlog = (1..=80).map(|sequence| {
        let number = 1 + u32::try_from(sequence % 4).unwrap();
        (1, to(sequence, number, number))
    });
    let served = serve(&mut fixture, backlog.collect(), 80);
    for number in 1..=4 {
        let turns: Vec<_> = served[4..].iter().enumerate().filter(|(_, served)| **served == number).collect();
        let longest = turns.windows(2).map(|pair| pair[1].0 - pair[0].0).max();
        assert_eq!(longest, Some(4), "{served:?}");
    }
}

#[test]
fn flows_that_share_a_narrow_endpoint_take_turns_while_another_one_takes_what_is_left() {
    let limits = SchedulerLimits { in_flight: 2, endpoint_window: 1, ..SchedulerLimits::default() };
    let mut fixture = Fixture::within(limits, 0);
    for (number, endpoint) in [(1, 1), (2, 1), (3, 3)] {
        fixture.change(SubscriptionView {
            receiver: ReceiverNumber::new(number),
            endpoint: view(endpoint).endpoint,
            ..view(number)
        });
    }
    let backlog = |number: u32, sequences: RangeInclusive<u64>| {
        sequences.map(|sequence| to(sequence, number, number)).collect::<Vec<_>>()
    };
    let refused = answered(500);
    fixture.commit(backlog(1, 1..=1));
    let first = fixture.order().key;
    fixture.step([Input::AttemptEnded { key: first, verdict: refused }, Input::Recorded(first)]);
    for (number, sequences) in [(1, 2..=11), (2, 12..=21), (3, 22..=60)] {
        fixture.commit(backlog(number, sequences));
    }
    let mut in_flight = fixture.orders();
    let mut served = Vec::new();
    // The shared endpoint and the other one answer by turns, so that there is never a free place without a delivery for it.
    while served.len() < 11 {
        for shared in [false, true] {
            let index = in_flight.iter().position(|order| (order.subscription.get() != 3) == shared).unwrap();
            let order = in_flight.remove(index);
            if shared {
                served.push(order.subscription.get());
            }
            let verdict = if shared { refused } else { answered(200) };
            fixture.step([Input::AttemptEnded { key: order.key, verdict }, Input::Recorded(order.key)]);
            in_flight.extend(fixture.orders());
        }
    }
    // The first turn is taken when nobody else is there.
    assert_eq!(served[1..], [1, 2, 1, 2, 1, 2, 1, 2, 1, 2]);
}

#[test]
fn a_flow_that_has_something_new_each_time_does_not_take_every_place_of_an_endpoint() {
    let limits = SchedulerLimits { in_flight: 2, endpoint_window: 1, ..SchedulerLimits::default() };
    let mut fixture = Fixture::within(limits, 0);
    for (number, endpoint) in [(1, 1), (2, 1), (3, 3)] {
        fixture.change(SubscriptionView {
            receiver: ReceiverNumber::new(number),
            endpoint: view(endpoint).endpoint,
            ..view(number)
        });
    }
    let refused = answered(500);
    let end = |fixture: &mut Fixture, key| {
        fixture.step([Input::AttemptEnded { key, verdict: refused }, Input::Recorded(key)]);
    };
    fixture.commit([to(1, 1, 1)]);
    let first = fixture.order().key;
    end(&mut fixture, first);
    fixture.commit([to(2, 1, 1)]);
    let mut in_flight = fixture.order().key;
    fixture.commit((3..=10).map(|sequence| to(sequence, 2, 2)));
    // From here on as many attempts are in flight as there may be.
    fixture.commit([to(11, 3, 3)]);
    assert_eq!(fixture.order().subscription.get(), 3);
    let mut served = Vec::new();
    for sequence in 12..=17 {
        fixture.commit([to(sequence, 1, 1)]);
        end(&mut fixture, in_flight);
        let order = fixture.order();
        served.push(order.subscription.get());
        in_flight = order.key;
    }
    assert_eq!(served, [2, 1, 2, 1, 2, 1]);
}
