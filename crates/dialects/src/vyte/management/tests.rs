use std::sync::Arc;

use serde_json::{Value, json};

use rendezhook_domain::matching::{Filter, Happening};
use rendezhook_domain::subscription::Dialect;
use rendezhook_domain::target::{AddressRule, TargetPolicy};

use super::*;
use crate::fixture;

fn parse(body: &str) -> Result<HookRequest, ManagementError> {
    HookRequest::parse(body.as_bytes(), RequestKind::Create, &TargetPolicy::new(AddressRule::default()))
}

fn refusal(body: &str) -> (u16, Value) {
    let error = parse(body).unwrap_err();
    (error.status().as_u16(), serde_json::from_slice(&error.body()).unwrap())
}

#[test]
fn reads_the_bodies_of_the_v1_reference() {
    for (action, target) in [
        ("event.cancelled", "https://api.example.com/hooks/12345"),
        ("event.updated", "https://api.example.com/hooks/54321"),
    ] {
        let body = format!("{{\n  \"action\": \"{action}\",\n  \"target_url\": \"{target}\"\n}}");
        let request = parse(&body).unwrap();
        assert_eq!((request.action.as_str(), request.target.as_str()), (action, target));
    }
}

#[test]
fn a_hook_can_be_sent_back_as_it_was_listed() {
    let listed = json!({
        "__v": 0, "createdAt": "2018-01-04T15:00:58.486Z", "updatedAt": "2018-01-04T15:00:58.486Z",
        "organization": "14ce14c8a8ced358c78a5c231d", "scope": "organization", "action": "event.cancelled",
        "target_url": "https://api.example.com/hooks/12345", "_id": "5a4e41aaa8ced3001bf5da77"
    });
    assert!(parse(&listed.to_string()).is_ok());
}

#[test]
fn the_samples_of_the_v2_guide_are_no_json_and_the_answer_says_where() {
    let create = "{\n    target_url: \"https://www.test.com/hooks?id=123\"\n    action: 'event.cancelled'\n}";
    let update = "{\n    target_url: \"https://www.test.com/hooks?id=123\"\n    action: 'event.updated'\n}";
    let sentence = "the body is not valid JSON: key must be a string at line 2 column 5; \
                    names and texts stand in double quotes, fields are separated by commas";
    for sample in [create, update] {
        assert_eq!(refusal(sample), (400, json!({"error": "invalid_json", "message": sentence})));
    }
}

#[test]
fn every_offered_action_is_accepted_and_no_other() {
    for action in OFFERED_ACTIONS {
        assert!(
            parse(&json!({"action": action, "target_url": "https://example.com/"}).to_string()).is_ok(),
            "{action}"
        );
    }
    for action in
        ["event.edited", "event.removed", "order.created", "event.*", "*", "created", "", "event.Created"]
    {
        let (status, body) =
            refusal(&json!({"action": action, "target_url": "https://example.com/"}).to_string());
        assert_eq!((status, &body["error"]), (400, &json!("unknown_action")), "{action}");
        let sentence = body["message"].as_str().unwrap();
        assert!(OFFERED_ACTIONS.iter().all(|offered| sentence.contains(offered)), "{sentence}");
    }
}

#[test]
fn says_what_is_wrong_with_a_body() {
    let good = "https://example.com/";
    let cases = [
        (json!({"action": "event.created"}), "missing_field", "missing in the body: target_url;"),
        (json!({"target_url": good}), "missing_field", "missing in the body: action;"),
        (
            json!({"action": null, "target_url": null}),
            "missing_field",
            "missing in the body: action, target_url;",
        ),
        (json!({"action": 1, "target_url": good}), "invalid_body", "action must be a text"),
        (json!({"action": "event.created", "target_url": []}), "invalid_body", "target_url must be a text"),
        (json!([1]), "invalid_body", "JSON object"),
        (
            json!({"action": "event.created", "target_url": "http://example.com/"}),
            "invalid_target_url",
            "https",
        ),
        (
            json!({"action": "event.created", "target_url": "https://127.0.0.1/"}),
            "invalid_target_url",
            "not allowed",
        ),
        (json!({"action": "event.created", "target_url": ""}), "invalid_target_url", "empty"),
    ];
    for (body, code, part) in cases {
        let (status, answer) = refusal(&body.to_string());
        assert_eq!((status, answer["error"].as_str()), (400, Some(code)), "{body}");
        let sentence = answer["message"].as_str().unwrap();
        assert!(sentence.contains(part), "{sentence}");
    }
}

#[test]
fn an_unknown_action_is_not_repeated_at_length() {
    let (_, answer) =
        refusal(&json!({"action": "é".repeat(9_000), "target_url": "https://example.com/"}).to_string());
    assert!(answer["message"].as_str().unwrap().len() < 500);
}

