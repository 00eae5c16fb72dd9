//! How one subscription does, and what follows from it.

use std::time::Duration;

use rendezhook_domain::action::ActionName;
use rendezhook_domain::outcome::Failure;
use rendezhook_domain::sequence::Sequence;
use rendezhook_domain::stage::Stage;
use rendezhook_domain::time::Timestamp;

use super::report::{ActionReport, HealthReport, LastFailure};
use super::window::{Counts, Window};
use super::{Decision, EndedAttempt, HealthOptions};

/// Most actions that are followed one by one; further ones share a place.
const MAXIMUM_ACTIONS: usize = 64;
/// How long a delivery that failed again and again counts for the beginning of an episode.
const STUCK_FOR: Duration = Duration::from_secs(24 * 3_600);
/// So many failures in a row say that nothing gets through, long before anybody is told.
const FAILING_ATTEMPTS: u32 = 5;

const HOUR_S: u64 = 3_600;
const DAY_S: u64 = 24 * HOUR_S;

/// How one subscription does.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct State {
    pub(super) last_success_at: Option<Timestamp>,
    pub(super) last_failure: Option<LastFailure>,
    /// The first failure since the last success.
    pub(super) failing_since: Option<Timestamp>,
    /// Failures since then.
    pub(super) failed_attempts: u32,
    /// Those of them at the target itself: only these disable.
    pub(super) failed_at_target: u32,
    /// Deliveries whose first attempt failed since then.
    pub(super) failed_deliveries: u32,
    /// Deliveries that failed again and again, as far as the beginning of an episode needs them.
    pub(super) stuck: Vec<Stuck>,
    pub(super) episode: Option<Episode>,
    /// When failing was told last.
    pub(super) noticed_at: Option<Timestamp>,
    /// It is paused or disabled.
    pub(super) stopped: bool,
    pub(super) last_hour: Window<HOUR_S>,
    pub(super) actions: Vec<Action>,
    /// Something of this is not kept yet. Not kept itself.
    pub(super) unkept: bool,
}

/// A delivery that failed again and again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stuck {
    pub(super) sequence: Sequence,
    pub(super) action: ActionName,
    /// When that was noted.
    pub(super) at: Timestamp,
}

/// A time of failing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Episode {
    pub(super) since: Timestamp,
    /// The actions that fail while others succeed; empty: all of them.
    pub(super) actions: Vec<ActionName>,
    /// How often it was told, or was due to be.
    pub(super) told: usize,
}

/// How one action of it does.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Action {
    /// `None`: all that found no place of their own.
    pub(super) name: Option<ActionName>,
    pub(super) failing_since: Option<Timestamp>,
    pub(super) last_success_at: Option<Timestamp>,
    pub(super) last_failure_at: Option<Timestamp>,
    pub(super) last_day: Window<DAY_S>,
}

impl State {
    /// Changes what is known of an action.
    fn change_action(&mut self, name: &ActionName, change: impl FnOnce(&mut Action)) {
        let known = self.actions.iter().position(|action| action.name.as_ref() == Some(name));
        let place = known.unwrap_or(MAXIMUM_ACTIONS.min(self.actions.len()));
        if place == self.actions.len() {
            let name = (place < MAXIMUM_ACTIONS).then(|| name.clone());
            self.actions.push(Action { name, ..Action::default() });
        }
        if let Some(action) = self.actions.get_mut(place) {
            change(action);
        }
    }

    pub(super) fn succeeded(&mut self, ended: &EndedAttempt<'_>, options: &HealthOptions) -> Decision {
        let over = self
            .episode
            .as_ref()
            .is_some_and(|episode| episode.actions.is_empty() || episode.actions.contains(ended.action));
        let was_told = over && self.episode.as_ref().is_some_and(|episode| episode.told > 0);
        let recovered = was_told.then(|| Box::new(self.report(ended.at, options)));
        if over {
            self.episode = None;
            self.stuck.clear();
        }
        self.stuck.retain(|stuck| stuck.sequence != ended.sequence);
        self.last_success_at = Some(ended.at);
        self.forget_failures();
        self.last_hour.count(ended.at, true);
        self.change_action(ended.action, |action| {
            action.last_success_at = Some(ended.at);
            action.failing_since = None;
            action.last_day.count(ended.at, true);
        });
        Decision { recovered, keep: over, ..Decision::default() }
    }

    pub(super) fn failed(
        &mut self,
        ended: &EndedAttempt<'_>,
        failure: &Failure,
        options: &HealthOptions,
        disable_held: bool,
    ) -> Decision {
        let at = ended.at;
        self.last_hour.count(at, false);
        self.change_action(ended.action, |action| {
            action.last_failure_at = Some(at);
            action.failing_since.get_or_insert(at);
            action.last_day.count(at, false);
        });
        self.failing_since.get_or_insert(at);
        self.failed_attempts = self.failed_attempts.saturating_add(1);
        if ended.stage == Stage::Target {
            self.failed_at_target = self.failed_at_target.saturating_add(1);
        }
        // A delivery that failed before the last success is one more when it fails now as the first.
        if ended.number == 1 || self.failed_deliveries == 0 {
            self.failed_deliveries = self.failed_deliveries.saturating_add(1);
        }
        self.last_failure = Some(LastFailure {
            at,
            action: ended.action.clone(),
            stage: ended.stage,
            result: ended.result,
            against_endpoint: failure.counts_against_endpoint,
        });
        if self.stopped {
            // Nobody has to be told of a subscription that its owner, or we, have stopped.
            return Decision::default();
        }
        self.note_stuck(ended, options);
        let began = self.begin_episode(at, options);
        if !disable_held && ended.stage == Stage::Target && self.is_to_be_disabled(at, options) {
            self.stopped = true;
            return Decision { disable: true, keep: true, ..Decision::default() };
        }
        let told = self.is_to_be_told(at, options);
        let failing = told.then(|| Box::new(self.report(at, options)));
        Decision { failing, keep: began || told, ..Decision::default() }
    }

