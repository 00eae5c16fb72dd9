use rendezhook_domain::sequence::{ReceiverNumber, Sequence, SubscriptionNumber};
use rendezhook_store::pending::{DeliveryKey, PendingDelivery};

use super::fixture::{Fixture, answered, delivery, seconds, test_delivery, view};
use crate::scheduler::SchedulerLimits;
use crate::scheduler::input::{Input, SubscriptionView};

#[test]
fn what_is_announced_is_loaded_page_by_page() {
    let mut fixture = Fixture::new(1);
    fixture.announce(30);
    let request = fixture.page();
    assert_eq!((request.after.get(), request.up_to.get(), request.subscription), (0, 30, None));
    fixture.answer_page(request, [delivery(3, 1, 3), delivery(8, 1, 8)], false);
    let request = fixture.page();
    assert_eq!((request.after.get(), request.up_to.get()), (8, 30));
    fixture.answer_page(request, [], true);
    fixture.no_page();
    assert_eq!(fixture.started(), [3, 8]);
    fixture.announce(30);
    fixture.no_page();
}

#[test]
fn nothing_is_taken_directly_while_older_ones_are_in_the_store() {
    let mut fixture = Fixture::new(1);
    fixture.announce(5);
    let request = fixture.page();
    fixture.commit([delivery(6, 1, 7)]);
    assert_eq!(fixture.started(), [0; 0]);
    fixture.answer_page(request, [delivery(5, 1, 7)], true);
    assert_eq!(fixture.started(), [5]);
    let request = fixture.page();
    assert_eq!((request.after.get(), request.up_to.get()), (5, 6));
    fixture.answer_page(request, [delivery(6, 1, 7)], true);
    fixture.finish(5, answered(200));
    assert_eq!(fixture.started(), [6]);
    fixture.commit([delivery(7, 1, 8)]);
    assert_eq!(fixture.started(), [7], "nothing lies between any more");
}

#[test]
fn nothing_is_taken_twice() {
    let mut fixture = Fixture::new(1);
    fixture.commit([delivery(1, 1, 1)]);
    fixture.commit([delivery(1, 1, 1)]);
    fixture.announce(1);
    fixture.no_page();
    assert_eq!(fixture.started(), [1]);
}

#[test]
fn a_page_that_could_not_be_read_is_asked_for_again_after_a_second() {
    let mut fixture = Fixture::new(1);
    fixture.announce(5);
    let request = fixture.page();
    fixture.step([Input::PageLoaded { request, page: None }]);
    fixture.announce(6);
    fixture.no_page();
    fixture.pass(seconds(1));
    assert_eq!(fixture.page().up_to, Sequence::new(6));
}

#[test]
fn a_receiver_is_loaded_only_as_far_as_it_can_use() {
    let limits = SchedulerLimits { page_low_water: 4, direct_high_water: 8, ..SchedulerLimits::default() };
    let mut fixture = Fixture::within(limits, 1);
    fixture.commit((1..=100).map(|sequence| delivery(sequence, 1, sequence)));
    assert_eq!(fixture.scheduler.figures().in_memory, 8);
    fixture.no_page();
    fixture.started();
    for sequence in 1..=3 {
        fixture.finish(sequence, answered(200));
    }
    let request = fixture.page();
    assert_eq!((request.after.get(), request.up_to.get()), (8, 100));
}

#[test]
fn a_lane_that_waits_does_not_keep_others_from_being_loaded() {
    let limits = SchedulerLimits { page_low_water: 4, direct_high_water: 8, ..SchedulerLimits::default() };
    let mut fixture = Fixture::within(limits, 1);
    fixture.announce(100);
    let request = fixture.page();
    // All of one lane: a single one of them could be started.
    fixture.answer_page(request, (1..=20).map(|sequence| delivery(sequence, 1, 7)), false);
    let request = fixture.page();
    fixture.answer_page(request, [delivery(21, 1, 8)], true);
    assert_eq!(fixture.started(), [1, 21]);
}

#[test]
fn an_endpoint_that_rests_does_not_keep_its_siblings_from_being_loaded() {
    let limits = SchedulerLimits { page_low_water: 4, direct_high_water: 4, ..SchedulerLimits::default() };
    let mut fixture = Fixture::within(limits, 2);
    fixture.commit([delivery(1, 1, 1)]);
    fixture.finish(1, super::fixture::asking(503, 3_600));
    fixture.started();
    fixture.announce(31);
    let request = fixture.page();
    fixture.answer_page(request, (2..=30).map(|sequence| delivery(sequence, 1, sequence)), false);
    let request = fixture.page();
    assert_eq!(request.after, Sequence::new(30));
    fixture.answer_page(request, [delivery(31, 2, 31)], true);
    assert_eq!(fixture.started(), [31]);
}

