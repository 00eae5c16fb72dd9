//! TLS to receivers: versions 1.2 and 1.3, certificate and name checked in every handshake.
//!
//! The authorities are Mozilla's list, compiled in, so that the binary works on a machine without any; the operator's
//! own come beside them.

use std::fmt;
use std::sync::Arc;

use rendezhook_domain::cause::Cause;
use rendezhook_domain::target::TargetHost;
use rendezhook_domain::time::Timestamp;
use rustls::client::Resumption;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::certificate::expires_at;

mod failure;

pub(crate) use self::failure::handshake_failure;

/// What is shown to receivers that ask for a client certificate. `Debug` does not show the key.
pub struct ClientIdentity {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

impl ClientIdentity {
    /// A certificate, those of its issuers after it, and its private key. Whether they belong together is checked when an
    /// [`Egress`](crate::Egress) is made.
    #[must_use]
    pub fn new(chain: Vec<CertificateDer<'static>>, key: PrivateKeyDer<'static>) -> Self {
        Self { chain, key }
    }
}

impl Clone for ClientIdentity {
    fn clone(&self) -> Self {
        Self { chain: self.chain.clone(), key: self.key.clone_key() }
    }
}

impl fmt::Debug for ClientIdentity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("ClientIdentity").field("chain", &self.chain.len()).finish_non_exhaustive()
    }
}

/// Makes TLS connections.
pub(crate) struct Tls {
    connector: TlsConnector,
}

impl Tls {
    pub(crate) fn new(
        extra_roots: Vec<CertificateDer<'static>>,
        identity: Option<ClientIdentity>,
    ) -> Result<Self, rustls::Error> {
        let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        for root in extra_roots {
            roots.add(root)?;
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])?
            .with_root_certificates(roots);
        let mut config = match identity {
            Some(ClientIdentity { chain, key }) => config.with_client_auth_cert(chain, key)?,
            None => config.with_no_client_auth(),
        };
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        // A resumed session brings no certificate: one that has expired in between would go on being accepted.
        config.resumption = Resumption::disabled();
        Ok(Self { connector: TlsConnector::from(Arc::new(config)) })
    }

    /// Shakes hands as the client of `host`. Answers with the stream, and when the certificate of the other side ends.
    pub(crate) async fn handshake(
        &self,
        host: &TargetHost,
        stream: TcpStream,
    ) -> Result<(TlsStream<TcpStream>, Option<Timestamp>), Cause> {
        let name = match host {
            TargetHost::Address(address) => ServerName::IpAddress((*address).into()),
            TargetHost::Name(name) => {
                ServerName::try_from(name.to_string()).map_err(|_| Cause::TlsNameMismatch)?
            }
        };
        let stream = self.connector.connect(name, stream).await.map_err(|error| {
            tracing::debug!(?host, %error, "a TLS handshake failed");
            handshake_failure(&error)
        })?;
        let certificates = stream.get_ref().1.peer_certificates();
        let end = certificates.and_then(<[_]>::first).and_then(|leaf| expires_at(leaf));
        Ok((stream, end))
    }
}
