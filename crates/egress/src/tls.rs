//! TLS to receivers: versions 1.2 and 1.3, certificate and name always checked.
//!
//! The authorities are Mozilla's list, compiled in, so that the binary works on a machine without any; the operator's
//! own come beside them.

use std::io;
use std::sync::Arc;

use rendezhook_domain::cause::Cause;
use rendezhook_domain::target::TargetHost;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{AlertDescription, CertificateError, ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// Makes TLS connections.
pub(crate) struct Tls {
    connector: TlsConnector,
}

impl Tls {
    pub(crate) fn new(extra_roots: Vec<CertificateDer<'static>>) -> Result<Self, rustls::Error> {
        let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        for root in extra_roots {
            roots.add(root)?;
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])?
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { connector: TlsConnector::from(Arc::new(config)) })
    }

    /// Shakes hands as the client of `host`.
    pub(crate) async fn handshake(
        &self,
        host: &TargetHost,
        stream: TcpStream,
    ) -> Result<TlsStream<TcpStream>, Cause> {
        let name = match host {
            TargetHost::Address(address) => ServerName::IpAddress((*address).into()),
            TargetHost::Name(name) => {
                ServerName::try_from(name.to_string()).map_err(|_| Cause::TlsNameMismatch)?
            }
        };
        self.connector.connect(name, stream).await.map_err(|error| {
            tracing::debug!(?host, %error, "a TLS handshake failed");
            handshake_failure(&error)
        })
    }
}

/// In which of the ways worth telling apart a handshake failed.
fn handshake_failure(error: &io::Error) -> Cause {
    let tls_error = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match tls_error {
        Some(rustls::Error::InvalidCertificate(problem)) => certificate_failure(problem),
        Some(rustls::Error::PeerIncompatible(_) | rustls::Error::InvalidMessage(_)) => Cause::TlsProtocol,
        Some(rustls::Error::AlertReceived(
            AlertDescription::ProtocolVersion
            | AlertDescription::HandshakeFailure
            | AlertDescription::InsufficientSecurity
            | AlertDescription::NoApplicationProtocol,
        )) => Cause::TlsProtocol,
        Some(_) => Cause::TlsFailure,
        // The socket failed, not the protocol.
        None => Cause::TlsReset,
    }
}

fn certificate_failure(problem: &CertificateError) -> Cause {
    match problem {
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            Cause::TlsNameMismatch
        }
        CertificateError::Expired
        | CertificateError::ExpiredContext { .. }
        | CertificateError::NotValidYet
        | CertificateError::NotValidYetContext { .. } => Cause::TlsCertificateExpired,
        // A bad signature is an authority of a known name but with another key.
        CertificateError::UnknownIssuer | CertificateError::BadSignature => Cause::TlsUnknownIssuer,
        _ => Cause::TlsFailure,
    }
}
