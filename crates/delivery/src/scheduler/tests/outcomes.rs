use std::time::Duration;

use rendezhook_domain::cause::Cause;
use rendezhook_domain::delivery::{DeliveryOrigin, FinalState};
use rendezhook_domain::outcome::{Answer, Outcome, ReceiverWish};
use rendezhook_domain::subscription::DisableReason;
use rendezhook_store::pending::PendingDelivery;
use rendezhook_store::record::Disposition;

use super::fixture::{Fixture, answered, asking, delivery, failed, seconds, test_delivery};

#[test]
fn success_ends_a_delivery() {
    let mut fixture = Fixture::new(1);
    fixture.commit([delivery(1, 1, 1)]);
    assert_eq!(fixture.order().number, 1);
    fixture.end(1, answered(204));
    let record = fixture.record();
    assert_eq!(record.final_state(), Some(FinalState::Delivered));
    assert_eq!((record.attempted, record.overtaken, record.disable), (true, false, None));
    fixture.recorded(1);
    assert_eq!(fixture.scheduler.figures().in_memory, 0);
    assert_eq!(fixture.scheduler.wake_at(), None);
}

#[test]
fn a_delivery_starts_when_it_is_due_and_not_before() {
    let mut fixture = Fixture::new(1);
    let due_at = fixture.now.after(seconds(60));
    fixture.commit([PendingDelivery { origin: DeliveryOrigin::RePush, due_at, ..delivery(1, 1, 1) }]);
    fixture.pass(seconds(59));
    assert_eq!(fixture.started(), [0; 0]);
    fixture.pass(seconds(1));
    let order = fixture.order();
    assert_eq!((order.number, order.origin), (1, DeliveryOrigin::RePush));
}

#[test]
fn retries_follow_the_policy_until_it_is_used_up() {
    let mut fixture = Fixture::new(1);
    fixture.commit([delivery(1, 1, 1)]);
    let first_failed_at = fixture.now;
    for (number, wait) in (1..).zip([5, 30, 120, 600, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400]) {
        assert_eq!(fixture.order().number, number);
        fixture.end(1, answered(500));
        let due_at = fixture.now.after(seconds(wait));
        let lane_held = fixture.now.since(first_failed_at);
        assert_eq!(fixture.record().disposition, Disposition::Retry { due_at, lane_held });
        fixture.recorded(1);
        assert_eq!(fixture.started(), [0; 0]);
        fixture.pass(seconds(wait - 1));
        assert_eq!(fixture.started(), [0; 0]);
        fixture.pass(seconds(1));
    }
    assert_eq!(fixture.order().number, 12);
    fixture.end(1, answered(500));
    assert_eq!(fixture.record().final_state(), Some(FinalState::Exhausted));
}

#[test]
fn the_wait_counts_from_the_end_of_the_attempt() {
    let mut fixture = Fixture::new(1);
    fixture.commit([delivery(1, 1, 1)]);
    fixture.end(1, answered(500));
    fixture.pass(seconds(20));
    fixture.started();
    fixture.recorded(1);
    assert_eq!(fixture.started(), [1], "5 seconds have passed while the record was written");
}

#[test]
fn overload_and_retry_after_lengthen_the_wait() {
    for (verdict, wait) in [
        (answered(502), 60),
        (asking(500, 90), 90),
        (failed(Cause::ResponseTimeout), 60),
        (failed(Cause::ConnectionRefused), 5),
    ] {
        let mut fixture = Fixture::new(1);
        fixture.commit([delivery(1, 1, 1)]);
        fixture.end(1, verdict);
        let due_at = fixture.now.after(seconds(wait));
        let lane_held = Duration::ZERO;
        assert_eq!(fixture.record().disposition, Disposition::Retry { due_at, lane_held });
    }
}

#[test]
fn busy_costs_no_attempt_and_no_record() {
    let mut fixture = Fixture::new(1);
    fixture.commit([delivery(1, 1, 1), delivery(2, 1, 1)]);
    assert_eq!(fixture.order().number, 1);
    fixture.end(1, failed(Cause::Busy));
    assert_eq!(fixture.records(), []);
    fixture.pass(seconds(0));
    assert_eq!(fixture.started(), [0; 0]);
    fixture.pass(seconds(1));
    let order = fixture.order();
    assert_eq!((order.key.sequence.get(), order.number), (1, 1));
}

#[test]
fn two_different_deliveries_that_are_gone_disable_the_subscription() {
    let mut fixture = Fixture::new(2);
    let mut gone = |sequence, subscription, resource| {
        fixture.commit([delivery(sequence, subscription, resource)]);
        fixture.end(sequence, answered(410));
        let record = fixture.record();
        assert_eq!(record.final_state(), Some(FinalState::Refused));
        fixture.recorded(sequence);
        fixture.pass(seconds(301));
        record.disable
    };
    assert_eq!(gone(1, 1, 1), None);
    assert_eq!(gone(2, 2, 2), None, "another subscription");
    assert_eq!(gone(3, 1, 3), None, "more than ten minutes later");
    assert_eq!(gone(4, 1, 4), Some(DisableReason::Gone));
}

#[test]
fn a_receiver_can_ask_to_be_disabled_and_to_be_spared() {
    let mut fixture = Fixture::new(1);
    fixture.commit([delivery(1, 1, 1), delivery(2, 1, 2)]);
    let wishing =
        |status, wish| Outcome::Answered(Answer { status, retry_after: None, wish: Some(wish) }).verdict();
    fixture.end(1, wishing(200, ReceiverWish::Disable));
    let record = fixture.record();
    assert_eq!(record.final_state(), Some(FinalState::Delivered));
    assert_eq!(record.disable, Some(DisableReason::ReceiverRequest));
    fixture.end(2, wishing(500, ReceiverWish::AbortMessage));
    let record = fixture.record();
    assert_eq!((record.final_state(), record.disable), (Some(FinalState::Refused), None));
}

#[test]
fn a_test_has_one_attempt() {
    let mut fixture = Fixture::new(1);
    fixture.commit([test_delivery(1, 1)]);
    fixture.end(1, answered(500));
    assert_eq!(fixture.record().final_state(), Some(FinalState::Exhausted));
}

#[test]
fn a_restart_goes_on_counting() {
    let mut fixture = Fixture::new(1);
    let first_failed_at = fixture.now.before(seconds(60));
    let due_at = fixture.now.after(seconds(10));
    let failed = PendingDelivery {
        failed_attempts: 2,
        first_failed_at: Some(first_failed_at),
        lane_held: seconds(60),
        due_at,
        ..delivery(1, 1, 1)
    };
    fixture.announce(1);
    let request = fixture.page();
    fixture.answer_page(request, [failed], true);
    assert_eq!(fixture.scheduler.wake_at(), Some(due_at));
    fixture.pass(seconds(10));
    assert_eq!(fixture.order().number, 3);
    fixture.end(1, answered(500));
    let due_at = fixture.now.after(seconds(120));
    let lane_held = seconds(70);
    assert_eq!(fixture.record().disposition, Disposition::Retry { due_at, lane_held });
}
