//! The host of a target URL.

use std::net::IpAddr;

use super::url::TargetUrlError;

/// RFC 1035, section 2.3.4.
const MAXIMUM_LABEL_LENGTH: usize = 63;
/// RFC 1035, section 2.3.4, as text without the final dot.
const MAXIMUM_NAME_LENGTH: usize = 253;

/// Names that mean a network's own machines, wherever they are asked (RFC 6761, 6762, 7686, 8375, and the name space
/// reserved for private use), with every name below them. The metadata service of Google Cloud is below `internal`.
const LOCAL_NAMES: [&str; 5] = ["localhost", "local", "internal", "home.arpa", "onion"];

/// The host of a target URL: a name for DNS, or a literal address.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum TargetHost {
    /// A name in lower-case ASCII (international names in their `xn--` form), without a final dot. It has the shape
    /// that DNS and certificates ask for.
    Name(Box<str>),
    /// An address, in whatever of the many spellings it was written.
    Address(IpAddr),
}

impl TargetHost {
    /// Takes the host as the URL parser understood it.
    pub(super) fn from_parsed(host: url::Host<&str>) -> Result<Self, TargetUrlError> {
        match host {
            url::Host::Ipv4(address) => Ok(Self::Address(IpAddr::V4(address))),
            url::Host::Ipv6(address) => Ok(Self::Address(IpAddr::V6(address))),
            url::Host::Domain(name) => {
                let name = name.strip_suffix('.').unwrap_or(name);
                check_name(name)?;
                Ok(Self::Name(name.into()))
            }
        }
    }

    /// Whether this can only mean the own machine: `localhost`, a name below it, or a loopback address.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        match self {
            Self::Name(name) => is_at_or_below(name, "localhost"),
            Self::Address(address) => address.to_canonical().is_loopback(),
        }
    }

    /// Refuses names that only a private network could answer.
    pub(super) fn check_public_name(name: &str) -> Result<(), TargetUrlError> {
        if LOCAL_NAMES.iter().any(|local| is_at_or_below(name, local)) {
            return Err(TargetUrlError::LocalName { name: name.to_owned() });
        }
        if !name.contains('.') {
            return Err(TargetUrlError::SingleLabel { name: name.to_owned() });
        }
        Ok(())
    }
}

/// Whether `name` is `parent` or a name below it. Both are in lower case.
fn is_at_or_below(name: &str, parent: &str) -> bool {
    match name.strip_suffix(parent) {
        Some(rest) => rest.is_empty() || rest.ends_with('.'),
        None => false,
    }
}

/// Checks the shape of a name. Underscores pass: receivers have them, and certificates may.
fn check_name(name: &str) -> Result<(), TargetUrlError> {
    if name.len() > MAXIMUM_NAME_LENGTH {
        return Err(TargetUrlError::HostTooLong);
    }
    for label in name.split('.') {
        if label.is_empty() {
            return Err(TargetUrlError::EmptyLabel { name: name.to_owned() });
        }
        if label.len() > MAXIMUM_LABEL_LENGTH {
            return Err(TargetUrlError::HostTooLong);
        }
        let plain = label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
        if !plain || label.starts_with('-') || label.ends_with('-') {
            return Err(TargetUrlError::HostCharacter { name: name.to_owned() });
        }
    }
    Ok(())
}
