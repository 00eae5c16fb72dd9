//! How the requests of a subscription's deliveries are made: method and authentication, and for which event.

use insta::assert_json_snapshot;
use rendezhook_domain::id::SubscriptionId;
use rendezhook_domain::subscription::{RequestMethod, TargetAuthentication};
use serde_json::{Value, json};

use crate::fixture::{Answer, Api, log};

const PATH: &str = "/api/v1/subscriptions";

fn wanted(more: Value) -> Value {
    let mut request = json!({ "target_url": "https://api.example.com/hooks", "actions": ["*"] });
    request.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    request
}

fn by_token() -> Value {
    json!({
        "type": "oauth2_client_credentials", "token_url": "https://auth.example.com/token",
        "client_id": "rendezhook", "client_secret": "hush-token-secret"
    })
}

/// The members that this file is about.
fn requests(answer: &Answer) -> Value {
    let body = answer.json();
    let shown = |name: &str| (name.to_owned(), body[name].clone());
    Value::Object(["method", "event", "authentication"].map(shown).into_iter().collect())
}

#[tokio::test]
async fn a_subscription_may_have_a_method_an_event_and_an_authentication() {
    let api = Api::start().await;
    let (_, key) = api.organization("Example").await;
    let plain = api.post(PATH, &key, wanted(json!({}))).await;
    assert_json_snapshot!(requests(&plain), @r#"
    {
      "method": "POST",
      "event": null,
      "authentication": null
    }
    "#);
    let request = wanted(json!({ "method": "PUT", "event": "e-1", "authentication": by_token() }));
    let made = api.post(PATH, &key, request).await;
    assert_json_snapshot!(requests(&made), @r#"
    {
      "method": "PUT",
      "event": "e-1",
      "authentication": {
        "type": "oauth2_client_credentials",
        "token_url": "https://auth.example.com/token",
        "client_id": "rendezhook",
        "scope": null,
        "header": "Authorization",
        "value": "Bearer %ACCESS_TOKEN%"
      }
    }
    "#);
    let path = made.header("location").to_owned();
    assert_eq!(requests(&api.get(&path, &key).await), requests(&made));

    let set = async |patch: Value| api.call("PATCH", &path, &key, patch).await;
    let whole = json!({
        "type": "oauth2_client_credentials", "token_url": "https://auth.example.com/other", "client_id": "other",
        "client_secret": "hush", "scope": "hooks", "header": "X-Token", "value": "%ACCESS_TOKEN%"
    });
    let changed = set(json!({ "method": "GET", "event": null, "authentication": whole })).await;
    assert_json_snapshot!(requests(&changed), @r#"
    {
      "method": "GET",
      "event": null,
      "authentication": {
        "type": "oauth2_client_credentials",
        "token_url": "https://auth.example.com/other",
        "client_id": "other",
        "scope": "hooks",
        "header": "X-Token",
        "value": "%ACCESS_TOKEN%"
      }
    }
    "#);
    let basic = json!({ "type": "basic", "username": "rendezhook", "password": "hush" });
    let api_key = json!({ "type": "api_key", "header": "X-Api-Key", "key": "hush" });
    assert_json_snapshot!(requests(&set(json!({ "authentication": basic })).await), @r#"
    {
      "method": "GET",
      "event": null,
      "authentication": {
        "type": "basic",
        "username": "rendezhook"
      }
    }
    "#);
    assert_json_snapshot!(requests(&set(json!({ "event": "e-2", "authentication": api_key })).await), @r#"
    {
      "method": "GET",
      "event": "e-2",
      "authentication": {
        "type": "api_key",
        "header": "X-Api-Key"
      }
    }
    "#);
    let renamed = set(json!({ "description": "nothing else" })).await;
    assert_json_snapshot!(requests(&renamed), @r#"
    {
      "method": "GET",
      "event": "e-2",
      "authentication": {
        "type": "api_key",
        "header": "X-Api-Key"
      }
    }
    "#);
    assert_eq!(set(json!({ "authentication": null })).await.json()["authentication"], Value::Null);
}

#[tokio::test]
async fn deliveries_are_made_with_what_was_given() {
    let api = Api::start().await;
    let (_, key) = api.organization("Example").await;
    let basic = json!({ "type": "basic", "username": "rendezhook", "password": "hush" });
    let made = api.post(PATH, &key, wanted(json!({ "method": "DELETE", "authentication": basic }))).await;
    let id: SubscriptionId = made.member("/id").parse().unwrap();
    let found = |id: SubscriptionId| {
        let catalogue = api.store.catalogue();
        let entry = catalogue.subscriptions.values().find(|entry| entry.subscription.id == id).unwrap();
        let secret = entry.target_secret.as_ref().map(|secret| secret.expose().to_owned());
        (entry.subscription.method, entry.subscription.authentication.clone(), secret)
    };
    let basic = TargetAuthentication::Basic { username: "rendezhook".into() };
    assert_eq!(found(id), (RequestMethod::Delete, Some(basic), Some(String::from("hush"))));

    let patch = json!({ "authentication": { "type": "api_key", "header": "X-Key", "key": "other" } });
    api.call("PATCH", made.header("location"), &key, patch).await;
    let api_key = TargetAuthentication::ApiKey { header: "X-Key".into() };
    assert_eq!(found(id), (RequestMethod::Delete, Some(api_key), Some(String::from("other"))));
    api.call("PATCH", made.header("location"), &key, json!({ "authentication": null })).await;
    assert_eq!(found(id), (RequestMethod::Delete, None, None));
}

#[tokio::test]
async fn a_subscription_to_one_event_gets_its_actions_only() {
    let api = Api::start().await;
    let (_, key) = api.organization("Example").await;
    api.post(PATH, &key, wanted(json!({ "event": "e-1" }))).await;
    let publish = async |kind: &str, id: &str, resource: Value| {
        let item = json!({
            "action": format!("{kind}.created"), "resource_kind": kind, "resource_id": id, "resource": resource
        });
        api.post("/api/v1/actions", &key, item).await.json()["actions"][0]["deliveries"].clone()
    };
    assert_eq!(publish("event", "e-1", json!({})).await, 1);
    assert_eq!(publish("event", "e-2", json!({})).await, 0);
    assert_eq!(publish("order", "o-1", json!({ "event_id": "e-1" })).await, 1);
    assert_eq!(publish("order", "o-2", json!({ "event_id": "e-2" })).await, 0);
}

#[tokio::test]
async fn every_wrong_member_is_named_with_its_place() {
    let api = Api::start().await;
    let (_, key) = api.organization("Example").await;
    let with = |base: Value, name: &str, value: Value| {
        let mut changed = base;
        changed[name] = value;
        json!({ "authentication": changed })
    };
    let basic = json!({ "type": "basic", "username": "a", "password": "b" });
    let api_key = json!({ "type": "api_key", "header": "X-Api-Key", "key": "b" });
    let wrong = [
        json!({ "method": "post" }),
        json!({ "method": "TRACE" }),
        json!({ "method": 7 }),
        json!({ "event": "" }),
        json!({ "event": "a\nb" }),
        json!({ "event": "x".repeat(256) }),
        json!({ "authentication": "Bearer x" }),
        json!({ "authentication": ["basic", null, null, null, null, null, null, "a", "b", null] }),
        json!({ "authentication": {} }),
        json!({ "authentication": { "type": "digest" } }),
        with(basic.clone(), "realm", json!("x")),
        with(basic.clone(), "key", json!("x")),
        with(basic.clone(), "username", json!("a:b")),
        with(basic.clone(), "username", json!("")),
        with(basic.clone(), "username", json!(7)),
        with(basic.clone(), "password", json!(null)),
        with(basic, "password", json!("x".repeat(1_001))),
        with(api_key.clone(), "header", json!("Host")),
        with(api_key.clone(), "header", json!("webhook-id")),
        with(api_key.clone(), "header", json!("X Key")),
        with(api_key.clone(), "header", json!("")),
        with(api_key.clone(), "header", json!(null)),
        with(api_key.clone(), "key", json!("clé")),
        with(api_key.clone(), "key", json!("a\r\nb: c")),
        with(api_key, "key", json!("")),
        with(by_token(), "token_url", json!("http://auth.example.com/token")),
        with(by_token(), "token_url", json!("https://169.254.169.254/")),
        with(by_token(), "token_url", json!(null)),
        with(by_token(), "client_id", json!("")),
        with(by_token(), "client_secret", json!(null)),
        with(by_token(), "scope", json!("")),
        with(by_token(), "header", json!("Transfer-Encoding")),
        with(by_token(), "header", json!("")),
        with(by_token(), "value", json!("Bearer")),
        with(by_token(), "value", json!("Bearer %ACCESS_TOKEN%\r\n")),
        with(by_token(), "value", json!("")),
        with(by_token(), "username", json!("a")),
    ];
    let mut refusals = Vec::new();
    for members in wrong {
        let refused = api.post(PATH, &key, wanted(members)).await;
        for error in refused.json()["errors"].as_array().unwrap() {
            let (place, detail) = (error["pointer"].as_str().unwrap(), error["detail"].as_str().unwrap());
            refusals.push(format!("{} {place}: {detail}", refused.status.as_u16()));
        }
    }
    assert_json_snapshot!(refusals, @r#"
    [
      "422 /method: \"post\" is not a method of deliveries; there are: GET, POST, PUT, PATCH, DELETE",
      "422 /method: \"TRACE\" is not a method of deliveries; there are: GET, POST, PUT, PATCH, DELETE",
      "422 /method: invalid type: integer `7`, expected a string",
      "422 /event: the id of a resource is empty; give it 1 to 255 characters",
      "422 /event: the id of a resource contains a control character; use printable characters only",
      "422 /event: the id of a resource has 256 characters; at most 255 are allowed",
      "422 /authentication: invalid type: string \"Bearer x\", expected a JSON object",
      "422 /authentication: invalid type: sequence, expected a JSON object",
      "422 /authentication/type: this member is missing",
      "422 /authentication/type: this is none of the types: oauth2_client_credentials, basic, api_key",
      "422 /authentication/realm: unknown field `realm`, expected one of `type`, `token_url`, `client_id`, `client_secret`, `scope`, `header`, `value`, `username`, `password`, `key`",
      "422 /authentication/key: an authentication of the type basic has no such member",
      "422 /authentication/username: the user name must not hold a colon or control characters",
      "422 /authentication/username: this text has 0 characters; give it 1 to 1000",
      "422 /authentication/username: invalid type: integer `7`, expected a string",
      "422 /authentication/password: this member is missing",
      "422 /authentication/password: this text has 1001 characters; give it 1 to 1000",
      "422 /authentication/header: the header `Host` is set by this server or by proxies and cannot be added; choose another name",
      "422 /authentication/header: the header `webhook-id` is set by this server or by proxies and cannot be added; choose another name",
      "422 /authentication/header: a header name contains a character that header names cannot have; use letters, digits and hyphens",
      "422 /authentication/header: a header has no name",
      "422 /authentication/header: this member is missing",
      "422 /authentication/key: the value of the header `X-Api-Key` contains a character outside visible ASCII, space and tab",
      "422 /authentication/key: the value of the header `X-Api-Key` contains a character outside visible ASCII, space and tab",
      "422 /authentication/key: this text has 0 characters; give it 1 to 1000",
      "422 /authentication/token_url: the URL must use https",
      "422 /authentication/token_url: the URL leads to an address that is not allowed; use one that is reachable from the public Internet",
      "422 /authentication/token_url: this member is missing",
      "422 /authentication/client_id: this text has 0 characters; give it 1 to 1000",
      "422 /authentication/client_secret: this member is missing",
      "422 /authentication/scope: this text has 0 characters; give it 1 to 1000",
      "422 /authentication/header: the header `Transfer-Encoding` is set by this server or by proxies and cannot be added; choose another name",
      "422 /authentication/header: a header has no name",
      "422 /authentication/value: the header's value has no %ACCESS_TOKEN% where the token is to stand",
      "422 /authentication/value: the value of the header `Authorization` contains a character outside visible ASCII, space and tab",
      "422 /authentication/value: the header's value has no %ACCESS_TOKEN% where the token is to stand",
      "422 /authentication/username: an authentication of the type oauth2_client_credentials has no such member"
    ]
    "#);
    assert_eq!(api.get(PATH, &key).await.json()["items"], json!([]));
}

#[tokio::test]
async fn a_change_is_refused_as_a_new_one_is() {
    let api = Api::start().await;
    let (_, key) = api.organization("Example").await;
    let (_, other_key) = api.organization("Other").await;
    let request = wanted(json!({ "authentication": by_token() }));
    let made = api.post(PATH, &key, request).await;
    let path = made.header("location");
    let mut without_secret = by_token();
    without_secret.as_object_mut().unwrap().remove("client_secret");
    let wrong = [
        json!({ "method": "HEAD" }),
        json!({ "event": "" }),
        json!({ "authentication": without_secret }),
        json!({ "authentication": { "type": "basic" } }),
    ];
    let mut refusals = Vec::new();
    for patch in wrong {
        refusals.push(api.call("PATCH", path, &key, patch).await.refusal());
    }
    assert_json_snapshot!(refusals, @r#"
    [
      "422 invalid_fields: /method: \"HEAD\" is not a method of deliveries; there are: GET, POST, PUT, PATCH, DELETE",
      "422 invalid_fields: /event: the id of a resource is empty; give it 1 to 255 characters",
      "422 invalid_fields: /authentication/client_secret: this member is missing",
      "422 invalid_fields: 2 fields are not valid; each is named in \"errors\""
    ]
    "#);
    assert_eq!(requests(&api.get(path, &key).await), requests(&made));
    let foreign = api.call("PATCH", path, &other_key, json!({ "authentication": null })).await;
    assert_eq!(foreign.refusal(), "404 not_found: there is no such subscription");
}

#[tokio::test]
async fn no_answer_and_no_log_shows_a_secret() {
    let api = Api::start().await;
    let (_, key) = api.organization("Example").await;
    let secrets = ["hush-token-secret", "hush-password", "hush-key"];
    let given = [
        by_token(),
        json!({ "type": "basic", "username": "a", "password": secrets[1] }),
        json!({ "type": "api_key", "header": "X-Api-Key", "key": secrets[2] }),
    ];
    let mut answers = Vec::new();
    for authentication in given {
        let mut wrong = authentication.clone();
        wrong["unknown"] = json!(true);
        answers.push(api.post(PATH, &key, wanted(json!({ "authentication": wrong }))).await);
        answers.push(api.post(PATH, &key, wanted(json!({ "authentication": authentication }))).await);
    }
    answers.push(api.get(PATH, &key).await);
    let mut said: String = answers.iter().map(|answer| String::from_utf8_lossy(&answer.body)).collect();
    said.push_str(&log::collected());
    for secret in secrets {
        assert!(!said.contains(secret), "{secret}");
    }
}
