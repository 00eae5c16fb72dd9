//! Making the firings of stored resources anew, because the timers for them changed.

use std::sync::Arc;

use rendezhook_domain::facts::Facts;
use rendezhook_domain::json::BorrowedJson;
use rendezhook_domain::resource::ResourceKind;
use rendezhook_domain::sequence::{OrganizationNumber, ResourceNumber};
use rendezhook_domain::time::Timestamp;
use rendezhook_domain::timer::{Timer, firings};
use rusqlite::{OptionalExtension, params};

use super::JOB_ROWS_A_TURN;
use super::firing::{FiringResource, replace};
use super::turn::Turn;
use crate::firing::ResourceFirings;
use crate::sqlite::fault::Fault;
use crate::sqlite::flags::facts_from;
use crate::sqlite::memory::{TimerWalk, WalkedKind};
use crate::sqlite::values::{resource, stored};

/// How many resources are looked at in a turn: each is read and taken apart.
const RESOURCES_A_TURN: usize = 200;
/// After how many bytes of resources a turn looks at no further one.
const BYTES_A_TURN: usize = 1024 * 1024;

/// Has the firings of all resources of a kind made anew. When a walk is under way, another one follows it.
pub(in crate::sqlite) fn begin(
    turn: &mut Turn<'_>,
    organization: OrganizationNumber,
    kind: ResourceKind,
    since: Timestamp,
) -> Result<(), Fault> {
    let walk = match turn.memory.timer_walks.get((organization, kind)) {
        Some(under_way) => TimerWalk { again: Some(since), ..under_way.clone() },
        None => TimerWalk { after: String::new(), since, again: None },
    };
    save(turn, (organization, kind), walk)
}

/// Looks at the next resources.
pub(super) fn step(turn: &mut Turn<'_>) -> Result<(), Fault> {
    let Some((walked, mut walk)) = turn.memory.timer_walks.first() else { return Ok(()) };
    let timers = turn.timers(walked.0).to_vec();
    let of_kind: Vec<&Timer> =
        timers.iter().map(AsRef::as_ref).filter(|timer| timer.kind() == Some(walked.1)).collect();
    let (mut looked_at, mut bytes, mut rows) = (0, 0, 0);
    while looked_at < RESOURCES_A_TURN && bytes < BYTES_A_TURN && rows < JOB_ROWS_A_TURN {
        let Some(next) = read_next(turn, walked, &walk.after)? else {
            return finish(turn, walked, &walk);
        };
        looked_at += 1;
        bytes += next.body.as_ref().map_or(0, Vec::len);
        rows += visit(turn, walked, &walk, &next, &of_kind)?;
        walk.after = next.id;
    }
    save(turn, walked, walk)
}

/// A resource as the walk finds it.
struct Visited {
    id: String,
    number: ResourceNumber,
    facts: Facts,
    body: Option<Vec<u8>>,
}

fn read_next(turn: &Turn<'_>, walked: WalkedKind, after: &str) -> Result<Option<Visited>, Fault> {
    let mut statement = turn.connection.prepare_cached(
        "SELECT id, number, version, occurred_at, flags, confirmed_time, created_at,
                (SELECT bytes FROM body WHERE number = resource.body)
         FROM resource WHERE organization = ?1 AND kind = ?2 AND id > ?3 ORDER BY id LIMIT 1",
    )?;
    let next = statement
        .query_row(params![walked.0.get(), walked.1.code(), after], |row| {
            Ok(Visited {
                id: row.get(0)?,
                number: resource(row, 1)?,
                facts: facts_from(row, 2)?,
                body: row.get(7)?,
            })
        })
        .optional()?;
    Ok(next)
}

/// Makes the firings of one resource anew; answers how many rows that took.
fn visit(
    turn: &mut Turn<'_>,
    walked: WalkedKind,
    walk: &TimerWalk,
    visited: &Visited,
    timers: &[&Timer],
) -> Result<usize, Fault> {
    let body: Option<BorrowedJson<'_>> =
        visited.body.as_deref().and_then(|body| serde_json::from_slice(body).ok());
    let due = match &body {
        Some(body) => firings(timers.iter().copied(), &visited.facts, body),
        None => Vec::new(),
    };
    let user = if due.is_empty() { None } else { last_user(turn, visited.number)? };
    let resource = FiringResource { organization: walked.0, kind: walked.1, id: &visited.id };
    replace(turn, resource, &ResourceFirings { due, user }, walk.since)
}

/// The user whom the last action of a resource concerned.
fn last_user(turn: &Turn<'_>, number: ResourceNumber) -> Result<Option<Arc<str>>, Fault> {
    let user = turn
        .connection
        .prepare_cached("SELECT user FROM action WHERE resource = ?1 ORDER BY sequence DESC LIMIT 1")?
        .query_row([stored(number.get())], |row| row.get::<_, Option<Arc<str>>>(0))
        .optional()?;
    Ok(user.flatten())
}

fn finish(turn: &mut Turn<'_>, walked: WalkedKind, walk: &TimerWalk) -> Result<(), Fault> {
    if let Some(since) = walk.again {
        return save(turn, walked, TimerWalk { after: String::new(), since, again: None });
    }
    turn.connection
        .prepare_cached("DELETE FROM timer_walk WHERE organization = ?1 AND kind = ?2")?
        .execute(params![walked.0.get(), walked.1.code()])?;
    Arc::make_mut(&mut turn.memory.timer_walks).finish(walked);
    Ok(())
}

fn save(turn: &mut Turn<'_>, walked: WalkedKind, walk: TimerWalk) -> Result<(), Fault> {
    turn.connection
        .prepare_cached(
            "INSERT OR REPLACE INTO timer_walk (organization, kind, after, since, again) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![
            walked.0.get(),
            walked.1.code(),
            walk.after,
            walk.since.milliseconds(),
            walk.again.map(Timestamp::milliseconds),
        ])?;
    Arc::make_mut(&mut turn.memory.timer_walks).put(walked, walk);
    Ok(())
}
