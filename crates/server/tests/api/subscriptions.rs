//! `/api/v1/subscriptions`.

use insta::assert_json_snapshot;
use serde_json::{Value, json};

use crate::fixture::{Api, development};

#[tokio::test]
async fn a_subscription_is_made_shown_changed_and_deleted() {
    let api = Api::start().await;
    let (_, key) = api.organization("Example").await;
    let request = json!({
        "target_url": "https://api.example.com:443/Hooks/?key=%41&b=1#part",
        "actions": ["event.confirmed", "order.*"],
        "description": "the CRM",
        "receiver": "crm",
        "retry_schedule_seconds": [5, 30],
        "rate_limit": 50,
        "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    });
    let made = api.post("/api/v1/subscriptions", &key, request).await;
    assert_json_snapshot!(made.shown(), @r#"
    {
      "status": 201,
      "body": {
        "id": "sub_#",
        "dialect": "standard",
        "target_url": "https://api.example.com:443/Hooks/?key=%41&b=1#part",
        "endpoint": "https://api.example.com/Hooks/",
        "method": "POST",
        "select": null,
        "actions": [
          "event.confirmed",
          "order.*"
        ],
        "user": null,
        "event": null,
        "description": "the CRM",
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
        "retry_schedule_seconds": [
          5,
          30
        ],
        "rate_limit": 50,
        "fold_updates": false,
        "vyte_hook_id": null,
        "vyte_body": null,
        "simplymeet_uuid": null,
        "doo_group_id": null,
        "created_at": "2026-01-15T09:30:00.000Z",
        "updated_at": "2026-01-15T09:30:00.000Z",
        "revision": 1,
        "secret": "whsec_#"
      }
    }
    "#);
    assert_eq!(made.member("/secret"), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    let path = made.header("location").to_owned();
    assert_eq!(path, format!("/api/v1/subscriptions/{}", made.member("/id")));

    api.clock.advance_seconds(60);
    let patch = json!({
        "target_url": "https://other.example.com/", "actions": ["*"], "description": "", "state": "paused",
        "retry_schedule_seconds": null, "rate_limit": null, "revision": made.json()["revision"]
    });
    let changed = api.call("PATCH", &path, &key, patch.clone()).await;
    assert_json_snapshot!(changed.shown(), @r#"
    {
      "status": 200,
      "body": {
        "id": "sub_#",
        "dialect": "standard",
        "target_url": "https://other.example.com/",
        "endpoint": "https://other.example.com/",
        "method": "POST",
        "select": null,
        "actions": [
          "*"
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
        "state": "paused",
        "disabled_because": null,
        "retry_schedule_seconds": null,
        "rate_limit": null,
        "fold_updates": false,
        "vyte_hook_id": null,
        "vyte_body": null,
        "simplymeet_uuid": null,
        "doo_group_id": null,
        "created_at": "2026-01-15T09:30:00.000Z",
        "updated_at": "2026-01-15T09:31:00.000Z",
        "revision": 2
      }
    }
    "#);
    assert_eq!(api.get(&path, &key).await.json(), changed.json());
    assert_json_snapshot!(api.call("PATCH", &path, &key, patch).await.shown(), @r#"
    {
      "status": 409,
      "body": {
        "type": "/docs/problems#conflict",
        "title": "The request conflicts with the current state",
        "status": 409,
        "code": "conflict",
        "detail": "it was changed in between; read it again and repeat",
        "instance": "req_#"
      }
    }
    "#);

    let unchanged = api.call("PATCH", &path, &key, json!({})).await.json();
    assert_eq!(unchanged["state"], "paused");
    let resumed = api.call("PATCH", &path, &key, json!({ "state": "enabled" })).await.json();
    assert_eq!(resumed["state"], "enabled");

    let deleted = api.call("DELETE", &path, &key, Value::Null).await;
    assert_eq!((deleted.status.as_u16(), deleted.body.len()), (204, 0));
    assert_json_snapshot!(api.get(&path, &key).await.shown(), @r#"
    {
      "status": 404,
      "body": {
        "type": "/docs/problems#not_found",
        "title": "It does not exist",
        "status": 404,
        "code": "not_found",
        "detail": "there is no such subscription",
        "instance": "req_#"
      }
    }
    "#);
    assert_eq!(api.call("DELETE", &path, &key, Value::Null).await.status, 404);
}

#[tokio::test]
async fn pages_are_limited() {
    let api = Api::start().await;
    let (_, key) = api.organization("Example").await;
    let mut made = Vec::new();
    for number in 0..5 {
        made.push(api.subscription(&key, &format!("https://api.example.com/{number}")).await);
    }
    let mut seen = Vec::new();
    let mut path = String::from("/api/v1/subscriptions?limit=2");
    loop {
        let page = api.get(&path, &key).await.json();
        let items = page["items"].as_array().unwrap();
        seen.extend(items.iter().map(|item| item["id"].as_str().unwrap().to_owned()));
        let Some(next) = page["next"].as_str() else { break };
        assert_eq!(items.len(), 2);
        path = format!("/api/v1/subscriptions?limit=2&cursor={next}");
    }
    assert_eq!(seen, made);

    let mut refusals = Vec::new();
    for query in ["limit=0", "limit=101", "limit=ten", "cursor=nonsense", "colour=red"] {
        refusals.push(api.get(&format!("/api/v1/subscriptions?{query}"), &key).await.refusal());
    }
    assert_json_snapshot!(refusals, @r#"
    [
      "400 invalid_request: the query parameter limit must be a number from 1 to 100",
      "400 invalid_request: the query parameter limit must be a number from 1 to 100",
      "400 invalid_request: the query parameter limit must be a number from 1 to 100",
      "400 invalid_request: the query parameter cursor is not one that a list answered with in \"next\"",
      "400 invalid_request: the query is not valid: colour: unknown field `colour`, expected one of `cursor`, `limit`, `organization_id`"
    ]
    "#);
}

#[tokio::test]
async fn every_wrong_member_is_named() {
    let api = Api::start().await;
    let (_, key) = api.organization("Example").await;
    let request = json!({
        "target_url": "http://api.example.com/hooks",
        "actions": ["event.created", "meeting.created"],
        "description": "x".repeat(256),
        "receiver": "",
        "retry_schedule_seconds": [0],
        "rate_limit": 10_001,
        "secret": "hunter2"
    });
    assert_json_snapshot!(api.post("/api/v1/subscriptions", &key, request).await.shown(), @r#"
    {
      "status": 422,
      "body": {
        "type": "/docs/problems#invalid_fields",
        "title": "Some fields are not valid",
        "status": 422,
        "code": "invalid_fields",
        "detail": "7 fields are not valid; each is named in \"errors\"",
        "errors": [
          {
            "detail": "the URL must use https",
            "pointer": "/target_url"
          },
          {
            "detail": "\"meeting.created\" is not the name of an action; write the kind of resource, a dot and what happened, in lower case: event.confirmed",
            "pointer": "/actions/1"
          },
          {
            "detail": "this text has 256 characters; give it 0 to 255",
            "pointer": "/description"
          },
          {
            "detail": "this text has 0 characters; give it 1 to 255",
            "pointer": "/receiver"
          },
          {
            "detail": "a step of a retry schedule is 0 seconds; use 1 second to 48 hours (172800)",
            "pointer": "/retry_schedule_seconds"
          },
          {
            "detail": "a rate limit of 10001 deliveries a second is out of range; use 1 to 10000",
            "pointer": "/rate_limit"
          },
          {
            "detail": "a signing secret starts with \"whsec_\"",
            "pointer": "/secret"
          }
        ],
        "instance": "req_#"
      }
    }
    "#);

    let good = json!({ "target_url": "https://api.example.com/hooks", "actions": ["*"] });
    let with = |name: &str, value: Value| {
        let mut request = good.clone();
        request[name] = value;
        request
    };
    let wrong = [
        with("target_url", json!(null)),
        with("target_url", json!("")),
        with("target_url", json!("example.com")),
        with("target_url", json!("https://user:password@example.com")),
        with("target_url", json!("https://localhost/")),
        with("target_url", json!("https://10.0.0.1/")),
        with("target_url", json!("https://2130706433/")),
        with("target_url", json!("https://example.com:0/")),
        with("target_url", json!("https://example.com\\@evil.example.com/")),
        with("target_url", json!(format!("https://example.com/{}", "x".repeat(2_048)))),
        with("actions", json!([])),
        with("actions", json!("*")),
        with("actions", json!(["*", "*"])),
        with("actions", json!([7])),
        with("secret", json!("whsec_c2hvcnQ=")),
        with("state", json!("paused")),
    ];
    let mut refusals = Vec::new();
    for request in wrong {
        refusals.push(api.post("/api/v1/subscriptions", &key, request).await.refusal());
    }
    assert_json_snapshot!(refusals, @r#"
    [
      "422 invalid_fields: /target_url: invalid type: null, expected a string",
      "422 invalid_fields: /target_url: the URL is empty; give a full https URL such as https://example.com/hooks",
      "422 invalid_fields: /target_url: the URL does not begin with https://; give a full https URL such as https://example.com/hooks",
      "422 invalid_fields: /target_url: the URL contains a user name or password before the host; send credentials in a header instead",
      "422 invalid_fields: /target_url: the URL's host `localhost` is a local name; use one that is reachable from the public Internet",
      "422 invalid_fields: /target_url: the URL leads to an address that is not allowed; use one that is reachable from the public Internet",
      "422 invalid_fields: /target_url: the URL leads to an address that is not allowed; use one that is reachable from the public Internet",
      "422 invalid_fields: /target_url: the URL names port 0; leave the port out or name the port of your receiver",
      "422 invalid_fields: /target_url: the URL contains a backslash; use a slash, or write it as %5C",
      "422 invalid_fields: /target_url: the URL has 2068 bytes; at most 2048 are allowed",
      "422 invalid_fields: /actions: name 1 to 50 actions, or \"*\" for all",
      "422 invalid_fields: /actions: invalid type: string \"*\", expected a sequence",
      "422 invalid_fields: /actions/1: this action is named twice; name it once",
      "422 invalid_fields: /actions/0: invalid type: integer `7`, expected a string",
      "422 invalid_fields: /secret: a signing secret holds 5 bytes; use 24 to 64 random bytes",
      "422 invalid_fields: /state: unknown field `state`, expected one of `target_url`, `method`, `select`, `actions`, `event`, `description`, `receiver`, `authentication`, `headers`, `verification`, `retry_schedule_seconds`, `rate_limit`, `fold_updates`, `secret`"
    ]
    "#);
    assert_eq!(api.get("/api/v1/subscriptions", &key).await.json()["items"], json!([]));
}

#[tokio::test]
async fn a_change_is_checked_like_a_new_one() {
    let api = Api::start().await;
    let (_, key) = api.organization("Example").await;
    let path = format!("/api/v1/subscriptions/{}", api.subscription(&key, "https://api.example.com/").await);
    let wrong = [
        json!({ "target_url": "http://api.example.com/" }),
        json!({ "actions": [] }),
        json!({ "state": "disabled" }),
        json!({ "retry_schedule_seconds": [] }),
        json!({ "dialect": "vyte" }),
    ];
    let mut refusals = Vec::new();
    for patch in wrong {
        refusals.push(api.call("PATCH", &path, &key, patch).await.refusal());
    }
    assert_json_snapshot!(refusals, @r#"
    [
      "422 invalid_fields: /target_url: the URL must use https",
      "422 invalid_fields: /actions: name 1 to 50 actions, or \"*\" for all",
      "422 invalid_fields: /state: a subscription can be set to enabled or paused",
      "422 invalid_fields: /retry_schedule_seconds: a retry schedule has 0 steps; give it 1 to 20",
      "422 invalid_fields: /dialect: unknown field `dialect`, expected one of `target_url`, `method`, `select`, `actions`, `event`, `description`, `state`, `retry_schedule_seconds`, `rate_limit`, `fold_updates`, `authentication`, `headers`, `verification`, `vyte_body`, `revision`"
    ]
    "#);
}

#[tokio::test]
async fn a_development_server_takes_http_to_loopback() {
    let api = Api::with_options(development()).await;
    let (_, key) = api.organization("Example").await;
    let request = |target_url| json!({ "target_url": target_url, "actions": ["*"] });
    let status = async |target_url| api.post("/api/v1/subscriptions", &key, request(target_url)).await.status;
    assert_eq!(status("http://127.0.0.1:8080/").await, 201);
    assert_eq!(status("http://10.0.0.1:8080/").await, 422);
}

#[tokio::test]
async fn a_users_key_sees_that_users_subscriptions_only() {
    let api = Api::start().await;
    let (organization, admin) = api.organization("Example").await;
    let user_key = api.key(&organization, "integrator", Some("u-1")).await;
    let of_all = api.subscription(&admin, "https://api.example.com/all").await;
    let of_user = api.subscription(&user_key, "https://api.example.com/user").await;

    let listed = api.get("/api/v1/subscriptions", &user_key).await.json();
    assert_eq!(listed["items"].as_array().map(Vec::len), Some(1));
    assert_eq!((&listed["items"][0]["id"], &listed["items"][0]["user"]), (&json!(of_user), &json!("u-1")));
    assert_eq!(api.get(&format!("/api/v1/subscriptions/{of_all}"), &user_key).await.status, 404);
    let all = api.get("/api/v1/subscriptions", &admin).await.json();
    assert_eq!(all["items"].as_array().map(Vec::len), Some(2));
}
