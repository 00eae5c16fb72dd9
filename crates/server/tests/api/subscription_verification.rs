//! Targets that have to show that they want deliveries, as their owners see it. The handshakes themselves are tested with the
//! delivery side; here nothing can be reached.

use std::time::Duration;

use insta::assert_json_snapshot;
use rendezhook_domain::id::SubscriptionId;
use rendezhook_domain::subscription::VerificationMethod;
use rendezhook_store::change::{CatalogueChange, VerificationRecord};
use serde_json::{Value, json};

use crate::fixture::{Answer, Api};

const PATH: &str = "/api/v1/subscriptions";

fn wanted(verification: &str) -> Value {
    json!({ "target_url": "https://api.example.com/hooks", "actions": ["*"], "verification": verification })
}

/// The members that this file is about.
fn verification(answer: &Answer) -> Value {
    let body = answer.json();
    let body = body.get("subscription").unwrap_or(&body);
    let names = ["verification", "verified_at", "verification_failure", "allowed_deliveries_per_minute"];
    let shown = |name: &str| (name.to_owned(), body[name].clone());
    Value::Object(names.map(shown).into_iter().collect())
}

/// Keeps that the target was asked and wants deliveries.
async fn consents(api: &Api, id: &str) {
    let id: SubscriptionId = id.parse().unwrap();
    let catalogue = api.store.catalogue();
    let entry = catalogue.subscriptions.values().find(|entry| entry.subscription.id == id).unwrap();
    let record = VerificationRecord {
        organization: entry.subscription.organization,
        subscription: entry.subscription.number,
        target: entry.subscription.target.clone(),
        method: VerificationMethod::CloudEvents,
        outcome: Ok(Some(100)),
        at: entry.subscription.created_at,
    };
    api.store.change(CatalogueChange::RecordVerification(Box::new(record))).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_target_is_asked_on_demand_and_what_it_said_is_shown() {
    let api = Api::start().await;
    let (_, key) = api.organization("Example").await;
    let (_, other) = api.organization("Other").await;
    let made = api.post(PATH, &key, wanted("challenge")).await;
    let path = made.header("location");
    let ask = format!("{path}/verify");
    let asked = api.call("POST", &ask, &key, Value::Null).await;
    assert_eq!((asked.status.as_u16(), &asked.json()["verified"]), (200, &json!(false)));
    let words = asked.member("/explanation");
    assert!(words.contains("name servers"), "{words}");
    assert_eq!(asked.member("/subscription/verification_failure"), words);
    assert_eq!(api.get(path, &key).await.json()["verification_failure"], words.as_str());
    assert_eq!(api.call("POST", &ask, &other, Value::Null).await.status, 404);

    let trusted = api.post(PATH, &key, wanted("none")).await;
    let asked = api.call("POST", &format!("{}/verify", trusted.header("location")), &key, Value::Null).await;
    assert_eq!(asked.json()["verified"], json!(true));
    assert_eq!(asked.member("/explanation"), "the target is verified; deliveries are sent");

    let wrong = api.post(PATH, &key, wanted("slack")).await;
    assert_eq!(
        wrong.refusal(),
        "422 invalid_fields: /verification: \"slack\" is not a way to verify a target; there are: none, challenge, \
         cloudevents"
    );
}

#[tokio::test]
async fn another_url_has_to_show_it_anew_and_is_asked_at_once() {
    let api = Api::start().await;
    let (_, key) = api.organization("Example").await;
    let made = api.post(PATH, &key, wanted("cloudevents")).await;
    let path = made.header("location");
    consents(&api, &made.member("/id")).await;
    assert_json_snapshot!(verification(&api.get(path, &key).await), @r#"
    {
      "verification": "cloudevents",
      "verified_at": "2026-01-15T09:30:00.000Z",
      "verification_failure": null,
      "allowed_deliveries_per_minute": 100
    }
    "#);
    let renamed = api.call("PATCH", path, &key, json!({ "description": "nothing else" })).await;
    assert_ne!(renamed.json()["verified_at"], Value::Null);

    let moved = api.call("PATCH", path, &key, json!({ "target_url": "https://api.example.com/other" })).await;
    assert_json_snapshot!(verification(&moved), @r#"
    {
      "verification": "cloudevents",
      "verified_at": null,
      "verification_failure": null,
      "allowed_deliveries_per_minute": null
    }
    "#);
    // Nobody waits for the handshake that follows; it leaves its words when it has ended.
    let asked = async {
        while api.get(path, &key).await.json()["verification_failure"].is_null() {
            // Every check is a turn of the writer; the handshake goes on meanwhile.
            api.store.check().await.unwrap();
        }
    };
    tokio::time::timeout(Duration::from_secs(30), asked).await.unwrap();
    let trusted = api.call("PATCH", path, &key, json!({ "verification": "none" })).await;
    assert_json_snapshot!(verification(&trusted), @r#"
    {
      "verification": "none",
      "verified_at": null,
      "verification_failure": null,
      "allowed_deliveries_per_minute": null
    }
    "#);
}
