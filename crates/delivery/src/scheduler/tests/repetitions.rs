use rendezhook_domain::cause::Cause;
use rendezhook_domain::delivery::DeliveryOrigin;
use rendezhook_domain::sequence::Sequence;
use rendezhook_store::pending::PendingDelivery;

use super::fixture::{Fixture, answered, delivery, failed, seconds, view};
use crate::scheduler::SchedulerLimits;
use crate::scheduler::input::{EndpointNumber, SubscriptionView};

/// A replay of the delivery of action `action`.
fn replay(sequence: u64, subscription: u32, resource: u64, action: u64) -> PendingDelivery {
    PendingDelivery {
        action: Sequence::new(action),
        origin: DeliveryOrigin::Replay,
        ..delivery(sequence, subscription, resource)
    }
}

/// One attempt at a time.
fn narrow() -> SchedulerLimits {
    SchedulerLimits { in_flight: 1, ..SchedulerLimits::default() }
}

/// Lets attempts succeed one at a time, and answers with their sequences.
fn serve(fixture: &mut Fixture, turns: usize) -> Vec<u64> {
    let mut served = Vec::new();
    for _ in 0..turns {
        let sequence = fixture.order().key.sequence.get();
        served.push(sequence);
        fixture.finish(sequence, answered(200));
    }
    served
}

#[test]
fn repetitions_of_a_resource_keep_their_order_in_a_lane_beside_the_others() {
    let mut fixture = Fixture::new(1);
    fixture.commit([delivery(10, 1, 7)]);
    assert_eq!(fixture.started(), [10]);
    // Neither waits for the original in flight, nor holds up the next one.
    fixture.commit([replay(11, 1, 7, 1), replay(12, 1, 7, 2), replay(13, 1, 8, 3)]);
    assert_eq!(fixture.started(), [11], "the window has two places");
    fixture.finish(10, answered(200));
    assert_eq!(fixture.started(), [13], "of another resource");
    fixture.commit([delivery(14, 1, 7)]);
    assert_eq!(fixture.started(), [14], "its own lane is free");
    fixture.finish(11, answered(200));
    assert_eq!(fixture.started(), [12]);
}

#[test]
fn three_of_four_turns_go_to_others() {
    let mut fixture = Fixture::within(narrow(), 1);
    fixture.commit((1..=6).map(|sequence| replay(sequence, 1, sequence, sequence)));
    fixture.commit((11..=22).map(|sequence| delivery(sequence, 1, sequence)));
    // The first turn is taken when nobody else is there.
    let served = serve(&mut fixture, 18);
    assert_eq!(served, [1, 11, 12, 13, 2, 14, 15, 16, 3, 17, 18, 19, 4, 20, 21, 22, 5, 6]);
}

#[test]
fn subscriptions_of_a_receiver_go_before_the_repetitions_of_another_one_of_it() {
    let mut fixture = Fixture::within(narrow(), 0);
    for number in 1..=3 {
        fixture.change(SubscriptionView { endpoint: EndpointNumber(1), ..view(number) });
    }
    fixture.commit((1..=4).map(|sequence| replay(sequence, 1, sequence, sequence)));
    fixture.commit((5..=8).map(|sequence| replay(sequence, 2, sequence, sequence)));
    fixture.commit((11..=16).map(|sequence| delivery(sequence, 3, sequence)));
    let served = serve(&mut fixture, 9);
    let others: Vec<bool> = served.iter().map(|sequence| *sequence > 10).collect();
    assert_eq!(others, [false, true, true, true, false, true, true, true, false]);
}

#[test]
fn however_many_repetitions_are_ready_others_are_taken_directly() {
    let limits = SchedulerLimits { direct_high_water: 4, ..narrow() };
    let mut fixture = Fixture::within(limits, 1);
    fixture.commit((1..=20).map(|sequence| replay(sequence, 1, sequence, sequence)));
    fixture.commit([delivery(21, 1, 21)]);
    fixture.no_page();
    assert_eq!(serve(&mut fixture, 2), [1, 21]);
}

#[test]
fn repetitions_move_to_another_endpoint_with_their_subscription() {
    let mut fixture = Fixture::within(narrow(), 1);
    fixture.commit([replay(1, 1, 1, 1), replay(2, 1, 2, 2), delivery(3, 1, 3), delivery(4, 1, 4)]);
    fixture.change(SubscriptionView { endpoint: EndpointNumber(9), ..view(1) });
    assert_eq!(serve(&mut fixture, 4), [3, 4, 1, 2]);
    fixture.change(SubscriptionView { enabled: false, ..view(1) });
    assert_eq!(fixture.scheduler.figures().in_memory, 0);
}

#[test]
fn a_failing_repetition_is_tried_again_like_any_other() {
    let mut fixture = Fixture::new(1);
    fixture.commit([replay(1, 1, 1, 1), delivery(2, 1, 1)]);
    assert_eq!(fixture.started(), [2, 1]);
    fixture.finish(2, answered(200));
    fixture.finish(1, failed(Cause::ConnectionReset));
    fixture.pass(seconds(4));
    assert_eq!(fixture.started(), [0; 0]);
    fixture.pass(seconds(2));
    assert_eq!(fixture.order().number, 2);
}
