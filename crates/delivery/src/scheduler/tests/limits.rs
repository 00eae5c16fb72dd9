use rendezhook_domain::cause::Cause;
use rendezhook_domain::delivery::FinalState;
use rendezhook_domain::outcome::Verdict;

use super::fixture::{Fixture, answered, asking, delivery, failed, key, seconds, view};
use crate::scheduler::SchedulerLimits;
use crate::scheduler::input::{EndpointNumber, Input, SubscriptionView};

/// Deliveries in lanes of their own.
fn backlog(fixture: &mut Fixture, first: u64, count: u64, subscription: u32) {
    fixture.commit((first..first + count).map(|sequence| delivery(sequence, subscription, sequence)));
}

#[test]
fn a_window_starts_at_two_and_doubles_with_every_round() {
    let mut fixture =
        Fixture::within(SchedulerLimits { endpoint_window: 16, ..SchedulerLimits::default() }, 1);
    backlog(&mut fixture, 1, 200, 1);
    for size in [2, 4, 8, 16, 16] {
        let round = fixture.started();
        assert_eq!(round.len(), size);
        fixture.step(
            round.iter().map(|sequence| Input::AttemptEnded { key: key(*sequence), verdict: answered(200) }),
        );
    }
}

#[test]
fn a_failure_of_the_endpoint_closes_the_window_to_one() {
    let of_endpoint = [failed(Cause::ResponseTimeout), failed(Cause::ConnectionRefused), answered(503)];
    for verdict in of_endpoint {
        assert_eq!(window_after(verdict), 1, "{verdict:?}");
    }
    // Of the subscription, or of us.
    for verdict in [answered(500), answered(404), failed(Cause::Unbuildable)] {
        assert_eq!(window_after(verdict), 4, "{verdict:?}");
    }
}

/// How many attempts are in flight beside one another after a window of four has seen this verdict.
fn window_after(verdict: Verdict) -> usize {
    let mut fixture = Fixture::new(1);
    backlog(&mut fixture, 1, 100, 1);
    for round in [2, 4] {
        let started = fixture.started();
        assert_eq!(started.len(), round);
        let verdict = if round == 2 { answered(200) } else { verdict };
        for sequence in started {
            fixture.end(sequence, verdict);
        }
    }
    fixture.scheduler.figures().in_flight
}

#[test]
fn a_place_is_free_when_the_attempt_ends_and_not_when_it_is_recorded() {
    let mut fixture = Fixture::within(SchedulerLimits { in_flight: 1, ..SchedulerLimits::default() }, 1);
    backlog(&mut fixture, 1, 3, 1);
    assert_eq!(fixture.started(), [1]);
    fixture.end(1, answered(500));
    assert_eq!(fixture.started(), [2]);
}

#[test]
fn an_endpoint_that_asks_for_time_gets_it_for_all_its_deliveries() {
    let mut fixture = Fixture::new(2);
    fixture.change(SubscriptionView { endpoint: EndpointNumber(1), ..view(2) });
    backlog(&mut fixture, 1, 1, 1);
    fixture.started();
    fixture.finish(1, asking(503, 90));
    backlog(&mut fixture, 2, 2, 2);
    fixture.pass(seconds(89));
    assert_eq!(fixture.started(), [0; 0]);
    fixture.pass(seconds(1));
    assert_eq!(fixture.started().len(), 1, "the window is one now");
}

#[test]
fn a_changed_url_moves_what_waits_to_another_endpoint() {
    let mut fixture = Fixture::new(1);
    backlog(&mut fixture, 1, 10, 1);
    fixture.started();
    fixture.end(1, asking(503, 3_600));
    fixture.end(2, answered(500));
    assert_eq!(fixture.started(), [0; 0]);
    fixture.change(SubscriptionView { endpoint: EndpointNumber(9), ..view(1) });
    assert_eq!(fixture.started(), [3, 4], "the new endpoint has a window of its own");
    fixture.records();
    fixture.end(3, answered(200));
    assert_eq!(fixture.record().final_state(), Some(FinalState::Delivered));
}

#[test]
fn an_attempt_gives_its_place_back_where_it_took_it() {
    let mut fixture = Fixture::new(1);
    backlog(&mut fixture, 1, 6, 1);
    assert_eq!(fixture.started(), [1, 2]);
    fixture.change(SubscriptionView { endpoint: EndpointNumber(9), ..view(1) });
    assert_eq!(fixture.started(), [3, 4]);
    fixture.end(1, answered(500));
    fixture.end(2, answered(500));
    assert_eq!(fixture.started(), [0; 0], "the places at the new endpoint are taken still");
    fixture.end(3, answered(500));
    assert_eq!(fixture.started(), [5]);
}

#[test]
fn without_a_free_connection_nothing_is_tried_in_vain() {
    let mut fixture = Fixture::new(1);
    backlog(&mut fixture, 1, 1_000, 1);
    let mut attempts = 0;
    for _ in 0..10 {
        loop {
            let started = fixture.started();
            attempts += started.len();
            if started.is_empty() {
                break;
            }
            for sequence in started {
                fixture.end(sequence, failed(Cause::Busy));
            }
        }
        fixture.pass(seconds(1));
    }
    assert!((10..=20).contains(&attempts), "{attempts} attempts in ten seconds");
}

#[test]
fn after_stop_nothing_starts_and_records_go_on() {
    let mut fixture = Fixture::new(1);
    backlog(&mut fixture, 1, 3, 1);
    assert_eq!(fixture.started(), [1, 2]);
    fixture.step([Input::Stop]);
    fixture.end(1, answered(200));
    assert_eq!(fixture.record().final_state(), Some(FinalState::Delivered));
    fixture.recorded(1);
    fixture.pass(seconds(3_600));
    assert_eq!(fixture.started(), [0; 0]);
}
