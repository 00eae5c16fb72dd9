//! How much may wait, with receivers that are dead.

use std::net::TcpListener;
use std::time::Duration;

use serde_json::json;

use super::server::{ADMIN_KEY, Server, until};

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
}
