use rendezhook_domain::sequence::{Sequence, SubscriptionNumber};

use super::fixture::{Fixture, answered, delivery, seconds, test_delivery, view};
use crate::scheduler::SchedulerLimits;
use crate::scheduler::input::{Input, SubscriptionView};

fn paused(number: u32) -> SubscriptionView {
    SubscriptionView { enabled: false, ..view(number) }
}

#[test]
fn a_paused_subscription_leaves_memory_and_lanes() {
    let mut fixture = Fixture::new(2);
    fixture.commit([delivery(1, 1, 7), delivery(2, 1, 7), delivery(3, 2, 7)]);
    assert_eq!(fixture.started(), [1]);
    fixture.change(paused(1));
    assert_eq!(fixture.scheduler.figures().in_memory, 2, "what is in flight finishes");
    fixture.finish(1, answered(500));
    assert_eq!(fixture.started(), [3]);
    assert_eq!(fixture.scheduler.figures().in_memory, 1, "its retry stays in the store");
    fixture.commit([delivery(4, 1, 8)]);
    assert_eq!(fixture.started(), [0; 0]);
    fixture.no_page();
    assert_eq!(fixture.scheduler.wake_at(), None);
}

#[test]
fn an_enabled_subscription_takes_up_what_it_missed_before_anything_new() {
    let mut fixture = Fixture::new(1);
    fixture.change(paused(1));
    fixture.commit([delivery(1, 1, 7), delivery(2, 1, 8), delivery(3, 1, 7)]);
    fixture.change(view(1));
    let request = fixture.page();
    assert_eq!((request.after, request.up_to), (Sequence::ZERO, Sequence::new(3)));
    assert_eq!(request.subscription, Some(SubscriptionNumber::new(1)));
    fixture.commit([delivery(4, 1, 7), delivery(5, 1, 9)]);
    assert_eq!(fixture.started(), [0; 0], "4 would overtake 1");
    fixture.answer_page(request, [delivery(1, 1, 7), delivery(2, 1, 8)], false);
    assert_eq!(fixture.started(), [1, 2]);
    let request = fixture.page();
    assert_eq!((request.after, request.up_to), (Sequence::new(2), Sequence::new(5)));
    fixture.answer_page(request, [delivery(3, 1, 7), delivery(4, 1, 7), delivery(5, 1, 9)], true);
    fixture.finish(1, answered(200));
    assert_eq!(fixture.started(), [5, 3]);
    fixture.commit([delivery(6, 1, 10)]);
    fixture.no_page();
    fixture.finish(2, answered(200));
    assert_eq!(fixture.started(), [6], "it is live again");
}

#[test]
fn what_was_in_flight_all_the_time_is_not_taken_twice() {
    for end_before_page in [true, false] {
        let mut fixture = Fixture::new(1);
        fixture.commit([delivery(1, 1, 7), delivery(2, 1, 8)]);
        fixture.started();
        fixture.change(paused(1));
        fixture.change(view(1));
        fixture.no_page();
        fixture.change(paused(1));
        fixture.finish(2, answered(500));
        fixture.change(view(1));
        let request = fixture.page();
        if end_before_page {
            fixture.finish(1, answered(200));
        }
        // The page was read before the end of 1 was durable.
        fixture.answer_page(request, [delivery(1, 1, 7), delivery(2, 1, 8)], true);
        assert_eq!(fixture.started(), [2]);
        if !end_before_page {
            fixture.finish(1, answered(200));
        }
        fixture.finish(2, answered(200));
        assert_eq!(fixture.scheduler.figures().in_memory, 0);
    }
}

#[test]
fn a_page_from_before_another_pause_is_of_no_use() {
    let mut fixture = Fixture::new(1);
    fixture.change(paused(1));
    fixture.commit([delivery(1, 1, 7)]);
    fixture.change(view(1));
    let request = fixture.page();
    fixture.change(paused(1));
    fixture.change(view(1));
    fixture.no_page();
    fixture.answer_page(request, [delivery(1, 1, 7)], true);
    assert_eq!(fixture.started(), [0; 0]);
    assert_eq!(fixture.page(), request, "it is asked for anew");
    fixture.answer_page(request, [delivery(1, 1, 7)], true);
    assert_eq!(fixture.started(), [1]);
}

#[test]
fn tests_are_not_parked() {
    let mut fixture = Fixture::within(SchedulerLimits { in_flight: 1, ..SchedulerLimits::default() }, 1);
    fixture.commit([delivery(1, 1, 7)]);
    fixture.commit([delivery(2, 1, 8), test_delivery(3, 1)]);
    fixture.change(paused(1));
    fixture.finish(1, answered(500));
    assert_eq!(fixture.started(), [1, 3]);
    fixture.finish(3, answered(200));
    fixture.commit([test_delivery(4, 1)]);
    assert_eq!(fixture.started(), [4]);
}

#[test]
fn a_deleted_subscription_is_forgotten_once_its_attempts_have_ended() {
    let mut fixture = Fixture::new(2);
    fixture.commit([delivery(1, 1, 7), delivery(2, 1, 7), delivery(3, 2, 7), delivery(4, 1, 8)]);
    assert_eq!(fixture.started(), [1, 4]);
    fixture.step([Input::SubscriptionDeleted(SubscriptionNumber::new(1))]);
    fixture.end(1, answered(500));
    assert_eq!(fixture.record().subscription, SubscriptionNumber::new(1));
    fixture.recorded(1);
    assert_eq!(fixture.started(), [3]);
    fixture.finish(4, answered(200));
    fixture.finish(3, answered(200));
    fixture.step([Input::SubscriptionDeleted(SubscriptionNumber::new(2))]);
    fixture.pass(seconds(60));
    let scheduler = &fixture.scheduler;
    let left = [
        scheduler.entries.len(),
        scheduler.histories.len(),
        scheduler.subscriptions.len(),
        scheduler.receivers.len(),
        scheduler.endpoints.len(),
        scheduler.flows.len(),
        scheduler.organizations.len(),
        scheduler.claims.len(),
    ];
    assert_eq!(left, [0; 8]);
}
