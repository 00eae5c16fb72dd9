//! Recording how attempts ended.

use rendezhook_domain::delivery::{ExpiryReason, FinalState};
use ring::digest::{SHA256, digest};
use rusqlite::{CachedStatement, Connection, params};

use super::fold::fold;
use super::job::{Performed, Work};
use super::replay::note_end;
use super::turn::Turn;
use super::{certificate, health, notice};
use crate::notice::Consequences;
use crate::record::{AttemptRecord, Disposition, Exchange, Record};
use crate::sqlite::catalogue::disable;
use crate::sqlite::codec::pack_attempt;
use crate::sqlite::ending::{Ender, Ending};
use crate::sqlite::fault::Fault;
use crate::sqlite::values::stored;

/// Turns of deliveries.
pub(in crate::sqlite) struct RecordWork(pub(in crate::sqlite) Vec<Record>);

impl Work for RecordWork {
    type Answer = ();
    const DOING: &'static str = "recording attempts";

    fn rows(&self) -> usize {
        let of_consequences = self
            .0
            .iter()
            .filter_map(|record| record.consequences.as_deref())
            .map(notice::rows)
            .sum::<usize>();
        self.0.len() * 2 + of_consequences
    }

    fn bytes(&self) -> usize {
        self.0.iter().filter_map(|record| record.freeze.as_ref()).map(bytes::Bytes::len).sum()
    }

    fn perform(&mut self, turn: &mut Turn<'_>) -> Result<Performed<()>, Fault> {
        let mut statements = Statements::new(turn.connection)?;
        for record in &self.0 {
            let kept = write(turn, &mut statements, record)?;
            let disabled = match record.disable {
                Some(reason) if kept => disable(turn, record.subscription, reason, record.at)?,
                Some(_) | None => false,
            };
            if let Some(consequences) = &record.consequences {
                draw(turn, record, consequences, disabled)?;
            }
        }
        Ok(Performed::AnswerOnceDurable(()))
    }
}

/// Writes what a turn means beyond its own delivery. A record that comes too late for its delivery still tells of an attempt that
/// was made, so this does not depend on it.
fn draw(
    turn: &mut Turn<'_>,
    record: &Record,
    consequences: &Consequences,
    disabled: bool,
) -> Result<(), Fault> {
    if let Some(health) = &consequences.health {
        health::keep(turn, health)?;
    }
    if let Some(shown) = &consequences.certificate {
        certificate::keep(turn, shown)?;
    }
    let of_disabling = consequences.if_disabled.iter().filter(|_| disabled);
    for notice in consequences.notices.iter().chain(of_disabling) {
        notice::write(turn, record.organization, notice, record.at)?;
    }
    Ok(())
}

struct Statements<'connection> {
    ender: Ender<'connection>,
    retry: CachedStatement<'connection>,
}

impl<'connection> Statements<'connection> {
    fn new(connection: &'connection Connection) -> Result<Self, Fault> {
        let retry = connection.prepare_cached(
            "UPDATE pending SET due_at = ?3, first_failed_at = coalesce(first_failed_at, ?4), overtaken = max(overtaken, ?5),
                 failed_attempts = coalesce(?6, failed_attempts), last_attempt = coalesce(?7, last_attempt),
                 frozen = coalesce(?8, frozen), lane_held = ?9
             WHERE receiver = ?1 AND sequence = ?2",
        )?;
        Ok(Self { ender: Ender::new(connection)?, retry })
    }
}

/// Writes one record; `false` when its delivery has ended in between.
fn write(turn: &mut Turn<'_>, statements: &mut Statements<'_>, record: &Record) -> Result<bool, Fault> {
    let packed = record.attempt.as_ref().map(pack_attempt);
    let number = record.attempt.as_ref().map(|attempt| attempt.number);
    let kept = match record.disposition {
        Disposition::Ended(state) => {
            let folded_into = match record.folded_into {
                Some(newer) => fold(turn.connection, record.key, newer)?,
                None => None,
            };
            let expiry = if record.over_backlog { ExpiryReason::Backlog } else { ExpiryReason::Time };
            let ending = Ending {
                state,
                reason: (state == FinalState::Expired).then_some(expiry),
                at: record.at,
                attempts: number,
                overtaken: record.overtaken,
                last_attempt: packed.as_deref(),
                folded_into,
            };
            let ended = statements.ender.end(record.key, &ending)?;
            if ended {
                turn.note_ended(record.organization, record.key.receiver, record.subscription);
                note_end(turn, record.key, state)?;
            }
            ended
        }
        Disposition::Retry { due_at, lane_held } => {
            let hash = record.freeze.as_ref().map(|bytes| digest(&SHA256, bytes));
            let hash = hash.as_ref().map(AsRef::as_ref);
            let updated = statements.retry.execute(params![
                record.key.receiver.get(),
                stored(record.key.sequence.get()),
                due_at.milliseconds(),
                record.at.milliseconds(),
                record.overtaken,
                number,
                packed,
                hash,
                i64::try_from(lane_held.as_millis()).unwrap_or(i64::MAX),
            ])?;
            if let (1.., Some(hash), Some(bytes)) = (updated, hash, &record.freeze) {
                freeze(turn.connection, hash, bytes, record)?;
            }
            updated > 0
        }
    };
    if let (true, Some(attempt), Some(packed)) = (kept, &record.attempt, &packed)
        && let Some(exchange) = &attempt.exchange
    {
        insert_attempt(turn.connection, record, attempt, exchange, packed)?;
    }
    Ok(kept)
}

/// Keeps a body that was sent, once however many deliveries sent it. Its age counts from the last time it was needed.
fn freeze(connection: &Connection, hash: &[u8], bytes: &[u8], record: &Record) -> Result<(), Fault> {
    connection
        .prepare_cached(
            "INSERT INTO frozen_body (hash, stored_at, bytes) VALUES (?1, ?2, ?3)
             ON CONFLICT (hash) DO UPDATE SET stored_at = max(stored_at, excluded.stored_at)",
        )?
        .execute(params![hash, record.at.milliseconds(), bytes])?;
    Ok(())
}

fn insert_attempt(
    connection: &Connection,
    record: &Record,
    attempt: &AttemptRecord,
    exchange: &Exchange,
    packed: &[u8],
) -> Result<(), Fault> {
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO attempt (receiver, sequence, number, packed, request_head, response_head,
                 response_body, truncated)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?
        .execute(params![
            record.key.receiver.get(),
            stored(record.key.sequence.get()),
            attempt.number,
            packed,
            exchange.request_head.as_ref(),
            exchange.response_head.as_ref(),
            exchange.response_body.as_ref(),
            exchange.response_body_truncated,
        ])?;
    Ok(())
}
