use proptest::prelude::*;
use rendezhook_domain::outcome::{Answer, Outcome};

use super::*;

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_milliseconds(1_800_000_000_000 + seconds * 1_000)
}

fn name(text: &str) -> ActionName {
    text.parse().unwrap()
}

fn one() -> SubscriptionNumber {
    SubscriptionNumber::new(1)
}

/// A tracker of one subscription, told of attempts in few words.
struct Told {
    tracker: HealthTracker,
}

impl Told {
    fn new() -> Self {
        Self { tracker: HealthTracker::new(HealthOptions::default()) }
    }

    fn ended(&mut self, action: &str, sequence: u64, number: u16, seconds: i64, status: u16) -> Decision {
        let answer = Answer { status, retry_after: None, wish: None };
        self.tracker.ended(&EndedAttempt {
            subscription: one(),
            sequence: Sequence::new(sequence),
            action: &name(action),
            number,
            at: at(seconds),
            stage: Stage::Target,
            result: AttemptResult::Status(status),
            verdict: Outcome::Answered(answer).verdict(),
        })
    }

    fn fails(&mut self, sequence: u64, number: u16, seconds: i64) -> Decision {
        self.ended("event.confirmed", sequence, number, seconds, 500)
    }

    fn succeeds(&mut self, seconds: i64) -> Decision {
        self.ended("event.confirmed", 9_999, 1, seconds, 204)
    }

    fn report(&self, seconds: i64) -> HealthReport {
        self.tracker.report(one(), at(seconds))
    }
}

#[test]
fn five_different_deliveries_with_four_failures_begin_an_episode_that_is_told_once() {
    let mut told = Told::new();
    for sequence in 1..=4 {
        assert_eq!(told.fails(sequence, 4, 10), Decision::default());
        // The same delivery again is no other one.
        assert_eq!(told.fails(sequence, 5, 11), Decision::default());
    }
    let decision = told.fails(5, 4, 20);
    let report = decision.failing.unwrap();
    assert!(decision.keep && report.failing);
    assert_eq!((report.since, report.failed_attempts), (Some(at(10)), 9));
    assert_eq!(report.disable_at, Some(at(10 + 5 * DAY)));
    assert_eq!(told.fails(6, 4, 30), Decision::default());
    assert!(told.report(30).failing);
}

#[test]
fn an_hour_without_success_begins_an_episode_and_reminders_follow_after_one_day_and_three() {
    let mut told = Told::new();
    let notices: Vec<i64> =
        (0..=100).map(|hour| hour * HOUR).filter(|now| told.fails(1, 2, *now).failing.is_some()).collect();
    assert_eq!(notices, [HOUR, 24 * HOUR, 72 * HOUR]);
}

#[test]
fn the_first_success_after_a_notice_is_told_and_one_without_a_notice_is_not() {
    let mut told = Told::new();
    told.fails(1, 1, 0);
    assert_eq!(told.succeeds(10), Decision::default());
    told.fails(2, 1, 20);
    assert!(told.fails(2, 2, 20 + HOUR).failing.is_some());
    let decision = told.succeeds(2 * HOUR);
    let report = decision.recovered.unwrap();
    assert!(decision.keep);
    assert_eq!((report.since, report.failed_attempts), (Some(at(20)), 2));
    assert_eq!(told.succeeds(2 * HOUR + 1), Decision::default());
    assert!(!told.report(3 * HOUR).failing);
}

#[test]
fn flapping_is_told_twice_a_day_at_most() {
    let mut told = Told::new();
    let mut notices = Vec::new();
    for round in 0..40 {
        let begin = round * 2 * HOUR;
        for step in 0..=6 {
            let now = begin + step * 12 * MINUTE;
            notices.extend(told.fails(1, 2, now).failing.map(|_| now));
        }
        told.succeeds(begin + 100 * MINUTE);
    }
    assert!(notices.len() > 3, "{notices:?}");
    for pair in notices.windows(2) {
        assert!(pair[1] - pair[0] >= 12 * HOUR, "{notices:?}");
    }
}

