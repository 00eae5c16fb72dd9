//! What a publisher rendered itself.

use std::collections::HashMap;

use serde_json::value::RawValue;

use rendezhook_domain::accepted::AcceptedAction;
use rendezhook_domain::subscription::Dialect;

use crate::delivery::BuildError;

/// The JSON value that the publisher rendered for a dialect, as it was published; null counts as none.
pub(crate) fn representation(
    action: &AcceptedAction,
    dialect: Dialect,
) -> Result<Option<&RawValue>, BuildError> {
    let Some(bytes) = &action.representations else {
        return Ok(None);
    };
    let mut representations: HashMap<String, Option<&RawValue>> =
        serde_json::from_slice(bytes).map_err(BuildError::Representations)?;
    Ok(representations.remove(dialect.name()).flatten())
}
