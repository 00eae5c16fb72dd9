//! Certificates and handshakes.

use bytes::Bytes;
use rcgen::{BasicConstraints, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair, date_time_ymd};
use rendezhook_domain::cause::Cause;
use rendezhook_egress::{AttemptReport, ClientIdentity, Egress, EgressSettings};
use rustls::crypto::ring;
use rustls::pki_types::PrivateKeyDer;

use crate::authority::{Authority, named, receiver, server_builder};
use crate::support::{PATIENCE, Receiver, answered, egress, egress_with, failed, loopback_resolver, post};

async fn send(egress: &Egress, host: &str, receiver: &Receiver) -> AttemptReport {
    egress.send(&post(&format!("https://{host}:{}/", receiver.address.port())), PATIENCE).await
}

#[tokio::test]
async fn a_good_certificate_is_accepted_and_the_connection_kept() {
    let authority = Authority::new();
    let mut config = authority.server(named("a.example"));
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let receiver = receiver(config).await;
    for awake_connections in [1, 0] {
        let egress = egress_with(EgressSettings { awake_connections, ..authority.settings() });
        let report = send(&egress, "a.example", &receiver).await;
        let timing = report.timing;
        assert!(timing.dns.is_some() && timing.connect.is_some() && timing.tls.is_some());
        assert_eq!(answered(report).body, "ok");
        for _ in 0..3 {
            let report = send(&egress, "a.example", &receiver).await;
            assert!(report.reused_connection);
            assert_eq!(answered(report).body, "ok");
        }
    }
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
    for (params, cause) in
        [(expired, Cause::TlsCertificateExpired), (future, Cause::TlsCertificateNotYetValid)]
    {
        let receiver = receiver(authority.server(params)).await;
        let report = send(&authority.trusted(), "a.example", &receiver).await;
        assert!(report.certificate_expires_at.is_none(), "what was refused says nothing of the receiver");
        assert_eq!(failed(report), cause);
    }
}

