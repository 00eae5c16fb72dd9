//! What is asked of a target URL besides its structure.

use std::sync::Arc;

use super::address::AddressRule;

/// The ports of other services that the Fetch standard keeps browsers from ("port blocking"), 0 left out.
const BLOCKED_PORTS: [u16; 82] = [
    1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104,
    109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515,
    526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719, 1720, 1723, 2049,
    3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080,
];

/// The ports a target URL may name. Port 0 never passes, and loopback in development takes any other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum AllowedPorts {
    /// Every port but those of well-known other services, such as 22 and 25: the list browsers use.
    #[default]
    ExceptOtherServices,
    /// These ports alone.
    Only(Vec<u16>),
    /// Every port.
    Any,
}

impl AllowedPorts {
    /// Whether a target URL may name this port.
    #[must_use]
    pub fn permits(&self, port: u16) -> bool {
        match self {
            Self::ExceptOtherServices => !BLOCKED_PORTS.contains(&port),
            Self::Only(ports) => ports.contains(&port),
            Self::Any => true,
        }
    }
}

/// What is asked of a target URL besides its structure: length, port, and where it leads.
#[derive(Clone, Debug)]
pub struct TargetPolicy {
    maximum_length: usize,
    ports: AllowedPorts,
    plain_http: bool,
    /// `None` for URLs from the store, which are judged at the connection only.
    address_rule: Option<Arc<AddressRule>>,
}

impl TargetPolicy {
    /// The longest target URL of a surface that says nothing else, in bytes.
    pub const DEFAULT_MAXIMUM_LENGTH: usize = 2_048;
    /// The longest target URL the store may hold, in bytes.
    const STORED_MAXIMUM_LENGTH: usize = 65_535;

    /// The policy for new URLs: https, a public name or an address that `address_rule` permits, at most
    /// [`DEFAULT_MAXIMUM_LENGTH`](Self::DEFAULT_MAXIMUM_LENGTH) bytes, the default ports.
    ///
    /// A rule that allows loopback also allows `http` and any port there, and only there.
    #[must_use]
    pub fn new(address_rule: impl Into<Arc<AddressRule>>) -> Self {
        Self {
            maximum_length: Self::DEFAULT_MAXIMUM_LENGTH,
            ports: AllowedPorts::default(),
            plain_http: false,
            address_rule: Some(address_rule.into()),
        }
    }

    /// The policy for URLs that were accepted before and come back from the store: their structure is checked
    /// again, where they lead is not, since settings may have changed and every connection is judged anyway.
    #[must_use]
    pub fn stored() -> Self {
        Self {
            maximum_length: Self::STORED_MAXIMUM_LENGTH,
            ports: AllowedPorts::Any,
            plain_http: true,
            address_rule: None,
        }
    }

    /// The same policy with another longest URL, in bytes.
    #[must_use]
    pub fn with_maximum_length(mut self, bytes: usize) -> Self {
        self.maximum_length = bytes;
        self
    }

    /// The same policy with other ports.
    #[must_use]
    pub fn with_ports(mut self, ports: AllowedPorts) -> Self {
        self.ports = ports;
        self
    }

    /// The same policy with or without plain `http` outside loopback.
    #[must_use]
    pub fn with_plain_http(mut self, allowed: bool) -> Self {
        self.plain_http = allowed;
        self
    }

    /// Whether plain `http` passes outside loopback.
    #[must_use]
    pub fn allows_plain_http(&self) -> bool {
        self.plain_http
    }

    /// The longest URL that passes, in bytes.
    #[must_use]
    pub fn maximum_length(&self) -> usize {
        self.maximum_length
    }

    /// The ports that pass outside loopback.
    #[must_use]
    pub fn ports(&self) -> &AllowedPorts {
        &self.ports
    }

    /// The rule for literal addresses, or `None` where URLs come from the store.
    pub(super) fn address_rule(&self) -> Option<&AddressRule> {
        self.address_rule.as_deref()
    }
}
