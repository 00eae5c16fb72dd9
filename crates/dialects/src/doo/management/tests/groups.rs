//! Requests that make groups.

use proptest::prelude::*;
use serde_json::{Value, json};

use rendezhook_domain::subscription::{Content, RequestMethod, TargetAuthentication};

use super::*;
use crate::doo::HookType;

fn group_body() -> Value {
    let mut body = json!({ "name": "n", "hooks": [] });
    body["hooks"] =
        json!([{ "type": "event_created", "method": "POST", "endpoint": "https://example.com/h" }]);
    body
}

/// The group with a value at a JSON pointer of its one hook.
fn with_hook(field: &str, value: Value) -> Value {
    let mut body = group_body();
    body["hooks"][0][field] = value;
    body
}

fn with(field: &str, value: Value) -> Value {
    let mut body = group_body();
    body[field] = value;
    body
}

fn authenticating() -> Value {
    json!({
        "grant_type": "client_credentials",
        "endpoint": "https://example.com/token",
        "credentials": { "client_id": "doo", "client_secret": "super-strong-secret" },
        "header_format": "Authorization",
        "header_value_format": "Bearer %ACCESS_TOKEN%"
    })
}

fn with_authentication(field: &str, value: Value) -> Value {
    let mut authentication = authenticating();
    authentication[field] = value;
    with("authentication", authentication)
}

fn with_origin(hook_type: &str, document: &str) -> Value {
    let origin = json!({ "method": "POST", "endpoint": "https://gql.doo.net", "body": document });
    let mut body = with_hook("origin", origin);
    body["hooks"][0]["type"] = json!(hook_type);
    body
}

#[test]
fn the_first_example_can_be_sent_as_it_was_listed() {
    let request = parse(FIRST_EXAMPLE).unwrap();
    assert_eq!(
        (&*request.name, &*request.description, request.event.as_deref()),
        ("My Test Webhook", "Webhook for testing all the hook types", None)
    );
    let types: Vec<&str> = request.hooks.iter().map(|hook| hook.hook_type.name()).collect();
    let expected = [
        "event_created",
        "event_removed",
        "event_updated",
        "order_created",
        "order_removed",
        "order_updated",
        "order_cancelled",
    ];
    assert_eq!(types, expected);
    for hook in &request.hooks {
        assert_eq!((hook.method, hook.target.as_str()), (RequestMethod::Post, "https://requestb.in/123"));
        assert_eq!(hook.content, Content::Composed);
    }
    let (authentication, secret) = request.authentication.unwrap();
    let TargetAuthentication::ClientCredentials(credentials) = authentication else {
        panic!("{authentication:?}")
    };
    assert_eq!(
        (&*credentials.client_id, &*credentials.grant_type, secret.expose()),
        ("doo", "client_credentials", "super-strong-secret")
    );
    assert_eq!(
        (&*credentials.header, &*credentials.value_format, credentials.endpoint.as_str()),
        ("Authorization", "Bearer %ACCESS_TOKEN%", "https://requestb.in/123")
    );
}

#[test]
fn the_second_example_asks_an_origin() {
    let request = parse(SECOND_EXAMPLE).unwrap();
    let types: Vec<HookType> = request.hooks.iter().map(|hook| hook.hook_type).collect();
    assert_eq!(types, [HookType::EventCreated, HookType::EventUpdated]);
    let Content::Origin(origin) = &request.hooks[0].content else { panic!("no origin") };
    assert_eq!(origin.endpoint.as_str(), "https://gql.doo.net");
    let sent = json(SECOND_EXAMPLE)["hooks"][0]["origin"]["body"].as_str().unwrap().to_owned();
    assert_eq!(*origin.body, *sent);
    let question = crate::doo::question(origin).unwrap();
    assert_eq!(question.operation_name.as_deref(), Some("EventCreatedShort"));
    assert_eq!(json!(question.variables), json!({ "id": "%EVENT_ID%" }));
    assert!(question.query.starts_with("query EventCreatedShort($id: ID!) {\n"));
}

