//! `POST /api/v1/actions`.

use axum::body::Body;
use http::Request;
use insta::assert_json_snapshot;
use serde_json::{Value, json};

use crate::fixture::{Answer, Api};

fn item(id: &str) -> Value {
    json!({
        "action": "event.confirmed", "resource_kind": "event", "resource_id": id,
        "resource": { "title": "Appointment", "confirmed": { "flag": true } }
    })
}

async fn publish_as(api: &Api, key: &str, media_type: &str, body: impl Into<Body>) -> Answer {
    let request = Request::post("/api/v1/actions")
        .header("authorization", format!("Bearer {key}"))
        .header("content-type", media_type)
        .body(body.into());
    api.send(request.unwrap()).await
}

async fn publish_once(api: &Api, key: &str, idempotency_key: &str, body: &Value) -> Answer {
    let request = Request::post("/api/v1/actions")
        .header("authorization", format!("Bearer {key}"))
        .header("content-type", "application/json")
        .header("idempotency-key", idempotency_key)
        .body(Body::from(body.to_string()));
    api.send(request.unwrap()).await
}

async fn stored_deliveries(api: &Api, key: &str) -> usize {
    api.get("/api/v1/deliveries", key).await.json()["items"].as_array().unwrap().len()
}

#[tokio::test]
async fn one_object_is_published() {
    let api = Api::start().await;
    let (_, key) = api.organization("Example").await;
    api.subscription(&key, "https://one.example.com/").await;
    api.subscription(&key, "https://two.example.com/").await;
    let mut full = item("a/b c\u{e9}");
    full["user"] = json!("u-1");
    full["occurred_at"] = json!("2026-01-15T10:00:00+01:00");
    full["expires_at"] = json!("2026-01-16T00:00:00Z");
    full["representations"] = json!({ "vyte": { "title": "x" } });
    let answer = api.post("/api/v1/actions", &key, full).await;
    assert_json_snapshot!(answer.shown(), @r#"
    {
      "status": 202,
      "body": {
        "actions": [
          {
            "id": "act_#",
            "action": "event.confirmed",
            "resource_kind": "event",
            "resource_id": "a/b cé",
            "deliveries": 2
          }
        ]
      }
    }
    "#);

    let stored = api.get("/api/v1/resources/event/a%2Fb%20c%C3%A9", &key).await;
    assert_json_snapshot!(stored.shown(), @r#"
    {
      "status": 200,
      "body": {
        "resource_kind": "event",
        "resource_id": "a/b cé",
        "version": 1,
        "occurred_at": "2026-01-15T09:00:00.000Z",
        "resource": {
          "title": "Appointment",
          "confirmed": {
            "flag": true
          }
        }
      }
    }
    "#);
}

#[tokio::test]
async fn an_array_and_lines_are_published_in_order() {
    let api = Api::start().await;
    let (_, key) = api.organization("Example").await;
    let array = json!([item("1"), item("2"), item("1")]);
    let answer = api.post("/api/v1/actions", &key, array).await;
    assert_json_snapshot!(answer.shown(), @r#"
    {
      "status": 202,
      "body": {
        "actions": [
          {
            "id": "act_#",
            "action": "event.confirmed",
            "resource_kind": "event",
            "resource_id": "1",
            "deliveries": 0
          },
          {
            "id": "act_#",
            "action": "event.confirmed",
            "resource_kind": "event",
            "resource_id": "2",
            "deliveries": 0
          },
          {
            "id": "act_#",
            "action": "event.confirmed",
            "resource_kind": "event",
            "resource_id": "1",
            "deliveries": 0
          }
        ]
      }
    }
    "#);

    let lines = format!("{}\n\r\n{}\r\n", item("3"), item("4"));
    let answer = publish_as(&api, &key, "application/x-ndjson; charset=utf-8", lines).await;
    assert_eq!(answer.status, 202);
    let actions = answer.json()["actions"].as_array().unwrap().clone();
    let ids: Vec<&str> = actions.iter().map(|action| action["resource_id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["3", "4"]);
    assert!(actions[0]["id"].as_str() < actions[1]["id"].as_str());
}

#[tokio::test]
async fn a_resource_comes_back_byte_for_byte() {
    let api = Api::start().await;
    let (_, key) = api.organization("Example").await;
    let resource = r#"{"b" : 1.50, "a":"\u00e9" , "n":12345678901234567890.0}"#;
    let body = format!(
        r#"{{"action":"event.created","resource_kind":"event","resource_id":"1","resource": {resource} }}"#
    );
    assert_eq!(publish_as(&api, &key, "application/json", body).await.status, 202);
    let shown = api.get("/api/v1/resources/event/1", &key).await;
    assert!(String::from_utf8_lossy(&shown.body).contains(resource), "{shown:?}");
}

#[tokio::test]
async fn a_bad_item_is_named_and_nothing_is_changed() {
    let api = Api::start().await;
    let (_, key) = api.organization("Example").await;
    api.subscription(&key, "https://api.example.com/").await;
    let mut bad = item("4");
    bad["resource_kind"] = json!("meeting");
    let answer = api.post("/api/v1/actions", &key, json!([item("1"), item("2"), item("3"), bad])).await;
    assert_json_snapshot!(answer.shown(), @r#"
    {
      "status": 422,
      "body": {
        "type": "/docs/problems#invalid_fields",
        "title": "Some fields are not valid",
        "status": 422,
        "code": "invalid_fields",
        "detail": "/3/resource_kind: \"meeting\" is not a kind of resource; there are: event, order, user, vyteme",
        "errors": [
          {
            "detail": "\"meeting\" is not a kind of resource; there are: event, order, user, vyteme",
            "pointer": "/3/resource_kind"
          }
        ],
        "instance": "req_#"
      }
    }
    "#);

    let lines = format!("{}\n{{\"action\": \"event.created\"}}\n", item("1"));
    let answer = publish_as(&api, &key, "application/x-ndjson", lines).await;
    assert_json_snapshot!(answer.shown(), @r#"
    {
      "status": 422,
      "body": {
        "type": "/docs/problems#invalid_fields",
        "title": "Some fields are not valid",
        "status": 422,
        "code": "invalid_fields",
        "detail": "3 fields are not valid; each is named in \"errors\"",
        "errors": [
          {
            "detail": "this member is missing",
            "pointer": "/1/resource_kind"
          },
          {
            "detail": "this member is missing",
            "pointer": "/1/resource_id"
          },
          {
            "detail": "this member is missing",
            "pointer": "/1/resource"
          }
        ],
        "instance": "req_#"
      }
    }
    "#);

    let lines = format!("{}\n{{\"action\" \"event.created\"}}\n", item("1"));
    assert_json_snapshot!(publish_as(&api, &key, "application/x-ndjson", lines).await.shown(), @r#"
    {
      "status": 400,
      "body": {
        "type": "/docs/problems#invalid_json",
        "title": "The body is not valid JSON",
        "status": 400,
        "code": "invalid_json",
        "detail": "line 2, column 11: expected `:`",
        "instance": "req_#"
      }
    }
    "#);
    assert_eq!(stored_deliveries(&api, &key).await, 0);
    assert_eq!(api.get("/api/v1/resources/event/1", &key).await.status, 404);
}

#[tokio::test]
async fn wrong_members_of_an_item_are_named() {
    let api = Api::start().await;
    let (_, key) = api.organization("Example").await;
    let with = |name: &str, value: Value| {
        let mut item = item("1");
        item[name] = value;
        item
    };
    let mut deep = json!({});
    for _ in 0..64 {
        deep = json!({ "d": deep });
    }
    let wrong = [
        json!({}),
        json!([]),
        json!("text"),
        json!([item("1"), 7]),
        json!([["event.created", "event", "1", {}, null, null, null, null]]),
        with("action", json!("event.Confirmed")),
        with("action", json!("order.created")),
        with("resource_kind", json!("meeting")),
        with("resource_id", json!("")),
        with("resource_id", json!(7)),
        with("resource_id", json!("x".repeat(256))),
        with("resource", json!([])),
        with("resource", json!(null)),
        with("resource", deep),
        with("resource", json!({ "text": "x".repeat(256 * 1024) })),
        with("user", json!("")),
        with("occurred_at", json!("yesterday")),
        with("expires_at", json!(1_768_469_400)),
        with("representations", json!("vyte")),
        with("occured_at", json!("2026-01-15T10:00:00Z")),
    ];
    let mut refusals = Vec::new();
    for body in wrong {
        refusals.push(api.post("/api/v1/actions", &key, body).await.refusal());
    }
    assert_json_snapshot!(refusals, @r#"
    [
      "422 invalid_fields: 4 fields are not valid; each is named in \"errors\"",
      "422 invalid_fields: there is no action in the body; send at least one",
      "422 invalid_fields: invalid type: string \"text\", expected a JSON object",
      "422 invalid_fields: /1: invalid type: integer `7`, expected a JSON object",
      "422 invalid_fields: /0: invalid type: sequence, expected a JSON object",
      "422 invalid_fields: /action: \"event.Confirmed\" is not the name of an action; write the kind of resource, a dot and what happened, in lower case: event.confirmed",
      "422 invalid_fields: /resource_kind: the action order.created does not happen to a resource of kind event; name the same kind in both",
      "422 invalid_fields: /resource_kind: \"meeting\" is not a kind of resource; there are: event, order, user, vyteme",
      "422 invalid_fields: /resource_id: the id of a resource is empty; give it 1 to 255 characters",
      "422 invalid_fields: /resource_id: invalid type: integer `7`, expected a string",
      "422 invalid_fields: /resource_id: the id of a resource has 256 characters; at most 255 are allowed",
      "422 invalid_fields: /resource: this must be a JSON object",
      "422 invalid_fields: /resource: this member is missing",
      "422 invalid_fields: /resource: this object is nested 65 levels deep; at most 64 are allowed",
      "422 invalid_fields: /resource: this object has 262155 bytes; at most 262144 are allowed",
      "422 invalid_fields: /user: this text has 0 characters; give it 1 to 255",
      "422 invalid_fields: /occurred_at: \"yesterday\" is not an instant; write it like 2026-01-15T09:30:00.000Z",
      "422 invalid_fields: /expires_at: invalid type: integer `1768469400`, expected a string",
      "422 invalid_fields: /representations: this must be a JSON object",
      "422 invalid_fields: /occured_at: unknown field `occured_at`, expected one of `action`, `resource_kind`, `resource_id`, `resource`, `user`, `occurred_at`, `expires_at`, `deliver_at`, `key`, `representations`"
    ]
    "#);
}

#[tokio::test]
async fn what_is_no_json_is_named_by_line_and_column() {
    let api = Api::start().await;
    let (_, key) = api.organization("Example").await;
    let bodies: [&[u8]; 7] = [
        b"",
        b"{\n  \"action\": }",
        b"[{]",
        b"{\"action\":\"event.created\",\"resource_kind\":\"event\",\"resource_id\":\"1\",\"resource\":{\"n\":1e999}}",
        b"{\"action\": \"event.cr\xff\"}",
        b"\xef\xbb\xbf{}",
        b"{\"action\":\"event.created\",\"action\":\"event.created\"}",
    ];
    let mut refusals = Vec::new();
    for body in bodies {
        refusals.push(publish_as(&api, &key, "application/json", body).await.refusal());
    }
    assert_json_snapshot!(refusals, @r#"
    [
      "400 invalid_json: the body is empty; send a JSON text",
      "400 invalid_json: line 2, column 13: expected value",
      "400 invalid_json: line 1, column 3: key must be a string",
      "422 invalid_fields: /resource: number out of range at line 1 column 10",
      "400 invalid_json: the body is not UTF-8: the byte at position 20 is not valid",
      "400 invalid_json: line 1, column 1: expected value",
      "422 invalid_fields: duplicate field `action`"
    ]
    "#);
}

#[tokio::test]
async fn a_repeated_request_is_answered_as_the_first() {
    let api = Api::start().await;
    let (_, key) = api.organization("Example").await;
    let (_, other_key) = api.organization("other").await;
    api.subscription(&key, "https://api.example.com/").await;
    let body = item("1");

    let first = publish_once(&api, &key, "\"k-1\"", &body).await;
    assert_eq!((first.status.as_u16(), first.header("idempotency-replayed")), (202, ""));
    // Quoted or bare, it is the same key.
    let second = publish_once(&api, &key, "k-1", &body).await;
    assert_eq!((second.status.as_u16(), second.header("idempotency-replayed")), (202, "true"));
    assert_eq!(second.json(), first.json());
    assert_eq!(stored_deliveries(&api, &key).await, 1);

    assert_json_snapshot!(publish_once(&api, &key, "k-1", &item("2")).await.shown(), @r#"
    {
      "status": 422,
      "body": {
        "type": "/docs/problems#idempotency_key_reused",
        "title": "The idempotency key was used for another request",
        "status": 422,
        "code": "idempotency_key_reused",
        "detail": "this idempotency key was used for another request; use a new key for a new request",
        "instance": "req_#"
      }
    }
    "#);
    // Another organization's key is another key.
    assert_eq!(publish_once(&api, &other_key, "k-1", &item("2")).await.header("idempotency-replayed"), "");

    api.clock.advance_seconds(24 * 3_600 + 1);
    let after_a_day = publish_once(&api, &key, "k-1", &body).await;
    assert_eq!((after_a_day.status.as_u16(), after_a_day.header("idempotency-replayed")), (202, ""));
    assert_eq!(stored_deliveries(&api, &key).await, 2);

    let long = "k".repeat(256);
    for wrong in ["", "\"open", "a b", long.as_str()] {
        let answer = publish_once(&api, &key, wrong, &body).await;
        assert_eq!(answer.status, 400, "{wrong}");
    }
    assert_json_snapshot!(publish_once(&api, &key, "\"\"", &body).await.shown(), @r#"
    {
      "status": 400,
      "body": {
        "type": "/docs/problems#invalid_request",
        "title": "The request is not valid",
        "status": 400,
        "code": "invalid_request",
        "detail": "the header Idempotency-Key must be given once, with 1 to 255 visible ASCII characters",
        "instance": "req_#"
      }
    }
    "#);
}

#[tokio::test]
async fn ten_thousand_actions_fit_into_a_request_and_no_more() {
    let api = Api::start().await;
    let (_, key) = api.organization("Example").await;
    let line = r#"{"action":"event.created","resource_kind":"event","resource_id":"1","resource":{}}"#;
    let lines = |count: usize| format!("{line}\n").repeat(count);
    let answer = publish_as(&api, &key, "application/x-ndjson", lines(10_000)).await;
    assert_eq!(answer.status, 202);
    assert_eq!(answer.json()["actions"].as_array().map(Vec::len), Some(10_000));
    let refused = publish_as(&api, &key, "application/x-ndjson", lines(10_001)).await;
    assert_json_snapshot!(refused.refusal(), @r#""413 body_too_large: one request may publish 10000 actions; send the rest in further ones""#);
    let array = format!("[{}]", vec![line; 10_001].join(","));
    assert_eq!(publish_as(&api, &key, "application/json", array).await.refusal(), refused.refusal());
}
