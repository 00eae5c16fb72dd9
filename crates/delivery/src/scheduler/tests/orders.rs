use rendezhook_domain::delivery::DeliveryOrigin;
use rendezhook_domain::delivery_order::DeliveryOrder;
use rendezhook_domain::sequence::Sequence;
use rendezhook_store::pending::PendingDelivery;

use super::fixture::{Fixture, answered, delivery, seconds, test_delivery, view};
use crate::scheduler::input::SubscriptionView;

fn ordered(number: u32, order: DeliveryOrder) -> SubscriptionView {
    SubscriptionView { order, ..view(number) }
}

/// A fixture whose only receiver has this order.
fn with_order(order: DeliveryOrder) -> Fixture {
    let mut fixture = Fixture::new(0);
    fixture.change(ordered(1, order));
    fixture
}

#[test]
fn without_an_order_nothing_waits_and_nothing_is_overtaken() {
    let mut fixture = with_order(DeliveryOrder::None);
    fixture.commit([delivery(1, 1, 7), delivery(2, 1, 7)]);
    assert_eq!(fixture.started(), [1, 2], "two actions of one resource at the same time");
    for wait in [0, 5, 30, 120] {
        fixture.pass(seconds(wait));
        fixture.started();
        fixture.finish(1, answered(500));
    }
    fixture.finish(2, answered(200));
    fixture.pass(seconds(2_000));
    let order = fixture.order();
    assert_eq!((order.key.sequence.get(), order.overtaken), (1, false));
}

#[test]
fn a_strict_receiver_has_one_action_in_flight_whatever_its_resource() {
    let mut fixture = with_order(DeliveryOrder::Strict);
    fixture.commit([delivery(1, 1, 7), delivery(2, 1, 8), test_delivery(3, 1)]);
    assert_eq!(fixture.started(), [3, 1], "who tests does not wait");
    fixture.end(1, answered(200));
    assert_eq!(fixture.started(), [0; 0], "its end is not durable yet");
    fixture.recorded(1);
    assert_eq!(fixture.started(), [2]);
}

#[test]
fn a_failing_head_of_a_strict_receiver_is_overtaken_after_ten_minutes() {
    let mut fixture = with_order(DeliveryOrder::Strict);
    fixture.commit([delivery(1, 1, 7), delivery(2, 1, 8)]);
    for wait in [0, 5, 30, 120] {
        fixture.pass(seconds(wait));
        assert_eq!(fixture.started(), [1]);
        fixture.finish(1, answered(500));
    }
    fixture.pass(seconds(444));
    assert_eq!(fixture.started(), [0; 0]);
    fixture.pass(seconds(1));
    assert_eq!(fixture.started(), [2]);
    fixture.pass(seconds(155));
    assert_eq!(fixture.started(), [0; 0], "never beside another action");
    fixture.finish(2, answered(200));
    let order = fixture.order();
    assert_eq!((order.key.sequence.get(), order.overtaken), (1, true));
}

#[test]
fn a_push_that_is_due_later_holds_up_nothing_in_a_strict_receiver() {
    let mut fixture = with_order(DeliveryOrder::Strict);
    let push = PendingDelivery {
        origin: DeliveryOrigin::RePush,
        due_at: fixture.now.after(seconds(60)),
        ..delivery(1, 1, 100)
    };
    fixture.commit([push, delivery(2, 1, 7)]);
    assert_eq!(fixture.started(), [2]);
    fixture.pass(seconds(60));
    assert_eq!(fixture.started(), [0; 0], "it takes its turn, but not beside another action");
    fixture.finish(2, answered(200));
    let order = fixture.order();
    assert_eq!((order.key.sequence.get(), order.overtaken), (1, false));
}

#[test]
fn another_order_begins_once_what_is_under_way_has_ended_and_takes_everything_anew() {
    let mut fixture = Fixture::new(2);
    let waiting = [delivery(3, 1, 7), delivery(4, 2, 9)];
    fixture.commit([delivery(1, 1, 7), delivery(2, 1, 8), waiting[0]]);
    assert_eq!(fixture.started(), [1, 2]);
    for number in [1, 2] {
        fixture.change(ordered(number, DeliveryOrder::Strict));
    }
    fixture.commit([waiting[1]]);
    fixture.finish(1, answered(500));
    fixture.no_page();
    assert_eq!(fixture.started(), [0; 0], "one of the former order is in flight still");
    fixture.commit([test_delivery(5, 1)]);
    assert_eq!(fixture.started(), [5]);
    fixture.finish(2, answered(200));

    let request = fixture.page();
    assert_eq!((request.after, request.subscription), (Sequence::ZERO, None));
    let retried = PendingDelivery {
        failed_attempts: 1,
        first_failed_at: Some(fixture.now),
        due_at: fixture.now.after(seconds(5)),
        ..delivery(1, 1, 7)
    };
    fixture.answer_page(request, [retried, waiting[0], waiting[1], test_delivery(5, 1)], true);
    assert_eq!(fixture.started(), [0; 0], "the test is not taken twice, the others wait for the first");
    fixture.pass(seconds(5));
    assert_eq!(fixture.started(), [1]);
    fixture.finish(1, answered(200));
    assert_eq!(fixture.started(), [3]);
    fixture.finish(3, answered(200));
    assert_eq!(fixture.started(), [4]);
}
