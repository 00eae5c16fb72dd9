//! OAuth clients: making, listing and revoking them.

use insta::assert_json_snapshot;
use serde_json::{Value, json};

use crate::fixture::Api;

fn path(organization: &str) -> String {
    format!("/api/v1/organizations/{organization}/oauth-clients")
}

#[tokio::test]
async fn a_client_is_made_with_a_secret_that_is_shown_once() {
    let api = Api::start().await;
    let (organization, admin) = api.organization("Example").await;
    let path = path(&organization);
    let made = api.post(&path, &admin, json!({ "name": "ticket shop", "user": "u-1" })).await;
    assert_json_snapshot!(made.shown(), @r#"
    {
      "status": 201,
      "body": {
        "client_id": "client_#",
        "name": "ticket shop",
        "user": "u-1",
        "created_at": "2026-01-15T09:30:00.000Z",
        "client_secret": "<key>"
      }
    }
    "#);
    api.post(&path, &api.admin, json!({ "name": "reports" })).await;

    let listed = api.get(&path, &admin).await;
    assert_json_snapshot!(listed.shown(), @r#"
    {
      "status": 200,
      "body": {
        "items": [
          {
            "client_id": "client_#",
            "name": "ticket shop",
            "user": "u-1",
            "created_at": "2026-01-15T09:30:00.000Z"
          },
          {
            "client_id": "client_#",
            "name": "reports",
            "user": null,
            "created_at": "2026-01-15T09:30:00.000Z"
          }
        ],
        "next": null
      }
    }
    "#);
    let first = api.get(&format!("{path}?limit=1"), &admin).await;
    let second = api.get(&format!("{path}?limit=1&cursor={}", first.member("/next")), &admin).await;
    assert_eq!(second.member("/items/0/name"), "reports");
}

#[tokio::test]
async fn a_revoked_client_is_gone() {
    let api = Api::start().await;
    let (organization, admin) = api.organization("Example").await;
    let path = path(&organization);
    let client = api.post(&path, &admin, json!({ "name": "temporary" })).await.member("/client_id");
    let client_path = format!("{path}/{client}");
    let revoked = api.call("DELETE", &client_path, &admin, Value::Null).await;
    assert_eq!((revoked.status.as_u16(), revoked.body.len()), (204, 0));
    assert_eq!(api.get(&path, &admin).await.json()["items"], json!([]));
    for unknown in [client_path, format!("{path}/client_1")] {
        let refused = api.call("DELETE", &unknown, &admin, Value::Null).await;
        assert_eq!(refused.refusal(), "404 not_found: there is no such OAuth client");
    }
}

#[tokio::test]
async fn wrong_requests_and_keys_are_refused() {
    let api = Api::start().await;
    let (organization, admin) = api.organization("Example").await;
    let (_, other_admin) = api.organization("Other").await;
    let path = path(&organization);
    let wrong = api.post(&path, &admin, json!({ "name": "", "user": "x".repeat(256) })).await;
    let places: Vec<String> = ["/errors/0/pointer", "/errors/1/pointer"].map(|it| wrong.member(it)).to_vec();
    assert_eq!((wrong.status.as_u16(), places), (422, vec!["/name".to_owned(), "/user".to_owned()]));

    let client = api.post(&path, &admin, json!({ "name": "own" })).await.member("/client_id");
    let own = format!("{path}/{client}");
    for scope in ["publisher", "integrator", "viewer"] {
        let key = api.key(&organization, scope, None).await;
        assert_eq!(api.post(&path, &key, json!({ "name": "x" })).await.status, 403, "{scope}");
        assert_eq!(api.get(&path, &key).await.status, 403, "{scope}");
        assert_eq!(api.call("DELETE", &own, &key, Value::Null).await.status, 403, "{scope}");
    }
    assert_eq!(api.get(&path, &other_admin).await.status, 404);
    assert_eq!(api.call("DELETE", &own, &other_admin, Value::Null).await.status, 404);
    assert_eq!(api.get(&path, &admin).await.json()["items"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn an_organization_has_at_most_a_hundred() {
    let api = Api::start().await;
    let (organization, admin) = api.organization("Example").await;
    let path = path(&organization);
    for number in 0..100 {
        let made = api.post(&path, &admin, json!({ "name": format!("client {number}") })).await;
        assert_eq!(made.status, 201, "{number}");
    }
    let refused = api.post(&path, &admin, json!({ "name": "one too many" })).await;
    assert_eq!(refused.refusal(), "409 limit_reached: the limit of 100 is reached; delete some first");
}
