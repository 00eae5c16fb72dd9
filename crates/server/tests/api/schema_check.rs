//! What is done with resources that do not fit the schema of their kind.

use axum::body::Body;
use http::Request;
use insta::assert_json_snapshot;
use serde_json::{Value, json};

use crate::fixture::{Answer, Api};

/// An API and an organization that wants this check.
async fn start(schema_check: &str) -> (Api, String, String) {
    let api = Api::start().await;
    let (id, key) = api.organization("Example").await;
    let path = format!("/api/v1/organizations/{id}");
    let changed = api.call("PATCH", &path, &key, json!({ "schema_check": schema_check })).await;
    assert_eq!((changed.status.as_u16(), changed.json()["schema_check"].clone()), (200, json!(schema_check)));
    (api, key, path)
}

fn unfit() -> Value {
    json!({ "title": 7, "dates": [{ "date": "2027-01-11T08:00:00Z" }, { "date": "tomorrow" }] })
}

fn item(id: &str, resource: &Value) -> Value {
    json!({ "action": "event.created", "resource_kind": "event", "resource_id": id, "resource": resource })
}

fn fitting(id: &str) -> Value {
    item(id, &json!({ "title": "Visit", "dates": [{ "date": "2027-01-11T08:00:00Z" }] }))
}

async fn publish(api: &Api, key: &str, headers: &[(&str, &str)], body: String) -> Answer {
    let mut request = Request::post("/api/v1/actions").header("authorization", format!("Bearer {key}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    api.send(request.body(Body::from(body)).unwrap()).await
}

const JSON: (&str, &str) = ("content-type", "application/json");
const LINES: (&str, &str) = ("content-type", "application/x-ndjson");

/// The warnings of each action.
fn warnings(answer: &Answer) -> Vec<Value> {
    assert_eq!(answer.status, 202, "{answer:?}");
    answer.json()["actions"].as_array().unwrap().iter().map(|action| action["warnings"].clone()).collect()
}

#[tokio::test]
async fn with_warn_it_is_accepted_and_what_does_not_fit_is_named_and_counted() {
    let (api, key, path) = start("warn").await;
    let one = api.post("/api/v1/actions", &key, item("b-1", &unfit())).await;
    assert_json_snapshot!(one.shown(), @r#"
    {
      "status": 202,
      "body": {
        "actions": [
          {
            "id": "act_#",
            "action": "event.created",
            "resource_kind": "event",
            "resource_id": "b-1",
            "deliveries": 0,
            "warnings": [
              {
                "pointer": "/title",
                "detail": "this must be a string, not a number"
              },
              {
                "pointer": "/dates/1/date",
                "detail": "this must be a date and a time with an offset (RFC 3339), like 2026-01-15T09:30:00Z"
              }
            ]
          }
        ]
      }
    }
    "#);
    let array = api.post("/api/v1/actions", &key, json!([fitting("b-2"), item("b-3", &unfit())])).await;
    let [none, some] = &warnings(&array)[..] else { panic!("{array:?}") };
    assert_eq!((none, some), (&Value::Null, &one.json()["actions"][0]["warnings"]));
    let lines = format!("{}\n\n{}\n", item("b-4", &unfit()), fitting("b-5"));
    let lines = publish(&api, &key, &[LINES], lines).await;
    assert_eq!(warnings(&lines), [some.clone(), Value::Null]);

    let put = api.call("PUT", "/api/v1/resources/event/b-6", &key, unfit()).await;
    assert_json_snapshot!(put.shown(), @r#"
    {
      "status": 200,
      "body": {
        "version": 1,
        "actions": [
          {
            "id": "act_#",
            "action": "event.created",
            "changes": [],
            "deliveries": 0
          }
        ],
        "warnings": [
          {
            "pointer": "/title",
            "detail": "this must be a string, not a number"
          },
          {
            "pointer": "/dates/1/date",
            "detail": "this must be a date and a time with an offset (RFC 3339), like 2026-01-15T09:30:00Z"
          }
        ]
      }
    }
    "#);
    let same = api.call("PUT", "/api/v1/resources/event/b-6", &key, unfit()).await;
    assert_json_snapshot!(same.shown(), @r#"
    {
      "status": 200,
      "body": {
        "version": 1,
        "actions": [],
        "warnings": [
          {
            "pointer": "/title",
            "detail": "this must be a string, not a number"
          },
          {
            "pointer": "/dates/1/date",
            "detail": "this must be a date and a time with an offset (RFC 3339), like 2026-01-15T09:30:00Z"
          }
        ]
      }
    }
    "#);

    // What changed nothing is not counted.
    let shown = api.get(&path, &key).await;
    assert_json_snapshot!(shown.shown()["body"]["schema_warnings"], @r#"
    {
      "count": 4,
      "last_at": "2026-01-15T09:30:00.000Z",
      "last_resource_kind": "event",
      "last_resource_id": "b-6",
      "last_warnings": [
        {
          "pointer": "/title",
          "detail": "this must be a string, not a number"
        },
        {
          "pointer": "/dates/1/date",
          "detail": "this must be a date and a time with an offset (RFC 3339), like 2026-01-15T09:30:00Z"
        }
      ]
    }
    "#);
    let listed = api.get("/api/v1/organizations", &key).await;
    assert_eq!(listed.json()["items"][0], shown.json());
    let (other, other_key) = api.organization("other").await;
    let other = api.get(&format!("/api/v1/organizations/{other}"), &other_key).await.json();
    assert_eq!((&other["schema_check"], other.get("schema_warnings")), (&json!("warn"), None));
}

#[tokio::test]
async fn a_repetition_names_the_same_and_counts_nothing() {
    let (api, key, path) = start("warn").await;
    let headers = [JSON, ("idempotency-key", "one")];
    let body = item("b-1", &unfit()).to_string();
    let first = publish(&api, &key, &headers, body.clone()).await;
    let again = publish(&api, &key, &headers, body).await;
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!((again.json(), warnings(&again)[0].as_array().unwrap().len()), (first.json(), 2));
    assert_eq!(api.get(&path, &key).await.json()["schema_warnings"]["count"], 1);
}

#[tokio::test]
async fn ten_parts_of_a_resource_are_named_at_most() {
    let (api, key, _) = start("warn").await;
    let dates = json!({ "dates": vec![json!({}); 30] });
    let answer = api.post("/api/v1/actions", &key, item("b-1", &dates)).await;
    assert_eq!(warnings(&answer)[0].as_array().unwrap().len(), 10);
    let many: Vec<Value> = (0..120).map(|number| item(&format!("b-{number}"), &dates)).collect();
    let answer = api.post("/api/v1/actions", &key, Value::from(many)).await;
    let named: Vec<usize> =
        warnings(&answer).iter().map(|warnings| warnings.as_array().unwrap().len()).collect();
    assert_eq!((named[99], named[100], named[119]), (10, 1, 1));
}

#[tokio::test]
async fn with_reject_nothing_of_the_request_happens() {
    let (api, key, path) = start("reject").await;
    let one = api.post("/api/v1/actions", &key, item("b-1", &unfit())).await;
    assert_json_snapshot!(one.shown(), @r#"
    {
      "status": 422,
      "body": {
        "type": "/docs/problems#invalid_fields",
        "title": "Some fields are not valid",
        "status": 422,
        "code": "invalid_fields",
        "detail": "2 fields are not valid; each is named in \"errors\"",
        "errors": [
          {
            "detail": "this must be a string, not a number",
            "pointer": "/resource/title"
          },
          {
            "detail": "this must be a date and a time with an offset (RFC 3339), like 2026-01-15T09:30:00Z",
            "pointer": "/resource/dates/1/date"
          }
        ],
        "instance": "req_#"
      }
    }
    "#);
    let array = api.post("/api/v1/actions", &key, json!([fitting("b-2"), item("b-3", &unfit())])).await;
    assert_json_snapshot!(array.shown()["body"]["errors"], @r#"
    [
      {
        "detail": "this must be a string, not a number",
        "pointer": "/1/resource/title"
      },
      {
        "detail": "this must be a date and a time with an offset (RFC 3339), like 2026-01-15T09:30:00Z",
        "pointer": "/1/resource/dates/1/date"
      }
    ]
    "#);
    let lines = format!("{}\n\n{}\n", fitting("b-4"), item("b-5", &json!({ "lang": null })));
    assert_json_snapshot!(publish(&api, &key, &[LINES], lines).await.refusal(), @r#""422 invalid_fields: /1/resource/lang: this must be a string, not null""#);
    let put = api.call("PUT", "/api/v1/resources/event/b-6", &key, unfit()).await;
    assert_json_snapshot!(put.shown()["body"]["errors"], @r#"
    [
      {
        "detail": "this must be a string, not a number",
        "pointer": "/title"
      },
      {
        "detail": "this must be a date and a time with an offset (RFC 3339), like 2026-01-15T09:30:00Z",
        "pointer": "/dates/1/date"
      }
    ]
    "#);
    let whole = api.call("PUT", "/api/v1/resources/order/o-1", &key, json!({ "event": [] })).await;
    assert_eq!(whole.refusal(), "422 invalid_fields: /event: this must be an object, not an array");
    let many = item("b-7", &json!({ "dates": vec![json!({}); 30] }));
    let many = api.post("/api/v1/actions", &key, json!([many.clone(), many])).await;
    assert_eq!(many.json()["errors"].as_array().map(Vec::len), Some(20));

    for number in 1..=7 {
        let stored = api.get(&format!("/api/v1/resources/event/b-{number}"), &key).await;
        assert_eq!(stored.status, 404, "b-{number}");
    }
    assert_eq!(api.get(&path, &key).await.json().get("schema_warnings"), None);
    assert_eq!(warnings(&api.post("/api/v1/actions", &key, fitting("b-1")).await), [Value::Null]);
    assert_eq!(api.call("DELETE", "/api/v1/resources/event/b-1", &key, Value::Null).await.status, 200);
}

#[tokio::test]
async fn with_off_nothing_is_looked_at() {
    let (api, key, path) = start("off").await;
    let array = json!([item("b-1", &unfit()), item("b-2", &unfit())]);
    assert_eq!(warnings(&api.post("/api/v1/actions", &key, array).await), [Value::Null, Value::Null]);
    let put = api.call("PUT", "/api/v1/resources/event/b-3", &key, unfit()).await;
    assert_eq!((put.status.as_u16(), put.json().get("warnings")), (200, None));
    assert_eq!(api.get(&path, &key).await.json().get("schema_warnings"), None);
}

#[tokio::test]
async fn another_word_than_the_three_is_refused() {
    let (api, key, path) = start("reject").await;
    let refuse =
        async |check: Value| api.call("PATCH", &path, &key, json!({ "schema_check": check })).await.refusal();
    let refusals = [refuse(json!("strict")).await, refuse(json!("Warn")).await];
    assert_json_snapshot!(refusals, @r#"
    [
      "422 invalid_fields: /schema_check: unknown variant `strict`, expected one of `off`, `warn`, `reject`",
      "422 invalid_fields: /schema_check: unknown variant `Warn`, expected one of `off`, `warn`, `reject`"
    ]
    "#);
    assert_eq!(api.get(&path, &key).await.json()["schema_check"], "reject");
}
