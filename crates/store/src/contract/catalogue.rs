//! Changing the catalogue.

use std::sync::Arc;

use rendezhook_domain::access::KeyScope;
use rendezhook_domain::id::KeyId;
use rendezhook_domain::organization::SchemaCheck;
use rendezhook_domain::pause::{Drain, Interruptions, MaintenanceWindow, Pause};
use rendezhook_domain::sequence::{OrganizationNumber, SubscriptionNumber};
use rendezhook_domain::subscription::{Hook, SimplyMeetHook, SubscriptionState, VyteBody, VyteHook};
use rendezhook_secrets::{KeyHash, SharedSecret};

use super::Fixture;
use super::world::{World, at, new_organization, new_subscription, secret, uuid};
use crate::change::{
    CatalogueChange, ChangeRefusal, NewKey, NewSubscription, OrganizationUpdate, ReceiverUpdate,
    SubscriptionUpdate,
};

const TARGET: &str = "https://receiver.example/hook?key=1";

pub(super) fn new_key(organization: OrganizationNumber, text: &str) -> NewKey {
    NewKey {
        id: KeyId::from_uuid(uuid()),
        organization,
        name: Arc::from(text),
        scope: KeyScope::Publisher,
        user: Some(Arc::from("u1")),
        hash: KeyHash::of_presented(text),
        created_at: at(0),
        expires_at: Some(at(100)),
    }
}

/// An update that changes nothing yet.
pub(super) fn update(
    organization: OrganizationNumber,
    subscription: SubscriptionNumber,
) -> SubscriptionUpdate {
    SubscriptionUpdate::unchanged(organization, subscription, at(10))
}

fn create(new: NewSubscription) -> CatalogueChange {
    CatalogueChange::CreateSubscription(Box::new(new))
}

pub async fn organizations_keys_and_subscriptions_are_found(fixture: &dyn Fixture) {
    let world = World::open(fixture).await;
    assert_eq!(world.catalogue().admin_key, None);
    let admin = KeyHash::of_presented("admin");
    world.change(CatalogueChange::SetAdminKey(admin)).await;
    let organization = world.organization().await;
    let made = world.catalogue();
    let made = &made.organization(organization).unwrap().organization;
    assert_eq!(made.schema_check, SchemaCheck::Warn);
    let clinic = OrganizationUpdate {
        name: Some(Arc::from("Clinic")),
        vyte_body: Some(VyteBody::Object),
        masks_doo_secrets: Some(true),
        join_link: Some(true),
        schema_check: Some(SchemaCheck::Reject),
        default_expiry_hours: Some(Some(48)),
        backlog_quota: Some(Some(5_000)),
        receiver_backlog: Some(Some(700)),
    };
    world.change(CatalogueChange::UpdateOrganization { organization, update: clinic }).await;
    let key = new_key(organization, "key");
    world.change(CatalogueChange::CreateKey(key.clone())).await;
    let vyte = VyteHook { hook_id: Arc::from("5a4e40aa8d2e1a0004d4b0a1"), body: Some(VyteBody::Array) };
    let new = NewSubscription {
        hook: Hook::Vyte(vyte.clone()),
        description: Arc::from("calendar"),
        receiver_name: Some(Arc::from("calendar")),
        ..new_subscription(organization, "event.confirmed", TARGET)
    };
    world.change(create(new.clone())).await;

    // After reopening everything has to be what it was, so it is read there.
    let world = world.reopen(fixture).await;
    let catalogue = world.catalogue();
    assert_eq!(catalogue.admin_key, Some(admin));
    let entry = catalogue.organization(organization).unwrap();
    let by_vyte_id = catalogue.organization_by_vyte_id(&entry.organization.vyte_id);
    assert_eq!(by_vyte_id.map(|found| found.organization.number), Some(organization));
    assert!(catalogue.organization_by_vyte_id("ffffffffffffffffffffffff").is_none());
    assert_eq!(
        (entry.organization.name.as_ref(), entry.organization.vyte_body),
        ("Clinic", VyteBody::Object)
    );
    assert_eq!(entry.organization.schema_check, SchemaCheck::Reject);
    let found = catalogue.key(&key.hash).unwrap();
    assert_eq!((found.id, found.scope, found.user.as_deref()), (key.id, key.scope, Some("u1")));
    assert_eq!((found.created_at, found.expires_at), (key.created_at, key.expires_at));
    assert!(catalogue.key(&KeyHash::of_presented("other")).is_none());
    let hook = entry.vyte_hook("5a4e40aa8d2e1a0004d4b0a1").unwrap();
    let subscription = &hook.subscription;
    assert_eq!((subscription.id, &subscription.hook), (new.id, &Hook::Vyte(vyte)));
    assert_eq!((subscription.target.as_str(), &subscription.filter), (TARGET, &new.filter));
    assert_eq!(subscription.description.as_ref(), "calendar");
    assert_eq!((subscription.state, subscription.revision), (SubscriptionState::Enabled, 1));
    assert_eq!(hook.keys[0].secret.expose_bytes(), new.secret.expose_bytes());
    assert_eq!(entry.receivers.len(), 1);
    assert_eq!((entry.receivers[0].name.as_ref(), entry.receivers[0].named), ("calendar", true));

    world.change(CatalogueChange::RevokeKey { organization, key: key.id }).await;
    assert!(world.catalogue().key(&key.hash).is_none());
    assert!(world.reopen(fixture).await.catalogue().key(&key.hash).is_none());
}

