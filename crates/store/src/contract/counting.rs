//! Counts of what waits.

use std::collections::HashMap;
use std::time::Duration;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use rendezhook_domain::delivery::FinalState;
use rendezhook_domain::id::ReplayId;
use rendezhook_domain::replay::{ReplayRate, ReplayedStates};
use rendezhook_domain::sequence::{OrganizationNumber, Sequence};
use rendezhook_domain::time::Timestamp;

use super::Fixture;
use super::world::{World, at, attempt, change, ended, record, retry_at, uuid};
use crate::pending::DeliveryKey;
use crate::publish::{Matched, PublishOutcome};
use crate::record::Disposition;
use crate::replay::{NewReplay, ReplayWork, Selection, Walk};
use crate::skip::Skip;

/// How many steps are taken.
const STEPS: usize = 200;
/// Longer than anything takes.
const DEADLINE: Duration = Duration::from_secs(30);

pub async fn ends_are_counted_by_their_state(fixture: &dyn Fixture) {
    let mut world = World::open(fixture).await;
    let organization = world.organization().await;
    let stranger = world.organization().await;
    let shared = "https://receiver.example/counted";
    let one = world.subscribe_at(organization, "*", shared).await;
    let beside = world.subscribe_at(organization, "*", shared).await;
    let other = world.subscribe(organization, "*").await;
    for _ in 0..5 {
        world.publish_one(organization).await;
    }
    let keys = world.deliveries(15).await;
    let page = world.waiting(one).await;
    let of = |wanted: Matched| page.iter().filter(move |found| found.subscription == wanted.subscription);
    let of_one: Vec<_> = of(one).map(|found| found.key).collect();
    let of_beside: Vec<_> = of(beside).map(|found| found.key).collect();
    let of_other: Vec<_> = keys.iter().copied().filter(|key| key.receiver == other.receiver).collect();
    world.deliver(organization, one, &of_one[..2]).await;
    world.deliver(organization, beside, &of_beside[..3]).await;
    let exhausted = record(organization, other, of_other[0], None, ended(FinalState::Exhausted));
    world.store.record(vec![exhausted]).await.unwrap();

    let counted = async |organization, subscription| {
        let counts = world.store.ended_counts(organization, subscription).await.unwrap();
        assert!(counts.complete);
        let of = |state| counts.ended.get(&state).copied().unwrap_or(0);
        (of(FinalState::Delivered), of(FinalState::Exhausted), counts.ended.len())
    };
    assert_eq!(counted(organization, None).await, (5, 1, 2));
    assert_eq!(counted(organization, Some(one.subscription)).await, (2, 0, 1));
    assert_eq!(counted(organization, Some(other.subscription)).await, (0, 1, 1));
    assert_eq!(counted(stranger, None).await, (0, 0, 0));
    assert_eq!(counted(stranger, Some(one.subscription)).await, (0, 0, 0));
}

/// Something that happens to what waits. Numbers choose among what there is.
#[derive(Debug, Clone)]
enum Step {
    Publish { organization: usize, actions: usize },
    PublishFromOldFacts { organization: usize },
    Record { delivery: usize, disposition: Disposition },
    RecordAgain { delivery: usize },
    Subscribe { organization: usize, beside: bool },
    Delete { subscription: usize },
    Replay { organization: usize },
    CancelReplay { replay: usize },
    ExpireAll,
    Skip { subscription: usize },
    Reopen,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let number = 0..1_000_usize;
    let disposition = prop_oneof![
        4 => Just(ended(FinalState::Delivered)),
        2 => Just(ended(FinalState::Exhausted)),
        1 => Just(ended(FinalState::Expired)),
        1 => Just(ended(FinalState::Refused)),
        1 => Just(retry_at(60)),
    ];
    let step = prop_oneof![
        10 => (number.clone(), 1..5_usize)
            .prop_map(|(organization, actions)| Step::Publish { organization, actions }),
        1 => number.clone().prop_map(|organization| Step::PublishFromOldFacts { organization }),
        16 => (number.clone(), disposition)
            .prop_map(|(delivery, disposition)| Step::Record { delivery, disposition }),
        2 => number.clone().prop_map(|delivery| Step::RecordAgain { delivery }),
        2 => (number.clone(), any::<bool>())
            .prop_map(|(organization, beside)| Step::Subscribe { organization, beside }),
        2 => number.clone().prop_map(|subscription| Step::Delete { subscription }),
        2 => number.clone().prop_map(|organization| Step::Replay { organization }),
        1 => number.prop_map(|replay| Step::CancelReplay { replay }),
        1 => Just(Step::ExpireAll),
        1 => (0..1_000_usize).prop_map(|subscription| Step::Skip { subscription }),
        2 => Just(Step::Reopen),
    ];
    proptest::collection::vec(step, STEPS)
}

