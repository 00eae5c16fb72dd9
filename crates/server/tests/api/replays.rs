//! `/api/v1/replays`, and replays of single deliveries.

use insta::assert_json_snapshot;
use rendezhook_domain::delivery::FinalState;
use rendezhook_domain::sequence::Sequence;
use rendezhook_store::record::{Disposition, Record};
use rendezhook_store::replay::ReplayWork;
use serde_json::{Value, json};

use crate::fixture::{Answer, Api, NOW};

const REPLAYS: &str = "/api/v1/replays";

/// Ends everything that waits in a state.
async fn end_all(api: &Api, state: FinalState) {
    let mut records = Vec::new();
    for announcement in api.store.receivers_with_pending().await.unwrap() {
        let all = (Sequence::ZERO, Sequence::MAXIMUM);
        let page = api.store.pending_page(announcement.receiver, all.0, all.1, None, 5_000).await.unwrap();
        records.extend(page.deliveries.into_iter().map(|delivery| Record {
            key: delivery.key,
            organization: announcement.organization,
            subscription: delivery.subscription,
            at: NOW.parse().unwrap(),
            attempt: None,
            disposition: Disposition::Ended(state),
            overtaken: false,
            freeze: None,
            disable: None,
            consequences: None,
            folded_into: None,
            over_backlog: false,
        }));
    }
    api.store.record(records).await.unwrap();
}

/// Ids of the organization's deliveries, oldest first.
async fn deliveries(api: &Api, key: &str, filter: &str) -> Vec<Value> {
    let listed = api.get(&format!("/api/v1/deliveries?limit=100{filter}"), key).await.json();
    listed["items"].as_array().unwrap().iter().rev().cloned().collect()
}

async fn advance(api: &Api) {
    while api.store.advance_replays(NOW.parse().unwrap()).await.unwrap() == ReplayWork::Now {}
}

/// A call with an idempotency key.
async fn with_key(api: &Api, path: &str, key: &str, idempotency: &str, body: &Value) -> Answer {
    let request = http::Request::post(path)
        .header("authorization", format!("Bearer {key}"))
        .header("content-type", "application/json")
        .header("idempotency-key", idempotency);
    api.send(request.body(axum::body::Body::from(body.to_string())).unwrap()).await
}

