//! `/api/v1/organizations`.

use insta::assert_json_snapshot;
use serde_json::json;

use crate::fixture::Api;

#[tokio::test]
async fn an_organization_is_made_shown_listed_and_changed() {
    let api = Api::start().await;
    let made = api.post("/api/v1/organizations", &api.admin, json!({ "name": "Example GmbH" })).await;
    assert_json_snapshot!(made.shown(), @r#"
    {
      "status": 201,
      "body": {
        "id": "org_#",
        "name": "Example GmbH",
        "vyte_id": "<24 hex>",
        "vyte_body": "array",
        "join_link": false,
        "mask_doo_secrets": false,
        "schema_check": "warn",
        "default_expiry_hours": null,
        "backlog_quota": null,
        "receiver_backlog": null,
        "created_at": "2026-01-15T09:30:00.000Z"
      }
    }
    "#);
    let path = format!("/api/v1/organizations/{}", made.member("/id"));
    assert_eq!(made.header("location"), path);
    assert!(made.header("x-request-id").starts_with("req_"));

    assert_eq!(api.get(&path, &api.admin).await.json(), made.json());

    let patch = json!({
        "name": "Example AG", "vyte_body": "object", "join_link": true, "mask_doo_secrets": true,
        "schema_check": "reject"
    });
    let changed = api.call("PATCH", &path, &api.admin, patch).await;
    assert_json_snapshot!(changed.shown(), @r#"
    {
      "status": 200,
      "body": {
        "id": "org_#",
        "name": "Example AG",
        "vyte_id": "<24 hex>",
        "vyte_body": "object",
        "join_link": true,
        "mask_doo_secrets": true,
        "schema_check": "reject",
        "default_expiry_hours": null,
        "backlog_quota": null,
        "receiver_backlog": null,
        "created_at": "2026-01-15T09:30:00.000Z"
      }
    }
    "#);
    assert_eq!(api.get(&path, &api.admin).await.json(), changed.json());

    let listed = api.get("/api/v1/organizations", &api.admin).await;
    assert_json_snapshot!(listed.shown(), @r#"
    {
      "status": 200,
      "body": {
        "items": [
          {
            "id": "org_#",
            "name": "Example AG",
            "vyte_id": "<24 hex>",
            "vyte_body": "object",
            "join_link": true,
            "mask_doo_secrets": true,
            "schema_check": "reject",
            "default_expiry_hours": null,
            "backlog_quota": null,
            "receiver_backlog": null,
            "created_at": "2026-01-15T09:30:00.000Z"
          }
        ],
        "next": null
      }
    }
    "#);
}

#[tokio::test]
async fn pages_of_organizations_follow_each_other() {
    let api = Api::start().await;
    for name in ["first", "second", "third"] {
        api.organization(name).await;
    }
    let first = api.get("/api/v1/organizations?limit=2", &api.admin).await;
    assert_json_snapshot!(first.shown(), @r#"
    {
      "status": 200,
      "body": {
        "items": [
          {
            "id": "org_#",
            "name": "first",
            "vyte_id": "<24 hex>",
            "vyte_body": "array",
            "join_link": false,
            "mask_doo_secrets": false,
            "schema_check": "warn",
            "default_expiry_hours": null,
            "backlog_quota": null,
            "receiver_backlog": null,
            "created_at": "2026-01-15T09:30:00.000Z"
          },
          {
            "id": "org_#",
            "name": "second",
            "vyte_id": "<24 hex>",
            "vyte_body": "array",
            "join_link": false,
            "mask_doo_secrets": false,
            "schema_check": "warn",
            "default_expiry_hours": null,
            "backlog_quota": null,
            "receiver_backlog": null,
            "created_at": "2026-01-15T09:30:00.000Z"
          }
        ],
        "next": "<cursor>"
      }
    }
    "#);
    let path = format!("/api/v1/organizations?limit=2&cursor={}", first.member("/next"));
    let second = api.get(&path, &api.admin).await;
    assert_json_snapshot!(second.shown(), @r#"
    {
      "status": 200,
      "body": {
        "items": [
          {
            "id": "org_#",
            "name": "third",
            "vyte_id": "<24 hex>",
            "vyte_body": "array",
            "join_link": false,
            "mask_doo_secrets": false,
            "schema_check": "warn",
            "default_expiry_hours": null,
            "backlog_quota": null,
            "receiver_backlog": null,
            "created_at": "2026-01-15T09:30:00.000Z"
          }
        ],
        "next": null
      }
    }
    "#);
}

#[tokio::test]
async fn an_organizations_key_sees_and_changes_its_own_only() {
    let api = Api::start().await;
    let (own, key) = api.organization("own").await;
    let (other, _) = api.organization("other").await;
    let viewer = api.key(&own, "viewer", None).await;

    let listed = api.get("/api/v1/organizations", &key).await.json();
    assert_eq!(listed["items"].as_array().map(Vec::len), Some(1));
    assert_eq!(listed["items"][0]["id"], own.as_str());

    let own_path = format!("/api/v1/organizations/{own}");
    let other_path = format!("/api/v1/organizations/{other}");
    let rename = json!({ "name": "renamed" });
    assert_eq!(api.call("PATCH", &own_path, &key, rename.clone()).await.status, 200);
    assert_eq!(api.get(&own_path, &viewer).await.status, 200);
    assert_json_snapshot!(api.call("PATCH", &own_path, &viewer, rename.clone()).await.shown(), @r#"
    {
      "status": 403,
      "body": {
        "type": "/docs/problems#forbidden",
        "title": "The API key does not permit this",
        "status": 403,
        "code": "forbidden",
        "detail": "this API key has scope viewer; a key with scope admin is needed",
        "instance": "req_#"
      }
    }
    "#);
    assert_json_snapshot!(api.call("PATCH", &other_path, &key, rename).await.shown(), @r#"
    {
      "status": 404,
      "body": {
        "type": "/docs/problems#not_found",
        "title": "It does not exist",
        "status": 404,
        "code": "not_found",
        "detail": "there is no such organization",
        "instance": "req_#"
      }
    }
    "#);
    assert_json_snapshot!(api.post("/api/v1/organizations", &key, json!({ "name": "third" })).await.shown(), @r#"
    {
      "status": 403,
      "body": {
        "type": "/docs/problems#forbidden",
        "title": "The API key does not permit this",
        "status": 403,
        "code": "forbidden",
        "detail": "only the server's admin key may do this, not an organization's key",
        "instance": "req_#"
      }
    }
    "#);
}

#[tokio::test]
async fn every_wrong_member_is_named() {
    let api = Api::start().await;
    let refuse = async |body| api.post("/api/v1/organizations", &api.admin, body).await;
    assert_json_snapshot!(refuse(json!({ "name": "" })).await.shown(), @r#"
    {
      "status": 422,
      "body": {
        "type": "/docs/problems#invalid_fields",
        "title": "Some fields are not valid",
        "status": 422,
        "code": "invalid_fields",
        "detail": "/name: this text has 0 characters; give it 1 to 255",
        "errors": [
          {
            "detail": "this text has 0 characters; give it 1 to 255",
            "pointer": "/name"
          }
        ],
        "instance": "req_#"
      }
    }
    "#);
    let refusals = [
        refuse(json!({})).await.refusal(),
        refuse(json!({ "name": 7 })).await.refusal(),
        refuse(json!({ "name": "x".repeat(256) })).await.refusal(),
        refuse(json!({ "name": "a\nb" })).await.refusal(),
        refuse(json!({ "name": "x", "nmae": "y" })).await.refusal(),
        refuse(json!([])).await.refusal(),
    ];
    assert_json_snapshot!(refusals, @r#"
    [
      "422 invalid_fields: /name: this member is missing",
      "422 invalid_fields: /name: invalid type: integer `7`, expected a string",
      "422 invalid_fields: /name: this text has 256 characters; give it 1 to 255",
      "422 invalid_fields: /name: this text contains a control character; use printable characters only",
      "422 invalid_fields: /nmae: unknown field `nmae`, expected `name`",
      "422 invalid_fields: invalid type: sequence, expected a JSON object"
    ]
    "#);
}
