//! What a client sends to make a group of hooks.

use std::sync::Arc;

use serde_json::Value;

use rendezhook_domain::resource::ResourceId;
use rendezhook_domain::subscription::TargetAuthentication;
use rendezhook_domain::target::TargetPolicy;
use rendezhook_secrets::SharedSecret;

use super::authentication;
use super::error::RequestError;
use super::fields::{Fields, Problems, object};
use super::hook_request::HookRequest;

/// How many hooks a group may have.
pub const MAXIMUM_HOOKS: usize = 50;

const MAXIMUM_NAME_CHARACTERS: usize = 255;

/// A group of hooks as a client wants it.
#[derive(Debug, Clone)]
pub struct GroupRequest {
    /// What it is called: 1 to 255 characters.
    pub name: Arc<str>,
    /// What its owner says of it: at most 255 characters, empty when nothing.
    pub description: Arc<str>,
    /// The only event of which its hooks are told.
    pub event: Option<Arc<str>>,
    /// Its hooks, 1 to 50, in the order in which they were sent.
    pub hooks: Vec<HookRequest>,
    /// How deliveries of all its hooks authenticate themselves, with the secret that goes with it.
    pub authentication: Option<(TargetAuthentication, SharedSecret)>,
}

impl GroupRequest {
    /// Reads the body of a request. `id`, `_links`, nulls and unknown fields are ignored, so that a group can be sent back as it was
    /// listed.
    ///
    /// # Errors
    /// When the body is no JSON object, or some of its fields are not valid; then each of those is named by its place. One bad
    /// hook refuses the whole group.
    pub fn parse(body: &[u8], policy: &TargetPolicy) -> Result<Self, RequestError> {
        let members = object(body)?;
        let fields = Fields::of_body(&members);
        let mut problems = Problems::default();
        let group = read(&fields, policy, &mut problems);
        problems.or(group)
    }
}

/// Every part is read before any is missed, so that all that is wrong is named at once.
fn read(fields: &Fields<'_>, policy: &TargetPolicy, problems: &mut Problems) -> Option<GroupRequest> {
    let name = fields.text("name", MAXIMUM_NAME_CHARACTERS, problems);
    let description = fields.optional_text("description", MAXIMUM_NAME_CHARACTERS, problems);
    let event = event(fields, problems);
    let hooks = hooks(fields, policy, problems);
    let authentication = fields
        .optional_object("authentication", problems)
        .and_then(|authentication| authentication::read(&authentication, policy, problems));
    Some(GroupRequest {
        name: Arc::from(name?),
        description: Arc::from(description.unwrap_or_default()),
        event,
        hooks: hooks?,
        authentication,
    })
}

fn event(fields: &Fields<'_>, problems: &mut Problems) -> Option<Arc<str>> {
    let id = fields.optional_id("event_id", problems)?;
    match ResourceId::new(&id) {
        Ok(id) => Some(Arc::from(id.as_str())),
        Err(error) => {
            problems.add(fields.place("event_id"), error.to_string());
            None
        }
    }
}

fn hooks(fields: &Fields<'_>, policy: &TargetPolicy, problems: &mut Problems) -> Option<Vec<HookRequest>> {
    let Value::Array(sent) = fields.mandatory("hooks", problems)? else {
        problems.add(fields.place("hooks"), "must be an array of hooks");
        return None;
    };
    if !(1..=MAXIMUM_HOOKS).contains(&sent.len()) {
        let count = sent.len();
        problems.add(fields.place("hooks"), format!("has {count} hooks; it must have 1 to {MAXIMUM_HOOKS}"));
        return None;
    }
    let read = sent
        .iter()
        .enumerate()
        .filter_map(|(index, hook)| HookRequest::read(hook, format!("hooks[{index}]"), policy, problems));
    Some(read.collect())
}
