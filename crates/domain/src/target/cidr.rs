//! A range of addresses in the notation of RFC 4632 and RFC 4291: `10.0.0.0/8`, `2001:db8::/32`.

use std::fmt;
use std::net::{AddrParseError, IpAddr, Ipv4Addr, Ipv6Addr};
use std::num::ParseIntError;
use std::str::FromStr;

/// A range of addresses that share a prefix.
///
/// An IPv4 range holds IPv4-mapped IPv6 addresses too (`::ffff:10.0.0.1` is in `10.0.0.0/8`); an IPv6 range never
/// holds an IPv4 address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Cidr {
    network: IpAddr,
    prefix: u8,
}

impl Cidr {
    /// An IPv4 range written in source code; bits beyond the prefix are cleared, a prefix over 32 means 32.
    pub(super) const fn v4(octets: [u8; 4], prefix: u8) -> Self {
        let prefix = if prefix > 32 { 32 } else { prefix };
        let network = u32::from_be_bytes(octets) & mask_v4(prefix);
        Self { network: IpAddr::V4(Ipv4Addr::from_bits(network)), prefix }
    }

    /// An IPv6 range whose prefix lies within the first 32 bits, given as the first two groups of the address.
    pub(super) const fn v6(first: u16, second: u16, prefix: u8) -> Self {
        let network = Ipv6Addr::new(first, second, 0, 0, 0, 0, 0, 0).to_bits() & mask_v6(prefix);
        Self { network: IpAddr::V6(Ipv6Addr::from_bits(network)), prefix }
    }

    /// Whether `address` lies in this range.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.network, address.to_canonical()) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                address.to_bits() & mask_v4(self.prefix) == network.to_bits()
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                address.to_bits() & mask_v6(self.prefix) == network.to_bits()
            }
            _ => false,
        }
    }
}

/// The bits of an IPv4 address that a prefix of this length fixes.
const fn mask_v4(prefix: u8) -> u32 {
    if prefix == 0 { 0 } else { u32::MAX << (32 - prefix) }
}

/// The bits of an IPv6 address that a prefix of this length fixes.
const fn mask_v6(prefix: u8) -> u128 {
    if prefix == 0 { 0 } else { u128::MAX << (128 - prefix) }
}

impl fmt::Display for Cidr {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.network, self.prefix)
    }
}

impl FromStr for Cidr {
    type Err = CidrError;

    /// Reads `address/prefix`, or a bare address for that address alone.
    fn from_str(text: &str) -> Result<Self, CidrError> {
        let (address_text, prefix_text) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr =
            address_text.parse().map_err(|source| CidrError::Address { text: text.to_owned(), source })?;
        if matches!(address, IpAddr::V6(v6) if v6.to_ipv4_mapped().is_some()) {
            return Err(CidrError::Mapped { text: text.to_owned(), ipv4: address.to_canonical() });
        }
        let width = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix_text {
            None => width,
            Some(prefix) => {
                prefix.parse::<u8>().map_err(|source| CidrError::Prefix { text: text.to_owned(), source })?
            }
        };
        if prefix > width {
            return Err(CidrError::PrefixTooLong { text: text.to_owned(), maximum: width });
        }

        let network = match address {
            IpAddr::V4(v4) => IpAddr::V4(Ipv4Addr::from_bits(v4.to_bits() & mask_v4(prefix))),
            IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & mask_v6(prefix))),
        };
        let range = Self { network, prefix };
        if network != address {
            return Err(CidrError::BitsBeyondPrefix { text: text.to_owned(), range });
        }
        Ok(range)
    }
}

/// Why a text is not a range of addresses.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CidrError {
    /// The part before the slash is not an address.
    #[error("`{text}` is not a range of addresses; write it like 10.20.0.0/16 or 2001:db8::/32")]
    Address {
        /// What was given.
        text: String,
        /// What the address parser found.
        source: AddrParseError,
    },
    /// The part after the slash is not a number from 0 to 255.
    #[error("the prefix length of `{text}` is not a number; write it like 10.20.0.0/16")]
    Prefix {
        /// What was given.
        text: String,
        /// What the number parser found.
        source: ParseIntError,
    },
    /// The prefix has more bits than the address.
    #[error("the prefix length of `{text}` is over {maximum}")]
    PrefixTooLong {
        /// What was given.
        text: String,
        /// The number of bits of such an address.
        maximum: u8,
    },
    /// The address has bits set that the prefix does not cover, so that the range meant is in doubt.
    #[error("`{text}` has bits set beyond its prefix; did you mean {range}?")]
    BitsBeyondPrefix {
        /// What was given.
        text: String,
        /// The range with these bits cleared.
        range: Cidr,
    },
    /// The range is IPv4 in IPv6 clothing, which would never match: addresses are compared in IPv4 form.
    #[error("`{text}` is an IPv4-mapped address; write it in IPv4 form, beginning with {ipv4}")]
    Mapped {
        /// What was given.
        text: String,
        /// The same address in IPv4 form.
        ipv4: IpAddr,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_read_and_print_alike() {
        for text in ["10.0.0.0/8", "0.0.0.0/0", "192.0.2.7/32", "2001:db8::/32", "::/0", "fd00::1/128"] {
            assert_eq!(text.parse::<Cidr>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn a_bare_address_is_a_range_of_one() {
        let range: Cidr = "10.1.2.3".parse().unwrap();
        assert_eq!(range.to_string(), "10.1.2.3/32");
        assert!(range.contains("10.1.2.3".parse().unwrap()));
        assert!(!range.contains("10.1.2.4".parse().unwrap()));
    }

    #[test]
    fn mapped_addresses_are_judged_in_ipv4_form() {
        let range: Cidr = "10.0.0.0/8".parse().unwrap();
        assert!(range.contains("::ffff:10.9.8.7".parse().unwrap()));
        let everything_v6: Cidr = "::/0".parse().unwrap();
        assert!(!everything_v6.contains("::ffff:10.9.8.7".parse().unwrap()));
    }

    #[test]
    fn errors_say_what_to_write() {
        let cases = [
            ("10.0.0.1/8", "`10.0.0.1/8` has bits set beyond its prefix; did you mean 10.0.0.0/8?"),
            ("10.0.0.0/33", "the prefix length of `10.0.0.0/33` is over 32"),
            ("::/129", "the prefix length of `::/129` is over 128"),
            ("10.0.0.0/x", "the prefix length of `10.0.0.0/x` is not a number; write it like 10.20.0.0/16"),
            ("ten/8", "`ten/8` is not a range of addresses; write it like 10.20.0.0/16 or 2001:db8::/32"),
            (
                "::ffff:10.0.0.0/104",
                "`::ffff:10.0.0.0/104` is an IPv4-mapped address; write it in IPv4 form, beginning with 10.0.0.0",
            ),
        ];
        for (text, message) in cases {
            assert_eq!(text.parse::<Cidr>().unwrap_err().to_string(), message);
        }
    }
}
