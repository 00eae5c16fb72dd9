use rendezhook_domain::cause::Cause;
use rendezhook_domain::sequence::{OrganizationNumber, ReceiverNumber, Sequence};
use rendezhook_domain::subscription::{DeliveryRate, RateLimit};
use rendezhook_store::pending::{DeliveryKey, PendingDelivery};

use super::fixture::{Fixture, answered, delivery, failed, seconds, view};
use crate::scheduler::SchedulerLimits;
use crate::scheduler::effect::AttemptOrder;
use crate::scheduler::input::{AuthorityNumber, Input, SubscriptionView};

/// Subscription, receiver and organization with the same number.
fn own(number: u32) -> SubscriptionView {
    SubscriptionView {
        organization: OrganizationNumber::new(number),
        receiver: ReceiverNumber::new(number),
        ..view(number)
    }
}

fn to(number: u32, sequence: u64) -> PendingDelivery {
    let key = DeliveryKey { receiver: ReceiverNumber::new(number), sequence: Sequence::new(sequence) };
    PendingDelivery { key, ..delivery(sequence, number, sequence) }
}

fn commit(fixture: &mut Fixture, number: u32, sequences: std::ops::Range<u64>) {
    let organization = OrganizationNumber::new(number);
    let deliveries = sequences.map(|sequence| to(number, sequence)).collect();
    fixture.step([Input::Committed { organization, deliveries }]);
}

fn succeed(fixture: &mut Fixture, order: &AttemptOrder) {
    fixture
        .step([Input::AttemptEnded { key: order.key, verdict: answered(200) }, Input::Recorded(order.key)]);
}

#[test]
fn organizations_share_the_places_at_an_authority() {
    let limits = SchedulerLimits { authority_in_flight: 3, ..SchedulerLimits::default() };
    let mut fixture = Fixture::within(limits, 0);
    for number in [1, 2, 3] {
        fixture.change(SubscriptionView { authority: AuthorityNumber(7), ..own(number) });
    }
    // The first one would take all of it.
    commit(&mut fixture, 1, 1..100);
    let mut in_flight = fixture.orders();
    for order in std::mem::take(&mut in_flight) {
        succeed(&mut fixture, &order);
    }
    in_flight = fixture.orders();
    assert_eq!(in_flight.len(), 3);
    commit(&mut fixture, 2, 100..120);
    commit(&mut fixture, 3, 120..140);
    let mut served = Vec::new();
    for _ in 0..12 {
        let order = in_flight.remove(0);
        succeed(&mut fixture, &order);
        let next = fixture.orders();
        assert_eq!(next.len(), 1, "never more than three");
        served.extend(next.iter().map(|order| order.organization.get()));
        in_flight.extend(next);
    }
    for number in [1, 2, 3] {
        let count = served.iter().filter(|organization| **organization == number).count();
        assert!((3..=5).contains(&count), "{served:?}");
    }
}

#[test]
fn an_endpoint_at_another_authority_does_not_wait() {
    let limits = SchedulerLimits { authority_in_flight: 1, ..SchedulerLimits::default() };
    let mut fixture = Fixture::within(limits, 0);
    for (number, authority) in [(1, 7), (2, 7), (3, 8)] {
        fixture.change(SubscriptionView { authority: AuthorityNumber(authority), ..own(number) });
    }
    for number in [1, 2, 3] {
        let first = u64::from(number) * 10;
        commit(&mut fixture, number, first..first + 2);
    }
    let started: Vec<_> = fixture.orders().iter().map(|order| order.organization.get()).collect();
    assert_eq!(started, [1, 3]);
}

#[test]
fn a_turn_for_which_there_was_no_place_is_made_up_for_at_once() {
    let limits = SchedulerLimits { authority_in_flight: 1, in_flight: 2, ..SchedulerLimits::default() };
    let mut fixture = Fixture::within(limits, 0);
    for (number, authority) in [(1, 7), (2, 7), (3, 8), (4, 9)] {
        fixture.change(SubscriptionView { authority: AuthorityNumber(authority), ..own(number) });
    }
    commit(&mut fixture, 1, 10..11);
    let first = fixture.order();
    // The turn of 2 comes, and its place is taken. 4 lines up when it has waited already.
    for number in [2, 3, 4] {
        commit(&mut fixture, number, u64::from(number) * 10..u64::from(number) * 10 + 1);
    }
    assert_eq!(fixture.order().organization.get(), 3);
    succeed(&mut fixture, &first);
    assert_eq!(fixture.order().organization.get(), 2);
}

