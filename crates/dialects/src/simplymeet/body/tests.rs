use serde_json::json;

use rendezhook_domain::delivery::DeliveryOrigin;
use rendezhook_secrets::SharedSecret;

use super::*;
use crate::delivery::{Fetched, build};
use crate::fixture::{EVENT, NOW, Scene};

/// A whole meeting, with names and times in another zone than its invitee's.
const MEETING: &str = r#"{
    "title": "First visit: Zoë & Ötzi",
    "description": "A talk",
    "confirmed": {"flag": true, "date_id": "d2", "place_id": "p2"},
    "dates": [
        {"_id": "d1", "date": "2026-02-17T14:00:00.000Z", "end_date": "2026-02-17T15:00:00.000Z"},
        {"_id": "d2", "date": "2026-02-18T07:00:00.000Z", "end_date": "2026-02-18T07:45:30.000Z"}
    ],
    "places": [
        {"_id": "p1", "name": "Elsewhere"},
        {"_id": "p2", "name": "Office", "address": "12 rue de Rivoli, 75004, Paris, France"}
    ],
    "invitees": [
        {"full_name": "Jean Dupont", "email": "jean@example.com", "phone": "+33 1 23", "timezone": "America/New_York", "locale": "fr"},
        {"email": "ann@example.com", "createdAt": "2026-01-10T08:00:00.123Z"},
        {"full_name": "Nobody Reachable"}
    ],
    "messages": [{"from": "jean@example.com", "body": "I come by train."}, {"body": "Good."}],
    "timezone": "Europe/Paris",
    "locale": "en"
}"#;

fn scene(action: &str, resource: &Value) -> Scene {
    let mut scene = Scene::new(Dialect::SimplyMeet, action);
    scene.action.resource = Bytes::from(resource.to_string());
    scene
}

fn meeting() -> Value {
    serde_json::from_str(MEETING).unwrap()
}

fn data(action: &str, resource: &Value) -> Value {
    let body: Value = serde_json::from_slice(&scene(action, resource).request(NOW).body).unwrap();
    body["data"].clone()
}

#[test]
fn a_whole_meeting_is_rendered_as_in_the_document() {
    let mut cancelled = meeting();
    cancelled["cancelled"] = json!("2026-01-14T16:05:00.000Z");
    let rendered = json!([data("event.confirmed", &meeting()), data("event.cancelled", &cancelled)]);
    insta::assert_snapshot!(serde_json::to_string_pretty(&rendered).unwrap());
}

#[test]
fn an_event_that_says_little_has_every_member_all_the_same() {
    let full = data("event.confirmed", &meeting());
    let empty = data("event.confirmed", &json!({}));
    let members = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(members(&empty), members(&full));
    assert_eq!(members(&empty["event_type"]), members(&full["event_type"]));
    assert_eq!(members(&empty["invitee"]), members(&full["invitee"]));
    for member in ["scheduled_at", "end_date", "pretty_scheduled_at", "location", "notes", "canceled_at"] {
        assert_eq!(empty[member], Value::Null, "{member}");
    }
    assert_eq!((&empty["invitee"]["timezone"], &empty["invitee"]["locale"]), (&json!("UTC"), &json!("en")));
    assert_eq!((&empty["event_type"]["slug"], &empty["participants"]), (&Value::Null, &json!([])));
}

#[test]
fn dates_are_read_as_publishers_write_them() {
    let on = |date: Value| {
        let shown = data("event.confirmed", &json!({ "dates": [date] }));
        json!([shown["scheduled_at"], shown["end_date"], shown["event_type"]["duration"]])
    };
    assert_eq!(
        on(json!({"date": "2026-02-18T08:00:00+01:00", "end_date": "2026-02-18T09:30:00+01:00"})),
        json!(["2026-02-18T07:00:00+00:00", "2026-02-18T08:30:00+00:00", 90])
    );
    assert_eq!(
        on(json!({"all_day": true, "date": "2026-02-18"})),
        json!(["2026-02-18T00:00:00+00:00", null, null])
    );
    let ends_first = json!({"date": "2026-02-18T08:00:00Z", "end_date": "2026-02-18T07:00:00Z"});
    assert_eq!(on(ends_first)[2], Value::Null);
    assert_eq!(on(json!({"date": "next tuesday"})), json!([null, null, null]));
}

