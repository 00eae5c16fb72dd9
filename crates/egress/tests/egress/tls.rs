//! Certificates and handshakes.

use rcgen::date_time_ymd;
use rendezhook_domain::cause::Cause;
use rendezhook_egress::{AttemptReport, Egress};

use crate::authority::{Authority, named, receiver};
use crate::support::{PATIENCE, Receiver, answered, egress, failed, post};

async fn send(egress: &Egress, host: &str, receiver: &Receiver) -> AttemptReport {
    egress.send(post(&format!("https://{host}:{}/", receiver.address.port())), PATIENCE).await
}

#[tokio::test]
async fn a_good_certificate_is_accepted_and_the_connection_kept() {
    let authority = Authority::new();
    let mut config = authority.server(named("a.example"));
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let receiver = receiver(config).await;
    let egress = authority.trusted();
    let report = send(&egress, "a.example", &receiver).await;
    assert!(report.timing.dns.is_some() && report.timing.connect.is_some() && report.timing.tls.is_some());
    assert_eq!(answered(report).body, "ok");

    let report = send(&egress, "a.example", &receiver).await;
    assert!(report.reused_connection);
    assert_eq!(answered(report).body, "ok");
}

#[tokio::test]
async fn a_literal_address_is_checked_against_the_certificate() {
    let authority = Authority::new();
    let right = receiver(authority.server(named("127.0.0.1"))).await;
    assert_eq!(answered(send(&authority.trusted(), "127.0.0.1", &right).await).body, "ok");
    let wrong = receiver(authority.server(named("127.0.0.2"))).await;
    assert_eq!(failed(send(&authority.trusted(), "127.0.0.1", &wrong).await), Cause::TlsNameMismatch);
}

#[tokio::test]
async fn a_certificate_for_another_name() {
    let authority = Authority::new();
    let receiver = receiver(authority.server(named("b.example"))).await;
    let report = send(&authority.trusted(), "a.example", &receiver).await;
    assert!(report.timing.tls.is_some());
    assert_eq!(failed(report), Cause::TlsNameMismatch);
    assert_eq!(receiver.requests(), 0);
}

#[tokio::test]
async fn certificates_out_of_their_time() {
    let authority = Authority::new();
    let mut expired = named("a.example");
    expired.not_before = date_time_ymd(2019, 1, 1);
    expired.not_after = date_time_ymd(2020, 1, 1);
    let mut future = named("a.example");
    future.not_before = date_time_ymd(2900, 1, 1);
    future.not_after = date_time_ymd(2901, 1, 1);
    for params in [expired, future] {
        let receiver = receiver(authority.server(params)).await;
        assert_eq!(
            failed(send(&authority.trusted(), "a.example", &receiver).await),
            Cause::TlsCertificateExpired
        );
    }
}

#[tokio::test]
async fn an_issuer_nobody_knows() {
    let receiver = receiver(Authority::new().server(named("a.example"))).await;
    assert_eq!(failed(send(&egress(), "a.example", &receiver).await), Cause::TlsUnknownIssuer);
    let other = Authority::new();
    assert_eq!(failed(send(&other.trusted(), "a.example", &receiver).await), Cause::TlsUnknownIssuer);
    assert_eq!(receiver.requests(), 0);
}

#[tokio::test]
async fn no_protocol_in_common() {
    let authority = Authority::new();
    let mut config = authority.server(named("a.example"));
    config.alpn_protocols = vec![b"h2".to_vec()];
    let only_http2 = receiver(config).await;
    assert_eq!(failed(send(&authority.trusted(), "a.example", &only_http2).await), Cause::TlsProtocol);

    let plain_http = Receiver::start(|mut conversation| async move {
        conversation.write("HTTP/1.1 400 Bad Request\r\n\r\n").await;
        conversation.wait_for_close().await;
    })
    .await;
    assert_eq!(failed(send(&egress(), "a.example", &plain_http).await), Cause::TlsProtocol);
}

#[tokio::test]
async fn a_connection_closed_in_the_handshake() {
    let receiver = Receiver::start(|_| async {}).await;
    assert_eq!(failed(send(&egress(), "a.example", &receiver).await), Cause::TlsReset);
}
