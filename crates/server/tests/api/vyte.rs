//! The Vyte API beyond its documents: limits, users' keys, errors.

use axum::body::Body;
use http::Request;
use insta::assert_json_snapshot;
use serde_json::{Value, json};

use crate::fixture::{Answer, Api};

const TARGET: &str = "https://api.example.com/hooks/12345";

fn hook(action: &str) -> Value {
    json!({ "action": action, "target_url": TARGET })
}

async fn raw(api: &Api, method: &str, path: &str, authorization: Option<&str>, body: &str) -> Answer {
    let mut request = Request::builder().method(method).uri(path);
    if let Some(value) = authorization {
        request = request.header("authorization", value);
    }
    api.send(request.body(Body::from(body.to_owned())).unwrap()).await
}

#[tokio::test]
async fn the_key_comes_in_the_header_or_the_query() {
    let api = Api::start().await;
    let (_, key) = api.organization("Example").await;
    let wrong = "0".repeat(50);
    let in_query = format!("/v2/auth/test?api_key={key}");
    assert_eq!(raw(&api, "GET", "/v2/auth/test", Some(&key), "").await.status, 200);
    assert_eq!(raw(&api, "GET", "/v2/auth/test", Some(&format!("Bearer {key}")), "").await.status, 200);
    assert_eq!(raw(&api, "GET", &in_query, None, "").await.status, 200);
    // The header wins, right or wrong.
    assert_eq!(raw(&api, "GET", &in_query, Some(&wrong), "").await.status, 401);
    assert_eq!(raw(&api, "GET", &format!("/hooks?api_key={wrong}"), Some(&key), "").await.status, 200);
    assert_json_snapshot!(raw(&api, "GET", "/hooks", None, "").await.shown(), @r#"
    {
      "status": 401,
      "body": {
        "error": "unauthorized",
        "message": "no valid API key; send yours in the header Authorization or in the query parameter api_key"
      }
    }
    "#);
    assert_json_snapshot!(raw(&api, "GET", "/v2/auth/test", Some(&key), "").await.shown(), @r#"
    {
      "status": 200,
      "body": {
        "_id": "<24 hex>",
        "name": "Example",
        "lang": "en",
        "plan": "pro",
        "private": false,
        "admins": [],
        "members": [],
        "createdAt": "2026-01-15T09:30:00.000Z",
        "updatedAt": "2026-01-15T09:30:00.000Z",
        "__v": 0
      }
    }
    "#);
}

#[tokio::test]
async fn the_wrong_scope_is_forbidden() {
    let api = Api::start().await;
    let (organization, admin) = api.organization("Example").await;
    let id = api.post("/hooks", &admin, hook("event.created")).await.member("/_id");
    for scope in ["viewer", "publisher"] {
        let key = api.key(&organization, scope, None).await;
        assert_eq!(api.get("/hooks", &key).await.status, 200);
        assert_eq!(api.call("PUT", &format!("/hooks/{id}"), &key, hook("event.updated")).await.status, 403);
        assert_eq!(api.call("DELETE", &format!("/v2/hooks/{id}"), &key, Value::Null).await.status, 403);
    }
    let viewer = api.key(&organization, "viewer", None).await;
    assert_json_snapshot!(api.post("/hooks", &viewer, hook("event.created")).await.shown(), @r#"
    {
      "status": 403,
      "body": {
        "error": "forbidden",
        "message": "this API key is not allowed to do that; use one of scope integrator or admin"
      }
    }
    "#);
}

#[tokio::test]
async fn invalid_bodies_are_explained() {
    let api = Api::start().await;
    let (_, key) = api.organization("Example").await;
    let id = api.post("/hooks", &key, hook("event.created")).await.member("/_id");
    let with_url = |url: &str| json!({ "action": "event.created", "target_url": url }).to_string();
    let bodies = [
        String::new(),
        String::from(
            "{\n  target_url: \"https://www.test.com/hooks?id=123\"\n  action: 'event.cancelled'\n}",
        ),
        String::from("[]"),
        String::from("{}"),
        json!({ "action": "event.created" }).to_string(),
        json!({ "target_url": TARGET }).to_string(),
        json!({ "action": 7, "target_url": TARGET }).to_string(),
        hook("event.removed").to_string(),
        hook("event.edited").to_string(),
        hook("*").to_string(),
        hook("meeting.created").to_string(),
        with_url("http://api.example.com/hooks"),
        with_url("api.example.com"),
        with_url(&format!("https://api.example.com/{}", "x".repeat(2_048))),
        with_url("https://192.168.1.1/"),
    ];
    let mut refusals = Vec::new();
    for body in &bodies {
        let created = raw(&api, "POST", "/hooks", Some(&key), body).await;
        refusals.push(created.refusal());
        let updated = raw(&api, "PUT", &format!("/v2/hooks/{id}"), Some(&key), body).await;
        assert_eq!(updated.status, 400, "{body}");
    }
    refusals.push(raw(&api, "PUT", &format!("/hooks/{id}"), Some(&key), "").await.refusal());
    assert_json_snapshot!(refusals, @r#"
    [
      "400 body_missing: the body is missing; send a JSON object with action and target_url",
      "400 invalid_json: the body is not valid JSON: key must be a string at line 2 column 3; names and texts stand in double quotes, fields are separated by commas",
      "400 invalid_body: the body must be a JSON object with the fields action and target_url",
      "400 missing_field: missing in the body: action, target_url; action and target_url are both mandatory",
      "400 missing_field: missing in the body: target_url; action and target_url are both mandatory",
      "400 missing_field: missing in the body: action; action and target_url are both mandatory",
      "400 invalid_body: action must be a text",
      "400 unknown_action: unknown action \"event.removed\"; there are: event.created, event.confirmed, event.updated, event.cancelled, event.voted, event.new_invitee, user.joined, vyteme.updated",
      "400 unknown_action: unknown action \"event.edited\"; there are: event.created, event.confirmed, event.updated, event.cancelled, event.voted, event.new_invitee, user.joined, vyteme.updated",
      "400 unknown_action: unknown action \"*\"; there are: event.created, event.confirmed, event.updated, event.cancelled, event.voted, event.new_invitee, user.joined, vyteme.updated",
      "400 unknown_action: unknown action \"meeting.created\"; there are: event.created, event.confirmed, event.updated, event.cancelled, event.voted, event.new_invitee, user.joined, vyteme.updated",
      "400 invalid_target_url: invalid target_url: the URL must use https",
      "400 invalid_target_url: invalid target_url: the URL does not begin with https://; give a full https URL such as https://example.com/hooks",
      "400 invalid_target_url: invalid target_url: the URL has 2072 bytes; at most 2048 are allowed",
      "400 invalid_target_url: invalid target_url: the URL leads to an address that is not allowed; use one that is reachable from the public Internet",
      "400 body_missing: the body is missing; PUT changes a hook and takes a JSON object with action and target_url: to get a hook use GET, to delete it DELETE"
    ]
    "#);
    assert_eq!(api.get("/v2/hooks", &key).await.json().as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn an_unknown_or_malformed_id_does_not_exist() {
    let api = Api::start().await;
    let (_, key) = api.organization("Example").await;
    let unknown = "5a4e41aaa8ced3001bf5da77";
    for id in [unknown, "1234", "5A4E41AAA8CED3001BF5DA77", "sub_1", "%FF", "a%20b"] {
        for prefix in ["/hooks", "/v2/hooks"] {
            for (method, body) in
                [("GET", Value::Null), ("PUT", hook("event.created")), ("DELETE", Value::Null)]
            {
                let answer = api.call(method, &format!("{prefix}/{id}"), &key, body).await;
                assert_eq!(answer.status, 404, "{method} {prefix}/{id}");
            }
        }
    }
    assert_json_snapshot!(api.get(&format!("/hooks/{unknown}"), &key).await.shown(), @r#"
    {
      "status": 404,
      "body": {
        "error": "not_found",
        "message": "there is no hook with this id"
      }
    }
    "#);
}

#[tokio::test]
async fn target_urls_come_back_byte_for_byte_and_hooks_may_be_identical() {
    let api = Api::start().await;
    let (_, key) = api.organization("Example").await;
    let target = "HTTPS://API.example.com:443/a/../b?x=%7e&y=a+b&&#f";
    let body = json!({ "action": "event.voted", "target_url": target, "_id": "ignored", "scope": "x" });
    let first = api.post("/v2/hooks", &key, body.clone()).await;
    let second = api.post("/hooks", &key, body).await;
    assert_eq!((first.status.as_u16(), second.status.as_u16()), (201, 201));
    assert_ne!(first.member("/_id"), second.member("/_id"));
    let listed = api.get("/hooks", &key).await.json();
    let targets: Vec<&Value> =
        listed["hooks"].as_array().unwrap().iter().map(|hook| &hook["target_url"]).collect();
    assert_eq!(targets, [target, target]);
}

#[tokio::test]
async fn a_users_hooks_are_listed_to_that_user_and_to_the_organization() {
    let api = Api::start().await;
    let (organization, admin) = api.organization("Example").await;
    let first = api.key(&organization, "integrator", Some("u-1")).await;
    let second = api.key(&organization, "integrator", Some("u-2")).await;
    let own = api.post("/hooks", &first, hook("event.created")).await;
    assert_json_snapshot!(own.shown(), @r#"
    {
      "status": 201,
      "body": {
        "_id": "<24 hex>",
        "target_url": "https://api.example.com/hooks/12345",
        "action": "event.created",
        "scope": "user",
        "organization": "<24 hex>",
        "user": "u-1",
        "updatedAt": "2026-01-15T09:30:00.000Z",
        "createdAt": "2026-01-15T09:30:00.000Z",
        "__v": 0
      }
    }
    "#);
    api.post("/hooks", &admin, hook("event.created")).await;

    let count = async |key: &str| api.get("/v2/hooks", key).await.json().as_array().map(Vec::len);
    assert_eq!((count(&first).await, count(&second).await, count(&admin).await), (Some(1), Some(0), Some(2)));
    let path = format!("/hooks/{}", own.member("/_id"));
    assert_eq!(api.get(&path, &second).await.status, 404);
    // Changed by the organization it stays the user's.
    let changed = api.call("PUT", &path, &admin, hook("event.updated")).await;
    assert_eq!((&changed.json()["scope"], &changed.json()["user"]), (&json!("user"), &json!("u-1")));
}

#[tokio::test]
async fn subscriptions_of_other_surfaces_are_no_hooks() {
    let api = Api::start().await;
    let (_, key) = api.organization("Example").await;
    let id = api.subscription(&key, TARGET).await;
    assert_eq!(api.get("/hooks", &key).await.json(), json!({ "hooks": [] }));
    assert_eq!(api.get(&format!("/hooks/{id}"), &key).await.status, 404);
}

#[tokio::test]
async fn an_organization_has_at_most_a_thousand_hooks() {
    let api = Api::start().await;
    let (_, key) = api.organization("Example").await;
    for _ in 0..1_000 {
        assert_eq!(api.post("/hooks", &key, hook("event.created")).await.status, 201);
    }
    assert_json_snapshot!(api.post("/v2/hooks", &key, hook("event.created")).await.shown(), @r#"
    {
      "status": 400,
      "body": {
        "error": "too_many_hooks",
        "message": "the organization has 1000 hooks already; delete one before you create another"
      }
    }
    "#);
    let listed = api.get("/hooks", &key).await.json();
    let hooks = listed["hooks"].as_array().unwrap();
    assert_eq!(hooks.len(), 1_000);
    // A deleted hook makes room.
    let path = format!("/hooks/{}", hooks[0]["_id"].as_str().unwrap());
    assert_eq!(api.call("DELETE", &path, &key, Value::Null).await.status, 204);
    assert_eq!(api.post("/v2/hooks", &key, hook("event.created")).await.status, 201);
}
