//! Holding deliveries back and letting them go on, over the API of the real server and to a real receiver.

use std::time::Duration;

use serde_json::{Value, json};

use super::receiver::Arrivals;
use super::server::{Server, text, until};

const PATIENCE: Duration = Duration::from_secs(30);

fn publish(server: &Server, key: &str, id: &str) {
    let item = json!({
        "action": "event.confirmed", "resource_kind": "event", "resource_id": id, "resource": {"title": "Visit"}
    });
    let (status, answer) = server.call("POST", "/api/v1/actions", key, Some(&item));
    assert_eq!(status, 202, "{answer}");
}

/// The next two ids, in the order of the alphabet.
fn two(arrivals: &Arrivals) -> [String; 2] {
    let mut ids = [arrivals.next(PATIENCE).unwrap(), arrivals.next(PATIENCE).unwrap()];
    ids.sort_unstable();
    ids
}

#[test]
fn what_waits_behind_a_pause_goes_on_without_what_is_too_old() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path());
    let (_, key) = server.organization("Clinic");
    let arrivals = Arrivals::listen(|_| true);
    let subscription = json!({"target_url": arrivals.url(), "actions": ["*"]});
    let (_, made) = server.call("POST", "/api/v1/subscriptions", &key, Some(&subscription));
    let receiver = format!("/api/v1/receivers/{}", text(&made, "receiver"));
    let post = |route: &str, body: Value| {
        let (status, answer) = server.call("POST", &format!("{receiver}/{route}"), &key, Some(&body));
        assert_eq!(status, 200, "{answer}");
        answer
    };
    publish(&server, &key, "before");
    assert_eq!(arrivals.next(PATIENCE).as_deref(), Some("before"));

    post("pause", json!({}));
    for id in ["old-1", "old-2"] {
        publish(&server, &key, id);
    }
    let line = jiff::Timestamp::now() + jiff::SignedDuration::from_millis(1);
    assert!(until(PATIENCE, || jiff::Timestamp::now() > line), "time stands still");
    let line = format!("{line:.3}");
    for id in ["new-1", "new-2"] {
        publish(&server, &key, id);
    }
    let plan = post("resume", json!({"skip_older_than": line, "dry_run": true}));
    assert_eq!((&plan["waiting"], &plan["skipped"]), (&json!(4), &json!(2)), "{plan}");
    assert_eq!(post("resume", json!({"skip_older_than": line}))["state"], "open");
    assert_eq!(two(&arrivals), ["new-1", "new-2"]);

    // What was left out is visible, and comes all the same when somebody wants it.
    let (_, expired) = server.call("GET", "/api/v1/deliveries?state=expired", &key, None);
    let items = expired["items"].as_array().unwrap();
    assert_eq!(items.len(), 2);
    assert!(items.iter().all(|one| one["expired_because"] == "skipped"), "{expired}");
    let failed = json!({"since": "2026-01-01T00:00:00Z", "state": "failed"});
    let (status, replay) = server.call("POST", "/api/v1/replays", &key, Some(&failed));
    assert_eq!(status, 202, "{replay}");
    assert_eq!(two(&arrivals), ["old-1", "old-2"]);
}
