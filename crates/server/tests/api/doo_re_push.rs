//! `POST /v1/webhooks/init/{events|orders}`: stored resources once more.

use insta::assert_json_snapshot;
use serde_json::{Value, json};

use crate::fixture::Api;
use crate::fixture::doo::{Doo, call, group, refusal};

const EVENTS: &str = "/v1/webhooks/init/events";
const ORDERS: &str = "/v1/webhooks/init/orders";

/// Stores events `e1` to `e3`, an hour apart, and an order for each of the first two.
async fn store(api: &Api, key: &str) {
    for (number, hour) in [(1, "06"), (2, "07"), (3, "08")] {
        let occurred_at = format!("?occurred_at=2026-01-15T{hour}:00:00Z");
        let event = json!({ "title": format!("Event {number}") });
        let path = format!("/api/v1/resources/event/e{number}{occurred_at}");
        assert_eq!(api.call("PUT", &path, key, event).await.status, 200);
        if number < 3 {
            let order = json!({ "event": { "id": format!("e{number}") } });
            let path = format!("/api/v1/resources/order/o{number}{occurred_at}");
            assert_eq!(api.call("PUT", &path, key, order).await.status, 200);
        }
    }
}

async fn items(doo: &Doo, api: &Api, path: &str, body: Value) -> Value {
    let answer = doo.post(api, path, &body).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()["items_processed"].clone()
}

/// The deliveries of an organization, oldest first: resource, action and when they are due.
async fn deliveries(api: &Api, key: &str) -> Vec<String> {
    let listed = api.get("/api/v1/deliveries?limit=100", key).await.json();
    let shown = |delivery: &Value| {
        let text = |member: &str| delivery[member].as_str().unwrap().to_owned();
        format!("{} {} {} {}", text("origin"), text("resource_id"), text("action"), text("due_at"))
    };
    listed["items"].as_array().unwrap().iter().rev().map(shown).collect()
}

