//! What is done with resources that do not fit their schema, as their organization wants it.

use rendezhook_domain::json::Json;
use rendezhook_domain::organization::SchemaCheck;
use rendezhook_domain::resource::ResourceKind;

use crate::error::PublishError;
use crate::schema::{Misfit, misfits};

/// How many parts of one resource are named at most, when it is accepted nevertheless.
pub const MAXIMUM_WARNINGS: usize = 10;

/// After so many warnings of one request only one is given for each further resource, so that an answer stays short.
const DETAILED_WARNINGS: usize = 1_000;

/// How many parts are named at most when a request is refused.
const MAXIMUM_REASONS: usize = 20;

/// Looks at resources. Answers with the warnings for each, in order.
///
/// # Errors
/// When one does not fit and its organization wants that to be refused.
pub(crate) fn checked<'a, J: Json + 'a>(
    check: SchemaCheck,
    resources: impl ExactSizeIterator<Item = (ResourceKind, &'a J)>,
) -> Result<Vec<Vec<Misfit>>, PublishError> {
    match check {
        SchemaCheck::Off => Ok(vec![Vec::new(); resources.len()]),
        SchemaCheck::Warn => Ok(warnings(resources)),
        SchemaCheck::Reject => {
            let count = resources.len();
            refuse(resources)?;
            Ok(vec![Vec::new(); count])
        }
    }
}

fn warnings<'a, J: Json + 'a>(resources: impl Iterator<Item = (ResourceKind, &'a J)>) -> Vec<Vec<Misfit>> {
    let mut named = 0_usize;
    let of_one = |(kind, resource)| {
        let at_most = if named < DETAILED_WARNINGS { MAXIMUM_WARNINGS } else { 1 };
        let found = misfits(kind, resource, at_most);
        named = named.saturating_add(found.len());
        found
    };
    resources.map(of_one).collect()
}

fn refuse<'a, J: Json + 'a>(
    resources: impl Iterator<Item = (ResourceKind, &'a J)>,
) -> Result<(), PublishError> {
    let mut reasons = Vec::new();
    for (index, (kind, resource)) in resources.enumerate() {
        let at_most = MAXIMUM_REASONS.saturating_sub(reasons.len());
        if at_most == 0 {
            break;
        }
        reasons.extend(misfits(kind, resource, at_most).into_iter().map(|misfit| (index, misfit)));
    }
    if reasons.is_empty() { Ok(()) } else { Err(PublishError::DoesNotFit { reasons }) }
}