#[test]
fn one_action_that_fails_among_others_that_succeed_is_named_and_recovers_by_itself() {
    let mut told = Told::new();
    let mut notice = None;
    for sequence in 1..=5 {
        for number in 1..=4 {
            let now = i64::try_from(sequence).unwrap() * 100 + i64::from(number);
            let decision = told.ended("order.created", sequence, number, now, 400);
            notice = notice.or(decision.failing);
            assert!(told.succeeds(now).recovered.is_none());
        }
    }
    let report = notice.unwrap();
    assert_eq!(report.failing_actions, [name("order.created")]);
    assert_eq!((report.since, report.disable_at), (Some(at(101)), None));
    assert!(told.succeeds(1_000).recovered.is_none(), "another action says nothing of the one that fails");
    assert!(told.ended("order.created", 6, 1, 1_001, 200).recovered.is_some());
}

#[test]
fn days_without_a_success_disable_but_not_for_want_of_tries() {
    let mut told = Told::new();
    let disabled: Vec<i64> =
        (0..=12).map(|turn| turn * 12 * HOUR).filter(|now| told.fails(1, 2, *now).disable).collect();
    assert!(disabled.is_empty(), "thirteen attempts are too few: {disabled:?}");
    for extra in 0..6 {
        assert!(!told.fails(2, 2, 6 * DAY + extra).disable);
    }
    let decision = told.fails(2, 2, 6 * DAY + 10);
    assert!(decision.disable && decision.keep && decision.failing.is_none());
    assert!(!told.fails(3, 2, 6 * DAY + 20).disable, "it is disabled already");
}

#[test]
fn failing_before_a_success_counts_for_nothing() {
    let mut told = Told::new();
    for turn in 0..100 {
        told.fails(1, 2, turn * HOUR);
    }
    told.succeeds(100 * HOUR);
    for turn in 101..200 {
        assert!(!told.fails(1, 2, turn * HOUR).disable, "hour {turn}");
    }
}

#[test]
fn a_held_disable_comes_when_it_is_let_go() {
    let mut told = Told::new();
    told.tracker.hold_disable(true);
    for turn in 0..50 {
        assert!(!told.fails(1, 2, turn * 6 * HOUR).disable);
    }
    told.tracker.hold_disable(false);
    assert!(told.fails(1, 2, 50 * 6 * HOUR).disable);
}

#[test]
fn what_was_stopped_begins_anew_and_tells_nothing_meanwhile() {
    let mut told = Told::new();
    for turn in 0..10 {
        told.fails(1, 2, turn * HOUR);
    }
    told.tracker.told(one(), false, at(10 * HOUR));
    assert_eq!(told.fails(1, 2, 30 * HOUR), Decision::default());
    told.tracker.told(one(), true, at(200 * HOUR));
    assert_eq!(told.report(200 * HOUR).since, None);
    assert_eq!(told.fails(1, 2, 200 * HOUR), Decision::default());
    assert!(told.fails(1, 2, 201 * HOUR).failing.is_some());
}

#[test]
fn only_the_receivers_faults_count() {
    use rendezhook_domain::cause::Cause;
    let mut told = Told::new();
    for cause in [Cause::Internal, Cause::Unbuildable, Cause::NoRoute, Cause::Busy] {
        for turn in 0..10 {
            let decision = told.tracker.ended(&EndedAttempt {
                subscription: one(),
                sequence: Sequence::new(1),
                action: &name("event.confirmed"),
                number: 4,
                at: at(turn * DAY),
                stage: Stage::Target,
                result: AttemptResult::Failed(cause),
                verdict: Outcome::Failed(cause).verdict(),
            });
            assert_eq!(decision, Decision::default(), "{cause:?}");
        }
    }
    assert_eq!(told.report(0), HealthReport::default());
}