#[test]
fn a_place_that_is_kept_goes_on_to_the_next_when_its_delivery_vanishes() {
    let limits = SchedulerLimits { authority_in_flight: 1, in_flight: 2, ..SchedulerLimits::default() };
    let mut fixture = Fixture::within(limits, 0);
    for (number, authority) in [(1, 7), (2, 7), (3, 7), (4, 8)] {
        fixture.change(SubscriptionView { authority: AuthorityNumber(authority), ..own(number) });
    }
    for number in [1, 2, 3] {
        commit(&mut fixture, number, u64::from(number) * 10..u64::from(number) * 10 + 1);
    }
    let first = fixture.order();
    commit(&mut fixture, 4, 40..42);
    // Nothing else can start: the place that becomes free is kept for the second one, which is paused before it can use it.
    let other = fixture.order();
    assert_eq!(other.organization.get(), 4);
    fixture.step([
        Input::AttemptEnded { key: first.key, verdict: answered(200) },
        Input::SubscriptionChanged(SubscriptionView {
            authority: AuthorityNumber(7),
            enabled: false,
            ..own(2)
        }),
    ]);
    assert_eq!(fixture.order().organization.get(), 3);
}

#[test]
fn what_hangs_makes_room_in_the_fast_pool_after_a_second() {
    let limits = SchedulerLimits { in_flight: 4, slow_in_flight: 8, ..SchedulerLimits::default() };
    let mut fixture = Fixture::within(limits, 0);
    for number in 1..=10 {
        fixture.change(own(number));
    }
    for number in 1..=6 {
        let first = u64::from(number) * 10;
        commit(&mut fixture, number, first..first + 4);
    }
    assert_eq!(fixture.orders().len(), 4);
    commit(&mut fixture, 9, 1_000..1_010);
    assert!(fixture.orders().is_empty(), "the fast pool is full");
    fixture.pass(seconds(1));
    let started = fixture.orders();
    assert_eq!(started.len(), 4, "the first four are slow now");
    assert_eq!(fixture.scheduler.figures().slow, 4);
    fixture.pass(seconds(1));
    let mut healthy = fixture.orders();
    assert_eq!(fixture.scheduler.figures().slow, 8, "the slow pool is full");
    // From here on only those go on that own nothing slow.
    let mut served = 0;
    while let Some(order) = healthy.pop() {
        assert!(order.organization.get() == 9 || served == 0, "{order:?}");
        succeed(&mut fixture, &order);
        healthy.extend(fixture.orders());
        served += 1;
    }
    assert!(served >= 10, "{served}");
    assert_eq!(fixture.scheduler.figures().slow, 8);
    // An end makes room for one that hangs.
    let key = started[0].key;
    fixture.step([Input::AttemptEnded { key, verdict: failed(Cause::ResponseTimeout) }]);
    assert!(!fixture.orders().is_empty());
}

#[test]
fn an_endpoint_keeps_the_smallest_rate_of_its_subscriptions() {
    let rate = |per_second| Some(DeliveryRate::from(RateLimit::new(per_second).unwrap()));
    let mut fixture = Fixture::new(0);
    fixture.change(SubscriptionView { rate_limit: rate(100), ..view(1) });
    fixture.change(SubscriptionView { rate_limit: rate(5), endpoint: view(1).endpoint, ..view(2) });
    fixture.commit((1..=200).map(|sequence| delivery(sequence, 1, sequence)));
    let mut served = Vec::new();
    for _ in 0..10 {
        let mut started = fixture.started();
        let mut count = 0;
        while let Some(sequence) = started.pop() {
            fixture.finish(sequence, answered(200));
            started.extend(fixture.started());
            count += 1;
        }
        served.push(count);
        fixture.pass(seconds(1));
    }
    // Within the seconds the tokens come one by one, so nothing is started while nobody answers.
    assert_eq!(served[0], 5, "a second's worth at once");
    assert!(served[1..].iter().all(|count| *count <= 5), "{served:?}");
    fixture.change(SubscriptionView { rate_limit: None, endpoint: view(1).endpoint, ..view(2) });
    fixture.pass(seconds(1));
    let mut count = 0;
    let mut started = fixture.started();
    while let Some(sequence) = started.pop() {
        fixture.finish(sequence, answered(200));
        started.extend(fixture.started());
        count += 1;
    }
    assert!(count > 5, "{count}");
}
