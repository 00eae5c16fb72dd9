use std::time::Duration;

use rendezhook_domain::delivery::FinalState;
use rendezhook_store::pending::PendingDelivery;
use rendezhook_store::record::Disposition;

use super::fixture::{Fixture, answered, asking, delivery, seconds};
use crate::scheduler::SchedulerLimits;
use crate::scheduler::input::Input;

fn expiring(fixture: &Fixture, sequence: u64, resource: u64, after: u64) -> PendingDelivery {
    PendingDelivery { expires_at: Some(fixture.now.after(seconds(after))), ..delivery(sequence, 1, resource) }
}

#[test]
fn a_delivery_expires_behind_the_head_of_its_lane() {
    let mut fixture = Fixture::new(1);
    fixture.commit([delivery(1, 1, 7), expiring(&fixture, 2, 7, 60), delivery(3, 1, 7)]);
    assert_eq!(fixture.started(), [1]);
    fixture.pass(seconds(60));
    let record = fixture.record();
    assert_eq!(record.key.sequence.get(), 2);
    assert_eq!(record.final_state(), Some(FinalState::Expired));
    assert!(!record.attempted);
    fixture.finish(1, answered(200));
    assert_eq!(fixture.started(), [0; 0], "that 2 has ended is not durable yet");
    fixture.recorded(2);
    assert_eq!(fixture.started(), [3]);
}

#[test]
fn a_ready_delivery_expires_while_its_endpoint_rests() {
    let mut fixture = Fixture::new(1);
    fixture.commit([delivery(1, 1, 1)]);
    fixture.finish(1, asking(503, 3_600));
    fixture.records();
    fixture.commit([expiring(&fixture, 2, 2, 60)]);
    fixture.pass(seconds(60));
    assert_eq!(fixture.record().final_state(), Some(FinalState::Expired));
}

#[test]
fn no_attempt_is_planned_beyond_the_expiry() {
    let mut fixture = Fixture::new(1);
    fixture.commit([expiring(&fixture, 1, 1, 20)]);
    let expires_at = fixture.now.after(seconds(20));
    fixture.started();
    fixture.end(1, asking(500, 600));
    assert_eq!(
        fixture.record().disposition,
        Disposition::Retry { due_at: expires_at, lane_held: seconds(0) }
    );
    fixture.recorded(1);
    fixture.pass(seconds(20));
    assert_eq!(fixture.started(), [0; 0]);
    assert_eq!(fixture.record().final_state(), Some(FinalState::Expired));
}

#[test]
fn an_attempt_that_outlives_the_expiry_counts_if_it_succeeds() {
    for (status, end) in [(200, FinalState::Delivered), (500, FinalState::Expired)] {
        let mut fixture = Fixture::new(1);
        fixture.commit([expiring(&fixture, 1, 1, 5)]);
        fixture.pass(seconds(10));
        assert!(fixture.records().is_empty());
        fixture.end(1, answered(status));
        let record = fixture.record();
        assert_eq!((record.final_state(), record.attempted), (Some(end), true));
    }
}

#[test]
fn only_so_many_expire_at_the_same_time() {
    let mut fixture = Fixture::within(SchedulerLimits { expiring: 2, ..SchedulerLimits::default() }, 1);
    fixture.commit((1..=5).map(|sequence| expiring(&fixture, sequence, 7, 5)).collect::<Vec<_>>());
    fixture.pass(seconds(6));
    assert_eq!(fixture.scheduler.wake_at(), None, "the next ones wait for a record");
    let mut ends = 0;
    loop {
        let records = fixture.records();
        if records.is_empty() {
            break;
        }
        assert!(records.len() <= 2);
        ends += records.len();
        for record in records {
            fixture.recorded(record.key.sequence.get());
        }
    }
    assert_eq!(ends, 4, "the first one is in flight");
}

#[test]
fn while_expiry_is_held_attempts_go_on_and_nothing_ends() {
    let mut fixture = Fixture::new(1);
    fixture.commit([expiring(&fixture, 1, 7, 60), expiring(&fixture, 2, 7, 60)]);
    assert_eq!(fixture.started(), [1]);
    fixture.step([Input::ExpiryHeld(true)]);
    fixture.pass(seconds(3_600));
    assert!(fixture.records().is_empty());
    // Its retry is planned as if it never expired: at once, over and over, is what must not come of an expiry in the past.
    fixture.end(1, answered(500));
    let due_at = fixture.now.after(seconds(5));
    assert_eq!(fixture.record().disposition, Disposition::Retry { due_at, lane_held: Duration::ZERO });
    fixture.recorded(1);
    fixture.pass(seconds(5));
    assert_eq!(fixture.started(), [1]);
    fixture.finish(1, answered(200));
    fixture.records();
    assert_eq!(fixture.started(), [2]);
    fixture.end(2, answered(500));
    fixture.records();
    fixture.recorded(2);

    fixture.step([Input::ExpiryHeld(false)]);
    assert_eq!(fixture.record().final_state(), Some(FinalState::Expired));
}

#[test]
fn while_expiry_is_held_nobody_is_woken_for_it() {
    let mut fixture = Fixture::new(1);
    fixture.commit([delivery(1, 1, 7), expiring(&fixture, 2, 7, 60)]);
    assert_eq!(fixture.scheduler.wake_at(), Some(fixture.now.after(seconds(60))));
    fixture.step([Input::ExpiryHeld(true)]);
    assert_eq!(fixture.scheduler.wake_at(), None);
}
