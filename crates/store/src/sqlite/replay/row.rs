//! A replay as a row.

use rendezhook_domain::id::{DeliveryId, ReplayId};
use rendezhook_domain::matching::ActionPattern;
use rendezhook_domain::replay::{ReplayRate, ReplayState, ReplayedStates};
use rendezhook_domain::sequence::{Sequence, SubscriptionNumber};
use rendezhook_domain::time::Timestamp;
use rusqlite::{Connection, Row, params};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::replay::{NewReplay, Replay, ReplayCounts, ReplaySkips, Selection, Walk};
use crate::sqlite::fault::{Fault, unreadable};
use crate::sqlite::values::{coded, optional_timestamp, stored, timestamp, unsigned};

/// A selection as a row keeps it.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum KeptSelection {
    Listed(Vec<DeliveryId>),
    Walk {
        subscription: Option<u32>,
        states: ReplayedStates,
        since: Timestamp,
        until: Option<Timestamp>,
        action: Option<ActionPattern>,
    },
}

/// A selection as text.
fn write_selection(selection: &Selection) -> Result<String, Fault> {
    let kept = match selection {
        Selection::Listed(ids) => KeptSelection::Listed(ids.clone()),
        Selection::Walk(walk) => KeptSelection::Walk {
            subscription: walk.subscription.map(SubscriptionNumber::get),
            states: walk.states,
            since: walk.since,
            until: walk.until,
            action: walk.action.clone(),
        },
    };
    serde_json::to_string(&kept).map_err(|error| Fault::Damaged(error.to_string()))
}

/// What [`write_selection`] wrote.
pub(in crate::sqlite) fn read_selection(row: &Row<'_>, column: usize) -> rusqlite::Result<Selection> {
    let kept = serde_json::from_str(row.get_ref(column)?.as_str()?)
        .map_err(|_| unreadable(column, "a selection of deliveries"))?;
    Ok(match kept {
        KeptSelection::Listed(ids) => Selection::Listed(ids),
        KeptSelection::Walk { subscription, states, since, until, action } => Selection::Walk(Walk {
            subscription: subscription.map(SubscriptionNumber::new),
            states,
            since,
            until,
            action,
        }),
    })
}

/// The columns that [`read_replay`] reads.
pub(in crate::sqlite) const REPLAY_COLUMNS: &str = "number, id, user, selection, target, rate, state, created_at, ended_at,
     selected, made, delivered, failed, skipped_body, skipped_subscription, skipped_unwanted, skipped_waiting";

/// A replay as people see it.
pub(in crate::sqlite) fn read_replay(row: &Row<'_>) -> rusqlite::Result<Replay> {
    let target: Option<u32> = row.get(4)?;
    Ok(Replay {
        number: row.get(0)?,
        id: ReplayId::from_uuid(Uuid::from_bytes(row.get(1)?)),
        user: row.get(2)?,
        selection: read_selection(row, 3)?,
        to: target.map(SubscriptionNumber::new),
        rate: ReplayRate::new(unsigned(row, 5)?).map_err(|_| unreadable(5, "a rate"))?,
        state: coded(row, 6, "the number of a replay's state", ReplayState::from_code)?,
        created_at: timestamp(row, 7)?,
        ended_at: optional_timestamp(row, 8)?,
        counts: ReplayCounts {
            selected: unsigned(row, 9)?,
            made: unsigned(row, 10)?,
            delivered: unsigned(row, 11)?,
            failed: unsigned(row, 12)?,
            skipped: ReplaySkips {
                body_gone: unsigned(row, 13)?,
                subscription_gone: unsigned(row, 14)?,
                not_wanted: unsigned(row, 15)?,
                still_waiting: unsigned(row, 16)?,
            },
        },
    })
}

/// Writes a new replay that looks at sequences above `lowest` and up to `highest`; answers with its number.
pub(in crate::sqlite) fn insert_replay(
    connection: &Connection,
    new: &NewReplay,
    lowest: Sequence,
    highest: Sequence,
) -> Result<u32, Fault> {
    connection
        .prepare_cached(
            "INSERT INTO replay (id, organization, user, selection, target, rate, state, created_at, lowest, highest,
                 next_receiver, looked_up_to, next_due)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, 0, ?11, 0)",
        )?
        .execute(params![
            new.id.uuid().into_bytes(),
            new.organization.get(),
            new.user.as_deref(),
            write_selection(&new.selection)?,
            new.to.map(SubscriptionNumber::get),
            new.rate.per_second(),
            ReplayState::Running.code(),
            new.at.milliseconds(),
            stored(lowest.get()),
            stored(highest.get()),
            match new.selection {
                Selection::Listed(_) => 0,
                Selection::Walk(_) => stored(lowest.get()),
            },
        ])?;
    u32::try_from(connection.last_insert_rowid())
        .map_err(|_| Fault::Damaged("there are no numbers left for replays".to_owned()))
}
