//! A data directory that an earlier program filled: `schema_2.sql` is what that program left after a stop.

use std::time::Duration;

use rusqlite::Connection;
use serde_json::json;

use super::receiver::Arrivals;
use super::server::{ADMIN_KEY, Server, serve, until};

/// Longer than anything takes, also on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);
/// What the earlier program made and showed.
const MASTER_KEY: &str = "ZbQmjFFa4m26apFi3LDNnmgg1HZ0CwOCH1VuydkaaNA=";
const KEY: &str = "hj395d1qhd7hr9yqsmpwznt0gz7qsydkfgart7sf8eqf10sa5c";
const PAUSED: &str = "sub_01a20123d75479c695315ba0ae3cf13a";
const HOOK: &str = "6b0256ffef3bfcce5e0c1829";

#[test]
fn what_an_earlier_program_left_is_read_and_delivered() {
    let data = tempfile::tempdir().unwrap();
    let database = Connection::open(data.path().join("rendezhook.db")).unwrap();
    database.execute_batch(include_str!("schema_2.sql")).unwrap();
    database.pragma_update(None, "user_version", 2).unwrap();
    drop(database);
    // What it left grows old with this file and has to be kept nevertheless.
    let kept = ["--dev", "--keep-bodies", "36500d", "--keep-metadata", "36500d"];
    let mut command = serve(data.path(), &kept);
    command.env("RENDEZHOOK_ADMIN_KEY", ADMIN_KEY).env("RENDEZHOOK_MASTER_KEY", MASTER_KEY);
    let server = Server::run(command);

    let count = |state: &str| {
        let (status, page) =
            server.call("GET", &format!("/api/v1/deliveries?state={state}&limit=100"), KEY, None);
        assert_eq!(status, 200, "{page}");
        page["items"].as_array().unwrap().len()
    };
    assert_eq!(["waiting", "delivered", "exhausted", "cancelled"].map(count), [6, 3, 3, 3]);
    let (_, exhausted) = server.call("GET", "/api/v1/deliveries?state=exhausted&limit=1", KEY, None);
    let id = exhausted["items"][0]["id"].as_str().unwrap();
    let (_, attempts) = server.call("GET", &format!("/api/v1/deliveries/{id}/attempts"), KEY, None);
    assert_eq!(attempts["items"].as_array().map(Vec::len), Some(2), "{attempts}");
    let (_, resource) = server.call("GET", "/api/v1/resources/event/b-0", KEY, None);
    assert_eq!(resource["resource"], json!({ "title": "Moved" }), "{resource}");
    let (_, hook) = server.call("GET", &format!("/v2/hooks/{HOOK}"), KEY, None);
    assert_eq!(hook["action"], json!("event.confirmed"), "{hook}");
    let path = format!("/api/v1/subscriptions/{PAUSED}");
    assert_eq!(server.call("GET", &format!("{path}/secret"), KEY, None).0, 200);

    let receiver = Arrivals::listen(|_| true);
    let resumed = json!({ "target_url": receiver.url(), "state": "enabled" });
    assert_eq!(server.call("PATCH", &path, KEY, Some(&resumed)).0, 200);
    let mut arrived: Vec<String> = (0..3).map(|_| receiver.next(PATIENCE).unwrap()).collect();
    arrived.sort();
    assert_eq!(arrived, ["b-0", "b-1", "b-2"]);
    assert!(until(PATIENCE, || count("delivered") == 6));
    assert_eq!(server.stop(), Some(0));
}