#[test]
fn a_token_endpoint_is_told_of_and_never_disables() {
    let mut told = Told::new();
    let mut notices = 0;
    for turn in 0..200 {
        let outcome = Outcome::Answered(Answer { status: 500, retry_after: None, wish: None });
        let decision = told.tracker.ended(&EndedAttempt {
            subscription: one(),
            sequence: Sequence::new(1),
            action: &name("event.confirmed"),
            number: 2,
            at: at(turn * HOUR),
            stage: Stage::Token,
            result: AttemptResult::Status(500),
            verdict: outcome.verdict_at(Stage::Token),
        });
        notices += usize::from(decision.failing.is_some());
        assert!(!decision.disable);
    }
    assert_eq!(notices, 3);
    let explained = told.report(0).last_failure.map(|failure| failure.result.explanation(failure.stage));
    assert_eq!(explained.as_deref(), Some("the token endpoint answered 500"));
}

#[test]
fn actions_beyond_the_bound_share_a_place() {
    let mut told = Told::new();
    for number in 0..200 {
        told.ended(&format!("event.kind_{number}"), number, 1, 0, 500);
    }
    let report = told.report(1);
    assert_eq!(report.actions.len(), 65);
    let other = report.actions.last().unwrap();
    assert_eq!((other.action.as_ref(), other.last_day.failures), (None, 136));
    assert_eq!(report.last_day.failures, 200);
}

#[test]
fn numbers_are_kept_after_half_a_minute_and_once() {
    let mut told = Told::new();
    told.fails(1, 1, 0);
    told.fails(1, 2, 5);
    assert!(told.tracker.keep_due(at(29), 10).is_empty());
    let kept = told.tracker.keep_due(at(30), 10);
    assert_eq!(kept.len(), 1);
    assert!(told.tracker.keep_due(at(90), 10).is_empty());

    told.tracker.not_kept([one()], at(90));
    assert_eq!(told.tracker.keep_due(at(120), 10), kept);
}

/// What may happen to a subscription, after so many seconds.
#[derive(Debug, Clone)]
struct Step {
    after: i64,
    status: u16,
    sequence: u64,
    number: u16,
    order: bool,
}

fn step() -> impl Strategy<Value = Step> {
    let after = prop_oneof![0..60_i64, 0..2 * HOUR, 0..2 * DAY];
    let status = prop_oneof![4 => Just(500_u16), 1 => Just(200_u16)];
    (after, status, 1..12_u64, 1..13_u16, any::<bool>())
        .prop_map(|(after, status, sequence, number, order)| Step { after, status, sequence, number, order })
}

proptest! {
    /// Whatever numbers attempts jump over, and whether the process restarts between any two of them: failing is never told
    /// twice within twelve hours, recovery only after failing, an hour of nothing but failures is never left untold for longer
    /// than the interval allows, and nothing is disabled before its time or spared after it.
    #[test]
    fn bounds_hold_whatever_counts_jump_over(steps in proptest::collection::vec(step(), 1..120)) {
        let mut told = Told::new();
        let mut now = 0;
        let (mut last_notice, mut open) = (None::<i64>, false);
        let (mut failing_since, mut failures) = (None::<i64>, 0);
        for Step { after, status, sequence, number, order } in steps {
            now += after;
            let action = if order { "order.created" } else { "event.confirmed" };
            let decision = told.ended(action, sequence, number, now, status);
            if status == 200 {
                (failing_since, failures) = (None, 0);
            } else {
                failing_since.get_or_insert(now);
                failures += 1;
            }
            let failing_for = failing_since.map_or(0, |since| now - since);
            prop_assert_eq!(decision.disable, failing_for >= 5 * DAY && failures >= 20);
            if decision.disable {
                return Ok(());
            }
            if decision.failing.is_some() {
                prop_assert!(last_notice.is_none_or(|last| now - last >= 12 * HOUR));
                last_notice = Some(now);
                open = true;
            }
            if failing_for >= HOUR && last_notice.is_none_or(|last| now - last >= 12 * HOUR) {
                prop_assert!(open, "an hour of failures is told as soon as it may be");
            }
            if decision.recovered.is_some() {
                prop_assert!(open && status == 200);
                open = false;
            }
            let kept = told.tracker.keep(one()).unwrap();
            let before = told.report(now);
            told.tracker = HealthTracker::new(HealthOptions::default());
            told.tracker.restore(&kept);
            prop_assert_eq!(told.report(now), before);
        }
    }
}