/// Everything that was ever made.
#[derive(Default)]
struct Made {
    organizations: Vec<OrganizationNumber>,
    subscriptions: Vec<(OrganizationNumber, Matched)>,
    /// Subscriptions that are not deleted, as places among those.
    living: Vec<usize>,
    replays: Vec<(OrganizationNumber, ReplayId)>,
    ended: Vec<(OrganizationNumber, Matched, DeliveryKey)>,
}

pub async fn what_waits_is_counted_whatever_happens(fixture: &dyn Fixture) {
    let mut runner = TestRunner::deterministic();
    let steps = steps().new_tree(&mut runner).unwrap().current();
    let mut world = World::open(fixture).await;
    let mut made = Made::default();
    for _ in 0..2 {
        made.organizations.push(world.organization().await);
    }
    for organization in 0..4 {
        made.subscribe(&world, organization, organization > 2).await;
    }
    let mut most = 0;
    for step in steps {
        if matches!(step, Step::Reopen) {
            world = world.reopen(fixture).await;
            // What happens before everything is counted is counted too.
            world.publish_one(made.organizations[0]).await;
            made.end(&world, 0, ended(FinalState::Delivered)).await;
            world.store.waiting().completed().await;
        } else {
            made.take(&world, step.clone()).await;
        }
        most = most.max(made.compare(&world, &step).await);
    }
    assert!(most > 20 && made.ended.len() > 50, "the walk went somewhere");
}

impl Made {
    async fn take(&mut self, world: &World, step: Step) {
        match step {
            Step::Publish { organization, actions } => {
                let names = &["event.created", "event.edited", "event.edited", "event.edited"][..actions];
                let change = change(&uuid().to_string(), None, names);
                world.publish(self.organization(organization), vec![change]).await;
            }
            Step::PublishFromOldFacts { organization } => {
                let organization = self.organization(organization);
                let request =
                    world.request(organization, vec![change("unknown", Some(7), &["event.edited"])]);
                let outcome = world.store.publish(request).await.unwrap();
                assert!(matches!(outcome, PublishOutcome::Stale(_)));
            }
            Step::Record { delivery, disposition } => self.end(world, delivery, disposition).await,
            Step::RecordAgain { delivery } => {
                if let Some((organization, one, key)) = chosen(&self.ended, delivery) {
                    let again = record(*organization, *one, *key, None, ended(FinalState::Delivered));
                    world.store.record(vec![again]).await.unwrap();
                }
            }
            Step::Subscribe { organization, beside } => self.subscribe(world, organization, beside).await,
            Step::Delete { subscription } => self.delete(world, subscription).await,
            Step::Replay { organization } => self.replay(world, organization).await,
            Step::CancelReplay { replay } => {
                if let Some((organization, id)) = chosen(&self.replays, replay) {
                    world.store.cancel_replay(*organization, *id, at(200)).await.unwrap().unwrap();
                }
            }
            Step::Skip { subscription } => {
                let (_, one) = chosen(&self.subscriptions, subscription).unwrap();
                let skip = Skip {
                    receiver: one.receiver,
                    subscription: Some(one.subscription),
                    accepted_before: at(1_000),
                    after: Sequence::ZERO,
                    at: at(1_000),
                };
                world.store.skip_waiting(skip).await.unwrap();
            }
            Step::ExpireAll => world.retain(at(1_000), at(0)).await,
            Step::Reopen => {}
        }
    }

    fn organization(&self, number: usize) -> OrganizationNumber {
        *chosen(&self.organizations, number).unwrap()
    }

