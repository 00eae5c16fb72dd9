//! By what means attempts are made.

use std::collections::HashMap;
use std::sync::Arc;

use http::HeaderMap;
use rendezhook_domain::target::{OwnOrigins, TargetUrl};
use rendezhook_egress::{Egress, TokenCache, TokenCacheSettings};
use rendezhook_graphql::GraphQl;

/// What attempts send with, and whom they ask for what they send.
pub struct Means {
    /// Sends requests to others.
    pub egress: Arc<Egress>,
    /// Fetches and keeps the tokens that targets ask for.
    pub tokens: TokenCache,
    /// Answers questions about the organization's resources.
    pub graphql: GraphQl,
    /// The origins that `graphql` answers for.
    pub own_origins: OwnOrigins,
    /// What is sent to origins of others.
    pub origin_headers: OriginHeaders,
    /// The host under which this server is reached, told to targets that ask who sends.
    pub request_origin: Arc<str>,
}

impl Means {
    /// Sends through `egress` and asks `graphql` for what subscriptions select. No origin is our own, and none is sent headers; this
    /// server is `localhost` to others.
    #[must_use]
    pub fn new(egress: Arc<Egress>, graphql: GraphQl) -> Self {
        let tokens = TokenCache::new(Arc::clone(&egress), TokenCacheSettings::default());
        Self {
            egress,
            tokens,
            graphql,
            own_origins: OwnOrigins::default(),
            origin_headers: OriginHeaders::default(),
            request_origin: Arc::from("localhost"),
        }
    }
}

/// Headers that the operator has sent to origins: keys, mostly. Each belongs to one host and port, so that no subscription can have
/// a key sent to a place of its own choice.
#[derive(Clone, Default)]
pub struct OriginHeaders(HashMap<Box<str>, HeaderMap>);

impl OriginHeaders {
    /// Adds headers for the host and port of a URL. Their values are never shown.
    pub fn add(
        &mut self,
        place: &TargetUrl,
        headers: impl IntoIterator<Item = (http::HeaderName, http::HeaderValue)>,
    ) {
        let all = self.0.entry(place.authority().into()).or_default();
        for (name, mut value) in headers {
            value.set_sensitive(true);
            all.insert(name, value);
        }
    }

    /// What is sent to this origin.
    pub(crate) fn of(&self, origin: &TargetUrl) -> Option<&HeaderMap> {
        self.0.get(origin.authority())
    }
}
