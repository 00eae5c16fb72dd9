//! `/api/v1/deliveries`, and tests of subscriptions.

use std::time::Duration;

use bytes::Bytes;
use insta::assert_json_snapshot;
use rendezhook_domain::cause::Cause;
use rendezhook_domain::delivery::FinalState;
use rendezhook_domain::sequence::Sequence;
use rendezhook_domain::stage::Stage;
use rendezhook_domain::time::Timestamp;
use rendezhook_server::ServerOptions;
use rendezhook_store::pending::PendingDelivery;
use rendezhook_store::record::{AttemptRecord, AttemptResult, AttemptTiming, Disposition, Exchange, Record};
use serde_json::{Value, json};

use crate::fixture::{Api, NOW};

/// The only waiting delivery.
async fn waiting(api: &Api) -> (PendingDelivery, Record) {
    let announcements = api.store.receivers_with_pending().await.unwrap();
    let announcement = announcements.first().unwrap();
    let page = api
        .store
        .pending_page(announcement.receiver, Sequence::ZERO, Sequence::MAXIMUM, None, 10)
        .await
        .unwrap();
    let delivery = *page.deliveries.first().unwrap();
    let at: Timestamp = NOW.parse().unwrap();
    let record = Record {
        key: delivery.key,
        organization: announcement.organization,
        subscription: delivery.subscription,
        at,
        attempt: None,
        disposition: Disposition::Ended(FinalState::Delivered),
        overtaken: false,
        freeze: None,
        disable: None,
        consequences: None,
        folded_into: None,
        over_backlog: false,
    };
    (delivery, record)
}

fn attempt(number: u16, result: AttemptResult, exchange: Option<Exchange>) -> AttemptRecord {
    AttemptRecord {
        number,
        started_at: NOW.parse().unwrap(),
        stage: Stage::Target,
        result,
        timing: AttemptTiming {
            dns: Some(Duration::from_micros(1_250)),
            connect: Some(Duration::from_millis(20)),
            tls: None,
            first_byte: None,
            total: Duration::from_millis(5_000),
        },
        exchange,
    }
}

