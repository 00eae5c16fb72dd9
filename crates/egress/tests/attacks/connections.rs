//! Receivers that do not read what they are sent.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use rendezhook_domain::cause::Cause;
use rendezhook_egress::DEFAULT_TOTAL_LIMIT;
use tokio::sync::watch;
use tokio::time::advance;

use crate::bounds::{AT_ONCE, Attempts, attempt, bounded, until};
use crate::support::{Receiver, answered, egress, failed, post_for};

/// More than the buffers of two sockets hold. All attempts share it.
fn large_body() -> Bytes {
    Bytes::from(vec![b'x'; 16_000_000])
}

#[test]
fn neither_reading_nor_answering() {
    bounded(async || {
        let (release, held) = watch::channel(());
        let receiver = Receiver::start(move |conversation| {
            let mut held = held.clone();
            async move {
                // Ends with an error, when the other end is dropped.
                let _ = held.changed().await;
                drop(conversation);
            }
        })
        .await;
        let (egress, body) = (Arc::new(egress()), large_body());
        let attempts = Attempts::begin(&egress, || post_for(1, &receiver.url("/"), body.clone()));
        until("all are connected", || receiver.connections() == AT_ONCE).await;
        advance(DEFAULT_TOTAL_LIMIT + Duration::from_millis(1)).await;
        for report in attempts.reports().await {
            assert_eq!(failed(report), Cause::ResponseTimeout);
        }
        drop(release);
        egress
    });
}

#[test]
fn a_reset_after_half_the_body() {
    bounded(async || {
        let receiver = Receiver::start(|mut conversation| async move {
            // Closing with the other half unread resets the connection.
            conversation.read_bytes(8_000_000).await;
        })
        .await;
        let (egress, body) = (Arc::new(egress()), large_body());
        for report in attempt(&egress, || post_for(1, &receiver.url("/"), body.clone())).await {
            assert_eq!(failed(report), Cause::ConnectionReset);
        }
        assert_eq!(receiver.connections(), AT_ONCE, "nothing is sent a second time over a fresh connection");
        egress
    });
}

#[test]
fn an_answer_before_the_body_was_read() {
    bounded(async || {
        let (release, held) = watch::channel(());
        let receiver = Receiver::start(move |mut conversation| {
            let mut held = held.clone();
            async move {
                conversation.write("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
                let _ = held.changed().await;
            }
        })
        .await;
        let (egress, body) = (Arc::new(egress()), large_body());
        for _ in 0..2 {
            for report in attempt(&egress, || post_for(1, &receiver.url("/"), body.clone())).await {
                assert!(!report.reused_connection, "half a request is still to be sent over it");
                assert_eq!(answered(report).status, StatusCode::OK);
            }
        }
        drop(release);
        egress
    });
}
