//! How subscriptions and receivers do, and the server's own notices as far as requests meet them.

use insta::assert_json_snapshot;
use rendezhook_delivery::health::{EndedAttempt, HealthOptions, HealthTracker};
use rendezhook_domain::outcome::{Answer, Outcome};
use rendezhook_domain::sequence::{Sequence, SubscriptionNumber};
use rendezhook_domain::stage::Stage;
use rendezhook_domain::time::Timestamp;
use rendezhook_store::record::AttemptResult;
use serde_json::json;

use crate::fixture::{Api, NOW};

/// Plays the delivery side: lets attempts of a subscription end with these statuses, one every ten minutes until now, and keeps
/// how it does.
async fn attempted(api: &Api, subscription: &str, statuses: &[u16]) {
    let number = number_of(api, subscription);
    let now: Timestamp = NOW.parse().unwrap();
    let mut tracker = HealthTracker::new(HealthOptions::default());
    for (place, status) in statuses.iter().enumerate() {
        let steps = u64::try_from(statuses.len() - 1 - place).unwrap();
        let answer = Answer { status: *status, retry_after: None, wish: None };
        tracker.ended(&EndedAttempt {
            subscription: number,
            sequence: Sequence::new(1),
            action: &"event.confirmed".parse().unwrap(),
            number: 1,
            at: now.before(std::time::Duration::from_secs(600 * steps)),
            stage: Stage::Target,
            result: AttemptResult::Status(*status),
            verdict: Outcome::Answered(answer).verdict(),
        });
    }
    api.store.keep_health(tracker.keep(number).into_iter().collect()).await.unwrap();
}

fn number_of(api: &Api, subscription: &str) -> SubscriptionNumber {
    let catalogue = api.store.catalogue();
    let id = subscription.parse().unwrap();
    catalogue
        .organizations
        .values()
        .find_map(|entry| entry.subscription(id).map(|entry| entry.subscription.number))
        .unwrap()
}