pub async fn a_taken_id_is_refused(fixture: &dyn Fixture) {
    let world = World::open(fixture).await;
    let new = new_organization();
    world.change(CatalogueChange::CreateOrganization(new.clone())).await;
    let refusal = world.refused(CatalogueChange::CreateOrganization(new)).await;
    assert_eq!(refusal, ChangeRefusal::Taken);

    let organization = world.organization().await;
    let key = new_key(organization, "key");
    world.change(CatalogueChange::CreateKey(key)).await;
    let same_hash = new_key(organization, "key");
    assert_eq!(world.refused(CatalogueChange::CreateKey(same_hash)).await, ChangeRefusal::Taken);

    let new = new_subscription(organization, "*", TARGET);
    world.change(create(new.clone())).await;
    assert_eq!(world.refused(create(new)).await, ChangeRefusal::Taken);
    let hook = |hook_id: &str| NewSubscription {
        hook: Hook::Vyte(VyteHook { hook_id: Arc::from(hook_id), body: None }),
        ..new_subscription(organization, "*", TARGET)
    };
    world.change(create(hook("5a4e40aa8d2e1a0004d4b0a1"))).await;
    assert_eq!(world.refused(create(hook("5a4e40aa8d2e1a0004d4b0a1"))).await, ChangeRefusal::Taken);
    world.change(create(hook("5a4e40aa8d2e1a0004d4b0a2"))).await;
}

pub async fn a_change_of_what_does_not_exist_is_refused(fixture: &dyn Fixture) {
    let world = World::open(fixture).await;
    let organization = world.organization().await;
    let nobody = OrganizationNumber::new(999);
    let nothing = SubscriptionNumber::new(999);
    let changes = [
        CatalogueChange::UpdateOrganization { organization: nobody, update: OrganizationUpdate::default() },
        CatalogueChange::CreateKey(new_key(nobody, "key")),
        CatalogueChange::RevokeKey { organization, key: KeyId::from_uuid(uuid()) },
        create(new_subscription(nobody, "*", TARGET)),
        CatalogueChange::UpdateSubscription(Box::new(update(organization, nothing))),
        CatalogueChange::RotateSecret {
            organization,
            subscription: nothing,
            secret: secret(1),
            previous_until: at(1),
            at: at(0),
        },
        CatalogueChange::DeleteSubscription { organization, subscription: nothing, at: at(0) },
    ];
    for change in changes {
        assert_eq!(world.refused(change).await, ChangeRefusal::Unknown);
    }
}

