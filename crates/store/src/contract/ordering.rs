//! What belongs to the order of deliveries: the orders of receivers, the version before, and what was folded.

use rendezhook_domain::delivery::{DeliveryState, FinalState};
use rendezhook_domain::delivery_order::DeliveryOrder;
use rendezhook_domain::id::DeliveryId;

use super::Fixture;
use super::world::{World, at, attempt, change, ended, record, retry_at, unanswered};
use crate::change::{CatalogueChange, ChangeRefusal, ReceiverUpdate};
use crate::pending::{DeliveryKey, Standing};
use crate::publish::Matched;
use crate::record::Record;
use rendezhook_domain::cause::Cause;
use rendezhook_domain::sequence::OrganizationNumber;

pub async fn a_receiver_keeps_its_order(fixture: &dyn Fixture) {
    let world = World::open(fixture).await;
    let organization = world.organization().await;
    let other = world.organization().await;
    let one = world.subscribe(organization, "*").await;
    let catalogue = world.catalogue();
    let entry = catalogue.organization(organization).unwrap().receiver(one.receiver).unwrap();
    assert_eq!(entry.order, DeliveryOrder::Resource);
    let update = |organization, order| CatalogueChange::UpdateReceiver {
        organization,
        receiver: entry.id,
        update: ReceiverUpdate { order, ..ReceiverUpdate::default() },
    };
    world.change(update(organization, Some(DeliveryOrder::Strict))).await;
    world.change(update(organization, None)).await;
    assert_eq!(world.refused(update(other, Some(DeliveryOrder::None))).await, ChangeRefusal::Unknown);

    let world = world.reopen(fixture).await;
    let catalogue = world.catalogue();
    let kept = catalogue.organization(organization).unwrap().receiver(one.receiver).unwrap();
    assert_eq!(kept.order, DeliveryOrder::Strict);
    assert_eq!((kept.id, &kept.name, kept.named), (entry.id, &entry.name, entry.named));
}

/// Publishes versions 1 to `versions` of one event, and answers with the keys of its deliveries.
async fn versions(world: &mut World, organization: OrganizationNumber, versions: u64) -> Vec<DeliveryKey> {
    let mut keys = Vec::new();
    for version in 0..versions {
        let (expected, action) =
            if version == 0 { (None, "event.created") } else { (Some(version), "event.updated") };
        world.publish(organization, vec![change("booking", expected, &[action])]).await;
        keys.extend(world.deliveries(1).await);
    }
    keys
}

async fn standing(world: &World, key: DeliveryKey) -> Standing {
    let standings = world.store.standings(&[key]).await.unwrap();
    let material = world.store.material(&[key]).await.unwrap();
    assert_eq!(standings, vec![(key, material[0].standing.clone())], "one truth");
    material[0].standing.clone()
}

pub async fn a_delivery_knows_the_version_handed_over_before(fixture: &dyn Fixture) {
    let mut world = World::open(fixture).await;
    let organization = world.organization().await;
    let one = world.subscribe(organization, "*").await;
    let keys = versions(&mut world, organization, 5).await;
    let previous = async |world: &World, place: usize| standing(world, keys[place]).await.previous;
    assert_eq!(previous(&world, 0).await, None, "nothing comes before a first version");
    assert_eq!(previous(&world, 4).await, None, "nothing was handed over yet");

    world.deliver(organization, one, &keys[..1]).await;
    assert_eq!(previous(&world, 1).await, Some(1));
    assert_eq!(previous(&world, 4).await, Some(1));

    let refused = record(organization, one, keys[1], Some(attempt(1, 410)), ended(FinalState::Refused));
    world.store.record(vec![refused]).await.unwrap();
    assert_eq!(previous(&world, 2).await, Some(1), "a refused version was not accepted");
    let failed =
        record(organization, one, keys[2], Some(unanswered(1, Cause::ConnectionRefused)), retry_at(9));
    world.store.record(vec![failed]).await.unwrap();
    world.deliver(organization, one, &keys[3..4]).await;
    assert_eq!(previous(&world, 4).await, Some(4));
    assert_eq!(previous(&world, 2).await, Some(1), "a later version is not the one before");

    let mut world = world.reopen(fixture).await;
    assert_eq!(previous(&world, 4).await, Some(4));
    assert_eq!(previous(&world, 2).await, Some(1));
    let late = world.subscribe(organization, "*").await;
    world.publish(organization, vec![change("booking", Some(5), &["event.updated"])]).await;
    let of_both = world.deliveries(2).await;
    let own = of_both.iter().find(|key| key.receiver == late.receiver).unwrap();
    assert_eq!(standing(&world, *own).await, Standing::default(), "another receiver was handed nothing");
}

