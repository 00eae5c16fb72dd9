//! What the log says of requests, and what it never says.

use axum::body::Body;
use http::Request;
use serde_json::{Value, json};

use crate::fixture::{Api, log};

#[tokio::test]
async fn requests_are_logged_without_keys_secrets_and_payloads() {
    let api = Api::start().await;
    let (_, key) = api.organization("Example").await;
    let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let request = json!({
        "target_url": "https://api.example.com/?token=planted", "actions": ["*"], "secret": secret
    });
    let made = api.post("/api/v1/subscriptions", &key, request).await;
    api.get(&format!("{}/secret", made.header("location")), &key).await;
    api.get(&format!("/v2/auth/test?api_key={key}"), "").await;
    let hook = json!({
        "events": ["meetingScheduled"], "url": "https://api.example.com/", "secret": "planted secret"
    });
    let hook = Request::post("/api/webhooks").header("x-api-key", &key).body(Body::from(hook.to_string()));
    assert_eq!(api.send(hook.unwrap()).await.status, 201);
    let item = json!({
        "action": "event.created", "resource_kind": "event", "resource_id": "1",
        "resource": { "title": "planted payload" }
    });
    api.post("/api/v1/actions", &key, item).await;
    api.post("/api/v1/actions", &key, json!({ "resource": "planted payload" })).await;
    api.store.close().await;
    let failed = api.call("POST", "/api/v1/organizations", &api.admin, json!({ "name": "x" })).await;

    let log = log::collected();
    for planted in [key.as_str(), api.admin.as_str(), secret, "planted"] {
        assert!(!log.contains(planted), "{planted} in {log}");
    }
    let request_id = failed.header("x-request-id");
    let lines: Vec<&str> = log.lines().filter(|line| line.contains(request_id)).collect();
    assert!(matches!(lines.as_slice(), [line] if line.contains("request answered")), "{lines:?}");
    assert_eq!(failed.json()["instance"], Value::from(request_id));
}
