use super::*;

const BOOKING: Appointment = Appointment { way: Way::Timer, number: 7 };
const KEY: Appointment = Appointment { way: Way::Later, number: 7 };

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

fn telling(appointment: Appointment, place: usize, due_at: i64, arrived_at: i64) -> Telling {
    Telling {
        appointment,
        place,
        due_at: at(due_at),
        arrived_at: at(arrived_at),
        webhook_id: format!("dlv_{place}"),
        accepted: true,
        verified: true,
        kills: 0,
    }
}

/// An agenda with these plans of an appointment: when each is due, and when it was answered.
fn agenda(appointment: Appointment, plans: &[(Option<i64>, i64)]) -> Agenda {
    let mut agenda = Agenda::default();
    for (due_at, answered_at) in plans {
        agenda.planned(appointment, due_at.map(at));
        agenda.accepted(appointment, at(*answered_at));
    }
    agenda
}

fn check(mut agenda: Agenda, tellings: &[Telling]) -> AgendaFindings {
    tellings.iter().for_each(|telling| agenda.told(telling.clone()));
    agenda.check()
}

#[test]
fn a_faultless_run_holds() {
    let moved_and_taken_back = agenda(BOOKING, &[(Some(10), 0), (Some(20), 5), (None, 25)]);
    let findings = check(moved_and_taken_back, &[telling(BOOKING, 2, 20, 20)]);
    assert!(findings.hold(), "{findings}");
    assert_eq!((findings.bookings, findings.moved, findings.taken_back, findings.told), (1, 1, 1, 1));
    // It was moved when it was due, and both times are told.
    let moved_late = agenda(KEY, &[(Some(10), 0), (Some(20), 11)]);
    let findings = check(moved_late, &[telling(KEY, 1, 10, 12), telling(KEY, 2, 20, 21)]);
    assert!(findings.hold(), "{findings}");
}

#[test]
fn finds_what_is_lost() {
    let findings = check(agenda(BOOKING, &[(Some(10), 0), (Some(20), 5)]), &[]);
    assert_eq!(findings.lost, [(BOOKING, 2)]);
    // What was due when the booking was made is no timer's, but what is published is delivered.
    assert!(check(agenda(BOOKING, &[(Some(10), 10)]), &[]).hold());
    assert_eq!(check(agenda(KEY, &[(Some(10), 10)]), &[]).lost, [(KEY, 1)]);
}

#[test]
fn what_could_not_be_taken_back_has_to_come() {
    let mut too_late = agenda(KEY, &[(Some(10), 0)]);
    too_late.planned(KEY, None);
    too_late.too_late(KEY);
    assert!(!too_late.is_settled(at(30)));
    assert_eq!(check(too_late, &[]).lost, [(KEY, 1)]);
}

#[test]
fn finds_what_comes_before_its_time_or_with_another() {
    let findings = check(agenda(KEY, &[(Some(10), 0)]), &[telling(KEY, 1, 10, 9)]);
    assert_eq!(findings.early, [(KEY, 1)]);
    let findings = check(agenda(BOOKING, &[(Some(10), 0)]), &[telling(BOOKING, 1, 11, 12)]);
    assert_eq!(findings.uninvited, [(BOOKING, 1)]);
}

#[test]
fn finds_what_comes_although_it_was_moved_or_taken_back() {
    for next in [None, Some(20)] {
        let findings = check(agenda(BOOKING, &[(Some(10), 0), (next, 9)]), &[telling(BOOKING, 1, 10, 10)]);
        assert_eq!(findings.overruled, [(BOOKING, 1)]);
    }
}

#[test]
fn finds_what_fires_twice_and_what_is_repeated_without_a_kill() {
    let again = Telling { webhook_id: "dlv_other".to_owned(), kills: 1, ..telling(KEY, 1, 10, 12) };
    let findings = check(agenda(KEY, &[(Some(10), 0)]), &[telling(KEY, 1, 10, 11), again]);
    assert_eq!((findings.doubled, findings.repeated.len()), (vec![(KEY, 1)], 0));
    let twice = [telling(KEY, 1, 10, 11), telling(KEY, 1, 10, 12)];
    assert_eq!(check(agenda(KEY, &[(Some(10), 0)]), &twice).repeated, [(KEY, 1)]);
}

#[test]
fn is_settled_when_all_times_are_over_and_everything_was_accepted() {
    let mut agenda = agenda(BOOKING, &[(Some(10), 0), (None, 5)]);
    assert!(!agenda.is_settled(at(10)), "what was taken back could come still");
    assert!(agenda.is_settled(at(11)));
    agenda.planned(KEY, Some(at(8)));
    agenda.accepted(KEY, at(1));
    assert!(!agenda.is_settled(at(11)));
    agenda.told(telling(KEY, 1, 8, 9));
    assert!(agenda.is_settled(at(11)));
}