#[test]
fn a_put_without_a_body_points_to_get() {
    for body in ["", "  \n"] {
        let error =
            HookRequest::parse(body.as_bytes(), RequestKind::Update, &TargetPolicy::stored()).unwrap_err();
        assert_eq!((error.status().as_u16(), error.code()), (400, "body_missing"));
        assert!(error.to_string().contains("to get a hook use GET"));
    }
    assert_eq!(refusal("").1["error"], "body_missing");
}

#[test]
fn a_hook_on_cancellations_wants_removals_too() {
    let filter = |action: &str, user| {
        let request =
            parse(&json!({"action": action, "target_url": "https://example.com/"}).to_string()).unwrap();
        request.filter(user)
    };
    let wants = |filter: &Filter, action: &str, user| {
        filter.wants(&Happening { action: &action.parse().unwrap(), user, event: None })
    };
    assert!(wants(&filter("event.cancelled", None), "event.removed", None));
    assert!(wants(&filter("event.cancelled", None), "event.cancelled", None));
    assert!(!wants(&filter("event.created", None), "event.removed", None));
    let of_user = filter("event.cancelled", Some(Arc::from("u1")));
    assert!(wants(&of_user, "event.cancelled", Some("u1")));
    assert!(!wants(&of_user, "event.cancelled", None));
}

#[test]
fn other_errors_have_their_status_and_code() {
    let cases = [
        (ManagementError::TooManyHooks, 400, "too_many_hooks"),
        (ManagementError::Unauthorized, 401, "unauthorized"),
        (ManagementError::Forbidden, 403, "forbidden"),
        (ManagementError::NotFound, 404, "not_found"),
        (ManagementError::MethodNotAllowed { allowed: "GET, PUT, DELETE" }, 405, "method_not_allowed"),
    ];
    for (error, status, code) in cases {
        let body: Value = serde_json::from_slice(&error.body()).unwrap();
        assert_eq!(
            (error.status().as_u16(), &body),
            (status, &json!({"error": code, "message": error.to_string()}))
        );
    }
}

#[test]
fn a_hook_is_shown_in_the_form_of_the_guide() {
    let organization = fixture::organization();
    let mut subscription = fixture::subscription(Dialect::Vyte, "event.cancelled");
    let of_organization = hook(&subscription, &organization).unwrap();
    assert_eq!(
        fixture::text(&of_organization),
        r#"{"_id":"60af526954e6605aae0dad5a","target_url":"https://www.example.com/hooks?id=123","action":"event.cancelled","scope":"organization","organization":"60af5269459aad001d0cb565","updatedAt":"2021-06-01T10:00:00.000Z","createdAt":"2021-05-27T08:03:53.775Z","__v":0}"#
    );
    subscription.filter.user = Some(Arc::from("u1"));
    let of_user: Value = serde_json::from_slice(&hook(&subscription, &organization).unwrap()).unwrap();
    assert_eq!((&of_user["scope"], &of_user["user"]), (&json!("user"), &json!("u1")));
}

#[test]
fn a_hook_made_for_cancellations_shows_that_action() {
    let mut subscription = fixture::subscription(Dialect::Vyte, "event.created");
    let body = json!({"action": "event.cancelled", "target_url": "https://example.com/"}).to_string();
    subscription.filter = parse(&body).unwrap().filter(None);
    let shown: Value =
        serde_json::from_slice(&hook(&subscription, &fixture::organization()).unwrap()).unwrap();
    assert_eq!(shown["action"], "event.cancelled");
}

#[test]
fn lists_hold_the_same_objects_in_two_forms_and_nothing_of_other_surfaces() {
    let organization = fixture::organization();
    let of_vyte = fixture::subscription(Dialect::Vyte, "event.created");
    let other = fixture::subscription(Dialect::Standard, "event.created");
    let all = [other.clone(), of_vyte.clone(), of_vyte.clone()];
    let item: Value = serde_json::from_slice(&hook(&of_vyte, &organization).unwrap()).unwrap();
    let v1: Value = serde_json::from_slice(&list_v1(&all, &organization)).unwrap();
    let v2: Value = serde_json::from_slice(&list_v2(&all, &organization)).unwrap();
    assert_eq!(v1, json!({"hooks": [item, item]}));
    assert_eq!(v2, json!([item, item]));
    assert_eq!(hook(&other, &organization), None);
    assert_eq!(list_v1(&[], &organization), br#"{"hooks":[]}"#);
}

#[test]
fn the_organization_shows_itself() {
    assert_eq!(
        fixture::text(&organization(&fixture::organization())),
        r#"{"_id":"60af5269459aad001d0cb565","name":"Clinic \"North\"","lang":"en","plan":"pro","private":false,"admins":[],"members":[],"createdAt":"2021-05-27T08:03:53.775Z","updatedAt":"2021-05-27T08:03:53.775Z","__v":0}"#
    );
}
