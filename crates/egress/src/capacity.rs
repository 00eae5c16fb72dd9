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
    under_way: Mutex<HashMap<IpAddr, u32>>,
}

impl Capacity {
    pub(crate) fn new(limit: u32) -> Arc<Self> {
        Arc::new(Self { limit, under_way: Mutex::default() })
    }

    /// Takes a place for a request to `address`, or `None` when all are taken. The place returns when the permit is
    /// dropped.
    pub(crate) fn acquire(self: &Arc<Self>, address: IpAddr) -> Option<Permit> {
        let destination = destination(address);
        let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        let count = under_way.entry(destination).or_insert(0);
        if *count >= self.limit {
            return None;
        }
        *count += 1;
        Some(Permit { capacity: Arc::clone(self), destination })
    }
}

/// One host: an IPv4 address, or the IPv6 /64 of which a host may use every address.
fn destination(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(v4) => IpAddr::V4(v4),
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64)),
    }
}

/// A place for one request to a destination.
pub(crate) struct Permit {
    capacity: Arc<Capacity>,
    destination: IpAddr,
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

    #[test]
    fn places_are_per_ipv4_address_and_return() {
        let capacity = Capacity::new(1);
        let here = "1.2.3.4".parse().unwrap();
        let permit = capacity.acquire(here).unwrap();
        assert!(capacity.acquire(here).is_none());
        assert!(capacity.acquire("::ffff:1.2.3.4".parse().unwrap()).is_none());
        assert!(capacity.acquire("1.2.3.5".parse().unwrap()).is_some());
        drop(permit);
        assert!(capacity.acquire(here).is_some());
        assert!(capacity.under_way.lock().unwrap().is_empty(), "nothing under way, nothing remembered");
    }

    #[test]
    fn a_whole_ipv6_64_shares_its_places() {
        let capacity = Capacity::new(1);
        let _permit = capacity.acquire("2600:1:2:3::1".parse().unwrap()).unwrap();
        assert!(capacity.acquire("2600:1:2:3:ffff::9".parse().unwrap()).is_none());
        assert!(capacity.acquire("2600:1:2:4::1".parse().unwrap()).is_some());
    }
}