#[tokio::test]
async fn the_end_of_a_certificate_is_told_with_every_answer() {
    let authority = Authority::new();
    let mut params = named("a.example");
    params.not_after = date_time_ymd(2060, 2, 3);
    let secure = receiver(authority.server(params)).await;
    let egress = authority.trusted();
    for reused in [false, true] {
        let report = send(&egress, "a.example", &secure).await;
        assert_eq!(report.reused_connection, reused);
        assert_eq!(report.certificate_expires_at.unwrap().to_string(), "2060-02-03T00:00:00.000Z");
    }
    let plain = Receiver::start(|conversation| conversation.answer_all()).await;
    let report = egress.send(&post(&plain.url("/")), PATIENCE).await;
    assert!(report.certificate_expires_at.is_none());
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
async fn a_certificate_that_signed_itself() {
    for is_ca in [IsCa::NoCa, IsCa::Ca(BasicConstraints::Unconstrained)] {
        let mut params = named("a.example");
        params.is_ca = is_ca;
        let key = KeyPair::generate().unwrap();
        let chain = vec![params.self_signed(&key).unwrap().der().clone()];
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let config = server_builder(ring::default_provider(), rustls::DEFAULT_VERSIONS)
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .unwrap();
        let receiver = receiver(config).await;
        assert_eq!(failed(send(&egress(), "a.example", &receiver).await), Cause::TlsUnknownIssuer);
    }
}

#[tokio::test]
async fn a_certificate_not_meant_for_servers() {
    let authority = Authority::new();
    let mut params = named("a.example");
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    let receiver = receiver(authority.server(params)).await;
    let report = send(&authority.trusted(), "a.example", &receiver).await;
    assert_eq!(failed(report), Cause::TlsCertificateUnusable);
}

#[tokio::test]
async fn no_suite_in_common() {
    // Its key is for ECDSA, and all suites it offers are for RSA.
    let authority = Authority::new();
    let mut provider = ring::default_provider();
    provider.cipher_suites.retain(|suite| format!("{:?}", suite.suite()).contains("_RSA_"));
    assert!(!provider.cipher_suites.is_empty());
    let (chain, key) = authority.issue(named("a.example"));
    let config = server_builder(provider, &[&rustls::version::TLS12])
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    let receiver = receiver(config).await;
    assert_eq!(failed(send(&authority.trusted(), "a.example", &receiver).await), Cause::TlsCipher);
}

/// Answers the beginning of a handshake with these bytes, as servers of other libraries do.
async fn saying(bytes: impl Into<Bytes>) -> Receiver {
    let bytes = bytes.into();
    Receiver::start(move |mut conversation| {
        let bytes = bytes.clone();
        async move {
            conversation.read_bytes(100).await;
            conversation.write(bytes).await;
            conversation.wait_for_close().await;
        }
    })
    .await
}

#[tokio::test]
async fn no_version_in_common() {
    // The alert protocol_version (RFC 5246, section 7.2.2), in a record of TLS 1.0.
    let alert: &[u8] = &[21, 3, 1, 0, 2, 2, 70];
    // A ServerHello of TLS 1.1 (RFC 4346, section 7.4.1.3): random, no session, TLS_RSA_WITH_AES_128_CBC_SHA, no compression.
    let hello = [[22, 3, 2, 0, 42, 2, 0, 0, 38, 3, 2].as_slice(), &[7; 32], &[0, 0, 0x2f, 0]].concat();
    for answer in [alert.to_vec(), hello] {
        let receiver = saying(answer.clone()).await;
        assert_eq!(failed(send(&egress(), "a.example", &receiver).await), Cause::TlsProtocol, "{answer:?}");
    }
    let insufficient = saying(vec![21, 3, 3, 0, 2, 2, 71]).await;
    assert_eq!(failed(send(&egress(), "a.example", &insufficient).await), Cause::TlsCipher);
    let unknown_name = saying(vec![21, 3, 3, 0, 2, 2, 112]).await;
    assert_eq!(failed(send(&egress(), "a.example", &unknown_name).await), Cause::TlsNameMismatch);
}

#[tokio::test]
async fn no_http_within_tls_and_no_tls_at_all() {
    let authority = Authority::new();
    let mut config = authority.server(named("a.example"));
    config.alpn_protocols = vec![b"h2".to_vec()];
    let only_http2 = receiver(config).await;
    assert_eq!(failed(send(&authority.trusted(), "a.example", &only_http2).await), Cause::TlsNoHttp);

    let plain_http = Receiver::start(|mut conversation| async move {
        conversation.write("HTTP/1.1 400 Bad Request\r\n\r\n").await;
        conversation.wait_for_close().await;
    })
    .await;
    assert_eq!(failed(send(&egress(), "a.example", &plain_http).await), Cause::TlsNotSpoken);
}

#[tokio::test]
async fn a_client_certificate_is_shown_where_it_is_asked_for() {
    let authority = Authority::new();
    let (chain, key) = authority.issue(named("rendezhook.example"));
    let settings =
        EgressSettings { client_identity: Some(ClientIdentity::new(chain, key)), ..authority.settings() };
    // Signed by itself, under a name that the authority does not have.
    let mut params = named("stranger.example");
    params.distinguished_name.push(DnType::CommonName, "stranger");
    let key = KeyPair::generate().unwrap();
    let chain = vec![params.self_signed(&key).unwrap().der().clone()];
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let stranger =
        EgressSettings { client_identity: Some(ClientIdentity::new(chain, key)), ..authority.settings() };
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let receiver = receiver(authority.server_for_clients(named("a.example"), &[version])).await;
        let known = send(&egress_with(settings.clone()), "a.example", &receiver).await;
        assert_eq!(answered(known).body, "ok");
        let without = send(&authority.trusted(), "a.example", &receiver).await;
        assert_eq!(failed(without), Cause::TlsClientCertificate, "{version:?}");
        let unknown = send(&egress_with(stranger.clone()), "a.example", &receiver).await;
        assert_eq!(failed(unknown), Cause::TlsClientCertificate, "{version:?}");
    }
}

#[tokio::test]
async fn a_client_certificate_with_the_key_of_another_is_refused_at_the_start() {
    let authority = Authority::new();
    let (chain, _) = authority.issue(named("a.example"));
    let (_, key) = authority.issue(named("a.example"));
    let identity = ClientIdentity::new(chain, key);
    assert!(!format!("{identity:?}").contains("key"));
    let settings = EgressSettings { client_identity: Some(identity), ..authority.settings() };
    let refused = Egress::new(settings, loopback_resolver()).err().unwrap();
    assert!(refused.to_string().contains("client certificate"), "{refused}");
}

#[tokio::test]
async fn a_connection_closed_in_the_handshake() {
    let receiver = Receiver::start(|_| async {}).await;
    assert_eq!(failed(send(&egress(), "a.example", &receiver).await), Cause::TlsReset);
}
