//! What is said of resources that are accepted although they do not fit the schema of their kind.

use rendezhook_domain::resource::{ResourceId, ResourceKind};
use rendezhook_domain::time::Timestamp;
use rendezhook_intake::SchemaWarnings;
use rendezhook_intake::schema::Misfit;
use serde::Serialize;
use utoipa::ToSchema;

use super::vocabulary;

/// One part of a resource that does not fit the schema of its kind.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SchemaWarning)]
pub(crate) struct WarningView {
    /// Where it is: a JSON pointer (RFC 6901) into the resource.
    #[schema(example = "/dates/0/date")]
    pointer: String,
    /// What is wrong and what would be right.
    #[schema(example = "this member is missing")]
    detail: String,
}

/// What was accepted although it does not fit, since the server started.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SchemaWarnings)]
pub(crate) struct WarningsView {
    /// How many states of resources.
    count: u64,
    /// When the last one was accepted.
    #[schema(value_type = String, format = DateTime)]
    last_at: Timestamp,
    /// The kind of the last one.
    #[schema(value_type = vocabulary::PublishedKindWord)]
    last_resource_kind: ResourceKind,
    /// Your id of the last one.
    #[schema(value_type = String, example = "booking-4711")]
    last_resource_id: ResourceId,
    /// What of the last one does not fit; at most 10 parts are named.
    last_warnings: Vec<WarningView>,
}

/// The warnings in the form in which an answer shows them.
pub(crate) fn shown(misfits: Vec<Misfit>) -> Vec<WarningView> {
    misfits.into_iter().map(|Misfit { pointer, detail }| WarningView { pointer, detail }).collect()
}

impl From<SchemaWarnings> for WarningsView {
    fn from(warnings: SchemaWarnings) -> Self {
        Self {
            count: warnings.count,
            last_at: warnings.last_at,
            last_resource_kind: warnings.last_kind,
            last_resource_id: warnings.last_id,
            last_warnings: shown(warnings.last_misfits),
        }
    }
}
