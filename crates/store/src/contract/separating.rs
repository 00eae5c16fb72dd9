//! An organization sees and changes nothing of any other.

use rendezhook_domain::resource::ResourceKind;

use super::Fixture;
use super::catalogue::{new_key, update};
use super::world::{World, at, change, resource_id, secret};
use crate::change::{CatalogueChange, ChangeRefusal};
use crate::publish::DetachedDelivery;
use crate::read::DeliveryFilter;

pub async fn no_reader_sees_another_organization(fixture: &dyn Fixture) {
    let mut world = World::open(fixture).await;
    let owner = world.organization().await;
    let stranger = world.organization().await;
    let one = world.subscribe(owner, "*").await;
    world.subscribe(stranger, "*").await;
    let receipt = world.publish(owner, vec![change("e1", None, &["event.created"])]).await;
    let keys = world.deliveries(1).await;
    let id = world.id_of(&receipt, keys[0]);

    for ended in [false, true] {
        if ended {
            world.deliver(owner, one, &keys).await;
        }
        assert!(world.store.delivery(owner, id).await.unwrap().is_some());
        assert!(world.store.delivery(stranger, id).await.unwrap().is_none());
        assert!(world.store.attempts(owner, id).await.unwrap().is_some());
        assert!(world.store.attempts(stranger, id).await.unwrap().is_none());
        let filters = [
            DeliveryFilter::default(),
            DeliveryFilter { subscription: Some(one.subscription), ..DeliveryFilter::default() },
            DeliveryFilter {
                resource: Some((ResourceKind::Event, resource_id("e1"))),
                ..DeliveryFilter::default()
            },
        ];
        for filter in filters {
            assert_eq!(world.store.deliveries(owner, &filter, None, 10).await.unwrap().deliveries.len(), 1);
            assert!(world.store.deliveries(stranger, &filter, None, 10).await.unwrap().deliveries.is_empty());
        }
    }
    let resource = |organization| {
        let store = &world.store;
        async move { store.resource(organization, ResourceKind::Event, &resource_id("e1")).await.unwrap() }
    };
    assert!(resource(owner).await.is_some());
    assert!(resource(stranger).await.is_none());
    // The same id names another resource there.
    world.publish(stranger, vec![change("e1", None, &["event.created"])]).await;
}

pub async fn no_change_reaches_another_organization(fixture: &dyn Fixture) {
    let world = World::open(fixture).await;
    let owner = world.organization().await;
    let stranger = world.organization().await;
    let one = world.subscribe(owner, "*").await;
    let key = new_key(owner, "key");
    world.change(CatalogueChange::CreateKey(key.clone())).await;
    let subscription = one.subscription;
    let changes = [
        CatalogueChange::RevokeKey { organization: stranger, key: key.id },
        CatalogueChange::UpdateSubscription(Box::new(update(stranger, subscription))),
        CatalogueChange::RotateSecret {
            organization: stranger,
            subscription,
            secret: secret(1),
            previous_until: at(1),
            at: at(0),
        },
        CatalogueChange::DeleteSubscription { organization: stranger, subscription, at: at(0) },
    ];
    for change in changes {
        assert_eq!(world.refused(change).await, ChangeRefusal::Unknown);
    }
    let detached = DetachedDelivery {
        organization: stranger,
        origin: rendezhook_domain::delivery::DeliveryOrigin::Test,
        matched: one,
        name: "event.created".parse().unwrap(),
        kind: ResourceKind::Event,
        resource_id: resource_id("e1"),
        body: change("e1", None, &[]).body,
        version: 1,
        occurred_at: at(0),
        accepted_at: at(0),
        due_at: at(0),
    };
    let refused = world.store.publish_detached(vec![detached]).await.unwrap();
    assert_eq!(refused, vec![Err(ChangeRefusal::Unknown)]);
}
