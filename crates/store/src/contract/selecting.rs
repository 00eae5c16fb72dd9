//! Which deliveries a replay takes, and who may ask for one.

use std::sync::Arc;

use rendezhook_domain::delivery::{DeliveryState, FinalState};
use rendezhook_domain::id::DeliveryId;
use rendezhook_domain::replay::{ReplayRate, ReplayedStates};
use rendezhook_domain::time::Timestamp;

use super::Fixture;
use super::replaying::{LATER, create, end, id_of, publish, replay, walk};
use super::world::{World, at, change, claim, request};
use crate::change::ChangeRefusal;
use crate::pending::DeliveryKey;
use crate::publish::Publish;
use crate::replay::{NewReplay, ReplayEstimate, ReplayRefusal, Selection, Walk};

pub async fn a_walk_takes_what_failed_since_and_nothing_else(fixture: &dyn Fixture) {
    let mut world = World::open(fixture).await;
    let organization = world.organization().await;
    let one = world.subscribe_at(organization, "*", "https://one.example/hook").await;
    let neighbour = world.subscribe_at(organization, "*", "https://one.example/hook").await;
    let mut accepted = Vec::new();
    for (hour, name) in
        [(0, "event.created"), (1, "event.created"), (2, "event.updated"), (3, "event.created")]
    {
        let request =
            request(&world.catalogue(), organization, vec![change(&format!("e{hour}"), None, &[name])]);
        world.commit(Publish { accepted_at: at(hour * 3_600), ..request }).await;
        let keys = world.deliveries(2).await;
        end(&world, organization, one, &keys[..1], FinalState::Expired).await;
        end(&world, organization, neighbour, &keys[1..], FinalState::Delivered).await;
        accepted.push((hour, keys[0]));
    }
    let selected = async |walk: Walk| {
        let estimate =
            world.store.estimate_replay(organization, Selection::Walk(walk.clone()), None).await.unwrap();
        let new = NewReplay { at: at(LATER), ..replay(organization, Selection::Walk(walk)) };
        let created = create(&world, new).await;
        assert_eq!((estimate.counts, estimate.complete), (created.replay.counts, true));
        let mut hours = Vec::new();
        for id in created.made {
            let key = DeliveryKey { receiver: id.receiver(), sequence: id.sequence() };
            let repeats = world.store.material(&[key]).await.unwrap()[0].repeats.unwrap();
            let (hour, _) = accepted.iter().find(|(_, key)| key.sequence == repeats.sequence()).unwrap();
            hours.push(*hour);
        }
        hours
    };
    let failed = || walk(Some(one), ReplayedStates::Failed);
    assert_eq!(selected(failed()).await, [0, 1, 2, 3]);
    assert_eq!(selected(walk(None, ReplayedStates::Failed)).await, [0, 1, 2, 3], "of the organization");
    assert!(selected(walk(Some(one), ReplayedStates::Exhausted)).await.is_empty());
    assert!(selected(walk(Some(neighbour), ReplayedStates::Failed)).await.is_empty());
    let between = Walk { since: at(3_600), until: Some(at(3 * 3_600)), ..failed() };
    assert_eq!(selected(between).await, [1, 2]);
    let only = Walk { action: Some("event.created".parse().unwrap()), ..failed() };
    assert_eq!(selected(only).await, [0, 1, 3]);
}

