use std::time::Duration;

use rendezhook_domain::cause::Cause;
use rendezhook_domain::time::Timestamp;

use super::fixture::{Fixture, answered, asking, delivery, failed, seconds, test_delivery, view};
use crate::scheduler::SchedulerLimits;
use crate::scheduler::effect::BreakerState;
use crate::scheduler::input::{EndpointNumber, Input, SubscriptionView};

/// Deliveries in lanes of their own.
fn backlog(fixture: &mut Fixture, first: u64, count: u64, subscription: u32) {
    fixture.commit((first..first + count).map(|sequence| delivery(sequence, subscription, sequence)));
}

/// An endpoint that refused five connections, with more deliveries to come; answers since when its breaker is open.
fn broken(fixture: &mut Fixture) -> Timestamp {
    backlog(fixture, 1, 20, 1);
    for _ in 0..3 {
        for sequence in fixture.started() {
            fixture.end(sequence, failed(Cause::ConnectionRefused));
            fixture.recorded(sequence);
        }
    }
    for sequence in fixture.started() {
        fixture.finish(sequence, failed(Cause::ConnectionRefused));
    }
    fixture.records();
    assert!(matches!(fixture.breaker(1), BreakerState::Open { .. }), "{:?}", fixture.breaker(1));
    assert_eq!(fixture.started(), [0; 0]);
    fixture.now
}

#[test]
fn an_open_breaker_lets_one_probe_through_and_no_attempt_is_used_up() {
    let mut fixture = Fixture::new(2);
    let since = broken(&mut fixture);
    assert_eq!(
        fixture.breaker(1),
        BreakerState::Open { since, next_probe_at: since.after(seconds(30)) },
        "the middle of the range"
    );
    // What was tried is due again after five seconds, and waits.
    fixture.pass(seconds(29));
    assert_eq!(fixture.started(), [0; 0]);
    backlog(&mut fixture, 100, 1, 2);
    assert_eq!(fixture.started(), [100], "another endpoint is not concerned");
    fixture.pass(seconds(1));
    let probe = fixture.order();
    assert_eq!((probe.key.sequence.get(), probe.number), (6, 1), "what has been due the longest");
    fixture.finish(6, failed(Cause::ConnectTimeout));
    let again = fixture.now.after(seconds(60));
    assert_eq!(fixture.breaker(1), BreakerState::Open { since, next_probe_at: again });
}

#[test]
fn what_gets_through_opens_the_window_from_one_again() {
    let mut fixture = Fixture::new(1);
    broken(&mut fixture);
    fixture.pass(seconds(30));
    let mut round = fixture.started();
    for size in [1, 2, 4, 8, 16] {
        if round.len() < 16 && size < 16 {
            assert_eq!(round.len(), size, "the slow start");
        }
        for sequence in round {
            fixture.finish(sequence, answered(200));
        }
        if size == 1 {
            assert!(matches!(fixture.breaker(1), BreakerState::HalfOpen { .. }));
        }
        round = fixture.started();
    }
    assert_eq!(fixture.breaker(1), BreakerState::Closed);
}

#[test]
fn two_straight_failures_while_it_is_half_open_open_it_for_twice_as_long() {
    let mut fixture = Fixture::new(1);
    broken(&mut fixture);
    fixture.pass(seconds(30));
    let probe = fixture.started();
    fixture.finish(probe[0], answered(200));
    let next = fixture.started();
    assert_eq!(next.len(), 2);
    fixture.finish(next[0], failed(Cause::ResponseTimeout));
    assert!(matches!(fixture.breaker(1), BreakerState::HalfOpen { .. }));
    assert_eq!(fixture.started(), [0; 0], "the window is one again");
    fixture.finish(next[1], failed(Cause::ResponseTimeout));
    let next_probe_at = fixture.now.after(seconds(60));
    assert_eq!(fixture.breaker(1), BreakerState::Open { since: fixture.now, next_probe_at });
}

