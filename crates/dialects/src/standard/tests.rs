use std::sync::Arc;

use serde_json::Value;

use rendezhook_domain::delivery::DeliveryOrigin;
use rendezhook_domain::id::DeliveryId;
use rendezhook_domain::sequence::{ReceiverNumber, Sequence};
use rendezhook_domain::subscription::Dialect;
use rendezhook_domain::timer::Fired;

use super::*;
use crate::fixture::{EVENT, NOW, Scene, text};

fn scene() -> Scene {
    Scene::new(Dialect::Standard, "event.confirmed")
}

#[test]
fn a_derived_action_of_a_user_names_both_user_and_changes() {
    let mut scene = scene();
    scene.action.user = Some(Arc::from("u\"1"));
    scene.action.changes = Some(Bytes::from_static(br#"["/title"]"#));
    let body: Value = serde_json::from_slice(&scene.request(NOW).body).unwrap();
    let keys: Vec<&String> = body["data"].as_object().unwrap().keys().collect();
    assert_eq!(keys, ["organization", "resource_kind", "resource_id", "resource", "user", "changes"]);
    assert_eq!(body["data"]["user"], "u\"1");
    assert_eq!(body["data"]["changes"], serde_json::json!(["/title"]));
    assert_eq!(body["data"]["resource_id"], "bk/01 \"é\"");
}

#[test]
fn the_resource_keeps_its_bytes() {
    assert!(text(&scene().request(NOW).body).contains(&format!(r#""resource":{EVENT}}}}}"#)));
}

#[test]
fn what_a_timer_fired_says_which_and_how_late() {
    let mut scene = scene();
    scene.action.fired = Some(Fired { timer: Arc::from("starting \"soon\""), late_by_seconds: None });
    let on_time = scene.request(NOW);
    let body: Value = serde_json::from_slice(&on_time.body).unwrap();
    assert_eq!(body["data"]["timer"], "starting \"soon\"");
    assert_eq!(body["data"].get("late_by_seconds"), None);
    assert_eq!(on_time.headers["webhook-trigger"], "timer");
    assert!(!on_time.headers.contains_key("webhook-late-by"));

    scene.action.fired = Some(Fired { timer: Arc::from("starting soon"), late_by_seconds: Some(812) });
    let late = scene.request(NOW);
    let body: Value = serde_json::from_slice(&late.body).unwrap();
    assert_eq!(body["data"]["late_by_seconds"], 812);
    assert_eq!(late.headers["webhook-late-by"], "812");
}

#[test]
fn what_differs_between_attempts_is_in_the_headers_only() {
    let first = scene().request(NOW);
    let mut scene = scene();
    scene.attempt = 7;
    scene.overtaken = true;
    scene.origin = DeliveryOrigin::Test;
    let later = scene.request(NOW);
    assert_eq!(first.body, later.body);
    assert_eq!(first.headers["webhook-attempt"], "1");
    assert_eq!(first.headers["webhook-sequence"], "4");
    assert!(!first.headers.contains_key("webhook-overtaken"));
    assert!(!first.headers.contains_key("webhook-trigger"));
    assert_eq!(later.headers["webhook-attempt"], "7");
    assert_eq!(later.headers["webhook-sequence"], "4");
    assert_eq!(later.headers["webhook-overtaken"], "true");
    assert_eq!(later.headers["webhook-trigger"], "test");
}

#[test]
fn a_delivery_says_what_came_before_it_and_what_it_stands_for() {
    let plain = scene().request(NOW);
    let mut scene = scene();
    let folded =
        |sequence| DeliveryId::new(scene.action.accepted_at, Sequence::new(sequence), ReceiverNumber::new(5));
    let listed = vec![folded(41), folded(42)];
    scene.previous = Some(2);
    scene.folded = Some(FoldedDeliveries { count: 200, listed: listed.clone() });
    let request = scene.request(NOW);
    assert_eq!(request.headers["webhook-previous"], "2");
    assert_eq!(request.headers["webhook-folded"], "200");
    let body: Value = serde_json::from_slice(&request.body).unwrap();
    let ids: Vec<String> = listed.iter().map(ToString::to_string).collect();
    assert_eq!(body["data"]["folded"], serde_json::json!(ids));

    for name in ["webhook-previous", "webhook-folded"] {
        assert!(!plain.headers.contains_key(name), "{name}");
    }
    assert!(!text(&plain.body).contains("folded"));
}
