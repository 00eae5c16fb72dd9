//! Answers that would have the sender do more than to keep them.

use std::sync::Arc;

use tokio::sync::mpsc;

use crate::bounds::{AT_ONCE, attempt, bounded};
use crate::support::{Receiver, answered, egress, post};

#[test]
fn redirects_to_the_inside() {
    bounded(async || {
        let inside = Receiver::start(|conversation| conversation.answer_all()).await;
        let metadata = String::from("http://169.254.169.254/latest/meta-data/");
        let egress = Arc::new(egress());
        for status in [301, 302, 303, 307, 308] {
            for location in [inside.url("/"), metadata.clone()] {
                let receiver = Receiver::saying(format!(
                    "HTTP/1.1 {status} Moved\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n"
                ))
                .await;
                for report in attempt(&egress, || post(&receiver.url("/"))).await {
                    assert_eq!(report.remote_address, Some(receiver.address));
                    let response = answered(report);
                    assert_eq!(response.status.as_u16(), status);
                    assert_eq!(response.headers["location"], location);
                }
                assert_eq!(receiver.requests(), AT_ONCE);
            }
        }
        assert_eq!(inside.connections(), 0);
        egress
    });
}

/// One gigabyte of zeros in 266 bytes, by coding it three times.
const BOMB: &[u8] = include_bytes!("one_gigabyte_coded_three_times.gz");

#[test]
fn a_bomb_in_codings() {
    bounded(async || {
        let (seen, mut asked) = mpsc::unbounded_channel();
        let receiver = Receiver::start(move |mut conversation| {
            let seen = seen.clone();
            async move {
                seen.send(conversation.read_request().await.unwrap()).unwrap();
                let head = format!(
                    "HTTP/1.1 200 OK\r\ncontent-encoding: gzip, gzip, gzip\r\ncontent-length: {}\r\n\r\n",
                    BOMB.len()
                );
                conversation.write([head.as_bytes(), BOMB].concat()).await;
            }
        })
        .await;
        let egress = Arc::new(egress());
        for report in attempt(&egress, || post(&receiver.url("/"))).await {
            let response = answered(report);
            assert_eq!(response.body, BOMB);
            assert_eq!(response.headers["content-encoding"], "gzip, gzip, gzip");
        }
        let request = asked.recv().await.unwrap();
        assert!(!request.to_ascii_lowercase().contains("accept-encoding"), "nobody asked for it: {request}");
        egress
    });
}
