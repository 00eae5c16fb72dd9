//! A disk without room, as a limit on the size of files that is set while the server runs and lifted again.

use std::collections::HashMap;
use std::fs::File;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::receiver::Arrivals;
use super::server::{ADMIN_KEY, Server, serve, until};

/// Longer than anything takes, also on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Limits how large files of the process may become from now on, in bytes.
fn limit_files(server: &Server, limit: &str) {
    let pid = server.process().to_string();
    let limited = Command::new("prlimit").args(["--pid", &pid, &format!("--fsize={limit}:")]).status();
    assert!(limited.unwrap().success());
}

fn size(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |metadata| metadata.len())
}

/// Publishes a large resource under a number of its own.
fn publish(server: &Server, key: &str, number: usize) -> (u16, Value) {
    let resource = json!({ "id": format!("b-{number}"), "notes": "x".repeat(100_000) });
    let action = json!({
        "action": "event.created", "resource_kind": "event", "resource_id": format!("b-{number}"),
        "resource": resource,
    });
    server.call("POST", "/api/v1/actions", key, Some(&action))
}

#[test]
fn while_the_disk_is_full_publishing_is_refused_and_nothing_is_lost() {
    let data = tempfile::tempdir().unwrap();
    // The log lies on the same disk and is already as large as anything may become.
    let log = data.path().join("server.log");
    File::create(&log).unwrap().set_len(1 << 30).unwrap();
    let mut command = serve(data.path(), &["--dev"]);
    command.env("RENDEZHOOK_ADMIN_KEY", ADMIN_KEY);
    command.stderr(File::options().append(true).open(&log).unwrap());
    let server = Server::run(command);
    let (_, key) = server.organization("Clinic");
    let receiver = Arrivals::listen(|_| true);
    let subscription = json!({ "target_url": receiver.url(), "actions": ["event.created"] });
    assert_eq!(server.call("POST", "/api/v1/subscriptions", &key, Some(&subscription)).0, 201);

    let database = data.path().join("rendezhook.db");
    let write_ahead_log = data.path().join("rendezhook.db-wal");
    let room = size(&database).max(size(&write_ahead_log)) + 1_000_000;
    limit_files(&server, &room.to_string());

    let began = Instant::now();
    let mut accepted = Vec::new();
    let mut refused = Vec::new();
    for number in 0.. {
        let (status, answer) = publish(&server, &key, number);
        match status {
            202 => accepted.push(format!("b-{number}")),
            503 => refused.push((format!("b-{number}"), answer)),
            other => panic!("{other}: {answer}"),
        }
        if refused.len() >= 5 {
            break;
        }
        assert!(began.elapsed() < PATIENCE, "{} were accepted", accepted.len());
    }
    assert!(!accepted.is_empty());
    assert_eq!(refused[0].1["code"], json!("unavailable"), "{}", refused[0].1);
    // A small write may still have found room; from here on there is none for anything.
    limit_files(&server, "4096");
    let (status, ready) = server.call("GET", "/health/ready", "", None);
    assert_eq!((status, &ready["store"]), (503, &json!("not_writable")), "{ready}");
    let hook = json!({ "action": "event.created", "target_url": receiver.url() });
    let (status, answer) = server.call("POST", "/v2/hooks", &key, Some(&hook));
    assert_eq!((status, &answer["error"]), (503, &json!("unavailable")), "{answer}");
    // Reading goes on.
    assert_eq!(server.call("GET", "/api/v1/deliveries", &key, None).0, 200);

    limit_files(&server, "unlimited");
    let ready = || server.call("GET", "/health/ready", "", None).0 == 200;
    assert!(until(PATIENCE, ready), "the server does not recover");
    assert_eq!(publish(&server, &key, 1_000_000).0, 202);
    accepted.push("b-1000000".to_owned());

    let mut arrived: HashMap<String, usize> = HashMap::new();
    while arrived.len() < accepted.len() {
        let id = receiver.next(PATIENCE).unwrap_or_else(|| {
            panic!("{} of {} accepted ones arrived", arrived.len(), accepted.len());
        });
        *arrived.entry(id).or_default() += 1;
    }
    let waiting = || server.call("GET", "/api/v1/deliveries?state=waiting", &key, None).1["items"].clone();
    assert!(until(PATIENCE, || waiting() == json!([])), "outcomes are not recorded");
    while let Some(id) = receiver.next(Duration::ZERO) {
        *arrived.entry(id).or_default() += 1;
    }
    accepted.sort();
    let mut ids: Vec<String> = arrived.keys().cloned().collect();
    ids.sort();
    assert_eq!(ids, accepted, "what was refused is not delivered");
    assert!(arrived.values().all(|times| *times == 1), "{arrived:?}");
    assert_eq!(server.stop(), Some(0));
}
