use std::sync::Arc;

use super::*;

fn changes(all: &[(u32, u32, u32, i64)]) -> WaitingChanges {
    let mut changes = WaitingChanges::default();
    for (organization, receiver, subscription, by) in all {
        let whose = For {
            organization: OrganizationNumber::new(*organization),
            receiver: ReceiverNumber::new(*receiver),
        };
        changes.add(SubscriptionNumber::new(*subscription), whose, *by);
    }
    changes
}

#[test]
fn counts_add_up_and_what_is_zero_takes_no_room() {
    let counts = WaitingCounts::default();
    counts.add(&changes(&[(1, 7, 70, 3), (1, 7, 71, 2), (2, 8, 80, 1), (1, 7, 70, -1)]));
    counts.add(&changes(&[(2, 8, 80, -1)]));
    assert_eq!(counts.of_organization(OrganizationNumber::new(1)), 4);
    assert_eq!(counts.of_organization(OrganizationNumber::new(2)), 0);
    assert_eq!(counts.of_receiver(ReceiverNumber::new(7)), 4);
    assert_eq!(counts.of_subscription(SubscriptionNumber::new(70)), 2);
    assert_eq!(counts.total(), 4);
    let crowded =
        Crowded { organization: OrganizationNumber::new(1), receiver: ReceiverNumber::new(7), waiting: 4 };
    assert_eq!(counts.receivers_above(3), [crowded]);
    assert_eq!(counts.receivers_above(4), []);
    counts.add(&changes(&[(1, 7, 70, -2), (1, 7, 71, -2)]));
    let empty = counts.read(|counts| {
        counts.subscriptions.is_empty() && counts.receivers.is_empty() && counts.organizations.is_empty()
    });
    assert!(empty && counts.total() == 0);
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_for_the_counts_longer_than_a_moment_after_the_start() {
    let counts = Arc::new(WaitingCounts::default());
    let started_at = Instant::now();
    counts.completed_soon().await;
    assert_eq!(started_at.elapsed(), WaitingCounts::PATIENCE);
    counts.completed_soon().await;
    assert_eq!(started_at.elapsed(), WaitingCounts::PATIENCE, "it has had its time");

    let counts = Arc::new(WaitingCounts::default());
    let waiting = tokio::spawn({
        let counts = Arc::clone(&counts);
        async move { counts.completed_soon().await }
    });
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(!waiting.is_finished());
    counts.complete(&changes(&[(1, 7, 70, 5)]));
    waiting.await.unwrap();
    assert_eq!(counts.total(), 5);
}

#[tokio::test]
async fn what_ends_before_it_was_counted_is_not_told_as_less_than_nothing() {
    let counts = WaitingCounts::default();
    counts.add(&changes(&[(1, 7, 70, -2)]));
    assert_eq!((counts.of_receiver(ReceiverNumber::new(7)), counts.total()), (0, 0));
    assert!(!counts.is_complete());
    counts.complete(&changes(&[(1, 7, 70, 5)]));
    counts.completed().await;
    assert_eq!((counts.of_receiver(ReceiverNumber::new(7)), counts.total()), (3, 3));
}
