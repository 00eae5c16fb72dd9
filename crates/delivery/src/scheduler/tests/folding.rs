use rendezhook_domain::delivery::FinalState;
use rendezhook_domain::delivery_order::DeliveryOrder;
use rendezhook_store::pending::PendingDelivery;
use rendezhook_store::record::Disposition;

use super::fixture::{Fixture, answered, delivery, seconds, view};
use crate::scheduler::input::SubscriptionView;

fn folding(number: u32) -> SubscriptionView {
    SubscriptionView { folds_updates: true, ..view(number) }
}

/// A fixture whose subscriptions fold.
fn fixture(subscriptions: u32) -> Fixture {
    let mut fixture = Fixture::new(0);
    (1..=subscriptions).for_each(|number| fixture.change(folding(number)));
    fixture
}

fn update(sequence: u64, subscription: u32, resource: u64) -> PendingDelivery {
    PendingDelivery { is_update: true, ..delivery(sequence, subscription, resource) }
}

/// What was folded into what since the last time.
fn folds(fixture: &mut Fixture) -> Vec<(u64, u64)> {
    let folded = fixture.records().into_iter().filter_map(|record| {
        let newer = record.folded_into?;
        assert_eq!(record.disposition, Disposition::Ended(FinalState::Folded));
        assert!(!record.attempted);
        Some((record.key.sequence.get(), newer.get()))
    });
    folded.collect()
}

#[test]
fn waiting_updates_fold_into_the_newest_which_starts_once_that_is_durable() {
    let mut fixture = fixture(1);
    fixture.commit([delivery(1, 1, 7), update(2, 1, 7), update(3, 1, 7), update(4, 1, 7), update(5, 1, 8)]);
    assert_eq!(folds(&mut fixture), [(2, 3), (3, 4)]);
    assert_eq!(fixture.started(), [1, 5]);
    fixture.finish(1, answered(200));
    fixture.recorded(2);
    assert_eq!(fixture.started(), [0; 0]);
    fixture.recorded(3);
    assert_eq!(fixture.started(), [4]);
    fixture.commit([update(6, 1, 7)]);
    assert_eq!(folds(&mut fixture), [], "what is in flight is not folded");
}

#[test]
fn nothing_folds_across_another_action_or_into_another_resource_or_subscription() {
    let mut fixture = fixture(2);
    fixture.commit([delivery(1, 1, 7), delivery(2, 1, 8)]);
    fixture.started();
    fixture.commit([update(3, 1, 7), delivery(4, 1, 7), update(5, 1, 7), update(6, 2, 7), update(7, 1, 8)]);
    assert_eq!(folds(&mut fixture), []);
    fixture.commit([update(8, 1, 7)]);
    assert_eq!(folds(&mut fixture), [(5, 8)], "an update of another subscription does not stand between");
}

#[test]
fn without_the_wish_or_an_order_nothing_folds() {
    let unordered = SubscriptionView { order: DeliveryOrder::None, ..folding(1) };
    for view in [view(1), unordered] {
        let mut fixture = Fixture::new(0);
        fixture.change(view);
        let later = fixture.now.after(seconds(60));
        let waiting = |sequence| PendingDelivery { due_at: later, ..update(sequence, 1, 7) };
        fixture.commit([waiting(1), waiting(2)]);
        assert_eq!(folds(&mut fixture), []);
    }
}

#[test]
fn what_was_attempted_or_lives_longer_is_not_folded() {
    let mut fixture = fixture(1);
    fixture.commit([update(1, 1, 7)]);
    assert_eq!(fixture.started(), [1]);
    fixture.finish(1, answered(500));
    fixture.records();
    let ending = PendingDelivery { expires_at: Some(fixture.now.after(seconds(60))), ..update(3, 1, 7) };
    fixture.commit([update(2, 1, 7), ending]);
    assert_eq!(folds(&mut fixture), [], "1 was attempted, and 2 lives longer than 3");
    let longer = PendingDelivery { expires_at: Some(fixture.now.after(seconds(61))), ..update(4, 1, 7) };
    fixture.commit([longer]);
    assert_eq!(folds(&mut fixture), [(3, 4)]);
}

