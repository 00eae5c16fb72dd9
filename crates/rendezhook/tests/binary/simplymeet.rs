//! A hook of the SimplyMeet.me API, from its making to a delivery that its receiver verifies.

use std::net::TcpListener;

use rendezhook_receive::signature::{Secret, Style, Verifier, VerifyError};
use serde_json::{Value, json};

use super::receiver::receive;
use super::server::Server;

#[test]
fn a_delivery_is_verified_with_the_hooks_own_secret() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path());
    let (_, key) = server.organization("Clinic");
    let receiver = TcpListener::bind("127.0.0.1:0").unwrap();
    let hook = json!({
        "events": ["meetingScheduled"],
        "url": format!("http://{}/webhook", receiver.local_addr().unwrap()),
        "secret": "something",
    });
    let (status, made) = server.call_with("POST", "/api/webhooks", ("x-api-key", &key), Some(&hook));
    assert_eq!((status, &made["secret"]), (201, &json!("something")), "{made}");
    let state = json!({
        "title": "First visit", "confirmed": {"flag": true}, "dates": [{"date": "2027-01-20T14:00:00.000Z"}],
    });
    let (status, put) = server.call("PUT", "/api/v1/resources/event/b-1", &key, Some(&state));
    assert_eq!((status, &put["actions"][1]["deliveries"]), (200, &json!(1)), "{put}");

    let request = receive(&receiver);
    let body: Value = serde_json::from_slice(&request.body).unwrap();
    assert_eq!((&body["event"], &body["data"]["state"]), (&json!("meetingScheduled"), &json!("new")));
    assert_eq!(body["data"]["scheduled_at"], "2027-01-20T14:00:00+00:00");
    let now = jiff::Timestamp::now();
    let verified = |secret: &str| {
        let verifier = Verifier::new(Style::SimplyMeet, &Secret::new(secret)).unwrap();
        verifier.verify(&request.headers, &request.body, now)
    };
    assert_eq!(verified("something"), Ok(()));
    assert_eq!(verified("something else"), Err(VerifyError::Mismatch));
    let header = |name: &str| {
        request.headers.iter().find(|(named, _)| named.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    };
    assert!(header("webhook-id").is_some_and(|id| id.starts_with("dlv_")));
    assert!(header("webhook-timestamp").is_some());
    assert!(header("user-agent").is_some_and(|agent| agent.starts_with("rendezhook/")));
}
