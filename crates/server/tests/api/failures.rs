//! What the router itself refuses, in the form of each surface.

use axum::body::Body;
use http::Request;
use insta::assert_json_snapshot;
use serde_json::{Value, json};

use crate::fixture::Api;

#[tokio::test]
async fn unknown_paths_are_answered_in_the_form_of_their_surface() {
    let api = Api::start().await;
    assert_json_snapshot!(api.get("/api/v1/meetings", "").await.shown(), @r#"
    {
      "status": 404,
      "body": {
        "type": "/docs/problems#not_found",
        "title": "It does not exist",
        "status": 404,
        "code": "not_found",
        "detail": "there is nothing at this path; /api/openapi.json lists what there is",
        "instance": "req_#"
      }
    }
    "#);
    assert_json_snapshot!(api.get("/v2/meetings", "").await.shown(), @r#"
    {
      "status": 404,
      "body": {
        "error": "not_found",
        "message": "there is nothing at this path; /api/openapi.json lists what there is"
      }
    }
    "#);
    let mut refusals = Vec::new();
    for path in ["/", "/hooks/", "/v2", "/v2/auth", "/hooksmith", "/api/v1/subscriptions/", "/hooks/a/b"] {
        refusals.push(format!("{path} {}", api.get(path, "").await.refusal()));
    }
    assert_json_snapshot!(refusals, @r#"
    [
      "/ 404 not_found: there is nothing at this path; /api/openapi.json lists what there is",
      "/hooks/ 404 not_found: there is nothing at this path; /api/openapi.json lists what there is",
      "/v2 404 not_found: there is nothing at this path; /api/openapi.json lists what there is",
      "/v2/auth 404 not_found: there is nothing at this path; /api/openapi.json lists what there is",
      "/hooksmith 404 not_found: there is nothing at this path; /api/openapi.json lists what there is",
      "/api/v1/subscriptions/ 404 not_found: there is nothing at this path; /api/openapi.json lists what there is",
      "/hooks/a/b 404 not_found: there is nothing at this path; /api/openapi.json lists what there is"
    ]
    "#);
}

#[tokio::test]
async fn other_methods_are_refused_with_those_that_are_allowed() {
    let api = Api::start().await;
    assert_json_snapshot!(api.call("PUT", "/api/v1/subscriptions", "", Value::Null).await.shown(), @r#"
    {
      "status": 405,
      "body": {
        "type": "/docs/problems#method_not_allowed",
        "title": "The method is not allowed here",
        "status": 405,
        "code": "method_not_allowed",
        "detail": "this path does not take that method; the header Allow names those it takes",
        "instance": "req_#"
      }
    }
    "#);
    assert_json_snapshot!(api.call("PATCH", "/hooks", "", Value::Null).await.shown(), @r#"
    {
      "status": 405,
      "body": {
        "error": "method_not_allowed",
        "message": "this path does not take that method; the header Allow names those it takes"
      }
    }
    "#);
    let mut allowed = Vec::new();
    for path in [
        "/hooks",
        "/hooks/1",
        "/v2/hooks",
        "/v2/hooks/1",
        "/v2/auth/test",
        "/api/v1/organizations",
        "/api/v1/organizations/1",
        "/api/v1/organizations/1/keys",
        "/api/v1/organizations/1/keys/1",
        "/api/v1/actions",
        "/api/v1/resources/event/1",
        "/api/v1/subscriptions",
        "/api/v1/subscriptions/1",
        "/api/v1/subscriptions/1/secret",
        "/api/v1/subscriptions/1/secret/rotate",
        "/api/v1/subscriptions/1/test",
        "/api/v1/receivers",
        "/api/v1/receivers/1",
        "/api/v1/deliveries",
        "/api/v1/deliveries/1",
        "/api/v1/deliveries/1/attempts",
        "/api/openapi.json",
        "/api/schemas/event.json",
        "/docs/problems",
        "/health/live",
        "/health/ready",
    ] {
        let answer = api.call("TRACE", path, "", Value::Null).await;
        assert_eq!(answer.status, 405, "{path}");
        allowed.push(format!("{path} {}", answer.header("allow")));
    }
    assert_json_snapshot!(allowed, @r#"
    [
      "/hooks GET,HEAD,POST",
      "/hooks/1 GET,HEAD,PUT,DELETE",
      "/v2/hooks GET,HEAD,POST",
      "/v2/hooks/1 GET,HEAD,PUT,DELETE",
      "/v2/auth/test GET,HEAD",
      "/api/v1/organizations POST,GET,HEAD",
      "/api/v1/organizations/1 GET,HEAD,PATCH",
      "/api/v1/organizations/1/keys POST,GET,HEAD",
      "/api/v1/organizations/1/keys/1 DELETE",
      "/api/v1/actions POST",
      "/api/v1/resources/event/1 GET,HEAD,PUT,DELETE",
      "/api/v1/subscriptions POST,GET,HEAD",
      "/api/v1/subscriptions/1 GET,HEAD,PATCH,DELETE",
      "/api/v1/subscriptions/1/secret GET,HEAD",
      "/api/v1/subscriptions/1/secret/rotate POST",
      "/api/v1/subscriptions/1/test POST",
      "/api/v1/receivers GET,HEAD",
      "/api/v1/receivers/1 GET,HEAD,PATCH",
      "/api/v1/deliveries GET,HEAD",
      "/api/v1/deliveries/1 GET,HEAD",
      "/api/v1/deliveries/1/attempts GET,HEAD",
      "/api/openapi.json GET,HEAD",
      "/api/schemas/event.json GET,HEAD",
      "/docs/problems GET,HEAD",
      "/health/live GET,HEAD",
      "/health/ready GET,HEAD"
    ]
    "#);
}

#[tokio::test]
async fn bodies_of_other_types_are_refused() {
    let api = Api::start().await;
    let (_, key) = api.organization("Example").await;
    let send = async |path: &str, media_type: &str| {
        let body = json!({ "target_url": "https://api.example.com/", "actions": ["*"] });
        let request = Request::post(path)
            .header("authorization", format!("Bearer {key}"))
            .header("content-type", media_type)
            .body(Body::from(body.to_string()));
        api.send(request.unwrap()).await
    };
    assert_json_snapshot!(send("/api/v1/subscriptions", "application/x-www-form-urlencoded").await.shown(), @r#"
    {
      "status": 415,
      "body": {
        "type": "/docs/problems#unsupported_media_type",
        "title": "The body's media type is not supported",
        "status": 415,
        "code": "unsupported_media_type",
        "detail": "send the body as application/json",
        "instance": "req_#"
      }
    }
    "#);
    for taken in ["application/json", "Application/JSON; charset=utf-8", "application/vnd.example+json"] {
        assert_eq!(send("/api/v1/subscriptions", taken).await.status, 201, "{taken}");
    }
    assert_eq!(send("/api/v1/subscriptions", "text/plain").await.status, 415);
}

#[tokio::test]
async fn a_store_that_is_closed_asks_for_patience() {
    let api = Api::start().await;
    let (_, key) = api.organization("Example").await;
    api.store.close().await;
    let native = api
        .post(
            "/api/v1/subscriptions",
            &key,
            json!({
                "target_url": "https://api.example.com/", "actions": ["*"]
            }),
        )
        .await;
    assert_eq!(native.header("retry-after"), "1");
    assert_json_snapshot!(native.shown(), @r#"
    {
      "status": 503,
      "body": {
        "type": "/docs/problems#unavailable",
        "title": "The server cannot do this right now",
        "status": 503,
        "code": "unavailable",
        "detail": "the server is stopping; repeat the request in a moment",
        "instance": "req_#"
      }
    }
    "#);
    let vyte = api
        .post(
            "/hooks",
            &key,
            json!({
                "target_url": "https://api.example.com/", "action": "event.created"
            }),
        )
        .await;
    assert_eq!(vyte.header("retry-after"), "1");
    assert_json_snapshot!(vyte.shown(), @r#"
    {
      "status": 503,
      "body": {
        "error": "unavailable",
        "message": "the server is stopping; repeat the request in a moment"
      }
    }
    "#);
    assert_eq!(api.get("/health/ready", "").await.status, 503);
    assert_eq!(api.get("/health/live", "").await.status, 200);
}

#[tokio::test]
async fn health_needs_no_key() {
    let api = Api::start().await;
    assert_json_snapshot!(api.get("/health/live", "").await.shown(), @r#"
    {
      "status": 200,
      "body": {
        "status": "ok"
      }
    }
    "#);
    assert_json_snapshot!(api.get("/health/ready", "").await.shown(), @r#"
    {
      "status": 200,
      "body": {
        "status": "ready",
        "store": "writable",
        "delivery": {
          "pending": 0,
          "in_memory": 0,
          "in_flight": 0,
          "waiting_to_record": 0,
          "set_aside": 0
        },
        "clock": {
          "status": "relied_upon",
          "set_by_ms": null
        }
      }
    }
    "#);
}
