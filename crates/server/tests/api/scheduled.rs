//! `deliver_at` and `/api/v1/scheduled`; the organization's default expiry.

use insta::assert_json_snapshot;
use serde_json::{Value, json};

use crate::fixture::Api;

fn reminder(key: &str, deliver_at: &str) -> Value {
    json!({
        "action": "event.reminder", "resource_kind": "event", "resource_id": "booking-1",
        "resource": { "title": "Visit" }, "deliver_at": deliver_at, "key": key
    })
}

#[tokio::test]
async fn what_is_published_for_later_is_listed_replaced_fired_and_cancelled() {
    let api = Api::start().await;
    let (_, key) = api.organization("Example").await;
    api.subscription(&key, "https://api.example.com/").await;
    let at_once = json!({
        "action": "event.voted", "resource_kind": "event", "resource_id": "booking-2", "resource": { "title": "Poll" }
    });
    let mixed =
        json!([reminder("a/1", "2026-01-15T10:30:00Z"), at_once, reminder("b", "2026-01-16T09:30:00+01:00")]);
    let accepted = api.post("/api/v1/actions", &key, mixed).await;
    assert_json_snapshot!(accepted.shown());
    assert_json_snapshot!(api.get("/api/v1/scheduled", &key).await.shown());
    let deliveries =
        async || api.get("/api/v1/deliveries", &key).await.json()["items"].as_array().unwrap().len();
    assert_eq!(deliveries().await, 1);

    let first = api.get("/api/v1/scheduled?limit=1", &key).await.json();
    let next = format!("/api/v1/scheduled?cursor={}", first["next"].as_str().unwrap());
    assert_eq!(api.get(&next, &key).await.json()["items"][0]["key"], "b");

    api.post("/api/v1/actions", &key, reminder("a/1", "2026-01-15T09:45:00Z")).await;
    api.clock.advance_seconds(15 * 60);
    assert_eq!(api.fire_due().await, 1);
    assert_eq!(deliveries().await, 2);
    assert_eq!(api.call("DELETE", "/api/v1/scheduled/a%2F1", &key, Value::Null).await.status, 404, "fired");
    assert_eq!(api.call("DELETE", "/api/v1/scheduled/b", &key, Value::Null).await.status, 204);
    assert_eq!(api.call("DELETE", "/api/v1/scheduled/b", &key, Value::Null).await.status, 404);
    assert_eq!(api.get("/api/v1/scheduled", &key).await.json()["items"], json!([]));
    api.clock.advance_seconds(48 * 3_600);
    assert_eq!(api.fire_due().await, 0);
}

#[tokio::test]
async fn a_repeated_request_schedules_once_and_is_answered_alike() {
    use axum::body::Body;
    use http::{Request, header};

    let api = Api::start().await;
    let (_, key) = api.organization("Example").await;
    let send = async || {
        let request = Request::post("/api/v1/actions")
            .header(header::AUTHORIZATION, format!("Bearer {key}"))
            .header(header::CONTENT_TYPE, "application/json")
            .header("idempotency-key", "k1");
        api.send(request.body(Body::from(reminder("a", "2026-01-15T10:30:00Z").to_string())).unwrap()).await
    };
    let first = send().await;
    api.call("DELETE", "/api/v1/scheduled/a", &key, Value::Null).await;
    let second = send().await;
    assert_eq!(second.header("idempotency-replayed"), "true");
    assert_eq!(first.json(), second.json());
    assert_eq!(api.get("/api/v1/scheduled", &key).await.json()["items"], json!([]), "it stays cancelled");
}

#[tokio::test]
async fn what_is_wrong_with_a_time_or_key_is_named() {
    let api = Api::start().await;
    let (_, key) = api.organization("Example").await;
    let mut refusals = Vec::new();
    for (member, value) in [
        ("deliver_at", Value::Null),
        ("deliver_at", json!("tomorrow")),
        ("deliver_at", json!("2028-01-15T10:30:00Z")),
        ("key", Value::Null),
        ("key", json!("")),
        ("key", json!("k".repeat(256))),
        ("expires_at", json!("2026-01-15T10:30:00Z")),
    ] {
        let mut item = reminder("a", "2026-01-15T10:30:00Z");
        item[member] = value;
        refusals.push(api.post("/api/v1/actions", &key, item).await.refusal());
    }
    let twice = json!([reminder("a", "2026-01-15T10:30:00Z"), reminder("a", "2026-01-15T10:31:00Z")]);
    refusals.push(api.post("/api/v1/actions", &key, twice).await.refusal());
    refusals.push(api.get("/api/v1/scheduled?cursor=%21", &key).await.refusal());
    assert_json_snapshot!(refusals);
}

#[tokio::test]
async fn scheduling_is_for_publishers_and_seen_by_everybody_of_the_organization() {
    let api = Api::start().await;
    let (organization, key) = api.organization("Example").await;
    let (_, other) = api.organization("Other").await;
    let publisher = api.key(&organization, "publisher", None).await;
    let viewer = api.key(&organization, "viewer", None).await;
    let item = reminder("a", "2026-01-15T10:30:00Z");
    assert_eq!(api.post("/api/v1/actions", &publisher, item).await.status, 202);
    assert_eq!(api.get("/api/v1/scheduled", &viewer).await.json()["items"][0]["key"], "a");
    assert_eq!(api.get("/api/v1/scheduled", &other).await.json()["items"], json!([]));
    assert_eq!(api.call("DELETE", "/api/v1/scheduled/a", &viewer, Value::Null).await.status, 403);
    assert_eq!(api.call("DELETE", "/api/v1/scheduled/a", &other, Value::Null).await.status, 404);
    assert_eq!(api.call("DELETE", "/api/v1/scheduled/a", &publisher, Value::Null).await.status, 204);
    let organization_path = format!("/api/v1/organizations/{organization}");
    for hours in [json!(0), json!(9_000), json!("1")] {
        let patch = json!({ "default_expiry_hours": hours });
        assert_eq!(api.call("PATCH", &organization_path, &key, patch).await.status, 422, "{hours}");
    }
    for hours in [json!(48), Value::Null] {
        let patch = json!({ "default_expiry_hours": hours });
        let changed = api.call("PATCH", &organization_path, &key, patch).await;
        assert_eq!(changed.json()["default_expiry_hours"], hours);
        let other_change = api.call("PATCH", &organization_path, &key, json!({ "name": "x" })).await;
        assert_eq!(other_change.json()["default_expiry_hours"], hours, "stays when it is left out");
    }
}
