//! The form in which the store keeps how a subscription does: JSON. A member that an older form lacks is empty.

use rendezhook_domain::action::ActionName;
use rendezhook_domain::cause::Cause;
use rendezhook_domain::sequence::Sequence;
use rendezhook_domain::stage::Stage;
use rendezhook_domain::time::Timestamp;
use rendezhook_store::record::AttemptResult;
use serde::{Deserialize, Serialize};

use super::report::LastFailure;
use super::state::{Action, Episode, State, Stuck};
use super::window::Window;

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Kept {
    last_success_at: Option<Timestamp>,
    last_failure: Option<KeptFailure>,
    failing_since: Option<Timestamp>,
    failed_attempts: u32,
    failed_at_target: u32,
    failed_deliveries: u32,
    stuck: Vec<KeptStuck>,
    episode: Option<KeptEpisode>,
    noticed_at: Option<Timestamp>,
    stopped: bool,
    last_hour: Window<3_600>,
    actions: Vec<KeptAction>,
}

#[derive(Serialize, Deserialize)]
struct KeptFailure {
    at: Timestamp,
    action: ActionName,
    stage: Stage,
    /// The status; none without an answer.
    status: Option<u16>,
    /// The code of the cause; none with an answer.
    cause: Option<String>,
    against_endpoint: bool,
}

#[derive(Serialize, Deserialize)]
struct KeptStuck {
    sequence: Sequence,
    action: ActionName,
    at: Timestamp,
}

#[derive(Serialize, Deserialize)]
struct KeptEpisode {
    since: Timestamp,
    actions: Vec<ActionName>,
    told: usize,
}

#[derive(Serialize, Deserialize)]
struct KeptAction {
    name: Option<ActionName>,
    failing_since: Option<Timestamp>,
    last_success_at: Option<Timestamp>,
    last_failure_at: Option<Timestamp>,
    last_day: Window<86_400>,
}

/// The state as a text.
pub(super) fn write(state: &State) -> String {
    let kept = Kept {
        last_success_at: state.last_success_at,
        last_failure: state.last_failure.as_ref().map(KeptFailure::new),
        failing_since: state.failing_since,
        failed_attempts: state.failed_attempts,
        failed_at_target: state.failed_at_target,
        failed_deliveries: state.failed_deliveries,
        stuck: state.stuck.iter().map(KeptStuck::new).collect(),
        episode: state.episode.as_ref().map(KeptEpisode::new),
        noticed_at: state.noticed_at,
        stopped: state.stopped,
        last_hour: state.last_hour.clone(),
        actions: state.actions.iter().map(KeptAction::new).collect(),
    };
    // Texts, numbers and lists always have a form in JSON.
    serde_json::to_string(&kept).unwrap_or_default()
}

/// The state from its text.
pub(super) fn read(text: &str) -> Result<State, serde_json::Error> {
    let kept: Kept = serde_json::from_str(text)?;
    Ok(State {
        last_success_at: kept.last_success_at,
        last_failure: kept.last_failure.and_then(KeptFailure::known),
        failing_since: kept.failing_since,
        failed_attempts: kept.failed_attempts,
        failed_at_target: kept.failed_at_target,
        failed_deliveries: kept.failed_deliveries,
        stuck: kept.stuck.into_iter().map(KeptStuck::known).collect(),
        episode: kept.episode.map(KeptEpisode::known),
        noticed_at: kept.noticed_at,
        stopped: kept.stopped,
        last_hour: kept.last_hour,
        actions: kept.actions.into_iter().map(KeptAction::known).collect(),
        unkept: false,
    })
}

impl KeptFailure {
    fn new(failure: &LastFailure) -> Self {
        let (status, cause) = match failure.result {
            AttemptResult::Status(status) => (Some(status), None),
            AttemptResult::Failed(cause) => (None, Some(cause.code().to_owned())),
        };
        let LastFailure { at, stage, against_endpoint, .. } = *failure;
        Self { at, action: failure.action.clone(), stage, status, cause, against_endpoint }
    }

    /// A cause that this version does not know any more leaves the failure out.
    fn known(self) -> Option<LastFailure> {
        let result = match self.status {
            Some(status) => AttemptResult::Status(status),
            None => AttemptResult::Failed(self.cause?.parse::<Cause>().ok()?),
        };
        let Self { at, action, stage, against_endpoint, .. } = self;
        Some(LastFailure { at, action, stage, result, against_endpoint })
    }
}

impl KeptStuck {
    fn new(stuck: &Stuck) -> Self {
        Self { sequence: stuck.sequence, action: stuck.action.clone(), at: stuck.at }
    }

    fn known(self) -> Stuck {
        let Self { sequence, action, at } = self;
        Stuck { sequence, action, at }
    }
}

impl KeptEpisode {
    fn new(episode: &Episode) -> Self {
        Self { since: episode.since, actions: episode.actions.clone(), told: episode.told }
    }

    fn known(self) -> Episode {
        let Self { since, actions, told } = self;
        Episode { since, actions, told }
    }
}

impl KeptAction {
    fn new(action: &Action) -> Self {
        Self {
            name: action.name.clone(),
            failing_since: action.failing_since,
            last_success_at: action.last_success_at,
            last_failure_at: action.last_failure_at,
            last_day: action.last_day.clone(),
        }
    }

    fn known(self) -> Action {
        let Self { name, failing_since, last_success_at, last_failure_at, last_day } = self;
        Action { name, failing_since, last_success_at, last_failure_at, last_day }
    }
}
