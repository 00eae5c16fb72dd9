//! Folding a waiting delivery into a newer one of the same receiver.

use rendezhook_domain::delivery::FoldedDeliveries;
use rendezhook_domain::id::DeliveryId;
use rendezhook_domain::sequence::{ReceiverNumber, Sequence};
use rusqlite::{Connection, OptionalExtension, params};

use crate::pending::DeliveryKey;
use crate::sqlite::codec::{pack_folded, unpack_folded};
use crate::sqlite::fault::{Fault, unreadable};
use crate::sqlite::values::{sequence, stored, timestamp};

/// Has a waiting delivery list another that folds into it, with all that was folded into that one, and be due as early as
/// it. Answers with the id of the newer one; `None` when the older one does not wait any more, or the newer one was never
/// there. A newer one that has ended in between lists nothing.
pub(super) fn fold(
    connection: &Connection,
    older: DeliveryKey,
    newer: Sequence,
) -> Result<Option<DeliveryId>, Fault> {
    let mut waiting = connection
        .prepare_cached("SELECT action, folded, due_at FROM pending WHERE receiver = ?1 AND sequence = ?2")?;
    let receiver = older.receiver;
    let mut find = |wanted: Sequence| {
        waiting
            .query_row(params![receiver.get(), stored(wanted.get())], |row| {
                let packed = row.get_ref(1)?.as_blob_or_null()?;
                let folded = packed.map(|packed| {
                    unpack_folded(packed, receiver).ok_or_else(|| unreadable(1, "what was folded"))
                });
                Ok((sequence(row, 0)?, folded.transpose()?.unwrap_or_default(), timestamp(row, 2)?))
            })
            .optional()
    };
    let Some((older_action, inherited, due_at)) = find(older.sequence)? else { return Ok(None) };
    let still_waits = find(newer)?;
    let action = match &still_waits {
        Some((action, ..)) => Some(*action),
        None => action_of_ended(connection, receiver, newer)?,
    };
    let older = id(connection, receiver, older.sequence, older_action)?;
    let newer_id = match action {
        Some(action) => id(connection, receiver, newer, action)?,
        None => None,
    };
    if let (Some((_, mut folded, _)), Some(older)) = (still_waits, older) {
        folded.add(older, Some(inherited));
        list(connection, receiver, newer, &folded, due_at.milliseconds())?;
    }
    Ok(newer_id)
}

fn list(
    connection: &Connection,
    receiver: ReceiverNumber,
    newer: Sequence,
    folded: &FoldedDeliveries,
    due_at: i64,
) -> Result<(), Fault> {
    connection
        .prepare_cached(
            "UPDATE pending SET folded = ?3, due_at = min(due_at, ?4) WHERE receiver = ?1 AND sequence = ?2",
        )?
        .execute(params![receiver.get(), stored(newer.get()), pack_folded(folded), due_at])?;
    Ok(())
}

fn action_of_ended(
    connection: &Connection,
    receiver: ReceiverNumber,
    ended: Sequence,
) -> Result<Option<Sequence>, Fault> {
    Ok(connection
        .prepare_cached("SELECT action FROM done WHERE receiver = ?1 AND sequence = ?2")?
        .query_row(params![receiver.get(), stored(ended.get())], |row| sequence(row, 0))
        .optional()?)
}

/// The id of a delivery of this action.
fn id(
    connection: &Connection,
    receiver: ReceiverNumber,
    delivery: Sequence,
    action: Sequence,
) -> Result<Option<DeliveryId>, Fault> {
    let accepted_at = connection
        .prepare_cached("SELECT accepted_at FROM action WHERE sequence = ?1")?
        .query_row([stored(action.get())], |row| timestamp(row, 0))
        .optional()?;
    Ok(accepted_at.map(|accepted_at| DeliveryId::new(accepted_at, delivery, receiver)))
}
