//! How subscriptions do over hours and days: what fails since when, whom to tell, and when to stop. Pure: time comes from
//! outside, and what it decides is carried out by the runtime.
//!
//! Health, failing notice and disable are apart from the breaker, which spares an endpoint for seconds. They look at a
//! subscription's own deliveries, so that one hook with a wrong key neither hides behind its siblings nor stops them. Only what is
//! the receiver's fault counts.
//!
//! - An *episode* of failing begins when several different deliveries have failed again and again, or nothing has succeeded
//!   for an hour. It is told at once, and again after a day and three; never twice within half a day.
//! - It ends with a success, which is told when the failing was.
//! - After days without a success, and not for want of trying, the subscription is disabled. Its deliveries are kept.
//!
//! All comparisons are of the kind "at least": whatever a count jumps over, nothing waits for it to be hit exactly.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use rendezhook_domain::action::ActionName;
use rendezhook_domain::outcome::Verdict;
use rendezhook_domain::sequence::{Sequence, SubscriptionNumber};
use rendezhook_domain::stage::Stage;
use rendezhook_domain::time::Timestamp;
use rendezhook_store::health::KeptHealth;
use rendezhook_store::record::AttemptResult;

use self::state::State;

mod kept;
mod options;
mod report;
mod state;
#[cfg(test)]
mod tests;
mod window;

pub use self::options::HealthOptions;
pub use self::report::{ActionReport, HealthReport, LastFailure};
pub use self::window::Counts;

/// How long changed numbers wait before they are kept. What matters is kept at once, with the record that brought it about.
const KEEP_AFTER: Duration = Duration::from_secs(30);

/// The end of an attempt of an original delivery or a re-push.
#[derive(Debug, Clone, Copy)]
pub struct EndedAttempt<'a> {
    /// The subscription it was for.
    pub subscription: SubscriptionNumber,
    /// The delivery.
    pub sequence: Sequence,
    /// What was delivered.
    pub action: &'a ActionName,
    /// Counts the attempts of the delivery from 1.
    pub number: u16,
    /// When it ended.
    pub at: Timestamp,
    /// The request with which it ended.
    pub stage: Stage,
    /// What came of it.
    pub result: AttemptResult,
    /// What that means.
    pub verdict: Verdict,
}

/// What an ended attempt brings about.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Decision {
    /// The subscription is failing, which is to be told now.
    pub failing: Option<Box<HealthReport>>,
    /// The subscription delivers again, after it was told that it fails. The report is of the moment before.
    pub recovered: Option<Box<HealthReport>>,
    /// The subscription is to be disabled.
    pub disable: bool,
    /// More than numbers changed: the state is to be kept together with the record of the attempt.
    pub keep: bool,
}

/// Follows how subscriptions do.
#[derive(Debug)]
pub struct HealthTracker {
    options: HealthOptions,
    subscriptions: HashMap<SubscriptionNumber, Box<State>>,
    /// Those whose numbers are not kept yet, and since when, oldest first.
    unkept: VecDeque<(SubscriptionNumber, Timestamp)>,
    /// Nothing is disabled while this is set: the clock is not to be trusted.
    disable_held: bool,
}

impl HealthTracker {
    /// A tracker that knows nothing yet.
    #[must_use]
    pub fn new(options: HealthOptions) -> Self {
        Self { options, subscriptions: HashMap::new(), unkept: VecDeque::new(), disable_held: false }
    }

    /// Takes up what was kept. A text that cannot be read is reported to the log and left out.
    pub fn restore(&mut self, kept: &KeptHealth) {
        match kept::read(&kept.state) {
            Ok(state) => {
                self.subscriptions.insert(kept.subscription, Box::new(state));
            }
            Err(error) => tracing::warn!(
                subscription = kept.subscription.get(),
                %error,
                "what was kept of how a subscription does cannot be read; it begins anew"
            ),
        }
    }

    /// Holds disabling, or lets it go on: while the clock has jumped, days may have passed that were none.
    pub const fn hold_disable(&mut self, held: bool) {
        self.disable_held = held;
    }

    /// A subscription is enabled or not. What failed before it was stopped counts no more once it goes on.
    pub fn told(&mut self, subscription: SubscriptionNumber, enabled: bool, now: Timestamp) {
        let Some(state) = self.subscriptions.get_mut(&subscription) else { return };
        if state.set_enabled(enabled) {
            self.note_change(subscription, now);
        }
    }

    /// A subscription was deleted.
    pub fn forget(&mut self, subscription: SubscriptionNumber) {
        self.subscriptions.remove(&subscription);
    }

    /// Takes the end of an attempt and decides what follows.
    pub fn ended(&mut self, ended: &EndedAttempt<'_>) -> Decision {
        let state = match &ended.verdict {
            Verdict::Success { .. } => self.subscriptions.entry(ended.subscription).or_default(),
            Verdict::Failure(failure) if failure.fault == rendezhook_domain::cause::Fault::Receiver => {
                self.subscriptions.entry(ended.subscription).or_default()
            }
            Verdict::Failure(_) => return Decision::default(),
        };
        let decision = match &ended.verdict {
            Verdict::Success { .. } => state.succeeded(ended, &self.options),
            Verdict::Failure(failure) => state.failed(ended, failure, &self.options, self.disable_held),
        };
        self.note_change(ended.subscription, ended.at);
        decision
    }

    fn note_change(&mut self, subscription: SubscriptionNumber, at: Timestamp) {
        if let Some(state) = self.subscriptions.get_mut(&subscription)
            && !std::mem::replace(&mut state.unkept, true)
        {
            self.unkept.push_back((subscription, at));
        }
    }

    /// The state of a subscription in the form in which it is kept; it then counts as kept.
    pub fn keep(&mut self, subscription: SubscriptionNumber) -> Option<KeptHealth> {
        let state = self.subscriptions.get_mut(&subscription)?;
        // It stays in the queue; when its turn comes there is nothing to do.
        state.unkept = false;
        Some(KeptHealth { subscription, state: Arc::from(kept::write(state)) })
    }

    /// The states whose numbers have waited long enough to be kept, at most so many.
    pub fn keep_due(&mut self, now: Timestamp, at_most: usize) -> Vec<KeptHealth> {
        let mut due = Vec::new();
        while due.len() < at_most
            && let Some((subscription, since)) = self.unkept.front().copied()
            && now.since(since) >= KEEP_AFTER
        {
            self.unkept.pop_front();
            let unkept = self.subscriptions.get(&subscription).is_some_and(|state| state.unkept);
            if unkept {
                due.extend(self.keep(subscription));
            }
        }
        due
    }

    /// These could not be kept; their turn comes again.
    pub fn not_kept(&mut self, subscriptions: impl IntoIterator<Item = SubscriptionNumber>, now: Timestamp) {
        for subscription in subscriptions {
            self.note_change(subscription, now);
        }
    }

    /// Whether deliveries of a subscription have failed several times in a row, so that what waits for it does not wait
    /// for us.
    #[must_use]
    pub fn is_failing(&self, subscription: SubscriptionNumber) -> bool {
        self.subscriptions.get(&subscription).is_some_and(|state| state.is_failing())
    }

    /// How a subscription does. One of which nothing is known has not been delivered to.
    #[must_use]
    pub fn report(&self, subscription: SubscriptionNumber, now: Timestamp) -> HealthReport {
        match self.subscriptions.get(&subscription) {
            Some(state) => state.report(now, &self.options),
            None => State::default().report(now, &self.options),
        }
    }
}
