//! Receivers that do not come to the end of a TLS handshake, or come to a wrong one.

use std::sync::Arc;
use std::time::Duration;

use rendezhook_domain::cause::Cause;
use tokio::time::sleep;

use crate::authority::{Authority, named, receiver};
use crate::bounds::{AT_ONCE, Attempts, DRIP, attempt, bounded, drip, until};
use crate::support::{Receiver, egress, failed, post};

/// How long a handshake may take where nothing else is set.
const TLS_LIMIT: Duration = Duration::from_secs(5);
/// The head of a record that announces 16 KiB of handshake (RFC 8446, section 5.1), then that of a `ServerHello` in it.
const LONG_RECORD: [u8; 9] = [22, 3, 3, 0x40, 0, 2, 0, 0x3f, 0xfc];

#[test]
fn stalling_after_the_client_hello() {
    for drips in [false, true] {
        bounded(async || {
            let receiver = Receiver::start(move |mut conversation| async move {
                // A ClientHello is longer than this.
                conversation.read_bytes(100).await;
                if drips {
                    conversation.write(LONG_RECORD).await;
                    while conversation.write([0]).await {
                        sleep(DRIP).await;
                    }
                }
                conversation.wait_for_close().await;
            })
            .await;
            let egress = Arc::new(egress());
            let url = format!("https://a.example:{}/", receiver.address.port());
            let attempts = Attempts::begin(&egress, || post(&url));
            until("all are connected", || receiver.connections() == AT_ONCE).await;
            drip(TLS_LIMIT).await;
            for report in attempts.reports().await {
                assert_eq!(failed(report), Cause::TlsTimeout);
            }
            egress
        });
    }
}

#[test]
fn a_certificate_for_another_name() {
    bounded(async || {
        let authority = Authority::new();
        let receiver = receiver(authority.server(named("b.example"))).await;
        let egress = Arc::new(authority.trusted());
        let url = format!("https://a.example:{}/", receiver.address.port());
        for report in attempt(&egress, || post(&url)).await {
            assert_eq!(failed(report), Cause::TlsNameMismatch);
        }
        assert_eq!(receiver.requests(), 0, "no byte of a request is sent");
        egress
    });
}
