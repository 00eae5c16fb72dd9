//! Lists of resources.

use bytes::Bytes;
use rendezhook_domain::resource::ResourceKind;
use rendezhook_domain::sequence::OrganizationNumber;

use super::Fixture;
use super::world::{Change, World, at, change, resource_id};
use crate::publish::Publish;
use crate::read::{ListedResource, ResourcePage, ResourceQuery};

fn all_events(limit: usize) -> ResourceQuery {
    ResourceQuery {
        kind: ResourceKind::Event,
        after: None,
        occurred_after: None,
        occurred_before: None,
        limit,
    }
}

/// A state without an action.
fn state(id: &str) -> Change {
    change(id, None, &[])
}

/// Every page of a query.
async fn pages(world: &World, organization: OrganizationNumber, query: ResourceQuery) -> Vec<ResourcePage> {
    let mut query = query;
    let mut pages = Vec::new();
    loop {
        let page = world.store.resources(organization, &query).await.unwrap();
        assert!(page.resources.len() <= query.limit);
        query.after = page.next.clone();
        pages.push(page);
        if query.after.is_none() {
            return pages;
        }
    }
}

fn ids(pages: &[ResourcePage]) -> Vec<&str> {
    pages.iter().flat_map(|page| &page.resources).map(|resource| resource.id.as_str()).collect()
}

async fn listed_ids(world: &World, organization: OrganizationNumber, query: ResourceQuery) -> Vec<String> {
    ids(&pages(world, organization, query).await).into_iter().map(str::to_owned).collect()
}

pub async fn resources_come_in_order_of_their_ids_without_gap_or_double(fixture: &dyn Fixture) {
    let world = World::open(fixture).await;
    let organization = world.organization().await;
    // "é" is two bytes above every letter of ASCII, and an upper-case letter comes before every lower-case one.
    let sorted = ["10", "9", "A", "a", "a b", "b", "é", "é1"];
    let mut published: Vec<_> = sorted.iter().map(|id| state(id)).collect();
    published.rotate_left(3);
    world.publish(organization, published).await;

    for limit in 1..=9 {
        let pages = pages(&world, organization, all_events(limit)).await;
        assert_eq!(ids(&pages), sorted, "in pages of {limit}");
        assert_eq!(pages.len(), 8_usize.div_ceil(limit), "a full last page says that it is the last");
    }

    let one = world
        .store
        .resources(organization, &ResourceQuery { after: Some(resource_id("a")), ..all_events(1) })
        .await
        .unwrap();
    let ListedResource { id, facts, body } = &one.resources[0];
    let expected = state("a b");
    assert_eq!((id.as_str(), *facts, body), ("a b", expected.facts(), &expected.body));
}

pub async fn a_kind_and_an_organization_have_their_own(fixture: &dyn Fixture) {
    let world = World::open(fixture).await;
    let owner = world.organization().await;
    let stranger = world.organization().await;
    let mut request = world.request(owner, vec![state("event"), state("order"), state("user")]);
    request.changes[1].kind = ResourceKind::Order;
    request.changes[2].kind = ResourceKind::User;
    world.commit(request).await;
    world.publish(stranger, vec![state("theirs")]).await;

    let of_kind = |kind| ResourceQuery { kind, ..all_events(10) };
    assert_eq!(listed_ids(&world, owner, of_kind(ResourceKind::Event)).await, ["event"]);
    assert_eq!(listed_ids(&world, owner, of_kind(ResourceKind::Order)).await, ["order"]);
    assert_eq!(listed_ids(&world, owner, of_kind(ResourceKind::User)).await, ["user"]);
    assert!(listed_ids(&world, owner, of_kind(ResourceKind::Vyteme)).await.is_empty());
    assert_eq!(listed_ids(&world, stranger, of_kind(ResourceKind::Event)).await, ["theirs"]);
    assert!(listed_ids(&world, stranger, of_kind(ResourceKind::Order)).await.is_empty());
}

pub async fn a_removed_resource_is_left_out(fixture: &dyn Fixture) {
    let world = World::open(fixture).await;
    let organization = world.organization().await;
    world.publish(organization, vec![state("a"), state("b"), state("c")]).await;
    for id in ["b", "c"] {
        let removal = Change { removed: true, ..change(id, Some(1), &["event.removed"]) };
        world.publish(organization, vec![removal]).await;
    }
    let pages = pages(&world, organization, all_events(1)).await;
    assert_eq!(ids(&pages), ["a"]);
    assert_eq!(pages.len(), 1, "what was removed makes no page");
}

/// States that were last changed at these seconds.
fn changed_at(world: &World, organization: OrganizationNumber, states: &[(String, i64)]) -> Publish {
    let mut request = world.request(organization, states.iter().map(|(id, _)| state(id)).collect());
    for (change, (_, seconds)) in request.changes.iter_mut().zip(states) {
        change.facts.occurred_at = at(*seconds);
    }
    request
}

pub async fn what_the_time_of_the_last_change_leaves_out_is_passed_over(fixture: &dyn Fixture) {
    let world = World::open(fixture).await;
    let organization = world.organization().await;
    let states: Vec<_> = (0..10).map(|number| (format!("e{number}"), number * 7 % 10)).collect();
    world.commit(changed_at(&world, organization, &states)).await;
    for (after, before) in
        [(None, None), (Some(3), None), (None, Some(7)), (Some(3), Some(7)), (Some(7), Some(3))]
    {
        let expected: Vec<_> = states
            .iter()
            .filter(|(_, at)| after.is_none_or(|after| *at >= after))
            .filter(|(_, at)| before.is_none_or(|before| *at < before))
            .map(|(id, _)| id.as_str())
            .collect();
        for limit in [1, 3, 10] {
            let query = ResourceQuery {
                occurred_after: after.map(at),
                occurred_before: before.map(at),
                ..all_events(limit)
            };
            let found = listed_ids(&world, organization, query).await;
            assert_eq!(found, expected, "from {after:?} to {before:?} in pages of {limit}");
        }
    }
}

pub async fn a_page_of_large_resources_ends_early(fixture: &dyn Fixture) {
    let world = World::open(fixture).await;
    let organization = world.organization().await;
    let body = Bytes::from(format!("{{\"title\":\"{}\"}}", "x".repeat(1024 * 1024)));
    let mut expected = Vec::new();
    for number in 0..12 {
        let id = format!("e{number:02}");
        world.publish(organization, vec![Change { body: body.clone(), ..state(&id) }]).await;
        expected.push(id);
    }
    let pages = pages(&world, organization, all_events(100)).await;
    assert_eq!(ids(&pages), expected);
    assert!(pages.len() > 1, "12 MiB are more than a page holds");
    assert!(pages.iter().all(|page| !page.resources.is_empty()), "every page makes progress");
}

pub async fn more_rows_than_a_look_takes_are_gone_on_with(fixture: &dyn Fixture) {
    let world = World::open(fixture).await;
    let organization = world.organization().await;
    // Only the first and the last of many were changed lately.
    let count = 6_000;
    let states: Vec<_> = (0..count)
        .map(|number| (format!("e{number:05}"), if number % (count - 1) == 0 { 100 } else { 1 }))
        .collect();
    for chunk in states.chunks(500) {
        world.commit(changed_at(&world, organization, chunk)).await;
    }
    let query = ResourceQuery { occurred_after: Some(at(50)), ..all_events(10) };
    assert_eq!(listed_ids(&world, organization, query).await, ["e00000", "e05999"]);
    let all = listed_ids(&world, organization, all_events(usize::MAX)).await;
    assert_eq!(all.len(), states.len());
}
