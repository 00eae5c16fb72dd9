//! How much of an organization may wait before its publishing is refused.

use http::{Method, Request, header};
use insta::assert_json_snapshot;
use rendezhook_delivery::clock::Clock;
use rendezhook_domain::delivery::FinalState;
use rendezhook_domain::sequence::Sequence;
use rendezhook_store::record::{Disposition, Record};
use serde_json::{Value, json};

use crate::fixture::{Answer, Api};

fn item(id: u32) -> Value {
    json!({
        "action": "event.confirmed", "resource_kind": "event", "resource_id": format!("e{id}"),
        "resource": { "title": "Appointment" }
    })
}

async fn publish(api: &Api, key: &str, body: Value) -> Answer {
    api.post("/api/v1/actions", key, body).await
}

async fn publish_once(api: &Api, key: &str, idempotency_key: &str, body: &Value) -> Answer {
    let request = Request::builder()
        .method(Method::POST)
        .uri("/api/v1/actions")
        .header(header::AUTHORIZATION, format!("Bearer {key}"))
        .header(header::CONTENT_TYPE, "application/json")
        .header("idempotency-key", idempotency_key);
    api.send(request.body(body.to_string().into()).unwrap()).await
}

/// An organization of which so many deliveries may wait; answers with its path and a key.
async fn with_quota(api: &Api, quota: u64) -> (String, String) {
    let (id, key) = api.organization("Example").await;
    let path = format!("/api/v1/organizations/{id}");
    let set = api.call("PATCH", &path, &api.admin, json!({ "backlog_quota": quota })).await;
    assert_eq!((set.status.as_u16(), &set.json()["backlog_quota"]), (200, &json!(quota)));
    (path, key)
}

