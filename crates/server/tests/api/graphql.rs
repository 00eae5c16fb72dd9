//! `/graphql`.

use axum::body::Body;
use http::Request;
use insta::assert_json_snapshot;
use serde_json::{Value, json};

use crate::fixture::Api;

/// The query of the second example in the document of doo.
const EVENT_CREATED_SHORT: &str = "query EventCreatedShort($id: ID!) {\n event(id: $id) {\n title\n }\n}\n";

async fn with_events() -> (Api, String) {
    let api = Api::start().await;
    let (_, key) = api.organization("Example").await;
    for id in ["visit-1", "visit-2"] {
        let event = json!({ "title": format!("Visit {id}"), "dates": [], "unknown": [1] });
        let put = api.call("PUT", &format!("/api/v1/resources/event/{id}"), &key, event).await;
        assert_eq!(put.status, 200);
    }
    (api, key)
}

#[tokio::test]
async fn a_query_is_answered_over_the_organizations_resources() {
    let (api, key) = with_events().await;
    let query = json!({
        "operationName": "EventCreatedShort", "query": EVENT_CREATED_SHORT, "variables": { "id": "visit-1" }
    });
    assert_json_snapshot!(api.post("/graphql", &key, query.clone()).await.shown(), @r#"
    {
      "status": 200,
      "body": {
        "data": {
          "event": {
            "title": "Visit visit-1"
          }
        }
      }
    }
    "#);
    let list = json!({ "query": "{ events(first: 1) { nodes { id resource } pageInfo { hasNextPage } } }" });
    assert_json_snapshot!(api.post("/graphql", &key, list).await.shown(), @r#"
    {
      "status": 200,
      "body": {
        "data": {
          "events": {
            "nodes": [
              {
                "id": "visit-1",
                "resource": {
                  "title": "Visit visit-1",
                  "dates": [],
                  "unknown": [
                    1
                  ]
                }
              }
            ],
            "pageInfo": {
              "hasNextPage": true
            }
          }
        }
      }
    }
    "#);
    let (_, stranger) = api.organization("Stranger").await;
    let foreign = api.post("/graphql", &stranger, query).await;
    assert_eq!(foreign.json(), json!({ "data": { "event": null } }));
}

#[tokio::test]
async fn a_wrong_query_is_told_with_its_place() {
    let (api, key) = with_events().await;
    let wrong = api.post("/graphql", &key, json!({ "query": "{ event(id: 1) { titel } }" })).await;
    assert_json_snapshot!(wrong.shown(), @r#"
    {
      "status": 200,
      "body": {
        "errors": [
          {
            "message": "Unknown field \"titel\" on type \"Event\".",
            "locations": [
              {
                "line": 1,
                "column": 18
              }
            ]
          }
        ]
      }
    }
    "#);
    let request = Request::post("/graphql")
        .header("authorization", format!("Bearer {key}"))
        .header("accept", "application/graphql-response+json, application/json;q=0.9")
        .body(Body::from(r#"{"query":"{"}"#))
        .unwrap();
    let told_by_status = api.send(request).await;
    assert_eq!(told_by_status.status, 400);
    assert_eq!(told_by_status.headers["content-type"], "application/graphql-response+json");
}

#[tokio::test]
async fn it_is_asked_like_the_native_api() {
    let (api, key) = with_events().await;
    let query = || json!({ "query": "{ __typename }" });
    let refusals: Vec<Value> = vec![
        api.post("/graphql", "", query()).await.shown(),
        api.post("/graphql", "wrong", query()).await.shown(),
        api.post("/graphql", &key, json!({})).await.shown(),
        api.get("/graphql", &key).await.shown(),
    ];
    assert_json_snapshot!(refusals, @r#"
    [
      {
        "status": 401,
        "body": {
          "type": "/docs/problems#unauthenticated",
          "title": "A valid API key is needed",
          "status": 401,
          "code": "unauthenticated",
          "detail": "the request carries no API key or one that is not valid; send it as \"Authorization: Bearer <key>\"",
          "instance": "req_#"
        }
      },
      {
        "status": 401,
        "body": {
          "type": "/docs/problems#unauthenticated",
          "title": "A valid API key is needed",
          "status": 401,
          "code": "unauthenticated",
          "detail": "the request carries no API key or one that is not valid; send it as \"Authorization: Bearer <key>\"",
          "instance": "req_#"
        }
      },
      {
        "status": 422,
        "body": {
          "type": "/docs/problems#invalid_fields",
          "title": "Some fields are not valid",
          "status": 422,
          "code": "invalid_fields",
          "detail": "/query: this member is missing",
          "errors": [
            {
              "detail": "this member is missing",
              "pointer": "/query"
            }
          ],
          "instance": "req_#"
        }
      },
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
    ]
    "#);
    let (organization, _) = api.organization("Other").await;
    let viewer = api.key(&organization, "viewer", None).await;
    assert_eq!(api.post("/graphql", &viewer, query()).await.status, 200);
}

#[tokio::test]
async fn the_schema_is_a_document() {
    let api = Api::start().await;
    let schema = api.get("/api/schemas/resources.graphql", "").await;
    assert_eq!(schema.status, 200);
    let text = std::str::from_utf8(&schema.body).unwrap();
    assert!(text.contains("type Query {"), "{text}");
}
