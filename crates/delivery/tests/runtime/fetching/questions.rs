//! Bodies that our own GraphQL answers.

use rendezhook_delivery::means::OriginHeaders;
use rendezhook_domain::cause::Cause;
use rendezhook_domain::delivery::FinalState;
use rendezhook_domain::stage::Stage;
use rendezhook_domain::subscription::{Content, RequestMethod};
use rendezhook_store::record::AttemptResult;
use serde_json::json;

use super::{attempt, doo_hook, exchange, failure, next_attempt, slow_options, url};
use crate::receiver::{Answer, Receiver};
use crate::world::World;

const QUERY: &str = "query Visit($id: ID!) { event(id: $id) { title version resource } }";

/// Twice the same question: by an origin that is this server, and by a query of a subscription of ours.
async fn ask_both_ways(world: &World, receiver: &Receiver, query: &str, variables: serde_json::Value) {
    let document = json!({ "query": query, "variables": variables }).to_string();
    let endpoint = url("https://gql.doo.net");
    world
        .subscribe_as(receiver.target("/origin"), |new| {
            doo_hook(new, RequestMethod::Post, endpoint, &document);
        })
        .await;
    world.subscribe_as(receiver.target("/select"), |new| new.content = Content::Select(query.into())).await;
}

async fn world() -> World {
    let own = ["gql.doo.net".parse().unwrap()].into_iter().collect();
    World::fetching(slow_options(), own, OriginHeaders::default()).await
}

#[tokio::test]
async fn a_body_is_the_stored_resource_as_it_is_at_that_attempt() {
    let mut receiver = Receiver::start(|_, before| Answer::Status(if before < 2 { 500 } else { 200 })).await;
    let mut world = world().await;
    ask_both_ways(&world, &receiver, QUERY, json!({ "id": "%EVENT_ID%" })).await;
    world.publish("visit-1", 1).await;
    world.until(|all| all.iter().all(|one| one.attempts == 1)).await;
    let state = |n, version| {
        let resource = json!({ "n": n, "title": "Visit" });
        json!({ "data": { "event": { "title": "Visit", "version": version, "resource": resource } } })
    };
    for request in receiver.next_requests(2).await {
        assert_eq!(request.json(), state(1, 1), "{}", request.path);
        assert_eq!(request.header("content-type"), "application/json");
    }

    world.publish("visit-1", 2).await;
    next_attempt(&world).await;
    world.until_all(FinalState::Delivered).await;
    let later = receiver.rest();
    assert_eq!(later.len(), 4, "the second attempt of the first action, and the first of the second");
    for request in later {
        assert_eq!(request.json(), state(2, 2), "{}", request.path);
    }
}

#[tokio::test]
async fn what_another_organization_owns_is_null() {
    let mut receiver = Receiver::answering(200).await;
    let mut world = world().await;
    let query = r#"query Visit($id: ID!) { event(id: $id) { title } other: event(id: "theirs") { title } }"#;
    ask_both_ways(&world, &receiver, query, json!({ "id": "%EVENT_ID%" })).await;
    world.publish_elsewhere("theirs", 1).await;
    world.publish("visit-1", 1).await;
    for request in receiver.next_requests(2).await {
        assert_eq!(request.json(), json!({ "data": { "event": { "title": "Visit" }, "other": null } }));
    }
}

#[tokio::test]
async fn a_query_that_fails_is_the_owners_to_correct_and_is_asked_again() {
    let mut receiver = Receiver::answering(200).await;
    let mut world = world().await;
    let query = "{ event(id: \"visit-1\") { diagnosis } }";
    let selecting =
        world.subscribe_as(receiver.target("/"), |new| new.content = Content::Select(query.into())).await;
    world.publish("visit-1", 1).await;
    let failed = (Stage::Origin, AttemptResult::Failed(Cause::QueryFailed));
    assert_eq!(failure(&world, 1).await, failed);
    let [asked, _, answer] = exchange(&attempt(&world, 1).await);
    assert!(asked.starts_with("POST /graphql HTTP/1.1\nhost: this server\n"), "{asked}");
    let answer: serde_json::Value = serde_json::from_str(&answer).unwrap();
    assert!(answer["errors"][0]["message"].as_str().unwrap().contains("diagnosis"), "{answer}");
    assert_eq!(answer.get("data"), None);
    assert!(receiver.rest().is_empty());

    let corrected = Content::Select("{ event(id: \"visit-1\") { title } }".into());
    world.update(&selecting, |update| update.content = Some(corrected)).await;
    next_attempt(&world).await;
    assert_eq!(receiver.next().await.json(), json!({ "data": { "event": { "title": "Visit" } } }));
    world.until_all(FinalState::Delivered).await;
}

#[tokio::test]
async fn a_document_without_a_query_fails_like_a_wrong_one() {
    let mut receiver = Receiver::answering(200).await;
    let mut world = world().await;
    let endpoint = url("https://gql.doo.net/graphql");
    world.subscribe_as(receiver.target("/"), |new| doo_hook(new, RequestMethod::Post, endpoint, "{}")).await;
    world.publish("visit-1", 1).await;
    let failed = (Stage::Origin, AttemptResult::Failed(Cause::QueryFailed));
    assert_eq!(failure(&world, 1).await, failed);
    assert_eq!(attempt(&world, 1).await.number, 1);
    world.stop().await.unwrap();
    assert!(receiver.rest().is_empty());
}
