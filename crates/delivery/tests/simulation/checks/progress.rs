//! Nothing is forgotten: whatever could start has started.

use std::collections::{BTreeMap, BTreeSet};

use rendezhook_delivery::scheduler::input::SubscriptionView;
use rendezhook_domain::delivery_order::DeliveryOrder;
use rendezhook_domain::sequence::Sequence;
use rendezhook_domain::time::Timestamp;

use super::orders::Lane;
use super::shares::Served;
use super::{Checks, LONGEST_PAUSE};
use crate::model::{Model, Row};

impl Checks {
    /// Whatever could start has started, or waits for one of the attempts that are in flight, of which there are as many as
    /// there may be.
    pub(super) fn nothing_is_stuck(&mut self, model: &Model, now: Timestamp) {
        if !self.roomy || self.stopped {
            return;
        }
        let busy: BTreeSet<_> = self.in_flight.values().map(|(_, endpoint)| *endpoint).collect();
        let mut waiting = BTreeSet::new();
        let mut crowded_out = BTreeSet::new();
        let full = self.endpoints.fast() >= self.limits.in_flight;
        for row in self.startable(model, now) {
            let SubscriptionView { organization, receiver, endpoint, .. } =
                self.told[&row.pending.subscription];
            let served = Served { organization, receiver, endpoint };
            let mut idle = !busy.contains(&endpoint);
            if idle && self.is_authority_full(endpoint) {
                idle = false;
                crowded_out.insert(served);
            }
            assert!(full || !idle, "{row:?} is due and nobody cares in order {:?}", self.order_of(row));
            waiting.insert((served, idle));
        }
        if full {
            crowded_out.clear();
        }
        self.shares.waiting(&waiting, &crowded_out);
        if self.in_flight.is_empty() && self.recording.is_empty() && self.pages.is_empty() {
            for row in model.waiting().filter(|row| self.is_told(row)) {
                self.does_not_expire_unnoticed(row, now);
            }
        }
    }

    /// Deliveries whose turn it is as far as their lane and their endpoint's wishes go. What may still lie in the store is not
    /// among them.
    fn startable<'a>(&'a self, model: &'a Model, now: Timestamp) -> impl Iterator<Item = &'a Row> {
        let busy_keys = self.in_flight.keys().chain(self.recording.keys());
        let busy_rows = busy_keys.map(|key| &model.rows[&key.sequence]);
        let taken_lanes: BTreeSet<Lane> =
            busy_rows.chain(self.cancelled_unknown_to_it(model)).filter_map(|row| self.lane(row)).collect();
        let mut heads: BTreeMap<Lane, Sequence> = BTreeMap::new();
        model.waiting().filter(move |row| {
            if !self.is_told(row) || self.page_pause > now {
                return false;
            }
            let endpoint = self.told[&row.pending.subscription].endpoint;
            let strict = self.order_of(row) == DeliveryOrder::Strict;
            let is_in_order = !self.is_overtaken(row, now) && !self.stands_beside(row);
            let is_first = self.lane(row).is_some_and(|lane| !heads.contains_key(&lane));
            if strict && !(is_in_order && is_first) {
                // It may lie in the store behind a line that is long enough.
                return false;
            }
            let head = match self.lane(row) {
                Some(lane) if is_in_order => *heads.entry(lane).or_insert(row.step()),
                _ => row.step(),
            };
            let lane_is_free = self.lane(row).is_none_or(|lane| !taken_lanes.contains(&lane));
            let key = row.pending.key;
            head == row.step()
                && lane_is_free
                && !self.pages.contains_key(&key.receiver)
                && !self.ends_oldest(key.receiver)
                && !self.is_missed_while_folding(row)
                && !self.in_flight.contains_key(&key)
                && !self.recording.contains_key(&key)
                && !self.rests(endpoint, self.taken_tests.contains(&row.pending.key), now)
                && self.is_due(row, now)
        })
    }

    pub(super) fn is_due(&self, row: &Row, now: Timestamp) -> bool {
        let pending = &row.pending;
        let paused = |at: Timestamp| at.milliseconds() + LONGEST_PAUSE - 800 > now.milliseconds();
        pending.due_at <= now
            && pending.expires_at.is_none_or(|at| at > now)
            && self.not_before.get(&pending.key).is_none_or(|(_, at)| !paused(*at))
    }

    /// Also behind the head of its lane. Only behind an endpoint that rests, and at the end of a long line, a delivery may be in
    /// the store still.
    fn does_not_expire_unnoticed(&self, row: &Row, now: Timestamp) {
        let endpoint = self.told[&row.pending.subscription].endpoint;
        let expired = row.pending.expires_at.is_some_and(|at| at <= now);
        let in_line = self.order_of(row) == DeliveryOrder::Strict;
        let excused = self.rests(endpoint, false, now) || self.page_pause > now || in_line;
        assert!(!expired || excused, "{row:?} expires unnoticed");
    }
}
