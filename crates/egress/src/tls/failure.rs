//! From failed handshakes to causes: what the owner of a receiver has to change differs from one to the next.

use std::io;

use rendezhook_domain::cause::Cause;
use rustls::{AlertDescription, CertificateError, Error, PeerIncompatible};

/// In which of the ways worth telling apart a handshake failed.
pub(crate) fn handshake_failure(error: &io::Error) -> Cause {
    let Some(error) = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) else {
        // The socket failed, not the protocol.
        return Cause::TlsReset;
    };
    match error {
        Error::InvalidCertificate(problem) => certificate_failure(problem),
        Error::PeerIncompatible(difference) => incompatibility(difference),
        // Whatever came back, it was no record of TLS.
        Error::InvalidMessage(_) => Cause::TlsNotSpoken,
        Error::NoApplicationProtocol => Cause::TlsNoHttp,
        Error::AlertReceived(alert) => alert_received(*alert),
        _ => Cause::TlsFailure,
    }
}

fn certificate_failure(problem: &CertificateError) -> Cause {
    match problem {
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            Cause::TlsNameMismatch
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => Cause::TlsCertificateExpired,
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            Cause::TlsCertificateNotYetValid
        }
        // A bad signature is an authority of a known name but with another key.
        CertificateError::UnknownIssuer | CertificateError::BadSignature => Cause::TlsUnknownIssuer,
        CertificateError::Other(other) if is_own_authority(other) => Cause::TlsUnknownIssuer,
        _ => Cause::TlsCertificateUnusable,
    }
}

/// Whether a certificate says of itself that it is an authority's, as self-signed ones of common tools do.
fn is_own_authority(error: &rustls::OtherError) -> bool {
    matches!(error.0.downcast_ref::<webpki::Error>(), Some(webpki::Error::CaUsedAsEndEntity))
}

fn incompatibility(difference: &PeerIncompatible) -> Cause {
    match difference {
        PeerIncompatible::ServerDoesNotSupportTls12Or13
        | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig
        | PeerIncompatible::Tls12NotOffered
        | PeerIncompatible::Tls12NotOfferedOrEnabled
        | PeerIncompatible::SupportedVersionsExtensionRequired => Cause::TlsProtocol,
        _ => Cause::TlsCipher,
    }
}

fn alert_received(alert: AlertDescription) -> Cause {
    match alert {
        AlertDescription::ProtocolVersion => Cause::TlsProtocol,
        AlertDescription::HandshakeFailure | AlertDescription::InsufficientSecurity => Cause::TlsCipher,
        AlertDescription::NoApplicationProtocol => Cause::TlsNoHttp,
        AlertDescription::UnrecognisedName => Cause::TlsNameMismatch,
        // All of these are about the certificate of a client: ours, or that we have none.
        AlertDescription::CertificateRequired
        | AlertDescription::NoCertificate
        | AlertDescription::BadCertificate
        | AlertDescription::UnsupportedCertificate
        | AlertDescription::CertificateRevoked
        | AlertDescription::CertificateExpired
        | AlertDescription::CertificateUnknown
        | AlertDescription::UnknownCA
        | AlertDescription::AccessDenied => Cause::TlsClientCertificate,
        _ => Cause::TlsFailure,
    }
}
