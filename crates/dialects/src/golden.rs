//! The whole request of each action of the catalogue in each dialect, one readable file each below `golden/snapshots`.
//!
//! Bodies are written on several lines there; the signatures cover the bytes that are sent.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Value, json};

use rendezhook_domain::action::CATALOGUE;
use rendezhook_domain::circumstances::Circumstances;
use rendezhook_domain::resource::{ResourceId, ResourceKind};
use rendezhook_domain::subscription::{Dialect, TargetAuthentication};
use rendezhook_secrets::SharedSecret;

use crate::delivery::{BuildError, OutboundParts, build};
use crate::fixture::{NOW, Scene, text};

const EVENT: &str = include_str!("golden/resources/event_proposed.json");
const ORDER: &str = include_str!("golden/resources/order.json");
const USER: &str = include_str!("golden/resources/user.json");
const VYTEME: &str = include_str!("golden/resources/vyteme.json");
const REPRESENTATIONS: &str = include_str!("golden/resources/representations.json");

/// The state in which a publisher has the resource when this happens to it.
fn resource(action: &str) -> Value {
    let read = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    match action {
        "user.joined" => read(USER),
        "vyteme.updated" => read(VYTEME),
        "order.cancelled" => {
            let mut order = read(ORDER);
            order["order_details"]["status"] = json!("organizer_cancelled");
            order
        }
        _ if action.starts_with("order.") => read(ORDER),
        "event.created" | "event.edited" | "event.voted" | "event.new_invitee" => read(EVENT),
        _ => {
            let mut event = read(EVENT);
            event["confirmed"] = json!({
                "flag": true, "updated_at": "2026-01-15T09:29:58.000Z", "date_id": "d2", "place_id": "p1"
            });
            if action == "event.cancelled" {
                event["cancelled"] = json!("2026-01-15T09:29:58.000Z");
            }
            event
        }
    }
}

/// What the publisher calls the resource.
const fn id(kind: ResourceKind) -> &'static str {
    match kind {
        ResourceKind::Event => "60af526954e6605aae0dad5b",
        ResourceKind::Order => "88231",
        ResourceKind::User => "5f3a9c1e7d2b4a0017c0ffee",
        ResourceKind::Vyteme => "claire",
        ResourceKind::Subscription => "sub_0198b2f0c0de7000800000000000abcd",
        ResourceKind::Delivery => "dlv_0198b2f0c0de7000800000000000abcd",
    }
}

fn scene(dialect: Dialect, action: &str) -> Scene {
    let mut scene = Scene::new(dialect, action);
    scene.action.resource_id = ResourceId::new(id(scene.action.kind)).unwrap();
    scene.action.resource = Bytes::from(resource(action).to_string());
    scene.action.user = Some(Arc::from("5f3a9c1e7d2b4a0017c0ffee"));
    if action == "event.updated" {
        scene.action.changes = Some(Bytes::from_static(br#"["/confirmed/date_id"]"#));
    }
    scene
}

/// Whether a hook of this dialect is ever told of the action.
fn reaches(dialect: Dialect, action: &str) -> bool {
    let name = action.parse().unwrap();
    let change = Circumstances { cancelled_before: false, time_changed: true, first_of_change: true };
    let offered = match dialect {
        Dialect::Vyte => {
            crate::vyte::management::OFFERED_ACTIONS.contains(&action) || action == "event.removed"
        }
        Dialect::Standard | Dialect::SimplyMeet | Dialect::Doo => true,
    };
    offered && dialect.carries(&name, change)
}

/// Method, header fields in alphabetical order, an empty line, the body on several lines.
fn shown(request: &OutboundParts) -> String {
    let field = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
        format!("{name}: {}", value.to_str().unwrap())
    };
    let mut fields: Vec<String> = request.headers.iter().map(field).collect();
    fields.sort();
    let body: Value = serde_json::from_str(text(&request.body)).unwrap();
    let body = serde_json::to_string_pretty(&body).unwrap();
    format!("{}\n{}\n\n{body}\n", request.method, fields.join("\n"))
}

fn assert_golden(name: String, shown: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("golden/snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, shown));
}

#[test]
fn every_action_of_the_catalogue_in_every_dialect() {
    for dialect in Dialect::ALL {
        for action in CATALOGUE {
            let shown = if reaches(dialect, action) {
                shown(&scene(dialect, action).request(NOW))
            } else {
                format!("Hooks of this dialect are never told of {action}.\n")
            };
            assert_golden(format!("{}__{action}", dialect.name()), &shown);
        }
    }
}

#[test]
fn what_the_publisher_rendered_in_every_dialect() {
    for dialect in Dialect::ALL {
        let mut scene = scene(dialect, "event.confirmed");
        scene.action.representations = Some(Bytes::from_static(REPRESENTATIONS.as_bytes()));
        assert_golden(format!("{}__representations", dialect.name()), &shown(&scene.request(NOW)));
    }
}

#[test]
fn what_doo_and_simplymeet_never_tell_of_cannot_be_built_either() {
    for dialect in [Dialect::SimplyMeet, Dialect::Doo] {
        for action in CATALOGUE.iter().filter(|action| !reaches(dialect, action)) {
            let scene = scene(dialect, action);
            let keys: Vec<_> = scene.keys.iter().collect();
            let refused = build(&scene.fetched, &scene.context(&keys), NOW);
            assert!(matches!(refused, Err(BuildError::NotCarried(_))), "{dialect:?} {action}");
        }
    }
}

#[test]
fn a_test_and_an_authenticating_target() {
    let mut scene = scene(Dialect::Doo, "order.created");
    scene.origin = rendezhook_domain::delivery::DeliveryOrigin::Test;
    scene.subscription.authentication = Some(TargetAuthentication::Basic { username: Arc::from("hooks") });
    scene.target_secret = Some(SharedSecret::new(String::from("pass:word")));
    assert_golden(String::from("doo__test_with_a_password"), &shown(&scene.request(NOW)));
}
