//! Letting receivers and subscriptions go on: a plan first, then without what is too old.

use insta::assert_json_snapshot;
use rendezhook_domain::subscription::{DisableReason, SubscriptionState};
use rendezhook_store::change::{CatalogueChange, SubscriptionUpdate};
use serde_json::json;

use crate::fixture::Api;

/// Disables a subscription as the delivery side does for a receiver that fails for days.
async fn disable(api: &Api, subscription: &str) {
    let catalogue = api.store.catalogue();
    let id = subscription.parse().unwrap();
    let mut organizations = catalogue.organizations.values();
    let entry = organizations.find_map(|organization| organization.subscription(id)).unwrap();
    let current = &entry.subscription;
    let update = SubscriptionUpdate {
        state: Some((SubscriptionState::Disabled, Some(DisableReason::Failing))),
        ..SubscriptionUpdate::unchanged(current.organization, current.number, current.created_at)
    };
    api.store.change(CatalogueChange::UpdateSubscription(Box::new(update))).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_receiver_goes_on_without_what_is_too_old() {
    let api = Api::start().await;
    let (_, key) = api.organization("Example").await;
    api.subscription(&key, "https://api.example.com/hooks").await;
    for id in ["old-1", "old-2", "old-3", "old-4"] {
        api.publish_event(&key, id).await;
    }
    let receiver = api.get("/api/v1/receivers", &key).await.member("/items/0/id");
    let path = format!("/api/v1/receivers/{receiver}");
    let until = "2026-01-15T09:30:10.000Z";
    api.post(&format!("{path}/pause"), &key, json!({ "until": until })).await;
    api.clock.advance_seconds(5);
    for id in ["new-1", "new-2"] {
        api.publish_event(&key, id).await;
    }
    let request =
        |dry_run| json!({ "skip_older_than": "2026-01-15T09:30:05Z", "rate": 1, "dry_run": dry_run });
    let plan = api.post(&format!("{path}/resume"), &key, request(true)).await;
    assert_json_snapshot!(plan.shown(), @r#"
    {
      "status": 200,
      "body": {
        "dry_run": true,
        "waiting": 6,
        "skipped": 4,
        "expired": 0,
        "expiring_before_their_turn": 0,
        "oldest_accepted_at": "2026-01-15T09:30:00.000Z",
        "rate": 1,
        "takes_seconds": 2,
        "complete": true
      }
    }
    "#);
    let listed = |state: &'static str| {
        let (api, key) = (&api, &key);
        async move { api.get(&format!("/api/v1/deliveries?state={state}"), key).await.json()["items"].clone() }
    };
    assert_eq!(listed("waiting").await.as_array().unwrap().len(), 6, "nothing was changed");

    let resumed = api.post(&format!("{path}/resume"), &key, request(false)).await.json();
    assert_eq!((&resumed["state"], &resumed["pause"]), (&json!("open"), &json!(null)));
    assert_eq!(resumed["drain"], json!({ "rate": 1, "until": "2026-01-15T09:30:07.000Z" }));
    assert_eq!(listed("waiting").await.as_array().unwrap().len(), 2);
    let expired = listed("expired").await;
    assert_eq!(expired.as_array().unwrap().len(), 4);
    assert_eq!(expired[0]["expired_because"], "skipped");

    // What was left out is not lost.
    let replay = json!({ "since": "2026-01-15T00:00:00Z", "dry_run": true });
    assert_eq!(api.post("/api/v1/replays", &key, replay).await.json()["selected"], 4);
}

#[tokio::test]
async fn a_subscription_that_was_stopped_goes_on_after_a_plan() {
    let api = Api::start().await;
    let (_, key) = api.organization("Example").await;
    let (_, other_key) = api.organization("Another").await;
    let subscription = api.subscription(&key, "https://api.example.com/hooks").await;
    let neighbour = api.subscription(&key, "https://api.example.com/hooks").await;
    let path = format!("/api/v1/subscriptions/{subscription}");
    let resume = format!("{path}/resume");
    for id in ["booking-1", "booking-2", "booking-3"] {
        api.publish_event(&key, id).await;
        api.clock.advance_seconds(10);
    }
    let too_early = json!({ "skip_older_than": "2026-01-15T09:30:05Z" });
    let refused = api.post(&resume, &key, too_early).await.refusal();
    assert!(
        refused.starts_with("422 invalid_fields: /skip_older_than: deliveries are under way"),
        "{refused}"
    );
    disable(&api, &subscription).await;
    assert_eq!(api.get(&path, &key).await.member("/state"), "disabled");

    let plan = json!({ "skip_older_than": "2026-01-15T09:30:05Z", "rate": 2, "dry_run": true });
    assert_json_snapshot!(api.post(&resume, &key, plan).await.shown(), @r#"
    {
      "status": 200,
      "body": {
        "dry_run": true,
        "waiting": 3,
        "skipped": 1,
        "expired": 0,
        "expiring_before_their_turn": 0,
        "oldest_accepted_at": "2026-01-15T09:30:00.000Z",
        "rate": 2,
        "takes_seconds": 1,
        "complete": true
      }
    }
    "#);
    assert_eq!(api.get(&path, &key).await.member("/state"), "disabled");
    assert_eq!(api.post(&resume, &other_key, json!({})).await.status, 404);

    let request = json!({ "skip_older_than": "2026-01-15T09:30:05Z", "rate": 2 });
    let resumed = api.post(&resume, &key, request).await.json();
    assert_eq!((&resumed["state"], &resumed["disabled_because"]), (&json!("enabled"), &json!(null)));
    let receiver =
        api.get(&format!("/api/v1/receivers/{}", resumed["receiver"].as_str().unwrap()), &key).await;
    assert_eq!(receiver.json()["drain"], json!({ "rate": 2, "until": "2026-01-15T09:30:31.000Z" }));
    for (id, waiting) in [(&subscription, 2), (&neighbour, 3)] {
        let listed =
            api.get(&format!("/api/v1/deliveries?subscription={id}&state=waiting"), &key).await.json();
        assert_eq!(listed["items"].as_array().unwrap().len(), waiting, "{listed}");
    }
}
