use std::sync::Arc;

use serde_json::{Value, json};

use rendezhook_domain::delivery::DeliveryOrigin;
use rendezhook_domain::subscription::{Dialect, Hook, VyteHook};

use super::*;
use crate::delivery::{Fetched, build};
use crate::fixture::{EVENT, NOW, Scene, text};

fn scene() -> Scene {
    Scene::new(Dialect::Vyte, "event.cancelled")
}

fn hook(body: Option<VyteBody>) -> Hook {
    Hook::Vyte(VyteHook { hook_id: Arc::from("60af526954e6605aae0dad5a"), body })
}

#[test]
fn a_removal_is_told_as_a_cancellation() {
    let body: Value =
        serde_json::from_slice(&Scene::new(Dialect::Vyte, "event.removed").request(NOW).body).unwrap();
    assert_eq!(body[0]["action"], "event.cancelled");
}

#[test]
fn the_hooks_setting_comes_before_the_organizations() {
    let cases = [
        (VyteBody::Array, None, true),
        (VyteBody::Object, None, false),
        (VyteBody::Array, Some(VyteBody::Object), false),
        (VyteBody::Object, Some(VyteBody::Array), true),
    ];
    for (of_organization, of_hook, is_array) in cases {
        let mut scene = scene();
        scene.organization.vyte_body = of_organization;
        scene.subscription.hook = hook(of_hook);
        let body: Value = serde_json::from_slice(&scene.request(NOW).body).unwrap();
        assert_eq!(body.is_array(), is_array, "{of_organization:?} {of_hook:?}");
    }
}

#[test]
fn an_object_reads_like_the_example_of_the_reference() {
    let mut scene = scene();
    scene.organization.vyte_body = VyteBody::Object;
    let expected = format!(
        r#"{{"action":"event.cancelled","resource":{EVENT},"organization":"60af5269459aad001d0cb565"}}"#
    );
    assert_eq!(text(&scene.request(NOW).body), expected);
}

#[test]
fn the_user_is_named_when_the_action_names_one() {
    let mut scene = scene();
    scene.action.user = Some(Arc::from("u1"));
    let body: Value = serde_json::from_slice(&scene.request(NOW).body).unwrap();
    assert_eq!(body[0]["user"], "u1");
}

#[test]
fn what_the_publisher_rendered_for_vyte_replaces_the_resource() {
    let mut scene = scene();
    scene.action.representations = Some(Bytes::from_static(br#"{"doo":{"a":1},"vyte":{ "title" : "own" }}"#));
    assert!(text(&scene.request(NOW).body).contains(r#""resource":{ "title" : "own" },"organization""#));

    scene.action.representations = Some(Bytes::from_static(br#"{"doo":{"a":1},"vyte":null}"#));
    let body: Value = serde_json::from_slice(&scene.request(NOW).body).unwrap();
    assert_eq!(body[0]["resource"], serde_json::from_str::<Value>(EVENT).unwrap());
}

#[test]
fn representations_that_cannot_be_read_are_the_publishers_fault() {
    let mut scene = scene();
    scene.action.representations = Some(Bytes::from_static(b"[]"));
    let keys: Vec<_> = scene.keys.iter().collect();
    let context = scene.context(&keys);
    let refused = build(&Fetched::default(), &context, NOW);
    assert!(matches!(refused, Err(BuildError::Representations(_))));
}

#[test]
fn only_the_three_fields_come_in_addition_and_a_mark_on_a_test() {
    let names = |scene: &Scene| {
        let mut names: Vec<String> = scene.request(NOW).headers.keys().map(ToString::to_string).collect();
        names.sort();
        json!(names)
    };
    let mut scene = scene();
    scene.overtaken = true;
    assert_eq!(
        names(&scene),
        json!(["content-type", "webhook-id", "webhook-signature", "webhook-timestamp"])
    );
    scene.origin = DeliveryOrigin::Test;
    assert_eq!(scene.request(NOW).headers["webhook-trigger"], "test");
}
