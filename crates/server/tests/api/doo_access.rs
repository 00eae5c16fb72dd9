//! Keys, tokens and users on the doo API.

use insta::assert_json_snapshot;
use serde_json::{Value, json};

use crate::fixture::Api;
use crate::fixture::doo::{Doo, ORGANIZATIONS, call, credentials, group, refusal, told};

const REFUSED: &str = r#"401 {"response_status":401,"developer_message":"send a valid API key in x-api-key and, except to delete, \"Authorization: Bearer <token>\" with a token of the same organization that POST /v1/oauth answered within the last 24 hours","user_message":"The API key, the token or the client's credentials are not valid"}"#;

/// Every call that needs a token, with a body that is right.
fn calls(doo: &Doo, id: &str) -> [(&'static str, String, String); 4] {
    [
        ("GET", ORGANIZATIONS.to_owned(), String::new()),
        ("GET", doo.collection.clone(), String::new()),
        ("POST", doo.collection.clone(), group(&["event_created"]).to_string()),
        ("GET", format!("/v1/webhooks/{id}"), String::new()),
    ]
}

#[tokio::test]
async fn a_missing_or_wrong_key_or_token_is_refused() {
    let api = Api::start().await;
    let doo = Doo::of(&api, "Example").await;
    let other = Doo::of(&api, "Other").await;
    let id = doo.group(&api, &group(&["event_created"])).await;
    let malformed = format!("{}x", &doo.token[1..]);
    let mut altered = doo.token.clone();
    altered.replace_range(39.., if altered.ends_with('0') { "1" } else { "0" });
    let nobodys = "0".repeat(40);
    let wrong_keys = ["", "x", &doo.token, &"0".repeat(50), &other.key];
    let wrong_tokens = ["", "x", &malformed, &altered, &nobodys, &doo.key, &other.token];
    for (method, path, body) in calls(&doo, &id) {
        for key in wrong_keys {
            let answer = call(&api, method, &path, key, &doo.token, &body).await;
            assert_eq!(told(&answer), REFUSED, "{method} {path} with key {key}");
            assert_eq!(answer.header("www-authenticate"), "Bearer");
        }
        for token in wrong_tokens {
            let answer = call(&api, method, &path, &doo.key, token, &body).await;
            assert_eq!(told(&answer), REFUSED, "{method} {path} with token {token}");
        }
    }
    for key in ["", "x", &"0".repeat(50)] {
        assert_eq!(told(&call(&api, "DELETE", &format!("/v1/webhooks/{id}"), key, "", "").await), REFUSED);
    }
    assert_eq!(doo.total(&api).await, json!(1));
}

#[tokio::test]
async fn a_token_is_good_for_a_day_and_ends_with_its_client() {
    let api = Api::start().await;
    let doo = Doo::of(&api, "Example").await;
    let upper_case = doo.token.to_uppercase();
    assert_eq!(call(&api, "GET", ORGANIZATIONS, &doo.key, &upper_case, "").await.status, 200);
    api.clock.advance_seconds(24 * 3_600);
    assert_eq!(doo.get(&api, ORGANIZATIONS).await.status, 200);
    api.clock.advance_seconds(1);
    assert_eq!(told(&doo.get(&api, ORGANIZATIONS).await), REFUSED);

    let token = Doo::token_of(&api, &doo.organization, &doo.key, None).await;
    assert_eq!(call(&api, "GET", ORGANIZATIONS, &doo.key, &token, "").await.status, 200);
    let clients = format!("/api/v1/organizations/{}/oauth-clients", doo.organization);
    let id = api.get(&clients, &doo.key).await.member("/items/1/client_id");
    api.call("DELETE", &format!("{clients}/{id}"), &doo.key, Value::Null).await;
    assert_eq!(told(&call(&api, "GET", ORGANIZATIONS, &doo.key, &token, "").await), REFUSED);
}

#[tokio::test]
async fn tokens_are_for_clients_of_the_keys_organization() {
    let api = Api::start().await;
    let (organization, key) = api.organization("Example").await;
    let (other, other_key) = api.organization("Other").await;
    let clients = |id: &str| format!("/api/v1/organizations/{id}/oauth-clients");
    let own = api.post(&clients(&organization), &key, json!({ "name": "own" })).await.json();
    let others = api.post(&clients(&other), &other_key, json!({ "name": "other's" })).await.json();
    let right = credentials(&own);
    let with = |member: &str, value: Value| {
        let mut body = right.clone();
        body[member] = value;
        body
    };
    let mistyped = own["client_secret"].as_str().unwrap().to_uppercase();
    for wrong in [
        credentials(&others),
        with("client_id", others["client_id"].clone()),
        with("client_secret", others["client_secret"].clone()),
        with("client_secret", json!(mistyped)),
        with("client_secret", json!("x".repeat(5_000))),
        with("client_id", json!("doo")),
    ] {
        let answer = call(&api, "POST", "/v1/oauth", &key, "", &wrong.to_string()).await;
        assert_eq!(told(&answer), REFUSED);
    }
    assert_eq!(told(&call(&api, "POST", "/v1/oauth", "", "", &right.to_string()).await), REFUSED);
    assert_eq!(told(&call(&api, "POST", "/v1/oauth", &other_key, "", &right.to_string()).await), REFUSED);
    assert_eq!(call(&api, "POST", "/v1/oauth", &key, "", &right.to_string()).await.status, 200);

    let mut refusals = Vec::new();
    for body in [
        with("grant_type", json!("password")).to_string(),
        with("client_id", json!(7)).to_string(),
        String::from("{}"),
        String::from("[]"),
        String::from("grant_type=client_credentials"),
        String::new(),
    ] {
        refusals.push(refusal(&call(&api, "POST", "/v1/oauth", &key, "", &body).await));
    }
    assert_json_snapshot!(refusals, @r#"
    [
      "400 grant_type: \"password\" is not offered; use \"client_credentials\"",
      "400 client_id: must be a string",
      "400 client_id: is missing; client_secret: is missing; grant_type: is missing",
      "400 the body must be a JSON object",
      "400 the body is not valid JSON: expected value at line 1 column 1",
      "400 the body is not valid JSON: EOF while parsing a value at line 1 column 0"
    ]
    "#);
}

#[tokio::test]
async fn keys_that_may_not_see_secrets_are_forbidden() {
    let api = Api::start().await;
    let doo = Doo::of(&api, "Example").await;
    let id = doo.group(&api, &group(&["event_created"])).await;
    for scope in ["viewer", "publisher"] {
        let key = api.key(&doo.organization, scope, None).await;
        let mut statuses = Vec::new();
        for (method, path, body) in calls(&doo, &id) {
            let answer = call(&api, method, &path, &key, &doo.token, &body).await;
            statuses.push(answer.status.as_u16());
            // Without a token the scope is not told.
            assert_eq!(told(&call(&api, method, &path, &key, "", &body).await), REFUSED);
        }
        assert_eq!(statuses, [200, 403, 403, 403], "{scope}");
        let deleting = call(&api, "DELETE", &format!("/v1/webhooks/{id}"), &key, "", "").await;
        assert_eq!(
            told(&deleting),
            format!(
                r#"403 {{"response_status":403,"developer_message":"this API key has scope {scope}; a key with scope admin or integrator is needed","user_message":"The API key does not permit this"}}"#
            )
        );
    }
    let integrator = api.key(&doo.organization, "integrator", None).await;
    for (method, path, body) in calls(&doo, &id) {
        assert_eq!(call(&api, method, &path, &integrator, &doo.token, &body).await.status, 200);
    }
}

#[tokio::test]
async fn who_acts_for_a_user_sees_that_users_groups_only() {
    let api = Api::start().await;
    let doo = Doo::of(&api, "Example").await;
    let of_nobody = doo.group(&api, &group(&["event_created"])).await;
    let users_key = api.key(&doo.organization, "integrator", Some("u-1")).await;
    let users_token = Doo::token_of(&api, &doo.organization, &doo.key, Some("u-1")).await;
    let others_token = Doo::token_of(&api, &doo.organization, &doo.key, Some("u-2")).await;
    let total = async |key: &str, token: &str| {
        call(&api, "GET", &doo.collection, key, token, "").await.json()["total_items"].clone()
    };
    for (key, token) in [(&users_key, &doo.token), (&doo.key, &users_token), (&users_key, &users_token)] {
        let before = total(key, token).await;
        let body = group(&["event_created"]).to_string();
        let made = call(&api, "POST", &doo.collection, key, token, &body).await;
        assert_eq!(made.status, 200);
        assert_eq!(total(key, token).await, json!(before.as_u64().unwrap() + 1));
        let hidden = call(&api, "GET", &format!("/v1/webhooks/{of_nobody}"), key, token, "").await;
        assert_eq!(hidden.status, 404);
    }
    assert_eq!(total(&doo.key, &others_token).await, json!(0));
    assert_eq!(total(&doo.key, &doo.token).await, json!(4));
    // A key and a client of different users do not go together.
    assert_eq!(told(&call(&api, "GET", &doo.collection, &users_key, &others_token, "").await), REFUSED);

    let deleted = call(&api, "DELETE", &format!("/v1/webhooks/{of_nobody}"), &users_key, "", "").await;
    assert_eq!((deleted.status.as_u16(), total(&doo.key, &doo.token).await), (204, json!(4)));
    let subscriptions = api.get("/api/v1/subscriptions", &doo.key).await.json();
    assert_eq!(subscriptions["items"][1]["user"], json!("u-1"));
}

#[tokio::test]
async fn the_admin_key_names_the_organization_it_acts_for() {
    let api = Api::start().await;
    let doo = Doo::of(&api, "Example").await;
    let other = Doo::of(&api, "Other").await;
    let path = format!("{ORGANIZATIONS}?organization_id={}", doo.organization);
    assert_eq!(call(&api, "GET", &path, &api.admin, &doo.token, "").await.status, 200);
    assert_eq!(told(&call(&api, "GET", &path, &api.admin, &other.token, "").await), REFUSED);
    let unnamed = call(&api, "GET", ORGANIZATIONS, &api.admin, &doo.token, "").await;
    assert!(refusal(&unnamed).starts_with("400 the admin key acts for"), "{}", told(&unnamed));
}
