//! Remembering the certificates of receivers.

use rusqlite::params;

use super::job::{Performed, Work};
use super::turn::Turn;
use crate::certificate::KeptCertificate;
use crate::sqlite::fault::Fault;

/// A certificate that differs from what is remembered.
pub(in crate::sqlite) struct CertificateWork(pub(in crate::sqlite) KeptCertificate);

impl Work for CertificateWork {
    type Answer = ();
    const DOING: &'static str = "remembering the certificate of a receiver";

    fn rows(&self) -> usize {
        1
    }

    fn perform(&mut self, turn: &mut Turn<'_>) -> Result<Performed<()>, Fault> {
        let certificate = &self.0;
        turn.connection
            .prepare_cached(
                "INSERT OR REPLACE INTO certificate (organization, authority, expires_at, noted_days)
                 VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute(params![
                certificate.organization.get(),
                certificate.authority.as_ref(),
                certificate.expires_at.milliseconds(),
                certificate.noted_days,
            ])?;
        Ok(Performed::AnswerOnceDurable(()))
    }
}