pub async fn an_update_from_an_older_revision_is_stale(fixture: &dyn Fixture) {
    let world = World::open(fixture).await;
    let organization = world.organization().await;
    let one = world.subscribe(organization, "*").await;
    let pause = SubscriptionUpdate {
        revision: Some(1),
        state: Some((SubscriptionState::Paused, None)),
        description: Some(Arc::from("paused")),
        ..update(organization, one.subscription)
    };
    world.change(CatalogueChange::UpdateSubscription(Box::new(pause.clone()))).await;
    let refusal = world.refused(CatalogueChange::UpdateSubscription(Box::new(pause))).await;
    assert_eq!(refusal, ChangeRefusal::Stale);

    let filter = new_subscription(organization, "order.*", TARGET).filter;
    let blind = SubscriptionUpdate { filter: Some(filter.clone()), ..update(organization, one.subscription) };
    world.change(CatalogueChange::UpdateSubscription(Box::new(blind))).await;
    let world = world.reopen(fixture).await;
    let catalogue = world.catalogue();
    let subscription = &catalogue.subscriptions.get(&one.subscription).unwrap().subscription;
    assert_eq!(subscription.filter, filter);
    assert_eq!(subscription.state, SubscriptionState::Paused);
    assert_eq!(subscription.description.as_ref(), "paused");
    assert_eq!((subscription.revision, subscription.updated_at), (3, at(10)));
    assert_eq!(subscription.receiver, one.receiver);
}

pub async fn a_rotated_secret_stands_before_the_one_it_replaces(fixture: &dyn Fixture) {
    let world = World::open(fixture).await;
    let organization = world.organization().await;
    let one = world.subscribe(organization, "*").await;
    for number in 0..7 {
        world
            .change(CatalogueChange::RotateSecret {
                organization,
                subscription: one.subscription,
                secret: secret(1_000 + number),
                previous_until: at(100),
                at: at(10),
            })
            .await;
    }
    let world = world.reopen(fixture).await;
    let catalogue = world.catalogue();
    let entry = catalogue.subscriptions.get(&one.subscription).unwrap();
    let secrets: Vec<&[u8]> = entry.keys.iter().map(|key| key.secret.expose_bytes()).collect();
    let newest = [1_006, 1_005, 1_004, 1_003, 1_002].map(secret);
    assert_eq!(secrets, newest.iter().map(|key| key.expose_bytes()).collect::<Vec<_>>());
    assert_eq!(entry.live_secrets(at(99)).count(), 5);
    assert_eq!(entry.live_secrets(at(100)).count(), 1);
}

pub async fn subscriptions_of_one_endpoint_share_a_receiver(fixture: &dyn Fixture) {
    let world = World::open(fixture).await;
    let organization = world.organization().await;
    let other = world.organization().await;
    let first = world.subscribe_at(organization, "*", "https://receiver.example/hook?key=1").await;
    let second = world.subscribe_at(organization, "*", "https://receiver.example/hook?key=2").await;
    let elsewhere = world.subscribe_at(organization, "*", "https://receiver.example/other").await;
    let foreign = world.subscribe_at(other, "*", "https://receiver.example/hook?key=1").await;
    assert_eq!(first.receiver, second.receiver);
    assert_ne!(first.receiver, elsewhere.receiver);
    assert_ne!(first.receiver, foreign.receiver);

    let named = |target| NewSubscription {
        receiver_name: Some(Arc::from("calendar")),
        ..new_subscription(organization, "*", target)
    };
    world.change(create(named("https://receiver.example/hook"))).await;
    world.change(create(named("https://elsewhere.example/hook"))).await;
    let catalogue = world.catalogue();
    let entry = catalogue.organization(organization).unwrap();
    assert_eq!(entry.receivers.len(), 3);
    let named: Vec<_> = entry.subscriptions[3..].iter().map(|entry| entry.subscription.receiver).collect();
    assert_eq!(named, vec![entry.receivers[2].number; 2]);
}

pub async fn the_limit_of_a_dialect_holds(fixture: &dyn Fixture) {
    let world = World::open(fixture).await;
    let organization = world.organization().await;
    world.subscribe(organization, "*").await;
    let limited = |hook| {
        let new = new_subscription(organization, "*", TARGET);
        create(NewSubscription { hook, limit: Some(1), ..new })
    };
    let vyte = |hook_id| Hook::Vyte(VyteHook { hook_id: Arc::from(hook_id), body: None });
    world.change(limited(vyte("a"))).await;
    assert_eq!(world.refused(limited(vyte("b"))).await, ChangeRefusal::LimitReached(1));
    assert_eq!(world.refused(limited(Hook::Standard)).await, ChangeRefusal::LimitReached(1));
}

