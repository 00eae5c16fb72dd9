//! What can be wrong with a target URL, in the customer's words.

use crate::target::address::AddressRefusal;

/// Why a target URL was refused. Each message is a sentence about "the URL" that says what to change.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TargetUrlError {
    /// Nothing was given.
    #[error("the URL is empty; give a full https URL such as https://example.com/hooks")]
    Empty,
    /// More bytes than the surface takes.
    #[error("the URL has {length} bytes; at most {maximum} are allowed")]
    TooLong {
        /// What was given, in bytes.
        length: usize,
        /// What is allowed, in bytes.
        maximum: usize,
    },
    /// A control character such as a line end or a tab, which parsers treat differently.
    #[error("the URL contains a control character such as a tab or a line end; remove it")]
    ControlCharacter,
    /// A space or another blank, at the ends too.
    #[error("the URL contains whitespace; remove it, or write a space as %20")]
    Whitespace,
    /// A backslash, which some parsers read as a slash and others do not.
    #[error("the URL contains a backslash; use a slash, or write it as %5C")]
    Backslash,
    /// No `scheme://` at the beginning.
    #[error("the URL does not begin with https://; give a full https URL such as https://example.com/hooks")]
    NoScheme,
    /// A scheme such as `ftp`.
    #[error("the URL has the scheme `{scheme}`; only https is supported")]
    OtherScheme {
        /// The scheme as it was given.
        scheme: String,
    },
    /// Plain `http`, where it is not a development server's loopback.
    #[error("the URL must use https")]
    HttpsNeeded,
    /// Nothing where the host should be.
    #[error("the URL names no host; give a full https URL such as https://example.com/hooks")]
    NoHost,
    /// The URL standard's parser refuses it.
    #[error("the URL is not valid: {0}")]
    NotAUrl(#[source] url::ParseError),
    /// `user:password@` before the host.
    #[error("the URL contains a user name or password before the host; send credentials in a header instead")]
    Userinfo,
    /// Port 0, which does not exist on the wire.
    #[error("the URL names port 0; leave the port out or name the port of your receiver")]
    PortZero,
    /// A port that is not open to receivers here.
    #[error("the URL names port {port}, which is not allowed here; use 443")]
    PortNotAllowed {
        /// The port as it was given.
        port: u16,
    },
    /// A name that only means something inside a private network.
    #[error("the URL's host `{name}` is a local name; use one that is reachable from the public Internet")]
    LocalName {
        /// The host, normalised.
        name: String,
    },
    /// A name without a dot.
    #[error("the URL's host `{name}` has no domain; give the full name, such as {name}.example.com")]
    SingleLabel {
        /// The host, normalised.
        name: String,
    },
    /// Two dots in a row or a dot at the beginning.
    #[error("the URL's host `{name}` has an empty part between dots; check its spelling")]
    EmptyLabel {
        /// The host, normalised.
        name: String,
    },
    /// A character that host names do not have, or a hyphen at the end of a part.
    #[error(
        "the URL's host `{name}` is not a host name; use letters, digits, dots and inner hyphens, \
         international names in their xn-- form"
    )]
    HostCharacter {
        /// The host, normalised.
        name: String,
    },
    /// Over 253 bytes, or a part over 63 (RFC 1035).
    #[error("the URL's host name is too long; at most 253 bytes, and 63 between dots, are possible")]
    HostTooLong,
    /// A literal address to which no request may go.
    #[error(
        "the URL leads to an address that is not allowed; use one that is reachable from the public Internet"
    )]
    Address(#[source] AddressRefusal),
}
