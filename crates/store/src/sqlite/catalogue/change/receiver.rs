//! Changes of receivers.

use std::sync::Arc;

use rendezhook_domain::id::ReceiverId;
use rendezhook_domain::sequence::OrganizationNumber;
use rusqlite::params;

use super::{Applied, exists};
use crate::catalogue::ReceiverEntry;
use crate::change::{ChangeRefusal, ReceiverUpdate};
use crate::sqlite::fault::Fault;
use crate::sqlite::writer::Turn;

pub(super) fn update(
    turn: &mut Turn<'_>,
    organization: OrganizationNumber,
    id: ReceiverId,
    update: &ReceiverUpdate,
) -> Applied {
    let own = "SELECT 1 FROM receiver WHERE id = ?1 AND organization = ?2";
    if !exists(turn, own, params![id.uuid().into_bytes(), organization.get()])? {
        return Ok(Err(ChangeRefusal::Unknown));
    }
    let draft = turn.memory.draft_mut();
    let found = draft.receivers(organization).iter().find(|entry| entry.id == id).map(Arc::clone);
    let Some(current) = found else { return Ok(Err(ChangeRefusal::Unknown)) };
    let mut changed = ReceiverEntry::clone(&current);
    if let Some(pause) = &update.pause {
        changed.interruptions.pause.clone_from(pause);
    }
    if let Some(maintenance) = &update.maintenance {
        changed.interruptions.maintenance.clone_from(maintenance);
    }
    changed.interruptions.drain = update.drain.unwrap_or(changed.interruptions.drain);
    changed.order = update.order.unwrap_or(changed.order);
    let interruptions = if changed.interruptions.is_empty() {
        None
    } else {
        let text = serde_json::to_string(&changed.interruptions);
        Some(text.map_err(|error| Fault::Damaged(error.to_string()))?)
    };
    turn.connection
        .prepare_cached("UPDATE receiver SET interruptions = ?2, delivery_order = ?3 WHERE number = ?1")?
        .execute(params![changed.number.get(), interruptions, changed.order.name()])?;
    turn.memory.draft_mut().put_receiver(changed);
    Ok(Ok(()))
}
