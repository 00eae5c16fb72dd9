//! Committing requests.

use std::time::Duration;

use rendezhook_domain::delivery::DeliveryOrigin;
use rendezhook_domain::resource::ResourceKind;
use rendezhook_domain::sequence::Sequence;

use super::Fixture;
use super::world::{World, at, change, claim, panic_with, resource_id};
use crate::change::ChangeRefusal;
use crate::publish::{DetachedDelivery, Publish, PublishOutcome, StaleResource};
use crate::read::DeliveryFilter;

pub async fn a_request_is_committed_with_its_deliveries(fixture: &dyn Fixture) {
    let mut world = World::open(fixture).await;
    let organization = world.organization().await;
    let all = world.subscribe(organization, "*").await;
    let confirmed = world.subscribe(organization, "event.confirmed").await;
    let receipt =
        world.publish(organization, vec![change("e1", None, &["event.created", "event.confirmed"])]).await;

    let deliveries: Vec<u32> = receipt.actions.iter().map(|action| action.deliveries).collect();
    assert_eq!(deliveries, vec![1, 2]);
    assert_eq!(receipt.accepted_at, at(0));
    assert_eq!(world.waiting(all).await.len(), 2);
    let waiting = world.waiting(confirmed).await;
    assert_eq!(waiting.len(), 1);
    assert_eq!(waiting[0].subscription, confirmed.subscription);
    assert_eq!(waiting[0].action, receipt.actions[1].sequence);
    assert_eq!(waiting[0].due_at, at(0));
    assert_eq!((waiting[0].failed_attempts, waiting[0].first_failed_at), (0, None));
    assert_eq!(waiting[0].lane_held, Duration::ZERO);

    let fed = world.committed().await;
    let material = world.store.material(&[waiting[0].key]).await.unwrap();
    assert_eq!(material.len(), 1);
    assert_eq!(material[0].key, waiting[0].key);
    assert_eq!(material[0].frozen_body, None);
    assert_eq!(*material[0].action, *fed[1].action, "the store and the feed must tell the same");
    let stored =
        world.store.resource(organization, ResourceKind::Event, &resource_id("e1")).await.unwrap().unwrap();
    assert_eq!(stored.body, Some(material[0].action.resource.clone()));
    assert_eq!(stored.facts, change("e1", None, &["event.created", "event.confirmed"]).facts());
}

pub async fn sequences_grow_and_leave_no_room_for_doubt(fixture: &dyn Fixture) {
    let mut world = World::open(fixture).await;
    let organization = world.organization().await;
    for _ in 0..3 {
        world.subscribe(organization, "*").await;
    }
    for _ in 0..5 {
        world.publish_one(organization).await;
    }
    let mut last = Sequence::ZERO;
    let mut seen = 0;
    while seen < 15 {
        for action in world.committed().await {
            assert!(action.action.sequence > last);
            last = action.action.sequence;
            for delivery in &action.deliveries {
                assert_eq!(delivery.sequence, last.plus(1), "deliveries follow their action");
                assert_eq!(delivery.origin, DeliveryOrigin::Original);
                last = delivery.sequence;
                seen += 1;
            }
        }
    }
    assert_eq!(world.store.figures().await.unwrap().highest_sequence, last);
}

pub async fn a_resource_that_is_newer_makes_the_request_stale(fixture: &dyn Fixture) {
    let world = World::open(fixture).await;
    let organization = world.organization().await;
    world.publish(organization, vec![change("e1", None, &["event.created"])]).await;
    let known = change("e1", None, &["event.created"]).facts();
    for expected in [None, Some(2)] {
        let request = world.request(
            organization,
            vec![change("e0", None, &["event.created"]), change("e1", expected, &["event.confirmed"])],
        );
        let outcome = world.store.publish(request).await.unwrap();
        assert_eq!(outcome, PublishOutcome::Stale(vec![StaleResource { change: 1, facts: Some(known) }]));
    }
    let request = world.request(organization, vec![change("e9", Some(1), &["event.confirmed"])]);
    let outcome = world.store.publish(request).await.unwrap();
    assert_eq!(outcome, PublishOutcome::Stale(vec![StaleResource { change: 0, facts: None }]));
    world.publish(organization, vec![change("e1", Some(1), &["event.confirmed"])]).await;
}

