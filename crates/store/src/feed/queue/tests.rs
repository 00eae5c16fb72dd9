use bytes::Bytes;
use rendezhook_domain::accepted::AcceptedAction;
use rendezhook_domain::delivery::DeliveryOrigin;
use rendezhook_domain::resource::{ResourceId, ResourceKind};
use rendezhook_domain::sequence::{OrganizationNumber, ResourceNumber, Sequence, SubscriptionNumber};
use rendezhook_domain::time::Timestamp;

use super::*;
use crate::feed::CommittedDelivery;

fn committed(sequence: u64, receivers: &[u32], body: usize) -> CommittedAction {
    let now = Timestamp::from_milliseconds(1_768_469_400_000);
    let action = AcceptedAction {
        sequence: Sequence::new(sequence),
        organization: OrganizationNumber::new(1),
        name: "event.created".parse().unwrap(),
        kind: ResourceKind::Event,
        resource_id: ResourceId::new("e").unwrap(),
        resource_number: ResourceNumber::new(1),
        version: 1,
        user: None,
        occurred_at: now,
        accepted_at: now,
        expires_at: None,
        resource: Bytes::from(vec![b' '; body]),
        representations: None,
        changes: None,
        fired: None,
    };
    let deliveries = receivers
        .iter()
        .zip(sequence + 1..)
        .map(|(receiver, sequence)| CommittedDelivery {
            sequence: Sequence::new(sequence),
            receiver: ReceiverNumber::new(*receiver),
            subscription: SubscriptionNumber::new(*receiver),
            origin: DeliveryOrigin::Original,
            due_at: now,
        })
        .collect();
    CommittedAction { action: Arc::new(action), deliveries }
}

/// What an event says, in short: delivered sequences, announced (receiver, sequence) pairs, or nothing for the catalogue.
fn shown(event: Option<FeedEvent>) -> String {
    match event {
        None => "none".to_owned(),
        Some(FeedEvent::CatalogueChanged) => "catalogue".to_owned(),
        Some(FeedEvent::Committed(actions)) => {
            let sequences: Vec<u64> = actions
                .iter()
                .flat_map(|action| &action.deliveries)
                .map(|delivery| delivery.sequence.get())
                .collect();
            format!("deliveries {sequences:?}")
        }
        Some(FeedEvent::Announced(announcements)) => {
            let mut pairs: Vec<(u32, u64)> =
                announcements.iter().map(|news| (news.receiver.get(), news.sequence.get())).collect();
            pairs.sort_unstable();
            format!("announced {pairs:?}")
        }
    }
}

#[test]
fn what_is_committed_comes_in_order_and_in_one_piece() {
    let (sender, mut receiver) = feed(FeedLimits::default());
    sender.committed([committed(1, &[1, 2], 0), committed(4, &[], 0), committed(5, &[1], 0)]);
    sender.catalogue_changed();
    sender.catalogue_changed();
    sender.committed([committed(7, &[3], 0)]);
    assert_eq!(shown(receiver.try_recv()), "deliveries [2, 3, 6]");
    assert_eq!(shown(receiver.try_recv()), "catalogue");
    assert_eq!(shown(receiver.try_recv()), "deliveries [8]");
    assert_eq!(shown(receiver.try_recv()), "none");
}

#[test]
fn what_finds_no_room_is_announced_with_the_highest_sequence_of_each_receiver() {
    let (sender, mut receiver) = feed(FeedLimits { deliveries: 2, body_bytes: 1_000 });
    sender.committed([committed(1, &[1, 2], 0), committed(4, &[1, 3], 0), committed(7, &[1], 0)]);
    assert_eq!(shown(receiver.try_recv()), "deliveries [2, 3]");
    assert_eq!(shown(receiver.try_recv()), "announced [(1, 8), (3, 6)]");
    assert_eq!(shown(receiver.try_recv()), "none");
    sender.committed([committed(9, &[1], 0)]);
    assert_eq!(shown(receiver.try_recv()), "deliveries [10]");
}

#[test]
fn a_delivery_never_overtakes_an_announcement_of_its_receiver() {
    let (sender, mut receiver) = feed(FeedLimits { deliveries: 2, body_bytes: 1_000 });
    sender.committed([committed(1, &[1, 1], 0), committed(4, &[1], 0)]);
    assert_eq!(shown(receiver.try_recv()), "deliveries [2, 3]");
    sender.committed([committed(6, &[1], 0)]);
    assert_eq!(shown(receiver.try_recv()), "announced [(1, 5)]");
    assert_eq!(shown(receiver.try_recv()), "deliveries [7]");
}

#[test]
fn bodies_have_a_limit_of_their_own() {
    let (sender, mut receiver) = feed(FeedLimits { deliveries: 100, body_bytes: 1_000 });
    sender.committed([committed(1, &[1], 600), committed(3, &[2], 600)]);
    assert_eq!(shown(receiver.try_recv()), "deliveries [2]");
    assert_eq!(shown(receiver.try_recv()), "announced [(2, 4)]");
    sender.committed([committed(5, &[1], 2_000)]);
    assert_eq!(shown(receiver.try_recv()), "announced [(1, 6)]");
}

#[tokio::test]
async fn the_end_comes_after_everything_is_taken() {
    let (sender, mut receiver) = feed(FeedLimits::default());
    sender.committed([committed(1, &[1], 0)]);
    let waiting = tokio::spawn(async move {
        let first = shown(receiver.recv().await);
        (first, shown(receiver.recv().await))
    });
    drop(sender);
    assert_eq!(waiting.await.unwrap(), ("deliveries [2]".to_owned(), "none".to_owned()));
}
