//! Deliveries that are made anew: when, how many at a time, and what becomes of them.

use bytes::Bytes;
use rendezhook_domain::delivery::{DeliveryOrigin, FinalState};
use rendezhook_domain::id::{DeliveryId, ReplayId};
use rendezhook_domain::replay::{ReplayRate, ReplayState, ReplayedStates};
use rendezhook_domain::sequence::OrganizationNumber;
use rendezhook_domain::time::Timestamp;

use super::Fixture;
use super::world::{World, at, attempt, change, ended, record, retry_at, uuid};
use crate::pending::DeliveryKey;
use crate::publish::Matched;
use crate::record::Record;
use crate::replay::{CreatedReplay, NewReplay, Replay, ReplayWork, Selection, Walk};

/// Far more than anything needs to become due.
pub(super) const LATER: i64 = 1_000_000;

pub(super) fn replay(organization: OrganizationNumber, selection: Selection) -> NewReplay {
    NewReplay {
        id: ReplayId::from_uuid(uuid()),
        organization,
        user: None,
        selection,
        to: None,
        rate: ReplayRate::new(1_000).unwrap(),
        running_limit: 3,
        idempotency: None,
        at: at(100),
    }
}

pub(super) fn walk(one: Option<Matched>, states: ReplayedStates) -> Walk {
    Walk {
        subscription: one.map(|one| one.subscription),
        states,
        since: Timestamp::EARLIEST,
        until: None,
        action: None,
    }
}

pub(super) async fn create(world: &World, new: NewReplay) -> CreatedReplay {
    world.store.create_replay(new).await.unwrap().unwrap()
}

/// Takes replays as far as they go until a moment.
pub(super) async fn advance(world: &World, now: Timestamp) -> ReplayWork {
    loop {
        match world.store.advance_replays(now).await.unwrap() {
            ReplayWork::Now => {}
            left => return left,
        }
    }
}

pub(super) async fn shown(world: &World, organization: OrganizationNumber, id: ReplayId) -> Replay {
    world.store.replay(organization, id).await.unwrap().unwrap()
}

/// Publishes so many actions of resources of their own, for whoever wants them, and answers with the keys of one receiver.
pub(super) async fn publish(
    world: &mut World,
    organization: OrganizationNumber,
    one: Matched,
    count: usize,
) -> Vec<DeliveryKey> {
    let mut keys = Vec::new();
    for batch in 0..count.div_ceil(500) {
        let wanted = (count - batch * 500).min(500);
        let ids: Vec<String> = (0..wanted).map(|number| format!("{}-{number}", uuid())).collect();
        let changes = ids.iter().map(|id| change(id, None, &["event.created"])).collect();
        let receipt = world.publish(organization, changes).await;
        let last = receipt.actions.last().unwrap().sequence;
        while keys.last().is_none_or(|key: &DeliveryKey| key.sequence < last) {
            let committed = world.committed().await;
            let found = committed.iter().flat_map(super::world::keys_of);
            keys.extend(found.filter(|key| key.receiver == one.receiver));
        }
    }
    keys
}

/// Ends deliveries in a state, with one attempt each.
pub(super) async fn end(
    world: &World,
    organization: OrganizationNumber,
    one: Matched,
    keys: &[DeliveryKey],
    state: FinalState,
) {
    for some in keys.chunks(500) {
        let ends =
            some.iter().map(|key| record(organization, one, *key, Some(attempt(1, 500)), ended(state)));
        world.store.record(ends.collect()).await.unwrap();
    }
}

pub(super) fn id_of(key: DeliveryKey) -> DeliveryId {
    DeliveryId::new(at(0), key.sequence, key.receiver)
}

pub async fn a_listed_delivery_is_made_once_more_with_its_bytes(fixture: &dyn Fixture) {
    let mut world = World::open(fixture).await;
    let organization = world.organization().await;
    let one = world.subscribe(organization, "*").await;
    let keys = publish(&mut world, organization, one, 2).await;
    let failed = Record {
        freeze: Some(Bytes::from_static(b"sent")),
        ..record(organization, one, keys[0], Some(attempt(1, 500)), retry_at(60))
    };
    world.store.record(vec![failed]).await.unwrap();
    end(&world, organization, one, &keys[..1], FinalState::Exhausted).await;

    let selection = Selection::Listed(keys.iter().map(|key| id_of(*key)).collect());
    let created = create(&world, replay(organization, selection)).await;
    assert_eq!(created.replay.state, ReplayState::Done);
    let counts = created.replay.counts;
    assert_eq!((counts.selected, counts.made, counts.skipped.still_waiting), (2, 1, 1));

    let made = world.deliveries(1).await[0];
    assert_eq!(created.made, [id_of(made)]);
    let waiting = world.waiting(one).await;
    let again = waiting.iter().find(|delivery| delivery.key == made).unwrap();
    assert_eq!((again.origin, again.subscription), (DeliveryOrigin::Replay, one.subscription));
    assert_eq!((again.due_at, again.expires_at, again.failed_attempts), (at(100), None, 0));
    let material = world.store.material(&[made]).await.unwrap();
    assert_eq!(material[0].frozen_body, Some(Bytes::from_static(b"sent")));
    assert_eq!(material[0].repeats, Some(id_of(keys[0])));
    let view = world.store.delivery(organization, id_of(made)).await.unwrap().unwrap().view;
    assert_eq!((view.origin, view.repeats), (DeliveryOrigin::Replay, Some(id_of(keys[0]))));

    // A replay of the replay is the same message.
    end(&world, organization, one, &[made], FinalState::Exhausted).await;
    create(&world, replay(organization, Selection::Listed(vec![id_of(made)]))).await;
    let third = world.deliveries(1).await[0];
    let material = world.store.material(&[third]).await.unwrap();
    assert_eq!(material[0].repeats, Some(id_of(keys[0])));
    assert_eq!(material[0].frozen_body, Some(Bytes::from_static(b"sent")));
}