#[tokio::test]
async fn stored_events_are_pushed_to_a_hook_of_each_group() {
    let api = Api::start().await;
    let doo = Doo::of(&api, "Example").await;
    store(&api, &doo.key).await;
    doo.group(&api, &group(&["event_created", "event_updated", "order_created"])).await;
    doo.group(&api, &group(&["event_removed", "event_created"])).await;
    doo.group(&api, &group(&["event_removed"])).await;
    let mut of_one = group(&["event_created"]);
    of_one["event_id"] = json!("e2");
    doo.group(&api, &of_one).await;

    let answer = doo.post(&api, EVENTS, &json!({ "organization_id": 1, "max_rate_per_min": 6 })).await;
    assert_json_snapshot!(answer.shown(), @r#"
    {
      "status": 200,
      "body": {
        "response_status": 200,
        "developer_message": "Success",
        "user_message": "Success",
        "items_processed": 3,
        "_links": {
          "self": {
            "href": "http://127.0.0.1:8080/v1/webhooks/init/events"
          }
        }
      }
    }
    "#);
    assert_json_snapshot!(deliveries(&api, &doo.key).await, @r#"
    [
      "re_push e1 event.updated 2026-01-15T09:30:00.000Z",
      "re_push e1 event.created 2026-01-15T09:30:10.000Z",
      "re_push e2 event.updated 2026-01-15T09:30:20.000Z",
      "re_push e2 event.created 2026-01-15T09:30:30.000Z",
      "re_push e2 event.created 2026-01-15T09:30:40.000Z",
      "re_push e3 event.updated 2026-01-15T09:30:50.000Z",
      "re_push e3 event.created 2026-01-15T09:31:00.000Z"
    ]
    "#);
}

#[tokio::test]
async fn filters_narrow_what_is_pushed() {
    let api = Api::start().await;
    let doo = Doo::of(&api, "Example").await;
    store(&api, &doo.key).await;
    let one = doo.group(&api, &group(&["event_updated", "event_removed", "order_cancelled"])).await;
    doo.group(&api, &group(&["event_created", "order_created"])).await;
    for (path, body, expected) in [
        (EVENTS, json!({ "organization_id": 1, "webhook_type": ["event_removed"] }), 3),
        (EVENTS, json!({ "organization_id": 1, "last_updated_after": "2026-01-15T07:00:00Z" }), 2),
        (EVENTS, json!({ "organization_id": 1, "last_updated_before": "2026-01-15T07:00:00Z" }), 1),
        (EVENTS, json!({ "event_id": "e2" }), 1),
        (EVENTS, json!({ "event_id": "e2", "last_updated_after": "2026-01-15T07:30:00Z" }), 0),
        (EVENTS, json!({ "event_id": "unknown" }), 0),
        (EVENTS, json!({ "event_id": "e1", "webhook_configuration_id": one }), 1),
        (ORDERS, json!({ "event_id": "e1" }), 1),
        (ORDERS, json!({ "event_id": "e3" }), 0),
        (ORDERS, json!({ "organization_id": 1 }), 2),
        (ORDERS, json!({ "organization_id": 1, "webhook_type": ["order_cancelled"] }), 2),
        (ORDERS, json!({ "organization_id": 1, "webhook_type": ["order_removed"] }), 0),
    ] {
        assert_eq!(items(&doo, &api, path, body.clone()).await, json!(expected), "{path} {body}");
    }
    let pushed = deliveries(&api, &doo.key).await;
    let count = |text: &str| pushed.iter().filter(|delivery| delivery.contains(text)).count();
    assert_eq!((count("event.removed"), count("order.cancelled"), count("order.created")), (3, 2, 3));
    assert_eq!((count("event.updated"), count("event.created"), pushed.len()), (5, 4, 17));
}

#[tokio::test]
async fn wrong_requests_are_refused() {
    let api = Api::start().await;
    let doo = Doo::of(&api, "Example").await;
    let other = Doo::of(&api, "Other").await;
    let others = other.group(&api, &group(&["event_updated"])).await;
    store(&api, &doo.key).await;
    let mut refusals = Vec::new();
    for body in [
        json!({}),
        json!([]),
        json!({ "organization_id": 2 }),
        json!({ "organization_id": "one" }),
        json!({ "organization_id": 1, "webhook_type": ["order_created"] }),
        json!({ "organization_id": 1, "webhook_configuration_id": "1" }),
        json!({ "organization_id": 1, "webhook_configuration_id": others }),
        json!({ "organization_id": 1, "max_rate_per_min": 0 }),
        json!({ "organization_id": 1, "last_updated_after": "yesterday" }),
    ] {
        refusals.push(refusal(&doo.post(&api, EVENTS, &body).await));
    }
    assert_json_snapshot!(refusals, @r#"
    [
      "400 organization_id: is missing; give it or event_id",
      "400 the body must be a JSON object",
      "404 there is no such organization",
      "400 organization_id: must be the number of an organization",
      "400 webhook_type[0]: \"order_created\" is none of: event_created, event_updated, event_removed",
      "400 webhook_configuration_id: must be the id of a group of hooks",
      "404 there is no such webhook configuration",
      "400 max_rate_per_min: must be a whole number, 1 or more",
      "400 last_updated_after: \"yesterday\" is no instant; write it like 2026-01-15T09:30:00Z, 2026-01-15 09:30:00 or 2026-01-15"
    ]
    "#);
    let body = json!({ "organization_id": 1 }).to_string();
    for (key, token) in [(&doo.key, ""), (&doo.key, other.token.as_str())] {
        assert_eq!(call(&api, "POST", EVENTS, key, token, &body).await.status, 401);
    }
    let viewer = api.key(&doo.organization, "viewer", None).await;
    assert_eq!(call(&api, "POST", EVENTS, &viewer, &doo.token, &body).await.status, 403);
    assert!(deliveries(&api, &doo.key).await.is_empty());
    assert!(deliveries(&api, &other.key).await.is_empty());
}

#[tokio::test]
async fn more_than_ten_thousand_deliveries_are_refused_and_none_is_made() {
    let api = Api::start().await;
    let doo = Doo::of(&api, "Example").await;
    let item = |number: usize| {
        json!({
            "action": "event.created", "resource_kind": "event", "resource_id": format!("e{number}"),
            "resource": { "title": "Event" }, "occurred_at": format!("2026-01-{:02}T00:00:00Z", 1 + number % 10)
        })
    };
    let first: Vec<Value> = (0..1_001).map(item).collect();
    assert_eq!(api.post("/api/v1/actions", &doo.key, json!(first)).await.status, 202);
    for _ in 0..10 {
        doo.group(&api, &group(&["event_updated"])).await;
    }
    let refused = doo.post(&api, EVENTS, &json!({ "organization_id": 1 })).await;
    assert!(refusal(&refused).starts_with("400 more than 10000 deliveries would be made"), "{refused:?}");
    assert!(deliveries(&api, &doo.key).await.is_empty());
    let day = json!({ "organization_id": 1, "last_updated_after": "2026-01-10T00:00:00Z" });
    assert_eq!(items(&doo, &api, EVENTS, day).await, json!(100));
}

#[tokio::test]
async fn groups_of_a_user_are_left_out() {
    let api = Api::start().await;
    let doo = Doo::of(&api, "Example").await;
    store(&api, &doo.key).await;
    let users_token = Doo::token_of(&api, &doo.organization, &doo.key, Some("u-1")).await;
    let body = group(&["event_updated"]).to_string();
    assert_eq!(call(&api, "POST", &doo.collection, &doo.key, &users_token, &body).await.status, 200);
    assert_eq!(items(&doo, &api, EVENTS, json!({ "organization_id": 1 })).await, json!(0));
}
