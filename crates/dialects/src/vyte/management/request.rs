//! What a client sends to make or change a hook.

use std::sync::Arc;

use serde_json::Value;

use rendezhook_domain::action::{ActionName, EVENT_CANCELLED, EVENT_REMOVED};
use rendezhook_domain::matching::{ActionPattern, Filter};
use rendezhook_domain::target::{TargetPolicy, TargetUrl};

use super::{ManagementError, OFFERED_ACTIONS};

/// Which request a body belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestKind {
    /// POST: make a hook.
    Create,
    /// PUT: change a hook. Both fields are mandatory here too.
    Update,
}

/// A hook as a client wants it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HookRequest {
    /// The action to be told about: one of [`OFFERED_ACTIONS`].
    pub action: ActionName,
    /// Where to tell it.
    pub target: TargetUrl,
}

impl HookRequest {
    /// Reads the body of a create or update request. Fields other than `action` and `target_url` are ignored, so that a hook can be
    /// sent back as it was listed.
    ///
    /// # Errors
    /// When the body is missing, is no JSON object, lacks one of the two fields, names an action that is not offered, or a
    /// URL that `policy` refuses.
    pub fn parse(body: &[u8], kind: RequestKind, policy: &TargetPolicy) -> Result<Self, ManagementError> {
        if body.trim_ascii().is_empty() {
            return Err(ManagementError::BodyMissing(kind));
        }
        let value: Value = serde_json::from_slice(body).map_err(ManagementError::InvalidJson)?;
        let Value::Object(fields) = value else {
            return Err(ManagementError::NotAnObject);
        };
        let field = |name| fields.get(name).filter(|value| !value.is_null());
        let (action, target_url) = match (field("action"), field("target_url")) {
            (Some(action), Some(target_url)) => (action, target_url),
            (action, target_url) => {
                let missing = [("action", action), ("target_url", target_url)];
                let missing =
                    missing.into_iter().filter(|(_, value)| value.is_none()).map(|(name, _)| name).collect();
                return Err(ManagementError::FieldsMissing(missing));
            }
        };
        let action = action.as_str().ok_or(ManagementError::NotAText("action"))?;
        let target_url = target_url.as_str().ok_or(ManagementError::NotAText("target_url"))?;
        let action = match action.parse() {
            Ok(name) if OFFERED_ACTIONS.contains(&action) => name,
            _ => return Err(ManagementError::unknown_action(action)),
        };
        let target = TargetUrl::parse(target_url, policy).map_err(ManagementError::InvalidTarget)?;
        Ok(Self { action, target })
    }

    /// What the hook's subscription wants: its action, of one user only when the hook is a user's.
    ///
    /// A hook on `event.cancelled` wants `event.removed` too and gets it as a cancellation, since the Vyte API knows no deletion.
    #[must_use]
    pub fn filter(&self, user: Option<Arc<str>>) -> Filter {
        let mut actions = vec![ActionPattern::Exactly(self.action.clone())];
        if self.action.as_str() == EVENT_CANCELLED {
            actions.extend(EVENT_REMOVED.parse().ok().map(ActionPattern::Exactly));
        }
        Filter { actions, user, event: None }
    }
}
