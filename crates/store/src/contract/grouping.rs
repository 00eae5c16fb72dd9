//! Groups of the doo API, its clients, and what every subscription gains with them.

use std::sync::Arc;

use rendezhook_domain::id::OAuthClientId;
use rendezhook_domain::sequence::OrganizationNumber;
use rendezhook_domain::subscription::{
    ClientCredentials, Content, DooHook, Hook, Origin, RequestMethod, TargetAuthentication,
};
use rendezhook_domain::target::{TargetPolicy, TargetUrl};
use rendezhook_secrets::{KeyHash, SharedSecret, SystemRandomness, TokenKey};
use uuid::Uuid;

use super::Fixture;
use super::catalogue::update;
use super::world::{World, at, new_subscription, uuid};
use crate::catalogue::SubscriptionEntry;
use crate::change::{CatalogueChange, ChangeRefusal, NewOAuthClient, NewSubscription, SubscriptionUpdate};

const TARGET: &str = "https://receiver.example/hook?key=1";

fn url(text: &str) -> TargetUrl {
    TargetUrl::parse(text, &TargetPolicy::stored()).unwrap()
}

fn authentication(secret: &str) -> (TargetAuthentication, SharedSecret) {
    let credentials = ClientCredentials {
        endpoint: url("https://auth.example/token"),
        client_id: Arc::from("doo"),
        grant_type: Arc::from("client_credentials"),
        scope: None,
        header: Arc::from("Authorization"),
        value_format: Arc::from("Bearer %ACCESS_TOKEN%"),
    };
    (TargetAuthentication::ClientCredentials(credentials), SharedSecret::new(secret.to_owned()))
}