pub async fn a_backfill_goes_to_another_subscription_with_what_it_wants(fixture: &dyn Fixture) {
    let mut world = World::open(fixture).await;
    let organization = world.organization().await;
    let one = world.subscribe(organization, "*").await;
    let changes = ["event.created", "event.cancelled", "event.created"];
    let changes = changes.into_iter().enumerate();
    let changes = changes.map(|(number, name)| change(&format!("e{number}"), None, &[name])).collect();
    world.publish(organization, changes).await;
    let keys = world.deliveries(3).await;
    end(&world, organization, one, &keys[..2], FinalState::Delivered).await;

    let new = world.subscribe(organization, "event.created").await;
    let everything = Selection::Walk(walk(Some(one), ReplayedStates::All));
    let to = Some(new.subscription);
    let created = create(&world, NewReplay { to, ..replay(organization, everything) }).await;
    let counts = created.replay.counts;
    assert_eq!((counts.selected, counts.made, counts.skipped.not_wanted), (3, 2, 1), "waiting ones too");
    let waiting = world.waiting(new).await;
    assert!(waiting.iter().all(|delivery| delivery.origin == DeliveryOrigin::Backfill));
    let made: Vec<DeliveryKey> = waiting.iter().map(|delivery| delivery.key).collect();
    let material = world.store.material(&made).await.unwrap();
    let repeats: Vec<_> = material.iter().map(|material| material.repeats).collect();
    assert_eq!(repeats, [Some(id_of(keys[0])), Some(id_of(keys[2]))]);

    // What the new subscription failed to take is its own message when it is replayed.
    end(&world, organization, new, &made[..1], FinalState::Exhausted).await;
    let failed = Selection::Walk(walk(Some(new), ReplayedStates::Failed));
    let again = create(&world, NewReplay { at: at(LATER), ..replay(organization, failed) }).await;
    let key = DeliveryKey { receiver: new.receiver, sequence: again.made[0].sequence() };
    assert_eq!(world.store.material(&[key]).await.unwrap()[0].repeats, Some(id_of(made[0])));
}

pub async fn deliveries_become_due_at_the_rate(fixture: &dyn Fixture) {
    let mut world = World::open(fixture).await;
    let organization = world.organization().await;
    let one = world.subscribe(organization, "*").await;
    let keys = publish(&mut world, organization, one, 250).await;
    end(&world, organization, one, &keys, FinalState::Exhausted).await;
    let all = Selection::Walk(walk(Some(one), ReplayedStates::Failed));
    let new = NewReplay { rate: ReplayRate::new(4).unwrap(), ..replay(organization, all) };
    let id = create(&world, new).await.replay.id;
    // Some ten seconds are made ahead, the rest as time passes; what was missed is not made up for.
    let ahead = world.waiting(one).await;
    assert!((40..=41).contains(&ahead.len()), "{}", ahead.len());
    let due: Vec<i64> = ahead.iter().take(5).map(|delivery| delivery.due_at.milliseconds()).collect();
    assert_eq!(due, [0, 250, 500, 750, 1_000].map(|after| at(100).milliseconds() + after));
    assert_eq!(advance(&world, at(100)).await, ReplayWork::Later);
    assert_eq!(world.waiting(one).await.len(), ahead.len());
    advance(&world, at(105)).await;
    assert_eq!(world.waiting(one).await.len(), ahead.len() + 20);
    advance(&world, at(1_000)).await;
    let waiting = world.waiting(one).await;
    assert_eq!(waiting.last().unwrap().due_at, at(1_010));
    assert_eq!(shown(&world, organization, id).await.state, ReplayState::Running);
    // Nor does a clock that is set back stop it.
    for second in 0..60 {
        advance(&world, at(500 + second)).await;
    }
    let done = shown(&world, organization, id).await;
    assert_eq!((done.state, done.counts.made), (ReplayState::Done, 250));
}

