//! Target URLs: what a customer wrote, checked.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use super::address::AddressRefusal;
use super::endpoint::Endpoint;
use super::host::TargetHost;
use super::policy::TargetPolicy;

mod error;
#[cfg(test)]
mod tests;

pub use self::error::TargetUrlError;

/// The schemes a request can go by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// HTTP over TLS.
    Https,
    /// Plain HTTP, for loopback in development only.
    Http,
}

impl Scheme {
    /// The scheme as it stands in a URL, in lower case.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Https => "https",
            Self::Http => "http",
        }
    }

    /// The port meant where a URL names none.
    #[must_use]
    pub fn default_port(self) -> u16 {
        match self {
            Self::Https => 443,
            Self::Http => 80,
        }
    }
}

/// The URL a delivery goes to.
///
/// It keeps the text byte for byte as the customer sent it, since integrators find their hook by it, and beside it
/// the parts a request needs. The only way to one is [`TargetUrl::parse`]. Cloning is cheap. `Debug` leaves the query
/// out, which often carries a key.
#[derive(Clone)]
pub struct TargetUrl(Arc<Parts>);

struct Parts {
    text: Box<str>,
    scheme: Scheme,
    host: TargetHost,
    port: u16,
    authority: Box<str>,
    host_field: Box<str>,
    request_target: Box<str>,
    path_length: usize,
}

impl TargetUrl {
    /// Checks a URL, without asking DNS: its structure always, and where it leads as `policy` says.
    ///
    /// The checks run on the host as the WHATWG URL parser understands it, so that other spellings of an address
    /// (decimal, octal, percent-encoded, full-width) are judged as that address. What parsers are known to
    /// understand differently (control characters, backslash, userinfo) is refused.
    ///
    /// # Errors
    ///
    /// [`TargetUrlError`] says in the customer's words what to change.
    pub fn parse(text: &str, policy: &TargetPolicy) -> Result<Self, TargetUrlError> {
        check_text(text, policy.maximum_length())?;
        let scheme = check_beginning(text)?;

        let mut url = url::Url::parse(text).map_err(TargetUrlError::NotAUrl)?;
        url.set_fragment(None);
        let host = TargetHost::from_parsed(url.host().ok_or(TargetUrlError::NoHost)?)?;
        let port = url.port().unwrap_or(scheme.default_port());
        if port == 0 {
            return Err(TargetUrlError::PortZero);
        }
        check_destination(scheme, &host, port, policy)?;

        let host_text = match &host {
            TargetHost::Name(name) => name.to_string(),
            // The parser's own form, with the brackets of IPv6.
            TargetHost::Address(_) => url.host_str().unwrap_or_default().to_owned(),
        };
        let authority = format!("{host_text}:{port}");
        let host_field = if port == scheme.default_port() { host_text } else { authority.clone() };
        let request_target = &url[url::Position::BeforePath..];

        Ok(Self(Arc::new(Parts {
            text: text.into(),
            scheme,
            host,
            port,
            authority: authority.into(),
            host_field: host_field.into(),
            request_target: request_target.into(),
            path_length: url.path().len(),
        })))
    }

    /// The URL byte for byte as it was sent.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0.text
    }

    /// By which scheme the request goes.
    #[must_use]
    pub fn scheme(&self) -> Scheme {
        self.0.scheme
    }

    /// The host, as DNS and the certificate know it.
    #[must_use]
    pub fn host(&self) -> &TargetHost {
        &self.0.host
    }

    /// The port, never 0.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.0.port
    }

    /// Host and port, the port always named: `example.com:443`. Limits are kept by it.
    #[must_use]
    pub fn authority(&self) -> &str {
        &self.0.authority
    }

    /// The value of the `Host` field (RFC 9110, section 7.2): the port named only where it is not the scheme's own.
    #[must_use]
    pub fn host_field(&self) -> &str {
        &self.0.host_field
    }

    /// Path and query in origin form (RFC 9112, section 3.2.1), percent-encoded, beginning with a slash.
    #[must_use]
    pub fn request_target(&self) -> &str {
        &self.0.request_target
    }

    /// The endpoint: this URL without query and fragment, normalised.
    #[must_use]
    pub fn endpoint(&self) -> Endpoint {
        let path = self.0.request_target.get(..self.0.path_length).unwrap_or_default();
        Endpoint::new(format!("{}://{}{path}", self.0.scheme.as_str(), self.0.host_field))
    }
}

/// Checks that need no parsing, before the parser smooths anything over.
fn check_text(text: &str, maximum_length: usize) -> Result<(), TargetUrlError> {
    if text.is_empty() {
        return Err(TargetUrlError::Empty);
    }
    if text.len() > maximum_length {
        return Err(TargetUrlError::TooLong { length: text.len(), maximum: maximum_length });
    }
    for character in text.chars() {
        if character.is_control() {
            return Err(TargetUrlError::ControlCharacter);
        }
        if character.is_whitespace() {
            return Err(TargetUrlError::Whitespace);
        }
        if character == '\\' {
            return Err(TargetUrlError::Backslash);
        }
    }
    Ok(())
}

/// Asks for `scheme://authority` in full: the parser alone would also take `https:example.com` and
/// `https:////example.com`.
fn check_beginning(text: &str) -> Result<Scheme, TargetUrlError> {
    let (scheme, rest) = text.split_once("://").ok_or(TargetUrlError::NoScheme)?;
    let scheme = match scheme.to_ascii_lowercase().as_str() {
        "https" => Scheme::Https,
        "http" => Scheme::Http,
        _ if is_scheme(scheme) => return Err(TargetUrlError::OtherScheme { scheme: scheme.to_owned() }),
        _ => return Err(TargetUrlError::NoScheme),
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.is_empty() {
        return Err(TargetUrlError::NoHost);
    }
    if authority.contains('@') {
        return Err(TargetUrlError::Userinfo);
    }
    Ok(scheme)
}

/// Whether a text has the form of a scheme (RFC 3986, section 3.1).
fn is_scheme(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
}

/// Where the URL leads, as far as it can be told without DNS.
fn check_destination(
    scheme: Scheme,
    host: &TargetHost,
    port: u16,
    policy: &TargetPolicy,
) -> Result<(), TargetUrlError> {
    let Some(address_rule) = policy.address_rule() else {
        return Ok(());
    };
    if address_rule.allows_loopback() && host.is_loopback() {
        return Ok(());
    }
    if scheme == Scheme::Http && !policy.allows_plain_http() {
        return Err(TargetUrlError::HttpsNeeded);
    }
    match host {
        TargetHost::Name(name) => TargetHost::check_public_name(name)?,
        TargetHost::Address(address) => address_rule.permits(*address)?,
    }
    if !policy.ports().permits(port) {
        return Err(TargetUrlError::PortNotAllowed { port });
    }
    Ok(())
}

impl From<AddressRefusal> for TargetUrlError {
    fn from(refusal: AddressRefusal) -> Self {
        Self::Address(refusal)
    }
}

impl PartialEq for TargetUrl {
    fn eq(&self, other: &Self) -> bool {
        self.0.text == other.0.text
    }
}

impl Eq for TargetUrl {}

impl Hash for TargetUrl {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.text.hash(state);
    }
}

impl fmt::Debug for TargetUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let query = if self.0.request_target.len() > self.0.path_length { "?…" } else { "" };
        write!(formatter, "TargetUrl({}{query})", self.endpoint())
    }
}
