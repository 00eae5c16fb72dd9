//! Keys: making, listing and revoking them, and what each scope may do.

use insta::assert_json_snapshot;
use serde_json::{Value, json};

use crate::fixture::Api;

#[tokio::test]
async fn a_key_is_shown_once() {
    let api = Api::start().await;
    let (organization, admin) = api.organization("Example").await;
    let path = format!("/api/v1/organizations/{organization}/keys");
    let request = json!({
        "name": "booking service", "scope": "publisher", "user": "u-1", "expires_at": "2026-02-01T00:00:00Z"
    });
    let made = api.post(&path, &admin, request).await;
    assert_json_snapshot!(made.shown(), @r#"
    {
      "status": 201,
      "body": {
        "id": "key_#",
        "name": "booking service",
        "scope": "publisher",
        "user": "u-1",
        "created_at": "2026-01-15T09:30:00.000Z",
        "expires_at": "2026-02-01T00:00:00.000Z",
        "key": "<key>"
      }
    }
    "#);
    assert_eq!(made.member("/key").len(), 50);

    let listed = api.get(&path, &admin).await;
    assert_json_snapshot!(listed.shown(), @r#"
    {
      "status": 200,
      "body": {
        "items": [
          {
            "id": "key_#",
            "name": "admin",
            "scope": "admin",
            "user": null,
            "created_at": "2026-01-15T09:30:00.000Z",
            "expires_at": null
          },
          {
            "id": "key_#",
            "name": "booking service",
            "scope": "publisher",
            "user": "u-1",
            "created_at": "2026-01-15T09:30:00.000Z",
            "expires_at": "2026-02-01T00:00:00.000Z"
          }
        ],
        "next": null
      }
    }
    "#);
}

#[tokio::test]
async fn a_revoked_key_is_refused_at_once() {
    let api = Api::start().await;
    let (organization, admin) = api.organization("Example").await;
    let path = format!("/api/v1/organizations/{organization}/keys");
    let made = api.post(&path, &admin, json!({ "name": "temporary", "scope": "viewer" })).await;
    let key = made.member("/key");
    assert_eq!(api.get("/api/v1/subscriptions", &key).await.status, 200);

    let key_path = format!("{path}/{}", made.member("/id"));
    let revoked = api.call("DELETE", &key_path, &admin, Value::Null).await;
    assert_eq!((revoked.status.as_u16(), revoked.body.len()), (204, 0));
    assert_json_snapshot!(api.get("/api/v1/subscriptions", &key).await.shown(), @r#"
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
    }
    "#);
    assert_json_snapshot!(api.call("DELETE", &key_path, &admin, Value::Null).await.shown(), @r#"
    {
      "status": 404,
      "body": {
        "type": "/docs/problems#not_found",
        "title": "It does not exist",
        "status": 404,
        "code": "not_found",
        "detail": "there is no such key",
        "instance": "req_#"
      }
    }
    "#);
}

#[tokio::test]
async fn a_key_expires() {
    let api = Api::start().await;
    let (organization, admin) = api.organization("Example").await;
    let path = format!("/api/v1/organizations/{organization}/keys");
    let request = json!({ "name": "short", "scope": "viewer", "expires_at": "2026-01-15T09:31:00Z" });
    let key = api.post(&path, &admin, request).await.member("/key");
    api.clock.advance_seconds(59);
    assert_eq!(api.get("/api/v1/subscriptions", &key).await.status, 200);
    api.clock.advance_seconds(1);
    assert_eq!(api.get("/api/v1/subscriptions", &key).await.status, 401);
}

#[tokio::test]
async fn wrong_members_of_a_key_are_named() {
    let api = Api::start().await;
    let (organization, admin) = api.organization("Example").await;
    let path = format!("/api/v1/organizations/{organization}/keys");
    let request = json!({ "name": "", "scope": "root", "user": "", "expires_at": "2025-01-01T00:00:00Z" });
    assert_json_snapshot!(api.post(&path, &admin, request).await.shown(), @r#"
    {
      "status": 422,
      "body": {
        "type": "/docs/problems#invalid_fields",
        "title": "Some fields are not valid",
        "status": 422,
        "code": "invalid_fields",
        "detail": "4 fields are not valid; each is named in \"errors\"",
        "errors": [
          {
            "detail": "this text has 0 characters; give it 1 to 255",
            "pointer": "/name"
          },
          {
            "detail": "this text has 0 characters; give it 1 to 255",
            "pointer": "/user"
          },
          {
            "detail": "\"root\" is not a scope; there are: admin, publisher, integrator, viewer",
            "pointer": "/scope"
          },
          {
            "detail": "this instant is past; the key would never be accepted",
            "pointer": "/expires_at"
          }
        ],
        "instance": "req_#"
      }
    }
    "#);
}

#[tokio::test]
async fn each_scope_may_do_its_own() {
    let api = Api::start().await;
    let (organization, _) = api.organization("Example").await;
    let hook = json!({ "target_url": "https://api.example.com/hooks", "actions": ["*"] });
    let item = json!({
        "action": "event.created", "resource_kind": "event", "resource_id": "1", "resource": {}
    });
    let keys_path = format!("/api/v1/organizations/{organization}/keys");
    let mut table = Vec::new();
    for scope in ["admin", "publisher", "integrator", "viewer"] {
        let key = api.key(&organization, scope, None).await;
        let read = api.get("/api/v1/deliveries", &key).await.status.as_u16();
        let manage = api.post("/api/v1/subscriptions", &key, hook.clone()).await.status.as_u16();
        let publish = api.post("/api/v1/actions", &key, item.clone()).await.status.as_u16();
        let keys = api.get(&keys_path, &key).await.status.as_u16();
        table.push(format!("{scope}: read {read}, subscriptions {manage}, publish {publish}, keys {keys}"));
    }
    assert_json_snapshot!(table, @r#"
    [
      "admin: read 200, subscriptions 201, publish 202, keys 200",
      "publisher: read 200, subscriptions 403, publish 202, keys 403",
      "integrator: read 200, subscriptions 201, publish 403, keys 403",
      "viewer: read 200, subscriptions 403, publish 403, keys 403"
    ]
    "#);
}

#[tokio::test]
async fn the_admin_key_acts_for_the_organization_it_names() {
    let api = Api::start().await;
    let (own, key) = api.organization("own").await;
    let (other, _) = api.organization("other").await;
    api.subscription(&key, "https://api.example.com/hooks").await;

    let for_organization = |id: &str| format!("/api/v1/subscriptions?organization_id={id}");
    let count = |answer: Value| answer["items"].as_array().map(Vec::len);
    assert_eq!(count(api.get(&for_organization(&own), &api.admin).await.json()), Some(1));
    assert_eq!(count(api.get(&for_organization(&other), &api.admin).await.json()), Some(0));
    // An organization's own key may name its organization and no other.
    assert_eq!(api.get(&for_organization(&own), &key).await.status, 200);

    let refusals = [
        api.get("/api/v1/subscriptions", &api.admin).await.refusal(),
        api.get(&for_organization("org_unknown"), &api.admin).await.refusal(),
        api.get(&for_organization(&other), &key).await.refusal(),
    ];
    assert_json_snapshot!(refusals, @r#"
    [
      "400 invalid_request: the admin key acts for an organization: name it in the query parameter organization_id",
      "404 not_found: there is no such organization",
      "404 not_found: there is no such organization"
    ]
    "#);
}

#[tokio::test]
async fn without_a_valid_key_nothing_is_told() {
    let api = Api::start().await;
    let (_, key) = api.organization("Example").await;
    let nobody = "0".repeat(50);
    let mistyped = key.to_uppercase();
    let long = "k".repeat(5_000);
    for wrong in ["", "x", nobody.as_str(), mistyped.as_str(), long.as_str()] {
        let answer = api.get("/api/v1/subscriptions", wrong).await;
        assert_eq!(answer.status, 401);
        assert_eq!(answer.header("www-authenticate"), "Bearer");
        assert_eq!(answer.header("content-type"), "application/problem+json");
    }
    // A wrong key is refused before anything else is looked at.
    assert_eq!(api.post("/api/v1/subscriptions", &nobody, json!("no object")).await.status, 401);
}