pub async fn a_stale_request_leaves_nothing_behind(fixture: &dyn Fixture) {
    let mut world = World::open(fixture).await;
    let organization = world.organization().await;
    let one = world.subscribe(organization, "*").await;
    let mut request = world.request(
        organization,
        vec![change("e1", None, &["event.created"]), change("e2", Some(7), &["event.confirmed"])],
    );
    request.idempotency = Some(claim("key", 1));
    let outcome = world.store.publish(request).await.unwrap();
    assert!(matches!(outcome, PublishOutcome::Stale(_)));
    let stored = world.store.resource(organization, ResourceKind::Event, &resource_id("e1")).await.unwrap();
    assert!(stored.is_none());
    assert!(world.waiting(one).await.is_empty());

    let mut request = world.request(organization, vec![change("e1", None, &["event.created"])]);
    request.idempotency = Some(claim("key", 2));
    world.commit(request).await;
    assert_eq!(world.deliveries(1).await.len(), 1);
}

pub async fn a_resource_may_appear_twice_in_a_request(fixture: &dyn Fixture) {
    let world = World::open(fixture).await;
    let organization = world.organization().await;
    let one = world.subscribe(organization, "*").await;
    let changes = vec![
        change("e1", None, &["event.created"]),
        change("e2", None, &["event.created"]),
        change("e1", Some(1), &["event.confirmed"]),
    ];
    world.publish(organization, changes).await;
    let waiting = world.waiting(one).await;
    assert_eq!(waiting.len(), 3);
    assert_eq!(waiting[0].resource, waiting[2].resource);
    assert_ne!(waiting[0].resource, waiting[1].resource);
    let stored =
        world.store.resource(organization, ResourceKind::Event, &resource_id("e1")).await.unwrap().unwrap();
    assert_eq!(stored.facts.version, 2);
    assert_eq!(stored.body, Some(change("e1", Some(1), &[]).body));

    let wrong = vec![change("e3", None, &["event.created"]), change("e3", None, &["event.created"])];
    let outcome = world.store.publish(world.request(organization, wrong)).await.unwrap();
    let facts = change("e3", None, &["event.created"]).facts();
    assert_eq!(outcome, PublishOutcome::Stale(vec![StaleResource { change: 1, facts: Some(facts) }]));
}

fn keyed(world: &World, request: Publish, fingerprint: u8) -> Publish {
    let catalogue = world.catalogue().version;
    Publish { idempotency: Some(claim("order-77", fingerprint)), catalogue, ..request }
}

pub async fn a_repeated_request_is_replayed(fixture: &dyn Fixture) {
    let world = World::open(fixture).await;
    let organization = world.organization().await;
    let one = world.subscribe(organization, "*").await;
    let request = keyed(&world, world.request(organization, vec![change("e1", None, &["event.created"])]), 1);
    let receipt = world.commit(request.clone()).await;
    let again = Publish { accepted_at: at(60), ..request.clone() };
    assert_eq!(world.store.publish(again).await.unwrap(), PublishOutcome::Replayed(receipt));
    assert_eq!(world.waiting(one).await.len(), 1);

    // The key is the organization's own.
    let other = world.organization().await;
    let request = keyed(&world, world.request(other, vec![change("e1", None, &["event.created"])]), 1);
    world.commit(request).await;
}

pub async fn a_reused_key_is_told(fixture: &dyn Fixture) {
    let world = World::open(fixture).await;
    let organization = world.organization().await;
    let request = world.request(organization, vec![change("e1", None, &["event.created"])]);
    world.commit(keyed(&world, request.clone(), 1)).await;
    let outcome = world.store.publish(keyed(&world, request, 2)).await.unwrap();
    assert_eq!(outcome, PublishOutcome::KeyReused);
}

pub async fn an_expired_key_is_free(fixture: &dyn Fixture) {
    let world = World::open(fixture).await;
    let organization = world.organization().await;
    let first = world.request(organization, vec![change("e1", None, &["event.created"])]);
    world.commit(keyed(&world, first, 1)).await;
    let second = world.request(organization, vec![change("e2", None, &["event.created"])]);
    let later = Publish { accepted_at: at(3_600), ..keyed(&world, second, 2) };
    world.commit(later).await;
}

