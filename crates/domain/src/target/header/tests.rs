use super::*;

#[test]
fn ordinary_headers_pass() {
    let headers = [
        ("Authorization", "Bearer abc.def=="),
        ("X-Api-Key", "k"),
        ("x_odd~name", "a\tb c"),
        ("X-Empty", ""),
    ];
    assert_eq!(check_custom_headers(headers), Ok(()));
}

#[test]
fn names_that_frame_or_forge_the_message_are_refused() {
    for name in [
        "host",
        "Connection",
        "content-length",
        "Content-Type",
        "content-encoding",
        "Transfer-Encoding",
        "TE",
        "trailer",
        "upgrade",
        "expect",
        "keep-alive",
        "proxy-authorization",
        "Webhook-Signature",
        "webhook-id",
        "rendezhook-attempt",
        "x-amz-date",
        "X-Goog-Signature",
        "x-forwarded-for",
        "forwarded",
        "Cookie",
        "user-agent",
        "accept-encoding",
    ] {
        assert_eq!(check_header_name(name), Err(HeaderError::Reserved { name: name.to_owned() }));
    }
}

#[test]
fn injection_is_refused_and_not_repeated() {
    for name in ["a b", "a:b", "a\r\nb", "é", "a\0", "(x)"] {
        assert_eq!(check_header_name(name), Err(HeaderError::NameCharacter));
    }
    for value in ["a\r\nHost: other", "a\nb", "a\0", "é", "\u{7f}"] {
        let error = check_header_value("X-Key", value).unwrap_err();
        assert_eq!(error, HeaderError::ValueCharacter { name: "X-Key".to_owned() });
    }
}

#[test]
fn sizes_are_bounded() {
    assert_eq!(check_header_name(""), Err(HeaderError::NameEmpty));
    assert_eq!(check_header_name(&"a".repeat(257)), Err(HeaderError::NameTooLong { length: 257 }));
    assert_eq!(check_header_value("k", &"v".repeat(4_096)), Ok(()));
    assert_eq!(
        check_header_value("k", &"v".repeat(4_097)),
        Err(HeaderError::ValueTooLong { name: "k".to_owned(), length: 4_097 })
    );

    let names: Vec<String> = (0..21).map(|number| format!("x-{number}")).collect();
    let headers = || names.iter().map(|name| (name.as_str(), "v"));
    assert_eq!(check_custom_headers(headers().take(20)), Ok(()));
    assert_eq!(check_custom_headers(headers()), Err(HeaderError::TooMany));
}

#[test]
fn a_name_twice_in_any_case_is_refused() {
    let error = check_custom_headers([("X-Key", "a"), ("x-key", "b")]).unwrap_err();
    assert_eq!(error, HeaderError::Twice { name: "x-key".to_owned() });
}
