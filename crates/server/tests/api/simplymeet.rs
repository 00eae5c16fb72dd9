//! The SimplyMeet.me API beyond its document: keys, errors, pages.

use axum::body::Body;
use http::Request;
use insta::assert_json_snapshot;
use serde_json::{Value, json};

use crate::fixture::{Answer, Api};

const PATH: &str = "/api/webhooks";
const TARGET: &str = "https://api.example.com/webhook?a=%41";

fn hook(events: &[&str]) -> Value {
    json!({ "events": events, "url": TARGET })
}

fn every_event() -> Value {
    hook(&["meetingScheduled", "meetingCancelled", "meetingRescheduled"])
}

async fn raw(api: &Api, method: &str, path: &str, key: &str, body: &str) -> Answer {
    let request = Request::builder().method(method).uri(path).header("x-api-key", key);
    api.send(request.body(Body::from(body.to_owned())).unwrap()).await
}

async fn call(api: &Api, method: &str, path: &str, key: &str, body: &Value) -> Answer {
    raw(api, method, path, key, &body.to_string()).await
}

async fn made(api: &Api, key: &str, body: &Value) -> String {
    format!("{PATH}/{}", call(api, "POST", PATH, key, body).await.member("/uuid"))
}

/// Status and body as they are on the wire.
fn told(answer: &Answer) -> String {
    format!("{} {}", answer.status.as_u16(), std::str::from_utf8(&answer.body).unwrap())
}

#[tokio::test]
async fn a_missing_or_wrong_key_is_refused() {
    let api = Api::start().await;
    let (_, key) = api.organization("Example").await;
    let path = made(&api, &key, &every_event()).await;
    let refused = r#"401 {"code":401,"message":"Invalid API key."}"#;
    for wrong in ["", "0", &"0".repeat(50), &format!("Bearer {key}")] {
        assert_eq!(told(&raw(&api, "GET", PATH, wrong, "").await), refused);
        assert_eq!(told(&call(&api, "POST", PATH, wrong, &every_event()).await), refused);
        assert_eq!(told(&raw(&api, "GET", &path, wrong, "").await), refused);
        assert_eq!(told(&raw(&api, "DELETE", &path, wrong, "").await), refused);
    }
    // The native way to send a key is not this surface's.
    assert_eq!(told(&api.get(PATH, &key).await), refused);
    assert_eq!(raw(&api, "GET", &path, &key, "").await.status, 200);
}

#[tokio::test]
async fn keys_that_may_not_see_secrets_are_forbidden() {
    let api = Api::start().await;
    let (organization, admin) = api.organization("Example").await;
    let path = made(&api, &admin, &every_event()).await;
    for scope in ["viewer", "publisher"] {
        let key = api.key(&organization, scope, None).await;
        let forbidden = r#"403 {"code":403,"message":"This API key is not allowed to do that; use one of scope integrator or admin."}"#;
        assert_eq!(told(&raw(&api, "GET", PATH, &key, "").await), forbidden);
        assert_eq!(told(&call(&api, "POST", PATH, &key, &every_event()).await), forbidden);
        assert_eq!(told(&raw(&api, "GET", &path, &key, "").await), forbidden);
        assert_eq!(told(&raw(&api, "DELETE", &path, &key, "").await), forbidden);
    }
    let integrator = api.key(&organization, "integrator", None).await;
    assert_eq!(raw(&api, "DELETE", &path, &integrator, "").await.status, 204);
}