#[test]
fn what_may_be_missing_may_be_null() {
    let mut body = group_body();
    for field in ["id", "_links", "description", "event_id", "authentication"] {
        body[field] = Value::Null;
    }
    body["hooks"][0]["origin"] = Value::Null;
    let request = parse(&body.to_string()).unwrap();
    assert!(request.description.is_empty() && request.event.is_none() && request.authentication.is_none());
    assert_eq!(request.hooks[0].content, Content::Composed);
}

#[test]
fn an_event_is_named_by_a_text_or_a_number() {
    let event = |id: Value| parse(&with("event_id", id).to_string()).map(|request| request.event);
    assert_eq!(event(json!("e-1")).unwrap().as_deref(), Some("e-1"));
    assert_eq!(event(json!(4711)).unwrap().as_deref(), Some("4711"));
    for refused in [json!(1.5), json!(true), json!([]), json!(""), json!("a\nb"), json!("x".repeat(256))] {
        let told = wrong(event(refused).unwrap_err());
        assert!(told[0].starts_with("event_id: "), "{told:?}");
    }
}

#[test]
fn what_is_no_object_is_told_apart() {
    for body in ["", "{", "{\"name\":}", "\u{feff}{}"] {
        assert!(matches!(parse(body), Err(RequestError::InvalidJson(_))), "{body}");
    }
    for body in ["[]", "null", "\"x\"", "7"] {
        assert!(matches!(parse(body), Err(RequestError::NotAnObject)), "{body}");
    }
    assert!(parse("{\n name: 1}").unwrap_err().to_string().contains("line 2 column 2"));
}

#[test]
fn everything_that_is_wrong_is_named_at_once() {
    let body = json!({
        "name": "",
        "hooks": [
            { "type": "event_created", "method": "POST", "endpoint": "https://example.com/h" },
            { "type": "event_moved", "method": "post", "endpoint": "http://example.com/h", "origin": {} },
            7
        ],
        "authentication": { "endpoint": "https://127.0.0.1/", "credentials": {} }
    });
    let told = wrong(parse(&body.to_string()).unwrap_err());
    let places: Vec<&str> = told.iter().map(|told| told.split_once(": ").unwrap().0).collect();
    let expected = [
        "name",
        "hooks[1].type",
        "hooks[1].method",
        "hooks[1].endpoint",
        "hooks[1].origin.method",
        "hooks[1].origin.endpoint",
        "hooks[1].origin.body",
        "hooks[2]",
        "authentication.grant_type",
        "authentication.endpoint",
        "authentication.credentials.client_id",
        "authentication.credentials.client_secret",
        "authentication.header_format",
        "authentication.header_value_format",
    ];
    assert_eq!(places, expected);
    let message = parse(&body.to_string()).unwrap_err().to_string();
    assert!(message.ends_with("and 4 more fields are not valid"), "{message}");
}

