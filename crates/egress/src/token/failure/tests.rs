use http::{HeaderMap, HeaderValue, StatusCode};

use super::*;

const SECRET: &str = "hunter2 & co";

fn response(status: StatusCode, body: &'static str) -> Response {
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("x-note", "one"),
        ("x-note", "two"),
        ("location", "https://example.com/login?client_secret=hunter2+%26+co"),
        ("x-echo", "you said hunter2 & co"),
        ("x-echo", "harmless"),
    ] {
        headers.append(name, HeaderValue::from_static(value));
    }
    Response { status, headers, body: Bytes::from_static(body.as_bytes()), body_truncated: false }
}

fn refused(body: &'static str) -> TokenFailure {
    let secret = SharedSecret::new(String::from(SECRET));
    TokenFailure::answered(response(StatusCode::UNAUTHORIZED, body), &secret, Timing::default())
}

fn unusable(body: &'static str) -> TokenFailure {
    let secret = SharedSecret::new(String::from(SECRET));
    TokenFailure::unusable(
        response(StatusCode::OK, body),
        AnswerFlaw::NotAnObject,
        &secret,
        Timing::default(),
    )
}

fn kept(failure: &TokenFailure) -> &Response {
    match &*failure.problem {
        TokenProblem::Answered(response) | TokenProblem::Unusable { response, .. } => response,
        TokenProblem::Failed(cause) => panic!("failed with {cause:?}"),
    }
}

#[test]
fn an_answer_is_kept_but_not_what_repeats_the_secret() {
    let harmless = r#"{"error":"invalid_client"}"#;
    let failure = refused(harmless);
    let response = kept(&failure);
    assert_eq!((response.body.as_ref(), response.body_truncated), (harmless.as_bytes(), false));
    assert_eq!(response.headers.get_all("x-note").iter().collect::<Vec<_>>(), ["one", "two"]);
    assert_eq!(response.headers.get_all("x-echo").iter().collect::<Vec<_>>(), ["harmless"]);
    assert!(!response.headers.contains_key("location"));

    for echo in ["no client with hunter2 & co", "client_secret=hunter2+%26+co"] {
        for failure in [refused(echo), unusable(echo)] {
            let response = kept(&failure);
            assert!(response.body.is_empty() && response.body_truncated, "{echo}");
        }
    }
}

#[test]
fn of_a_successful_answer_what_may_be_a_token_is_not_kept() {
    for body in
        ["access_token=abc&expires_in=60", r#"{"accessToken":"abc"}"#, r#"{"data":{"access_token":"ab"#]
    {
        let failure = unusable(body);
        assert!(kept(&failure).body.is_empty() && kept(&failure).body_truncated, "{body}");
    }
    assert_eq!(kept(&unusable("<html>Sign in</html>")).body, "<html>Sign in</html>");
    // A refusal speaks of tokens without giving one.
    assert_eq!(kept(&refused("no token for you")).body, "no token for you");
}

#[test]
fn an_empty_secret_is_in_no_answer() {
    let secret = SharedSecret::new(String::new());
    let failure = TokenFailure::answered(response(StatusCode::FORBIDDEN, "no"), &secret, Timing::default());
    assert_eq!(kept(&failure).body, "no");
}

#[test]
fn what_prints_tells_the_status_and_nothing_of_the_answer() {
    for failure in [refused("abc"), unusable("abc")] {
        let status = kept(&failure).status.as_str().to_owned();
        for shown in [format!("{failure:?}"), failure.to_string()] {
            assert!(shown.contains(&status), "{shown}");
            assert!(!shown.contains("abc") && !shown.contains("x-note"), "{shown}");
        }
    }
    let failure = TokenFailure::failed(Cause::DnsNotFound, Timing::default());
    assert_eq!(
        failure.to_string(),
        format!("the token endpoint gave no answer: {}", Cause::DnsNotFound.sentence())
    );
}
