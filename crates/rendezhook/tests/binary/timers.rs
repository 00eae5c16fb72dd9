//! What waits for its time, across a restart of the real server.

use std::net::TcpListener;

use serde_json::{Value, json};

use super::receiver::receive;
use super::server::{Server, until};

#[test]
fn what_came_due_while_the_server_was_down_arrives_and_says_so() {
    let data = tempfile::tempdir().unwrap();
    let receiver = TcpListener::bind("127.0.0.1:0").unwrap();
    let server = Server::start(data.path());
    let (_, key) = server.organization("Clinic");
    let target = format!("http://{}/hook", receiver.local_addr().unwrap());
    let subscription = json!({"target_url": target, "actions": ["event.ended", "event.reminder"]});
    assert_eq!(server.call("POST", "/api/v1/subscriptions", &key, Some(&subscription)).0, 201);
    let ended = json!({
        "name": "ended", "action": "event.ended", "anchor": "end", "offset": 0, "late_after_seconds": 1
    });
    assert_eq!(server.call("POST", "/api/v1/timers", &key, Some(&ended)).0, 201);

    let in_milliseconds = |milliseconds: i64| {
        let now = jiff::Timestamp::now();
        format!("{:.3}", now + jiff::SignedDuration::from_millis(milliseconds))
    };
    let end = in_milliseconds(4_000);
    let event = json!({"confirmed": {"flag": true}, "dates": [{"date": end, "end_date": end}]});
    assert_eq!(server.call("PUT", "/api/v1/resources/event/b-1", &key, Some(&event)).0, 200);
    server.stop();
    let over = || format!("{:.3}", jiff::Timestamp::now()) >= end;
    assert!(until(std::time::Duration::from_secs(30), over), "the event does not end");

    let server = Server::start(data.path());
    let delivered = receive(&receiver);
    let body: Value = serde_json::from_slice(&delivered.body).unwrap();
    assert_eq!(body["type"], "event.ended");
    assert_eq!(body["timestamp"], end.as_str());
    assert_eq!(body["data"]["timer"], "ended");
    assert_eq!(body["data"]["resource"], event);
    let trigger = delivered.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("webhook-trigger"));
    assert_eq!(trigger.map(|(_, value)| value), Some("timer"));

    let later = json!({
        "action": "event.reminder", "resource_kind": "event", "resource_id": "b-1", "resource": {"n": 1},
        "deliver_at": in_milliseconds(300), "key": "reminder"
    });
    assert_eq!(server.call("POST", "/api/v1/actions", &key, Some(&later)).0, 202);
    let body: Value = serde_json::from_slice(&receive(&receiver).body).unwrap();
    assert_eq!((&body["type"], &body["data"]["timer"]), (&json!("event.reminder"), &json!("reminder")));
    assert_eq!(body["data"]["resource"], json!({"n": 1}));
}