pub async fn a_large_replay_goes_on_after_a_restart(fixture: &dyn Fixture) {
    let mut world = World::open(fixture).await;
    let organization = world.organization().await;
    let one = world.subscribe(organization, "*").await;
    let keys = publish(&mut world, organization, one, 3_000).await;
    end(&world, organization, one, &keys, FinalState::Exhausted).await;
    let failed = Selection::Walk(walk(Some(one), ReplayedStates::Failed));
    let id = create(&world, replay(organization, failed)).await.replay.id;
    let first = world.waiting(one).await.len();
    assert!(first > 0 && first <= 500, "{first} in the turn that made it");

    let world = world.reopen(fixture).await;
    assert_eq!(advance(&world, at(LATER)).await, ReplayWork::Later);
    let waiting = world.waiting(one).await;
    assert_eq!(waiting.len(), 2_000, "no more than that wait at once");
    let made: Vec<DeliveryKey> = waiting.iter().map(|delivery| delivery.key).collect();
    end(&world, organization, one, &made, FinalState::Delivered).await;

    let world = world.reopen(fixture).await;
    assert_eq!(advance(&world, at(LATER + 60)).await, ReplayWork::None);
    let done = shown(&world, organization, id).await;
    assert_eq!((done.state, done.ended_at), (ReplayState::Done, Some(at(LATER + 60))));
    assert_eq!((done.counts.made, done.counts.delivered, done.counts.waiting()), (3_000, 2_000, 1_000));
    let mut repeated: Vec<_> = Vec::new();
    for some in made.chunks(500) {
        for key in some {
            let view = world.store.delivery(organization, id_of(*key)).await.unwrap().unwrap().view;
            repeated.push(view.repeats.unwrap());
        }
    }
    let expected: Vec<_> = keys.iter().take(2_000).map(|key| id_of(*key)).collect();
    assert_eq!(repeated, expected, "each once, in their order");
}

pub async fn a_cancelled_replay_leaves_nothing_waiting(fixture: &dyn Fixture) {
    let mut world = World::open(fixture).await;
    let organization = world.organization().await;
    let one = world.subscribe(organization, "*").await;
    let keys = publish(&mut world, organization, one, 1_900).await;
    end(&world, organization, one, &keys[..1_800], FinalState::Exhausted).await;
    let failed = Selection::Walk(walk(Some(one), ReplayedStates::Failed));
    let id = create(&world, replay(organization, failed)).await.replay.id;
    advance(&world, at(LATER)).await;
    assert_eq!(world.waiting(one).await.len(), 1_900);

    let cancelled = world.store.cancel_replay(organization, id, at(LATER)).await.unwrap().unwrap();
    assert_eq!(cancelled.state, ReplayState::Cancelling, "more than a turn takes");
    let world = world.reopen(fixture).await;
    assert_eq!(advance(&world, at(LATER + 1)).await, ReplayWork::None);
    let replay = shown(&world, organization, id).await;
    assert_eq!((replay.state, replay.counts.failed), (ReplayState::Cancelled, 1_800));
    let left: Vec<DeliveryKey> = world.waiting(one).await.iter().map(|delivery| delivery.key).collect();
    assert_eq!(left, keys[1_800..], "the originals that wait are not its own");
    assert_eq!(world.store.figures().await.unwrap().pending_deliveries, 100);
    let again = world.store.cancel_replay(organization, id, at(LATER + 2)).await.unwrap().unwrap();
    assert_eq!(again, replay, "once more changes nothing");
}

pub async fn ends_are_counted(fixture: &dyn Fixture) {
    let mut world = World::open(fixture).await;
    let organization = world.organization().await;
    let one = world.subscribe(organization, "*").await;
    let keys = publish(&mut world, organization, one, 4).await;
    end(&world, organization, one, &keys, FinalState::Exhausted).await;
    let failed = Selection::Walk(walk(Some(one), ReplayedStates::Failed));
    let id = create(&world, replay(organization, failed)).await.replay.id;
    let made = world.deliveries(4).await;
    let others = publish(&mut world, organization, one, 1).await;
    end(&world, organization, one, &made[..2], FinalState::Delivered).await;
    end(&world, organization, one, &made[2..3], FinalState::Exhausted).await;
    end(&world, organization, one, &others, FinalState::Delivered).await;
    let counts = shown(&world, organization, id).await.counts;
    assert_eq!((counts.made, counts.delivered, counts.failed, counts.waiting()), (4, 2, 1, 1));
    let world = world.reopen(fixture).await;
    world.delete(organization, one.subscription).await;
    world.until_waiting(0).await;
    let counts = shown(&world, organization, id).await.counts;
    assert_eq!((counts.delivered, counts.failed, counts.waiting()), (2, 2, 0));
}
