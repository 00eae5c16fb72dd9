//! Remembering the certificates of receivers.

use rusqlite::params;

use super::turn::Turn;
use crate::certificate::KeptCertificate;
use crate::sqlite::fault::Fault;

/// Keeps what is new of a certificate.
pub(super) fn keep(turn: &mut Turn<'_>, certificate: &KeptCertificate) -> Result<(), Fault> {
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
    Ok(())
}
