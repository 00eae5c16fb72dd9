//! `/api/v1/receivers`.

use insta::assert_json_snapshot;
use serde_json::json;

use crate::fixture::Api;

#[tokio::test]
async fn subscriptions_share_a_named_receiver_or_their_endpoint() {
    let api = Api::start().await;
    let (_, key) = api.organization("Example").await;
    for (path, receiver) in
        [("a?x=1", None), ("a?x=2", None), ("b", None), ("c", Some("crm")), ("d", Some("crm"))]
    {
        let request = json!({
            "target_url": format!("https://api.example.com/{path}"), "actions": ["*"], "receiver": receiver
        });
        assert_eq!(api.post("/api/v1/subscriptions", &key, request).await.status, 201);
    }
    let listed = api.get("/api/v1/receivers", &key).await;
    assert_json_snapshot!(listed.shown(), @r#"
    {
      "status": 200,
      "body": {
        "items": [
          {
            "id": "rcv_#",
            "name": "https://api.example.com/a",
            "named": false,
            "subscriptions": 2,
            "created_at": "2026-01-15T09:30:00.000Z"
          },
          {
            "id": "rcv_#",
            "name": "https://api.example.com/b",
            "named": false,
            "subscriptions": 1,
            "created_at": "2026-01-15T09:30:00.000Z"
          },
          {
            "id": "rcv_#",
            "name": "crm",
            "named": true,
            "subscriptions": 2,
            "created_at": "2026-01-15T09:30:00.000Z"
          }
        ],
        "next": null
      }
    }
    "#);

    let path = format!("/api/v1/receivers/{}", listed.member("/items/0/id"));
    assert_eq!(api.get(&path, &key).await.json(), listed.json()["items"][0]);
    assert_json_snapshot!(api.get("/api/v1/receivers/rcv_1", &key).await.shown(), @r#"
    {
      "status": 404,
      "body": {
        "type": "/docs/problems#not_found",
        "title": "It does not exist",
        "status": 404,
        "code": "not_found",
        "detail": "there is no such receiver",
        "instance": "req_#"
      }
    }
    "#);
}
