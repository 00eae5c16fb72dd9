//! Which addresses a request may go to.
//!
//! The built-in ranges follow the special-purpose registries of RFC 6890, with what they leave open: for IPv6 only
//! the space that is assigned for global use passes, which also removes every form that embeds an IPv4 address.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::cidr::Cidr;

#[cfg(test)]
mod tests;

/// IPv4 ranges that are never a customer's receiver.
const DENIED_V4: [Cidr; 16] = [
    Cidr::v4([0, 0, 0, 0], 8), // this network; connects to the own machine on some systems
    Cidr::v4([10, 0, 0, 0], 8), // private
    Cidr::v4([100, 64, 0, 0], 10), // shared by carriers; also private networks of clouds
    Cidr::v4([127, 0, 0, 0], 8), // loopback
    Cidr::v4([168, 63, 129, 16], 32), // the host endpoint of Azure, a public address
    Cidr::v4([169, 254, 0, 0], 16), // link-local, with the metadata services of clouds
    Cidr::v4([172, 16, 0, 0], 12), // private
    Cidr::v4([192, 0, 0, 0], 24), // protocol assignments, with Oracle's metadata service
    Cidr::v4([192, 0, 2, 0], 24), // documentation
    Cidr::v4([192, 88, 99, 0], 24), // 6to4 relays
    Cidr::v4([192, 168, 0, 0], 16), // private
    Cidr::v4([198, 18, 0, 0], 15), // benchmarking
    Cidr::v4([198, 51, 100, 0], 24), // documentation
    Cidr::v4([203, 0, 113, 0], 24), // documentation
    Cidr::v4([224, 0, 0, 0], 4), // multicast
    Cidr::v4([240, 0, 0, 0], 4), // reserved, and broadcast
];

/// The only IPv6 space assigned for global unicast use.
const GLOBAL_V6: Cidr = Cidr::v6(0x2000, 0, 3);

/// IPv6 ranges inside [`GLOBAL_V6`] that are never a customer's receiver.
const DENIED_V6: [Cidr; 4] = [
    Cidr::v6(0x2001, 0, 23),     // Teredo, ORCHID, benchmarking
    Cidr::v6(0x2001, 0xdb8, 32), // documentation
    Cidr::v6(0x2002, 0, 16),     // 6to4, which embeds IPv4 addresses
    Cidr::v6(0x3fff, 0, 20),     // documentation
];

/// Which addresses requests may go to: the public Internet, changed by the operator's lists.
///
/// An operator's denied range wins over everything, an operator's allowed range over what is built in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AddressRule {
    denied: Vec<Cidr>,
    allowed: Vec<Cidr>,
    loopback: bool,
}

impl AddressRule {
    /// Public addresses only.
    #[must_use]
    pub fn public() -> Self {
        Self::default()
    }

    /// Also refuses these ranges, for example the prefix of a network's own NAT64.
    #[must_use]
    pub fn denying(mut self, ranges: impl IntoIterator<Item = Cidr>) -> Self {
        self.denied.extend(ranges);
        self
    }

    /// Also permits these ranges, for example the operator's private network.
    #[must_use]
    pub fn allowing(mut self, ranges: impl IntoIterator<Item = Cidr>) -> Self {
        self.allowed.extend(ranges);
        self
    }

    /// Also permits `127.0.0.0/8` and `::1`. For development: whoever may create hooks can then reach whatever
    /// listens on this machine.
    #[must_use]
    pub fn allowing_loopback(mut self) -> Self {
        self.loopback = true;
        self
    }

    /// Whether loopback is permitted by [`allowing_loopback`](Self::allowing_loopback).
    #[must_use]
    pub fn allows_loopback(&self) -> bool {
        self.loopback
    }

    /// Judges one address, an IPv4-mapped one in its IPv4 form.
    ///
    /// # Errors
    ///
    /// [`AddressRefusal`] when no request may go there.
    pub fn permits(&self, address: IpAddr) -> Result<(), AddressRefusal> {
        let address = address.to_canonical();
        match self.refusal_reason(address) {
            None => Ok(()),
            Some(reason) => Err(AddressRefusal { address, reason }),
        }
    }

    fn refusal_reason(&self, address: IpAddr) -> Option<RefusalReason> {
        if let Some(range) = self.denied.iter().find(|range| range.contains(address)) {
            return Some(RefusalReason::DeniedByOperator(*range));
        }
        if self.allowed.iter().any(|range| range.contains(address)) {
            return None;
        }
        if self.loopback && address.is_loopback() {
            return None;
        }
        match address {
            IpAddr::V4(v4) => built_in_v4(v4),
            IpAddr::V6(v6) => built_in_v6(v6),
        }
    }
}

fn built_in_v4(address: Ipv4Addr) -> Option<RefusalReason> {
    let range = DENIED_V4.iter().find(|range| range.contains(IpAddr::V4(address)))?;
    Some(RefusalReason::SpecialPurpose(*range))
}

fn built_in_v6(address: Ipv6Addr) -> Option<RefusalReason> {
    let address = IpAddr::V6(address);
    if !GLOBAL_V6.contains(address) {
        return Some(RefusalReason::NotGlobal);
    }
    let range = DENIED_V6.iter().find(|range| range.contains(address))?;
    Some(RefusalReason::SpecialPurpose(*range))
}

/// An address to which no request may go.
///
/// The message names neither the address nor the rule: a customer who could read them would learn what the
/// operator's network looks like from inside. Both are there for the operator's log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the address is not allowed; use one that is reachable from the public Internet")]
pub struct AddressRefusal {
    address: IpAddr,
    reason: RefusalReason,
}

impl AddressRefusal {
    /// The refused address. For the operator only.
    #[must_use]
    pub fn address(&self) -> IpAddr {
        self.address
    }

    /// Which rule refused it. For the operator only.
    #[must_use]
    pub fn reason(&self) -> RefusalReason {
        self.reason
    }
}

/// Which part of an [`AddressRule`] refused an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RefusalReason {
    /// It is in a range that the operator denies.
    #[error("in {0}, denied by the operator")]
    DeniedByOperator(Cidr),
    /// It is in a range set apart for private networks, documentation or other special use.
    #[error("in {0}, set apart for special use")]
    SpecialPurpose(Cidr),
    /// It is an IPv6 address outside the space for global unicast.
    #[error("outside 2000::/3, the global IPv6 space")]
    NotGlobal,
}
