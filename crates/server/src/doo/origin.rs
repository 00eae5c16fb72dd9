//! Origins that are this server: their queries are checked when the hook is made, not at its first delivery.

use rendezhook_dialects::doo::management::{HookRequest, InvalidField, RequestError};
use rendezhook_dialects::doo::question;
use rendezhook_domain::subscription::{Content, Origin};

use crate::failure::Failure;
use crate::state::ServerState;

/// Checks the queries of the hooks whose origin is this server. Of other origins nothing is known.
pub(super) fn check_origins(state: &ServerState, hooks: &[HookRequest]) -> Result<(), Failure> {
    let problems: Vec<InvalidField> =
        hooks.iter().enumerate().filter_map(|(index, hook)| check_origin(state, index, hook)).collect();
    if problems.is_empty() { Ok(()) } else { Err(RequestError::Invalid(problems).into()) }
}

fn check_origin(state: &ServerState, index: usize, hook: &HookRequest) -> Option<InvalidField> {
    let origin = match &hook.content {
        Content::Origin(origin) if state.options.own_origins.contains(&origin.endpoint) => origin,
        Content::Origin(_) | Content::Composed | Content::Select(_) => return None,
    };
    let sentence = check_query(state, origin).err()?;
    Some(InvalidField { place: format!("hooks[{index}].origin.body"), sentence })
}

/// Placeholders stand for texts and are texts, so that the variables are checked as they are.
fn check_query(state: &ServerState, origin: &Origin) -> Result<(), String> {
    let question = question(origin).map_err(|error| error.to_string())?;
    let operation_name = question.operation_name.as_deref();
    let checked = state.graphql.check(&question.query, operation_name, Some(&question.variables));
    checked.map_err(|error| error.to_string())
}
