use rendezhook_domain::cause::Cause;
use rendezhook_domain::sequence::Sequence;
use rendezhook_store::pending::PendingDelivery;

use super::fixture::{Fixture, answered, delivery, failed, seconds, view};

#[test]
fn a_later_action_waits_until_the_outcome_is_durable() {
    let mut fixture = Fixture::new(1);
    fixture.commit([delivery(1, 1, 7), delivery(2, 1, 7), delivery(3, 1, 8)]);
    assert_eq!(fixture.started(), [1, 3], "lanes run beside one another");
    fixture.end(1, answered(200));
    assert_eq!(fixture.started(), [0; 0]);
    fixture.recorded(1);
    assert_eq!(fixture.started(), [2]);
}

#[test]
fn deliveries_of_one_action_run_beside_one_another() {
    let mut fixture = Fixture::new(3);
    let of_action = |sequence, subscription, action| PendingDelivery {
        action: Sequence::new(action),
        ..delivery(sequence, subscription, 7)
    };
    fixture.commit([of_action(2, 1, 1), of_action(3, 2, 1), of_action(5, 1, 4), of_action(6, 2, 4)]);
    assert_eq!(fixture.started(), [2, 3]);
    fixture.finish(2, answered(200));
    assert_eq!(fixture.started(), [0; 0], "the other one of the action is in flight still");
    fixture.finish(3, answered(200));
    assert_eq!(fixture.started(), [5, 6]);
}

#[test]
fn a_failing_head_blocks_its_lane_for_ten_minutes_only() {
    let mut fixture = Fixture::new(1);
    fixture.commit([delivery(1, 1, 7), delivery(2, 1, 7)]);
    // First failures: at 0 s, 5 s, 35 s, 155 s; the next attempt is due at 755 s, which is after 600 s.
    for wait in [0, 5, 30, 120] {
        fixture.pass(seconds(wait));
        assert_eq!(fixture.started(), [1]);
        fixture.finish(1, answered(500));
    }
    fixture.pass(seconds(444));
    assert_eq!(fixture.started(), [0; 0]);
    fixture.pass(seconds(1));
    assert_eq!(fixture.order().key.sequence.get(), 2);
    fixture.finish(2, answered(200));
    fixture.pass(seconds(155));
    let order = fixture.order();
    assert_eq!((order.key.sequence.get(), order.number, order.overtaken), (1, 5, true));
    fixture.records();
    fixture.end(1, answered(200));
    assert!(fixture.record().overtaken);
}

#[test]
fn what_was_overtaken_takes_its_turn_but_never_beside_another_action() {
    let mut fixture = Fixture::new(1);
    let overtaken = PendingDelivery {
        failed_attempts: 4,
        first_failed_at: Some(fixture.now.before(seconds(900))),
        lane_held: seconds(900),
        due_at: fixture.now.after(seconds(10)),
        ..delivery(1, 1, 7)
    };
    fixture.commit([overtaken, delivery(2, 1, 7), delivery(3, 1, 7)]);
    assert_eq!(fixture.started(), [2]);
    fixture.pass(seconds(20));
    assert_eq!(fixture.started(), [0; 0], "the lane is taken");
    fixture.finish(2, answered(200));
    assert_eq!(fixture.started(), [1], "the lowest sequence goes next");
    fixture.finish(1, answered(500));
    assert_eq!(fixture.started(), [3]);
}

#[test]
fn the_lowest_that_could_start_goes_next_also_to_another_endpoint() {
    let mut fixture = Fixture::new(2);
    let overtaken = PendingDelivery {
        failed_attempts: 4,
        first_failed_at: Some(fixture.now.before(seconds(900))),
        lane_held: seconds(900),
        ..delivery(1, 2, 7)
    };
    // Its endpoint asks for time, so it does not keep the lane from going on.
    fixture.commit([delivery(1_000, 2, 9)]);
    fixture.finish(1_000, super::fixture::asking(503, 30));
    fixture.started();
    fixture.commit([
        PendingDelivery { key: super::fixture::key(1_001), ..overtaken },
        delivery(1_002, 1, 7),
        delivery(1_003, 1, 7),
    ]);
    assert_eq!(fixture.started(), [1_002]);
    fixture.pass(seconds(31));
    assert_eq!(fixture.started(), [0; 0]);
    fixture.finish(1_002, answered(200));
    assert_eq!(fixture.started(), [1_001]);
}

#[test]
fn tests_are_in_nobodys_lane() {
    let mut fixture = Fixture::new(1);
    fixture.commit([delivery(1, 1, 1), super::fixture::test_delivery(2, 1)]);
    assert_eq!(fixture.started(), [2, 1]);
}

#[test]
fn a_delivery_that_comes_back_takes_its_place_before_later_ones() {
    let mut fixture = Fixture::new(2);
    fixture.commit([delivery(1, 1, 7), delivery(2, 2, 7), delivery(3, 1, 7)]);
    fixture.change(crate::scheduler::input::SubscriptionView { enabled: false, ..view(2) });
    assert_eq!(fixture.started(), [1]);
    fixture.finish(1, failed(Cause::ConnectionRefused));
    fixture.change(view(2));
    let request = fixture.page();
    fixture.answer_page(request, [delivery(2, 2, 7)], true);
    fixture.pass(seconds(5));
    assert_eq!(fixture.started(), [1]);
    fixture.finish(1, answered(200));
    assert_eq!(fixture.started(), [2], "it stands before 3, which came first");
    fixture.finish(2, answered(200));
    assert_eq!(fixture.started(), [3]);
}
