//! Judged answers of DNS, remembered for a short time.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rendezhook_domain::cause::Cause;
use rendezhook_domain::target::TargetHost;
use tokio::sync::OnceCell;
use tokio::time::{Instant, timeout, timeout_at};

use super::{Resolve, ResolveError};
use crate::guard::Guard;

#[cfg(test)]
mod tests;

/// Even a time to live of 0 holds this long, or every request would ask.
const SHORTEST: Duration = Duration::from_secs(1);
/// A moved receiver is found again after this long, whatever its time to live says.
const LONGEST: Duration = Duration::from_secs(60);
/// How long it holds that a name does not exist.
const NOT_FOUND: Duration = Duration::from_secs(5);
/// How long a name is looked up where a proxy will do so too.
const BEHIND_PROXY: Duration = Duration::from_secs(1);
/// Addresses beyond these are judged but not tried.
const MAXIMUM_ADDRESSES: usize = 16;

/// The addresses of a name in the order to try them, or why there are none.
type Answer = Result<Arc<[IpAddr]>, Cause>;

/// Resolves names and keeps the judged answers. However many requests wait for a name, it is asked for once.
pub(crate) struct Names {
    resolver: Arc<dyn Resolve>,
    guard: Arc<Guard>,
    resolve_limit: Duration,
    /// How long it holds that the name servers did not answer.
    silence_holds: Duration,
    loopback: Arc<[IpAddr]>,
    cache: Mutex<Cache>,
}

impl Names {
    pub(crate) fn new(
        resolver: Arc<dyn Resolve>,
        guard: Arc<Guard>,
        resolve_limit: Duration,
        cached_names: usize,
    ) -> Self {
        Self {
            resolver,
            guard,
            resolve_limit,
            silence_holds: SHORTEST,
            loopback: Arc::new([IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)]),
            cache: Mutex::new(Cache::new(cached_names)),
        }
    }

    /// The same names where a proxy resolves them too: name servers that know nothing of the outside are not waited for long, and not
    /// asked again soon.
    pub(crate) fn behind_proxy(mut self) -> Self {
        self.resolve_limit = self.resolve_limit.min(BEHIND_PROXY);
        self.silence_holds = LONGEST;
        self
    }

    /// The addresses of a host, all judged: a literal address is one answer like those of DNS.
    pub(crate) async fn addresses(&self, host: &TargetHost, deadline: Instant) -> Answer {
        let name = match host {
            TargetHost::Address(address) => return self.judge(host, &[*address]),
            TargetHost::Name(_) if host.is_loopback() => {
                return if self.guard.allows_loopback() {
                    Ok(Arc::clone(&self.loopback))
                } else {
                    Err(Cause::AddressNotAllowed)
                };
            }
            TargetHost::Name(name) => name,
        };

        let entry = self.cache.lock().unwrap_or_else(PoisonError::into_inner).entry(name, Instant::now());
        if let Some(known) = entry.get() {
            return known.answer.clone();
        }
        // If the request that asks is dropped, the next one waiting asks in its place.
        let asking = entry.get_or_init(|| self.look_up(host, name));
        match timeout_at(deadline, asking).await {
            Ok(known) => known.answer.clone(),
            Err(_) => Err(Cause::DnsTimeout),
        }
    }

    async fn look_up(&self, host: &TargetHost, name: &str) -> Known {
        let result = match timeout(self.resolve_limit, self.resolver.resolve(name)).await {
            Ok(result) => result,
            Err(_) => Err(ResolveError::TimedOut),
        };
        let (answer, holds) = match result {
            Ok(resolved) if resolved.addresses.is_empty() => (Err(Cause::DnsNotFound), NOT_FOUND),
            Ok(resolved) => {
                let holds = resolved.time_to_live.clamp(SHORTEST, LONGEST);
                (self.judge(host, &resolved.addresses), holds)
            }
            Err(ResolveError::NotFound) => (Err(Cause::DnsNotFound), NOT_FOUND),
            Err(ResolveError::TimedOut) => (Err(Cause::DnsTimeout), self.silence_holds),
            Err(ResolveError::Failed(error)) => {
                tracing::debug!(name, error = %error, "a name could not be resolved");
                (Err(Cause::DnsFailure), self.silence_holds)
            }
        };
        Known { answer, expires: Instant::now() + holds }
    }

    /// Judges every address, and keeps the first few.
    fn judge(&self, host: &TargetHost, addresses: &[IpAddr]) -> Answer {
        match self.guard.judge_answers(addresses) {
            Ok(()) => Ok(addresses.iter().take(MAXIMUM_ADDRESSES).copied().collect()),
            Err(refusal) => {
                tracing::info!(?host, %refusal, "refused a target because of its address");
                Err(Cause::AddressNotAllowed)
            }
        }
    }
}

/// An answer and until when it holds.
struct Known {
    answer: Answer,
    expires: Instant,
}

/// An answer that is there or being fetched.
type Entry = Arc<OnceCell<Known>>;

/// Two generations of entries. When the younger is full the older is forgotten and the younger becomes the older; names
/// in use move back into the younger. So the size is bounded without bookkeeping about use.
struct Cache {
    generation_size: usize,
    younger: HashMap<Box<str>, Entry>,
    older: HashMap<Box<str>, Entry>,
}

impl Cache {
    fn new(size: usize) -> Self {
        Self { generation_size: (size / 2).max(1), younger: HashMap::new(), older: HashMap::new() }
    }

    /// The entry of a name that still holds or is being fetched, or a new one.
    fn entry(&mut self, name: &str, now: Instant) -> Entry {
        let holds = |entry: &Entry| entry.get().is_none_or(|known| known.expires > now);
        if let Some(entry) = self.younger.get_mut(name) {
            if !holds(entry) {
                *entry = Entry::default();
            }
            return Arc::clone(entry);
        }
        let entry = self.older.remove(name).filter(holds).unwrap_or_default();
        if self.younger.len() >= self.generation_size {
            self.older = std::mem::take(&mut self.younger);
        }
        self.younger.insert(name.into(), Arc::clone(&entry));
        entry
    }
}
