//! Where a request carries its key, and whose key it is.

use std::borrow::Cow;
use std::sync::Arc;

use http::header::{AUTHORIZATION, HeaderName};
use http::request::Parts;
use rendezhook_domain::sequence::OrganizationNumber;
use rendezhook_domain::time::Timestamp;
use rendezhook_secrets::KeyHash;
use rendezhook_store::catalogue::{ApiKeyEntry, Catalogue};

use crate::failure::Failure;
use crate::surface::Surface;

/// Whose key a request carries.
pub(super) enum Identity {
    /// The server's admin key.
    Operator,
    /// A key of an organization.
    Key(Arc<ApiKeyEntry>),
}

impl Identity {
    /// Whether an organization exists as far as the caller is concerned.
    pub(super) fn may_know(&self, organization: OrganizationNumber) -> bool {
        match self {
            Self::Operator => true,
            Self::Key(key) => key.organization == organization,
        }
    }
}

/// Finds out whose key the request carries.
///
/// Whatever is presented is hashed once and compared with the admin key's hash and with the one entry it may belong to, so
/// that malformed, unknown and expired keys cost what a valid one does.
pub(super) fn identify(parts: &Parts, catalogue: &Catalogue, now: Timestamp) -> Result<Identity, Failure> {
    let presented = presented_key(parts).ok_or_else(Failure::unauthenticated)?;
    let hash = KeyHash::of_presented(&presented);
    let is_admin_key = catalogue.admin_key.is_some_and(|admin_key| admin_key == hash);
    let live_key = catalogue.key(&hash).filter(|key| key.expires_at.is_none_or(|end| end > now));
    match live_key {
        _ if is_admin_key => Ok(Identity::Operator),
        Some(key) => Ok(Identity::Key(Arc::clone(key))),
        None => Err(Failure::unauthenticated()),
    }
}

/// The header in which the surfaces of SimplyMeet.me and doo take keys.
const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// The key as its surface sends it: as a bearer token; on the Vyte surface without a scheme too, or in the query; on the
/// SimplyMeet.me and doo surfaces in a header of its own.
fn presented_key(parts: &Parts) -> Option<Cow<'_, str>> {
    let header = parts.headers.get(AUTHORIZATION).map(|value| value.to_str().unwrap_or_default());
    let bearer = header.and_then(bearer_token);
    match Surface::of(parts.uri.path()) {
        Surface::Native => bearer.map(Cow::Borrowed),
        // No page asks for a key.
        Surface::Page => None,
        Surface::SimplyMeet | Surface::Doo => {
            let key = parts.headers.get(X_API_KEY).map(|value| value.to_str().unwrap_or_default());
            key.map(Cow::Borrowed)
        }
        Surface::Vyte => {
            let key = bearer.or(header).filter(|key| !key.is_empty());
            key.map(Cow::Borrowed).or_else(|| query_value(parts, "api_key"))
        }
    }
}

/// The token that the request carries beside its key, on the surface that needs both.
pub(super) fn presented_bearer(parts: &Parts) -> Option<&str> {
    let header = parts.headers.get(AUTHORIZATION)?;
    bearer_token(header.to_str().ok()?)
}

/// The token after `Bearer`, whose letters may have either case (RFC 9110, section 11.1).
fn bearer_token(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim_start())
}

/// The first value of a query parameter, decoded.
pub(super) fn query_value<'a>(parts: &'a Parts, name: &str) -> Option<Cow<'a, str>> {
    let query = parts.uri.query()?;
    url::form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == name).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn key_of(path: &str, header: Option<&str>) -> Option<String> {
        let mut request = Request::get(path);
        if let Some(header) = header {
            request = request.header(AUTHORIZATION, header);
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        presented_key(&parts).map(Cow::into_owned)
    }

    #[test]
    fn the_simplymeet_surface_takes_its_own_header_only() {
        assert_eq!(key_of("/api/webhooks?api_key=abc", Some("Bearer abc")), None);
        let request = Request::get("/api/webhooks").header("X-API-KEY", "abc").body(()).unwrap();
        assert_eq!(presented_key(&request.into_parts().0).as_deref(), Some("abc"));
    }

    #[test]
    fn the_doo_surface_takes_a_key_and_a_token_apart() {
        assert_eq!(key_of("/v1/oauth", Some("Bearer abc")), None);
        let request = Request::get("/v1/oauth").header("X-API-KEY", "abc").header(AUTHORIZATION, "bearer 0f");
        let (parts, ()) = request.body(()).unwrap().into_parts();
        assert_eq!(presented_key(&parts).as_deref(), Some("abc"));
        assert_eq!(presented_bearer(&parts), Some("0f"));
    }

    #[test]
    fn the_native_surface_takes_bearer_tokens_only() {
        assert_eq!(key_of("/api/v1/deliveries", Some("Bearer abc")).as_deref(), Some("abc"));
        assert_eq!(key_of("/api/v1/deliveries", Some("bearer abc")).as_deref(), Some("abc"));
        assert_eq!(key_of("/api/v1/deliveries", Some("abc")), None);
        assert_eq!(key_of("/api/v1/deliveries?api_key=abc", None), None);
    }

    #[test]
    fn the_vyte_surface_takes_raw_keys_and_the_query_and_prefers_the_header() {
        assert_eq!(key_of("/hooks", Some("abc")).as_deref(), Some("abc"));
        assert_eq!(key_of("/v2/hooks", Some("Bearer abc")).as_deref(), Some("abc"));
        assert_eq!(key_of("/hooks?api_key=abc", None).as_deref(), Some("abc"));
        assert_eq!(key_of("/hooks?api_key=abc", Some("")).as_deref(), Some("abc"));
        assert_eq!(key_of("/hooks?api_key=query", Some("header")).as_deref(), Some("header"));
        assert_eq!(key_of("/hooks", None), None);
    }
}