pub async fn what_a_replay_has_handed_over_failed_no_more(fixture: &dyn Fixture) {
    let mut world = World::open(fixture).await;
    let organization = world.organization().await;
    let one = world.subscribe(organization, "*").await;
    let other = world.subscribe(organization, "*").await;
    let keys = publish(&mut world, organization, one, 4).await;
    end(&world, organization, one, &keys, FinalState::Exhausted).await;
    let later = |new| NewReplay { at: at(LATER), ..new };
    let failed = |states| Selection::Walk(walk(Some(one), states));
    let backfill =
        || NewReplay { to: Some(other.subscription), ..replay(organization, failed(ReplayedStates::Failed)) };
    let key = |id: &DeliveryId| DeliveryKey { receiver: id.receiver(), sequence: id.sequence() };

    // Another subscription gets them all: messages of their own, which say nothing of these.
    let made = create(&world, later(backfill())).await.made;
    end(&world, organization, other, &made.iter().map(key).collect::<Vec<_>>(), FinalState::Delivered).await;
    let first = create(&world, later(replay(organization, failed(ReplayedStates::Failed)))).await;
    assert_eq!(first.made.len(), 4);
    let again: Vec<DeliveryKey> = first.made.iter().map(key).collect();
    end(&world, organization, one, &again[..2], FinalState::Delivered).await;
    end(&world, organization, one, &again[2..], FinalState::Exhausted).await;

    let mut world = world.reopen(fixture).await;
    let shown = async |key| {
        let found = world.store.delivery(organization, id_of(key)).await.unwrap();
        found.is_some_and(|found| found.view.handed_over)
    };
    assert_eq!((shown(keys[1]).await, shown(keys[2]).await), (true, false));
    for states in [ReplayedStates::Failed, ReplayedStates::Exhausted] {
        let counts = world.store.estimate_replay(organization, failed(states), None).await.unwrap().counts;
        assert_eq!((counts.selected, counts.made), (2, 2), "{states}");
        let second = create(&world, later(replay(organization, failed(states)))).await;
        assert_eq!(second.replay.counts.selected, 2, "{states}");
        let repeated: Vec<DeliveryKey> = second.made.iter().map(key).collect();
        let material = world.store.material(&repeated).await.unwrap();
        let of: Vec<_> = material.iter().filter_map(|one| one.repeats).map(|id| id.sequence()).collect();
        assert_eq!(of, [keys[2].sequence, keys[3].sequence], "{states}");
        end(&world, organization, one, &repeated, FinalState::Expired).await;
        world = world.reopen(fixture).await;
    }
    let all = world.store.estimate_replay(organization, failed(ReplayedStates::All), None).await.unwrap();
    assert_eq!(all.counts.made, 4, "however they ended");
    let backfilled = create(&world, later(backfill())).await;
    assert_eq!(backfilled.replay.counts.made, 4, "to others they were never handed over");
    let listed = Selection::Listed(vec![id_of(keys[0])]);
    assert_eq!(create(&world, later(replay(organization, listed))).await.replay.counts.made, 1);
}

pub async fn what_is_gone_is_skipped_and_said(fixture: &dyn Fixture) {
    let mut world = World::open(fixture).await;
    let organization = world.organization().await;
    let one = world.subscribe(organization, "*").await;
    let gone = world.subscribe(organization, "*").await;
    let request = request(&world.catalogue(), organization, vec![change("old", None, &["event.created"])]);
    world.commit(Publish { accepted_at: at(10), ..request }).await;
    let old = world.deliveries(2).await;
    end(&world, organization, one, &old[..1], FinalState::Exhausted).await;
    end(&world, organization, gone, &old[1..], FinalState::Exhausted).await;
    let newer = super::world::request(
        &world.catalogue(),
        organization,
        vec![change("old", Some(1), &["event.updated"])],
    );
    world.commit(Publish { accepted_at: at(1_000), ..newer }).await;
    let young = world.deliveries(2).await;
    end(&world, organization, one, &young[..1], FinalState::Exhausted).await;
    end(&world, organization, gone, &young[1..], FinalState::Exhausted).await;
    world.retain(at(500), Timestamp::EARLIEST).await;
    world.delete(organization, gone.subscription).await;

    let all = Selection::Walk(walk(None, ReplayedStates::Failed));
    let counts = create(&world, NewReplay { at: at(LATER), ..replay(organization, all) }).await.replay.counts;
    let skipped = counts.skipped;
    assert_eq!((counts.selected, counts.made), (4, 1));
    assert_eq!((skipped.body_gone, skipped.subscription_gone), (2, 1));
}

pub async fn an_estimate_counts_what_would_be_made(fixture: &dyn Fixture) {
    let mut world = World::open(fixture).await;
    let organization = world.organization().await;
    let one = world.subscribe(organization, "*").await;
    let keys = publish(&mut world, organization, one, 30).await;
    end(&world, organization, one, &keys[..20], FinalState::Expired).await;
    let failed = Selection::Walk(walk(Some(one), ReplayedStates::Failed));
    let ReplayEstimate { counts, complete } =
        world.store.estimate_replay(organization, failed, None).await.unwrap();
    assert_eq!((counts.selected, counts.made, complete), (20, 20, true));
    let listed = Selection::Listed(keys[19..21].iter().map(|key| id_of(*key)).collect());
    let listed = world.store.estimate_replay(organization, listed, None).await.unwrap().counts;
    assert_eq!((listed.selected, listed.made, listed.skipped.still_waiting), (2, 1, 1));
    assert_eq!(world.waiting(one).await.len(), 10, "nothing is made");
}

