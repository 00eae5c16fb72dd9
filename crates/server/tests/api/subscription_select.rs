//! Subscriptions that select the bodies of their deliveries.

use insta::assert_json_snapshot;
use rendezhook_domain::subscription::Content;
use serde_json::{Value, json};

use crate::fixture::{Answer, Api};

const PATH: &str = "/api/v1/subscriptions";
const QUERY: &str = "query ($id: ID!) { event(id: $id) { title } }";

fn wanted(more: Value) -> Value {
    let mut request = json!({ "target_url": "https://api.example.com/hooks", "actions": ["event.*"] });
    request.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    request
}

fn selected(answer: &Answer) -> Value {
    answer.json()["select"].clone()
}

#[tokio::test]
async fn a_subscription_selects_its_bodies_until_it_no_longer_does() {
    let api = Api::start().await;
    let (_, key) = api.organization("Example").await;
    let made = api.post(PATH, &key, wanted(json!({ "select": QUERY }))).await;
    let path = made.header("location").to_owned();
    let set = async |patch: Value| api.call("PATCH", &path, &key, patch).await;
    let stored = || {
        let catalogue = api.store.catalogue();
        catalogue.subscriptions.values().next().unwrap().subscription.content.clone()
    };
    assert_eq!((made.status.as_u16(), selected(&made)), (201, json!(QUERY)));
    assert_eq!(selected(&api.get(&path, &key).await), json!(QUERY));
    assert_eq!(stored(), Content::Select(QUERY.into()));

    let other = "query ($id: ID!) { __typename event(id: $id) { id version } }";
    assert_eq!(selected(&set(json!({ "select": other })).await), json!(other));
    assert_eq!(selected(&set(json!({ "description": "nothing else" })).await), json!(other));
    assert_eq!(selected(&set(json!({ "select": null })).await), Value::Null);
    assert_eq!(stored(), Content::Composed);
}

#[tokio::test]
async fn a_wrong_query_is_refused_with_its_place() {
    let api = Api::start().await;
    let (_, key) = api.organization("Example").await;
    let made = api.post(PATH, &key, wanted(json!({ "select": QUERY }))).await;
    let long = format!("{{ __typename }} #{}", "x".repeat(16 * 1024));
    let nested = format!("{}{}", "{a".repeat(100), "}".repeat(100));
    let queries = [
        "",
        "{",
        "query ($id: ID!) {\n  event(id: $id) {\n    titel\n  }\n}",
        "mutation { remove }",
        "{ event(id: 1) }",
        "query ($resource: ID!) { event(id: $resource) { title } }",
        "query ($user: ID!) { user(id: $user) { full_name } }",
        "query ($kind: Int) { events(first: $kind) { nodes { title } } }",
        "query A { __typename } query B { __typename }",
        long.as_str(),
        nested.as_str(),
    ];
    let mut refusals = Vec::new();
    for query in queries {
        let refused = api.post(PATH, &key, wanted(json!({ "select": query }))).await;
        refusals.push(refused.refusal());
        let changed = api.call("PATCH", made.header("location"), &key, json!({ "select": query })).await;
        assert_eq!(changed.refusal(), refused.refusal(), "{query}");
        assert_eq!(changed.json()["errors"][0]["pointer"], "/select");
    }
    assert_json_snapshot!(refusals, @r#"
    [
      "422 invalid_fields: /select: line 1, column 1: this is not GraphQL: expected executable_definition",
      "422 invalid_fields: /select: line 1, column 2: this is not GraphQL: expected selection",
      "422 invalid_fields: /select: line 3, column 5: Unknown field \"titel\" on type \"Event\".",
      "422 invalid_fields: /select: line 1, column 1: only queries are offered; resources change by publishing",
      "422 invalid_fields: /select: line 1, column 3: Field \"event\" of type \"Event\" must have a selection of subfields",
      "422 invalid_fields: /select: line 1, column 8: the variable $resource has no value; the query needs one of type ID!",
      "422 invalid_fields: /select: line 1, column 8: the variable $user has no value; the query needs one of type ID!",
      "422 invalid_fields: /select: line 1, column 29: Invalid value for argument \"first\", expected type \"Int\"",
      "422 invalid_fields: /select: the query has several operations; name the one to execute in operationName",
      "422 invalid_fields: /select: the query has 16400 bytes; at most 16384 are allowed",
      "422 invalid_fields: /select: line 1, column 65: brackets are nested more than 32 deep"
    ]
    "#);
    assert_eq!(selected(&api.get(made.header("location"), &key).await), json!(QUERY));
}

#[tokio::test]
async fn the_user_is_certain_only_where_the_subscription_is_for_one() {
    let api = Api::start().await;
    let (organization, key) = api.organization("Example").await;
    let user_key = api.key(&organization, "integrator", Some("u-1")).await;
    let query = json!({ "select": "query ($user: ID!) { user(id: $user) { full_name } }" });
    assert_eq!(api.post(PATH, &key, wanted(query.clone())).await.status, 422);
    let made = api.post(PATH, &user_key, wanted(query.clone())).await;
    assert_eq!(made.status, 201);
    assert_eq!(api.call("PATCH", made.header("location"), &key, query).await.status, 200);
}

#[tokio::test]
async fn requests_without_a_body_have_none_to_select() {
    let api = Api::start().await;
    let (_, key) = api.organization("Example").await;
    let both = api.post(PATH, &key, wanted(json!({ "select": QUERY, "method": "GET" }))).await;
    let selecting = api.post(PATH, &key, wanted(json!({ "select": QUERY, "method": "PUT" }))).await;
    let plain = api.post(PATH, &key, wanted(json!({ "method": "DELETE" }))).await;
    let set = async |of: &Answer, patch: Value| api.call("PATCH", of.header("location"), &key, patch).await;
    let refusals = [
        both.refusal(),
        set(&selecting, json!({ "method": "GET" })).await.refusal(),
        set(&plain, json!({ "select": QUERY })).await.refusal(),
    ];
    assert_json_snapshot!(refusals, @r#"
    [
      "422 invalid_fields: /select: a GET request carries no body that could be selected",
      "422 invalid_fields: /method: a GET request carries no body that could be selected",
      "422 invalid_fields: /select: a DELETE request carries no body that could be selected"
    ]
    "#);
    assert_eq!(set(&selecting, json!({ "method": "GET", "select": null })).await.status, 200);
    assert_eq!(set(&plain, json!({ "method": "PATCH", "select": QUERY })).await.status, 200);
}

#[tokio::test]
async fn hooks_of_other_dialects_have_the_bodies_their_documents_say() {
    let api = Api::start().await;
    let (_, key) = api.organization("Example").await;
    let hook = json!({ "action": "event.created", "target_url": "https://api.example.com/" });
    assert_eq!(api.post("/hooks", &key, hook).await.status, 201);
    let id = api.get(PATH, &key).await.member("/items/0/id");
    for select in [json!(QUERY), Value::Null] {
        let refused = api.call("PATCH", &format!("{PATH}/{id}"), &key, json!({ "select": select })).await;
        assert_eq!(
            refused.refusal(),
            "422 invalid_fields: /select: only subscriptions of the dialect standard select their bodies"
        );
    }
}
