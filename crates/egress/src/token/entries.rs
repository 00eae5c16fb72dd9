//! What the cache holds: tokens, failures and fetches under way, no more than a fixed number of them.

use std::collections::HashMap;

use tokio::sync::watch;
use tokio::time::Instant;

use super::access::AccessToken;
use super::failure::TokenFailure;
use super::request::RequestDigest;

#[cfg(test)]
mod tests;

/// What a fetch brought.
#[derive(Debug)]
pub(crate) struct Fetched {
    pub(crate) outcome: Result<AccessToken, TokenFailure>,
    /// Who comes later fetches anew. Who waited already gets the outcome even so.
    pub(crate) holds_until: Instant,
}

/// The entries.
pub(crate) struct Entries {
    maximum: usize,
    by_key: HashMap<RequestDigest, Entry>,
}

/// One fetch, under way or done. It is the receiving end of what its task sends in the end.
struct Entry {
    fetched: watch::Receiver<Option<Fetched>>,
    last_used: Instant,
}

#[derive(PartialEq, Eq)]
enum State {
    UnderWay,
    Holds,
    /// No longer of use: expired, or the task ended without a result.
    Over,
}

/// What there is for somebody who asks.
#[derive(Debug)]
pub(crate) enum Claim {
    /// A fetch, under way or done.
    Known(watch::Receiver<Option<Fetched>>),
    /// Nothing: the one who asked is to fetch, and to send what it brought.
    ToFetch(watch::Sender<Option<Fetched>>, watch::Receiver<Option<Fetched>>),
    /// Nothing, and every place is taken by a fetch under way.
    Full,
}

impl Entry {
    fn state(&self, now: Instant) -> State {
        // A task sends before it lets go of the sender, so in this order a fetch that ends in between is not taken
        // for one that was lost.
        let is_abandoned = self.fetched.has_changed().is_err();
        match &*self.fetched.borrow() {
            Some(fetched) if fetched.holds_until > now => State::Holds,
            None if !is_abandoned => State::UnderWay,
            _ => State::Over,
        }
    }
}

impl Entries {
    pub(crate) fn new(maximum: usize) -> Self {
        Self { maximum, by_key: HashMap::new() }
    }

    /// What there is under a key. At any time only one fetch under a key has been handed out and not ended.
    pub(crate) fn claim(&mut self, key: RequestDigest, now: Instant) -> Claim {
        if let Some(entry) = self.by_key.get_mut(&key)
            && entry.state(now) != State::Over
        {
            entry.last_used = now;
            return Claim::Known(entry.fetched.clone());
        }
        self.by_key.remove(&key);
        if self.by_key.len() >= self.maximum {
            self.make_room(now);
        }
        if self.by_key.len() >= self.maximum {
            return Claim::Full;
        }
        let (sender, fetched) = watch::channel(None);
        self.by_key.insert(key, Entry { fetched: fetched.clone(), last_used: now });
        Claim::ToFetch(sender, fetched)
    }

    /// Forgets a token if it is the one under this key.
    pub(crate) fn forget(&mut self, key: &RequestDigest, token: &AccessToken) {
        let is_current = self.by_key.get(key).is_some_and(|entry| {
            let fetched = entry.fetched.borrow();
            let current = fetched.as_ref().and_then(|fetched| fetched.outcome.as_ref().ok());
            current.is_some_and(|current| current.is_same(token))
        });
        if is_current {
            self.by_key.remove(key);
        }
    }

    /// Drops what is over, or else a tenth, the least recently used of what is done: a scan of all entries then makes
    /// room for many. A fetch under way stays, or a second one could start beside it.
    fn make_room(&mut self, now: Instant) {
        self.by_key.retain(|_, entry| entry.state(now) != State::Over);
        if self.by_key.len() < self.maximum {
            return;
        }
        let mut done: Vec<(Instant, RequestDigest)> = self
            .by_key
            .iter()
            .filter(|(_, entry)| entry.state(now) == State::Holds)
            .map(|(key, entry)| (entry.last_used, *key))
            .collect();
        done.sort_unstable_by_key(|(last_used, _)| *last_used);
        let dropped = (self.maximum / 10).max(1);
        for (_, key) in done.iter().take(dropped) {
            self.by_key.remove(key);
        }
    }
}
