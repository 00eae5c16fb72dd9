//! How many actions of each organization wait for their time.

use std::collections::HashMap;

use rendezhook_domain::sequence::OrganizationNumber;
use rusqlite::Connection;

/// How many actions of each organization wait for their time.
#[derive(Debug, Clone, Default)]
pub(in crate::sqlite) struct ScheduledCounts(HashMap<OrganizationNumber, u64>);

impl ScheduledCounts {
    pub(in crate::sqlite) fn load(connection: &Connection) -> rusqlite::Result<Self> {
        let mut statement =
            connection.prepare("SELECT organization, count(*) FROM scheduled GROUP BY organization")?;
        let counts = statement.query_map([], |row| {
            let count: i64 = row.get(1)?;
            Ok((OrganizationNumber::new(row.get(0)?), u64::try_from(count).unwrap_or(0)))
        })?;
        counts.collect::<Result<_, _>>().map(Self)
    }

    pub(in crate::sqlite) fn of(&self, organization: OrganizationNumber) -> u64 {
        self.0.get(&organization).copied().unwrap_or(0)
    }

    pub(in crate::sqlite) fn add(&mut self, organization: OrganizationNumber) {
        *self.0.entry(organization).or_default() += 1;
    }

    pub(in crate::sqlite) fn remove(&mut self, organization: OrganizationNumber) {
        if let Some(count) = self.0.get_mut(&organization) {
            *count = count.saturating_sub(1);
        }
    }
}