    /// Makes a subscription with a receiver of its own, or beside another one.
    async fn subscribe(&mut self, world: &World, organization: usize, beside: bool) {
        let organization = self.organization(organization);
        let one = if beside {
            world.subscribe_at(organization, "event.created", "https://shared.example/hook").await
        } else {
            world.subscribe(organization, "event.*").await
        };
        self.living.push(self.subscriptions.len());
        self.subscriptions.push((organization, one));
    }

    async fn delete(&mut self, world: &World, subscription: usize) {
        if self.living.len() < 3 {
            return;
        }
        let (organization, one) =
            self.subscriptions[self.living.swap_remove(subscription % self.living.len())];
        world.delete(organization, one.subscription).await;
        let cancelled = async {
            while world.waiting(one).await.iter().any(|waiting| waiting.subscription == one.subscription) {
                // Every check is a turn of the writer, in which it also does its own work.
                world.store.check().await.unwrap();
            }
        };
        tokio::time::timeout(DEADLINE, cancelled).await.unwrap();
    }

    /// Records a turn of one of the waiting deliveries, if there is any.
    async fn end(&mut self, world: &World, delivery: usize, disposition: Disposition) {
        let mut waiting = Vec::new();
        for place in &self.living {
            let (organization, one) = self.subscriptions[*place];
            let own = world.waiting(one).await.into_iter();
            let own = own.filter(|waiting| waiting.subscription == one.subscription);
            waiting.extend(own.map(|waiting| (organization, one, waiting.key)));
        }
        let Some((organization, one, key)) = chosen(&waiting, delivery).copied() else { return };
        let record = record(organization, one, key, Some(attempt(1, 500)), disposition);
        world.store.record(vec![record]).await.unwrap();
        if let Disposition::Ended(_) = disposition {
            self.ended.push((organization, one, key));
        }
    }

    async fn replay(&mut self, world: &World, organization: usize) {
        let organization = self.organization(organization);
        let id = ReplayId::from_uuid(uuid());
        let walk = Walk {
            subscription: None,
            states: ReplayedStates::Failed,
            since: Timestamp::EARLIEST,
            until: None,
            action: None,
        };
        let new = NewReplay {
            id,
            organization,
            user: None,
            selection: Selection::Walk(walk),
            to: None,
            rate: ReplayRate::new(1_000).unwrap(),
            running_limit: 1_000,
            idempotency: None,
            at: at(100),
        };
        world.store.create_replay(new).await.unwrap().unwrap();
        self.replays.push((organization, id));
        while world.store.advance_replays(at(1_000_000)).await.unwrap() == ReplayWork::Now {}
    }

    /// Compares all counts with what really waits, and answers how much that is.
    async fn compare(&self, world: &World, after: &Step) -> u64 {
        let counts = world.store.waiting();
        let mut by_subscription: HashMap<_, u64> = HashMap::new();
        let mut by_receiver: HashMap<_, u64> = HashMap::new();
        let mut by_organization: HashMap<_, u64> = HashMap::new();
        for (organization, one) in &self.subscriptions {
            if by_receiver.contains_key(&one.receiver) {
                continue;
            }
            let waiting = world.waiting(*one).await;
            let count = u64::try_from(waiting.len()).unwrap();
            by_receiver.insert(one.receiver, count);
            *by_organization.entry(*organization).or_default() += count;
            for delivery in waiting {
                *by_subscription.entry(delivery.subscription).or_default() += 1;
            }
        }
        for (organization, one) in &self.subscriptions {
            let expected = by_subscription.get(&one.subscription).copied().unwrap_or(0);
            assert_eq!(counts.of_subscription(one.subscription), expected, "after {after:?}");
            assert_eq!(counts.of_receiver(one.receiver), by_receiver[&one.receiver], "after {after:?}");
            let expected = by_organization[organization];
            assert_eq!(counts.of_organization(*organization), expected, "after {after:?}");
        }
        let all = by_receiver.values().sum();
        assert_eq!(counts.total(), all, "after {after:?}");
        all
    }
}

fn chosen<T>(among: &[T], number: usize) -> Option<&T> {
    among.get(number.checked_rem(among.len())?)
}
