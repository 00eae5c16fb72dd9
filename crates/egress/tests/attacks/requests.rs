//! What a request line and its fields can be made to say.

use std::sync::Arc;

use rendezhook_domain::target::{TargetPolicy, TargetUrl};
use tokio::sync::mpsc;

use crate::bounds::{attempt, bounded};
use crate::support::{Receiver, answered, egress, post};

#[test]
fn line_ends_in_a_url() {
    bounded(async || {
        let (seen, mut asked) = mpsc::unbounded_channel();
        let receiver = Receiver::start(move |mut conversation| {
            let seen = seen.clone();
            async move {
                seen.send(conversation.read_request().await.unwrap()).unwrap();
                conversation.write("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
            }
        })
        .await;
        let injected = " HTTP/1.1\r\nhost: other.example\r\n\r\n";
        for place in ["/a", "/a?b="] {
            let raw = format!("{}{injected}", receiver.url(place));
            assert!(TargetUrl::parse(&raw, &TargetPolicy::stored()).is_err(), "{raw:?}");
        }

        // What is percent-encoded stays so.
        let encoded = "/a%0d%0ahost:%20b?c=%0D%0Ahost:%20d";
        let egress = Arc::new(egress());
        for report in attempt(&egress, || post(&receiver.url(encoded))).await {
            answered(report);
        }
        let request = asked.recv().await.unwrap();
        let lines: Vec<&str> = request.split("\r\n").collect();
        assert_eq!(lines[0], format!("POST {encoded} HTTP/1.1"));
        assert_eq!(lines.iter().filter(|line| line.starts_with("host:")).count(), 1, "{lines:?}");
        egress
    });
}
