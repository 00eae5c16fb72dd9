use rendezhook_domain::delivery::FinalState;
use rendezhook_domain::delivery_order::DeliveryOrder;
use rendezhook_domain::sequence::{ReceiverNumber, Sequence};
use rendezhook_store::pending::PendingDelivery;

use super::fixture::{Fixture, answered, delivery, seconds, test_delivery, view};
use crate::scheduler::SchedulerLimits;
use crate::scheduler::input::{Input, SubscriptionView};

fn paused(number: u32) -> SubscriptionView {
    SubscriptionView { enabled: false, ..view(number) }
}

fn exceeded(by: u64) -> Input {
    Input::BacklogExceeded { receiver: ReceiverNumber::new(1), by }
}

/// The sequences of the records that were asked for, all of deliveries that end because too many wait.
fn ended(fixture: &mut Fixture) -> Vec<u64> {
    let records = fixture.records();
    for record in &records {
        assert_eq!(record.final_state(), Some(FinalState::Expired));
        assert!(record.over_backlog && !record.attempted);
    }
    records.iter().map(|record| record.key.sequence.get()).collect()
}

fn all(sequences: impl IntoIterator<Item = u64>) -> Vec<PendingDelivery> {
    sequences.into_iter().map(|sequence| delivery(sequence, 1, 7)).collect()
}

#[test]
fn the_oldest_that_wait_end_and_what_is_in_flight_stays() {
    let mut fixture = Fixture::new(1);
    fixture.commit(all(1..=5));
    assert_eq!(fixture.started(), [1]);
    fixture.step([exceeded(2)]);
    let request = fixture.oldest();
    assert_eq!((request.after, request.up_to), (Sequence::ZERO, Sequence::new(5)));
    fixture.answer_oldest(request, Some(all(1..=5)));
    assert_eq!(ended(&mut fixture), [2, 3]);
    fixture.finish(1, answered(200));
    fixture.records();
    assert_eq!(fixture.started(), [0; 0], "that 2 and 3 have ended is not durable yet");
    fixture.recorded(2);
    fixture.recorded(3);
    assert_eq!(fixture.started(), [4]);
    fixture.no_oldest();
}

#[test]
fn what_is_paused_ends_without_being_attempted_and_is_not_taken_up_later() {
    let mut fixture = Fixture::new(1);
    fixture.change(paused(1));
    fixture.commit(all(1..=5));
    fixture.step([exceeded(3)]);
    let request = fixture.oldest();
    fixture.answer_oldest(request, Some(all(1..=5)));
    assert_eq!(ended(&mut fixture), [1, 2, 3]);
    assert_eq!(fixture.scheduler.figures().in_memory, 3, "only to be ended");

    fixture.change(view(1));
    fixture.recorded(1);
    fixture.recorded(2);
    fixture.no_page();
    fixture.recorded(3);
    let page = fixture.page();
    fixture.answer_page(page, all(4..=5), true);
    assert_eq!(fixture.started(), [4], "after what came before it has ended for good");
    fixture.finish(4, answered(200));
    assert_eq!(fixture.started(), [5]);
    fixture.finish(5, answered(200));
    assert_eq!(fixture.scheduler.figures().in_memory, 0);
}

#[test]
fn what_is_enabled_while_the_oldest_are_read_comes_into_memory_by_itself() {
    let mut fixture = Fixture::new(1);
    fixture.change(paused(1));
    fixture.commit(all(1..=3));
    fixture.step([exceeded(2)]);
    let request = fixture.oldest();
    fixture.change(view(1));
    fixture.answer_oldest(request, Some(all(1..=3)));
    assert!(fixture.records().is_empty());
    let page = fixture.page();
    fixture.answer_page(page, all(1..=3), true);
    assert_eq!(fixture.started(), [1]);
    fixture.step([exceeded(2)]);
    let request = fixture.oldest();
    fixture.answer_oldest(request, Some(all(1..=3)));
    assert_eq!(ended(&mut fixture), [2, 3]);
}

