//! How many requests may be under way to one destination.
//!
//! Whoever owns many names can point them all at one victim; the limit holds for the address behind them. Nothing
//! queues here: the scheduler is told that the address is busy and comes back.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

/// Counts requests under way by destination.
pub(crate) struct Capacity {
    limit: u32,
    under_way: Mutex<HashMap<Destination, u32>>,
}

/// What the limit holds for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Destination {
    /// One host: an IPv4 address, or the IPv6 /64 of which a host may use every address.
    Address(IpAddr),
    /// A name whose address only a proxy knows.
    Name(Box<str>),
}

impl Destination {
    /// The host behind an address.
    pub(crate) fn of(address: IpAddr) -> Self {
        Self::Address(match address.to_canonical() {
            IpAddr::V4(v4) => IpAddr::V4(v4),
            IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64)),
        })
    }
}

impl Capacity {
    pub(crate) fn new(limit: u32) -> Arc<Self> {
        Arc::new(Self { limit, under_way: Mutex::default() })
    }

    /// Takes a place for a request to a destination, or `None` when all are taken. The place returns when the permit is
    /// dropped.
    pub(crate) fn acquire(self: &Arc<Self>, destination: Destination) -> Option<Permit> {
        let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        let count = under_way.entry(destination.clone()).or_insert(0);
        if *count >= self.limit {
            return None;
        }
        *count += 1;
        Some(Permit { capacity: Arc::clone(self), destination })
    }
}

/// A place for one request to a destination.
pub(crate) struct Permit {
    capacity: Arc<Capacity>,
    destination: Destination,
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut under_way = self.capacity.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = under_way.get_mut(&self.destination) {
            *count -= 1;
            if *count == 0 {
                under_way.remove(&self.destination);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(address: &str) -> Destination {
        Destination::of(address.parse().unwrap())
    }

    #[test]
    fn names_behind_a_proxy_have_places_of_their_own() {
        let capacity = Capacity::new(1);
        let name = |name: &str| Destination::Name(name.into());
        let _permit = capacity.acquire(name("a.example")).unwrap();
        assert!(capacity.acquire(name("a.example")).is_none());
        assert!(capacity.acquire(name("b.example")).is_some());
    }

    #[test]
    fn places_are_per_ipv4_address_and_return() {
        let capacity = Capacity::new(1);
        let here = at("1.2.3.4");
        let permit = capacity.acquire(here.clone()).unwrap();
        assert!(capacity.acquire(here.clone()).is_none());
        assert!(capacity.acquire(at("::ffff:1.2.3.4")).is_none());
        assert!(capacity.acquire(at("1.2.3.5")).is_some());
        drop(permit);
        assert!(capacity.acquire(here).is_some());
        assert!(capacity.under_way.lock().unwrap().is_empty(), "nothing under way, nothing remembered");
    }

    #[test]
    fn a_whole_ipv6_64_shares_its_places() {
        let capacity = Capacity::new(1);
        let _permit = capacity.acquire(at("2600:1:2:3::1")).unwrap();
        assert!(capacity.acquire(at("2600:1:2:3:ffff::9")).is_none());
        assert!(capacity.acquire(at("2600:1:2:4::1")).is_some());
    }
}
