//! The numbers that rows get.

use rusqlite::{Connection, OptionalExtension, params};

use crate::sqlite::values::stored;

/// How many numbers are reserved at once. So many may be left out after a crash.
const BLOCK: u64 = 10_000;

/// Counts up. Numbers are reserved in blocks, so that the row that remembers them is rarely written; a number is given only
/// by a transaction that reserves it or comes after the one that did, so none is given twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sqlite) struct Counter {
    last: u64,
    reserved: u64,
}

impl Counter {
    /// Takes `count` numbers in a row and answers with the first.
    pub(in crate::sqlite) const fn take(&mut self, count: u64) -> u64 {
        let first = self.last + 1;
        self.last += count;
        first
    }

    /// The last number that was given.
    pub(in crate::sqlite) const fn last(&self) -> u64 {
        self.last
    }
}

/// The counters of the writer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sqlite) struct Counters {
    /// Of actions and deliveries.
    pub(in crate::sqlite) sequence: Counter,
    pub(in crate::sqlite) body: Counter,
    pub(in crate::sqlite) resource: Counter,
    pub(in crate::sqlite) firing: Counter,
}

const SEQUENCE: &str = "sequence";
const BODY: &str = "body";
const RESOURCE: &str = "resource";
const FIRING: &str = "firing";

impl Counters {
    pub(in crate::sqlite) fn load(connection: &Connection) -> rusqlite::Result<Self> {
        let counter = |name| {
            let reserved = position(connection, name)?;
            Ok::<_, rusqlite::Error>(Counter { last: reserved, reserved })
        };
        Ok(Self {
            sequence: counter(SEQUENCE)?,
            body: counter(BODY)?,
            resource: counter(RESOURCE)?,
            firing: counter(FIRING)?,
        })
    }

    fn each(&mut self) -> [(&'static str, &mut Counter); 4] {
        [
            (SEQUENCE, &mut self.sequence),
            (BODY, &mut self.body),
            (RESOURCE, &mut self.resource),
            (FIRING, &mut self.firing),
        ]
    }

    /// Before a commit: reserves what the transaction took beyond the last reservation, and a block more.
    pub(in crate::sqlite) fn reserve(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        for (name, counter) in self.each() {
            if counter.last > counter.reserved {
                counter.reserved = counter.last + BLOCK;
                set_position(connection, name, counter.reserved)?;
            }
        }
        Ok(())
    }

    /// At the end: gives back what was reserved and not used.
    pub(in crate::sqlite) fn settle(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        for (name, counter) in self.each() {
            counter.reserved = counter.last;
            set_position(connection, name, counter.reserved)?;
        }
        Ok(())
    }
}

/// Reads a remembered number; zero when there is none yet.
pub(super) fn position(connection: &Connection, name: &str) -> rusqlite::Result<u64> {
    let position: Option<i64> = connection
        .prepare_cached("SELECT value FROM position WHERE name = ?1")?
        .query_row([name], |row| row.get(0))
        .optional()?;
    Ok(position.and_then(|position| u64::try_from(position).ok()).unwrap_or(0))
}

/// Remembers a number.
pub(super) fn set_position(connection: &Connection, name: &str, value: u64) -> rusqlite::Result<()> {
    connection
        .prepare_cached("INSERT OR REPLACE INTO position (name, value) VALUES (?1, ?2)")?
        .execute(params![name, stored(value)])?;
    Ok(())
}
