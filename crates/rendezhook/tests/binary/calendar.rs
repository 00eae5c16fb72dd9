//! Publishing a calendar.

use std::path::Path;

use serde_json::json;

use super::server::Server;

#[test]
fn the_same_calendar_twice_publishes_nothing_new() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path());
    let (_, key) = server.organization("Clinic");
    let subscription = json!({"target_url": "http://127.0.0.1:9/hook", "actions": ["*"]});
    assert_eq!(server.call("POST", "/api/v1/subscriptions", &key, Some(&subscription)).0, 201);
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../sources/samples/week.ics");
    let publish = ["publish", "--ics", file.to_str().unwrap()];
    let count = || {
        let (_, list) = server.call("GET", "/api/v1/deliveries?limit=100", &key, None);
        list["items"].as_array().unwrap().len()
    };

    let first = server.command(&key, &publish);
    assert!(first.status.success(), "{}", String::from_utf8_lossy(&first.stderr));
    let after_first = count();
    assert!(after_first >= 9, "{after_first}");
    let second = server.command(&key, &publish);
    assert!(second.status.success(), "{}", String::from_utf8_lossy(&second.stderr));
    assert_eq!(count(), after_first);
}

#[test]
fn what_cannot_be_read_is_named_by_line_and_the_rest_is_published() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path());
    let (_, key) = server.organization("Clinic");
    let file = data.path().join("broken.ics");
    let text = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:a@example.com\r\nDTSTAMP:20270101T000000Z\r\nDTSTART:nonsense\r\n\
                END:VEVENT\r\nBEGIN:VEVENT\r\nUID:b@example.com\r\nDTSTAMP:20270101T000000Z\r\nDTSTART:20270111T090000Z\r\n\
                DTEND:20270111T093000Z\r\nSUMMARY:Readable\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
    std::fs::write(&file, text).unwrap();
    let output = server.command(&key, &["publish", "--ics", file.to_str().unwrap()]);
    let said =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("line 6"), "{said}");
    let (status, stored) = server.call("GET", "/api/v1/resources/event/b%40example.com", &key, None);
    assert_eq!(status, 200, "{stored}");
    assert!(stored.to_string().contains("Readable"), "{stored}");
}
