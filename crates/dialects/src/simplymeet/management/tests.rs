use serde_json::{Value, json};

use rendezhook_domain::subscription::{Dialect, Hook, SimplyMeetHook, Subscription};
use rendezhook_domain::target::{AddressRule, TargetPolicy};
use rendezhook_secrets::SharedSecret;
use uuid::Uuid;

use super::*;
use crate::fixture;
use crate::simplymeet::{MeetingEvent, filter};

fn parse(body: &str) -> Result<HookRequest, RequestError> {
    HookRequest::parse(body.as_bytes(), &TargetPolicy::new(AddressRule::default()))
}

/// Which fields are wrong, and what is said of them.
fn wrong(body: &Value) -> Vec<(&'static str, String)> {
    match parse(&body.to_string()).unwrap_err() {
        RequestError::InvalidArguments(arguments) => {
            arguments.into_iter().map(|argument| (argument.field, argument.sentence)).collect()
        }
        other => panic!("{other}"),
    }
}

fn with(field: &str, value: Value) -> Value {
    let mut body = json!({ "events": ["meetingScheduled"], "url": "https://example.com/webhook" });
    body[field] = value;
    body
}

#[test]
fn a_hook_can_be_sent_back_as_it_was_listed() {
    let listed = r#"{"events": ["meetingRescheduled", "meetingCancelled", "meetingScheduled"], "url": "https://example.com/webhook",
        "secret": null, "created_at": "2021-05-24T11:04:11+00:00", "uuid": "2ba9ee0b-e62a-43bd-aed0-31b26056ecdc"}"#;
    let request = parse(listed).unwrap();
    let events = [MeetingEvent::Rescheduled, MeetingEvent::Cancelled, MeetingEvent::Scheduled];
    assert_eq!(
        (request.events.as_slice(), request.target.as_str()),
        (&events[..], "https://example.com/webhook")
    );
    assert!(request.secret.is_none());
}

#[test]
fn what_is_no_object_is_told_apart() {
    let refusal = |body: &str| parse(body).unwrap_err();
    assert!(matches!(refusal(""), RequestError::InvalidJson(_)));
    assert!(matches!(refusal("{\"events\": }"), RequestError::InvalidJson(_)));
    assert!(refusal("{\n url: 1}").to_string().contains("line 2 column 2"));
    for body in ["[]", "null", "\"x\"", "7"] {
        assert!(matches!(refusal(body), RequestError::NotAnObject), "{body}");
    }
}

#[test]
fn every_wrong_field_is_named_at_once() {
    let fields = |body: &Value| wrong(body).into_iter().map(|(field, _)| field).collect::<Vec<_>>();
    assert_eq!(fields(&json!({})), ["events", "url"]);
    assert_eq!(fields(&json!({"events": [], "url": "example", "secret": ""})), ["events", "url", "secret"]);
    assert_eq!(fields(&json!({"events": null, "url": null, "secret": null})), ["events", "url"]);
}

#[test]
fn says_what_is_wrong_with_a_field() {
    let blank = "This value should not be blank.";
    let offered = "meetingScheduled, meetingCancelled, meetingRescheduled.";
    let no_text = "This value should be of type string.";
    let no_url = "This value is not a valid URL.";
    let https = "This URL must use https; webhooks are sent over TLS only.";
    let cases = [
        ("events", json!("meetingScheduled"), "This value should be of type array."),
        ("events", json!([]), "You must select at least one of: "),
        ("events", json!([1]), "Each of the values should be of type string."),
        ("events", json!(["meetingScheduled", "meetingMoved"]), "\"meetingMoved\" is not one of the events"),
        ("events", json!(["event.confirmed"]), offered),
        ("events", json!(["*"]), offered),
        ("url", json!(7), no_text),
        ("url", json!(""), blank),
        ("url", json!("example"), no_url),
        ("url", json!("https://exa mple.com"), no_url),
        ("url", json!("https://"), no_url),
        ("url", json!("https:\\\\example.com"), no_url),
        ("url", json!("http://example.com/webhook"), https),
        ("url", json!("ftp://example.com/webhook"), https),
        ("url", json!("https://127.0.0.1/"), "This value is not allowed: the URL leads to an address"),
        ("url", json!("https://localhost/"), "This value is not allowed: "),
        ("url", json!("https://user:word@example.com/"), "This value is not allowed: "),
        ("url", json!(format!("https://example.com/{}", "x".repeat(2_048))), "at most 2048 are allowed."),
        ("secret", json!(7), no_text),
        ("secret", json!(""), "too short"),
        ("secret", json!("é".repeat(256)), "It should have 255 characters or less."),
    ];
    for (field, value, part) in cases {
        let told = wrong(&with(field, value));
        let [(named, sentence)] = told.as_slice() else { panic!("{told:?}") };
        assert_eq!(*named, field);
        assert!(sentence.contains(part), "{sentence}");
    }
    assert!(parse(&with("secret", json!("é".repeat(255))).to_string()).is_ok());
}

#[test]
fn what_a_client_sent_is_not_repeated_at_length() {
    let told = wrong(&with("events", json!(["é".repeat(9_000)])));
    assert!(told[0].1.len() < 400);
}

