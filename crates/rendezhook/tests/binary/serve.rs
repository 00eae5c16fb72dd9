//! Starting and stopping.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::Duration;

use serde_json::json;

use super::server::{Server, serve, text};

#[test]
fn the_first_start_makes_keys_and_prints_them_once() {
    let data = tempfile::tempdir().unwrap();
    let directory = data.path().join("made/when/missing");
    let first = Server::start_with(&directory, &["--dev"], None);
    let printed_keys = |server: &Server| {
        let is_key = |word: &str| {
            word.len() == 50 && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        };
        let words = server.greeting.iter().flat_map(|line| line.split_whitespace());
        words.filter(|word| is_key(word)).map(str::to_owned).collect::<Vec<_>>()
    };
    let keys = printed_keys(&first);
    let [admin_key, demo_key] = keys.as_slice() else {
        panic!("two keys were expected: {:?}", first.greeting)
    };
    assert_eq!(first.call("GET", "/api/v1/organizations", admin_key, None).0, 200);
    assert_eq!(first.call("GET", "/v2/auth/test", demo_key, None).0, 200);
    assert_eq!(first.stop(), Some(0));

    let second = Server::start_with(&directory, &["--dev"], None);
    assert!(printed_keys(&second).is_empty(), "{:?}", second.greeting);
    assert_eq!(second.call("GET", "/v2/auth/test", demo_key, None).0, 200);
}

#[test]
fn health_is_told_without_a_key() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path());
    assert_eq!(server.call("GET", "/health/live", "", None).0, 200);
    assert_eq!(server.call("GET", "/health/ready", "", None).0, 200);
}

#[test]
fn a_second_server_on_the_same_data_is_refused_with_words() {
    let data = tempfile::tempdir().unwrap();
    let _first = Server::start(data.path());
    let second = serve(data.path(), &[]).output().unwrap();
    let said = String::from_utf8_lossy(&second.stderr).into_owned();
    assert_eq!(second.status.code(), Some(1));
    assert!(said.contains("another rendezhook process uses this data directory"), "{said}");
}

#[test]
fn a_wrong_setting_ends_the_start_and_names_itself() {
    let data = tempfile::tempdir().unwrap();
    let refused = |arguments: &[&str]| {
        let output = serve(data.path(), arguments).output().unwrap();
        assert!(!output.status.success());
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let said = refused(&["--attempt-timeout", "5min"]);
    assert!(said.contains("--attempt-timeout") && said.contains("250ms, 15s, 30d"), "{said}");
    let said = refused(&["--attempt-timeout", "2m"]);
    assert!(said.contains("attempt-timeout") && said.contains("use 1s to 30s"), "{said}");
    let said = refused(&["--allow-addresses", "10.0.0.0/33"]);
    assert!(said.contains("allow-addresses") && said.contains("10.0.0.0/33"), "{said}");
}

#[test]
fn what_waits_at_a_stop_is_delivered_after_the_next_start() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path());
    let (_, key) = server.organization("Clinic");
    // The port is known before anybody listens on it: the first attempts are refused.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let subscription = json!({
        "target_url": format!("http://127.0.0.1:{port}/hook"),
        "actions": ["event.created"],
        "retry_schedule_seconds": [1, 1, 1, 1, 1, 1, 1, 1, 1, 1],
    });
    assert_eq!(server.call("POST", "/api/v1/subscriptions", &key, Some(&subscription)).0, 201);
    let action = json!({
        "action": "event.created", "resource_kind": "event", "resource_id": "b-1", "resource": {"title": "First visit"},
    });
    let (status, answer) = server.call("POST", "/api/v1/actions", &key, Some(&action));
    assert_eq!((status, &answer["actions"][0]["deliveries"]), (202, &json!(1)), "{answer}");
    assert_eq!(server.stop(), Some(0));

    let receiver = TcpListener::bind(("127.0.0.1", port)).unwrap();
    let _server = Server::start(data.path());
    let (mut stream, _) = receiver.accept().unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let mut request = Vec::new();
    let mut buffer = [0; 4096];
    while !String::from_utf8_lossy(&request).contains("First visit") {
        let read = stream.read(&mut buffer).unwrap();
        assert!(read > 0, "the request ended early");
        request.extend_from_slice(&buffer[..read]);
    }
    stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").unwrap();
    let request = String::from_utf8(request).unwrap();
    assert!(request.starts_with("POST /hook HTTP/1.1\r\n"), "{request}");
    assert!(
        request.contains(&text(&answer["actions"][0], "id")) || request.contains("webhook-id: dlv_"),
        "{request}"
    );
}