#[test]
fn a_cancellation_says_when_and_why() {
    let cancelled = |details: Value| {
        let shown = data("event.cancelled", &json!({ "cancelled": details }));
        assert_eq!(shown["state"], "canceled");
        assert_eq!(shown["cancellation"]["created_at"], shown["canceled_at"]);
        json!([shown["canceled_at"], shown["cancellation"]["reason"]])
    };
    let happened = "2026-01-15T09:30:00+00:00";
    assert_eq!(cancelled(json!("2026-01-14T16:05:00.000Z")), json!(["2026-01-14T16:05:00+00:00", null]));
    assert_eq!(cancelled(json!(true)), json!([happened, null]));
    assert_eq!(cancelled(json!({"reason": "ill"})), json!([happened, "ill"]));
    assert_eq!(
        cancelled(json!({"reason": "ill", "date": "2026-01-14T16:05:00Z"})),
        json!(["2026-01-14T16:05:00+00:00", "ill"])
    );
}

#[test]
fn a_meeting_keeps_its_uuid_and_another_organizations_has_another() {
    let of = |scene: &Scene| {
        let body: Value = serde_json::from_slice(&scene.request(NOW).body).unwrap();
        body["data"]["uuid"].as_str().unwrap().to_owned()
    };
    let confirmed = scene("event.confirmed", &meeting());
    let mut other = scene("event.cancelled", &meeting());
    assert_eq!(of(&confirmed), of(&other));
    other.organization.id = rendezhook_domain::id::OrganizationId::from_uuid(uuid::Uuid::from_u128(1));
    assert_ne!(of(&confirmed), of(&other));
    assert_eq!(uuid::Uuid::parse_str(&of(&confirmed)).unwrap().get_version_num(), 5);
}

#[test]
fn what_the_publisher_rendered_replaces_the_data() {
    let mut scene = scene("event.confirmed", &meeting());
    scene.action.representations =
        Some(Bytes::from_static(br#"{"vyte":{"a":1},"simplymeet":{"uuid":"0c9b" ,"state":"new"}}"#));
    let body = scene.request(NOW).body;
    assert_eq!(&body[..], br#"{"event":"meetingScheduled","data":{"uuid":"0c9b" ,"state":"new"}}"#);

    scene.action.representations = Some(Bytes::from_static(br#"{"vyte":{"a":1},"simplymeet":null}"#));
    let body: Value = serde_json::from_slice(&scene.request(NOW).body).unwrap();
    assert_eq!(body["data"], data("event.confirmed", &meeting()));
}

#[test]
fn without_a_secret_there_is_no_signature() {
    let mut scene = scene("event.confirmed", &meeting());
    let signed = scene.request(NOW);
    assert_eq!(
        signed.headers["webhook-signature"],
        SharedSecret::new(String::from("something")).sign(&signed.body)
    );
    scene.shared_secret = None;
    let names = |scene: &Scene| {
        let mut names: Vec<String> = scene.request(NOW).headers.keys().map(ToString::to_string).collect();
        names.sort();
        names
    };
    assert_eq!(names(&scene), ["content-type", "webhook-id", "webhook-timestamp"]);
    scene.origin = DeliveryOrigin::Test;
    assert_eq!(scene.request(NOW).headers["webhook-trigger"], "test");
}

#[test]
fn the_signature_over_the_body_of_the_vector() {
    let mut scene = scene("event.confirmed", &meeting());
    let body = br#"{"data":{"uuid":"0c9b4b1e-0000-4000-8000-000000000001","state":"new"}}"#;
    scene.frozen_body = Some(Bytes::from_static(body));
    let signature = "G1DKw0GU220b+jadNbEVyBcDxkZpVIy9k+7I9xfjvMM=";
    assert_eq!(scene.request(NOW).headers["webhook-signature"], signature);
}

#[test]
fn what_cannot_be_told_is_refused() {
    let refusal = |scene: &Scene| {
        let context = scene.context(&[]);
        build(&Fetched::default(), &context, NOW).unwrap_err()
    };
    let other = Scene::new(Dialect::SimplyMeet, "event.voted");
    assert!(matches!(refusal(&other), BuildError::NotCarried(_)));
    let mut damaged = scene("event.confirmed", &meeting());
    damaged.action.resource = Bytes::from_static(b"{");
    assert!(matches!(refusal(&damaged), BuildError::Resource(_)));
    damaged.action.representations = Some(Bytes::from_static(b"[]"));
    assert!(matches!(refusal(&damaged), BuildError::Representations(_)));
}

#[test]
fn the_minimal_event_of_the_other_dialects_is_told_too() {
    let resource: Value = serde_json::from_str(EVENT).unwrap();
    assert_eq!(data("event.confirmed", &resource)["event_type"]["name"], "Démo");
}
