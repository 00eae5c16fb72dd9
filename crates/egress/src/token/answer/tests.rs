use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode};
use proptest::prelude::*;

use super::super::MAXIMUM_TOKEN_BYTES;
use super::*;

fn read_text(body: &str) -> Result<(String, u64), AnswerFlaw> {
    read_body(body.as_bytes()).map(|(token, lifetime)| (token.expose().to_owned(), lifetime.as_secs()))
}

#[test]
fn the_token_is_at_the_top_or_under_data() {
    let one_hour = Ok((String::from("abc"), 3_600));
    assert_eq!(read_text(r#"{"access_token":"abc"}"#), one_hour);
    assert_eq!(read_text(r#"{"token_type":"Bearer","access_token":"abc","expires_in":60}"#).unwrap().1, 60);
    let nested = r#"{"response_status":200,"data":{"access_token":"abc","refresh_token":null},"_links":{}}"#;
    assert_eq!(read_text(nested), one_hour);
    assert_eq!(read_text(r#"{"data":{"access_token":"abc","expires_in":"60"}}"#).unwrap().1, 60);
    assert_eq!(read_text(r#"{"access_token":"abc","data":{"access_token":"other"}}"#), one_hour);
}

#[test]
fn lifetimes_are_numbers_or_texts_up_to_a_day() {
    for (expires_in, seconds) in [
        ("3599", 3_599),
        ("3599.9", 3_599),
        ("\"7200\"", 7_200),
        ("\" 7200 \"", 7_200),
        ("0", 0),
        ("-1", 0),
        ("\"-5\"", 0),
        ("86400", 86_400),
        ("86401", 86_400),
        ("1e300", 86_400),
        ("18446744073709551616", 86_400),
        ("null", 3_600),
        ("\"\"", 3_600),
        ("\"soon\"", 3_600),
        ("\"NaN\"", 3_600),
        ("\"inf\"", 3_600),
        ("[60]", 3_600),
        ("true", 3_600),
    ] {
        let body = format!(r#"{{"access_token":"abc","expires_in":{expires_in}}}"#);
        assert_eq!(read_text(&body), Ok((String::from("abc"), seconds)), "{body}");
    }
}

#[test]
fn a_token_is_used_until_shortly_before_its_end() {
    for (lifetime, usable) in [(86_400, 86_370), (3_600, 3_570), (300, 270), (100, 90), (10, 9), (0, 0)] {
        assert_eq!(usable_for(Duration::from_secs(lifetime)), Duration::from_secs(usable));
    }
}

#[test]
fn what_brings_no_token_says_why() {
    let with_token = |token: &str| serde_json::json!({ "access_token": token }).to_string();
    let deep = format!("{}{}", "[".repeat(8_000), "]".repeat(8_000));
    let too_long = with_token(&"x".repeat(MAXIMUM_TOKEN_BYTES + 1));
    for (body, flaw) in [
        ("", AnswerFlaw::NotAnObject),
        ("access_token=abc&expires_in=60", AnswerFlaw::NotAnObject),
        (r#"{"access_token":"abc""#, AnswerFlaw::NotAnObject),
        (r#"[{"access_token":"abc"}]"#, AnswerFlaw::NotAnObject),
        (deep.as_str(), AnswerFlaw::NotAnObject),
        ("null", AnswerFlaw::NotAnObject),
        ("{}", AnswerFlaw::NoToken),
        (r#"{"error":"invalid_client"}"#, AnswerFlaw::NoToken),
        (r#"{"access_token":null}"#, AnswerFlaw::NoToken),
        (r#"{"access_token":12}"#, AnswerFlaw::NoToken),
        (r#"{"access_token":["abc"]}"#, AnswerFlaw::NoToken),
        (r#"{"data":"abc"}"#, AnswerFlaw::NoToken),
        (r#"{"data":[{"access_token":"abc"}]}"#, AnswerFlaw::NoToken),
        (r#"{"data":{"data":{"access_token":"abc"}}}"#, AnswerFlaw::NoToken),
        (r#"{"access_token":""}"#, AnswerFlaw::EmptyToken),
        (too_long.as_str(), AnswerFlaw::LongToken),
        (r#"{"access_token":"a b"}"#, AnswerFlaw::UnsendableToken),
        (r#"{"access_token":"a\r\nx-evil: 1"}"#, AnswerFlaw::UnsendableToken),
        (r#"{"access_token":"a\u0000"}"#, AnswerFlaw::UnsendableToken),
        (r#"{"access_token":"käse"}"#, AnswerFlaw::UnsendableToken),
    ] {
        assert_eq!(read_text(body), Err(flaw), "{body}");
    }
    let longest = "x".repeat(MAXIMUM_TOKEN_BYTES);
    assert_eq!(read_text(&with_token(&longest)).unwrap().0, longest);
}

#[test]
fn a_body_that_broke_off_brings_no_token_even_if_it_reads_like_one() {
    let mut response = Response {
        status: StatusCode::OK,
        headers: HeaderMap::new(),
        body: Bytes::from_static(br#"{"access_token":"abc"}"#),
        body_truncated: true,
    };
    assert_eq!(read(&response).unwrap_err(), AnswerFlaw::Truncated);
    response.body_truncated = false;
    assert_eq!(read(&response).unwrap().0.expose(), "abc");
}

/// JSON of the kind token endpoints answer, and of kinds they should not.
fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[ -~]{0,20}".prop_map(Value::from),
        "[!-~]{1,20}".prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        let name = prop_oneof![Just("access_token"), Just("expires_in"), Just("data"), Just("token_type")];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::vec((name.prop_map(String::from), inner), 0..4)
                .prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
        ]
    })
}

/// What holds of every token, wherever it was read from.
fn check(body: &[u8]) -> Result<(), TestCaseError> {
    if let Ok((token, lifetime)) = read_body(body) {
        let text = token.expose();
        prop_assert!((1..=MAXIMUM_TOKEN_BYTES).contains(&text.len()));
        prop_assert!(text.bytes().all(|byte| byte.is_ascii_graphic()));
        prop_assert!(HeaderValue::from_str(text).is_ok());
        prop_assert!(lifetime <= LONGEST_LIFETIME && usable_for(lifetime) <= lifetime);
    }
    Ok(())
}

proptest! {
    #[test]
    fn any_bytes_are_read_safely(body in prop::collection::vec(any::<u8>(), 0..300)) {
        check(&body)?;
    }

    #[test]
    fn any_json_is_read_safely(body in value()) {
        check(body.to_string().as_bytes())?;
    }

    #[test]
    fn any_text_is_a_token_or_refused(text in any::<String>(), expires_in in value()) {
        let body = serde_json::json!({ "access_token": text, "expires_in": expires_in }).to_string();
        check(body.as_bytes())?;
        let sendable = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
        prop_assert_eq!(read_body(body.as_bytes()).is_ok(), sendable);
    }
}