#[tokio::test]
async fn a_subscription_shows_since_when_it_fails_and_why() {
    let api = Api::start().await;
    let (_, key) = api.organization("Example").await;
    let id = api.subscription(&key, "https://api.example.com/hooks/1?key=hunter2").await;
    attempted(&api, &id, &[204, 500, 500, 500, 500, 500, 500, 404]).await;
    let shown = api.get(&format!("/api/v1/subscriptions/{id}/health"), &key).await;
    assert_json_snapshot!(shown.shown(), @r#"
    {
      "status": 200,
      "body": {
        "subscription": "sub_#",
        "receiver": "rcv_#",
        "endpoint": "https://api.example.com/hooks/1",
        "state": "failing",
        "waiting": 0,
        "breaker": {
          "state": "closed",
          "since": null,
          "next_probe_at": null
        },
        "failing_since": "2026-01-15T08:30:00.000Z",
        "failing_actions": [],
        "last_success_at": "2026-01-15T08:20:00.000Z",
        "last_failure": {
          "at": "2026-01-15T09:30:00.000Z",
          "action": "event.confirmed",
          "stage": "target",
          "explanation": "the target answered 404",
          "status": 404,
          "cause": null,
          "counts_against": "subscription"
        },
        "failed_attempts": 7,
        "failed_deliveries": 7,
        "stuck_deliveries": 0,
        "noticed_at": "2026-01-15T09:30:00.000Z",
        "disable_at": "2026-01-20T08:30:00.000Z",
        "last_hour": {
          "successes": 0,
          "failures": 6
        },
        "last_day": {
          "successes": 1,
          "failures": 7
        },
        "actions": [
          {
            "action": "event.confirmed",
            "failing_since": "2026-01-15T08:30:00.000Z",
            "last_success_at": "2026-01-15T08:20:00.000Z",
            "last_failure_at": "2026-01-15T09:30:00.000Z",
            "last_day": {
              "successes": 1,
              "failures": 7
            }
          }
        ]
      }
    }
    "#);
}

#[tokio::test]
async fn a_subscription_that_was_never_delivered_to_is_healthy() {
    let api = Api::start().await;
    let (_, key) = api.organization("Example").await;
    let id = api.subscription(&key, "https://api.example.com/hooks/1").await;
    let shown = api.get(&format!("/api/v1/subscriptions/{id}/health"), &key).await.json();
    assert_eq!((&shown["state"], &shown["failing_since"]), (&json!("healthy"), &json!(null)));
    let path = format!("/api/v1/subscriptions/{id}");
    api.call("PATCH", &path, &key, json!({ "state": "paused" })).await;
    let shown = api.get(&format!("{path}/health"), &key).await.json();
    assert_eq!(shown["state"], "paused");
}

#[tokio::test]
async fn a_receiver_does_as_the_worst_of_its_subscriptions() {
    let api = Api::start().await;
    let (_, key) = api.organization("Example").await;
    let (_, stranger) = api.organization("Other").await;
    let good = api.subscription(&key, "https://api.example.com/hooks?a=1").await;
    let bad = api.subscription(&key, "https://api.example.com/hooks?a=2").await;
    attempted(&api, &good, &[200]).await;
    attempted(&api, &bad, &[500; 8]).await;
    let receiver = api.get("/api/v1/receivers", &key).await.member("/items/0/id");
    let path = format!("/api/v1/receivers/{receiver}/health");
    assert_json_snapshot!(api.get(&path, &key).await.shown(), @r#"
    {
      "status": 200,
      "body": {
        "receiver": "rcv_#",
        "state": "failing",
        "waiting": 0,
        "failing_since": "2026-01-15T08:20:00.000Z",
        "last_success_at": "2026-01-15T09:30:00.000Z",
        "disable_at": "2026-01-20T08:20:00.000Z",
        "subscriptions": [
          {
            "subscription": "sub_#",
            "state": "healthy",
            "waiting": 0,
            "breaker": {
              "state": "closed",
              "since": null,
              "next_probe_at": null
            },
            "failing_since": null
          },
          {
            "subscription": "sub_#",
            "state": "failing",
            "waiting": 0,
            "breaker": {
              "state": "closed",
              "since": null,
              "next_probe_at": null
            },
            "failing_since": "2026-01-15T08:20:00.000Z"
          }
        ],
        "more": false
      }
    }
    "#);
    assert_eq!(api.get(&path, &stranger).await.status, 404);
    assert_eq!(api.get(&format!("/api/v1/subscriptions/{bad}/health"), &stranger).await.status, 404);
    assert_eq!(api.get("/api/v1/receivers/rcv_1/health", &key).await.status, 404);
}

#[tokio::test]
async fn notices_are_subscribed_to_by_name_and_published_by_nobody() {
    let api = Api::start().await;
    let (_, key) = api.organization("Example").await;
    let subscribe = |actions: serde_json::Value| {
        let request = json!({ "target_url": "https://api.example.com/operator", "actions": actions });
        api.post("/api/v1/subscriptions", &key, request)
    };
    let wanted = ["subscription.*", "subscription.failing", "delivery.*", "delivery.exhausted"];
    assert_eq!(subscribe(json!(wanted)).await.status, 201);
    assert_eq!(subscribe(json!(["subscription.created"])).await.status, 422);

    let item = json!({
        "action": "subscription.failing", "resource_kind": "subscription", "resource_id": "sub_1", "resource": {}
    });
    let refused = api.post("/api/v1/actions", &key, item).await;
    assert_json_snapshot!(refused.shown(), @r#"
    {
      "status": 422,
      "body": {
        "type": "/docs/problems#invalid_fields",
        "title": "Some fields are not valid",
        "status": 422,
        "code": "invalid_fields",
        "detail": "/resource_kind: only the server itself tells what happens to a subscription; it cannot be published",
        "errors": [
          {
            "detail": "only the server itself tells what happens to a subscription; it cannot be published",
            "pointer": "/resource_kind"
          }
        ],
        "instance": "req_#"
      }
    }
    "#);
    assert_eq!(api.call("PUT", "/api/v1/resources/subscription/sub_1", &key, json!({})).await.status, 404);
    assert_eq!(api.get("/api/v1/resources/delivery/dlv_1", &key).await.status, 404);
}
