use super::*;

fn response(status: u16, body: &'static str, body_truncated: bool) -> Response {
    Response {
        status: http::StatusCode::from_u16(status).unwrap(),
        headers: HeaderMap::new(),
        body: Bytes::from_static(body.as_bytes()),
        body_truncated,
    }
}

#[test]
fn an_origins_answer_is_passed_on_when_it_is_whole_json_with_data() {
    for body in [
        r#"{"data":{"event":{"title":"Visit"}}}"#,
        r#"{"data":{"event":null},"errors":[{"message":"unknown"}]}"#,
        r#"{"title":"no GraphQL at all"}"#,
        r#"["a"]"#,
        "17",
    ] {
        assert!(is_usable(&response(200, body, false)), "{body}");
        assert!(!is_usable(&response(200, body, true)), "{body}");
        assert!(!is_usable(&response(500, body, false)), "{body}");
        assert!(!is_usable(&response(302, body, false)), "{body}");
    }
    for body in [
        r#"{"errors":[{"message":"unknown"}]}"#,
        r#"{"data":null,"errors":[{"message":"unknown"}]}"#,
        "<html></html>",
        "",
        r#"{"data":"#,
    ] {
        assert!(!is_usable(&response(200, body, false)), "{body}");
    }
}

#[test]
fn what_is_said_within_the_server_is_kept_in_part() {
    let long = Bytes::from(vec![b'x'; super::super::exchange::MAXIMUM_BODY + 1]);
    let exchange = own_exchange(&long);
    assert!(exchange.response_body_truncated);
    assert_eq!(exchange.response_body.len(), super::super::exchange::MAXIMUM_BODY);
    assert!(!own_exchange(&Bytes::from_static(b"{}")).response_body_truncated);
}
