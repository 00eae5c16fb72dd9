//! The requests of the Vyte documents, field for field: the webhook reference (v1) and the guide (v2).
//!
//! Samples of the v2 guide that had to be corrected, since no client can have sent them with success:
//!
//! - the bodies of create and modify are no JSON (names without quotes, no comma, a text in single quotes);
//! - "List all the hooks" and "Get the hook" show `--request PUT`, where the prose says GET;
//! - the URL of create has an unbalanced quote after the api key;
//! - the shell samples of list, get and delete end in a line continuation.
//!
//! The organization's id in the v1 reference has 26 digits, its hooks' ids 24; ours have 24.

use std::collections::BTreeSet;

use axum::body::Body;
use http::Request;
use insta::assert_json_snapshot;
use serde_json::{Value, json};

use crate::fixture::{Answer, Api};

/// Sends a request as the samples do: the key raw in the header, JSON with its content type.
async fn sample(api: &Api, method: &str, path: &str, key: &str, body: &str) -> Answer {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("Authorization", key)
        .header("Content-Type", "application/json")
        .body(Body::from(body.to_owned()));
    api.send(request.unwrap()).await
}

fn members(value: &Value) -> BTreeSet<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

/// Compares an answer with a document's sample: the same members, and the same values but for ids and times.
fn assert_like_sample(answer: &Value, sample: &Value) {
    assert_eq!(members(answer), members(sample));
    for member in ["action", "target_url", "scope", "__v"] {
        assert_eq!(answer[member], sample[member], "{member}");
    }
    for id in ["_id", "organization"] {
        let text = answer[id].as_str().unwrap();
        assert_eq!(text.len(), 24, "{id}");
        assert!(text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte)), "{id}");
    }
    for time in ["createdAt", "updatedAt"] {
        assert_eq!(answer[time].as_str().map(str::len), sample[time].as_str().map(str::len), "{time}");
    }
}

fn reference_sample(action: &str, target_url: &str) -> Value {
    json!({
        "__v": 0,
        "createdAt": "2018-01-04T15:00:58.486Z",
        "updatedAt": "2018-01-04T15:00:58.486Z",
        "organization": "14ce14c8a8ced358c78a5c231d",
        "scope": "organization",
        "action": action,
        "target_url": target_url,
        "_id": "5a4e41aaa8ced3001bf5da77"
    })
}

#[tokio::test]
async fn the_reference_of_version_1() {
    let api = Api::start().await;
    let (_, key) = api.organization("Example").await;

    let body = r#"{
  "action": "event.cancelled",
  "target_url": "https://api.example.com/hooks/12345"
}"#;
    let created = sample(&api, "POST", "/hooks", &key, body).await;
    assert_eq!(created.status, 201);
    let shown = reference_sample("event.cancelled", "https://api.example.com/hooks/12345");
    assert_like_sample(&created.json(), &shown);
    let path = format!("/hooks/{}", created.member("/_id"));

    let got = sample(&api, "GET", &path, &key, "").await;
    assert_eq!((got.status.as_u16(), got.json()), (200, created.json()));

    let listed = sample(&api, "GET", "/hooks", &key, "").await;
    assert_eq!((listed.status.as_u16(), listed.json()), (200, json!({ "hooks": [created.json()] })));

    let body = r#"{
  "action": "event.updated",
  "target_url": "https://api.example.com/hooks/54321"
}"#;
    api.clock.advance_seconds(60);
    let updated = sample(&api, "PUT", &path, &key, body).await;
    assert_eq!(updated.status, 200);
    assert_like_sample(
        &updated.json(),
        &reference_sample("event.updated", "https://api.example.com/hooks/54321"),
    );
    assert_eq!(updated.json()["_id"], created.json()["_id"]);
    assert_json_snapshot!(updated.shown(), @r#"
    {
      "status": 200,
      "body": {
        "_id": "<24 hex>",
        "target_url": "https://api.example.com/hooks/54321",
        "action": "event.updated",
        "scope": "organization",
        "organization": "<24 hex>",
        "updatedAt": "2026-01-15T09:31:00.000Z",
        "createdAt": "2026-01-15T09:30:00.000Z",
        "__v": 0
      }
    }
    "#);

    let deleted = sample(&api, "DELETE", &path, &key, "").await;
    assert_eq!((deleted.status.as_u16(), deleted.body.len()), (204, 0));
    assert_eq!(sample(&api, "GET", &path, &key, "").await.status, 404);
    assert_eq!(sample(&api, "GET", "/hooks", &key, "").await.json(), json!({ "hooks": [] }));

    // The reference's own example of deleting names the hook "1234", which nobody has.
    assert_eq!(sample(&api, "DELETE", "/hooks/1234", &key, "").await.status, 404);
}

