//! What receivers answer, and how little of it they get us to hold.

use std::sync::Arc;
use std::time::{Duration, Instant};

use http::StatusCode;
use rendezhook_domain::cause::Cause;
use rendezhook_egress::USER_AGENT;
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};

use crate::support::{
    PATIENCE, Receiver, SHORT, answered, egress, egress_with, failed, loopback_settings, post, post_for,
};

#[tokio::test]
async fn an_ordinary_exchange() {
    let (seen, mut requests) = mpsc::channel(1);
    let receiver = Receiver::start(move |mut conversation| {
        let seen = seen.clone();
        async move {
            let request = conversation.read_request().await.unwrap();
            seen.send(request).await.unwrap();
            conversation.write("HTTP/1.1 202 Accepted\r\nx-note: 1\r\ncontent-length: 5\r\n\r\nhello").await;
        }
    })
    .await;
    let report = egress().send(&post(&receiver.url("/a/b?c=%20d")), PATIENCE).await;

    assert_eq!(report.remote_address, Some(receiver.address));
    assert!(!report.reused_connection);
    let timing = report.timing;
    assert!(timing.dns.is_none() && timing.tls.is_none(), "{timing:?}");
    assert!(timing.connect.unwrap() + timing.first_byte.unwrap() <= timing.total, "{timing:?}");
    let response = answered(report);
    assert_eq!(response.status, StatusCode::ACCEPTED);
    assert_eq!(response.headers["x-note"], "1");
    assert_eq!(response.body, "hello");
    assert!(!response.body_truncated);

    let host = receiver.address;
    assert_eq!(
        requests.recv().await.unwrap(),
        format!(
            "POST /a/b?c=%20d HTTP/1.1\r\nhost: {host}\r\nuser-agent: {USER_AGENT}\r\ncontent-length: 2\r\n\r\n{{}}"
        )
    );
}

#[tokio::test]
async fn nobody_listens() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let report = egress().send(&post(&format!("http://{address}/")), PATIENCE).await;
    assert!(report.timing.connect.is_some());
    assert_eq!(failed(report), Cause::ConnectionRefused);
}

#[tokio::test]
async fn a_receiver_that_never_answers_meets_the_deadline() {
    let receiver = Receiver::start(|conversation| conversation.wait_for_close()).await;
    let started = Instant::now();
    let report = egress().send(&post(&receiver.url("/")), SHORT).await;
    assert!(report.timing.first_byte.is_none());
    assert_eq!(failed(report), Cause::ResponseTimeout);
    assert!(started.elapsed() >= SHORT && started.elapsed() < PATIENCE);
}

