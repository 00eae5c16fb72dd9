//! How often forms are taken: a bucket of tokens for each client and for each organization, in memory.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rendezhook_domain::sequence::OrganizationNumber;
use rendezhook_domain::time::Timestamp;

/// Forms of one client: 10 at once, and one more every 6 seconds.
const CLIENT_RATE: Rate = Rate { burst: 10, interval_milliseconds: 6_000 };
/// Forms of one organization: 60 at once, and one more every second.
const ORGANIZATION_RATE: Rate = Rate { burst: 60, interval_milliseconds: 1_000 };
/// How many clients and organizations are told apart at once; those beyond share one bucket.
const MAXIMUM_BUCKETS: usize = 10_000;

/// What the network of an IPv6 client is, for whom a host has all addresses of a /64 to choose from.
const IPV6_NETWORK: u128 = u128::MAX << 64;

/// The limits of one server's join links.
pub(super) struct JoinLimits {
    clients: Mutex<Buckets<IpAddr>>,
    organizations: Mutex<Buckets<OrganizationNumber>>,
}

impl Default for JoinLimits {
    fn default() -> Self {
        Self {
            clients: Mutex::new(Buckets::new(CLIENT_RATE, MAXIMUM_BUCKETS)),
            organizations: Mutex::new(Buckets::new(ORGANIZATION_RATE, MAXIMUM_BUCKETS)),
        }
    }
}

impl JoinLimits {
    /// Counts a form of this client, or says how long it has to wait.
    pub(super) fn of_client(&self, client: IpAddr, now: Timestamp) -> Result<(), Duration> {
        let network = match client {
            IpAddr::V4(_) => client,
            IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & IPV6_NETWORK)),
        };
        self.clients.lock().unwrap_or_else(PoisonError::into_inner).take(network, now)
    }

    /// Counts a form for this organization, or says how long it has to wait.
    pub(super) fn of_organization(
        &self,
        organization: OrganizationNumber,
        now: Timestamp,
    ) -> Result<(), Duration> {
        self.organizations.lock().unwrap_or_else(PoisonError::into_inner).take(organization, now)
    }
}

/// How many tokens a bucket holds, and how fast they come back.
#[derive(Clone, Copy)]
struct Rate {
    burst: i64,
    interval_milliseconds: i64,
}

impl Rate {
    /// The time in which an empty bucket fills, in milliseconds.
    const fn filling(self) -> i64 {
        self.burst * self.interval_milliseconds
    }
}

/// Buckets by key. Of each only the instant is kept at which it will be full again, in milliseconds since 1970: a bucket that
/// is full is no different from one that was never used.
struct Buckets<K> {
    rate: Rate,
    maximum: usize,
    full_at: HashMap<K, i64>,
    others_full_at: i64,
}

impl<K: Eq + Hash> Buckets<K> {
    fn new(rate: Rate, maximum: usize) -> Self {
        Self { rate, maximum, full_at: HashMap::new(), others_full_at: i64::MIN }
    }

    /// Takes a token, or says after which time there will be one.
    fn take(&mut self, key: K, now: Timestamp) -> Result<(), Duration> {
        let now = now.milliseconds();
        if self.full_at.len() >= self.maximum && !self.full_at.contains_key(&key) {
            self.full_at.retain(|_, full_at| *full_at > now);
        }
        let has_room = self.full_at.len() < self.maximum || self.full_at.contains_key(&key);
        let full_at =
            if has_room { self.full_at.entry(key).or_insert(now) } else { &mut self.others_full_at };
        // A clock that was set back must not lock anybody out for longer than an empty bucket takes to fill.
        let latest = now.saturating_add(self.rate.filling());
        let after = (*full_at).clamp(now, latest).saturating_add(self.rate.interval_milliseconds);
        let excess = u64::try_from(after.saturating_sub(latest)).unwrap_or(0);
        if excess > 0 {
            return Err(Duration::from_millis(excess));
        }
        *full_at = after;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate { burst: 2, interval_milliseconds: 1_000 };

    fn at(milliseconds: i64) -> Timestamp {
        Timestamp::from_milliseconds(milliseconds)
    }

    #[test]
    fn tokens_come_back_one_by_one() {
        let mut buckets = Buckets::new(RATE, 10);
        assert_eq!((buckets.take("a", at(0)), buckets.take("a", at(0))), (Ok(()), Ok(())));
        assert_eq!(buckets.take("a", at(0)), Err(Duration::from_millis(1_000)));
        assert_eq!(buckets.take("b", at(0)), Ok(()));
        assert_eq!(buckets.take("a", at(400)), Err(Duration::from_millis(600)));
        assert_eq!(buckets.take("a", at(1_000)), Ok(()));
        assert_eq!(buckets.take("a", at(1_000)), Err(Duration::from_millis(1_000)));
        assert_eq!((buckets.take("a", at(9_000)), buckets.take("a", at(9_000))), (Ok(()), Ok(())));
        assert!(buckets.take("a", at(9_000)).is_err());
    }

    #[test]
    fn a_clock_that_is_set_back_locks_nobody_out() {
        let mut buckets = Buckets::new(RATE, 10);
        assert_eq!(buckets.take("a", at(1_000_000)), Ok(()));
        assert_eq!(buckets.take("a", at(0)), Err(Duration::from_millis(1_000)));
        assert_eq!(buckets.take("a", at(2_000_000)), Ok(()));
    }

    #[test]
    fn beyond_the_bound_all_share_one_bucket() {
        let mut buckets = Buckets::new(RATE, 2);
        for name in ["a", "b", "c", "d"] {
            assert_eq!(buckets.take(name, at(0)), Ok(()), "{name}");
        }
        assert!(buckets.take("e", at(0)).is_err());
        assert_eq!(buckets.take("a", at(0)), Ok(()));
        assert_eq!(buckets.full_at.len(), 2);
        // Buckets that are full again make room.
        assert_eq!(buckets.take("e", at(2_000)), Ok(()));
        assert!(buckets.full_at.contains_key("e"));
    }

    #[test]
    fn an_ipv6_network_is_one_client() {
        let limits = JoinLimits::default();
        let take = |address: &str| limits.of_client(address.parse().unwrap(), at(0));
        for host in 0..10 {
            assert_eq!(take(&format!("2001:db8::{host}")), Ok(()));
        }
        assert_eq!(take("2001:db8::ffff:1"), Err(Duration::from_secs(6)));
        assert_eq!(take("2001:db8:0:1::1"), Ok(()));
        assert_eq!(take("192.0.2.1"), Ok(()));
    }
}
