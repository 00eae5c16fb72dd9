//! Headers that the owner of a subscription adds to its deliveries.

use insta::assert_json_snapshot;
use rendezhook_domain::id::SubscriptionId;
use serde_json::{Map, Value, json};

use crate::fixture::{Api, log};

const PATH: &str = "/api/v1/subscriptions";

fn wanted(more: Value) -> Value {
    let mut request = json!({ "target_url": "https://api.example.com/hooks", "actions": ["*"] });
    request.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    request
}

/// What the store has, names with values.
fn stored(api: &Api, id: &str) -> Vec<(String, String)> {
    let id: SubscriptionId = id.parse().unwrap();
    let catalogue = api.store.catalogue();
    let entry = catalogue.subscriptions.values().find(|entry| entry.subscription.id == id).unwrap();
    entry.headers.iter().map(|header| (header.name.to_string(), header.value.expose().clone())).collect()
}

#[tokio::test]
async fn they_are_given_replaced_and_never_shown() {
    let api = Api::start().await;
    let (_, key) = api.organization("Example").await;
    let plain = api.post(PATH, &key, wanted(json!({}))).await;
    assert_eq!(plain.json()["headers"], json!({}));

    let given = json!({ "X-Key": "hush-one", "x-tenant": "hush two\t" });
    let made = api.post(PATH, &key, wanted(json!({ "headers": given }))).await;
    let hidden = json!({ "X-Key": "[hidden]", "x-tenant": "[hidden]" });
    assert_eq!(made.json()["headers"], hidden);
    let (id, path) = (made.member("/id"), made.header("location"));
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(stored(&api, &id), [pair("X-Key", "hush-one"), pair("x-tenant", "hush two\t")]);
    assert_eq!(api.get(path, &key).await.json()["headers"], hidden);

    let set = async |patch: Value| api.call("PATCH", path, &key, patch).await;
    assert_eq!(set(json!({ "description": "nothing else" })).await.json()["headers"], hidden);
    let replaced = set(json!({ "headers": { "x-other": "hush-three" } })).await;
    assert_eq!(replaced.json()["headers"], json!({ "x-other": "[hidden]" }));
    assert_eq!(stored(&api, &id), [pair("x-other", "hush-three")]);
    assert_eq!(set(json!({ "headers": null })).await.json()["headers"], json!({}));
    assert!(stored(&api, &id).is_empty());

    let mut said = String::from_utf8_lossy(&made.body).into_owned();
    said.push_str(&String::from_utf8_lossy(&replaced.body));
    said.push_str(&log::collected());
    assert!(!said.contains("hush-one") && !said.contains("hush two") && !said.contains("hush-three"));
}

#[tokio::test]
async fn another_host_gets_them_only_from_somebody_who_knows_them() {
    let api = Api::start().await;
    let (_, key) = api.organization("Example").await;
    let made = api.post(PATH, &key, wanted(json!({ "headers": { "x-key": "hush" } }))).await;
    let (id, path) = (made.member("/id"), made.header("location"));
    let set = async |patch: Value| api.call("PATCH", path, &key, patch).await;
    let moved = json!({ "target_url": "https://elsewhere.example.com/" });
    assert_eq!(
        set(moved.clone()).await.refusal(),
        "422 invalid_fields: /target_url: another host gets the stored headers only from somebody who knows them: \
         send headers again, or null"
    );
    let same_host = set(json!({ "target_url": "https://api.example.com/other" })).await;
    assert_eq!((same_host.status.as_u16(), stored(&api, &id).len()), (200, 1));
    let with = |headers: Value| {
        let mut patch = moved.clone();
        patch["headers"] = headers;
        patch
    };
    assert_eq!(set(with(json!({ "x-key": "hush" }))).await.status, 200);
    assert_eq!(stored(&api, &id).len(), 1);
    let back = json!({ "target_url": "https://api.example.com/", "headers": null });
    assert_eq!(set(back).await.json()["headers"], json!({}));
}

