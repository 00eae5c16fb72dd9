//! Heads of answers that do not end, or not soon.

use std::sync::Arc;
use std::time::Duration;

use rendezhook_domain::cause::Cause;
use rendezhook_egress::DEFAULT_TOTAL_LIMIT;
use tokio::time::sleep;

use crate::bounds::{AT_ONCE, Attempts, DRIP, attempt, bounded, drip, until};
use crate::support::{Receiver, egress, failed, post};

#[test]
fn a_dripped_head() {
    bounded(async || {
        let receiver = Receiver::start(|mut conversation| async move {
            conversation.read_request().await;
            conversation.write("HTTP/1.1 200 OK\r\nx-drip: ").await;
            while conversation.write("x").await {
                sleep(DRIP).await;
            }
        })
        .await;
        let egress = Arc::new(egress());
        let attempts = Attempts::begin(&egress, || post(&receiver.url("/")));
        until("all were asked", || receiver.requests() == AT_ONCE).await;
        drip(DEFAULT_TOTAL_LIMIT).await;
        for report in attempts.reports().await {
            assert_eq!(failed(report), Cause::ResponseStalled);
        }
        egress
    });
}

#[test]
fn a_head_without_end() {
    for (beginning, endless) in [
        ("HTTP/1.1 200 OK\r\n", "x-more: 1\r\n"),
        ("HTTP/1.1 200 OK\r\nx-more: ", "1111111111111111"),
        ("HTTP/1.1 200 ", "OK and more than OK "),
        ("", "\r\n"),
    ] {
        bounded(async || {
            let receiver = Receiver::start(move |mut conversation| async move {
                conversation.read_request().await;
                conversation.write(beginning).await;
                let piece = endless.repeat(1_000);
                while conversation.write(&piece).await {}
            })
            .await;
            let egress = Arc::new(egress());
            for report in attempt(&egress, || post(&receiver.url("/"))).await {
                assert_eq!(failed(report), Cause::ResponseHeadTooLarge, "{beginning}");
            }
            egress
        });
    }
}

#[test]
fn a_hundred_thousand_fields() {
    bounded(async || {
        let fields: String = (0..100_000).map(|number| format!("x-{number}: 1\r\n")).collect();
        let receiver =
            Receiver::saying(format!("HTTP/1.1 200 OK\r\n{fields}content-length: 0\r\n\r\n")).await;
        let egress = Arc::new(egress());
        for report in attempt(&egress, || post(&receiver.url("/"))).await {
            assert_eq!(failed(report), Cause::ResponseHeadTooLarge);
        }
        egress
    });
}

#[test]
fn interim_responses_without_end() {
    for interim in ["HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n"] {
        for pause in [None, Some(DRIP)] {
            bounded(async || {
                let receiver = Receiver::start(move |mut conversation| async move {
                    conversation.read_request().await;
                    while conversation.write(interim).await {
                        if let Some(pause) = pause {
                            sleep(pause).await;
                        }
                    }
                })
                .await;
                let egress = Arc::new(egress());
                let attempts = Attempts::begin(&egress, || post(&receiver.url("/")));
                until("all were asked", || receiver.requests() == AT_ONCE).await;
                // Nine come within 2 s, long before the end of the attempt.
                drip(Duration::from_secs(2)).await;
                for report in attempts.reports().await {
                    assert_eq!(failed(report), Cause::TooManyInterimResponses);
                }
                egress
            });
        }
    }
}
