//! Certificates and keys from files.

use std::path::{Path, PathBuf};

use rendezhook_egress::ClientIdentity;
use rustls_pki_types::pem::{self, PemObject};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use crate::settings::OutboundSettings;

/// Certificates cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CertificateError {
    /// A file cannot be read, or holds nothing of its kind.
    #[error("the file {path} of the setting {setting} cannot be used; it has to hold {wanted} in PEM form")]
    File {
        /// Which setting.
        setting: &'static str,
        /// What it has to hold.
        wanted: &'static str,
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: pem::Error,
    },
    /// One of the two files is not given.
    #[error("client-certificate and client-key belong together; give both files, or none")]
    HalfAnIdentity,
}

/// The authorities that the operator trusts beside.
///
/// # Errors
/// When the file cannot be read or holds no certificate.
pub(crate) fn extra_roots(
    settings: &OutboundSettings,
) -> Result<Vec<CertificateDer<'static>>, CertificateError> {
    settings.extra_roots.as_deref().map_or(Ok(Vec::new()), |path| chain("extra-roots", path))
}

/// What is shown to targets that ask for a client certificate.
///
/// # Errors
/// When one of the files is missing, or not what it has to be.
pub(crate) fn client_identity(
    settings: &OutboundSettings,
) -> Result<Option<ClientIdentity>, CertificateError> {
    let (certificate, key) = match (&settings.client_certificate, &settings.client_key) {
        (None, None) => return Ok(None),
        (Some(certificate), Some(key)) => (certificate, key),
        _ => return Err(CertificateError::HalfAnIdentity),
    };
    let chain = chain("client-certificate", certificate)?;
    let key = PrivateKeyDer::from_pem_file(key).map_err(unusable("client-key", "a private key", key))?;
    Ok(Some(ClientIdentity::new(chain, key)))
}

/// All certificates of a file, at least one.
fn chain(setting: &'static str, path: &Path) -> Result<Vec<CertificateDer<'static>>, CertificateError> {
    let unusable = unusable(setting, "certificates", path);
    let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    match read {
        Ok(certificates) if certificates.is_empty() => Err(unusable(pem::Error::NoItemsFound)),
        Ok(certificates) => Ok(certificates),
        Err(source) => Err(unusable(source)),
    }
}

fn unusable(
    setting: &'static str,
    wanted: &'static str,
    path: &Path,
) -> impl Fn(pem::Error) -> CertificateError {
    move |source| CertificateError::File { setting, wanted, path: path.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use rcgen::{CertificateParams, KeyPair};

    use super::*;

    #[test]
    fn certificates_and_key_are_read_from_their_files() {
        let directory = tempfile::tempdir().unwrap();
        let [certificate, key] = ["certificate.pem", "key.pem"].map(|name| directory.path().join(name));
        let pair = KeyPair::generate().unwrap();
        let signed =
            CertificateParams::new(vec![String::from("a.example")]).unwrap().self_signed(&pair).unwrap();
        fs::write(&certificate, format!("{0}{0}", signed.pem())).unwrap();
        fs::write(&key, pair.serialize_pem()).unwrap();
        let settings = OutboundSettings {
            extra_roots: Some(certificate.clone()),
            client_certificate: Some(certificate.clone()),
            client_key: Some(key.clone()),
            ..OutboundSettings::default()
        };
        assert_eq!(extra_roots(&settings).unwrap(), vec![signed.der().clone(); 2]);
        assert!(client_identity(&settings).unwrap().is_some());
        assert!(extra_roots(&OutboundSettings::default()).unwrap().is_empty());
        assert!(client_identity(&OutboundSettings::default()).unwrap().is_none());

        let half = OutboundSettings { client_key: None, ..settings.clone() };
        assert!(matches!(client_identity(&half), Err(CertificateError::HalfAnIdentity)));
        let exchanged = OutboundSettings {
            extra_roots: Some(key.clone()),
            client_certificate: Some(key),
            client_key: Some(certificate),
            ..settings
        };
        let error = extra_roots(&exchanged).unwrap_err().to_string();
        assert!(error.contains("extra-roots") && error.contains("key.pem"), "{error}");
        assert!(client_identity(&exchanged).is_err());
        let nowhere = Some(directory.path().join("nowhere.pem"));
        assert!(
            extra_roots(&OutboundSettings { extra_roots: nowhere, ..OutboundSettings::default() }).is_err()
        );
    }
}