fn folds(organization: OrganizationNumber, one: Matched, older: DeliveryKey, newer: DeliveryKey) -> Record {
    Record {
        folded_into: Some(newer.sequence),
        ..record(organization, one, older, None, ended(FinalState::Folded))
    }
}

pub async fn a_newer_delivery_lists_what_was_folded_into_it(fixture: &dyn Fixture) {
    let mut world = World::open(fixture).await;
    let organization = world.organization().await;
    let one = world.subscribe(organization, "*").await;
    let keys = versions(&mut world, organization, 4).await;
    let ids: Vec<_> = keys.iter().map(|key| DeliveryId::new(at(0), key.sequence, key.receiver)).collect();
    let is_update: Vec<_> = world.waiting(one).await.iter().map(|pending| pending.is_update).collect();
    assert_eq!(is_update, [false, true, true, true]);

    let records = [folds(organization, one, keys[1], keys[2]), folds(organization, one, keys[2], keys[3])];
    world.store.record(records.to_vec()).await.unwrap();
    let world = world.reopen(fixture).await;
    let waiting: Vec<_> = world.waiting(one).await.iter().map(|pending| pending.key).collect();
    assert_eq!(waiting, [keys[0], keys[3]]);
    let folded = standing(&world, keys[3]).await.folded.unwrap();
    assert_eq!((folded.count, &folded.listed), (2, &vec![ids[1], ids[2]]));
    for (older, newer) in [(1, 2), (2, 3)] {
        let view = world.store.delivery(organization, ids[older]).await.unwrap().unwrap().view;
        assert_eq!(view.state, DeliveryState::Ended(FinalState::Folded));
        assert_eq!((view.folded_into, view.folded), (Some(ids[newer]), None));
        assert_eq!((view.attempts, view.ended_at), (0, Some(at(3))));
    }

    world.deliver(organization, one, &[keys[0], keys[3]]).await;
    let view = world.store.delivery(organization, ids[3]).await.unwrap().unwrap().view;
    assert_eq!((view.folded, view.folded_into), (Some(folded), None));
    assert_eq!(world.store.figures().await.unwrap().pending_deliveries, 0);
}

pub async fn a_fold_into_what_has_ended_says_so_all_the_same(fixture: &dyn Fixture) {
    let mut world = World::open(fixture).await;
    let organization = world.organization().await;
    let one = world.subscribe(organization, "*").await;
    let keys = versions(&mut world, organization, 3).await;
    let ids: Vec<_> = keys.iter().map(|key| DeliveryId::new(at(0), key.sequence, key.receiver)).collect();
    let expired = record(organization, one, keys[2], None, ended(FinalState::Expired));
    world.store.record(vec![expired, folds(organization, one, keys[1], keys[2])]).await.unwrap();
    let view = world.store.delivery(organization, ids[1]).await.unwrap().unwrap().view;
    assert_eq!((view.state, view.folded_into), (DeliveryState::Ended(FinalState::Folded), Some(ids[2])));
    // Told twice: the second time there is nothing to fold.
    world.store.record(vec![folds(organization, one, keys[1], keys[0])]).await.unwrap();
    assert_eq!(standing(&world, keys[0]).await, Standing::default());
}
