//! Which actions reach hooks of the SimplyMeet.me API.

use axum::body::Body;
use http::Request;
use serde_json::{Value, json};

use crate::fixture::Api;

/// Makes a hook on these events.
async fn subscribe(api: &Api, key: &str, events: &[&str]) {
    let hook = json!({ "events": events, "url": "https://api.example.com/webhook" });
    let request = Request::post("/api/webhooks").header("x-api-key", key).body(Body::from(hook.to_string()));
    assert_eq!(api.send(request.unwrap()).await.status, 201);
}

const EVERY_EVENT: [&str; 3] = ["meetingScheduled", "meetingCancelled", "meetingRescheduled"];

/// The actions that reached the hooks of an organization so far, the earliest first.
async fn delivered(api: &Api, key: &str) -> Vec<String> {
    let listed = api.get("/api/v1/deliveries", key).await.json();
    let items = listed["items"].as_array().unwrap();
    items.iter().rev().map(|item| item["action"].as_str().unwrap().to_owned()).collect()
}

fn meeting(title: &str, date: Option<&str>, cancelled: bool) -> Value {
    let dates: Vec<Value> = date.into_iter().map(|date| json!({ "date": date })).collect();
    json!({ "title": title, "dates": dates, "confirmed": { "flag": date.is_some() }, "cancelled": cancelled })
}

#[tokio::test]
async fn derived_actions_reach_hooks_as_the_document_names_them() {
    let api = Api::start().await;
    let (_, key) = api.organization("Example").await;
    subscribe(&api, &key, &EVERY_EVENT).await;
    let put = async |id: &str, state: Value| {
        api.clock.advance_seconds(1);
        let path = format!("/api/v1/resources/event/{id}");
        let before = delivered(&api, &key).await.len();
        let answer = match state {
            Value::Null => api.call("DELETE", &path, &key, Value::Null).await,
            state => api.call("PUT", &path, &key, state).await,
        };
        assert_eq!(answer.status, 200, "{answer:?}");
        delivered(&api, &key).await.split_off(before)
    };
    let (first, second) = (Some("2026-02-01T10:00:00Z"), Some("2026-02-02T10:00:00Z"));
    let nothing: [&str; 0] = [];
    assert_eq!(put("a", meeting("Talk", None, false)).await, nothing);
    assert_eq!(put("a", meeting("A talk", None, false)).await, nothing);
    assert_eq!(put("a", meeting("A talk", first, false)).await, ["event.confirmed"]);
    assert_eq!(put("a", meeting("Another", first, false)).await, nothing, "only its title changed");
    assert_eq!(put("a", meeting("Another", Some("2026-02-01T11:00:00+01:00"), false)).await, nothing);
    assert_eq!(put("a", meeting("Another", second, false)).await, ["event.updated"]);
    assert_eq!(put("a", meeting("Another", None, false)).await, nothing);
    assert_eq!(put("a", meeting("Another", second, false)).await, ["event.updated"], "no time was stored");
    assert_eq!(put("a", meeting("Another", second, true)).await, ["event.cancelled"]);
    assert_eq!(put("a", Value::Null).await, nothing, "it was cancelled before");
    assert_eq!(put("a", meeting("Again", first, false)).await, ["event.confirmed"]);
    assert_eq!(put("a", Value::Null).await, ["event.removed"]);
}

#[tokio::test]
async fn explicit_actions_reach_hooks_as_the_document_names_them() {
    let api = Api::start().await;
    let (_, key) = api.organization("Example").await;
    subscribe(&api, &key, &EVERY_EVENT).await;
    let publish = async |action: &str, resource: Value, occurred_at: &str| {
        let item = json!({
            "action": action, "resource_kind": "event", "resource_id": "a", "resource": resource,
            "occurred_at": occurred_at
        });
        let answer = api.post("/api/v1/actions", &key, item).await;
        answer.json()["actions"][0]["deliveries"].clone()
    };
    let (first, second) = (Some("2026-02-01T10:00:00Z"), Some("2026-02-02T10:00:00Z"));
    let minute = |minute: u32| format!("2026-01-15T08:{minute:02}:00Z");
    assert_eq!(publish("event.created", meeting("Talk", None, false), &minute(1)).await, 0);
    assert_eq!(publish("event.voted", meeting("Talk", None, false), &minute(2)).await, 0);
    assert_eq!(
        publish("event.updated", meeting("Talk", first, false), &minute(3)).await,
        1,
        "no time was stored"
    );
    assert_eq!(publish("event.updated", meeting("A talk", first, false), &minute(4)).await, 0);
    assert_eq!(publish("event.updated", meeting("A talk", second, false), &minute(5)).await, 1);
    assert_eq!(publish("event.updated", meeting("Talk", first, false), &minute(4)).await, 0, "it came late");
    assert_eq!(publish("event.confirmed", meeting("A talk", second, false), &minute(6)).await, 1);
    assert_eq!(publish("event.cancelled", meeting("A talk", second, true), &minute(7)).await, 1);
    assert_eq!(publish("event.removed", meeting("A talk", second, true), &minute(8)).await, 0);
    assert_eq!(publish("event.fancy", meeting("A talk", second, true), &minute(9)).await, 0);
}

#[tokio::test]
async fn a_hook_gets_the_events_it_names() {
    let api = Api::start().await;
    let (_, key) = api.organization("Example").await;
    subscribe(&api, &key, &["meetingCancelled"]).await;
    let path = "/api/v1/resources/event/a";
    let state = meeting("Talk", Some("2026-02-01T10:00:00Z"), false);
    api.call("PUT", path, &key, state).await;
    assert_eq!(delivered(&api, &key).await, [""; 0]);
    api.call("DELETE", path, &key, Value::Null).await;
    assert_eq!(delivered(&api, &key).await, ["event.removed"]);
}
