//! Secrets that targets ask for, without anything being fetched; and what stays of bodies where something is.

use rendezhook_domain::delivery::FinalState;
use rendezhook_domain::stage::Stage;
use rendezhook_domain::subscription::{Hook, TargetAuthentication, VyteBody, VyteHook};
use rendezhook_secrets::{SecretHeader, SharedSecret};
use rendezhook_store::change::{CatalogueChange, OrganizationUpdate};
use rendezhook_store::record::AttemptResult;

use super::{attempt, exchange, failure, next_attempt, slow_options};
use crate::authorization_server::AuthorizationServer;
use crate::receiver::{Answer, Receiver};
use crate::world::{World, fast_options};

#[tokio::test]
async fn passwords_and_keys_arrive_and_are_kept_nowhere() {
    // printf 'clinic:pass:word ü' | base64
    let basic = ("authorization", "Basic Y2xpbmljOnBhc3M6d29yZCDDvA==", "pass:word ü");
    let api_key = ("x-api-key", "0123456789abcdef", "0123456789abcdef");
    let ways = [
        (TargetAuthentication::Basic { username: "clinic".into() }, basic),
        (TargetAuthentication::ApiKey { header: "X-Api-Key".into() }, api_key),
    ];
    for (authentication, (header, value, secret)) in ways {
        let mut receiver =
            Receiver::start(|_, before| if before == 0 { Answer::Echo(500) } else { Answer::Status(200) })
                .await;
        let mut world = World::running(fast_options()).await;
        world
            .subscribe_as(receiver.target("/"), |new| {
                new.authentication = Some((authentication, SharedSecret::new(secret.to_owned())));
            })
            .await;
        world.publish("visit-1", 1).await;
        world.until_all(FinalState::Delivered).await;
        for request in receiver.next_requests(2).await {
            assert_eq!(request.header(header), value);
        }
        let first = attempt(&world, 1).await;
        assert_eq!((first.stage, first.result), (Stage::Target, AttemptResult::Status(500)));
        let [head, answered, said] = exchange(&first);
        assert!(head.contains(&format!("{header}: [hidden]\n")), "{head}");
        assert!(answered.starts_with("HTTP/1.1 500 Internal Server Error\n"), "{answered}");
        assert_eq!(said, "", "what repeats the secret is left out");
        assert!(!head.contains(value) && !head.contains(secret), "{head}");
    }
}

#[tokio::test]
async fn added_headers_arrive_with_every_attempt_and_are_kept_nowhere() {
    let mut receiver =
        Receiver::start(|_, before| if before == 0 { Answer::Echo(500) } else { Answer::Status(200) }).await;
    let mut world = World::running(fast_options()).await;
    world
        .subscribe_as(receiver.target("/"), |new| {
            new.headers = vec![
                SecretHeader::new("X-Tenant", "planted-tenant".to_owned()),
                SecretHeader::new("Accept", "planted/type".to_owned()),
            ];
        })
        .await;
    world.publish("visit-1", 1).await;
    world.until_all(FinalState::Delivered).await;
    for request in receiver.next_requests(2).await {
        assert_eq!(
            (request.header("x-tenant"), request.header("accept")),
            ("planted-tenant", "planted/type")
        );
    }
    let [head, _, said] = exchange(&attempt(&world, 1).await);
    assert!(head.contains("x-tenant: [hidden]\n") && head.contains("accept: [hidden]\n"), "{head}");
    assert!(!head.contains("planted"), "{head}");
    assert_eq!(said, "", "what repeats a value is left out");
}

#[tokio::test]
async fn a_composed_body_stays_as_it_was_sent_with_a_token_too() {
    let server = AuthorizationServer::start().await;
    let mut receiver = Receiver::start(|_, before| Answer::Status(if before == 0 { 401 } else { 200 })).await;
    let mut world = World::running(slow_options()).await;
    let subscription = world
        .subscribe_as(receiver.target("/"), |new| {
            new.hook = Hook::Vyte(VyteHook { hook_id: "5a4e1b2c3d4e5f6071829305".into(), body: None });
            new.authentication = Some(server.authentication("Authorization", "Bearer %ACCESS_TOKEN%"));
        })
        .await;
    world.publish("visit-1", 1).await;
    assert_eq!(failure(&world, 1).await, (Stage::Target, AttemptResult::Status(401)));

    // The organization's deliveries have another form from now on, which this one no longer takes.
    let change = CatalogueChange::UpdateOrganization {
        organization: subscription.organization,
        update: OrganizationUpdate { vyte_body: Some(VyteBody::Object), ..OrganizationUpdate::default() },
    };
    world.change(change).await;
    next_attempt(&world).await;
    world.until_all(FinalState::Delivered).await;
    let requests = receiver.next_requests(2).await;
    assert!(requests[0].json().is_array());
    assert_eq!(requests[1].body, requests[0].body);
    let shown = requests.iter().map(|request| request.header("authorization"));
    assert_eq!(shown.collect::<Vec<_>>(), ["Bearer issued-token-1", "Bearer issued-token-2"]);
}
