//! Reading what is remembered of the certificates of receivers.

use rendezhook_domain::sequence::OrganizationNumber;
use rendezhook_domain::time::Timestamp;
use rusqlite::{Connection, params};

use crate::certificate::KeptCertificate;
use crate::sqlite::fault::Fault;
use crate::sqlite::values::{stored_size, timestamp};

/// Those that end after an instant, the ones that end last first.
pub(in crate::sqlite) fn kept_certificates(
    connection: &Connection,
    after: Timestamp,
    limit: usize,
) -> Result<Vec<KeptCertificate>, Fault> {
    let mut statement = connection.prepare_cached(
        "SELECT organization, authority, expires_at, noted_days FROM certificate WHERE expires_at > ?1
         ORDER BY expires_at DESC LIMIT ?2",
    )?;
    let kept = statement.query_map(params![after.milliseconds(), stored_size(limit)], |row| {
        Ok(KeptCertificate {
            organization: OrganizationNumber::new(row.get(0)?),
            authority: row.get(1)?,
            expires_at: timestamp(row, 2)?,
            noted_days: row.get(3)?,
        })
    })?;
    Ok(kept.collect::<Result<_, _>>()?)
}
