//! Deliveries that make the server crash. A receiver kills it when the poisoned request arrives, which the next process
//! cannot tell from a crash of its own.

use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::receiver::Arrivals;
use super::server::{ADMIN_KEY, Server, serve, until};

/// Longer than anything takes, also on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// The process that runs now, for whoever is to kill it.
#[derive(Clone, Default)]
struct Target(Arc<(Mutex<Option<u32>>, Condvar)>);

impl Target {
    fn set(&self, process: u32) {
        *self.0.0.lock().unwrap() = Some(process);
        self.0.1.notify_all();
    }

    /// Kills the process as soon as there is one; each is killed once.
    fn kill(&self) {
        let (process, started) = &*self.0;
        let process = process.lock().unwrap();
        let wait = started.wait_timeout_while(process, PATIENCE, |process| process.is_none()).unwrap();
        if let Some(process) = { wait.0 }.take() {
            assert!(Command::new("kill").args(["-KILL", &process.to_string()]).status().unwrap().success());
        }
    }
}

fn start(data: &Path, target: &Target) -> Server {
    let mut command = serve(data, &["--dev", "--log", "warn"]);
    command.env("RENDEZHOOK_ADMIN_KEY", ADMIN_KEY);
    Server::run_telling(command, |process| target.set(process))
}

fn subscribe(server: &Server, key: &str, target_url: &str) {
    let subscription = json!({ "target_url": target_url, "actions": ["event.created"] });
    assert_eq!(server.call("POST", "/api/v1/subscriptions", key, Some(&subscription)).0, 201);
}

/// Publishes an action of each of these resources in one request.
fn publish(server: &Server, key: &str, ids: &[String]) {
    let action = |id: &String| json!({ "action": "event.created", "resource_kind": "event", "resource_id": id, "resource": {} });
    let actions: Vec<Value> = ids.iter().map(action).collect();
    assert_eq!(server.call("POST", "/api/v1/actions", key, Some(&json!(actions))).0, 202);
}

/// The deliveries in this state, at most a hundred.
fn listed(server: &Server, key: &str, state: &str) -> Vec<Value> {
    let (status, page) =
        server.call("GET", &format!("/api/v1/deliveries?state={state}&limit=100"), key, None);
    assert_eq!(status, 200, "{page}");
    page.get("items").and_then(Value::as_array).unwrap().clone()
}

#[test]
fn what_makes_the_server_crash_is_set_aside_and_the_rest_is_delivered() {
    let data = tempfile::tempdir().unwrap();
    let target = Target::default();
    let killer = target.clone();
    let receiver = Arrivals::listen(move |id| {
        if id == "poison" {
            killer.kill();
        }
        id != "poison"
    });
    let mut server = start(data.path(), &target);
    let (_, key) = server.organization("Clinic");
    for number in 0..5 {
        subscribe(&server, &key, &format!("{}/{number}", receiver.url()));
    }
    let mut ids: Vec<String> = (0..15).map(|number| format!("b-{number}")).collect();
    publish(&server, &key, &ids);
    // One subscription more, to which alone the poison goes.
    let only_poison = json!({
        "target_url": format!("{}/poison", receiver.url()), "actions": ["event.cancelled"],
    });
    assert_eq!(server.call("POST", "/api/v1/subscriptions", &key, Some(&only_poison)).0, 201);
    let poison = json!({
        "action": "event.cancelled", "resource_kind": "event", "resource_id": "poison", "resource": {},
    });
    // The server may be killed before it has answered.
    server.call_in_vain("POST", "/api/v1/actions", &key, &poison);

    let began = Instant::now();
    let mut crashes = 0;
    loop {
        assert!(began.elapsed() < 3 * PATIENCE, "after {crashes} crashes it is not set aside");
        if server.has_ended(Duration::from_millis(100)) {
            crashes += 1;
            server = start(data.path(), &target);
        } else if let Some(page) = server.try_call("/api/v1/deliveries?state=set_aside", &key)
            && page["items"].as_array().is_some_and(|items| items.len() == 1)
        {
            break;
        }
    }
    // Two crashes make it a suspect, three more while it is alone set it aside; on a busy machine some come too late to count.
    assert!((5..=12).contains(&crashes), "{crashes} crashes");
    let ready = server.call("GET", "/health/ready", "", None).1;
    assert_eq!(ready["delivery"]["set_aside"], json!(1), "{ready}");
    ids.push("after".to_owned());
    publish(&server, &key, &ids[15..]);
    let none_waits = until(PATIENCE, || listed(&server, &key, "waiting").is_empty());
    assert!(none_waits, "{:?}", listed(&server, &key, "waiting"));
    assert_eq!(listed(&server, &key, "delivered").len(), 16 * 5);
    assert_eq!(listed(&server, &key, "set_aside").len(), 1);
    assert_eq!(server.stop(), Some(0));
}

#[test]
fn kills_while_many_are_in_flight_set_nothing_aside() {
    let data = tempfile::tempdir().unwrap();
    let target = Target::default();
    let hangs = Arc::new(AtomicBool::new(true));
    let hanging = Arc::clone(&hangs);
    let receiver = Arrivals::listen(move |_| !hanging.load(Ordering::SeqCst));
    let mut server = start(data.path(), &target);
    let (_, key) = server.organization("Clinic");
    for number in 0..10 {
        subscribe(&server, &key, &format!("{}/{number}", receiver.url()));
    }
    publish(&server, &key, &["b-1".to_owned(), "b-2".to_owned()]);
    for _ in 0..4 {
        for _ in 0..6 {
            receiver.next(PATIENCE).unwrap();
        }
        target.kill();
        assert!(server.has_ended(PATIENCE));
        // What the dead one still sent is none of the next one's.
        while receiver.next(Duration::from_millis(200)).is_some() {}
        server = start(data.path(), &target);
    }
    hangs.store(false, Ordering::SeqCst);
    server = {
        // What hangs is attempted again by the next process.
        target.kill();
        assert!(server.has_ended(PATIENCE));
        start(data.path(), &target)
    };
    let all_arrive = until(PATIENCE, || listed(&server, &key, "delivered").len() == 20);
    assert!(all_arrive, "{:?}", listed(&server, &key, "waiting"));
    assert!(listed(&server, &key, "set_aside").is_empty());
    assert_eq!(server.stop(), Some(0));
}
