use super::*;

#[test]
fn a_raw_request_keeps_header_order_and_body_bytes() {
    let request = CapturedRequest::from_raw(
        b"POST /hook?a=1 HTTP/1.1\r\nHost: rx.example\r\nWebhook-Id:  msg_1 \r\nHost: again\r\n\r\n{\"a\":1}\r\n\n",
    )
    .unwrap();
    assert_eq!(request.method.as_deref(), Some("POST"));
    assert_eq!(request.target.as_deref(), Some("/hook?a=1"));
    assert_eq!(
        request.headers.iter().collect::<Vec<_>>(),
        [("Host", "rx.example"), ("Webhook-Id", "msg_1"), ("Host", "again")]
    );
    assert_eq!(request.headers.header("webhook-id"), Some("msg_1"));
    assert_eq!(request.headers.header("host"), Some("rx.example"));
    assert_eq!(request.body.as_ref(), b"{\"a\":1}\r\n\n");
}

#[test]
fn the_request_line_may_be_missing_and_lines_may_end_in_lf() {
    let request = CapturedRequest::from_raw(b"webhook-id: a\n\nbody\xff").unwrap();
    assert_eq!(request.method, None);
    assert_eq!(request.headers.header("webhook-id"), Some("a"));
    assert_eq!(request.body.as_ref(), b"body\xff");
}

#[test]
fn an_unreadable_head_is_refused_with_its_line() {
    let refused = |text: &[u8]| CapturedRequest::from_raw(text).unwrap_err();
    assert_eq!(refused(b"a: b\nc: d\n"), RawRequestError::NoEmptyLine);
    assert_eq!(refused(b""), RawRequestError::NoEmptyLine);
    assert_eq!(refused(b"a: b\nno colon\n\n"), RawRequestError::NotAHeader(2));
    assert_eq!(refused(b"a: b\n folded: c\n\n"), RawRequestError::NotAHeader(2));
    assert_eq!(refused(b"a: b\nc: \xff\n\n"), RawRequestError::NotText(2));
    assert_eq!(refused(b"Transfer-Encoding: Chunked\n\n2\r\n{}\r\n0\r\n\r\n"), RawRequestError::Chunked);
}

#[test]
fn a_file_of_json_lines_gives_every_request() {
    let file = concat!(
        r#"{"headers":[["webhook-id","a"]],"body":"{\"x\":1}\n","future_field":1}"#,
        "\r\n\n",
        r#"{"method":"POST","target":"/","headers":[],"body_base64":"/w=="}"#,
    );
    let requests = parse(file.as_bytes()).unwrap();
    assert_eq!(requests.len(), 2);
    assert_eq!(requests[0].headers.header("Webhook-Id"), Some("a"));
    assert_eq!(requests[0].body.as_ref(), b"{\"x\":1}\n");
    assert_eq!(requests[1].method.as_deref(), Some("POST"));
    assert_eq!(requests[1].body.as_ref(), b"\xff");
}

#[test]
fn a_broken_json_line_is_named() {
    let file = concat!(r#"{"headers":[]}"#, "\n", r#"{"headers":[],"body_base64":"?"}"#, "\n");
    let error = parse(file.as_bytes()).unwrap_err();
    assert!(matches!(error, CaptureError::JsonLine { line: 2, source: JsonLineError::Body(_) }), "{error}");
    let error = parse(b"{}").unwrap_err();
    assert!(matches!(error, CaptureError::JsonLine { line: 1, source: JsonLineError::Shape(_) }), "{error}");
}

#[test]
fn a_file_that_is_no_json_is_read_as_raw_text() {
    let requests = parse(b"webhook-id: a\n\n{}").unwrap();
    assert_eq!(requests.len(), 1);
    assert_eq!(requests[0].body.as_ref(), b"{}");
}
