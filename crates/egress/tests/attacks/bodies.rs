//! Bodies of answers that do not end, or not soon. The verdict is in the head, so none of them makes a delivery fail.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http::StatusCode;
use tokio::time::sleep;

use crate::bounds::{AT_ONCE, Attempts, DRIP, attempt, bounded, drip, until};
use crate::support::{Receiver, answered, egress, post};

/// How long a body is waited for, and how much of it is kept, where nothing else is set.
const BODY_LIMIT: Duration = Duration::from_secs(2);
const BODY_BYTES: usize = 16 * 1024;

#[test]
fn a_dripped_body() {
    bounded(async || {
        let receiver = Receiver::start(|mut conversation| async move {
            conversation.read_request().await;
            conversation.write("HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n").await;
            while conversation.write("x").await {
                sleep(DRIP).await;
            }
        })
        .await;
        let egress = Arc::new(egress());
        let attempts = Attempts::begin(&egress, || post(&receiver.url("/")));
        until("all were asked", || receiver.requests() == AT_ONCE).await;
        drip(BODY_LIMIT).await;
        for report in attempts.reports().await {
            let response = answered(report);
            assert_eq!(response.status, StatusCode::OK);
            assert!(response.body_truncated && response.body.len() <= 20, "{:?}", response.body);
        }
        egress
    });
}

/// A body of 10 GB in one of the ways to say where it ends.
async fn ten_gigabytes_after(head: &'static str, piece: Vec<u8>) -> Arc<impl Sized> {
    let written = Arc::new(AtomicU64::new(0));
    let (counted, piece) = (Arc::clone(&written), Arc::new(piece));
    let receiver = Receiver::start(move |mut conversation| {
        let (counted, piece) = (Arc::clone(&counted), Arc::clone(&piece));
        async move {
            conversation.read_request().await;
            conversation.write(head).await;
            let length = u64::try_from(piece.len()).unwrap();
            for _ in 0..10_000_000_000 / length {
                if !conversation.write(piece.as_slice()).await {
                    return;
                }
                counted.fetch_add(length, Ordering::SeqCst);
            }
        }
    })
    .await;
    let egress = Arc::new(egress());
    for report in attempt(&egress, || post(&receiver.url("/"))).await {
        let response = answered(report);
        assert_eq!(response.status, StatusCode::OK, "{head}");
        assert!(response.body_truncated, "{head}");
        assert_eq!(response.body, vec![b'x'; BODY_BYTES], "{head}");
    }
    // What was written before the connections were closed lay in buffers of the kernel.
    let written = written.load(Ordering::SeqCst);
    assert!(written < 1_000_000_000, "{written} bytes were taken after {head}");
    egress
}

#[test]
fn ten_gigabytes() {
    let plain = vec![b'x'; 100_000];
    let chunk = [b"186a0\r\n".as_slice(), &plain, b"\r\n"].concat();
    let by_length = "HTTP/1.1 200 OK\r\ncontent-length: 10000000000\r\n\r\n";
    let in_chunks = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    let to_the_end = "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n";
    bounded(|| ten_gigabytes_after(by_length, plain.clone()));
    bounded(|| ten_gigabytes_after(in_chunks, chunk));
    bounded(|| ten_gigabytes_after(in_chunks, b"1\r\nx\r\n".repeat(10_000)));
    bounded(|| ten_gigabytes_after(to_the_end, plain));
}

#[test]
fn framing_without_end() {
    for (beginning, endless) in [("1;", "extension"), ("1\r\nx\r\n0\r\n", "x-trailer: 1\r\n"), ("", "0")] {
        bounded(async || {
            let receiver = Receiver::start(move |mut conversation| async move {
                conversation.read_request().await;
                conversation.write("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").await;
                conversation.write(beginning).await;
                let piece = endless.repeat(1_000);
                while conversation.write(&piece).await {}
            })
            .await;
            let egress = Arc::new(egress());
            // What ends the reading here is the length of what is read, not the time.
            for report in attempt(&egress, || post(&receiver.url("/"))).await {
                let response = answered(report);
                assert_eq!(response.status, StatusCode::OK);
                assert!(response.body_truncated && response.body.len() <= 1, "{beginning}");
            }
            egress
        });
    }
}
