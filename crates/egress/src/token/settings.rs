//! What an operator can set about access tokens.

use std::time::Duration;

/// What an operator can set about access tokens. [`TokenCacheSettings::default`] gives what suits most.
#[derive(Clone, Debug)]
pub struct TokenCacheSettings {
    /// How long one fetch may take, from DNS to the end of the answer; 30 s unless set, which is the longest an attempt
    /// may have.
    pub fetch_limit: Duration,
    /// How many tokens, failures and fetches under way there may be together; 10,000 unless set. The expired and the
    /// least recently used make room.
    pub maximum_entries: usize,
}

impl Default for TokenCacheSettings {
    fn default() -> Self {
        Self { fetch_limit: Duration::from_secs(30), maximum_entries: 10_000 }
    }
}
