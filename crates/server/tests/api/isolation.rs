//! What belongs to another organization answers exactly as what does not exist: the Vyte API, queries and lists. The rest is
//! taken from the OpenAPI document (`isolation_routes`) or lies with the tests of the doo and SimplyMeet.me APIs.

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

    let unknown = "0198b2f0c0de70008000000000000001";
    let hook_body = json!({ "action": "event.created", "target_url": "https://api.example.com/hooks" });
    let hook_pair =
        |prefix: &str| (format!("{prefix}/hooks/{hook}"), format!("{prefix}/hooks/{}", "0".repeat(24)));
    let cases: Vec<(&str, (String, String), Value)> = vec![
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
