//! What is remembered of the certificates that receivers showed.

use std::sync::Arc;

use rendezhook_domain::sequence::OrganizationNumber;
use rendezhook_domain::time::Timestamp;

/// The certificate that a receiver showed last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptCertificate {
    /// Whose receiver it is.
    pub organization: OrganizationNumber,
    /// Its host and port.
    pub authority: Arc<str>,
    /// When the certificate ends.
    pub expires_at: Timestamp,
    /// So many days before that it was noted last, if it was.
    pub noted_days: Option<u16>,
}
