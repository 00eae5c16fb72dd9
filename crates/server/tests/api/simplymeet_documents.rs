//! The requests of the SimplyMeet.me document ("Webhooks", revision of 4 November 2021), field for field.

use axum::body::Body;
use http::Request;
use insta::assert_json_snapshot;
use serde_json::{Value, json};

use crate::fixture::{Answer, Api};

/// Sends a request as the document shows it: the key in its own header, JSON with its content type.
async fn sample(api: &Api, method: &str, path: &str, key: &str, body: &str) -> Answer {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("Content-Type", "application/json")
        .header("X-API-KEY", key)
        .body(Body::from(body.to_owned()));
    api.send(request.unwrap()).await
}

/// Compares an answer with a hook of the document: the same members in the same order with the same values, but for id and
/// time, which have the same form.
fn assert_like_sample(answer: &Value, sample: &Value) {
    let members = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(members(answer), members(sample));
    for member in ["events", "url", "secret"] {
        assert_eq!(answer[member], sample[member], "{member}");
    }
    let form = |value: &Value| {
        let text = value.as_str().unwrap().to_owned();
        text.chars()
            .map(|character| if character.is_ascii_hexdigit() { '0' } else { character })
            .collect::<String>()
    };
    for member in ["created_at", "uuid"] {
        assert_eq!(form(&answer[member]), form(&sample[member]), "{member}");
    }
    assert_eq!(uuid::Uuid::parse_str(answer["uuid"].as_str().unwrap()).unwrap().get_version_num(), 4);
}

#[tokio::test]
async fn create_a_webhook() {
    let api = Api::start().await;
    let (_, key) = api.organization("Example").await;
    let body = r#"{
        "events": ["meetingScheduled", "meetingCancelled", "meetingRescheduled"],
        "secret": "something",
        "url": "https://example.com/webhook"
    }"#;
    let created = sample(&api, "POST", "/api/webhooks", &key, body).await;
    assert_eq!((created.status.as_u16(), created.header("content-type")), (201, "application/json"));
    let document = r#"{
        "events": [
            "meetingScheduled",
            "meetingCancelled",
            "meetingRescheduled"
        ],
        "url": "https://example.com/webhook",
        "secret": "something",
        "created_at": "2021-05-25T06:17:58+00:00",
        "uuid": "3e687c78-a8b8-4837-9333-57e3d807e61c"
    }"#;
    assert_like_sample(&created.json(), &serde_json::from_str(document).unwrap());
    assert_eq!(created.json()["created_at"], "2026-01-15T09:30:00+00:00");

    let refused =
        sample(&api, "POST", "/api/webhooks", &key, &body.replace("https://example.com/webhook", "example"))
            .await;
    assert_eq!((refused.status.as_u16(), refused.header("content-type")), (422, "application/json"));
    let document = r#"{"message":"Invalid arguments","errors":{"url":["This value is not a valid URL."]}}"#;
    assert_eq!(std::str::from_utf8(&refused.body).unwrap(), document);
}

#[tokio::test]
async fn list_all_webhooks() {
    let api = Api::start().await;
    let (_, key) = api.organization("Example").await;
    let body = r#"{"events": ["meetingRescheduled", "meetingCancelled", "meetingScheduled"], "url": "https://example.com/webhook"}"#;
    let created = sample(&api, "POST", "/api/webhooks", &key, body).await;
    let listed = sample(&api, "GET", "/api/webhooks", &key, "").await;
    assert_eq!(listed.status, 200);
    let document = r#"{
        "page": 1,
        "limit": 10,
        "pages": 1,
        "total": 1,
        "_embedded": {
            "items": [
                {
                    "events": [
                        "meetingRescheduled",
                        "meetingCancelled",
                        "meetingScheduled"
                    ],
                    "url": "https://example.com/webhook",
                    "secret": null,
                    "created_at": "2021-05-24T11:04:11+00:00",
                    "uuid": "2ba9ee0b-e62a-43bd-aed0-31b26056ecdc"
                }
            ]
        },
        "_links": {
            "self": {
                "href": "/api/webhooks?page=1&limit=10"
            },
            "first": {
                "href": "/api/webhooks?page=1&limit=10"
            },
            "last": {
                "href": "/api/webhooks?page=1&limit=10"
            }
        }
    }"#;
    let mut document: Value = serde_json::from_str(document).unwrap();
    assert_like_sample(&listed.json()["_embedded"]["items"][0], &document["_embedded"]["items"][0]);
    assert_eq!(listed.json()["_embedded"]["items"][0], created.json());
    document["_embedded"]["items"][0] = created.json();
    // As texts, so that the order of the members counts.
    assert_eq!(listed.json().to_string(), document.to_string());
}

#[tokio::test]
async fn delete_a_webhook() {
    let api = Api::start().await;
    let (_, key) = api.organization("Example").await;
    let body = json!({ "events": ["meetingScheduled"], "url": "https://example.com/webhook" }).to_string();
    let created = sample(&api, "POST", "/api/webhooks", &key, &body).await;
    let path = format!("/api/webhooks/{}", created.member("/uuid"));
    let got = sample(&api, "GET", &path, &key, "").await;
    assert_eq!((got.status.as_u16(), got.body), (200, created.body));
    let deleted = sample(&api, "DELETE", &path, &key, "").await;
    assert_eq!((deleted.status.as_u16(), deleted.body.len()), (204, 0));
    for method in ["DELETE", "GET"] {
        let gone = sample(&api, method, &path, &key, "").await;
        assert_eq!((gone.status.as_u16(), gone.header("content-type")), (404, "application/json"));
        assert_eq!(std::str::from_utf8(&gone.body).unwrap(), r#"{"code":404,"message":"Not found."}"#);
    }
    let listed = sample(&api, "GET", "/api/webhooks", &key, "").await;
    assert_json_snapshot!(listed.shown(), @r#"
    {
      "status": 200,
      "body": {
        "page": 1,
        "limit": 10,
        "pages": 1,
        "total": 0,
        "_embedded": {
          "items": []
        },
        "_links": {
          "self": {
            "href": "/api/webhooks?page=1&limit=10"
          },
          "first": {
            "href": "/api/webhooks?page=1&limit=10"
          },
          "last": {
            "href": "/api/webhooks?page=1&limit=10"
          }
        }
      }
    }
    "#);
}
