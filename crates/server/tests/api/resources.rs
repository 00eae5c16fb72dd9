//! `/api/v1/resources/{kind}/{id}`.

use insta::assert_json_snapshot;
use serde_json::{Value, json};

use crate::fixture::Api;

fn state(date: &str, confirmed: bool) -> Value {
    json!({ "title": "Appointment", "dates": [{ "date": date }], "confirmed": { "flag": confirmed } })
}

#[tokio::test]
async fn actions_are_derived_from_the_stored_state() {
    let api = Api::start().await;
    let (_, key) = api.organization("Example").await;
    api.subscription(&key, "https://api.example.com/").await;
    let path = "/api/v1/resources/event/booking%2F1";
    let query = "?user=u-1&occurred_at=2026-01-15T09:00:00Z&expires_at=2026-02-01T00:00:00Z";

    let created = api.call("PUT", &format!("{path}{query}"), &key, state("2026-01-20T10:00:00Z", true)).await;
    assert_json_snapshot!(created.shown(), @r#"
    {
      "status": 200,
      "body": {
        "version": 2,
        "actions": [
          {
            "id": "act_#",
            "action": "event.created",
            "changes": [],
            "deliveries": 1
          },
          {
            "id": "act_#",
            "action": "event.confirmed",
            "changes": [],
            "deliveries": 1
          }
        ]
      }
    }
    "#);
    let moved = api.call("PUT", path, &key, state("2026-01-21T10:00:00Z", true)).await;
    assert_json_snapshot!(moved.shown(), @r#"
    {
      "status": 200,
      "body": {
        "version": 3,
        "actions": [
          {
            "id": "act_#",
            "action": "event.updated",
            "changes": [
              "/dates/0/date"
            ],
            "deliveries": 1
          }
        ]
      }
    }
    "#);
    let repeated = api.call("PUT", path, &key, state("2026-01-21T10:00:00Z", true)).await;
    assert_json_snapshot!(repeated.shown(), @r#"
    {
      "status": 200,
      "body": {
        "version": 3,
        "actions": []
      }
    }
    "#);
    assert_json_snapshot!(api.get(path, &key).await.shown(), @r#"
    {
      "status": 200,
      "body": {
        "resource_kind": "event",
        "resource_id": "booking/1",
        "version": 3,
        "occurred_at": "2026-01-15T09:30:00.000Z",
        "resource": {
          "title": "Appointment",
          "dates": [
            {
              "date": "2026-01-21T10:00:00Z"
            }
          ],
          "confirmed": {
            "flag": true
          }
        }
      }
    }
    "#);

    let removed = api.call("DELETE", path, &key, Value::Null).await;
    assert_json_snapshot!(removed.shown(), @r#"
    {
      "status": 200,
      "body": {
        "version": 4,
        "actions": [
          {
            "id": "act_#",
            "action": "event.removed",
            "changes": [],
            "deliveries": 1
          }
        ]
      }
    }
    "#);
    assert_eq!(api.get(path, &key).await.status, 404);
    assert_json_snapshot!(api.call("DELETE", path, &key, Value::Null).await.shown(), @r#"
    {
      "status": 404,
      "body": {
        "type": "/docs/problems#not_found",
        "title": "It does not exist",
        "status": 404,
        "code": "not_found",
        "detail": "there is no such resource",
        "instance": "req_#"
      }
    }
    "#);
}

#[tokio::test]
async fn wrong_requests_are_explained() {
    let api = Api::start().await;
    let (_, key) = api.organization("Example").await;
    let long_id = "x".repeat(256);
    let path = |rest: &str| format!("/api/v1/resources/{rest}");
    let put = async |rest: &str, body: Value| api.call("PUT", &path(rest), &key, body).await.refusal();
    let refusals = [
        put("meeting/1", json!({})).await,
        put(&format!("event/{long_id}"), json!({})).await,
        put("event/a%0Ab", json!({})).await,
        put("event/%FF", json!({})).await,
        put("event/1?occurred_at=yesterday", json!({})).await,
        put("event/1?user=", json!({})).await,
        put("event/1?occured_at=2026-01-15T09:00:00Z", json!({})).await,
        put("event/1", json!([])).await,
        put("event/1", Value::Null).await,
        api.get(&path("event/unknown"), &key).await.refusal(),
    ];
    assert_json_snapshot!(refusals, @r#"
    [
      "404 not_found: there is no such kind of resource; there are: event, order, user, vyteme",
      "400 invalid_request: the id of a resource has 256 characters; at most 255 are allowed",
      "400 invalid_request: the id of a resource contains a control character; use printable characters only",
      "404 not_found: there is no such thing",
      "400 invalid_request: the query parameter occurred_at is not valid: \"yesterday\" is not an instant; write it like 2026-01-15T09:30:00.000Z",
      "400 invalid_request: the query parameter user must have 1 to 255 characters",
      "400 invalid_request: the query is not valid: occured_at: unknown field `occured_at`, expected one of `user`, `occurred_at`, `expires_at`, `organization_id`",
      "422 invalid_fields: this must be a JSON object",
      "400 invalid_json: the body is empty; send a JSON text",
      "404 not_found: there is no such resource"
    ]
    "#);
}

#[tokio::test]
async fn a_change_decided_from_another_version_is_refused_and_changes_nothing() {
    let api = Api::start().await;
    let (_, key) = api.organization("Example").await;
    let path = "/api/v1/resources/event/booking-1";
    let put = async |header: &str, value: &str, date: &str| {
        let request = http::Request::put(path)
            .header("authorization", format!("Bearer {key}"))
            .header("content-type", "application/json")
            .header(header, value)
            .body(axum::body::Body::from(state(date, true).to_string()))
            .unwrap();
        api.send(request).await
    };
    assert_eq!(put("if-none-match", "*", "2026-01-20T10:00:00Z").await.status, 200);
    assert_eq!(put("if-none-match", "*", "2026-01-21T10:00:00Z").await.status, 412);
    let refused = put("if-match", "\"1\"", "2026-01-21T10:00:00Z").await;
    assert_json_snapshot!(refused.shown(), @r#"
    {
      "status": 412,
      "body": {
        "type": "/docs/problems#version_mismatch",
        "title": "The resource has another version",
        "status": 412,
        "code": "version_mismatch",
        "detail": "the resource has version 2, not the one named; read it again and repeat",
        "instance": "req_#"
      }
    }
    "#);
    assert_eq!(put("if-match", "\"2\"", "2026-01-21T10:00:00Z").await.status, 200);
    assert_eq!(put("if-match", "seven", "2026-01-21T10:00:00Z").await.status, 400);
}

#[tokio::test]
async fn a_removed_resource_is_gone_and_can_come_back() {
    let api = Api::start().await;
    let (_, key) = api.organization("Example").await;
    let path = "/api/v1/resources/event/booking-1";
    let put = async || api.call("PUT", path, &key, state("2026-01-20T10:00:00Z", false)).await;
    assert_eq!(put().await.status, 200);
    assert_eq!(api.call("DELETE", path, &key, Value::Null).await.status, 200);
    assert_eq!(api.get(path, &key).await.status, 404);
    assert_eq!(api.call("DELETE", path, &key, Value::Null).await.status, 404);
    let back = put().await;
    assert_eq!(
        (back.status.as_u16(), back.json()["actions"][0]["action"].clone()),
        (200, json!("event.created"))
    );
    assert_eq!(api.get(path, &key).await.json()["version"], json!(3));
}
