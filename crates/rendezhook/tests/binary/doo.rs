//! A group of the doo API, from the credentials to stored events that are pushed to it anew, one after the other.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::receiver::receive;
use super::server::{ADMIN_KEY, Server, text};

/// Calls the doo API with a key and a token.
fn post(server: &Server, path: &str, (key, token): (&str, &str), body: &Value) -> Value {
    let request = http::Request::post(format!("http://{}{path}", server.address))
        .header("x-api-key", key)
        .header("authorization", format!("Bearer {token}"))
        .header("content-type", "application/json")
        .body(body.to_string())
        .unwrap();
    let agent =
        ureq::Agent::config_builder().timeout_global(Some(Duration::from_secs(30))).build().new_agent();
    let answer = agent.run(request).unwrap().body_mut().read_to_string().unwrap();
    serde_json::from_str(&answer).unwrap()
}

#[test]
fn stored_events_are_pushed_at_the_pace_that_is_asked_for() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path());
    let (organization, key) = server.organization("Tickets");
    let client =
        server.json_of(ADMIN_KEY, &["oauth-client", "create", "shop", "--organization", &organization]);
    let credentials = json!({
        "client_id": client["client_id"], "client_secret": client["client_secret"],
        "grant_type": "client_credentials",
    });
    let (status, answer) = server.call_with("POST", "/v1/oauth", ("x-api-key", &key), Some(&credentials));
    assert_eq!(status, 200, "{answer}");
    let token = text(&answer["data"], "access_token");

    for number in [1, 2] {
        let path = format!("/api/v1/resources/event/e-{number}");
        assert_eq!(server.call("PUT", &path, &key, Some(&json!({ "title": "Concert" }))).0, 200);
    }
    let receiver = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}/doo", receiver.local_addr().unwrap());
    let group = json!({
        "name": "shop", "hooks": [{ "type": "event_updated", "method": "PUT", "endpoint": endpoint }],
    });
    // The demo organization is the first, this one the second.
    let made = post(&server, "/v1/team/2/webhooks", (&key, &token), &group);
    assert_eq!(
        made["_links"]["self"]["href"],
        json!(format!("http://{}/v1/team/2/webhooks", server.address))
    );

    let asked_at = Instant::now();
    let push = json!({ "organization_id": 2, "max_rate_per_min": 40 });
    let answer = post(&server, "/v1/webhooks/init/events", (&key, &token), &push);
    assert_eq!(answer["items_processed"], json!(2), "{answer}");
    for (number, due_ms) in [(1, 0), (2, 1_500)] {
        let request = receive(&receiver);
        // Never early; a little is left for a wall clock that is being corrected.
        assert!(asked_at.elapsed() >= Duration::from_millis(due_ms) * 9 / 10, "{:?}", asked_at.elapsed());
        let header = |name: &str| {
            let found = request.headers.iter().find(|(named, _)| named.eq_ignore_ascii_case(name));
            found.map(|(_, value)| value).unwrap_or_default().to_owned()
        };
        assert_eq!(
            (header("webhook-trigger"), request.method.as_deref()),
            ("re-push".to_owned(), Some("PUT"))
        );
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        assert_eq!((&body["event_id"], &body["title"]), (&json!(format!("e-{number}")), &json!("Concert")));
    }
}
