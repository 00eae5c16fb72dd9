//! What holds of a record: it says what the attempt's verdict means, and when the next attempt is due.

use std::time::Duration;

use rendezhook_delivery::scheduler::effect::{AttemptOrder, RecordOrder};
use rendezhook_domain::delivery::FinalState;
use rendezhook_domain::outcome::{Failure, Verdict};
use rendezhook_domain::retry::{MINIMUM_OVERLOAD_DELAY, RetryPolicy};
use rendezhook_domain::subscription::DisableReason;
use rendezhook_domain::time::Timestamp;
use rendezhook_store::record::Disposition;

use super::Checks;
use crate::model::{Model, Row};

/// Two deliveries of a subscription answered 410 within this time disable it.
const GONE_WITHIN: Duration = Duration::from_secs(600);

/// What is owed for an attempt that has ended.
#[derive(Debug)]
pub(crate) struct Owed {
    verdict: Verdict,
    /// The schedule of its subscription as it ended; later inputs of the same step may have changed it.
    retry: RetryPolicy,
}

impl Checks {
    pub(super) fn recording(&mut self, order: &RecordOrder, model: &Model, now: Timestamp) {
        let row = &model.rows[&order.key.sequence];
        assert_eq!(order.at, now);
        match (self.owed.remove(&order.key), order.attempted) {
            (Some(owed), true) => self.follows(&owed, order, row),
            (None, false) => {
                match order.disposition {
                    Disposition::Ended(FinalState::Expired) if order.over_backlog => {
                        self.is_one_too_many(order, row, model);
                    }
                    Disposition::Ended(FinalState::Expired) => {
                        let expired = row.pending.expires_at.is_some_and(|at| at <= now);
                        assert!(expired, "{order:?} is early");
                    }
                    Disposition::Ended(FinalState::Folded) => self.folds(order, row, model),
                    other => panic!("{other:?} without an attempt"),
                }
                let expiring = self.recording.values().filter(|record| !record.attempted).count();
                assert!(expiring < self.limits.expiring, "too many end at a time");
            }
            other => panic!("{order:?} does not fit {other:?}"),
        }
        assert_eq!(
            order.folded_into.is_some(),
            order.disposition == Disposition::Ended(FinalState::Folded),
            "{order:?}"
        );
        assert!(!self.in_flight.contains_key(&order.key));
        if row.is_test() {
            self.is_test(order.key);
        }
        self.says_whether_it_was_passed(order.key, order.overtaken);
        assert!(self.recording.insert(order.key, *order).is_none(), "{order:?} is recorded twice");
    }

    /// An attempt has ended: a record of it must follow.
    pub(super) fn owes(&mut self, order: &AttemptOrder, verdict: &Verdict) {
        // What is under way of a deleted subscription ends as if it were there.
        let retry = self.last_view(order.subscription).expect("it was told of").retry.clone();
        self.owed.insert(order.key, Owed { verdict: *verdict, retry });
    }

    fn follows(&mut self, owed: &Owed, order: &RecordOrder, row: &Row) {
        match &owed.verdict {
            Verdict::Success { disable } => {
                assert_eq!(order.disposition, Disposition::Ended(FinalState::Delivered));
                assert_eq!(order.disable, disable.then_some(DisableReason::ReceiverRequest));
            }
            Verdict::Failure(failure) => {
                let gone = failure.gone && self.is_gone(order);
                assert_eq!(order.disable, gone.then_some(DisableReason::Gone), "{order:?} after {failure:?}");
                // What ended in the store meanwhile has another history there.
                if row.is_waiting() {
                    goes_on(failure, order, row, &owed.retry);
                    self.counts_on(order, row);
                }
            }
        }
    }

    /// A retry says how long its delivery has held its lane.
    fn counts_on(&mut self, order: &RecordOrder, row: &Row) {
        let Disposition::Retry { lane_held, .. } = order.disposition else { return };
        match self.held(row, order.at) {
            Some((least, most)) => {
                assert!((least..=most).contains(&lane_held), "{order:?}, and it was {least:?} to {most:?}");
            }
            None => assert_eq!(lane_held, Duration::ZERO, "{order:?} failed for the first time"),
        }
        self.held.failed(order.key, order.subscription, order.at);
    }

    /// Whether another delivery of the subscription was answered 410 ten minutes ago or later; notes that this one was.
    fn is_gone(&mut self, order: &RecordOrder) -> bool {
        let before = self.gone.insert(order.subscription, (order.key, order.at));
        before.is_some_and(|(key, at)| key != order.key && order.at.since(at) <= GONE_WITHIN)
    }
}

/// A failed delivery goes on after its schedule and after what the receiver asked for.
fn goes_on(failure: &Failure, order: &RecordOrder, row: &Row, policy: &RetryPolicy) {
    let failed = row.pending.failed_attempts + 1;
    let expired = row.pending.expires_at.is_some_and(|at| at <= order.at);
    let scheduled = policy.delay_after(failed).filter(|_| !row.is_test());
    let expected = match scheduled {
        _ if failure.refused => Err(FinalState::Refused),
        None => Err(FinalState::Exhausted),
        Some(_) if expired => Err(FinalState::Expired),
        Some(scheduled) => Ok(scheduled),
    };
    match (expected, order.disposition) {
        (Err(state), Disposition::Ended(other)) => assert_eq!(state, other, "{order:?} after {failure:?}"),
        (Ok(scheduled), Disposition::Retry { due_at, .. }) => {
            let overloaded = if failure.overloaded { MINIMUM_OVERLOAD_DELAY } else { Duration::ZERO };
            let floor = overloaded.max(failure.retry_after.unwrap_or_default());
            let at = |factor: f64| {
                let due_at = order.at.after(scheduled.mul_f64(factor).max(floor));
                row.pending.expires_at.map_or(due_at, |expires_at| due_at.min(expires_at))
            };
            let range = at(0.8)..=at(1.2);
            assert!(range.contains(&due_at), "{order:?} is not due within {range:?}");
        }
        other => panic!("{order:?} does not follow from {failure:?}: {other:?}"),
    }
}