#[test]
fn says_what_is_wrong_with_a_field() {
    let url = |length: usize| {
        let beginning = "https://example.com/";
        format!("{beginning}{}", "x".repeat(length - beginning.len()))
    };
    let hook = group_body()["hooks"][0].clone();
    let cases = [
        (with("name", json!(null)), "name: is missing"),
        (with("name", json!(7)), "name: must be a string"),
        (with("name", json!("é".repeat(256))), "name: has 256 characters; it must have 1 to 255"),
        (
            with("description", json!("é".repeat(256))),
            "description: has 256 characters; it may have at most 255",
        ),
        (with("hooks", json!({})), "hooks: must be an array of hooks"),
        (with("hooks", json!([])), "hooks: has 0 hooks; it must have 1 to 50"),
        (with("hooks", json!(vec![hook.clone(); 51])), "hooks: has 51 hooks; it must have 1 to 50"),
        (with("authentication", json!("x")), "authentication: must be a JSON object"),
        (
            with_hook("type", json!("event.created")),
            "\"event.created\" is none of the types; there are: event_created, ",
        ),
        (with_hook("method", json!("TRACE")), "hooks[0].method: \"TRACE\" is not a method"),
        (with_hook("endpoint", json!("http://example.com")), "hooks[0].endpoint: the URL must use https"),
        (with_hook("endpoint", json!("https://localhost/")), "hooks[0].endpoint: the URL's host"),
        (
            with_hook("endpoint", json!(url(1_001))),
            "hooks[0].endpoint: the URL has 1001 bytes; at most 1000 are allowed",
        ),
        (with_hook("origin", json!("x")), "hooks[0].origin: must be a JSON object"),
        (
            with_authentication("endpoint", json!("http://example.com")),
            "authentication.endpoint: the URL must use https",
        ),
        (with_authentication("grant_type", json!("")), "authentication.grant_type: has 0 characters"),
        (with_authentication("header_format", json!("a b")), "authentication.header_format: "),
        (with_authentication("header_format", json!("Host")), "authentication.header_format: "),
        (
            with_authentication("header_format", json!("x".repeat(101))),
            "authentication.header_format: has 101",
        ),
        (
            with_authentication("header_value_format", json!("Bearer")),
            "authentication.header_value_format: the header's value has no %ACCESS_TOKEN%",
        ),
        (
            with_authentication("credentials", json!({"client_id": "doo", "client_secret": MASKED_SECRET})),
            "authentication.credentials.client_secret: is the mask under which",
        ),
    ];
    for (body, part) in cases {
        let told = wrong(parse(&body.to_string()).unwrap_err());
        assert!(told.len() == 1 && told[0].contains(part), "{told:?}, not {part}");
    }
    assert!(parse(&with_hook("endpoint", json!(url(1_000))).to_string()).is_ok());
    assert!(parse(&with("hooks", json!(vec![hook; 50])).to_string()).is_ok());
    assert!(parse(&with("name", json!("é".repeat(255))).to_string()).is_ok());
}

#[test]
fn a_hook_may_have_any_method_and_an_origin_one_with_a_body() {
    for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
        assert!(parse(&with_hook("method", json!(method)).to_string()).is_ok(), "{method}");
    }
    let mut body = with_origin("event_created", "{}");
    body["hooks"][0]["origin"]["method"] = json!("GET");
    let told = wrong(parse(&body.to_string()).unwrap_err());
    assert!(told[0].starts_with("hooks[0].origin.method: a GET request carries no body"), "{told:?}");
}

#[test]
fn a_secret_is_not_repeated_in_messages() {
    let credentials = json!({ "client_id": "doo", "client_secret": "x".repeat(1_001) });
    let told = wrong(parse(&with_authentication("credentials", credentials).to_string()).unwrap_err());
    assert!(!told[0].contains("xxx"), "{told:?}");
    let request = parse(&with("authentication", authenticating()).to_string()).unwrap();
    assert!(!format!("{request:?}").contains("super-strong"));
}