/// So many hooks of one group, with everything that a subscription can have.
fn group(organization: OrganizationNumber, group: Uuid, hooks: u16) -> Vec<NewSubscription> {
    let hook = |position| {
        let mut new = new_subscription(organization, "event.created", TARGET);
        new.hook = Hook::Doo(DooHook { group, name: Arc::from("CRM é"), position });
        new.receiver_name = Some(Arc::from(group.to_string()));
        new.method = RequestMethod::Put;
        new.content = Content::Origin(Origin {
            method: RequestMethod::Post,
            endpoint: url("https://gql.doo.net"),
            body: Arc::from(r#"{"query":"{ a }"}"#),
        });
        new.authentication = Some(authentication("super-strong-secret"));
        new.filter.event = Some(Arc::from("e1"));
        new
    };
    (0..hooks).map(hook).collect()
}

fn listed(world: &World, organization: OrganizationNumber, group: Uuid) -> Vec<Arc<SubscriptionEntry>> {
    let catalogue = world.catalogue();
    catalogue.organization(organization).unwrap().doo_group(group).map(Arc::clone).collect()
}

pub async fn a_group_is_made_whole_and_kept_whole(fixture: &dyn Fixture) {
    let world = World::open(fixture).await;
    let organization = world.organization().await;
    let id = uuid();
    let wanted = group(organization, id, 3);
    world.change(CatalogueChange::CreateSubscriptions(wanted.clone())).await;
    let check = |world: &World| {
        let hooks = listed(world, organization, id);
        assert_eq!(hooks.len(), 3);
        for (entry, new) in hooks.iter().zip(&wanted) {
            let subscription = &entry.subscription;
            assert_eq!((subscription.id, &subscription.hook), (new.id, &new.hook));
            assert_eq!((subscription.method, &subscription.content), (new.method, &new.content));
            assert_eq!(subscription.filter, new.filter);
            assert_eq!(subscription.receiver, hooks[0].subscription.receiver, "a group is one receiver");
            let kept = subscription.authentication.as_ref().zip(entry.target_secret.as_ref()).unwrap();
            let (authentication, secret) = new.authentication.as_ref().unwrap();
            assert_eq!((kept.0, kept.1.expose()), (authentication, secret.expose()));
        }
    };
    check(&world);
    let world = world.reopen(fixture).await;
    check(&world);
}

pub async fn of_a_group_that_is_refused_nothing_is_made(fixture: &dyn Fixture) {
    let world = World::open(fixture).await;
    let organization = world.organization().await;
    world.change(CatalogueChange::CreateSubscriptions(group(organization, uuid(), 2))).await;
    let taken = listed_ids(&world, organization);
    let id = uuid();
    let mut second_taken = group(organization, id, 3);
    second_taken[1].id = taken[0];
    let refused = world.refused(CatalogueChange::CreateSubscriptions(second_taken)).await;
    assert_eq!(refused, ChangeRefusal::Taken);
    let mut too_many = group(organization, id, 3);
    too_many.iter_mut().for_each(|new| new.limit = Some(4));
    let refused = world.refused(CatalogueChange::CreateSubscriptions(too_many)).await;
    assert_eq!(refused, ChangeRefusal::LimitReached(4));
    assert!(listed(&world, organization, id).is_empty());
    assert_eq!(listed_ids(&world, organization), taken);
}

fn listed_ids(world: &World, organization: OrganizationNumber) -> Vec<rendezhook_domain::id::SubscriptionId> {
    let catalogue = world.catalogue();
    let entries = &catalogue.organization(organization).unwrap().subscriptions;
    entries.iter().map(|entry| entry.subscription.id).collect()
}

pub async fn a_group_is_deleted_whole_and_nobody_elses(fixture: &dyn Fixture) {
    let world = World::open(fixture).await;
    let (organization, other) = (world.organization().await, world.organization().await);
    let id = uuid();
    for organization in [organization, other] {
        world.change(CatalogueChange::CreateSubscriptions(group(organization, id, 2))).await;
    }
    world.subscribe(organization, "*").await;
    let delete = |group| CatalogueChange::DeleteDooGroup { organization, group, at: at(20) };
    world.change(delete(uuid())).await;
    assert_eq!(listed(&world, organization, id).len(), 2, "an unknown group is deleted without a word");
    world.change(delete(id)).await;
    world.change(delete(id)).await;
    let world = world.reopen(fixture).await;
    assert!(listed(&world, organization, id).is_empty());
    assert_eq!(listed(&world, other, id).len(), 2);
    assert_eq!(listed_ids(&world, organization).len(), 1);
}

pub async fn another_host_is_not_shown_the_secret(fixture: &dyn Fixture) {
    let world = World::open(fixture).await;
    let organization = world.organization().await;
    let id = uuid();
    world.change(CatalogueChange::CreateSubscriptions(group(organization, id, 1))).await;
    let number = listed(&world, organization, id)[0].subscription.number;
    let moved = async |world: &World, target: &str, authentication| {
        let target = Some(url(target));
        let update = SubscriptionUpdate { target, authentication, ..update(organization, number) };
        world.change(CatalogueChange::UpdateSubscription(Box::new(update))).await;
        let entry = Arc::clone(&listed(world, organization, id)[0]);
        let secret = entry.target_secret.as_ref().map(|secret| secret.expose().to_owned());
        assert_eq!(entry.subscription.authentication.is_some(), secret.is_some());
        secret
    };
    let kept = moved(&world, "https://receiver.example/other", None).await;
    assert_eq!(kept.as_deref(), Some("super-strong-secret"));
    let renewed = moved(&world, "https://elsewhere.example/", Some(Some(authentication("new")))).await;
    assert_eq!(renewed.as_deref(), Some("new"));
    assert_eq!(moved(&world, "https://elsewhere.example:8443/", None).await, None);
    let world = world.reopen(fixture).await;
    assert!(listed(&world, organization, id)[0].target_secret.is_none());
}

fn new_client(organization: OrganizationNumber, limit: usize) -> NewOAuthClient {
    NewOAuthClient {
        id: OAuthClientId::from_uuid(uuid()),
        organization,
        name: Arc::from("CRM"),
        user: Some(Arc::from("u1")),
        secret_hash: KeyHash::of_presented("secret"),
        token_key: TokenKey::generate(&mut SystemRandomness).unwrap(),
        created_at: at(0),
        limit,
    }
}

pub async fn clients_are_found_by_number_and_end_when_revoked(fixture: &dyn Fixture) {
    let world = World::open(fixture).await;
    let (organization, other) = (world.organization().await, world.organization().await);
    let (one, two) = (new_client(organization, 2), new_client(organization, 2));
    for new in [&one, &two] {
        world.change(CatalogueChange::CreateOAuthClient(new.clone())).await;
    }
    let third = CatalogueChange::CreateOAuthClient(new_client(organization, 2));
    assert_eq!(world.refused(third).await, ChangeRefusal::LimitReached(2));
    let taken = NewOAuthClient { organization: other, ..one.clone() };
    assert_eq!(world.refused(CatalogueChange::CreateOAuthClient(taken)).await, ChangeRefusal::Taken);
    let revoke = |organization, client| CatalogueChange::RevokeOAuthClient { organization, client };
    assert_eq!(world.refused(revoke(other, one.id)).await, ChangeRefusal::Unknown);

    let check = |world: &World| {
        let catalogue = world.catalogue();
        let clients = &catalogue.organization(organization).unwrap().oauth_clients;
        assert_eq!(clients.iter().map(|client| client.id).collect::<Vec<_>>(), [one.id, two.id]);
        let found = &catalogue.oauth_clients[&clients[0].number];
        assert_eq!((found.id, found.organization, found.user.as_deref()), (one.id, organization, Some("u1")));
        assert_eq!(found.secret_hash, one.secret_hash);
        assert_eq!(found.token_key.expose_bytes(), one.token_key.expose_bytes());
        found.number
    };
    let number = check(&world);
    let world = world.reopen(fixture).await;
    assert_eq!(check(&world), number);

    world.change(revoke(organization, one.id)).await;
    assert!(!world.catalogue().oauth_clients.contains_key(&number));
    world.change(CatalogueChange::CreateOAuthClient(new_client(organization, 2))).await;
    assert!(!world.catalogue().oauth_clients.contains_key(&number), "a number never comes back");
}