    /// Notes a delivery that has failed often enough. Each counts once, at whichever attempt it is noticed.
    fn note_stuck(&mut self, ended: &EndedAttempt<'_>, options: &HealthOptions) {
        if ended.number < options.failing_attempts {
            return;
        }
        self.stuck.retain(|stuck| ended.at.since(stuck.at) < STUCK_FOR);
        let known = self.stuck.iter().any(|stuck| stuck.sequence == ended.sequence);
        if !known && self.stuck.len() < options.failing_deliveries {
            let (sequence, action) = (ended.sequence, ended.action.clone());
            self.stuck.push(Stuck { sequence, action, at: ended.at });
        }
    }

    /// Begins an episode when it is time, or makes one of some actions one of all; answers whether it did.
    fn begin_episode(&mut self, at: Timestamp, options: &HealthOptions) -> bool {
        let failing_since = self.failing_since.unwrap_or(at);
        let nothing_succeeds = at.since(failing_since) >= options.failing_after;
        if let Some(episode) = &mut self.episode {
            let widens = nothing_succeeds && !episode.actions.is_empty();
            if widens {
                episode.actions.clear();
            }
            return widens;
        }
        if !nothing_succeeds && self.stuck.len() < options.failing_deliveries {
            return false;
        }
        let first_stuck_at = self.stuck.first().map(|stuck| stuck.at);
        let others_succeed =
            first_stuck_at.is_some_and(|at| self.last_success_at.is_some_and(|last| last >= at));
        let mut episode = Episode { since: failing_since, actions: Vec::new(), told: 0 };
        if !nothing_succeeds && others_succeed {
            for stuck in &self.stuck {
                if !episode.actions.contains(&stuck.action) {
                    episode.actions.push(stuck.action.clone());
                }
            }
            let failing =
                |action: &&Action| action.name.as_ref().is_none_or(|name| episode.actions.contains(name));
            let since = self.actions.iter().filter(failing).filter_map(|action| action.failing_since).min();
            episode.since = since.into_iter().chain(first_stuck_at).min().unwrap_or(failing_since);
        }
        self.episode = Some(episode);
        true
    }

    /// Whether the episode is to be told now; it then counts as told. What was missed in between is not told afterwards.
    fn is_to_be_told(&mut self, at: Timestamp, options: &HealthOptions) -> bool {
        let Some(episode) = &mut self.episode else { return false };
        let passed = |reminder: &&Duration| at.since(episode.since) >= **reminder;
        let due = 1 + options.reminders.iter().filter(passed).count();
        let is_free = self.noticed_at.is_none_or(|noticed| at.since(noticed) >= options.notice_interval);
        let told = due > episode.told && is_free;
        if told {
            episode.told = due;
            self.noticed_at = Some(at);
        }
        told
    }

    fn is_to_be_disabled(&self, at: Timestamp, options: &HealthOptions) -> bool {
        let Some(since) = self.failing_since else { return false };
        let failing_for = at.since(since);
        failing_for >= options.disable_after
            && failing_for >= options.disable_spread
            && self.failed_at_target >= options.disable_attempts
    }

    fn forget_failures(&mut self) {
        self.failing_since = None;
        self.failed_attempts = 0;
        self.failed_at_target = 0;
        self.failed_deliveries = 0;
    }

    /// Notes whether deliveries are attempted; answers whether that is new.
    pub(super) fn set_enabled(&mut self, enabled: bool) -> bool {
        if self.stopped != enabled {
            return false;
        }
        self.stopped = !enabled;
        if enabled {
            self.forget_failures();
            self.episode = None;
            self.stuck.clear();
            for action in &mut self.actions {
                action.failing_since = None;
            }
        }
        true
    }

    pub(super) fn is_failing(&self) -> bool {
        self.failed_attempts >= FAILING_ATTEMPTS
    }

    pub(super) fn report(&self, now: Timestamp, options: &HealthOptions) -> HealthReport {
        let disable_after = options.disable_after.max(options.disable_spread);
        let all_fail = self.episode.as_ref().is_some_and(|episode| episode.actions.is_empty());
        let disable_at = self.failing_since.filter(|_| all_fail && !self.stopped);
        HealthReport {
            failing: self.episode.is_some(),
            since: self.episode.as_ref().map(|episode| episode.since).or(self.failing_since),
            failing_actions: self.episode.as_ref().map(|episode| episode.actions.clone()).unwrap_or_default(),
            last_success_at: self.last_success_at,
            last_failure: self.last_failure.clone(),
            failed_attempts: self.failed_attempts,
            failed_deliveries: self.failed_deliveries,
            stuck_deliveries: self.stuck.iter().filter(|stuck| now.since(stuck.at) < STUCK_FOR).count(),
            noticed_at: self.noticed_at,
            disable_at: disable_at.map(|since| since.after(disable_after)),
            last_hour: self.last_hour.total(now),
            last_day: Counts::sum(self.actions.iter().map(|action| action.last_day.total(now))),
            actions: self.actions.iter().map(|action| action.report(now)).collect(),
        }
    }
}

impl Action {
    fn report(&self, now: Timestamp) -> ActionReport {
        ActionReport {
            action: self.name.clone(),
            failing_since: self.failing_since,
            last_success_at: self.last_success_at,
            last_failure_at: self.last_failure_at,
            last_day: self.last_day.total(now),
        }
    }
}