#[tokio::test]
async fn one_delivery_is_made_once_more() {
    let api = Api::start().await;
    let (_, key) = api.organization("Example").await;
    api.subscription(&key, "https://api.example.com/hooks").await;
    api.publish_event(&key, "booking-1").await;
    let original = deliveries(&api, &key, "").await[0]["id"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/deliveries/{original}/replay");
    let refused = api.post(&path, &key, Value::Null).await.refusal();
    assert!(refused.starts_with("409 conflict: this delivery waits"), "{refused}");

    end_all(&api, FinalState::Exhausted).await;
    let made = api.post(&path, &key, Value::Null).await;
    assert_json_snapshot!(made.shown(), @r#"
    {
      "status": 202,
      "body": {
        "delivery": "dlv_#",
        "replay": {
          "id": "rpl_#",
          "state": "done",
          "selection": {
            "deliveries": 1
          },
          "to": null,
          "rate": 10,
          "selected": 1,
          "made": 1,
          "waiting": 1,
          "delivered": 0,
          "failed": 0,
          "skipped": {
            "body_gone": 0,
            "subscription_gone": 0,
            "not_wanted": 0,
            "still_waiting": 0
          },
          "created_at": "2026-01-15T09:30:00.000Z",
          "ended_at": "2026-01-15T09:30:00.000Z"
        }
      }
    }
    "#);
    let again = api.get(&format!("/api/v1/deliveries/{}", made.member("/delivery")), &key).await.json();
    assert_eq!(again["repeats"], json!(original));
    assert_eq!((&again["origin"], &again["state"]), (&json!("replay"), &json!("waiting")));
    end_all(&api, FinalState::Delivered).await;
    let replay = api.get(&format!("{REPLAYS}/{}", made.member("/replay/id")), &key).await.json();
    assert_eq!((&replay["delivered"], &replay["waiting"]), (&json!(1), &json!(0)));
}

#[tokio::test]
async fn what_failed_since_is_counted_then_made_then_cancelled() {
    let api = Api::start().await;
    let (_, key) = api.organization("Example").await;
    let subscription = api.subscription(&key, "https://api.example.com/hooks").await;
    for number in 0..3 {
        api.publish_event(&key, &format!("booking-{number}")).await;
    }
    end_all(&api, FinalState::Expired).await;
    api.publish_event(&key, "delivered").await;
    end_all(&api, FinalState::Delivered).await;

    let mut body = json!({
        "subscription": subscription, "since": "2026-01-15T00:00:00Z", "action": "event.*", "rate": 2,
        "dry_run": true
    });
    let counted = api.post(REPLAYS, &key, body.clone()).await;
    assert_json_snapshot!(counted.shown(), @r#"
    {
      "status": 200,
      "body": {
        "dry_run": true,
        "selected": 3,
        "would_make": 3,
        "skipped": {
          "body_gone": 0,
          "subscription_gone": 0,
          "not_wanted": 0,
          "still_waiting": 0
        },
        "complete": true,
        "takes_seconds": 2
      }
    }
    "#);
    assert_eq!(deliveries(&api, &key, "&state=waiting").await.len(), 0);

    body.as_object_mut().unwrap().remove("dry_run");
    let made = api.post(REPLAYS, &key, body).await;
    assert_json_snapshot!(made.shown(), @r#"
    {
      "status": 202,
      "body": {
        "id": "rpl_#",
        "state": "done",
        "selection": {
          "subscription": "sub_#",
          "state": "failed",
          "since": "2026-01-15T00:00:00.000Z",
          "until": null,
          "action": "event.*"
        },
        "to": null,
        "rate": 2,
        "selected": 3,
        "made": 3,
        "waiting": 3,
        "delivered": 0,
        "failed": 0,
        "skipped": {
          "body_gone": 0,
          "subscription_gone": 0,
          "not_wanted": 0,
          "still_waiting": 0
        },
        "created_at": "2026-01-15T09:30:00.000Z",
        "ended_at": "2026-01-15T09:30:00.000Z"
      }
    }
    "#);
    let waiting = deliveries(&api, &key, "&state=waiting").await;
    let due: Vec<&str> = waiting.iter().map(|delivery| delivery["due_at"].as_str().unwrap()).collect();
    assert_eq!(due, ["2026-01-15T09:30:00.000Z", "2026-01-15T09:30:00.500Z", "2026-01-15T09:30:01.000Z"]);
    let path = format!("{REPLAYS}/{}", made.member("/id"));
    let listed = api.get(REPLAYS, &key).await.json();
    assert_eq!(listed["items"][0], api.get(&path, &key).await.json());

    let cancelled = api.post(&format!("{path}/cancel"), &key, Value::Null).await.json();
    assert_eq!((&cancelled["state"], &cancelled["failed"]), (&json!("cancelled"), &json!(3)));
    assert_eq!(deliveries(&api, &key, "&state=waiting").await.len(), 0);
    assert_eq!(deliveries(&api, &key, "&state=cancelled").await.len(), 3);
}

#[tokio::test]
async fn what_a_replay_has_handed_over_is_not_taken_again() {
    let api = Api::start().await;
    let (_, key) = api.organization("Example").await;
    let subscription = api.subscription(&key, "https://api.example.com/hooks").await;
    for number in 0..3 {
        api.publish_event(&key, &format!("booking-{number}")).await;
    }
    end_all(&api, FinalState::Exhausted).await;
    let failed = deliveries(&api, &key, "&state=exhausted").await;
    for arrived in &failed[..2] {
        let path = format!("/api/v1/deliveries/{}/replay", arrived["id"].as_str().unwrap());
        assert_eq!(api.post(&path, &key, Value::Null).await.status, 202);
    }
    end_all(&api, FinalState::Delivered).await;
    let shown = deliveries(&api, &key, "&state=exhausted").await;
    let handed_over: Vec<_> = shown.iter().map(|one| one.get("handed_over_by_replay")).collect();
    assert_eq!(handed_over, [Some(&json!(true)), Some(&json!(true)), None]);
    let path = format!("/api/v1/deliveries/{}", failed[0]["id"].as_str().unwrap());
    assert_eq!(api.get(&path, &key).await.json()["handed_over_by_replay"], true);
    let since = json!({ "subscription": subscription, "since": "2026-01-15T00:00:00Z" });
    let with = |member: &str, value: Value| {
        let mut body = since.clone();
        body[member] = value;
        body
    };
    let counted = api.post(REPLAYS, &key, with("dry_run", json!(true))).await.json();
    assert_eq!((&counted["selected"], &counted["would_make"]), (&json!(1), &json!(1)), "{counted}");
    let made = api.post(REPLAYS, &key, since.clone()).await.json();
    assert_eq!((&made["selected"], &made["made"]), (&json!(1), &json!(1)), "{made}");
    let waiting = deliveries(&api, &key, "&state=waiting").await;
    assert_eq!(waiting.len(), 1);
    assert_eq!(waiting[0]["resource_id"], failed[2]["resource_id"]);
    end_all(&api, FinalState::Delivered).await;

    let counted = api.post(REPLAYS, &key, with("dry_run", json!(true))).await.json();
    assert_eq!((&counted["selected"], &counted["would_make"]), (&json!(0), &json!(0)), "{counted}");
    let made = api.post(REPLAYS, &key, with("state", json!("all"))).await.json();
    assert_eq!(made["made"], 3, "however they ended: {made}");
    let named = json!({ "deliveries": [failed[0]["id"]] });
    end_all(&api, FinalState::Delivered).await;
    assert_eq!(api.post(REPLAYS, &key, named).await.json()["made"], 1, "who names one gets it");
}

#[tokio::test]
async fn a_new_subscription_gets_what_another_one_got() {
    let api = Api::start().await;
    let (_, key) = api.organization("Example").await;
    let one = api.subscription(&key, "https://one.example.com/hooks").await;
    for number in 0..30 {
        api.publish_event(&key, &format!("booking-{number}")).await;
    }
    end_all(&api, FinalState::Delivered).await;
    api.publish_event(&key, "booking-30").await;
    let other = api.subscription(&key, "https://other.example.com/hooks").await;
    let body = json!({ "subscription": one, "since": "2026-01-01T00:00:00Z", "to": other, "rate": 1000 });
    let made = api.post(REPLAYS, &key, body).await.json();
    assert_eq!((&made["made"], &made["selection"]["state"]), (&json!(31), &json!("all")), "{made}");
    advance(&api).await;
    let backfill = deliveries(&api, &key, &format!("&subscription={other}")).await;
    let resources: Vec<String> =
        backfill.iter().map(|delivery| delivery["resource_id"].as_str().unwrap().to_owned()).collect();
    let expected: Vec<String> = (0..31).map(|number| format!("booking-{number}")).collect();
    assert_eq!(resources, expected);
    assert!(
        backfill
            .iter()
            .all(|delivery| delivery["origin"] == "backfill" && delivery["repeats"] != delivery["id"])
    );
}

#[tokio::test]
async fn wrong_requests_are_refused() {
    let api = Api::start().await;
    let (organization, key) = api.organization("Example").await;
    let (_, other) = api.organization("Other").await;
    let subscription = api.subscription(&key, "https://api.example.com/hooks").await;
    let others = api.subscription(&other, "https://api.example.com/hooks").await;
    api.publish_event(&other, "booking-1").await;
    let foreign = deliveries(&api, &other, "").await[0]["id"].clone();
    let since = "2026-01-01T00:00:00Z";
    let mut refusals = Vec::new();
    for body in [
        json!({}),
        json!({ "deliveries": [] }),
        json!({ "deliveries": ["dlv_1"] }),
        json!({ "deliveries": [foreign], "since": since }),
        json!({ "deliveries": [foreign] }),
        json!({ "since": "yesterday" }),
        json!({ "since": since, "state": "waiting" }),
        json!({ "since": since, "rate": 0 }),
        json!({ "since": since, "rate": 1001 }),
        json!({ "since": since, "to": subscription }),
        json!({ "since": since, "action": "" }),
        json!({ "since": since, "subscription": others }),
        json!({ "since": since, "subscription": subscription, "to": others }),
        json!({ "since": since, "speed": 1 }),
    ] {
        refusals.push(api.post(REPLAYS, &key, body).await.refusal());
    }
    assert_json_snapshot!(refusals, @r#"
    [
      "422 invalid_fields: /since: this member is missing; without \"deliveries\" a stretch of time begins here",
      "422 invalid_fields: /deliveries: name 1 to 500 deliveries, or a stretch of time with \"since\"",
      "422 invalid_fields: /deliveries/0: \"dlv_1\" is not an id of this kind; such an id is \"dlv_\" followed by 32 hexadecimal digits",
      "422 invalid_fields: /since: \"deliveries\" names them one by one; leave this member out",
      "404 not_found: there is no such delivery or subscription",
      "422 invalid_fields: /since: \"yesterday\" is not an instant; write it like 2026-01-15T09:30:00.000Z",
      "422 invalid_fields: /state: \"waiting\" is not a state that can be replayed; there are: exhausted, failed, all",
      "422 invalid_fields: /rate: a replay makes 1 to 1000 deliveries a second",
      "422 invalid_fields: /rate: a replay makes 1 to 1000 deliveries a second",
      "422 invalid_fields: /subscription: name the subscription whose deliveries \"to\" is to get",
      "422 invalid_fields: /action: \"\" is not the name of an action; write the kind of resource, a dot and what happened, in lower case: event.confirmed",
      "404 not_found: there is no such subscription",
      "404 not_found: there is no such subscription",
      "422 invalid_fields: /speed: unknown field `speed`, expected one of `deliveries`, `subscription`, `state`, `since`, `until`, `action`, `to`, `rate`, `dry_run`"
    ]
    "#);
    let many: Vec<_> = (0..501).map(|_| foreign.clone()).collect();
    assert_eq!(api.post(REPLAYS, &key, json!({ "deliveries": many })).await.status, 422);
    let viewer = api.key(&organization, "viewer", None).await;
    assert_eq!(api.post(REPLAYS, &viewer, json!({ "since": since })).await.status, 403);
    assert_eq!(api.get(REPLAYS, &viewer).await.status, 200);
}

#[tokio::test]
async fn a_key_of_a_user_replays_what_is_the_users() {
    let api = Api::start().await;
    let (organization, key) = api.organization("Example").await;
    let everybodys = api.subscription(&key, "https://api.example.com/hooks").await;
    api.publish_event(&key, "booking-1").await;
    end_all(&api, FinalState::Exhausted).await;
    let delivery = deliveries(&api, &key, "").await[0]["id"].clone();
    let users = api.key(&organization, "integrator", Some("u-1")).await;
    let own = api.subscription(&users, "https://own.example.com/hooks").await;
    let since = "2026-01-01T00:00:00Z";
    for (body, status) in [
        (json!({ "since": since }), 403),
        (json!({ "since": since, "subscription": everybodys }), 404),
        (json!({ "deliveries": [delivery] }), 404),
        (json!({ "since": since, "subscription": own }), 202),
    ] {
        assert_eq!(api.post(REPLAYS, &users, body.clone()).await.status, status, "{body}");
    }
    let path = format!("/api/v1/deliveries/{}/replay", delivery.as_str().unwrap());
    assert_eq!(api.post(&path, &users, Value::Null).await.status, 404);
    let organizations = api.post(REPLAYS, &key, json!({ "since": since })).await.member("/id");
    assert_eq!(api.get(&format!("{REPLAYS}/{organizations}"), &users).await.status, 404);
    assert_eq!(api.get(REPLAYS, &users).await.json()["items"].as_array().unwrap().len(), 1);
    assert_eq!(api.get(REPLAYS, &key).await.json()["items"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_repeated_request_is_answered_with_the_same_replay() {
    let api = Api::start().await;
    let (_, key) = api.organization("Example").await;
    api.subscription(&key, "https://api.example.com/hooks").await;
    api.publish_event(&key, "booking-1").await;
    end_all(&api, FinalState::Exhausted).await;
    let body = json!({ "since": "2026-01-01T00:00:00Z" });
    let first = with_key(&api, REPLAYS, &key, "once", &body).await;
    let second = with_key(&api, REPLAYS, &key, "once", &body).await;
    assert_eq!(first.member("/id"), second.member("/id"));
    assert_eq!((first.header("idempotency-replayed"), second.header("idempotency-replayed")), ("", "true"));
    assert_eq!(deliveries(&api, &key, "&state=waiting").await.len(), 1);
    let other = with_key(&api, REPLAYS, &key, "once", &json!({ "since": "2026-01-02T00:00:00Z" })).await;
    assert!(other.refusal().starts_with("422 idempotency_key_reused"), "{other:?}");
}
