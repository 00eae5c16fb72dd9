//! How the native API shows a replay.

use rendezhook_domain::id::{ReplayId, SubscriptionId};
use rendezhook_domain::matching::ActionPattern;
use rendezhook_domain::replay::{ReplayRate, ReplayState, ReplayedStates};
use rendezhook_domain::sequence::SubscriptionNumber;
use rendezhook_domain::time::Timestamp;
use rendezhook_store::catalogue::Catalogue;
use rendezhook_store::replay::{Replay, ReplayEstimate, ReplaySkips, Selection};
use serde::Serialize;
use utoipa::ToSchema;

use crate::native::vocabulary;

/// A replay: a job that makes deliveries anew.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Replay)]
pub(crate) struct ReplayView {
    /// Its id.
    #[schema(value_type = String, example = "rpl_0198b2f0c0de7000800000000000abcd")]
    id: ReplayId,
    /// `running` while deliveries are being made; `done` when all that were selected are made or skipped; `cancelling` and `cancelled`
    /// when somebody ended it.
    #[schema(value_type = vocabulary::ReplayStateWord)]
    state: ReplayState,
    /// Which deliveries.
    selection: SelectionView,
    /// The subscription that gets them, when not those they were for; null also once that is deleted.
    #[schema(value_type = Option<String>, example = "sub_0198b2f0c0de7000800000000000abcd")]
    to: Option<SubscriptionId>,
    /// How many become due in a second.
    rate: u16,
    /// Deliveries that were selected so far.
    selected: u64,
    /// Deliveries that were made of them.
    made: u64,
    /// Of the made ones, those that still wait.
    waiting: u64,
    /// Of the made ones, those that arrived.
    delivered: u64,
    /// Of the made ones, those that ended otherwise.
    failed: u64,
    /// Selected ones of which nothing was made, by reason.
    skipped: SkippedView,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When there was nothing left to be made or cancelled.
    #[schema(value_type = Option<String>, format = DateTime)]
    ended_at: Option<Timestamp>,
}

/// Which deliveries a replay takes up.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReplaySelection)]
#[serde(untagged)]
pub(crate) enum SelectionView {
    /// Those named in the request.
    Listed {
        /// How many.
        deliveries: usize,
    },
    /// Those of a stretch of time.
    Walk {
        /// Of this subscription; null for all of the organization, and once it is deleted.
        #[schema(value_type = Option<String>)]
        subscription: Option<SubscriptionId>,
        /// How they ended.
        #[schema(value_type = vocabulary::ReplayedStatesWord)]
        state: ReplayedStates,
        /// Accepted at or after.
        #[schema(value_type = String, format = DateTime)]
        since: Timestamp,
        /// Accepted before.
        #[schema(value_type = Option<String>, format = DateTime)]
        until: Option<Timestamp>,
        /// Only these actions.
        #[schema(value_type = Option<String>)]
        action: Option<ActionPattern>,
    },
}

/// Why nothing was made of selected deliveries.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReplaySkipped)]
pub(crate) struct SkippedView {
    /// Retention has removed what they carried.
    body_gone: u64,
    /// Their subscription is deleted.
    subscription_gone: u64,
    /// The subscription that is to get them does not want such actions.
    not_wanted: u64,
    /// They wait still and arrive by themselves.
    still_waiting: u64,
}

/// What a replay would do.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReplayEstimate)]
pub(crate) struct EstimateView {
    /// Always true: nothing was made.
    dry_run: bool,
    /// Deliveries that would be selected.
    selected: u64,
    /// Deliveries that would be made.
    would_make: u64,
    /// Selected ones of which nothing would be made, by reason.
    skipped: SkippedView,
    /// Whether all were counted. Counting ends after some 20,000 deliveries are looked at; then there may be more.
    complete: bool,
    /// How long the rate makes it take at least, in seconds.
    takes_seconds: u64,
}

fn id_of(catalogue: &Catalogue, number: Option<SubscriptionNumber>) -> Option<SubscriptionId> {
    number.and_then(|number| catalogue.subscriptions.get(&number)).map(|entry| entry.subscription.id)
}

impl ReplayView {
    pub(in crate::native) fn new(replay: Replay, catalogue: &Catalogue) -> Self {
        let counts = replay.counts;
        Self {
            id: replay.id,
            state: replay.state,
            selection: SelectionView::new(replay.selection, catalogue),
            to: id_of(catalogue, replay.to),
            rate: replay.rate.per_second(),
            selected: counts.selected,
            made: counts.made,
            waiting: counts.waiting(),
            delivered: counts.delivered,
            failed: counts.failed,
            skipped: counts.skipped.into(),
            created_at: replay.created_at,
            ended_at: replay.ended_at,
        }
    }
}

impl SelectionView {
    fn new(selection: Selection, catalogue: &Catalogue) -> Self {
        match selection {
            Selection::Listed(ids) => Self::Listed { deliveries: ids.len() },
            Selection::Walk(walk) => Self::Walk {
                subscription: id_of(catalogue, walk.subscription),
                state: walk.states,
                since: walk.since,
                until: walk.until,
                action: walk.action,
            },
        }
    }
}

impl From<ReplaySkips> for SkippedView {
    fn from(skips: ReplaySkips) -> Self {
        let ReplaySkips { body_gone, subscription_gone, not_wanted, still_waiting } = skips;
        Self { body_gone, subscription_gone, not_wanted, still_waiting }
    }
}

impl EstimateView {
    pub(super) fn new(estimate: ReplayEstimate, rate: ReplayRate) -> Self {
        let counts = estimate.counts;
        Self {
            dry_run: true,
            selected: counts.selected,
            would_make: counts.made,
            skipped: counts.skipped.into(),
            complete: estimate.complete,
            takes_seconds: counts.made.div_ceil(u64::from(rate.per_second())),
        }
    }
}
