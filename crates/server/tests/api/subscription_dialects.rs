//! Hooks of the other APIs as subscriptions: what the native API shows of them and lets their owner change.

use axum::body::Body;
use http::Request;
use insta::assert_json_snapshot;
use serde_json::{Value, json};

use crate::fixture::Api;
use crate::fixture::doo::Doo;

const PATH: &str = "/api/v1/subscriptions";

fn by_token() -> Value {
    json!({
        "type": "oauth2_client_credentials", "token_url": "https://auth.example.com/token",
        "client_id": "rendezhook", "client_secret": "hush-token-secret"
    })
}

#[tokio::test]
async fn hooks_of_the_vyte_surface_appear_too() {
    let api = Api::start().await;
    let (_, key) = api.organization("Example").await;
    let hook = json!({ "action": "event.cancelled", "target_url": "https://api.example.com/hooks/12345" });
    assert_eq!(api.post("/hooks", &key, hook).await.status, 201);
    let listed = api.get("/api/v1/subscriptions", &key).await;
    assert_json_snapshot!(listed.shown(), @r#"
    {
      "status": 200,
      "body": {
        "items": [
          {
            "id": "sub_#",
            "dialect": "vyte",
            "target_url": "https://api.example.com/hooks/12345",
            "endpoint": "https://api.example.com/hooks/12345",
            "method": "POST",
            "select": null,
            "actions": [
              "event.cancelled",
              "event.removed"
            ],
            "user": null,
            "event": null,
            "description": "",
            "receiver": "rcv_#",
            "authentication": null,
            "headers": {},
            "verification": "none",
            "verified_at": null,
            "verification_failure": null,
            "allowed_deliveries_per_minute": null,
            "certificate_expires_at": null,
            "state": "enabled",
            "disabled_because": null,
            "retry_schedule_seconds": null,
            "rate_limit": null,
            "fold_updates": false,
            "vyte_hook_id": "<24 hex>",
            "vyte_body": null,
            "simplymeet_uuid": null,
            "doo_group_id": null,
            "created_at": "2026-01-15T09:30:00.000Z",
            "updated_at": "2026-01-15T09:30:00.000Z",
            "revision": 1
          }
        ],
        "next": null
      }
    }
    "#);

    // What the Vyte API could not show is refused.
    let path = format!("/api/v1/subscriptions/{}", listed.member("/items/0/id"));
    for actions in [json!(["*"]), json!(["event.created", "event.updated"]), json!(["order.created"])] {
        let refused = api.call("PATCH", &path, &key, json!({ "actions": actions })).await;
        assert_eq!(refused.status, 422);
    }
    let changed = api.call("PATCH", &path, &key, json!({ "actions": ["event.created"] })).await;
    assert_eq!(changed.json()["actions"], json!(["event.created"]));
    let hooks = api.get("/hooks", &key).await.json();
    assert_eq!(hooks["hooks"][0]["action"], "event.created");
}

#[tokio::test]
async fn a_vyte_hook_may_have_its_own_form_of_body() {
    let api = Api::start().await;
    let (_, key) = api.organization("Example").await;
    let hook = json!({ "action": "event.created", "target_url": "https://api.example.com/" });
    assert_eq!(api.post("/hooks", &key, hook).await.status, 201);
    let ordinary = api.subscription(&key, "https://api.example.com/").await;
    let listed = api.get("/api/v1/subscriptions", &key).await.json();
    let id = listed["items"][0]["id"].as_str().unwrap().to_owned();
    let set = async |id: &str, form: Value| {
        api.call("PATCH", &format!("/api/v1/subscriptions/{id}"), &key, json!({ "vyte_body": form })).await
    };

    assert_eq!(set(&id, json!("object")).await.json()["vyte_body"], json!("object"));
    assert_eq!(set(&id, json!(null)).await.json()["vyte_body"], json!(null));
    assert_eq!(set(&id, json!("list")).await.json()["errors"][0]["pointer"], json!("/vyte_body"));
    assert_eq!(set(&ordinary, json!("object")).await.json()["errors"][0]["pointer"], json!("/vyte_body"));
}
#[tokio::test]
async fn hooks_of_vyte_and_simplymeet_can_be_given_an_authentication_and_nothing_else() {
    let api = Api::start().await;
    let (_, key) = api.organization("Example").await;
    let hook = json!({ "action": "event.created", "target_url": "https://api.example.com/" });
    assert_eq!(api.post("/hooks", &key, hook).await.status, 201);
    let hook = json!({ "events": ["meetingScheduled"], "url": "https://api.example.com/" }).to_string();
    let request = Request::post("/api/webhooks").header("x-api-key", &key).body(Body::from(hook)).unwrap();
    assert_eq!(api.send(request).await.status, 201);
    let listed = api.get(PATH, &key).await.json();
    let mut answers = Vec::new();
    for item in listed["items"].as_array().unwrap() {
        let path = format!("{PATH}/{}", item["id"].as_str().unwrap());
        let set = async |patch: Value| api.call("PATCH", &path, &key, patch).await;
        let basic = json!({ "type": "basic", "username": "a", "password": "b" });
        assert_eq!(set(json!({ "authentication": basic })).await.json()["authentication"]["type"], "basic");
        let elsewhere = json!({ "target_url": "https://elsewhere.example.com/" });
        assert_eq!(set(elsewhere).await.json()["errors"][0]["pointer"], json!("/target_url"));
        let with_it = json!({ "target_url": "https://api.example.com/other", "authentication": basic });
        assert_eq!(set(with_it).await.status, 200);
        assert_eq!(set(json!({ "authentication": null })).await.json()["authentication"], Value::Null);
        answers.push(set(json!({ "method": "PUT" })).await.refusal());
        answers.push(set(json!({ "event": "e-1" })).await.refusal());
    }
    assert_json_snapshot!(answers, @r#"
    [
      "422 invalid_fields: /method: deliveries of a Vyte hook are always POST requests",
      "422 invalid_fields: /event: the API this hook was made through lays down whether it is for one event; make it anew there",
      "422 invalid_fields: /method: deliveries of a SimplyMeet.me hook are always POST requests",
      "422 invalid_fields: /event: the API this hook was made through lays down whether it is for one event; make it anew there"
    ]
    "#);
}

#[tokio::test]
async fn a_doo_hook_keeps_what_its_group_can_show() {
    let api = Api::start().await;
    let doo = Doo::of(&api, "Example").await;
    let group = json!({
        "name": "group", "event_id": "e-1",
        "hooks": [{ "type": "event_created", "method": "POST", "endpoint": "https://api.example.com/doo" }],
        "authentication": {
            "grant_type": "client_credentials", "endpoint": "https://auth.example.com/token",
            "credentials": { "client_id": "doo", "client_secret": "hush" },
            "header_format": "Authorization", "header_value_format": "Bearer %ACCESS_TOKEN%"
        }
    });
    let group = doo.group(&api, &group).await;
    let key = doo.key.as_str();
    let shown = api.get(PATH, key).await;
    assert_eq!(shown.member("/items/0/doo_group_id"), group);
    assert_json_snapshot!(shown.shown()["body"]["items"][0], @r#"
    {
      "id": "sub_#",
      "dialect": "doo",
      "target_url": "https://api.example.com/doo",
      "endpoint": "https://api.example.com/doo",
      "method": "POST",
      "select": null,
      "actions": [
        "event.created"
      ],
      "user": null,
      "event": "e-1",
      "description": "",
      "receiver": "rcv_#",
      "authentication": {
        "type": "oauth2_client_credentials",
        "token_url": "https://auth.example.com/token",
        "client_id": "doo",
        "scope": null,
        "header": "Authorization",
        "value": "Bearer %ACCESS_TOKEN%"
      },
      "headers": {},
      "verification": "none",
      "verified_at": null,
      "verification_failure": null,
      "allowed_deliveries_per_minute": null,
      "certificate_expires_at": null,
      "state": "enabled",
      "disabled_because": null,
      "retry_schedule_seconds": null,
      "rate_limit": null,
      "fold_updates": false,
      "vyte_hook_id": null,
      "vyte_body": null,
      "simplymeet_uuid": null,
      "doo_group_id": "<uuid>",
      "created_at": "2026-01-15T09:30:00.000Z",
      "updated_at": "2026-01-15T09:30:00.000Z",
      "revision": 1
    }
    "#);
    let path = format!("{PATH}/{}", shown.member("/items/0/id"));
    let set = async |patch: Value| api.call("PATCH", &path, key, patch).await;
    let mut scoped = by_token();
    scoped["scope"] = json!("hooks");
    let basic = json!({ "type": "basic", "username": "a", "password": "b" });
    let refusals = [
        set(json!({ "authentication": basic })).await.refusal(),
        set(json!({ "authentication": scoped })).await.refusal(),
        set(json!({ "method": "PUT" })).await.refusal(),
        set(json!({ "event": null })).await.refusal(),
        set(json!({ "actions": ["*"] })).await.refusal(),
    ];
    assert_json_snapshot!(refusals, @r#"
    [
      "422 invalid_fields: /authentication/type: a doo hook has oauth2_client_credentials or none (null)",
      "422 invalid_fields: /authentication/scope: the authentication of a doo hook has no scope",
      "422 invalid_fields: /method: the method belongs to the group of a doo hook; make the group anew",
      "422 invalid_fields: /event: the API this hook was made through lays down whether it is for one event; make it anew there",
      "422 invalid_fields: /actions: the actions of a doo hook follow from its type; make its group anew"
    ]
    "#);
    assert_eq!(set(json!({ "authentication": null })).await.json()["authentication"], Value::Null);
    let changed = set(json!({ "authentication": by_token() })).await;
    assert_eq!(changed.json()["authentication"]["client_id"], "rendezhook");
    let listed = String::from_utf8(doo.get(&api, &doo.collection).await.body.to_vec()).unwrap();
    assert!(listed.contains("hush-token-secret") && !listed.contains("\"hush\""), "{listed}");
}