pub async fn a_repeated_request_makes_one_replay(fixture: &dyn Fixture) {
    let mut world = World::open(fixture).await;
    let organization = world.organization().await;
    let one = world.subscribe(organization, "*").await;
    let keys = publish(&mut world, organization, one, 1).await;
    end(&world, organization, one, &keys, FinalState::Exhausted).await;
    let selection = || Selection::Listed(vec![id_of(keys[0])]);
    let claimed = |key, fingerprint| NewReplay {
        idempotency: Some(claim(key, fingerprint)),
        ..replay(organization, selection())
    };
    let first = create(&world, claimed("key", 1)).await;
    let second = create(&world, claimed("key", 1)).await;
    assert_eq!((first.repeated, second.repeated), (false, true));
    assert_eq!(first.replay, second.replay);
    let reused = world.store.create_replay(claimed("key", 2)).await.unwrap();
    assert_eq!(reused, Err(ReplayRefusal::KeyReused));
    assert_eq!(world.waiting(one).await.len(), 1);
    let listed = world.store.replays(organization, None, 10).await.unwrap();
    assert_eq!((listed.replays, listed.next), (vec![first.replay], None));
}

pub async fn other_organizations_have_their_own_replays(fixture: &dyn Fixture) {
    let mut world = World::open(fixture).await;
    let organization = world.organization().await;
    let other = world.organization().await;
    let one = world.subscribe(organization, "*").await;
    let others = world.subscribe(other, "*").await;
    let keys = publish(&mut world, organization, one, 2).await;
    end(&world, organization, one, &keys, FinalState::Exhausted).await;
    let listed = Selection::Listed(keys.iter().map(|key| id_of(*key)).collect());
    let walked = Selection::Walk(walk(Some(one), ReplayedStates::Failed));
    let to = Some(one.subscription);
    let store = Arc::clone(&world.store);
    for new in [
        replay(other, listed.clone()),
        replay(other, walked.clone()),
        NewReplay { to, ..replay(other, Selection::Walk(walk(Some(others), ReplayedStates::All))) },
        NewReplay { to: Some(others.subscription), ..replay(organization, walked.clone()) },
    ] {
        assert_eq!(store.create_replay(new).await.unwrap(), Err(ReplayRefusal::Unknown));
    }
    let nothing = create(&world, replay(other, Selection::Walk(walk(None, ReplayedStates::All)))).await;
    assert_eq!(nothing.replay.counts.selected, 0);

    // Slow ones stay: there may be three at the same time.
    let slow =
        || NewReplay { rate: ReplayRate::new(1).unwrap(), at: at(0), ..replay(organization, walked.clone()) };
    let many = publish(&mut world, organization, one, 40).await;
    end(&world, organization, one, &many, FinalState::Exhausted).await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(create(&world, slow()).await.replay.id);
    }
    assert_eq!(store.create_replay(slow()).await.unwrap(), Err(ReplayRefusal::TooMany(3)));
    assert_eq!(store.replay(other, ids[0]).await.unwrap(), None);
    assert_eq!(store.cancel_replay(other, ids[0], at(0)).await.unwrap(), Err(ChangeRefusal::Unknown));
    let page = store.replays(organization, None, 2).await.unwrap();
    let listed = |page: &crate::replay::ReplayPage| page.replays.iter().map(|one| one.id).collect::<Vec<_>>();
    assert_eq!(listed(&page), [ids[2], ids[1]]);
    let page = store.replays(organization, page.next, 2).await.unwrap();
    assert_eq!((listed(&page), page.next), (vec![ids[0]], None));
    let state = store.delivery(organization, id_of(keys[0])).await.unwrap().unwrap().view.state;
    assert_eq!(state, DeliveryState::Ended(FinalState::Exhausted), "what is repeated stays as it ended");
}