pub async fn a_request_matched_by_an_older_catalogue_is_refused(fixture: &dyn Fixture) {
    let world = World::open(fixture).await;
    let organization = world.organization().await;
    let request = world.request(organization, vec![change("e1", None, &["event.created"])]);
    let elsewhere = world.organization().await;
    let untouched = world.request(organization, vec![change("e0", None, &["event.created"])]);
    world.subscribe(elsewhere, "*").await;
    let committed = world.store.publish(untouched).await.unwrap();
    assert!(
        matches!(committed, PublishOutcome::Committed(_)),
        "what others change is no concern: {committed:?}"
    );
    let one = world.subscribe(organization, "*").await;
    assert_eq!(world.store.publish(request).await.unwrap(), PublishOutcome::CatalogueChanged);
    world.publish(organization, vec![change("e1", None, &["event.created"])]).await;
    assert_eq!(world.waiting(one).await.len(), 1);
}

pub async fn of_two_racing_for_a_resource_one_wins(fixture: &dyn Fixture) {
    let world = World::open(fixture).await;
    let organization = world.organization().await;
    let one = world.subscribe(organization, "*").await;
    for round in 0..20 {
        let expected = (round > 0).then_some(round);
        let request = || world.request(organization, vec![change("e1", expected, &["event.edited"])]);
        let (first, second) = tokio::join!(world.store.publish(request()), world.store.publish(request()));
        match (first.unwrap(), second.unwrap()) {
            (PublishOutcome::Committed(_), PublishOutcome::Stale(stale))
            | (PublishOutcome::Stale(stale), PublishOutcome::Committed(_)) => {
                assert_eq!(stale[0].facts.map(|facts| facts.version), Some(round + 1));
            }
            other => panic_with(&other),
        }
    }
    assert_eq!(world.waiting(one).await.len(), 20);
}

pub async fn of_two_racing_for_a_key_one_commits_and_the_other_replays(fixture: &dyn Fixture) {
    let world = World::open(fixture).await;
    let organization = world.organization().await;
    let request = world.request(organization, vec![change("e1", None, &["event.created"])]);
    let request = keyed(&world, request, 1);
    let (first, second) =
        tokio::join!(world.store.publish(request.clone()), world.store.publish(request.clone()));
    match (first.unwrap(), second.unwrap()) {
        (PublishOutcome::Committed(one), PublishOutcome::Replayed(other))
        | (PublishOutcome::Replayed(one), PublishOutcome::Committed(other)) => assert_eq!(one, other),
        other => panic_with(&other),
    }
}

pub async fn a_state_older_than_the_stored_one_does_not_replace_it(fixture: &dyn Fixture) {
    let world = World::open(fixture).await;
    let organization = world.organization().await;
    let one = world.subscribe(organization, "*").await;
    world.publish(organization, vec![change("e1", None, &["event.created"])]).await;
    let mut older = change("e1", Some(1), &["event.edited"]);
    older.stores_body = false;
    let carried = older.body.clone();
    world.publish(organization, vec![older]).await;
    let stored =
        world.store.resource(organization, ResourceKind::Event, &resource_id("e1")).await.unwrap().unwrap();
    assert_eq!(stored.body, Some(change("e1", None, &[]).body));
    assert_eq!(stored.facts.version, 2);
    let keys: Vec<_> = world.waiting(one).await.iter().map(|delivery| delivery.key).collect();
    let material = world.store.material(&keys).await.unwrap();
    assert_eq!(material[1].action.resource, carried);
}

pub async fn a_removed_resource_is_gone_but_its_facts_are_known(fixture: &dyn Fixture) {
    let world = World::open(fixture).await;
    let organization = world.organization().await;
    let one = world.subscribe(organization, "*").await;
    // A state without an action, replaced and then removed.
    world.publish(organization, vec![change("e1", None, &[])]).await;
    world.publish(organization, vec![change("e1", Some(1), &[])]).await;
    let mut removal = change("e1", Some(2), &["event.removed"]);
    removal.removed = true;
    let facts = removal.facts();
    world.publish(organization, vec![removal]).await;
    let removed =
        world.store.resource(organization, ResourceKind::Event, &resource_id("e1")).await.unwrap().unwrap();
    assert_eq!((removed.facts, removed.body), (facts, None));
    let request = world.request(organization, vec![change("e1", None, &["event.created"])]);
    let outcome = world.store.publish(request).await.unwrap();
    assert_eq!(outcome, PublishOutcome::Stale(vec![StaleResource { change: 0, facts: Some(facts) }]));
    world.publish(organization, vec![change("e1", Some(3), &["event.created"])]).await;
    let keys: Vec<_> = world.waiting(one).await.iter().map(|delivery| delivery.key).collect();
    assert_eq!(world.store.material(&keys).await.unwrap().len(), 2);
}

