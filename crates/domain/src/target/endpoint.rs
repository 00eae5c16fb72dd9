//! What the deliveries of many subscriptions have in common: the place they go to.

use std::fmt;
use std::sync::Arc;

/// A target URL without its query, normalised: `https://example.com/hooks`.
///
/// Window, breaker, rate and health belong to the endpoint. Queries often carry keys; an endpoint can be shown and
/// logged.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Endpoint(Arc<str>);

impl Endpoint {
    pub(super) fn new(text: String) -> Self {
        Self(text.into())
    }

    /// The endpoint as a URL, the port left out where it is the scheme's own.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Endpoint({})", self.0)
    }
}
