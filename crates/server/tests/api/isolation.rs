//! What belongs to another organization answers exactly as what does not exist, on every route with an id.

use serde_json::{Value, json};

use crate::fixture::Api;

#[tokio::test]
async fn another_organizations_things_do_not_exist() {
    let api = Api::start().await;
    let (other, other_key) = api.organization("other").await;
    let (_, key) = api.organization("own").await;
    let subscription = api.subscription(&other_key, "https://api.example.com/").await;
    let hook = json!({ "action": "event.created", "target_url": "https://api.example.com/hooks" });
    let hook = api.post("/hooks", &other_key, hook).await.member("/_id");
    api.publish_event(&other_key, "booking-1").await;
    let delivery = api.get("/api/v1/deliveries", &other_key).await.member("/items/0/id");
    let receiver = api.get("/api/v1/receivers", &other_key).await.member("/items/0/id");
    let api_key =
        api.get(&format!("/api/v1/organizations/{other}/keys"), &other_key).await.member("/items/0/id");

    let unknown = "0198b2f0c0de70008000000000000001";
    let patch = json!({ "description": "x" });
    let hook_body = json!({ "action": "event.created", "target_url": "https://api.example.com/hooks" });
    let organization_pair = |rest: &str| {
        (format!("/api/v1/organizations/{other}{rest}"), format!("/api/v1/organizations/org_{unknown}{rest}"))
    };
    let subscription_pair = |rest: &str| {
        (
            format!("/api/v1/subscriptions/{subscription}{rest}"),
            format!("/api/v1/subscriptions/sub_{unknown}{rest}"),
        )
    };
    let delivery_pair = |rest: &str| {
        (format!("/api/v1/deliveries/{delivery}{rest}"), format!("/api/v1/deliveries/dlv_{unknown}{rest}"))
    };
    let hook_pair =
        |prefix: &str| (format!("{prefix}/hooks/{hook}"), format!("{prefix}/hooks/{}", "0".repeat(24)));
    let key_pair = organization_pair(&format!("/keys/{api_key}"));
    let cases: Vec<(&str, (String, String), Value)> = vec![
        ("GET", organization_pair(""), Value::Null),
        ("PATCH", organization_pair(""), json!({ "name": "x" })),
        ("GET", organization_pair("/keys"), Value::Null),
        ("POST", organization_pair("/keys"), json!({ "name": "x", "scope": "admin" })),
        ("DELETE", key_pair, Value::Null),
        ("GET", subscription_pair(""), Value::Null),
        ("PATCH", subscription_pair(""), patch),
        ("DELETE", subscription_pair(""), Value::Null),
        ("GET", subscription_pair("/secret"), Value::Null),
        ("POST", subscription_pair("/secret/rotate"), json!({})),
        ("POST", subscription_pair("/test"), Value::Null),
        ("GET", delivery_pair(""), Value::Null),
        ("GET", delivery_pair("/attempts"), Value::Null),
        (
            "GET",
            (format!("/api/v1/receivers/{receiver}"), format!("/api/v1/receivers/rcv_{unknown}")),
            Value::Null,
        ),
        (
            "GET",
            (
                String::from("/api/v1/resources/event/booking-1"),
                String::from("/api/v1/resources/event/unknown"),
            ),
            Value::Null,
        ),
        (
            "DELETE",
            (
                String::from("/api/v1/resources/event/booking-1"),
                String::from("/api/v1/resources/event/unknown"),
            ),
            Value::Null,
        ),
        (
            "GET",
            (
                format!("/api/v1/deliveries?subscription={subscription}"),
                format!("/api/v1/deliveries?subscription=sub_{unknown}"),
            ),
            Value::Null,
        ),
        (
            "GET",
            (
                format!("/api/v1/subscriptions?organization_id={other}"),
                format!("/api/v1/subscriptions?organization_id=org_{unknown}"),
            ),
            Value::Null,
        ),
        ("GET", hook_pair(""), Value::Null),
        ("PUT", hook_pair(""), hook_body.clone()),
        ("DELETE", hook_pair(""), Value::Null),
        ("GET", hook_pair("/v2"), Value::Null),
        ("PUT", hook_pair("/v2"), hook_body),
        ("DELETE", hook_pair("/v2"), Value::Null),
    ];
    for (method, (others, unknown), body) in cases {
        let of_other = api.call(method, &others, &key, body.clone()).await;
        let of_nobody = api.call(method, &unknown, &key, body).await;
        assert_eq!(of_other.status, 404, "{method} {others}");
        let without_request_id = |mut body: Value| {
            body.as_object_mut().unwrap().remove("instance");
            body
        };
        let (of_other, of_nobody) =
            (without_request_id(of_other.json()), without_request_id(of_nobody.json()));
        assert_eq!(of_other, of_nobody, "{method} {others}");
    }

    // Nothing of the other organization was touched.
    assert_eq!(api.get(&format!("/api/v1/subscriptions/{subscription}"), &other_key).await.status, 200);
    assert_eq!(api.get(&format!("/hooks/{hook}"), &other_key).await.status, 200);
    assert_eq!(api.get("/api/v1/resources/event/booking-1", &other_key).await.status, 200);
    // A list filtered by another's resource is empty, and an organization lists nothing but its own.
    let deliveries = api.get("/api/v1/deliveries?resource_kind=event&resource_id=booking-1", &key).await;
    assert_eq!(deliveries.json()["items"], json!([]));
    for path in ["/api/v1/subscriptions", "/api/v1/receivers", "/api/v1/deliveries"] {
        assert_eq!(api.get(path, &key).await.json()["items"], json!([]), "{path}");
    }
    assert_eq!(api.get("/v2/hooks", &key).await.json(), json!([]));
}
