//! A certificate authority, and receivers with certificates of its making.

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rendezhook_egress::{Egress, EgressSettings};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, SupportedProtocolVersion};
use tokio_rustls::TlsAcceptor;

use crate::support::{Receiver, Stream, egress_with, loopback_settings};

/// A certificate authority of the test.
pub(crate) struct Authority {
    certificate: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap().der().clone();
        Self { certificate, issuer: Issuer::new(params, key) }
    }

    /// An egress that trusts this authority.
    pub(crate) fn trusted(&self) -> Egress {
        egress_with(self.settings())
    }

    /// Settings under which this authority is trusted.
    pub(crate) fn settings(&self) -> EgressSettings {
        EgressSettings { extra_roots: vec![self.certificate.clone()], ..loopback_settings() }
    }

    /// A certificate of this authority with its key.
    pub(crate) fn issue(
        &self,
        params: CertificateParams,
    ) -> (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>) {
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        (vec![certificate.der().clone()], PrivateKeyDer::try_from(key.serialize_der()).unwrap())
    }

    pub(crate) fn server(&self, params: CertificateParams) -> ServerConfig {
        let (chain, key) = self.issue(params);
        server_builder(ring::default_provider(), rustls::DEFAULT_VERSIONS)
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .unwrap()
    }

    /// A server that takes clients with a certificate of this authority only.
    pub(crate) fn server_for_clients(
        &self,
        params: CertificateParams,
        versions: &[&'static SupportedProtocolVersion],
    ) -> ServerConfig {
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.clone()).unwrap();
        let provider = Arc::new(ring::default_provider());
        let clients = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build().unwrap();
        let (chain, key) = self.issue(params);
        server_builder(ring::default_provider(), versions)
            .with_client_cert_verifier(clients)
            .with_single_cert(chain, key)
            .unwrap()
    }
}

/// A server before it has its certificate.
pub(crate) fn server_builder(
    provider: CryptoProvider,
    versions: &[&'static SupportedProtocolVersion],
) -> rustls::ConfigBuilder<ServerConfig, rustls::WantsVerifier> {
    ServerConfig::builder_with_provider(Arc::new(provider)).with_protocol_versions(versions).unwrap()
}

/// What a certificate for this name says.
pub(crate) fn named(name: &str) -> CertificateParams {
    CertificateParams::new(vec![name.to_owned()]).unwrap()
}

/// Answers all requests behind TLS.
pub(crate) async fn receiver(config: ServerConfig) -> Receiver {
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let wrap = move |stream| {
        let accepting = acceptor.accept(stream);
        async move { accepting.await.ok().map(|stream| Box::new(stream) as Box<dyn Stream>) }
    };
    Receiver::start_with(wrap, |conversation| conversation.answer_all()).await
}