#[test]
fn what_got_through_while_it_was_open_leaves_the_window_small() {
    let mut fixture = Fixture::new(1);
    backlog(&mut fixture, 1, 200, 1);
    for _ in 0..4 {
        for sequence in fixture.started() {
            fixture.finish(sequence, answered(200));
        }
    }
    let under_way = fixture.started();
    assert!(under_way.len() >= 16, "{under_way:?}");
    let (refused, answered_late) = under_way.split_at(5);
    for sequence in refused {
        fixture.finish(*sequence, failed(Cause::ConnectionRefused));
    }
    for sequence in answered_late {
        fixture.finish(*sequence, answered(200));
    }
    assert!(matches!(fixture.breaker(1), BreakerState::Open { .. }));
    fixture.pass(seconds(30));
    let probe = fixture.order().key.sequence.get();
    fixture.finish(probe, answered(200));
    assert_eq!(fixture.started().len(), 2);
}

/// How long an attempt takes in `hour`.
const TAKES: Duration = Duration::from_millis(500);
/// How many attempts fit into an hour, one after the other.
const ONE_BY_ONE: usize = 7_200;

/// Plays an hour of an endpoint whose breaker has just opened and for which more waits than it could take. `gets_through` says of
/// each attempt, in the order of their starts, whether it does. Answers how many were made and how many did.
fn hour(mut gets_through: impl FnMut(usize) -> bool) -> (usize, usize) {
    let limits = SchedulerLimits { direct_high_water: usize::MAX, ..SchedulerLimits::default() };
    let mut fixture = Fixture::within(limits, 1);
    broken(&mut fixture);
    backlog(&mut fixture, 1_000, 20_000, 1);
    let until = fixture.now.after(seconds(3_600));
    let (mut attempts, mut successes) = (0, 0);
    while fixture.now < until {
        fixture.pass(TAKES);
        for sequence in fixture.started() {
            let success = gets_through(attempts);
            attempts += 1;
            successes += usize::from(success);
            fixture.finish(sequence, if success { answered(200) } else { failed(Cause::ConnectionReset) });
        }
    }
    (attempts, successes)
}

#[test]
fn an_endpoint_that_loses_every_second_attempt_takes_half_of_what_one_connection_can_bring() {
    let (attempts, successes) = hour(|attempt| attempt % 2 == 0);
    assert!(successes * 2 >= ONE_BY_ONE * 98 / 100, "{successes} of {attempts} got through");
}

#[test]
fn an_endpoint_that_is_down_is_tried_nine_times_an_hour() {
    let (attempts, successes) = hour(|_| false);
    assert_eq!(successes, 0);
    assert!(attempts <= 9, "{attempts}");
}

#[test]
fn an_endpoint_that_takes_nothing_but_probes_is_spared_as_well() {
    let (attempts, successes) = hour(|attempt| attempt % 3 == 0);
    assert!(successes <= 9, "{successes} probes");
    assert!(attempts <= 3 * successes, "{attempts} attempts with {successes} probes");
}

#[test]
fn a_test_asks_no_breaker_and_ends_it_when_it_succeeds() {
    let mut fixture = Fixture::new(1);
    broken(&mut fixture);
    fixture.commit([test_delivery(50, 1)]);
    assert_eq!(fixture.started(), [50]);
    fixture.finish(50, answered(200));
    assert!(matches!(fixture.breaker(1), BreakerState::HalfOpen { .. }));
    assert_eq!(fixture.started().len(), 2, "the backlog goes on");
}

#[test]
fn however_many_tests_are_asked_for_a_probe_has_its_time() {
    let mut fixture = Fixture::new(1);
    broken(&mut fixture);
    fixture.commit([test_delivery(50, 1), test_delivery(51, 1)]);
    assert_eq!(fixture.started(), [50], "nothing else fits beside it");
    fixture.pass(seconds(30));
    fixture.finish(50, failed(Cause::ConnectionRefused));
    assert_eq!(fixture.started(), [6], "what has been due the longest");
    fixture.finish(6, failed(Cause::ConnectionRefused));
    assert_eq!(fixture.started(), [51]);
}