#[test]
fn only_so_many_end_at_the_same_time_and_the_next_ones_follow() {
    let mut fixture = Fixture::within(SchedulerLimits { expiring: 2, ..SchedulerLimits::default() }, 1);
    fixture.change(paused(1));
    fixture.commit(all(1..=6));
    fixture.step([exceeded(5)]);
    let mut after = 0;
    for expected in [&[1, 2][..], &[3, 4], &[5]] {
        let request = fixture.oldest();
        assert_eq!(request.after.get(), after);
        fixture.answer_oldest(request, Some(all(after + 1..=6)));
        assert_eq!(ended(&mut fixture), expected);
        // What is being recorded is still among those that are too many.
        let left = 5 - after;
        fixture.step([exceeded(left)]);
        fixture.no_oldest();
        for sequence in expected {
            fixture.recorded(*sequence);
            after = *sequence;
        }
    }
    fixture.no_oldest();
}

#[test]
fn what_cannot_be_read_is_read_when_it_is_said_again() {
    let mut fixture = Fixture::new(1);
    fixture.change(paused(1));
    fixture.commit(all(1..=2));
    fixture.step([exceeded(1)]);
    let request = fixture.oldest();
    fixture.step([exceeded(1)]);
    fixture.no_oldest();
    fixture.answer_oldest(request, None);
    fixture.no_oldest();
    fixture.pass(seconds(1));
    fixture.step([exceeded(1)]);
    let request = fixture.oldest();
    fixture.answer_oldest(request, Some(all(1..=2)));
    assert_eq!(ended(&mut fixture), [1]);
}

#[test]
fn tests_and_strangers_do_not_end() {
    let mut fixture = Fixture::within(SchedulerLimits { in_flight: 1, ..SchedulerLimits::default() }, 1);
    let found =
        [delivery(1, 1, 7), test_delivery(2, 1), delivery(3, 9, 8), test_delivery(4, 1), delivery(5, 1, 7)];
    fixture.commit(found);
    assert_eq!(fixture.started(), [4]);
    fixture.step([exceeded(5)]);
    let request = fixture.oldest();
    fixture.answer_oldest(request, Some(found.to_vec()));
    assert_eq!(ended(&mut fixture), [1, 5]);
    fixture.step([Input::BacklogExceeded { receiver: ReceiverNumber::new(2), by: 1 }]);
    fixture.no_oldest();
}

#[test]
fn while_the_order_of_a_receiver_changes_nothing_ends() {
    let mut fixture = Fixture::new(1);
    fixture.commit(all(1..=4));
    assert_eq!(fixture.started(), [1]);
    fixture.step([exceeded(2)]);
    let request = fixture.oldest();
    fixture.change(SubscriptionView { order: DeliveryOrder::Strict, ..view(1) });
    fixture.answer_oldest(request, Some(all(1..=4)));
    fixture.step([exceeded(2)]);
    fixture.no_oldest();
    assert!(fixture.records().is_empty());
    fixture.finish(1, answered(200));
    fixture.records();
    let page = fixture.page();
    fixture.answer_page(page, all(2..=4), true);
    assert_eq!(fixture.started(), [2]);
    fixture.step([exceeded(2)]);
    let request = fixture.oldest();
    fixture.answer_oldest(request, Some(all(2..=4)));
    assert_eq!(ended(&mut fixture), [3, 4]);
}

#[test]
fn a_receiver_whose_subscriptions_are_gone_is_forgotten() {
    let mut fixture = Fixture::new(1);
    fixture.change(paused(1));
    fixture.commit(all(1..=2));
    fixture.step([exceeded(1)]);
    let request = fixture.oldest();
    fixture.step([Input::SubscriptionDeleted(view(1).subscription)]);
    fixture.answer_oldest(request, Some(all(1..=2)));
    assert!(fixture.records().is_empty(), "the store ends them");
    fixture.pass(seconds(1));
    let scheduler = &fixture.scheduler;
    assert_eq!(
        (scheduler.receivers.len(), scheduler.subscriptions.len(), scheduler.entries.len()),
        (0, 0, 0)
    );
}
