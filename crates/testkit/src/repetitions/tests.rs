use super::*;

/// A request that came so many seconds after the beginning.
fn came(delivery: &str, seconds: i64, accepted: bool, kills: u32) -> Repeated {
    let at = Timestamp::UNIX_EPOCH + SignedDuration::from_secs(seconds);
    Repeated { webhook_id: delivery.to_owned(), at, accepted, verified: true, kills }
}

/// Replays of "a" twice and "b" once, and these accepted requests.
fn check(arrivals: &[(&str, u32)]) -> RepetitionFindings {
    let mut repetitions = Repetitions::default();
    repetitions.asked(AskedBy::Ids, &["a".to_owned(), "b".to_owned()]);
    repetitions.asked(AskedBy::Stretch, &["a".to_owned()]);
    repetitions.arrived(came("b", 0, false, 0));
    for (delivery, kills) in arrivals {
        repetitions.arrived(came(delivery, 0, true, *kills));
    }
    repetitions.check()
}

#[test]
fn a_faultless_run_holds() {
    let findings = check(&[("a", 0), ("a", 0), ("b", 0), ("b", 1)]);
    assert!(findings.hold(), "{findings}");
    assert_eq!((findings.replays, findings.stretches, findings.asked, findings.duplicates), (2, 1, 3, 1));
}

#[test]
fn finds_what_is_lost_uninvited_and_repeated() {
    assert_eq!(check(&[("a", 0), ("b", 0)]).lost, ["a"]);
    assert_eq!(check(&[("a", 0), ("a", 1), ("b", 0), ("c", 0)]).uninvited, ["c"]);
    assert_eq!(check(&[("a", 0), ("a", 1), ("b", 1), ("b", 1)]).repeated, ["b"]);
}

#[test]
fn a_replay_that_does_not_end_or_is_refused_breaks_it() {
    let mut repetitions = Repetitions::default();
    repetitions.unfinished("rpl_1 is running still".to_owned());
    assert!(!repetitions.check().hold());
    let mut repetitions = Repetitions::default();
    repetitions.refused();
    assert!(!repetitions.check().hold());
}

/// A replay of "a", "b" and "c" of which the first came before it was cancelled in the tenth second.
fn cancelled(handed_over: usize) -> Repetitions {
    let all = ["a", "b", "c"].map(str::to_owned);
    let mut repetitions = Repetitions::default();
    repetitions.asked(AskedBy::Ids, &all);
    repetitions.arrived(came("a", 9, true, 0));
    let at = Timestamp::UNIX_EPOCH + SignedDuration::from_secs(10);
    let came = repetitions.came(&all);
    repetitions.cancelled(&all, Cancelled { made: 2, handed_over, came, at });
    repetitions
}

#[test]
fn of_a_cancelled_replay_nothing_has_to_come_and_what_came_stays() {
    let mut repetitions = cancelled(1);
    repetitions.arrived(came("b", 11, true, 0));
    let findings = repetitions.check();
    assert!(findings.hold(), "one was under way: {findings}");
    assert_eq!((findings.cancelled, findings.taken_back), (1, 1));
    assert_eq!((repetitions.expected_deliveries(), repetitions.expected_cancelled()), (1, 1));
    assert!(repetitions.is_settled());
}

#[test]
fn finds_what_comes_after_the_cancellation_and_what_never_came_before_it() {
    let mut repetitions = cancelled(1);
    repetitions.arrived(came("b", 16, true, 0));
    assert_eq!(repetitions.check().too_late, ["b"]);
    assert!(!cancelled(2).check().hold(), "two are said to have arrived, and one did");

    let mut asked_again = cancelled(1);
    asked_again.asked(AskedBy::Ids, &["b".to_owned()]);
    assert_eq!(asked_again.check().lost, ["b"]);
    asked_again.arrived(came("b", 16, true, 0));
    assert!(asked_again.check().hold());
}
