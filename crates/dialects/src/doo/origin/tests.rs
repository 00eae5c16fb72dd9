use std::sync::Arc;

use bytes::Bytes;
use proptest::prelude::*;
use serde_json::json;

use rendezhook_domain::resource::ResourceId;
use rendezhook_domain::subscription::{Content, Dialect, RequestMethod};
use rendezhook_domain::target::{TargetPolicy, TargetUrl};

use super::*;
use crate::delivery::{BodyPlan, plan};
use crate::fixture::Scene;

/// Placeholders everywhere, those outside of `variables` to see that they stay.
const DOCUMENT: &str = r#"{
    "operationName": "A %EVENT_ID%",
    "variables": {
        "id": "%EVENT_ID%",
        "all": ["%ORDER_ID%", {"%EVENT_ID%": "<%EVENT_ID%|%ORDER_ID%|%ORGANIZATION_ID%>"}],
        "kept": [null, true, 1.5, "100% %EVENT_ID %OTHER_ID% %"]
    },
    "query": "query A($id: ID!) { event(id: $id) { title } } # %EVENT_ID%"
}"#;

fn origin(body: &str) -> Origin {
    let endpoint = TargetUrl::parse("https://gql.doo.net", &TargetPolicy::stored()).unwrap();
    Origin { method: RequestMethod::Post, endpoint, body: Arc::from(body) }
}

fn scene(action: &str, id: &str, resource: &Value) -> Scene {
    let mut scene = Scene::new(Dialect::Doo, action);
    scene.action.resource_id = ResourceId::new(id).unwrap();
    scene.action.resource = Bytes::from(resource.to_string());
    scene.subscription.content = Content::Origin(origin(DOCUMENT));
    scene
}

/// The document that goes to the origin.
fn document(scene: &Scene) -> Value {
    let BodyPlan::Origin(request) = plan(&scene.context(&[])).unwrap().body else { panic!("no origin") };
    Value::Object(request.document)
}

fn expected(event: &str, order: &str) -> Value {
    let mut expected: Value = serde_json::from_str(DOCUMENT).unwrap();
    expected["variables"]["id"] = json!(event);
    expected["variables"]["all"] = json!([order, { "%EVENT_ID%": format!("<{event}|{order}|3>") }]);
    expected
}

#[test]
fn an_event_is_named_and_has_no_order() {
    assert_eq!(document(&scene("event.created", "e1", &json!({}))), expected("e1", ""));
}

#[test]
fn an_order_names_its_event_too() {
    let order = json!({ "event": { "id": 4711 } });
    assert_eq!(document(&scene("order.created", "o1", &order)), expected("4711", "o1"));
    assert_eq!(document(&scene("order.created", "o1", &json!({}))), expected("", "o1"));
}

#[test]
fn a_request_without_a_body_asks_no_origin() {
    let mut scene = scene("event.created", "e1", &json!({}));
    scene.subscription.method = RequestMethod::Get;
    assert_eq!(plan(&scene.context(&[])).unwrap().body, BodyPlan::Ready);
    assert!(scene.request(crate::fixture::NOW).body.is_empty());
}

#[test]
fn our_own_graphql_is_asked_the_same() {
    let scene = scene("event.created", "e\"1", &json!({}));
    let BodyPlan::Origin(request) = plan(&scene.context(&[])).unwrap().body else { panic!("no origin") };
    let asked = request.question().unwrap();
    assert_eq!(asked.operation_name.as_deref(), Some("A %EVENT_ID%"));
    assert_eq!(asked.variables["id"], "e\"1");
    assert!(asked.query.ends_with("# %EVENT_ID%"));
}

#[test]
fn what_is_no_question_is_told() {
    let refused = |body: &str| question(&origin(body)).unwrap_err();
    assert!(matches!(refused("{"), DocumentError::NotJson(_)));
    assert!(matches!(refused("[]"), DocumentError::NotAnObject));
    assert!(matches!(refused("{}"), DocumentError::NoQuery));
    assert!(matches!(refused(r#"{"query":7}"#), DocumentError::NoQuery));
    assert!(matches!(refused(r#"{"query":"q","operationName":7}"#), DocumentError::OperationName));
    assert!(matches!(refused(r#"{"query":"q","variables":[]}"#), DocumentError::Variables));
    let short = question(&origin(r#"{"query":"q","operationName":null,"variables":null}"#)).unwrap();
    assert_eq!((short.operation_name, short.variables.len()), (None, 0));
}

/// Ids made of what could break out of a text, or pass for a placeholder.
fn any_id() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        "\\PC{1,4}",
        prop::sample::select(vec![
            "\"",
            "\\",
            "\\\"}",
            "{",
            "%",
            "%EVENT_ID%",
            "%ORDER_ID%",
            "%ORGANIZATION_ID%",
            "%EVENT_",
            "ID%",
            "\\u0000",
            "é",
            "$id",
            "\u{2028}",
            "/",
        ])
        .prop_map(str::to_owned),
    ];
    prop::collection::vec(part, 1..8).prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn an_id_is_a_value_and_nothing_else(event in any_id(), order in any_id()) {
        let scene = scene("order.created", &order, &json!({ "event": { "id": event } }));
        let sent = document(&scene);
        prop_assert_eq!(&sent, &expected(&event, &order));
        // It is still one document when it is written: nothing in an id ends a text early.
        let read: Value = serde_json::from_str(&sent.to_string()).unwrap();
        prop_assert_eq!(read, sent);
    }

    /// The event of an order may hold control characters, which ids of resources cannot.
    #[test]
    fn control_characters_stay_in_their_text(event in "[\\x00-\\x1f\"\\\\%]{0,20}") {
        let scene = scene("order.created", "o1", &json!({ "event": { "id": event } }));
        prop_assert_eq!(document(&scene), expected(&event, "o1"));
    }
}