#[test]
fn answers_that_are_the_subscription_s_own_fault_open_nothing() {
    let mut fixture = Fixture::new(1);
    backlog(&mut fixture, 1, 20, 1);
    for _ in 0..10 {
        for sequence in fixture.started() {
            fixture.finish(sequence, answered(500));
        }
    }
    assert_eq!(fixture.breaker(1), BreakerState::Closed);
}

#[test]
fn a_url_that_changes_leaves_the_breaker_behind() {
    let mut fixture = Fixture::new(1);
    broken(&mut fixture);
    fixture.change(SubscriptionView { endpoint: EndpointNumber(9), ..view(1) });
    assert_eq!(fixture.started().len(), 2);
    assert_eq!(fixture.breaker(1), BreakerState::Closed, "nobody goes there any more");
}

/// A lane whose head fails, and what comes after it.
fn failing_head() -> Fixture {
    let limits = SchedulerLimits { lane_hold: seconds(100), ..SchedulerLimits::default() };
    let mut fixture = Fixture::within(limits, 1);
    fixture.commit([delivery(1, 1, 7), delivery(2, 1, 7)]);
    fixture.started();
    fixture
}

#[test]
fn a_head_holds_its_lane_for_the_time_in_which_its_endpoint_was_available() {
    let mut fixture = failing_head();
    fixture.finish(1, asking(503, 1_000));
    fixture.pass(seconds(1_000));
    assert_eq!(fixture.started(), [1], "the outage did not count");
    fixture.finish(1, answered(500));
    fixture.pass(seconds(99));
    let tried = fixture.started();
    assert!(tried.iter().all(|sequence| *sequence == 1), "{tried:?}");
    for sequence in tried {
        fixture.finish(sequence, answered(500));
    }
    fixture.pass(seconds(1));
    assert_eq!(fixture.started(), [2], "a hundred seconds of an available endpoint are over");
}

#[test]
fn time_while_the_breaker_is_open_does_not_count_either() {
    let mut fixture = failing_head();
    fixture.finish(1, failed(Cause::ConnectionRefused));
    backlog(&mut fixture, 10, 4, 1);
    for _ in 0..4 {
        for sequence in fixture.started() {
            fixture.finish(sequence, failed(Cause::ConnectionRefused));
        }
    }
    for _ in 0..20 {
        fixture.pass(seconds(60));
        for order in fixture.orders() {
            assert_ne!(order.key.sequence.get(), 2, "the lane is not overtaken in an outage");
            fixture.finish(order.key.sequence.get(), failed(Cause::ConnectionRefused));
        }
    }
    assert!(matches!(fixture.breaker(1), BreakerState::Open { .. }));
}

#[test]
fn a_restart_goes_on_from_what_was_recorded() {
    let limits = SchedulerLimits { lane_hold: seconds(100), ..SchedulerLimits::default() };
    let mut fixture = Fixture::within(limits, 1);
    let failing = rendezhook_store::pending::PendingDelivery {
        failed_attempts: 3,
        first_failed_at: Some(fixture.now.before(seconds(5_000))),
        lane_held: seconds(40),
        due_at: fixture.now.after(seconds(1_000)),
        ..delivery(1, 1, 7)
    };
    fixture.announce(2);
    let request = fixture.page();
    fixture.answer_page(request, [failing, delivery(2, 1, 7)], true);
    fixture.pass(seconds(59));
    assert_eq!(fixture.started(), [0; 0], "the time in which there was no process does not count");
    fixture.pass(seconds(1));
    assert_eq!(fixture.started(), [2]);
}

#[test]
fn a_pause_lets_an_endpoint_start_slowly_again() {
    let mut fixture = Fixture::new(1);
    backlog(&mut fixture, 1, 6, 1);
    for _ in 0..3 {
        for sequence in fixture.started() {
            fixture.finish(sequence, answered(200));
        }
    }
    fixture.change(SubscriptionView { enabled: false, ..view(1) });
    fixture.step([Input::SubscriptionChanged(view(1))]);
    backlog(&mut fixture, 7, 20, 1);
    assert_eq!(fixture.started().len(), 2);
}