pub async fn a_simplymeet_hook_keeps_its_own_secret(fixture: &dyn Fixture) {
    let world = World::open(fixture).await;
    let organization = world.organization().await;
    let hook = |organization, secret: Option<&str>, uuid| NewSubscription {
        hook: Hook::SimplyMeet(SimplyMeetHook { uuid }),
        shared_secret: secret.map(|text| SharedSecret::new(text.to_owned())),
        ..new_subscription(organization, "event.confirmed", TARGET)
    };
    let (with, without) = (uuid(), uuid());
    world.change(create(hook(organization, Some("some\"thing é"), with))).await;
    world.change(create(hook(organization, None, without))).await;
    assert_eq!(world.refused(create(hook(organization, None, with))).await, ChangeRefusal::Taken);
    let other = world.organization().await;
    world.change(create(hook(other, None, with))).await;

    // A change of something else leaves it as it is.
    let catalogue = world.catalogue();
    let made = catalogue.organization(organization).unwrap().simplymeet_hook(with).unwrap();
    let number = made.subscription.number;
    let paused = Some((SubscriptionState::Paused, None));
    let update = SubscriptionUpdate { state: paused, ..update(organization, number) };
    world.change(CatalogueChange::UpdateSubscription(Box::new(update))).await;

    let check = |world: &World| {
        let catalogue = world.catalogue();
        let entry = catalogue.organization(organization).unwrap();
        let secret = |uuid| {
            let hook = entry.simplymeet_hook(uuid).unwrap();
            assert_eq!(hook.subscription.hook, Hook::SimplyMeet(SimplyMeetHook { uuid }));
            assert_eq!(hook.keys.len(), 1);
            hook.shared_secret.as_ref().map(|secret| secret.expose().to_owned())
        };
        assert_eq!((secret(with).as_deref(), secret(without)), (Some("some\"thing é"), None));
        assert!(entry.simplymeet_hook(uuid()).is_none());
        assert!(catalogue.organization(other).unwrap().simplymeet_hook(without).is_none());
    };
    check(&world);
    let world = world.reopen(fixture).await;
    check(&world);

    let at = at(20);
    world.change(CatalogueChange::DeleteSubscription { organization, subscription: number, at }).await;
    world.change(create(hook(organization, None, with))).await;
}

pub async fn interruptions_of_a_receiver_are_kept(fixture: &dyn Fixture) {
    let world = World::open(fixture).await;
    let organization = world.organization().await;
    let other = world.organization().await;
    let one = world.subscribe(organization, "*").await;
    let id = world.catalogue().organization(organization).unwrap().receiver(one.receiver).unwrap().id;
    let change =
        |organization, update| CatalogueChange::UpdateReceiver { organization, receiver: id, update };
    let pause = Pause { since: at(1), until: Some(at(100)), reason: Some("upgrade".into()) };
    let window = MaintenanceWindow::once(at(10), at(20)).unwrap();
    let drain = Drain { rate: 5, until: at(50) };
    let paused = ReceiverUpdate { pause: Some(Some(pause.clone())), ..ReceiverUpdate::default() };
    assert_eq!(world.refused(change(other, paused.clone())).await, ChangeRefusal::Unknown);
    world.change(change(organization, paused)).await;
    let maintained = ReceiverUpdate {
        maintenance: Some(vec![window.clone()]),
        drain: Some(Some(drain)),
        ..ReceiverUpdate::default()
    };
    world.change(change(organization, maintained)).await;
    let world = world.reopen(fixture).await;
    let kept = |world: &World| {
        let catalogue = world.catalogue();
        let entry = catalogue.organization(organization).unwrap().receiver(one.receiver).unwrap();
        entry.interruptions.clone()
    };
    let expected = Interruptions { pause: Some(pause), maintenance: vec![window], drain: Some(drain) };
    assert_eq!(kept(&world), expected);
    let ended =
        ReceiverUpdate { pause: Some(None), maintenance: Some(Vec::new()), drain: Some(None), order: None };
    world.change(change(organization, ended)).await;
    let world = world.reopen(fixture).await;
    assert!(kept(&world).is_empty());
}