#[test]
fn what_was_attempted_takes_no_other_s_place() {
    let mut fixture = fixture(1);
    fixture.commit([delivery(1, 1, 7)]);
    let attempted = PendingDelivery {
        failed_attempts: 1,
        first_failed_at: Some(fixture.now),
        due_at: fixture.now.after(seconds(60)),
        ..update(3, 1, 7)
    };
    fixture.commit([update(2, 1, 7), attempted]);
    assert_eq!(folds(&mut fixture), []);
}

#[test]
fn the_newer_one_is_due_as_early_as_the_one_whose_place_it_takes() {
    let mut fixture = fixture(1);
    let due = |after, sequence| PendingDelivery { due_at: after, ..update(sequence, 1, 7) };
    let (soon, late) = (fixture.now.after(seconds(2)), fixture.now.after(seconds(9)));
    fixture.commit([due(soon, 1), due(late, 2)]);
    assert_eq!(folds(&mut fixture), [(1, 2)]);
    fixture.recorded(1);
    fixture.pass(seconds(2));
    assert_eq!(fixture.started(), [2]);
}

#[test]
fn a_ready_update_is_folded_once_and_then_keeps_its_turn() {
    let limits = crate::scheduler::SchedulerLimits { in_flight: 1, ..Default::default() };
    let mut fixture = Fixture::within(limits, 0);
    fixture.change(folding(1));
    fixture.commit([delivery(1, 1, 100), update(2, 1, 7)]);
    assert_eq!(fixture.started(), [1]);
    fixture.commit([update(3, 1, 7)]);
    assert_eq!(folds(&mut fixture), [(2, 3)]);
    fixture.recorded(2);
    fixture.commit([update(4, 1, 7), update(5, 1, 7)]);
    assert_eq!(folds(&mut fixture), [(4, 5)], "3 took the place of another already");
    fixture.finish(1, answered(200));
    assert_eq!(fixture.started(), [3]);
}

#[test]
fn a_strict_receiver_folds_by_resource() {
    let mut fixture = Fixture::new(0);
    fixture.change(SubscriptionView { order: DeliveryOrder::Strict, ..folding(1) });
    fixture.commit([delivery(1, 1, 9)]);
    fixture.started();
    fixture.commit([update(2, 1, 7), update(3, 1, 8), update(4, 1, 7)]);
    assert_eq!(folds(&mut fixture), [(2, 4)]);
    fixture.recorded(2);
    fixture.finish(1, answered(200));
    assert_eq!(fixture.started(), [3]);
    assert_eq!(fixture.scheduler.figures().in_memory, 2);
}

#[test]
fn no_more_fold_at_a_time_than_may_be_recorded() {
    let limits = crate::scheduler::SchedulerLimits { expiring: 1, ..Default::default() };
    let mut fixture = Fixture::within(limits, 0);
    fixture.change(folding(1));
    fixture.commit([delivery(1, 1, 7), update(2, 1, 7), update(3, 1, 7), update(4, 1, 7)]);
    assert_eq!(folds(&mut fixture), [(2, 3)]);
    fixture.recorded(2);
    fixture.commit([update(5, 1, 7)]);
    assert_eq!(folds(&mut fixture), [(4, 5)]);
}

#[test]
fn what_was_missed_is_taken_up_once_folds_are_durable() {
    let mut fixture = fixture(1);
    fixture.commit([delivery(1, 1, 7)]);
    assert_eq!(fixture.started(), [1]);
    let later = PendingDelivery { due_at: fixture.now.after(seconds(60)), ..update(3, 1, 7) };
    fixture.commit([update(2, 1, 7), later]);
    assert_eq!(folds(&mut fixture), [(2, 3)]);
    fixture.change(SubscriptionView { enabled: false, ..folding(1) });
    fixture.change(folding(1));
    // The store would still say that 3 is due in a minute.
    fixture.no_page();
    fixture.recorded(2);
    let request = fixture.page();
    fixture.answer_page(request, [update(3, 1, 7)], true);
    fixture.finish(1, answered(200));
    fixture.records();
    fixture.recorded(1);
    assert_eq!(fixture.started(), [3]);
}