#[test]
fn errors_have_the_two_forms_of_the_document() {
    assert_eq!(error_body(404, NOT_FOUND), br#"{"code":404,"message":"Not found."}"#);
    let told = [("url", "This value is not a valid URL."), ("events", "one"), ("url", "two")];
    assert_eq!(
        fixture::text(&invalid_arguments_body(told)),
        r#"{"message":"Invalid arguments","errors":{"url":["This value is not a valid URL.","two"],"events":["one"]}}"#
    );
}

fn hooks(count: u128) -> Vec<Subscription> {
    let hook = |number| {
        let mut subscription = fixture::subscription(Dialect::SimplyMeet, "event.confirmed");
        subscription.hook = Hook::SimplyMeet(SimplyMeetHook { uuid: Uuid::from_u128(number) });
        subscription
    };
    (1..=count).map(hook).collect()
}

/// Items, pages and links of a page of so many hooks.
fn page(count: u128, page: &str, limit: &str) -> Value {
    let hooks = hooks(count);
    let asked = HookPage::parse(Some(page), Some(limit)).unwrap();
    let listed = hooks.iter().map(|subscription| (subscription, None));
    let body: Value = serde_json::from_slice(&list(listed, asked)).unwrap();
    assert_eq!(body["total"], json!(count));
    let links: Vec<String> = body["_links"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, link)| {
            let href = link["href"].as_str().unwrap();
            format!("{name} {}", href.strip_prefix("/api/webhooks?page=").unwrap())
        })
        .collect();
    json!([body["_embedded"]["items"].as_array().map(Vec::len), body["pages"], links.join(", ")])
}

#[test]
fn pages_lead_to_their_neighbours() {
    let cases = [
        (0, "1", json!([0, 1, "self 1&limit=10, first 1&limit=10, last 1&limit=10"])),
        (10, "1", json!([10, 1, "self 1&limit=10, first 1&limit=10, last 1&limit=10"])),
        (11, "1", json!([10, 2, "self 1&limit=10, first 1&limit=10, last 2&limit=10, next 2&limit=10"])),
        (11, "2", json!([1, 2, "self 2&limit=10, first 1&limit=10, last 2&limit=10, previous 1&limit=10"])),
        (11, "3", json!([0, 2, "self 3&limit=10, first 1&limit=10, last 2&limit=10, previous 2&limit=10"])),
        (11, "9", json!([0, 2, "self 9&limit=10, first 1&limit=10, last 2&limit=10"])),
    ];
    for (count, number, expected) in cases {
        assert_eq!(page(count, number, "10"), expected, "{count} {number}");
    }
    let last = u64::MAX.to_string();
    assert_eq!(page(3, &last, "100")[0], json!(0));
}

#[test]
fn pages_out_of_range_are_refused() {
    let fields = |page, limit| {
        let told = HookPage::parse(page, limit).unwrap_err();
        told.into_iter().map(|argument| argument.field).collect::<Vec<_>>()
    };
    for wrong in ["0", "-1", "one", "", "1.5", "99999999999999999999"] {
        assert_eq!(fields(Some(wrong), None), ["page"], "{wrong}");
    }
    for wrong in ["0", "101", "ten"] {
        assert_eq!(fields(None, Some(wrong)), ["limit"], "{wrong}");
    }
    assert_eq!(fields(Some("0"), Some("0")), ["page", "limit"]);
    assert_eq!(HookPage::parse(None, None), HookPage::parse(Some("1"), Some("10")));
}

#[test]
fn a_list_reads_like_the_example_of_the_document() {
    let mut hook = fixture::subscription(Dialect::SimplyMeet, "event.confirmed");
    let events = [MeetingEvent::Rescheduled, MeetingEvent::Cancelled, MeetingEvent::Scheduled];
    hook.filter = filter(&events, None);
    let other = fixture::subscription(Dialect::Vyte, "event.created");
    let listed = [(&other, None), (&hook, None)];
    assert_eq!(
        fixture::text(&list(listed, HookPage::parse(None, None).unwrap())),
        concat!(
            r#"{"page":1,"limit":10,"pages":1,"total":1,"_embedded":{"items":[{"#,
            r#""events":["meetingRescheduled","meetingCancelled","meetingScheduled"],"#,
            r#""url":"https://www.example.com/hooks?id=123","secret":null,"created_at":"2021-05-27T08:03:53+00:00","#,
            r#""uuid":"3e687c78-a8b8-4837-9333-57e3d807e61c"}]},"#,
            r#""_links":{"self":{"href":"/api/webhooks?page=1&limit=10"},"first":{"href":"/api/webhooks?page=1&limit=10"},"#,
            r#""last":{"href":"/api/webhooks?page=1&limit=10"}}}"#
        )
    );
}

#[test]
fn a_hook_shows_its_secret_and_other_subscriptions_are_none() {
    let subscription = fixture::subscription(Dialect::SimplyMeet, "event.confirmed");
    let secret = SharedSecret::new(String::from("some\"thing"));
    assert_eq!(
        fixture::text(&hook((&subscription, Some(&secret))).unwrap()),
        r#"{"events":["meetingScheduled"],"url":"https://www.example.com/hooks?id=123","secret":"some\"thing","created_at":"2021-05-27T08:03:53+00:00","uuid":"3e687c78-a8b8-4837-9333-57e3d807e61c"}"#
    );
    assert_eq!(hook((&fixture::subscription(Dialect::Vyte, "event.created"), None)), None);
}
