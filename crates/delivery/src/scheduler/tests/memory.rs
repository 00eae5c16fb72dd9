use rendezhook_domain::cause::Cause;
use rendezhook_domain::sequence::{OrganizationNumber, ReceiverNumber, Sequence};
use rendezhook_store::pending::{DeliveryKey, PendingDelivery};

use super::fixture::{Fixture, delivery, failed, seconds, view};
use crate::scheduler::SchedulerLimits;
use crate::scheduler::input::{Input, SubscriptionView};

const RECEIVERS: u32 = 100;

fn crowd() -> Fixture {
    let limits = SchedulerLimits {
        in_flight: usize::MAX,
        endpoint_window: 1,
        direct_high_water: usize::MAX,
        receiver_entries: usize::MAX,
        entries: usize::MAX,
        ..SchedulerLimits::default()
    };
    let mut fixture = Fixture::within(limits, 0);
    for number in 1..=RECEIVERS {
        fixture.change(SubscriptionView { receiver: ReceiverNumber::new(number), ..view(number) });
    }
    fixture
}

/// Deliveries to all receivers in turn, each to a lane of its own or `lane` of them to each lane.
fn fill(fixture: &mut Fixture, count: u64, lane: u64, change: impl Fn(PendingDelivery) -> PendingDelivery) {
    let organization = OrganizationNumber::new(1);
    for thousand in 0..count / 1_000 {
        let deliveries = (0..1_000).map(|number| {
            let sequence = 1 + thousand * 1_000 + number;
            let receiver = 1 + u32::try_from(sequence % u64::from(RECEIVERS)).unwrap();
            let key =
                DeliveryKey { receiver: ReceiverNumber::new(receiver), sequence: Sequence::new(sequence) };
            let resource = sequence / u64::from(RECEIVERS) / lane;
            change(PendingDelivery { key, ..delivery(sequence, receiver, resource) })
        });
        fixture.step([Input::Committed { organization, deliveries: deliveries.collect() }]);
    }
    assert_eq!(fixture.scheduler.figures().in_memory, usize::try_from(count).unwrap());
}

fn bytes_each(fixture: &Fixture) -> usize {
    let figures = fixture.scheduler.figures();
    figures.bytes.div_ceil(figures.in_memory)
}

#[test]
fn a_waiting_delivery_takes_at_most_sixty_four_bytes() {
    // With lanes of one the table of lanes has just grown at each of these sizes, so it is at its emptiest.
    for (count, lane) in [(500_000, 1), (120_000, 1), (120_000, 2), (120_000, 100)] {
        let mut fixture = crowd();
        fill(&mut fixture, count, lane, |delivery| delivery);
        let bytes = bytes_each(&fixture);
        assert!(bytes <= 64, "{bytes} bytes each of {count} with {lane} to a lane");
    }
}

#[test]
fn one_that_waits_for_a_retry_and_expires_takes_at_most_a_hundred_and_twelve() {
    let mut fixture = crowd();
    let (now, day) = (fixture.now, seconds(86_400));
    fill(&mut fixture, 120_000, 1, |delivery| PendingDelivery {
        failed_attempts: 1,
        first_failed_at: Some(now),
        due_at: now.after(day),
        expires_at: Some(now.after(day)),
        ..delivery
    });
    assert!(bytes_each(&fixture) <= 112, "{} bytes", bytes_each(&fixture));
}

#[test]
fn room_is_used_again() {
    let mut fixture = Fixture::new(1);
    let mut most = 0;
    for sequence in 1..=2_000 {
        fixture.commit([delivery(sequence, 1, sequence)]);
        fixture.finish(sequence, failed(Cause::Unbuildable));
        fixture.pass(seconds(5));
        fixture.finish(sequence, super::fixture::answered(200));
        let bytes = fixture.scheduler.figures().bytes;
        if sequence == 10 {
            most = bytes;
        }
        assert!(sequence < 10 || bytes == most);
    }
}