#[tokio::test]
async fn the_admin_key_names_the_organization_it_acts_for() {
    let api = Api::start().await;
    let (organization, key) = api.organization("Example").await;
    let path = format!("{PATH}?organization_id={organization}");
    assert_eq!(call(&api, "POST", &path, &api.admin, &every_event()).await.status, 201);
    assert_eq!(raw(&api, "GET", PATH, &key, "").await.json()["total"], 1);
    let unnamed = told(&raw(&api, "GET", PATH, &api.admin, "").await);
    assert!(unnamed.starts_with(r#"400 {"code":400,"message":"the admin key acts for"#), "{unnamed}");
}

#[tokio::test]
async fn invalid_bodies_are_explained() {
    let api = Api::start().await;
    let (_, key) = api.organization("Example").await;
    let with_url = |url: &str| json!({ "events": ["meetingScheduled"], "url": url }).to_string();
    let with_secret = |secret: Value| {
        json!({ "events": ["meetingScheduled"], "url": TARGET, "secret": secret }).to_string()
    };
    let bodies = [
        String::new(),
        String::from("{\n  \"events\": [meetingScheduled]\n}"),
        String::from("[]"),
        String::from("{}"),
        json!({ "events": ["meetingMoved"], "url": "example", "secret": "" }).to_string(),
        hook(&[]).to_string(),
        json!({ "events": "meetingScheduled", "url": TARGET }).to_string(),
        with_url("http://example.com/webhook"),
        with_url("https://192.168.1.1/"),
        with_url(&format!("https://example.com/{}", "x".repeat(2_048))),
        with_secret(json!(7)),
        with_secret(json!("x".repeat(256))),
    ];
    let mut refusals = Vec::new();
    for body in &bodies {
        refusals.push(told(&raw(&api, "POST", PATH, &key, body).await));
    }
    assert_json_snapshot!(refusals, @r#"
    [
      "400 {\"code\":400,\"message\":\"The body is not valid JSON: EOF while parsing a value at line 1 column 0.\"}",
      "400 {\"code\":400,\"message\":\"The body is not valid JSON: expected value at line 2 column 14.\"}",
      "400 {\"code\":400,\"message\":\"The body must be a JSON object with the fields events, url and secret.\"}",
      "422 {\"message\":\"Invalid arguments\",\"errors\":{\"events\":[\"This value should not be blank.\"],\"url\":[\"This value should not be blank.\"]}}",
      "422 {\"message\":\"Invalid arguments\",\"errors\":{\"events\":[\"\\\"meetingMoved\\\" is not one of the events that there are: meetingScheduled, meetingCancelled, meetingRescheduled.\"],\"url\":[\"This value is not a valid URL.\"],\"secret\":[\"This value is too short. It should have 1 character or more.\"]}}",
      "422 {\"message\":\"Invalid arguments\",\"errors\":{\"events\":[\"You must select at least one of: meetingScheduled, meetingCancelled, meetingRescheduled.\"]}}",
      "422 {\"message\":\"Invalid arguments\",\"errors\":{\"events\":[\"This value should be of type array.\"]}}",
      "422 {\"message\":\"Invalid arguments\",\"errors\":{\"url\":[\"This URL must use https; webhooks are sent over TLS only.\"]}}",
      "422 {\"message\":\"Invalid arguments\",\"errors\":{\"url\":[\"This value is not allowed: the URL leads to an address that is not allowed; use one that is reachable from the public Internet.\"]}}",
      "422 {\"message\":\"Invalid arguments\",\"errors\":{\"url\":[\"This value is not allowed: the URL has 2068 bytes; at most 2048 are allowed.\"]}}",
      "422 {\"message\":\"Invalid arguments\",\"errors\":{\"secret\":[\"This value should be of type string.\"]}}",
      "422 {\"message\":\"Invalid arguments\",\"errors\":{\"secret\":[\"This value is too long. It should have 255 characters or less.\"]}}"
    ]
    "#);
    assert_eq!(raw(&api, "GET", PATH, &key, "").await.json()["total"], 0);
    assert_eq!(raw(&api, "POST", PATH, &key, &with_secret(json!("x".repeat(255)))).await.status, 201);
}

#[tokio::test]
async fn other_methods_and_paths_are_told_in_the_same_form() {
    let api = Api::start().await;
    let (_, key) = api.organization("Example").await;
    let path = made(&api, &key, &every_event()).await;
    let refused = r#"405 {"code":405,"message":"Method not allowed."}"#;
    for method in ["PUT", "PATCH", "POST"] {
        let answer = call(&api, method, &path, &key, &every_event()).await;
        assert_eq!((told(&answer).as_str(), answer.header("allow")), (refused, "GET,HEAD,DELETE"));
    }
    for method in ["PUT", "DELETE"] {
        let answer = call(&api, method, PATH, &key, &every_event()).await;
        assert_eq!((told(&answer).as_str(), answer.header("allow")), (refused, "GET,HEAD,POST"));
    }
    let nothing = r#"404 {"code":404,"message":"Not found."}"#;
    assert_eq!(told(&raw(&api, "GET", &format!("{path}/x"), &key, "").await), nothing);
}

#[tokio::test]
async fn what_does_not_exist_and_what_is_anothers_are_alike() {
    let api = Api::start().await;
    let (_, key) = api.organization("Example").await;
    let (_, other_key) = api.organization("Other").await;
    let others = made(&api, &other_key, &every_event()).await;
    let uuid = others.trim_start_matches("/api/webhooks/").to_owned();
    let subscription = api.get("/api/v1/subscriptions", &other_key).await.member("/items/0/id");
    let paths = [
        others.clone(),
        format!("{PATH}/3e687c78-a8b8-4837-9333-57e3d807e61c"),
        format!("{PATH}/{}", uuid.replace('-', "")),
        format!("{PATH}/%7B{uuid}%7D"),
        format!("{PATH}/1234"),
        format!("{PATH}/{subscription}"),
        format!("{PATH}/%FF"),
    ];
    for path in &paths {
        for method in ["GET", "DELETE"] {
            let answer = raw(&api, method, path, &key, "").await;
            assert_eq!(told(&answer), r#"404 {"code":404,"message":"Not found."}"#, "{method} {path}");
        }
    }
    assert_eq!(raw(&api, "GET", PATH, &key, "").await.json()["total"], 0);
    assert_eq!(raw(&api, "GET", &others, &other_key, "").await.status, 200);
}

#[tokio::test]
async fn pages_are_numbered() {
    let api = Api::start().await;
    let (_, key) = api.organization("Example").await;
    for number in 0..11 {
        let body = json!({ "events": ["meetingScheduled"], "url": format!("https://example.com/{number}") });
        assert_eq!(call(&api, "POST", PATH, &key, &body).await.status, 201);
    }
    // Hooks of other surfaces are not in the list.
    api.subscription(&key, "https://example.com/native").await;
    let page = async |query: &str| {
        let mut body = raw(&api, "GET", &format!("{PATH}{query}"), &key, "").await.json();
        let items = body["_embedded"]["items"].as_array().unwrap();
        let urls: Vec<&str> = items.iter().map(|item| item["url"].as_str().unwrap()).collect();
        body["_embedded"] = json!(urls);
        body
    };
    assert_json_snapshot!(page("?page=2&limit=4").await, @r#"
    {
      "page": 2,
      "limit": 4,
      "pages": 3,
      "total": 11,
      "_embedded": [
        "https://example.com/4",
        "https://example.com/5",
        "https://example.com/6",
        "https://example.com/7"
      ],
      "_links": {
        "self": {
          "href": "/api/webhooks?page=2&limit=4"
        },
        "first": {
          "href": "/api/webhooks?page=1&limit=4"
        },
        "last": {
          "href": "/api/webhooks?page=3&limit=4"
        },
        "next": {
          "href": "/api/webhooks?page=3&limit=4"
        },
        "previous": {
          "href": "/api/webhooks?page=1&limit=4"
        }
      }
    }
    "#);
    assert_json_snapshot!(page("?page=7&limit=100").await, @r#"
    {
      "page": 7,
      "limit": 100,
      "pages": 1,
      "total": 11,
      "_embedded": [],
      "_links": {
        "self": {
          "href": "/api/webhooks?page=7&limit=100"
        },
        "first": {
          "href": "/api/webhooks?page=1&limit=100"
        },
        "last": {
          "href": "/api/webhooks?page=1&limit=100"
        }
      }
    }
    "#);
    assert_eq!(page("").await["_embedded"].as_array().map(Vec::len), Some(10));
    assert_eq!(page("?page=2").await["_embedded"], json!(["https://example.com/10"]));
    let mut refusals = Vec::new();
    for query in ["?page=0", "?limit=101", "?limit=0", "?page=-1&limit=ten", "?page=&limit="] {
        refusals.push(told(&raw(&api, "GET", &format!("{PATH}{query}"), &key, "").await));
    }
    assert_json_snapshot!(refusals, @r#"
    [
      "422 {\"message\":\"Invalid arguments\",\"errors\":{\"page\":[\"This value should be a number greater than or equal to 1.\"]}}",
      "422 {\"message\":\"Invalid arguments\",\"errors\":{\"limit\":[\"This value should be a number between 1 and 100.\"]}}",
      "422 {\"message\":\"Invalid arguments\",\"errors\":{\"limit\":[\"This value should be a number between 1 and 100.\"]}}",
      "422 {\"message\":\"Invalid arguments\",\"errors\":{\"page\":[\"This value should be a number greater than or equal to 1.\"],\"limit\":[\"This value should be a number between 1 and 100.\"]}}",
      "422 {\"message\":\"Invalid arguments\",\"errors\":{\"page\":[\"This value should be a number greater than or equal to 1.\"],\"limit\":[\"This value should be a number between 1 and 100.\"]}}"
    ]
    "#);
}

#[tokio::test]
async fn a_hook_is_an_ordinary_subscription() {
    let api = Api::start().await;
    let (organization, key) = api.organization("Example").await;
    let mut body = hook(&["meetingCancelled", "meetingScheduled"]);
    body["secret"] = json!("something");
    let uuid = call(&api, "POST", PATH, &key, &body).await.member("/uuid");
    let listed = api.get("/api/v1/subscriptions", &key).await;
    assert_eq!(listed.json()["items"][0]["simplymeet_uuid"], json!(uuid));
    assert_json_snapshot!(listed.shown()["body"]["items"][0], @r#"
    {
      "id": "sub_#",
      "dialect": "simplymeet",
      "target_url": "https://api.example.com/webhook?a=%41",
      "endpoint": "https://api.example.com/webhook",
      "method": "POST",
      "select": null,
      "actions": [
        "event.cancelled",
        "event.removed",
        "event.confirmed"
      ],
      "user": null,
      "event": null,
      "description": "",
      "receiver": "rcv_#",
      "authentication": null,
      "headers": {},
      "verification": "none",
      "verified_at": null,
      "verification_failure": null,
      "allowed_deliveries_per_minute": null,
      "certificate_expires_at": null,
      "state": "enabled",
      "disabled_because": null,
      "retry_schedule_seconds": null,
      "rate_limit": null,
      "fold_updates": false,
      "vyte_hook_id": null,
      "vyte_body": null,
      "simplymeet_uuid": "<uuid>",
      "doo_group_id": null,
      "created_at": "2026-01-15T09:30:00.000Z",
      "updated_at": "2026-01-15T09:30:00.000Z",
      "revision": 1
    }
    "#);

    let path = format!("/api/v1/subscriptions/{}", listed.member("/items/0/id"));
    assert!(api.get(&format!("{path}/secret"), &key).await.member("/secret").starts_with("whsec_"));
    // What this API could not show is refused.
    for actions in [json!(["*"]), json!(["event.*"]), json!(["event.confirmed", "event.voted"])] {
        let refused = api.call("PATCH", &path, &key, json!({ "actions": actions })).await;
        assert_eq!(refused.json()["errors"][0]["pointer"], json!("/actions"), "{actions}");
    }
    let actions = json!({ "actions": ["event.updated", "event.cancelled", "event.removed"] });
    assert_eq!(api.call("PATCH", &path, &key, actions).await.status, 200);
    let shown = raw(&api, "GET", &format!("{PATH}/{uuid}"), &key, "").await.json();
    assert_eq!(shown["events"], json!(["meetingRescheduled", "meetingCancelled"]));
    assert_eq!(shown["secret"], "something");

    let of_user = api.key(&organization, "integrator", Some("u-1")).await;
    assert_eq!(raw(&api, "GET", PATH, &of_user, "").await.json()["total"], 0);
    call(&api, "POST", PATH, &of_user, &every_event()).await;
    assert_eq!(raw(&api, "GET", PATH, &of_user, "").await.json()["total"], 1);
    assert_eq!(raw(&api, "GET", PATH, &key, "").await.json()["total"], 2);
    for other in ["/hooks", "/v2/hooks"] {
        assert_eq!(api.get(other, &key).await.body.len(), if other == "/hooks" { 12 } else { 2 });
    }
}
