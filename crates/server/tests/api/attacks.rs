//! Requests made to confuse or to exhaust the server: line ends, full stops, nesting, length.

use axum::body::Body;
use http::Request;
use serde_json::{Value, json};

use crate::fixture::doo::{self, Doo};
use crate::fixture::{Answer, Api};

/// Sends a body to a surface whose key is in a header of its own.
async fn with_api_key(api: &Api, path: &str, key: &str, body: String) -> Answer {
    let request = Request::post(path).header("x-api-key", key).header("content-type", "application/json");
    api.send(request.body(Body::from(body)).unwrap()).await
}

/// Sends a body to a surface whose key is a bearer token.
async fn with_bearer(api: &Api, method: &str, path: &str, key: &str, body: String) -> Answer {
    let request = Request::builder().method(method).uri(path).header("content-type", "application/json");
    let request = request.header("authorization", format!("Bearer {key}"));
    api.send(request.body(Body::from(body)).unwrap()).await
}

/// Every way in that takes JSON, with the same body.
async fn everywhere(api: &Api, doo: &Doo, body: &str) -> Vec<(String, Answer)> {
    let mut answers = Vec::new();
    for (method, path) in [
        ("POST", "/api/v1/actions"),
        ("PUT", "/api/v1/resources/event/1"),
        ("POST", "/api/v1/subscriptions"),
        ("POST", "/graphql"),
        ("POST", "/hooks"),
        ("POST", "/v2/hooks"),
    ] {
        answers.push((path.to_owned(), with_bearer(api, method, path, &doo.key, body.to_owned()).await));
    }
    let path = "/api/webhooks";
    answers.push((path.to_owned(), with_api_key(api, path, &doo.key, body.to_owned()).await));
    for path in [doo.collection.as_str(), "/v1/oauth", "/v1/webhooks/init/events"] {
        let answer = doo::call(api, "POST", path, &doo.key, &doo.token, body).await;
        answers.push((path.to_owned(), answer));
    }
    answers
}

#[tokio::test]
async fn json_nested_ten_thousand_deep_is_refused_everywhere() {
    let api = Api::start().await;
    let doo = Doo::of(&api, "Example").await;
    let deep = 10_000;
    let objects = format!("{}1{}", "{\"a\":".repeat(deep), "}".repeat(deep));
    let arrays = format!("{}{}", "[".repeat(deep), "]".repeat(deep));
    let left_open = "[".repeat(deep);
    for body in [&objects, &arrays, &left_open] {
        for (path, answer) in everywhere(&api, &doo, body).await {
            assert!(answer.status.is_client_error(), "{path}: {answer:?}");
        }
    }
    // Where JSON is kept as it is, its depth is counted without a stack.
    for nested in [objects, arrays] {
        let item = format!(
            r#"{{"action":"event.created","resource_kind":"event","resource_id":"1","resource":{{"a":{nested}}}}}"#
        );
        let answer = with_bearer(&api, "POST", "/api/v1/actions", &doo.key, item).await;
        assert_eq!(
            answer.json()["errors"][0]["detail"],
            "this object is nested 10001 levels deep; at most 64 are allowed"
        );
        let state = format!(r#"{{"a":{nested}}}"#);
        let answer = with_bearer(&api, "PUT", "/api/v1/resources/event/1", &doo.key, state).await;
        assert_eq!(answer.status, 422, "{answer:?}");
    }
    assert_eq!(api.get("/api/v1/resources/event/1", &doo.key).await.status, 404);
}

#[tokio::test]
async fn two_megabytes_are_refused_everywhere() {
    let api = Api::start().await;
    let doo = Doo::of(&api, "Example").await;
    let body = format!("{{\"a\":\"{}\"}}", "x".repeat(2_000_000));
    for (path, answer) in everywhere(&api, &doo, &body).await {
        assert_eq!(answer.status, 413, "{path}: {answer:?}");
    }
}

#[tokio::test]
async fn line_ends_reach_no_head() {
    let api = Api::start().await;
    let doo = Doo::of(&api, "Example").await;
    let key = &doo.key;
    let injected = "\r\nwebhook-id: forged";
    let subscription = |members: Value| {
        let mut body = json!({ "target_url": "https://api.example.com/", "actions": ["*"] });
        body.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        body.to_string()
    };
    let url = format!("https://api.example.com/{injected}");
    let action = format!("event.created{injected}");
    let item = json!({ "action": action, "resource_kind": "event", "resource_id": "1", "resource": {} });
    let id = json!({
        "action": "event.created", "resource_kind": "event", "resource_id": injected, "resource": {}
    });
    let header = |name: &str, value: &str| {
        subscription(json!({ "authentication": { "type": "api_key", "header": name, "key": value } }))
    };
    for (path, body) in [
        ("/api/v1/actions", item.to_string()),
        ("/api/v1/actions", id.to_string()),
        ("/api/v1/subscriptions", subscription(json!({ "target_url": url }))),
        ("/api/v1/subscriptions", subscription(json!({ "actions": [action] }))),
        ("/api/v1/subscriptions", header(&format!("x-key{injected}"), "value")),
        ("/api/v1/subscriptions", header("x-key", &format!("value{injected}"))),
        ("/hooks", json!({ "action": "event.created", "target_url": url }).to_string()),
        ("/hooks", json!({ "action": action, "target_url": "https://api.example.com/" }).to_string()),
    ] {
        let answer = with_bearer(&api, "POST", path, key, body.clone()).await;
        assert!(answer.status.is_client_error(), "{path} {body}: {answer:?}");
    }
    let meetings = json!({ "events": ["meetingScheduled"], "url": url });
    let answer = with_api_key(&api, "/api/webhooks", key, meetings.to_string()).await;
    assert!(answer.status.is_client_error(), "{answer:?}");
    let mut group = doo::group(&["event_created"]);
    group["hooks"][0]["endpoint"] = json!(url);
    assert!(doo.post(&api, &doo.collection, &group).await.status.is_client_error());
}

#[tokio::test]
async fn an_id_with_full_stops_stays_out_of_what_is_signed() {
    let api = Api::start().await;
    let (_, key) = api.organization("Example").await;
    api.subscription(&key, "https://api.example.com/").await;
    // What is signed is "id.timestamp.body": an id with full stops could be read in two ways.
    let id = "1.1768469400.{}";
    let action = api.publish_event(&key, id).await;
    let delivery = api.get("/api/v1/deliveries", &key).await;
    assert_eq!(delivery.member("/items/0/resource_id"), id);
    for made in [action, delivery.member("/items/0/id")] {
        assert!(!made.contains('.'), "{made}");
    }
    assert_eq!(api.get("/api/v1/resources/event/1.1768469400.%7B%7D", &key).await.status, 200);
}