pub async fn a_delivery_of_its_own_touches_no_resource(fixture: &dyn Fixture) {
    let mut world = World::open(fixture).await;
    let organization = world.organization().await;
    let one = world.subscribe(organization, "order.*").await;
    world.publish(organization, vec![change("e1", None, &["event.created"])]).await;
    let test = DetachedDelivery {
        organization,
        origin: DeliveryOrigin::Test,
        matched: one,
        name: "event.created".parse().unwrap(),
        kind: ResourceKind::Event,
        resource_id: resource_id("e1"),
        body: change("sample", None, &[]).body,
        version: 1,
        occurred_at: at(9),
        accepted_at: at(9),
        due_at: at(9),
    };
    let id = world.store.publish_detached(vec![test.clone()]).await.unwrap()[0].unwrap();
    let detail = world.store.delivery(organization, id).await.unwrap().unwrap();
    assert_eq!(detail.view.origin, DeliveryOrigin::Test);
    assert_eq!(detail.resource, Some(test.body.clone()));
    assert_eq!((id.accepted_at(), id.receiver()), (at(9), one.receiver));
    let fed = world.committed().await;
    assert_eq!(fed[0].deliveries[0].origin, DeliveryOrigin::Test);

    let stored =
        world.store.resource(organization, ResourceKind::Event, &resource_id("e1")).await.unwrap().unwrap();
    assert_eq!((stored.facts.version, stored.body), (1, Some(change("e1", None, &[]).body)));
    let of_resource = DeliveryFilter {
        resource: Some((ResourceKind::Event, resource_id("e1"))),
        ..DeliveryFilter::default()
    };
    let page = world.store.deliveries(organization, &of_resource, None, 10).await.unwrap();
    assert!(page.deliveries.is_empty());

    world.delete(organization, one.subscription).await;
    let refused = world.store.publish_detached(vec![test]).await.unwrap();
    assert_eq!(refused, vec![Err(ChangeRefusal::Unknown)]);
}

pub async fn deliveries_of_their_own_keep_when_they_are_due(fixture: &dyn Fixture) {
    let mut world = World::open(fixture).await;
    let organization = world.organization().await;
    let one = world.subscribe(organization, "event.updated").await;
    let gone = world.subscribe(organization, "event.updated").await;
    world.delete(organization, gone.subscription).await;
    let pushed = |number: i64, matched| DetachedDelivery {
        organization,
        origin: DeliveryOrigin::RePush,
        matched,
        name: "event.updated".parse().unwrap(),
        kind: ResourceKind::Event,
        resource_id: resource_id(&format!("e{number}")),
        body: change(&format!("e{number}"), None, &[]).body,
        version: 7,
        occurred_at: at(-60),
        accepted_at: at(0),
        due_at: at(number * 60),
    };
    let together = vec![pushed(0, one), pushed(1, gone), pushed(2, one), pushed(3, one)];
    let answers = world.store.publish_detached(together).await.unwrap();
    assert_eq!(answers[1], Err(ChangeRefusal::Unknown));
    let ids: Vec<_> = answers.iter().filter_map(|answer| answer.ok()).collect();
    assert_eq!(ids.len(), 3);

    let mut fed = Vec::new();
    while fed.len() < 3 {
        fed.extend(world.committed().await);
    }
    let due: Vec<_> = fed.iter().map(|committed| committed.deliveries[0].due_at).collect();
    assert_eq!(due, [at(0), at(120), at(180)]);

    let world = world.reopen(fixture).await;
    let waiting = world.waiting(one).await;
    let due: Vec<_> = waiting.iter().map(|delivery| (delivery.origin, delivery.due_at)).collect();
    assert_eq!(due, [at(0), at(120), at(180)].map(|due_at| (DeliveryOrigin::RePush, due_at)));
    let lanes: std::collections::HashSet<_> = waiting.iter().map(|delivery| delivery.resource).collect();
    assert_eq!(lanes.len(), 3, "each stands in a lane of its own");
    let detail = world.store.delivery(organization, ids[2]).await.unwrap().unwrap();
    assert_eq!((detail.view.origin, detail.view.due_at), (DeliveryOrigin::RePush, Some(at(180))));
    let material = world.store.material(&[waiting[0].key]).await.unwrap();
    assert_eq!((material[0].action.version, material[0].action.occurred_at), (7, at(-60)));
}
