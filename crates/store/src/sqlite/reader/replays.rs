//! Showing replays, and counting what one would do.

use rendezhook_domain::delivery::DeliveryOrigin;
use rendezhook_domain::id::{DeliveryId, ReplayId};
use rendezhook_domain::sequence::{OrganizationNumber, ReceiverNumber, Sequence};
use rusqlite::{Connection, OptionalExtension, params};

use super::list::CLOCK_DISORDER;
use crate::catalogue::Catalogue;
use crate::pending::DeliveryKey;
use crate::replay::{Replay, ReplayEstimate, ReplayPage, Selection};
use crate::sqlite::bound::last_accepted_before;
use crate::sqlite::fault::Fault;
use crate::sqlite::replay::{
    Found, Order, REPLAY_COLUMNS, Skip, Stretch, Verdict, candidate, judge, read_replay, search,
};
use crate::sqlite::values::stored_size;

/// How many rows and receivers are looked at to count.
const EFFORT: usize = 20_000;
/// How many rows are read in one look.
const LOOK: usize = 250;

/// A page of an organization's replays, newest first.
pub(in crate::sqlite) fn replays(
    connection: &Connection,
    organization: OrganizationNumber,
    below: Option<u32>,
    limit: usize,
) -> Result<ReplayPage, Fault> {
    let query = format!(
        "SELECT {REPLAY_COLUMNS} FROM replay WHERE organization = ?1 AND number < ?2 ORDER BY number DESC LIMIT ?3"
    );
    let below = below.map_or(i64::MAX, i64::from);
    let mut statement = connection.prepare_cached(&query)?;
    let parameters = params![organization.get(), below, stored_size(limit.saturating_add(1))];
    let mut replays: Vec<Replay> = statement.query_map(parameters, read_replay)?.collect::<Result<_, _>>()?;
    let more = replays.len() > limit;
    replays.truncate(limit);
    let next = replays.last().map(|last| last.number).filter(|_| more);
    Ok(ReplayPage { replays, next })
}

/// One replay.
pub(in crate::sqlite) fn replay(
    connection: &Connection,
    organization: OrganizationNumber,
    id: ReplayId,
) -> Result<Option<Replay>, Fault> {
    let query = format!("SELECT {REPLAY_COLUMNS} FROM replay WHERE id = ?1 AND organization = ?2");
    let parameters = params![id.uuid().into_bytes(), organization.get()];
    Ok(connection.prepare_cached(&query)?.query_row(parameters, read_replay).optional()?)
}

/// Between which sequences a selection lies: above the first, up to the second.
pub(in crate::sqlite) fn walk_bounds(
    connection: &Connection,
    selection: &Selection,
    highest: Sequence,
) -> Result<(Sequence, Sequence), Fault> {
    let Selection::Walk(walk) = selection else { return Ok((Sequence::ZERO, highest)) };
    let lowest = last_accepted_before(connection, walk.since.before(CLOCK_DISORDER), highest)?;
    let last = match walk.until {
        Some(until) => last_accepted_before(connection, until.after(CLOCK_DISORDER), highest)?,
        None => highest,
    };
    Ok((lowest, last))
}

/// Counts what a replay would do, with bounded effort.
pub(in crate::sqlite) fn estimate(
    connection: &Connection,
    catalogue: &Catalogue,
    order: &Order,
    highest: Sequence,
) -> Result<ReplayEstimate, Fault> {
    let mut counting =
        Counting { connection, catalogue, order, estimate: ReplayEstimate::default(), effort: EFFORT };
    let complete = match &*order.selection {
        Selection::Listed(ids) => counting.listed(ids)?,
        Selection::Walk(walk) => {
            let bounds = walk_bounds(connection, &order.selection, highest)?;
            let only = walk.subscription.and_then(|only| catalogue.subscriptions.get(&only));
            let receivers: Vec<ReceiverNumber> = match (only, catalogue.organization(order.organization)) {
                (Some(only), _) => vec![only.subscription.receiver],
                (None, Some(organization)) => {
                    organization.receivers.iter().map(|entry| entry.number).collect()
                }
                (None, None) => Vec::new(),
            };
            counting.walk(&receivers, bounds)?
        }
    };
    Ok(ReplayEstimate { complete, ..counting.estimate })
}

struct Counting<'a> {
    connection: &'a Connection,
    catalogue: &'a Catalogue,
    order: &'a Order,
    estimate: ReplayEstimate,
    effort: usize,
}

impl Counting<'_> {
    fn listed(&mut self, ids: &[DeliveryId]) -> Result<bool, Fault> {
        for id in ids {
            let key = DeliveryKey { receiver: id.receiver(), sequence: id.sequence() };
            if let Some(found) = candidate(self.connection, key)? {
                self.count(&found)?;
            }
        }
        Ok(true)
    }

    /// Answers whether all were counted.
    fn walk(
        &mut self,
        receivers: &[ReceiverNumber],
        (lowest, last): (Sequence, Sequence),
    ) -> Result<bool, Fault> {
        let with_waiting = self.order.takes_waiting(DeliveryOrigin::Original);
        for receiver in receivers {
            let mut after = Some(lowest);
            while let Some(from) = after {
                let Some(effort) = self.effort.checked_sub(1) else { return Ok(false) };
                let stretch = Stretch { receiver: *receiver, after: from, last };
                let (found, looked_up_to) = search(self.connection, stretch, with_waiting, LOOK)?;
                self.effort = effort.saturating_sub(found.len());
                for one in &found {
                    self.count(one)?;
                }
                after = looked_up_to;
            }
        }
        Ok(true)
    }

    fn count(&mut self, found: &Found) -> Result<(), Fault> {
        let subscriptions = &self.catalogue.subscriptions;
        let verdict = judge(self.connection, self.order, found, |number| subscriptions.get(&number))?;
        let counts = &mut self.estimate.counts;
        match verdict {
            Verdict::NotSelected => return Ok(()),
            Verdict::Make { .. } => counts.made += 1,
            Verdict::Skip(Skip::BodyGone) => counts.skipped.body_gone += 1,
            Verdict::Skip(Skip::SubscriptionGone) => counts.skipped.subscription_gone += 1,
            Verdict::Skip(Skip::NotWanted) => counts.skipped.not_wanted += 1,
            Verdict::Skip(Skip::StillWaiting) => counts.skipped.still_waiting += 1,
        }
        counts.selected += 1;
        Ok(())
    }
}
