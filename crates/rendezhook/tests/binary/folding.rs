//! Waiting updates of a resource that fold, over the API of the real server and to a real receiver.

use std::net::TcpListener;
use std::time::Duration;

use rendezhook_receive::capture::CapturedRequest;
use serde_json::{Value, json};

use super::receiver::receive;
use super::server::{Server, text, until};

const PATIENCE: Duration = Duration::from_secs(30);

fn put(server: &Server, key: &str, event: &str, title: &str) {
    let state = json!({
        "title": title, "confirmed": {"flag": true}, "dates": [{"date": "2027-01-20T14:00:00.000Z"}]
    });
    let path = format!("/api/v1/resources/event/{event}");
    let (status, answer) = server.call("PUT", &path, key, Some(&state));
    assert_eq!(status, 200, "{answer}");
}

fn header<'a>(request: &'a CapturedRequest, name: &str) -> Option<&'a str> {
    let mut headers = request.headers.iter();
    headers.find(|(named, _)| named.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

/// The next request, and its body.
fn next(receiver: &TcpListener) -> (CapturedRequest, Value) {
    let request = receive(receiver);
    let body = serde_json::from_slice(&request.body).unwrap();
    (request, body)
}

#[test]
fn updates_that_waited_arrive_as_the_newest_and_the_others_are_accounted_for() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path());
    let (_, key) = server.organization("Clinic");
    let receiver = TcpListener::bind("127.0.0.1:0").unwrap();
    let subscription = json!({
        "target_url": format!("http://{}/hook", receiver.local_addr().unwrap()),
        "actions": ["event.confirmed", "event.updated"], "fold_updates": true
    });
    let (status, made) = server.call("POST", "/api/v1/subscriptions", &key, Some(&subscription));
    assert_eq!((status, &made["fold_updates"]), (201, &json!(true)), "{made}");
    put(&server, &key, "b-1", "First");
    let (_, body) = next(&receiver);
    assert_eq!(body["type"], "event.confirmed");
    let listed = |state: &str| {
        let (_, page) = server.call("GET", &format!("/api/v1/deliveries?state={state}"), &key, None);
        page["items"].as_array().unwrap().clone()
    };
    assert!(until(PATIENCE, || listed("delivered").len() == 1), "it is not recorded");

    let path = format!("/api/v1/receivers/{}", text(&made, "receiver"));
    assert_eq!(server.call("POST", &format!("{path}/pause"), &key, Some(&json!({}))).0, 200);
    for title in ["Second", "Third", "Fourth"] {
        put(&server, &key, "b-1", title);
    }
    put(&server, &key, "b-2", "Another");
    assert_eq!(listed("waiting").len(), 4, "what is paused keeps all it has");
    assert_eq!(server.call("POST", &format!("{path}/resume"), &key, Some(&json!({}))).0, 200);

    let mut arrived = [next(&receiver), next(&receiver)];
    arrived.sort_by_key(|(_, body)| text(&body["data"], "resource_id"));
    let [(request, newest), (_, other)] = arrived;
    assert_eq!(newest["type"], "event.updated");
    assert_eq!(newest["data"]["resource"]["title"], "Fourth");
    assert_eq!(other["data"]["resource"]["title"], "Another");
    let said = ["webhook-folded", "webhook-sequence", "webhook-previous"].map(|name| header(&request, name));
    assert_eq!(said, [Some("2"), Some("5"), Some("2")], "two versions were never handed over");

    assert!(until(PATIENCE, || listed("delivered").len() == 3), "it is not recorded");
    let folded = listed("folded");
    let mut ids: Vec<String> = folded.iter().map(|one| text(one, "id")).collect();
    ids.sort_unstable();
    assert_eq!(newest["data"]["folded"], json!(ids));
    let sent = header(&request, "webhook-id").unwrap();
    let (_, detail) = server.call("GET", &format!("/api/v1/deliveries/{sent}"), &key, None);
    assert_eq!((&detail["folded_count"], &detail["folded"]), (&json!(2), &json!(ids)), "{detail}");
    assert!(folded.iter().any(|one| one["folded_into"] == sent), "{folded:?}");
    assert!(listed("waiting").is_empty() && listed("expired").is_empty());
}