#[tokio::test]
async fn what_cannot_be_sent_is_refused_with_its_place() {
    let api = Api::start().await;
    let (_, key) = api.organization("Example").await;
    let many: Map<String, Value> = (0..21).map(|number| (format!("x-{number}"), json!("1"))).collect();
    let api_key = json!({ "type": "api_key", "header": "X-Api-Key", "key": "b" });
    let basic = json!({ "type": "basic", "username": "a", "password": "b" });
    let wrong = [
        json!({ "headers": [] }),
        json!({ "headers": { "x-key": 7 } }),
        json!({ "headers": { "Host": "other.example" } }),
        json!({ "headers": { "webhook-id": "forged" } }),
        json!({ "headers": { "X-Forwarded-For": "127.0.0.1" } }),
        json!({ "headers": { "x-key\r\nhost": "a" } }),
        json!({ "headers": { "x/~key": "a" } }),
        json!({ "headers": { "": "a" } }),
        json!({ "headers": { "x-key": "a\r\nhost: other.example" } }),
        json!({ "headers": { "x-key": "clé" } }),
        json!({ "headers": { "x-key": "[hidden]" } }),
        json!({ "headers": { "x-key": "x".repeat(4_097) } }),
        json!({ "headers": { "X-Key": "a", "x-key": "b" } }),
        json!({ "headers": many }),
        json!({ "headers": { "x-api-key": "a" }, "authentication": api_key }),
        json!({ "headers": { "Authorization": "a" }, "authentication": basic }),
    ];
    let mut refusals = Vec::new();
    for members in wrong {
        refusals.push(api.post(PATH, &key, wanted(members)).await.refusal());
    }
    assert_json_snapshot!(refusals, @r#"
    [
      "422 invalid_fields: /headers: invalid type: sequence, expected a map",
      "422 invalid_fields: /headers/x-key: invalid type: integer `7`, expected a string",
      "422 invalid_fields: /headers/Host: the header `Host` is set by this server or by proxies and cannot be added; choose another name",
      "422 invalid_fields: /headers/webhook-id: the header `webhook-id` is set by this server or by proxies and cannot be added; choose another name",
      "422 invalid_fields: /headers/X-Forwarded-For: the header `X-Forwarded-For` is set by this server or by proxies and cannot be added; choose another name",
      "422 invalid_fields: /headers/x-key\r\nhost: a header name contains a character that header names cannot have; use letters, digits and hyphens",
      "422 invalid_fields: /headers/x~1~0key: a header name contains a character that header names cannot have; use letters, digits and hyphens",
      "422 invalid_fields: /headers/: a header has no name",
      "422 invalid_fields: /headers/x-key: the value of the header `x-key` contains a character outside visible ASCII, space and tab",
      "422 invalid_fields: /headers/x-key: the value of the header `x-key` contains a character outside visible ASCII, space and tab",
      "422 invalid_fields: /headers/x-key: this stands for a value that is not shown; send the value itself",
      "422 invalid_fields: /headers/x-key: the value of the header `x-key` has 4097 bytes; at most 4096 are allowed",
      "422 invalid_fields: /headers: the header `x-key` is given twice; give it once",
      "422 invalid_fields: /headers: at most 20 headers can be added",
      "422 invalid_fields: /headers/x-api-key: the authentication sets this header; leave one of the two out",
      "422 invalid_fields: /headers/Authorization: the authentication sets this header; leave one of the two out"
    ]
    "#);
    assert_eq!(api.get(PATH, &key).await.json()["items"], json!([]));

    // The one that is there already is not lost to the one that comes later.
    let made = api.post(PATH, &key, wanted(json!({ "headers": { "x-api-key": "a" } }))).await;
    let patch = json!({ "authentication": api_key });
    let refused = api.call("PATCH", made.header("location"), &key, patch).await;
    assert_eq!(
        refused.refusal(),
        "422 invalid_fields: /headers/x-api-key: the authentication sets this header; leave one of the two out"
    );
    let both = json!({ "authentication": api_key, "headers": null });
    assert_eq!(api.call("PATCH", made.header("location"), &key, both).await.status, 200);
}

#[tokio::test]
async fn a_url_is_shown_as_it_was_sent_and_as_it_is_understood() {
    let api = Api::start().await;
    let (_, key) = api.organization("Example").await;
    let request = json!({ "target_url": "https://FAß.de:443/a?token=1#top", "actions": ["*"] });
    let made = api.post(PATH, &key, request).await;
    assert_eq!(made.member("/target_url"), "https://FAß.de:443/a?token=1#top");
    assert_eq!(made.member("/endpoint"), "https://xn--fa-hia.de/a");
}
