//! What deliveries of a subscription are signed with.

use insta::assert_json_snapshot;
use serde_json::{Value, json};

use crate::fixture::Api;

#[tokio::test]
async fn secrets_are_shown_and_rotated() {
    let api = Api::start().await;
    let (organization, key) = api.organization("Example").await;
    let id = api.subscription(&key, "https://api.example.com/").await;
    let path = format!("/api/v1/subscriptions/{id}/secret");
    let first = api.get(&path, &key).await;
    assert_json_snapshot!(first.shown(), @r#"
    {
      "status": 200,
      "body": {
        "secret": "whsec_#",
        "created_at": "2026-01-15T09:30:00.000Z",
        "previous": []
      }
    }
    "#);

    // Without a body at all: a new secret and a day in which both sign.
    let rotated = api.call("POST", &format!("{path}/rotate"), &key, Value::Null).await;
    assert_json_snapshot!(rotated.shown(), @r#"
    {
      "status": 200,
      "body": {
        "secret": "whsec_#",
        "created_at": "2026-01-15T09:30:00.000Z",
        "previous": [
          {
            "secret": "whsec_#",
            "created_at": "2026-01-15T09:30:00.000Z",
            "expires_at": "2026-01-16T09:30:00.000Z"
          }
        ]
      }
    }
    "#);
    assert_ne!(rotated.member("/secret"), first.member("/secret"));
    assert_eq!(rotated.member("/previous/0/secret"), first.member("/secret"));
    assert_eq!(api.get(&path, &key).await.json(), rotated.json());

    let given = json!({ "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "overlap_seconds": 0 });
    let replaced = api.post(&format!("{path}/rotate"), &key, given).await;
    assert_eq!(replaced.member("/secret"), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    assert_eq!(replaced.json()["previous"], json!([]));

    let wrong = json!({ "secret": "short", "overlap_seconds": 604_801 });
    assert_json_snapshot!(api.post(&format!("{path}/rotate"), &key, wrong).await.shown(), @r#"
    {
      "status": 422,
      "body": {
        "type": "/docs/problems#invalid_fields",
        "title": "Some fields are not valid",
        "status": 422,
        "code": "invalid_fields",
        "detail": "2 fields are not valid; each is named in \"errors\"",
        "errors": [
          {
            "detail": "a signing secret starts with \"whsec_\"",
            "pointer": "/secret"
          },
          {
            "detail": "earlier secrets sign for at most 604800 seconds",
            "pointer": "/overlap_seconds"
          }
        ],
        "instance": "req_#"
      }
    }
    "#);

    let viewer = api.key(&organization, "viewer", None).await;
    assert_json_snapshot!(api.get(&path, &viewer).await.shown(), @r#"
    {
      "status": 403,
      "body": {
        "type": "/docs/problems#forbidden",
        "title": "The API key does not permit this",
        "status": 403,
        "code": "forbidden",
        "detail": "this API key has scope viewer; a key with scope admin or integrator is needed",
        "instance": "req_#"
      }
    }
    "#);
}
