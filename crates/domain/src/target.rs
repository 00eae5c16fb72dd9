//! Where deliveries may go: target URLs, the addresses behind them, and the headers a customer may add.
//!
//! Everything here is judged without asking the network. A [`TargetUrl`] can only be a checked one; what its name
//! resolves to is judged by the same [`AddressRule`] at every connection.

mod address;
mod cidr;
mod endpoint;
mod header;
mod host;
mod own_origins;
mod policy;
mod url;

pub use self::address::{AddressRefusal, AddressRule, RefusalReason};
pub use self::cidr::{Cidr, CidrError};
pub use self::endpoint::Endpoint;
pub use self::header::{
    HeaderError, MAXIMUM_CUSTOM_HEADERS, MAXIMUM_HEADER_NAME_LENGTH, MAXIMUM_HEADER_VALUE_LENGTH,
    check_custom_headers, check_header_name, check_header_value,
};
pub use self::host::TargetHost;
pub use self::own_origins::{OwnOrigin, OwnOriginError, OwnOrigins};
pub use self::policy::{AllowedPorts, TargetPolicy};
pub use self::url::{Scheme, TargetUrl, TargetUrlError};
