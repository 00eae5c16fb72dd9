//! The attempts of a delivery.

use bytes::Bytes;
use rendezhook_domain::id::DeliveryId;
use rendezhook_domain::sequence::OrganizationNumber;
use rusqlite::{Connection, Row, params};

use super::delivery::find_of;
use crate::pending::DeliveryKey;
use crate::read::AttemptPage;
use crate::record::{AttemptRecord, Exchange};
use crate::sqlite::codec::unpack_attempt;
use crate::sqlite::fault::{Fault, unreadable};
use crate::sqlite::values::stored;

/// The attempts of a delivery, oldest first: those whose exchange was kept, and the last one in any case.
pub(in crate::sqlite) fn attempts(
    connection: &Connection,
    organization: OrganizationNumber,
    id: DeliveryId,
) -> Result<Option<AttemptPage>, Fault> {
    let Some((row, _)) = find_of(connection, organization, id)? else { return Ok(None) };
    let mut attempts = kept(connection, row.key)?;
    let newest_kept = attempts.last().map_or(0, |attempt| attempt.number);
    if let Some(last) = row.last.filter(|_| row.attempts > newest_kept) {
        attempts.push(AttemptRecord {
            number: row.attempts,
            started_at: last.started_at,
            stage: last.stage,
            result: last.result,
            timing: last.timing,
            exchange: None,
        });
    }
    Ok(Some(AttemptPage { attempts }))
}

fn kept(connection: &Connection, key: DeliveryKey) -> Result<Vec<AttemptRecord>, Fault> {
    let mut statement = connection.prepare_cached(
        "SELECT number, packed, request_head, response_head, response_body, truncated
         FROM attempt WHERE receiver = ?1 AND sequence = ?2 ORDER BY number",
    )?;
    let attempts = statement.query_map(params![key.receiver.get(), stored(key.sequence.get())], |row| {
        let facts =
            unpack_attempt(row.get_ref(1)?.as_blob()?).ok_or_else(|| unreadable(1, "a packed attempt"))?;
        Ok(AttemptRecord {
            number: row.get(0)?,
            started_at: facts.started_at,
            stage: facts.stage,
            result: facts.result,
            timing: facts.timing,
            exchange: Some(Exchange {
                request_head: bytes(row, 2)?,
                response_head: bytes(row, 3)?,
                response_body: bytes(row, 4)?,
                response_body_truncated: row.get(5)?,
            }),
        })
    })?;
    Ok(attempts.collect::<Result<_, _>>()?)
}

fn bytes(row: &Row<'_>, column: usize) -> rusqlite::Result<Bytes> {
    Ok(Bytes::copy_from_slice(row.get_ref(column)?.as_blob()?))
}
