//! Remembering what was answered under an idempotency key, in the transaction of the request itself.

use rendezhook_domain::sequence::OrganizationNumber;
use rendezhook_domain::time::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

use crate::publish::{IdempotencyClaim, PublishOutcome, Receipt};
use crate::sqlite::codec::{pack_receipt, unpack_receipt};
use crate::sqlite::fault::{Fault, unreadable};

/// The outcome of an earlier request under this key; `None` when there is none that is still remembered.
pub(super) fn look_up(
    connection: &Connection,
    organization: OrganizationNumber,
    claim: &IdempotencyClaim,
    now: Timestamp,
) -> Result<Option<PublishOutcome>, Fault> {
    let mut statement = connection.prepare_cached(
        "SELECT fingerprint, receipt FROM idempotency WHERE organization = ?1 AND key = ?2 AND expires_at > ?3",
    )?;
    let outcome = statement
        .query_row(params![organization.get(), claim.key.as_ref(), now.milliseconds()], |row| {
            if row.get_ref(0)?.as_blob()? != claim.fingerprint {
                return Ok(PublishOutcome::KeyReused);
            }
            let receipt =
                unpack_receipt(row.get_ref(1)?.as_blob()?).ok_or_else(|| unreadable(1, "a receipt"))?;
            Ok(PublishOutcome::Replayed(receipt))
        })
        .optional()?;
    Ok(outcome)
}

/// Remembers the receipt of a request; an entry whose time is over is replaced.
pub(super) fn remember(
    connection: &Connection,
    organization: OrganizationNumber,
    claim: &IdempotencyClaim,
    receipt: &Receipt,
) -> Result<(), Fault> {
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO idempotency (organization, key, fingerprint, expires_at, receipt)
             VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![
            organization.get(),
            claim.key.as_ref(),
            claim.fingerprint,
            claim.expires_at.milliseconds(),
            pack_receipt(receipt),
        ])?;
    Ok(())
}
