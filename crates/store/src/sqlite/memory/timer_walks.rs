//! Kinds of resources whose firings are being made anew.

use std::collections::BTreeMap;

use rendezhook_domain::resource::ResourceKind;
use rendezhook_domain::sequence::OrganizationNumber;
use rendezhook_domain::time::Timestamp;
use rusqlite::Connection;

use crate::sqlite::values::{coded, optional_timestamp, timestamp};

/// Which resources a walk is over.
pub(in crate::sqlite) type WalkedKind = (OrganizationNumber, ResourceKind);

/// A walk over the resources of one kind of an organization, because its timers for them changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::sqlite) struct TimerWalk {
    /// Ids up to here are looked through.
    pub(in crate::sqlite) after: String,
    /// Only firings after this instant are made: what was due before was fired, or is no firing.
    pub(in crate::sqlite) since: Timestamp,
    /// The timers changed once more, at this instant: another walk follows.
    pub(in crate::sqlite) again: Option<Timestamp>,
}

/// All of them.
#[derive(Debug, Clone, Default)]
pub(in crate::sqlite) struct TimerWalks(BTreeMap<WalkedKind, TimerWalk>);

impl TimerWalks {
    pub(in crate::sqlite) fn load(connection: &Connection) -> rusqlite::Result<Self> {
        let mut statement =
            connection.prepare("SELECT organization, kind, after, since, again FROM timer_walk")?;
        let walks = statement.query_map([], |row| {
            let kind = coded(row, 1, "the number of a kind of resource", ResourceKind::from_code)?;
            let walk = TimerWalk {
                after: row.get(2)?,
                since: timestamp(row, 3)?,
                again: optional_timestamp(row, 4)?,
            };
            Ok(((OrganizationNumber::new(row.get(0)?), kind), walk))
        })?;
        walks.collect::<Result<_, _>>().map(Self)
    }

    pub(in crate::sqlite) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The one that is worked on.
    pub(in crate::sqlite) fn first(&self) -> Option<(WalkedKind, TimerWalk)> {
        self.0.first_key_value().map(|(kind, walk)| (*kind, walk.clone()))
    }

    pub(in crate::sqlite) fn get(&self, kind: WalkedKind) -> Option<&TimerWalk> {
        self.0.get(&kind)
    }

    pub(in crate::sqlite) fn put(&mut self, kind: WalkedKind, walk: TimerWalk) {
        self.0.insert(kind, walk);
    }

    pub(in crate::sqlite) fn finish(&mut self, kind: WalkedKind) {
        self.0.remove(&kind);
    }
}