#[test]
fn an_endpoint_that_is_new_has_more_loaded() {
    let limits = SchedulerLimits { page_low_water: 2, direct_high_water: 2, ..SchedulerLimits::default() };
    let mut fixture = Fixture::within(limits, 2);
    for number in [1, 2] {
        fixture.change(SubscriptionView { endpoint: view(1).endpoint, ..view(number) });
    }
    fixture.commit([delivery(1, 1, 1)]);
    fixture.finish(1, super::fixture::asking(503, 3_600));
    fixture.commit((2..=30).map(|sequence| delivery(sequence, 1, sequence)));
    fixture.no_page();
    fixture.change(view(2));
    assert_eq!(fixture.page().after, Sequence::new(3));
}

#[test]
fn the_backlog_of_one_receiver_leaves_room_for_others() {
    let limits = SchedulerLimits { receiver_entries: 10, ..SchedulerLimits::default() };
    let mut fixture = Fixture::within(limits, 1);
    fixture.commit((1..=100).map(|sequence| delivery(sequence, 1, 7)));
    assert_eq!(fixture.scheduler.figures().in_memory, 10);
    fixture.no_page();
    fixture.finish(1, answered(200));
    assert_eq!(fixture.page().after, Sequence::new(10));
}

#[test]
fn a_receiver_that_was_crowded_out_is_loaded_once_there_is_room() {
    let limits =
        SchedulerLimits { entries: 6, page_low_water: 2, in_flight: 1, ..SchedulerLimits::default() };
    let mut fixture = Fixture::within(limits, 1);
    let other = SubscriptionView { receiver: ReceiverNumber::new(2), ..view(2) };
    fixture.change(other);
    // Two lanes of receiver 1 wait for a long time, and four more deliveries are in the store.
    let far = fixture.now.after(seconds(80_000));
    let waiting = (1..=2).map(|sequence| PendingDelivery { due_at: far, ..delivery(sequence, 1, sequence) });
    fixture.commit(waiting);
    let to_other = (10..14).map(|sequence| PendingDelivery {
        key: DeliveryKey { receiver: ReceiverNumber::new(2), sequence: Sequence::new(sequence) },
        ..delivery(sequence, 2, sequence)
    });
    fixture.commit(to_other);
    fixture.commit([delivery(20, 1, 20)]);
    assert_eq!(fixture.scheduler.figures().in_memory, 6);
    fixture.no_page();
    let key = DeliveryKey { receiver: ReceiverNumber::new(2), sequence: Sequence::new(10) };
    let verdict = answered(200);
    fixture.step([Input::AttemptEnded { key, verdict }, Input::Recorded(key)]);
    let request = fixture.page();
    assert_eq!((request.receiver, request.after.get()), (ReceiverNumber::new(1), 2));
}

#[test]
fn tests_do_not_wait_for_a_backlog() {
    let mut fixture = Fixture::new(1);
    fixture.announce(50);
    let request = fixture.page();
    fixture.commit([test_delivery(51, 1)]);
    assert_eq!(fixture.started(), [51]);
    fixture.answer_page(request, [], true);
    let request = fixture.page();
    // The page was read before the end of the test was durable.
    fixture.finish(51, answered(200));
    fixture.answer_page(request, [test_delivery(51, 1)], true);
    assert_eq!(fixture.started(), [0; 0]);
}

#[test]
fn deliveries_of_a_subscription_that_nobody_told_of_are_not_lost() {
    let mut fixture = Fixture::new(1);
    fixture.commit([delivery(1, 2, 7), delivery(2, 1, 8)]);
    assert_eq!(fixture.started(), [2]);
    fixture.change(view(2));
    let request = fixture.page();
    assert_eq!((request.after, request.up_to), (Sequence::ZERO, Sequence::new(2)));
    assert_eq!(request.subscription, Some(SubscriptionNumber::new(2)));
    fixture.answer_page(request, [delivery(1, 2, 7)], true);
    assert_eq!(fixture.started(), [1]);
}
