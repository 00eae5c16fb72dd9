//! Connections at rest, kept for the next request of the same organization to the same authority.

use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use rendezhook_domain::sequence::OrganizationNumber;
use rendezhook_domain::target::TargetUrl;
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::kept::Kept;
use crate::request::OutboundRequest;

#[cfg(test)]
mod tests;

/// A connection in steady use is closed after this long all the same, so that certificate and address are judged anew.
const LONGEST_LIFE: Duration = Duration::from_secs(3_600);

/// How often connections past their time are looked for.
const SWEEP_EVERY: Duration = Duration::from_secs(5);

/// For whom and to where a connection may be used again: an organization, and scheme and authority of a target URL.
#[derive(Clone)]
pub(crate) struct PoolKey {
    organization: OrganizationNumber,
    target: TargetUrl,
}

impl PoolKey {
    pub(crate) fn of(request: &OutboundRequest) -> Self {
        Self { organization: request.organization(), target: request.target().clone() }
    }
}

impl PartialEq for PoolKey {
    fn eq(&self, other: &Self) -> bool {
        self.organization == other.organization
            && self.target.scheme() == other.target.scheme()
            && self.target.authority() == other.target.authority()
    }
}

impl Eq for PoolKey {}

impl Hash for PoolKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.organization.hash(state);
        self.target.scheme().hash(state);
        self.target.authority().hash(state);
    }
}

/// Connections at rest, the most recently used taken first.
pub(crate) struct Pool {
    idle_limit: Duration,
    bounds: PoolBounds,
    idle: Mutex<Idle>,
}

/// How many connections are kept at most.
#[derive(Clone, Copy)]
pub(crate) struct PoolBounds {
    pub(crate) total: usize,
    pub(crate) per_key: usize,
    /// With their HTTP machine.
    pub(crate) awake: usize,
}

#[derive(Default)]
struct Idle {
    /// How many there are in all lists together.
    count: usize,
    /// How many of them have their HTTP machine.
    awake: usize,
    /// The longest at rest first in each list.
    by_key: HashMap<PoolKey, Vec<IdleConnection>>,
}

struct IdleConnection {
    kept: Kept,
    since: Instant,
}

impl Idle {
    /// Notes that one has left its list.
    fn forget(&mut self, kept: &Kept) {
        self.count -= 1;
        self.awake -= usize::from(kept.is_awake());
    }
}

impl Pool {
    pub(crate) fn new(idle_limit: Duration, bounds: PoolBounds) -> Arc<Self> {
        Arc::new(Self { idle_limit, bounds, idle: Mutex::default() })
    }

    /// Takes the connection last used to one of `addresses`, or through a proxy, which knows the address alone. Connections to other addresses, which the name no longer
    /// has, and those past their time are closed on the way.
    pub(crate) fn take(&self, key: &PoolKey, addresses: &[IpAddr]) -> Option<Kept> {
        let now = Instant::now();
        let mut stale = Vec::new();
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let idle = &mut *idle;
        while let Some(candidate) = idle.by_key.get_mut(key).and_then(Vec::pop) {
            idle.forget(&candidate.kept);
            let peer = candidate.kept.peer();
            let remote = peer.remote.ip();
            let current =
                peer.is_behind_proxy || addresses.iter().any(|address| address.to_canonical() == remote);
            if current && now.duration_since(candidate.since) < self.idle_limit {
                return Some(candidate.kept);
            }
            stale.push(candidate);
        }
        None
    }

    /// Keeps a connection for later, or closes it when there are too many or it is old. Where many have their HTTP machine already, it is
    /// put away.
    pub(crate) fn put(&self, key: PoolKey, mut kept: Kept) {
        if kept.age() >= LONGEST_LIFE {
            return;
        }
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.count >= self.bounds.total {
            return;
        }
        if kept.is_awake() && idle.awake >= self.bounds.awake {
            drop(idle);
            let Some(resting) = kept.rest() else { return };
            kept = resting;
            idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        }
        let idle = &mut *idle;
        let list = idle.by_key.entry(key).or_default();
        if idle.count < self.bounds.total && list.len() < self.bounds.per_key {
            idle.count += 1;
            idle.awake += usize::from(kept.is_awake());
            list.push(IdleConnection { kept, since: Instant::now() });
        }
    }

    /// Closes what is past its time.
    fn sweep(&self) {
        let now = Instant::now();
        let mut expired = Vec::new();
        {
            let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
            let idle = &mut *idle;
            idle.by_key.retain(|_, list| {
                let young = list.partition_point(|one| now.duration_since(one.since) >= self.idle_limit);
                expired.extend(list.drain(..young));
                !list.is_empty()
            });
            for one in &expired {
                idle.forget(&one.kept);
            }
        }
        // Closing sockets takes its time; the lock is free by now.
        drop(expired);
    }

    /// Sweeps for as long as the pool lives.
    pub(crate) async fn keep_swept(pool: Weak<Self>) {
        let mut ticks = interval(SWEEP_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let Some(pool) = pool.upgrade() else { return };
            pool.sweep();
        }
    }
}
