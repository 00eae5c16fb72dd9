//! Bounds of bodies: length, time and memory.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http::Request;
use http_body::Frame;
use insta::assert_json_snapshot;
use rendezhook_server::{BodyLimits, ServerOptions};
use serde_json::json;

use crate::fixture::{Answer, Api};

/// A body that sends what it has and then never ends.
struct Endless(Option<Bytes>);

impl http_body::Body for Endless {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        match self.0.take() {
            Some(data) => Poll::Ready(Some(Ok(Frame::data(data)))),
            None => Poll::Pending,
        }
    }
}

async fn post(api: &Api, path: &str, key: &str, media_type: &str, body: Body) -> Answer {
    let request = Request::post(path)
        .header("authorization", format!("Bearer {key}"))
        .header("content-type", media_type)
        .body(body);
    api.send(request.unwrap()).await
}

#[tokio::test]
async fn bodies_are_no_longer_than_allowed() {
    let api = Api::start().await;
    let (_, key) = api.organization("Example").await;
    let long = || Body::from(vec![b' '; 1024 * 1024 + 1]);
    let native = post(&api, "/api/v1/actions", &key, "application/json", long()).await;
    assert_json_snapshot!(native.shown(), @r#"
    {
      "status": 413,
      "body": {
        "type": "/docs/problems#body_too_large",
        "title": "The body is too large",
        "status": 413,
        "code": "body_too_large",
        "detail": "the body is longer than 1048576 bytes; send less at once",
        "instance": "req_#"
      }
    }
    "#);
    assert_json_snapshot!(post(&api, "/hooks", &key, "application/json", long()).await.shown(), @r#"
    {
      "status": 413,
      "body": {
        "error": "body_too_large",
        "message": "the body is longer than 1048576 bytes; send less at once"
      }
    }
    "#);
    // Lines may be longer together, and none of them may be.
    assert_ne!(post(&api, "/api/v1/actions", &key, "application/x-ndjson", long()).await.status, 413);
    let line = json!({
        "action": "event.created", "resource_kind": "event", "resource_id": "1",
        "resource": { "text": "x".repeat(256 * 1024) }
    });
    let refused =
        post(&api, "/api/v1/actions", &key, "application/x-ndjson", Body::from(line.to_string())).await;
    assert_json_snapshot!(refused.refusal(), @r#""422 invalid_fields: /0: this line has 262235 bytes; at most 262144 are allowed""#);

    // A body that announces more than it may have is refused before it is read.
    let request = Request::post("/api/v1/actions")
        .header("authorization", format!("Bearer {key}"))
        .header("content-length", "1048577")
        .body(Body::new(Endless(None)));
    assert_eq!(api.send(request.unwrap()).await.status, 413);
    // Without a valid key nothing is read at all.
    let unauthenticated =
        post(&api, "/api/v1/actions", "x", "application/json", Body::new(Endless(None))).await;
    assert_eq!(unauthenticated.status, 401);
}

#[tokio::test]
async fn a_body_has_to_arrive_in_time() {
    let bodies = BodyLimits { read_timeout: Duration::from_millis(20), ..BodyLimits::default() };
    let api = Api::with_options(ServerOptions { bodies, ..ServerOptions::default() }).await;
    let (_, key) = api.organization("Example").await;
    let slow = || Body::new(Endless(Some(Bytes::from_static(b"{"))));
    assert_json_snapshot!(post(&api, "/api/v1/actions", &key, "application/json", slow()).await.shown(), @r#"
    {
      "status": 408,
      "body": {
        "type": "/docs/problems#request_timeout",
        "title": "The request took too long to arrive",
        "status": 408,
        "code": "request_timeout",
        "detail": "the body did not arrive within 20ms",
        "instance": "req_#"
      }
    }
    "#);
    assert_json_snapshot!(post(&api, "/hooks", &key, "application/json", slow()).await.shown(), @r#"
    {
      "status": 408,
      "body": {
        "error": "request_timeout",
        "message": "the body did not arrive within 20ms"
      }
    }
    "#);
}

#[tokio::test]
async fn bodies_together_take_no_more_memory_than_allowed() {
    let bodies = BodyLimits { memory_bytes: 64 * 1024, ..BodyLimits::default() };
    let api = Api::with_options(ServerOptions { bodies, ..ServerOptions::default() }).await;
    let (_, key) = api.organization("Example").await;
    let large = || Body::from(vec![b' '; 65 * 1024]);
    let refused = post(&api, "/api/v1/actions", &key, "application/json", large()).await;
    assert_eq!(refused.header("retry-after"), "1");
    assert_json_snapshot!(refused.shown(), @r#"
    {
      "status": 503,
      "body": {
        "type": "/docs/problems#unavailable",
        "title": "The server cannot do this right now",
        "status": 503,
        "code": "unavailable",
        "detail": "too many large requests are being read; repeat the request in a moment",
        "instance": "req_#"
      }
    }
    "#);
    // What a request took returns when it has ended.
    for _ in 0..3 {
        let fits = Body::from(vec![b' '; 60 * 1024]);
        assert_eq!(post(&api, "/api/v1/actions", &key, "application/json", fits).await.status, 400);
    }
}
