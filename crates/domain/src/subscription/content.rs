//! What the bodies of deliveries hold.

use std::sync::Arc;

use super::RequestMethod;
use crate::target::TargetUrl;

/// What the bodies of a subscription's deliveries hold.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub enum Content {
    /// What the dialect composes from action and resource.
    #[default]
    Composed,
    /// The answer of this GraphQL query over the organization's resources, asked anew for each attempt.
    Select(Arc<str>),
    /// The answer of another server, or of our own GraphQL, asked anew for each attempt.
    Origin(Origin),
}

/// Where a doo hook's bodies come from.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Origin {
    /// The method of the request.
    pub method: RequestMethod,
    /// Where the request goes.
    pub endpoint: TargetUrl,
    /// A JSON document with `query`, `variables` and `operationName`, as it was sent. Strings in `variables` may hold placeholders.
    pub body: Arc<str>,
}
