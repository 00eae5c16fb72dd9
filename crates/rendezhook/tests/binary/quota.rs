//! How much may wait, with receivers that are dead.

use std::net::TcpListener;
use std::time::Duration;

use serde_json::json;

use super::server::{ADMIN_KEY, Server, text, until};

#[test]
fn what_waits_for_a_dead_receiver_keeps_nobody_from_publishing() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path());
    let (organization, key) = server.organization("Clinic");
    let path = format!("/api/v1/organizations/{organization}");
    let (status, _) = server.call("PATCH", &path, ADMIN_KEY, Some(&json!({ "backlog_quota": 20 })));
    assert_eq!(status, 200);
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let subscription = json!({
        "target_url": format!("http://127.0.0.1:{port}/hook"),
        "actions": ["event.created"],
        "retry_schedule_seconds": [3_600, 3_600],
    });
    assert_eq!(server.call("POST", "/api/v1/subscriptions", &key, Some(&subscription)).0, 201);
    for number in 0..60 {
        let item = json!({
            "action": "event.created", "resource_kind": "event", "resource_id": format!("b-{number}"), "resource": {}
        });
        // The breaker opens once five attempts have failed; until then what waits counts.
        let accepted = until(Duration::from_secs(20), || {
            match server.call("POST", "/api/v1/actions", &key, Some(&item)).0 {
                202 => true,
                429 => false,
                other => panic!("answered {other}"),
            }
        });
        assert!(accepted, "after {number}");
    }
    let (_, page) = server.call("GET", "/api/v1/subscriptions", &key, None);
    let path = format!("/api/v1/subscriptions/{}/health", text(&page["items"][0], "id"));
    let (_, health) = server.call("GET", &path, &key, None);
    assert_eq!((&health["waiting"], &health["breaker"]["state"]), (&json!(60), &json!("open")));
}

#[test]
fn the_oldest_that_wait_for_a_paused_receiver_expire_and_can_be_replayed() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path());
    let (organization, key) = server.organization("Clinic");
    let path = format!("/api/v1/organizations/{organization}");
    let (status, _) = server.call("PATCH", &path, ADMIN_KEY, Some(&json!({ "receiver_backlog": 5 })));
    assert_eq!(status, 200);
    let subscription = json!({ "target_url": "http://127.0.0.1:9/hook", "actions": ["event.created"] });
    let (_, made) = server.call("POST", "/api/v1/subscriptions", &key, Some(&subscription));
    let subscription = format!("/api/v1/subscriptions/{}", text(&made, "id"));
    assert_eq!(server.call("PATCH", &subscription, &key, Some(&json!({ "state": "paused" }))).0, 200);
    let items: Vec<_> = (0..12)
        .map(|number| {
            json!({
                "action": "event.created", "resource_kind": "event", "resource_id": format!("b-{number}"), "resource": {}
            })
        })
        .collect();
    assert_eq!(server.call("POST", "/api/v1/actions", &key, Some(&json!(items))).0, 202);

    let listed = |state: &str| {
        let (_, page) = server.call("GET", &format!("/api/v1/deliveries?state={state}"), &key, None);
        page["items"].as_array().unwrap().clone()
    };
    assert!(until(Duration::from_secs(30), || listed("expired").len() == 7));
    let ids = |state: &str| {
        let mut ids: Vec<_> = listed(state).iter().map(|found| text(found, "resource_id")).collect();
        ids.reverse();
        ids
    };
    assert_eq!(ids("waiting"), ["b-7", "b-8", "b-9", "b-10", "b-11"]);
    let expired = listed("expired");
    assert!(expired.iter().all(|found| found["expired_because"] == "backlog" && found["attempts"] == 0));
    let again = format!("/api/v1/deliveries/{}/replay", text(&expired[0], "id"));
    assert_eq!(server.call("POST", &again, &key, None).0, 202);
}