#[tokio::test]
async fn the_guide_of_version_2() {
    let api = Api::start().await;
    let (_, key) = api.organization("Example").await;

    let body = r#"{
    "target_url": "https://www.test.com/hooks?id=123",
    "action": "event.cancelled"
}"#;
    let created = sample(&api, "POST", &format!("/v2/hooks?api_key={key}"), &key, body).await;
    assert_eq!(created.status, 201);
    let shown = json!({
        "_id": "60af526954e6605aae0dad5a",
        "target_url": "https://www.test.com/hooks?id=123",
        "action": "event.cancelled",
        "scope": "organization",
        "organization": "60af5269459aad001d0cb565",
        "updatedAt": "2021-05-27T08:03:53.775Z",
        "createdAt": "2021-05-27T08:03:53.775Z",
        "__v": 0
    });
    assert_like_sample(&created.json(), &shown);
    let path = format!("/v2/hooks/{}", created.member("/_id"));

    let body = r#"{
    "target_url": "https://www.test.com/hooks?id=123",
    "action": "event.updated"
}"#;
    let modified = sample(&api, "PUT", &path, &key, body).await;
    assert_eq!((modified.status.as_u16(), &modified.json()["action"]), (200, &json!("event.updated")));

    for action in ["event.cancelled", "event.created"] {
        let body = json!({ "target_url": "https://www.toto.com/hooks?id=241", "action": action }).to_string();
        assert_eq!(sample(&api, "POST", "/v2/hooks", &key, &body).await.status, 201);
    }
    let listed = sample(&api, "GET", "/v2/hooks", &key, "").await;
    assert_eq!(listed.status, 200);
    let actions: Vec<Value> =
        listed.json().as_array().unwrap().iter().map(|hook| hook["action"].clone()).collect();
    assert_eq!(actions, ["event.updated", "event.cancelled", "event.created"]);

    let got = sample(&api, "GET", &path, &key, "").await;
    assert_eq!((got.status.as_u16(), got.json()), (200, modified.json()));

    let deleted = sample(&api, "DELETE", &path, &key, "").await;
    assert_eq!((deleted.status.as_u16(), deleted.body.len()), (204, 0));
}

#[tokio::test]
async fn both_versions_show_the_same_hooks() {
    let api = Api::start().await;
    let (_, key) = api.organization("Example").await;
    let actions = [
        "event.created",
        "event.confirmed",
        "event.updated",
        "event.cancelled",
        "event.voted",
        "event.new_invitee",
        "user.joined",
        "vyteme.updated",
    ];
    for (number, action) in actions.into_iter().enumerate() {
        let path = if number % 2 == 0 { "/hooks" } else { "/v2/hooks" };
        let body = json!({ "action": action, "target_url": "https://api.example.com/" }).to_string();
        assert_eq!(sample(&api, "POST", path, &key, &body).await.status, 201, "{action}");
    }
    let version_1 = sample(&api, "GET", "/hooks", &key, "").await.json();
    let version_2 = sample(&api, "GET", "/v2/hooks", &key, "").await.json();
    assert_eq!(version_1["hooks"], version_2);
    assert_eq!(version_2.as_array().map(Vec::len), Some(8));
}

#[tokio::test]
async fn the_guides_samples_as_they_stand_are_explained() {
    let api = Api::start().await;
    let (_, key) = api.organization("Example").await;
    let body = "{\n    target_url: \"https://www.test.com/hooks?id=123\"\n    action: 'event.cancelled'\n}";
    let created = sample(&api, "POST", "/v2/hooks", &key, body).await;
    assert_json_snapshot!(created.shown(), @r#"
    {
      "status": 400,
      "body": {
        "error": "invalid_json",
        "message": "the body is not valid JSON: key must be a string at line 2 column 5; names and texts stand in double quotes, fields are separated by commas"
      }
    }
    "#);
    // "List all the hooks" with PUT.
    let listed = sample(&api, "PUT", "/v2/hooks", &key, "").await;
    assert_eq!(listed.header("allow"), "GET,HEAD,POST");
    assert_json_snapshot!(listed.shown(), @r#"
    {
      "status": 405,
      "body": {
        "error": "method_not_allowed",
        "message": "this path does not take that method; the header Allow names those it takes"
      }
    }
    "#);
    // "Get the hook" with PUT.
    let hook = json!({ "action": "event.created", "target_url": "https://api.example.com/" }).to_string();
    let id = sample(&api, "POST", "/v2/hooks", &key, &hook).await.member("/_id");
    assert_json_snapshot!(sample(&api, "PUT", &format!("/v2/hooks/{id}"), &key, "").await.shown(), @r#"
    {
      "status": 400,
      "body": {
        "error": "body_missing",
        "message": "the body is missing; PUT changes a hook and takes a JSON object with action and target_url: to get a hook use GET, to delete it DELETE"
      }
    }
    "#);
}
