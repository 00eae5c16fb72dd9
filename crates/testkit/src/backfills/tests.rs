use super::*;

/// Two resources at the source, the second of them promised to a new subscription.
fn promised() -> Backfills {
    let mut backfills = Backfills::default();
    assert_eq!(backfills.publishing(1), 0);
    assert_eq!(backfills.publishing(1), 1);
    assert_eq!(backfills.promised(1), (1, 2));
    backfills
}

fn arrival(subscription: u64, resource: u64, place: u64) -> Arrival {
    Arrival {
        subscription,
        message: Message { resource, place },
        says_backfill: subscription > 0,
        webhook_id: format!("dlv_{subscription}_{resource}_{place}"),
        accepted: true,
        verified: true,
        kills: 0,
    }
}

/// Everything that is to come, but for what a test changes or leaves out.
fn check(change: impl Fn(&mut Arrival) -> bool) -> BackfillFindings {
    let mut backfills = promised();
    for (subscription, resource) in [(0, 0), (0, 1), (1, 1)] {
        for place in 1..=Message::PLACES {
            let mut arrival = arrival(subscription, resource, place);
            if change(&mut arrival) {
                backfills.arrived(arrival);
            }
        }
    }
    backfills.check()
}

#[test]
fn a_faultless_run_holds() {
    let findings = check(|_| true);
    assert!(findings.hold(), "{findings}");
    assert_eq!((findings.backfills, findings.expected, findings.duplicates), (1, 6, 0));

    let mut backfills = promised();
    backfills.arrived(Arrival { accepted: false, ..arrival(1, 1, 1) });
    backfills.arrived(arrival(1, 1, 1));
    backfills.arrived(Arrival { kills: 1, ..arrival(1, 1, 1) });
    backfills.arrived(arrival(1, 1, 2));
    let findings = backfills.check();
    assert_eq!(
        (findings.duplicates, findings.lost.len()),
        (1, 4),
        "an answer may be lost with a kill: {findings}"
    );
    assert!(!backfills.is_settled());
}

#[test]
fn what_is_lost_is_named() {
    let lost = check(|arrival| (arrival.subscription, arrival.message.place) != (1, 2)).lost;
    assert_eq!(lost, ["(1, Message { resource: 1, place: 2 })"]);
    assert_eq!(
        check(|arrival| {
            arrival.accepted = arrival.subscription == 0;
            true
        })
        .lost
        .len(),
        2
    );
}

#[test]
fn what_comes_uninvited_doubled_repeated_or_out_of_order_breaks_it() {
    let violated = |backfills: Backfills| -> Vec<&'static str> {
        let findings = backfills.check();
        let violations = findings.violations();
        violations
            .iter()
            .filter(|(name, list)| *name != "never came" && !list.is_empty())
            .map(|(name, _)| *name)
            .collect()
    };
    let with = |arrivals: Vec<Arrival>| {
        let mut backfills = promised();
        arrivals.into_iter().for_each(|arrival| backfills.arrived(arrival));
        violated(backfills)
    };
    assert_eq!(with(vec![arrival(1, 0, 1)]), ["came uninvited"], "it was not promised that");
    assert_eq!(with(vec![arrival(2, 1, 1)]), ["came uninvited"], "nobody is there");
    assert_eq!(with(vec![Arrival { says_backfill: false, ..arrival(1, 1, 1) }]), ["came uninvited"]);
    assert_eq!(with(vec![arrival(0, 0, 1), arrival(0, 0, 1)]), ["came again without a kill"]);
    let other_id = || Arrival { webhook_id: "dlv_other".to_owned(), kills: 1, ..arrival(0, 0, 1) };
    assert_eq!(with(vec![arrival(0, 0, 1), other_id()]), ["came as two messages"]);
    let of_another = Arrival { webhook_id: arrival(0, 1, 1).webhook_id, ..arrival(1, 1, 1) };
    assert_eq!(with(vec![arrival(0, 1, 1), of_another]), ["came as two messages"]);
    assert_eq!(with(vec![arrival(0, 0, 2)]), ["came out of order"]);
    let not_accepted = Arrival { accepted: false, ..arrival(0, 0, 1) };
    assert_eq!(with(vec![not_accepted, arrival(0, 0, 2)]), ["came out of order"]);
    let mut unfinished = promised();
    unfinished.unfinished("rpl_1 is running still".to_owned());
    assert_eq!(violated(unfinished), ["backfill not ended as asked"]);
}
