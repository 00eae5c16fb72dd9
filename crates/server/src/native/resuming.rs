//! Letting deliveries go on that were held back, of a receiver or of a subscription: a plan first, then without what is too old, and at
//! the rate that was asked for.

use std::time::Duration;

use rendezhook_domain::pause::Drain;
use rendezhook_domain::sequence::{ReceiverNumber, Sequence, SubscriptionNumber};
use rendezhook_domain::time::Timestamp;
use rendezhook_store::read::{Backlog, BacklogQuery};
use rendezhook_store::skip::Skip;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::fields::FieldChecks;
use crate::failure::Failure;
use crate::state::ServerState;

/// The highest rate at which a backlog drains.
const MAXIMUM_RATE: u32 = 1_000;

/// How deliveries are let go on.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ResumeRequest {
    /// How many deliveries a second the receiver gets at most while the backlog drains: 1 to 1,000. When not given it begins slowly and
    /// goes as fast as it answers.
    #[schema(minimum = 1, maximum = 1000)]
    rate: Option<u32>,
    /// Leave out what was accepted before this instant: it ends as `expired` with the reason `skipped`, and can be replayed.
    #[schema(value_type = Option<String>, format = DateTime)]
    skip_older_than: Option<String>,
    /// Only show what would happen.
    #[serde(default)]
    #[schema(required = false)]
    dry_run: bool,
}

/// What became of what was to go on.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum ResumeView<V> {
    /// It goes on.
    Resumed(V),
    /// Nothing was changed.
    Plan(PlanView),
}

/// What would follow when deliveries go on.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ResumePlan)]
pub(crate) struct PlanView {
    /// Always true: nothing was changed.
    dry_run: bool,
    /// Deliveries that wait.
    waiting: u64,
    /// Those of them that would be left out; null without `skip_older_than`.
    skipped: Option<u64>,
    /// Those of the others that have expired: they end so without an attempt.
    expired: u64,
    /// Those that would expire before their turn at this rate; null without a rate.
    expiring_before_their_turn: Option<u64>,
    /// When the action of the oldest one was accepted.
    #[schema(value_type = Option<String>, format = DateTime)]
    oldest_accepted_at: Option<Timestamp>,
    /// Deliveries a second; null: it begins slowly and goes as fast as the receiver answers.
    rate: Option<u32>,
    /// How long the rest takes at that rate, in seconds; null without a rate.
    takes_seconds: Option<u64>,
    /// Whether all were counted. Counting ends after 200,000; then there are more.
    complete: bool,
}

impl PlanView {
    fn new(backlog: &Backlog, resume: &Resume) -> Self {
        let rate = resume.rate;
        Self {
            dry_run: true,
            waiting: backlog.waiting,
            skipped: resume.skip_before.map(|_| backlog.skipped),
            expired: backlog.expired,
            expiring_before_their_turn: rate.map(|_| backlog.expiring_before_their_turn),
            oldest_accepted_at: backlog.oldest_accepted_at,
            rate,
            takes_seconds: rate.map(|rate| backlog.to_be_sent().div_ceil(u64::from(rate.max(1)))),
            complete: backlog.complete,
        }
    }
}

/// Whose deliveries go on.
#[derive(Clone, Copy)]
pub(super) struct Held {
    pub(super) receiver: ReceiverNumber,
    /// Only those of this subscription.
    pub(super) subscription: Option<SubscriptionNumber>,
    /// Whether nothing is attempted for them now.
    pub(super) is_held: bool,
}

/// A checked request.
pub(super) struct Resume {
    held: Held,
    now: Timestamp,
    rate: Option<u32>,
    skip_before: Option<Timestamp>,
    dry_run: bool,
}

impl ResumeRequest {
    pub(super) fn checked(self, held: Held, now: Timestamp) -> Result<Resume, Failure> {
        let mut checks = FieldChecks::default();
        if self.rate.is_some_and(|rate| !(1..=MAXIMUM_RATE).contains(&rate)) {
            checks.refuse("/rate", "a backlog drains at 1 to 1000 deliveries a second");
        }
        let at = "/skip_older_than";
        let skip_before =
            self.skip_older_than.as_deref().and_then(|text| checks.parse::<Timestamp>(at, text));
        if skip_before.is_some_and(|before| before > now) {
            checks.refuse(at, "this instant is still to come; what is not accepted yet cannot be left out");
        } else if skip_before.is_some() && !held.is_held {
            checks.refuse(
                at,
                "deliveries are under way; only what is paused or disabled can be left out, so pause first",
            );
        }
        checks.finish()?;
        Ok(Resume { held, now, rate: self.rate, skip_before, dry_run: self.dry_run })
    }
}

impl Resume {
    /// What would follow, when that is all that was asked for.
    pub(super) async fn plan(&self, state: &ServerState) -> Result<Option<PlanView>, Failure> {
        if !self.dry_run {
            return Ok(None);
        }
        Ok(Some(PlanView::new(&self.backlog(state).await?, self)))
    }

    /// Whether something is to be left out before deliveries go on.
    pub(super) const fn skips(&self) -> bool {
        self.skip_before.is_some()
    }

    /// Ends what is too old. It comes before deliveries go on; when it is interrupted they do not, and asking again goes on with
    /// what is left.
    pub(super) async fn skip(&self, state: &ServerState) -> Result<(), Failure> {
        let Some(accepted_before) = self.skip_before else { return Ok(()) };
        let Held { receiver, subscription, .. } = self.held;
        let mut after = Some(Sequence::ZERO);
        while let Some(reached) = after {
            let skip = Skip { receiver, subscription, accepted_before, after: reached, at: self.now };
            after = state.store.skip_waiting(skip).await?.looked_up_to;
        }
        Ok(())
    }

    /// The limit under which the backlog drains, if there is one and something waits.
    pub(super) async fn drain(&self, state: &ServerState) -> Result<Option<Drain>, Failure> {
        let Some(rate) = self.rate else { return Ok(None) };
        let to_be_sent = self.backlog(state).await?.to_be_sent();
        let takes = Duration::from_secs(to_be_sent.div_ceil(u64::from(rate)));
        Ok(Some(Drain { rate, until: self.now.after(takes) }).filter(|_| to_be_sent > 0))
    }

    async fn backlog(&self, state: &ServerState) -> Result<Backlog, Failure> {
        let Held { receiver, subscription, .. } = self.held;
        let Self { now, rate, skip_before, .. } = *self;
        let query = BacklogQuery { receiver, subscription, now, rate, skip_before };
        Ok(state.store.backlog(query).await?)
    }
}