#[tokio::test]
async fn a_dripped_head_meets_the_deadline() {
    let receiver = Receiver::start(|mut conversation| async move {
        conversation.write("HTTP/1.1 200 OK\r\n").await;
        while conversation.write("x-drip: 1\r\n").await {
            sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    let started = Instant::now();
    assert_eq!(failed(egress().send(&post(&receiver.url("/")), SHORT).await), Cause::ResponseStalled);
    assert!(started.elapsed() < PATIENCE);
}

#[tokio::test]
async fn a_dripped_body_is_a_success_and_not_waited_for() {
    let receiver = Receiver::start(|mut conversation| async move {
        conversation.read_request().await;
        conversation.write("HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n").await;
        while conversation.write("x").await {
            sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    let mut settings = loopback_settings();
    settings.body_limit = SHORT;
    let started = Instant::now();
    let response = answered(egress_with(settings).send(&post(&receiver.url("/")), PATIENCE).await);
    assert!(started.elapsed() < PATIENCE);
    assert_eq!(response.status, StatusCode::OK);
    assert!(response.body_truncated);
    assert!(response.body.len() < 1_000);

    // The deadline of the attempt holds for the body too.
    let started = Instant::now();
    assert!(answered(egress().send(&post(&receiver.url("/")), SHORT).await).body_truncated);
    assert!(started.elapsed() < Duration::from_secs(2), "the 2 s for a body lie within the deadline");
}

#[tokio::test]
async fn of_a_huge_body_the_beginning_is_kept() {
    let (closed, mut sender_closed) = mpsc::channel(1);
    let receiver = Receiver::start(move |mut conversation| {
        let closed = closed.clone();
        async move {
            conversation.read_request().await;
            conversation.write("HTTP/1.1 500 Oops\r\ncontent-length: 10000000000\r\n\r\n").await;
            let piece = vec![b'x'; 100_000];
            let mut written = 0_u64;
            while conversation.write(&piece).await {
                written += 100_000;
            }
            closed.send(written).await.unwrap();
        }
    })
    .await;
    let egress = egress();
    let response = answered(egress.send(&post(&receiver.url("/")), PATIENCE).await);
    assert_eq!(response.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(response.body.len(), 16 * 1024);
    assert!(response.body_truncated);
    let written = timeout(PATIENCE, sender_closed.recv()).await.unwrap().unwrap();
    assert!(written < 100_000_000, "the connection was closed after {written} bytes");
}

#[tokio::test]
async fn bodies_in_chunks_and_until_the_end_of_the_connection() {
    let chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n4\r\ndefg\r\n0\r\nx-trailer: 1\r\n\r\n";
    let receiver = Receiver::saying(chunked).await;
    let response = answered(egress().send(&post(&receiver.url("/")), PATIENCE).await);
    assert_eq!((response.body.as_ref(), response.body_truncated), (b"abcdefg".as_ref(), false));

    let receiver = Receiver::saying("HTTP/1.0 200 OK\r\n\r\nall of it").await;
    let response = answered(egress().send(&post(&receiver.url("/")), PATIENCE).await);
    assert_eq!((response.body.as_ref(), response.body_truncated), (b"all of it".as_ref(), false));

    let exact = [b"HTTP/1.1 200 OK\r\ncontent-length: 16384\r\n\r\n".as_slice(), &[b'x'; 16_384]].concat();
    let receiver = Receiver::saying(exact).await;
    let response = answered(egress().send(&post(&receiver.url("/")), PATIENCE).await);
    assert_eq!((response.body.len(), response.body_truncated), (16_384, false));
}

#[tokio::test]
async fn a_body_that_breaks_off_leaves_the_verdict() {
    for answer in [
        "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n9\r\nhalf",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\nnonsense\r\n",
    ] {
        let receiver = Receiver::saying(answer).await;
        let response = answered(egress().send(&post(&receiver.url("/")), PATIENCE).await);
        assert_eq!(response.status, StatusCode::OK, "{answer}");
        assert!(response.body_truncated, "{answer}");
    }
}

#[tokio::test]
async fn what_is_not_http_is_a_protocol_error() {
    for answer in [
        "nonsense\r\n\r\n",
        "<html>HTTP/0.9</html>",
        "HTTP/2.0 200 OK\r\n\r\n",
        "\0\0\0\r\n",
        "HTTP/1.1 99999 x\r\n\r\n",
    ] {
        let receiver = Receiver::saying(answer).await;
        let report = egress().send(&post(&receiver.url("/")), PATIENCE).await;
        assert_eq!(failed(report), Cause::ProtocolError, "{answer:?}");
    }
}

#[tokio::test]
async fn heads_have_limits() {
    let with_headers = |count: usize| {
        let headers: String = (0..count).map(|number| format!("x-{number}: 1\r\n")).collect();
        format!("HTTP/1.1 200 OK\r\n{headers}\r\n")
    };
    let receiver = Receiver::saying(with_headers(64)).await;
    assert_eq!(answered(egress().send(&post(&receiver.url("/")), PATIENCE).await).headers.len(), 64);

    let one_large = format!("HTTP/1.1 200 OK\r\nx-large: {}\r\n\r\n", "x".repeat(16 * 1024));
    for answer in [with_headers(65), with_headers(100_000), one_large] {
        let receiver = Receiver::saying(answer).await;
        let report = egress().send(&post(&receiver.url("/")), PATIENCE).await;
        assert_eq!(failed(report), Cause::ResponseHeadTooLarge);
    }
}

#[tokio::test]
async fn eight_interim_responses_are_skipped_and_no_more() {
    let with_interim = |count: usize| {
        format!(
            "{}HTTP/1.1 204 No Content\r\n\r\n",
            "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n".repeat(count)
        )
    };
    let receiver = Receiver::saying(with_interim(8)).await;
    let response = answered(egress().send(&post(&receiver.url("/")), PATIENCE).await);
    assert_eq!(response.status, StatusCode::NO_CONTENT);
    let receiver = Receiver::saying(with_interim(9)).await;
    assert_eq!(
        failed(egress().send(&post(&receiver.url("/")), PATIENCE).await),
        Cause::TooManyInterimResponses
    );

    let endless = Receiver::start(|mut conversation| async move {
        conversation.read_request().await;
        while conversation.write("HTTP/1.1 100 Continue\r\n\r\n").await {}
    })
    .await;
    assert_eq!(
        failed(egress().send(&post(&endless.url("/")), PATIENCE).await),
        Cause::TooManyInterimResponses
    );
}

#[tokio::test]
async fn a_connection_closed_before_an_answer_is_reported_at_once() {
    for answer in ["", "HTTP/1.1 20"] {
        let receiver = Receiver::saying(answer).await;
        let report = egress().send(&post(&receiver.url("/")), PATIENCE).await;
        assert_eq!(failed(report), Cause::ConnectionReset);
        assert_eq!(receiver.requests(), 1, "a fresh connection is not tried again");
    }
    // Closing with the request unread resets the connection.
    let receiver = Receiver::start(|mut conversation| async move {
        conversation.read_bytes(1).await;
    })
    .await;
    let report = egress().send(&post_for(1, &receiver.url("/"), vec![b'x'; 4_000_000]), PATIENCE).await;
    assert_eq!(failed(report), Cause::ConnectionReset);
}

#[tokio::test]
async fn an_answer_before_the_request_was_read_counts() {
    let receiver = Receiver::start(|mut conversation| async move {
        conversation.write("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
        conversation.wait_for_close().await;
    })
    .await;
    let report = egress().send(&post_for(1, &receiver.url("/"), vec![b'x'; 2_000_000]), PATIENCE).await;
    assert_eq!(answered(report).status, StatusCode::OK);
}

#[tokio::test]
async fn redirects_are_answers_and_codings_stay() {
    for status in [301, 302, 303, 307, 308] {
        let receiver = Receiver::saying(format!(
            "HTTP/1.1 {status} Moved\r\nlocation: http://169.254.169.254/\r\ncontent-length: 0\r\n\r\n"
        ))
        .await;
        let response = answered(egress().send(&post(&receiver.url("/")), PATIENCE).await);
        assert_eq!(response.status.as_u16(), status);
        assert_eq!(response.headers["location"], "http://169.254.169.254/");
        assert_eq!(receiver.requests(), 1);
    }
    let receiver =
        Receiver::saying("HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 4\r\n\r\n\x1f\u{8}ab")
            .await;
    let response = answered(egress().send(&post(&receiver.url("/")), PATIENCE).await);
    assert_eq!(response.body.as_ref(), b"\x1f\x08ab");
}

#[tokio::test]
async fn dropping_the_attempt_closes_the_connection() {
    let (events, mut happened) = mpsc::channel(2);
    let receiver = Receiver::start(move |mut conversation| {
        let events = events.clone();
        async move {
            conversation.read_request().await;
            events.send("asked").await.unwrap();
            conversation.wait_for_close().await;
            events.send("closed").await.unwrap();
        }
    })
    .await;
    let egress = Arc::new(egress());
    let request = post(&receiver.url("/"));
    let attempt = tokio::spawn(async move { egress.send(&request, PATIENCE).await });
    assert_eq!(timeout(PATIENCE, happened.recv()).await.unwrap(), Some("asked"));
    attempt.abort();
    assert_eq!(timeout(PATIENCE, happened.recv()).await.unwrap(), Some("closed"));
}