#[test]
fn placeholders_stand_in_variables_only() {
    let accepted = [
        ("event_created", r#"{"variables":{"id":"%EVENT_ID%"},"query":"{ a }"}"#),
        ("event_removed", r#"{"variables":{"a":[{"b":"x-%EVENT_ID%-%ORGANIZATION_ID%"}]}}"#),
        ("order_created", r#"{"variables":{"id":"%ORDER_ID%","event":"%EVENT_ID%"}}"#),
        ("event_created", r#"{"variables":null,"operationName":null,"query":"{ a(discount: \"100%\") }"}"#),
        ("event_created", r#"{"query":"%ACCESS_TOKEN% %EVENT_ID"}"#),
        ("event_created", "{}"),
    ];
    for (hook_type, document) in accepted {
        let parsed = parse(&with_origin(hook_type, document).to_string());
        assert!(parsed.is_ok(), "{document}: {}", parsed.unwrap_err());
    }
    let long_name = format!(r#"{{"{}":["%EVENT_ID%"]}}"#, "x".repeat(1_000));
    let shortened = format!("%EVENT_ID% stands in {}[0];", "x".repeat(80));
    let deep = format!(r#"{{"variables":{{"a":{}1{}}}}}"#, "[".repeat(31), "]".repeat(31));
    let deeper = format!(r#"{{"variables":{}{}}}"#, "{\"a\":".repeat(200), "}".repeat(200));
    let long = format!(r#"{{"query":"{}"}}"#, "x".repeat(16_384));
    let refused = [
        (
            "event_created",
            r#"{"query":"{ event(id: \"%EVENT_ID%\") { title } }"}"#,
            "%EVENT_ID% stands in query;",
        ),
        (
            "event_created",
            r#"{"operationName":"%ORGANIZATION_ID%"}"#,
            "%ORGANIZATION_ID% stands in operationName;",
        ),
        (
            "order_created",
            r#"{"variables":{"a":{"%ORDER_ID%":1}}}"#,
            "stands in the name of a member of variables.a;",
        ),
        (
            "order_created",
            r#"{"variables":{"%ORDER_ID%":1}}"#,
            "stands in the name of a member of variables;",
        ),
        ("event_created", r#"{"%EVENT_ID%":1}"#, "stands in the name of a member;"),
        ("event_created", r#"{"extensions":{"a":["%EVENT_ID%"]}}"#, "%EVENT_ID% stands in extensions.a[0];"),
        ("event_created", r#"{"variables":"%EVENT_ID%"}"#, "its variables must be a JSON object"),
        (
            "event_created",
            r#"{"variables":{"a":["%ORDER_ID%"]}}"#,
            "%ORDER_ID% stands in variables.a[0], but an event has no order",
        ),
        ("event_created", "query { a }", "the text is not a JSON document"),
        ("event_created", "", "the text is not a JSON document"),
        ("event_created", &long_name, &shortened),
        ("event_created", "[]", "the document must be a JSON object"),
        ("event_created", &deep, "nested more than 32 levels deep"),
        ("event_created", &deeper, "the text is not a JSON document"),
        ("event_created", &long, "at most 16384 are allowed"),
    ];
    for (hook_type, document, part) in refused {
        let told = wrong(parse(&with_origin(hook_type, document).to_string()).unwrap_err());
        assert!(told[0].starts_with("hooks[0].origin.body: ") && told[0].contains(part), "{told:?}");
    }
}

/// Any JSON value, with names that mean something among its members.
fn any_value() -> impl Strategy<Value = Value> {
    let name = prop_oneof![
        "[a-z%]{0,4}",
        prop::sample::select(vec![
            "name",
            "hooks",
            "type",
            "method",
            "endpoint",
            "origin",
            "body",
            "authentication",
            "credentials",
            "client_id",
            "client_secret",
            "header_format",
            "event_id",
            "webhook_type",
            "organization_id",
        ])
        .prop_map(str::to_owned),
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
        Just(json!("event_created")),
        Just(json!("https://example.com/%EVENT_ID%")),
        Just(json!(r#"{"variables":{"a":"%ORDER_ID%"}}"#)),
    ];
    leaf.prop_recursive(4, 40, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::hash_map(name.clone(), inner, 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_body_is_read_or_refused_with_a_reason(value in any_value(), place in 0_usize..6) {
        let fields = ["name", "hooks", "authentication", "event_id", "description", "other"];
        for body in [value.to_string(), with(fields[place], value.clone()).to_string(), with_hook("origin", value).to_string()] {
            if let Err(refused) = parse(&body) {
                prop_assert!(!refused.to_string().is_empty());
            }
            let _ = TokenRequest::parse(body.as_bytes());
            let _ = RePushRequest::parse(body.as_bytes(), rendezhook_domain::resource::ResourceKind::Order);
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(body in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = GroupRequest::parse(&body, &TargetPolicy::new(AddressRule::default()));
    }
}
