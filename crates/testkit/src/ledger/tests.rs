use super::*;

const RESOURCE: u64 = 7;

fn action(place: u32) -> ActionName {
    ActionName { resource: RESOURCE, place }
}

fn arrival(place: u32, accepted: bool, kills: u32) -> Arrival {
    Arrival {
        receiver: 0,
        webhook_id: format!("dlv_{place}"),
        action: action(place),
        accepted,
        verified: true,
        kills,
    }
}

/// A ledger of three acknowledged actions and these arrivals.
fn ledger(arrivals: &[Arrival]) -> Ledger {
    let mut ledger = Ledger::default();
    for place in 1..=3 {
        ledger.published(action(place), Publication::Acknowledged);
    }
    for arrival in arrivals {
        ledger.arrived(arrival.clone());
    }
    ledger
}

#[test]
fn a_faultless_run_holds() {
    let findings =
        ledger(&[arrival(1, false, 0), arrival(1, true, 0), arrival(2, true, 0), arrival(3, true, 0)])
            .check(1);
    assert!(findings.hold(), "{findings}");
    assert_eq!((findings.delivered, findings.duplicates), (3, 0));
}

#[test]
fn finds_what_is_lost() {
    let findings = ledger(&[arrival(1, true, 0), arrival(2, true, 0), arrival(3, false, 0)]).check(1);
    assert_eq!(findings.lost, vec![(0, action(3))]);
    assert!(!findings.hold());
}

#[test]
fn a_duplicate_needs_a_kill() {
    let all =
        |kills| [arrival(1, true, 0), arrival(2, true, 0), arrival(3, true, 0), arrival(3, true, kills)];
    let explained = ledger(&all(1)).check(1);
    assert!(explained.hold() && explained.duplicates == 1, "{explained}");
    let unexplained = ledger(&all(0)).check(1);
    assert_eq!(unexplained.repeated, vec![(0, action(3))]);
}

#[test]
fn finds_an_action_that_overtakes() {
    let findings =
        ledger(&[arrival(1, false, 0), arrival(2, true, 0), arrival(1, true, 0), arrival(3, true, 0)])
            .check(1);
    assert_eq!(findings.out_of_order, vec![(0, action(2)), (0, action(1))]);
}

#[test]
fn an_unanswered_action_that_arrived_is_part_of_its_lane() {
    let mut ledger = ledger(&[arrival(1, true, 0), arrival(2, true, 0), arrival(3, true, 0)]);
    ledger.published(action(2), Publication::Unanswered);
    assert!(ledger.check(1).hold());
    assert_eq!(ledger.expected_deliveries(1), 3);
    ledger.published(action(2), Publication::Refused);
    assert_eq!(ledger.check(1).uninvited, vec![(0, action(2))]);
}

#[test]
fn finds_two_deliveries_of_one_action() {
    let second = Arrival { webhook_id: "dlv_other".to_owned(), ..arrival(3, true, 1) };
    let findings = ledger(&[arrival(1, true, 0), arrival(2, true, 0), arrival(3, true, 0), second]).check(1);
    assert_eq!(findings.doubled, vec![(0, action(3))]);
}

#[test]
fn what_is_counted_is_what_a_check_finds() {
    let ledger = ledger(&[
        arrival(1, false, 0),
        arrival(1, true, 0),
        arrival(1, true, 1),
        arrival(2, true, 1),
        arrival(3, false, 1),
    ]);
    let (findings, counts) = (ledger.check(1), ledger.counts());
    assert_eq!(counts, Counts { acknowledged: 3, delivered: 2, duplicates: 1 });
    assert_eq!(
        (findings.acknowledged, findings.delivered, findings.duplicates),
        (counts.acknowledged, counts.delivered, counts.duplicates)
    );
}

#[test]
fn what_one_organization_broke_breaks_the_run() {
    let mut sum = Findings::default();
    sum.add(ledger(&[arrival(1, true, 0), arrival(2, true, 0), arrival(3, true, 0)]).check(1));
    assert!(sum.hold());
    sum.add(ledger(&[arrival(1, true, 0), arrival(2, true, 0)]).check(1));
    assert!(!sum.hold());
    assert_eq!((sum.acknowledged, sum.delivered, sum.lost.len()), (6, 5, 1));
}