#[tokio::test]
async fn a_delivery_is_shown_from_its_first_attempt_to_its_end() {
    let api = Api::start().await;
    let (_, key) = api.organization("Example").await;
    api.subscription(&key, "https://api.example.com/hooks").await;
    let action = api.publish_event(&key, "booking-1").await;

    let listed = api.get("/api/v1/deliveries", &key).await;
    assert_json_snapshot!(listed.shown(), @r#"
    {
      "status": 200,
      "body": {
        "items": [
          {
            "id": "dlv_#",
            "subscription": "sub_#",
            "origin": "original",
            "action": "event.confirmed",
            "action_id": "act_#",
            "resource_kind": "event",
            "resource_id": "booking-1",
            "version": 1,
            "accepted_at": "2026-01-15T09:30:00.000Z",
            "state": "waiting",
            "attempts": 0,
            "due_at": "2026-01-15T09:30:00.000Z",
            "ended_at": null,
            "overtaken": false,
            "folded_count": 0,
            "folded": [],
            "folded_into": null,
            "last_attempt": null,
            "repeats": null
          }
        ],
        "next": null
      }
    }
    "#);
    assert_eq!(listed.member("/items/0/action_id"), action);
    let path = format!("/api/v1/deliveries/{}", listed.member("/items/0/id"));
    assert_json_snapshot!(api.get(&format!("{path}/attempts"), &key).await.shown(), @r#"
    {
      "status": 200,
      "body": {
        "items": [],
        "next": null
      }
    }
    "#);

    let (_, record) = waiting(&api).await;
    let exchange = Exchange {
        request_head: Bytes::from_static(b"POST /hooks HTTP/1.1\r\nhost: api.example.com\r\n"),
        ..Exchange::default()
    };
    let due_at = NOW.parse::<Timestamp>().unwrap().after(Duration::from_secs(5));
    let failed = Record {
        attempt: Some(attempt(1, AttemptResult::Failed(Cause::ConnectTimeout), Some(exchange))),
        disposition: Disposition::Retry { due_at, lane_held: Duration::ZERO },
        ..record.clone()
    };
    api.store.record(vec![failed]).await.unwrap();
    assert_json_snapshot!(api.get(&path, &key).await.shown(), @r#"
    {
      "status": 200,
      "body": {
        "id": "dlv_#",
        "subscription": "sub_#",
        "origin": "original",
        "action": "event.confirmed",
        "action_id": "act_#",
        "resource_kind": "event",
        "resource_id": "booking-1",
        "version": 1,
        "accepted_at": "2026-01-15T09:30:00.000Z",
        "state": "waiting",
        "attempts": 1,
        "due_at": "2026-01-15T09:30:05.000Z",
        "ended_at": null,
        "overtaken": false,
        "folded_count": 0,
        "folded": [],
        "folded_into": null,
        "last_attempt": {
          "started_at": "2026-01-15T09:30:00.000Z",
          "succeeded": false,
          "stage": "target",
          "explanation": "the target did not accept a connection in time; a firewall may drop our packets",
          "status": null,
          "cause": {
            "code": "connect_timeout",
            "sentence": "the target did not accept a connection in time; a firewall may drop our packets"
          },
          "fault": "receiver",
          "timing": {
            "dns_ms": 1.25,
            "connect_ms": 20.0,
            "tls_ms": null,
            "first_byte_ms": null,
            "total_ms": 5000.0
          }
        },
        "repeats": null,
        "resource": {
          "title": "Appointment",
          "confirmed": {
            "flag": true
          }
        }
      }
    }
    "#);

    let exchange = Exchange {
        request_head: Bytes::from_static(b"POST /hooks HTTP/1.1\r\n"),
        response_head: Bytes::from_static(b"HTTP/1.1 410 Gone\r\n"),
        response_body: Bytes::from_static(b"\xff\xfe"),
        response_body_truncated: true,
    };
    let refused = Record {
        attempt: Some(attempt(2, AttemptResult::Status(410), Some(exchange))),
        disposition: Disposition::Ended(FinalState::Refused),
        ..record
    };
    api.store.record(vec![refused]).await.unwrap();
    assert_json_snapshot!(api.get(&path, &key).await.shown(), @r#"
    {
      "status": 200,
      "body": {
        "id": "dlv_#",
        "subscription": "sub_#",
        "origin": "original",
        "action": "event.confirmed",
        "action_id": "act_#",
        "resource_kind": "event",
        "resource_id": "booking-1",
        "version": 1,
        "accepted_at": "2026-01-15T09:30:00.000Z",
        "state": "refused",
        "attempts": 2,
        "due_at": null,
        "ended_at": "2026-01-15T09:30:00.000Z",
        "overtaken": false,
        "folded_count": 0,
        "folded": [],
        "folded_into": null,
        "last_attempt": {
          "started_at": "2026-01-15T09:30:00.000Z",
          "succeeded": false,
          "stage": "target",
          "explanation": "the target answered 410",
          "status": 410,
          "cause": null,
          "fault": "receiver",
          "timing": {
            "dns_ms": 1.25,
            "connect_ms": 20.0,
            "tls_ms": null,
            "first_byte_ms": null,
            "total_ms": 5000.0
          }
        },
        "repeats": null,
        "resource": {
          "title": "Appointment",
          "confirmed": {
            "flag": true
          }
        }
      }
    }
    "#);
    assert_json_snapshot!(api.get(&format!("{path}/attempts"), &key).await.shown(), @r#"
    {
      "status": 200,
      "body": {
        "items": [
          {
            "number": 1,
            "started_at": "2026-01-15T09:30:00.000Z",
            "succeeded": false,
            "stage": "target",
            "explanation": "the target did not accept a connection in time; a firewall may drop our packets",
            "status": null,
            "cause": {
              "code": "connect_timeout",
              "sentence": "the target did not accept a connection in time; a firewall may drop our packets"
            },
            "fault": "receiver",
            "timing": {
              "dns_ms": 1.25,
              "connect_ms": 20.0,
              "tls_ms": null,
              "first_byte_ms": null,
              "total_ms": 5000.0
            },
            "request": {
              "head": "POST /hooks HTTP/1.1\r\nhost: api.example.com\r\n"
            },
            "response": null
          },
          {
            "number": 2,
            "started_at": "2026-01-15T09:30:00.000Z",
            "succeeded": false,
            "stage": "target",
            "explanation": "the target answered 410",
            "status": 410,
            "cause": null,
            "fault": "receiver",
            "timing": {
              "dns_ms": 1.25,
              "connect_ms": 20.0,
              "tls_ms": null,
              "first_byte_ms": null,
              "total_ms": 5000.0
            },
            "request": {
              "head": "POST /hooks HTTP/1.1\r\n"
            },
            "response": {
              "head": "HTTP/1.1 410 Gone\r\n",
              "body": "//4=",
              "body_is_base64": true,
              "body_truncated": true
            }
          }
        ],
        "next": null
      }
    }
    "#);
}

#[tokio::test]
async fn lists_are_filtered() {
    let api = Api::start().await;
    let (_, key) = api.organization("Example").await;
    let first = api.subscription(&key, "https://one.example.com/").await;
    api.publish_event(&key, "booking-1").await;
    let second = api.subscription(&key, "https://two.example.com/").await;
    api.clock.advance_seconds(3_600);
    api.publish_event(&key, "booking-2").await;

    let count = async |query: &str| {
        let page = api.get(&format!("/api/v1/deliveries?{query}"), &key).await.json();
        page["items"].as_array().unwrap_or_else(|| panic!("{query}: {page}")).len()
    };
    assert_eq!(count("").await, 3);
    assert_eq!(count("state=waiting").await, 3);
    assert_eq!(count("state=delivered").await, 0);
    assert_eq!(count(&format!("subscription={first}")).await, 2);
    assert_eq!(count(&format!("subscription={second}")).await, 1);
    assert_eq!(count("resource_kind=event&resource_id=booking-1").await, 1);
    assert_eq!(count("resource_kind=order&resource_id=booking-1").await, 0);
    assert_eq!(count("from=2026-01-15T10:00:00Z").await, 2);
    assert_eq!(count("until=2026-01-15T10:00:00Z").await, 1);
    assert_eq!(count("from=2026-01-15T09:30:00Z&until=2026-01-15T10:30:00.001Z").await, 3);

    let mut seen = Vec::new();
    let mut path = String::from("/api/v1/deliveries?limit=1");
    loop {
        let page = api.get(&path, &key).await.json();
        seen.extend(
            page["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().to_owned()),
        );
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/api/v1/deliveries?limit=1&cursor={next}");
    }
    assert_eq!(seen.len(), 3);
    assert!(seen.is_sorted_by(|newer, older| newer > older));

    let mut refusals = Vec::new();
    for query in [
        "state=lost",
        "from=yesterday",
        "until=1",
        "resource_kind=event",
        "resource_id=1",
        "resource_kind=meeting&resource_id=1",
        "resource_kind=event&resource_id=",
        "limit=101",
        "cursor=x",
        "subscription=sub_1",
        "stat=waiting",
    ] {
        refusals.push(api.get(&format!("/api/v1/deliveries?{query}"), &key).await.refusal());
    }
    assert_json_snapshot!(refusals, @r#"
    [
      "400 invalid_request: the query parameter state is not valid: \"lost\" is not a state of a delivery; there are: waiting, delivered, exhausted, expired, cancelled, refused, folded, set_aside",
      "400 invalid_request: the query parameter from is not valid: \"yesterday\" is not an instant; write it like 2026-01-15T09:30:00.000Z",
      "400 invalid_request: the query parameter until is not valid: \"1\" is not an instant; write it like 2026-01-15T09:30:00.000Z",
      "400 invalid_request: the query parameters resource_kind and resource_id go together; give both",
      "400 invalid_request: the query parameters resource_kind and resource_id go together; give both",
      "400 invalid_request: the query parameter resource_kind is not valid: \"meeting\" is not a kind of resource; there are: event, order, user, vyteme",
      "400 invalid_request: the query parameter resource_id is not valid: the id of a resource is empty; give it 1 to 255 characters",
      "400 invalid_request: the query parameter limit must be a number from 1 to 100",
      "400 invalid_request: the query parameter cursor is not one that a list answered with in \"next\"",
      "404 not_found: there is no such subscription",
      "400 invalid_request: the query is not valid: stat: unknown field `stat`, expected one of `state`, `subscription`, `resource_kind`, `resource_id`, `from`, `until`, `cursor`, `limit`, `organization_id`"
    ]
    "#);
}

#[tokio::test]
async fn an_unknown_delivery_does_not_exist() {
    let api = Api::start().await;
    let (_, key) = api.organization("Example").await;
    for path in ["/api/v1/deliveries/dlv_1", "/api/v1/deliveries/1/attempts"] {
        assert_eq!(api.get(path, &key).await.refusal(), "404 not_found: there is no such delivery");
    }
}

#[tokio::test]
async fn a_test_answers_with_its_outcome() {
    let api = Api::start().await;
    let (_, key) = api.organization("Example").await;
    let id = api.subscription(&key, "https://api.example.com/hooks").await;
    let path = format!("/api/v1/subscriptions/{id}/test");
    let delivered = async {
        loop {
            if !api.store.receivers_with_pending().await.unwrap().is_empty() {
                break;
            }
            tokio::task::yield_now().await;
        }
        let (_, record) = waiting(&api).await;
        let record = Record { attempt: Some(attempt(1, AttemptResult::Status(200), None)), ..record };
        api.store.record(vec![record]).await.unwrap();
    };
    let (answer, ()) = tokio::join!(api.call("POST", &path, &key, Value::Null), delivered);
    assert_json_snapshot!(answer.shown(), @r#"
    {
      "status": 200,
      "body": {
        "finished": true,
        "delivery": {
          "id": "dlv_#",
          "subscription": "sub_#",
          "origin": "test",
          "action": "event.confirmed",
          "action_id": "act_#",
          "resource_kind": "event",
          "resource_id": "test",
          "version": 1,
          "accepted_at": "2026-01-15T09:30:00.000Z",
          "state": "delivered",
          "attempts": 1,
          "due_at": null,
          "ended_at": "2026-01-15T09:30:00.000Z",
          "overtaken": false,
          "folded_count": 0,
          "folded": [],
          "folded_into": null,
          "last_attempt": {
            "started_at": "2026-01-15T09:30:00.000Z",
            "succeeded": true,
            "stage": "target",
            "explanation": null,
            "status": 200,
            "cause": null,
            "fault": null,
            "timing": {
              "dns_ms": 1.25,
              "connect_ms": 20.0,
              "tls_ms": null,
              "first_byte_ms": null,
              "total_ms": 5000.0
            }
          },
          "repeats": null
        }
      }
    }
    "#);
}

#[tokio::test]
async fn a_test_that_takes_too_long_is_answered_as_it_stands() {
    let options = ServerOptions { test_timeout: Duration::from_millis(10), ..ServerOptions::default() };
    let api = Api::with_options(options).await;
    let (_, key) = api.organization("Example").await;
    let id = api.subscription(&key, "https://api.example.com/hooks").await;
    let answer = api.call("POST", &format!("/api/v1/subscriptions/{id}/test"), &key, Value::Null).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json()["finished"], json!(false));
    assert_eq!(answer.json()["delivery"]["origin"], json!("test"));
}