#[tokio::test]
async fn publishing_beyond_the_quota_is_answered_with_429() {
    let api = Api::start().await;
    let (_, key) = with_quota(&api, 3).await;
    api.subscription(&key, "https://api.example.com/hooks").await;
    let keyed = publish_once(&api, &key, "booking-1", &item(0)).await;
    assert_eq!(keyed.status, 202);
    assert_eq!(publish(&api, &key, json!([item(1), item(2)])).await.status, 202);
    let stored = json!({ "title": "Appointment" });

    let refused = publish(&api, &key, item(3)).await;
    assert_eq!(refused.header("retry-after"), "5");
    assert_json_snapshot!(refused.shown(), @r#"
    {
      "status": 429,
      "body": {
        "type": "/docs/problems#quota_reached",
        "title": "Too many deliveries wait",
        "status": 429,
        "code": "quota_reached",
        "detail": "3 deliveries of the organization wait, and publishing goes on below 3; repeat the request in 5 seconds",
        "instance": "req_#"
      }
    }
    "#);
    let batch = publish(&api, &key, json!([item(3), item(4)])).await;
    assert_eq!((batch.status.as_u16(), batch.header("retry-after")), (429, "5"));
    for method in ["PUT", "DELETE"] {
        let body = if method == "PUT" { json!({ "title": "Moved" }) } else { Value::Null };
        let put = api.call(method, "/api/v1/resources/event/e1", &key, body).await;
        assert_eq!((put.status.as_u16(), put.header("retry-after")), (429, "5"), "{method}");
    }
    assert_eq!(api.get("/api/v1/resources/event/e3", &key).await.status, 404, "nothing changed");

    let again = publish_once(&api, &key, "booking-1", &item(0)).await;
    assert_eq!((again.status.as_u16(), again.header("idempotency-replayed")), (202, "true"));
    assert_eq!(again.json(), keyed.json());
    assert_eq!(publish_once(&api, &key, "booking-2", &item(5)).await.status, 429);
    let same = api.call("PUT", "/api/v1/resources/event/e1", &key, stored).await;
    assert_eq!(same.status, 200, "what is stored already makes no delivery");
    let (_, other) = api.organization("Other").await;
    assert_eq!(publish(&api, &other, item(1)).await.status, 202, "others publish on");
}

#[tokio::test]
async fn what_is_paused_keeps_nobody_from_publishing() {
    let api = Api::start().await;
    let (_, key) = with_quota(&api, 3).await;
    let id = api.subscription(&key, "https://api.example.com/hooks").await;
    let path = format!("/api/v1/subscriptions/{id}");
    for _ in 0..2 {
        assert_eq!(publish(&api, &key, json!([item(1), item(2)])).await.status, 202);
    }
    assert_eq!(publish(&api, &key, item(3)).await.status, 429);
    assert_eq!(api.call("PATCH", &path, &key, json!({ "state": "paused" })).await.status, 200);
    for number in 4..12 {
        assert_eq!(publish(&api, &key, item(number)).await.status, 202, "{number}");
    }
    assert_eq!(api.call("PATCH", &path, &key, json!({ "state": "enabled" })).await.status, 200);
    assert_eq!(publish(&api, &key, item(12)).await.status, 429);

    let receiver = api.get(&path, &key).await.member("/receiver");
    let pause = format!("/api/v1/receivers/{receiver}/pause");
    assert_eq!(api.post(&pause, &key, json!({})).await.status, 200);
    assert_eq!(publish(&api, &key, item(13)).await.status, 202, "nor does a paused receiver");
}

#[tokio::test]
async fn what_waits_and_what_has_ended_is_counted() {
    let api = Api::start().await;
    let (_, key) = api.organization("Example").await;
    let id = api.subscription(&key, "https://api.example.com/hooks").await;
    let other = api.subscription(&key, "https://api.example.com/others").await;
    publish(&api, &key, json!([item(1), item(2), item(3)])).await;
    end_first(&api, &other).await;
    let counts = api.get("/api/v1/deliveries/counts", &key).await;
    assert_json_snapshot!(counts.shown(), @r#"
    {
      "status": 200,
      "body": {
        "waiting": 5,
        "ended": {
          "cancelled": 0,
          "delivered": 1,
          "exhausted": 0,
          "expired": 0,
          "folded": 0,
          "refused": 0,
          "set_aside": 0
        },
        "complete": true
      }
    }
    "#);
    let path = format!("/api/v1/deliveries/counts?subscription={id}");
    let of_one = api.get(&path, &key).await.json();
    assert_eq!((&of_one["waiting"], &of_one["ended"]["delivered"]), (&json!(3), &json!(0)));
    let health = api.get(&format!("/api/v1/subscriptions/{id}/health"), &key).await.json();
    assert_eq!((&health["waiting"], &health["breaker"]["state"]), (&json!(3), &json!("closed")));
    let receiver = api.get(&format!("/api/v1/subscriptions/{other}"), &key).await.member("/receiver");
    let health = api.get(&format!("/api/v1/receivers/{receiver}/health"), &key).await.json();
    let of_subscription = &health["subscriptions"][0];
    assert_eq!((&health["waiting"], &of_subscription["waiting"]), (&json!(2), &json!(2)));
    assert_eq!(of_subscription["breaker"]["state"], "closed");

    let (_, stranger) = api.organization("Other").await;
    assert_eq!(api.get(&path, &stranger).await.status, 404);
    let none = api.get("/api/v1/deliveries/counts", &stranger).await.json();
    assert_eq!((&none["waiting"], &none["complete"]), (&json!(0), &json!(true)));
    assert_eq!(api.get("/api/v1/deliveries/counts?state=waiting", &key).await.status, 400);
}

/// Plays the delivery side: the oldest delivery of a subscription is delivered.
async fn end_first(api: &Api, subscription: &str) {
    let catalogue = api.store.catalogue();
    let id = subscription.parse().unwrap();
    let entry = catalogue.organizations.values().find_map(|entry| entry.subscription(id)).unwrap();
    let of = &entry.subscription;
    let page =
        api.store.pending_page(of.receiver, Sequence::ZERO, Sequence::MAXIMUM, None, 10).await.unwrap();
    let delivered = Record {
        key: page.deliveries[0].key,
        organization: of.organization,
        subscription: of.number,
        at: api.clock.now(),
        attempt: None,
        disposition: Disposition::Ended(FinalState::Delivered),
        overtaken: false,
        freeze: None,
        disable: None,
        consequences: None,
        folded_into: None,
        over_backlog: false,
    };
    api.store.record(vec![delivered]).await.unwrap();
}

#[tokio::test]
async fn only_the_operator_sets_the_quota() {
    let api = Api::start().await;
    let (path, key) = with_quota(&api, 3).await;
    let refused = api.call("PATCH", &path, &key, json!({ "backlog_quota": 5_000_000 })).await;
    assert_json_snapshot!(refused.shown(), @r#"
    {
      "status": 403,
      "body": {
        "type": "/docs/problems#forbidden",
        "title": "The API key does not permit this",
        "status": 403,
        "code": "forbidden",
        "detail": "only the server's admin key may change backlog_quota and receiver_backlog, not an organization's key",
        "instance": "req_#"
      }
    }
    "#);
    for wrong in [json!(0), json!(1_000_000_001_u64)] {
        let refused = api.call("PATCH", &path, &api.admin, json!({ "backlog_quota": wrong })).await;
        assert_eq!(refused.status, 422);
        assert_eq!(refused.json()["errors"][0]["pointer"], "/backlog_quota");
    }
    let refused = api.call("PATCH", &path, &key, json!({ "receiver_backlog": 5 })).await;
    assert_eq!(refused.status, 403);
    let set = api.call("PATCH", &path, &api.admin, json!({ "receiver_backlog": 5 })).await;
    assert_eq!(set.json()["receiver_backlog"], 5);
    let refused = api.call("PATCH", &path, &api.admin, json!({ "receiver_backlog": 0 })).await;
    assert_eq!(refused.json()["errors"][0]["pointer"], "/receiver_backlog");
    let renamed = api.call("PATCH", &path, &key, json!({ "name": "Renamed" })).await;
    let limits = (&renamed.json()["backlog_quota"], &renamed.json()["receiver_backlog"]);
    assert_eq!(limits, (&json!(3), &json!(5)), "both stay when they are left out");
    let unset = api.call("PATCH", &path, &api.admin, json!({ "backlog_quota": null })).await;
    assert_eq!(unset.json()["backlog_quota"], Value::Null);
}
