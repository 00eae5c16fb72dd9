//! A request to a receiver.

use std::fmt;

use bytes::Bytes;
use http::header::{HOST, HeaderMap, HeaderValue, InvalidHeaderValue, USER_AGENT as USER_AGENT_FIELD};
use http::uri::{InvalidUri, PathAndQuery};
use http::{Method, Uri};
use http_body_util::Full;
use rendezhook_domain::sequence::OrganizationNumber;
use rendezhook_domain::target::TargetUrl;

/// How requests name their sender, where nothing else is set.
pub const USER_AGENT: &str = concat!("rendezhook/", env!("CARGO_PKG_VERSION"));

/// A request ready to be sent. `Debug` shows neither headers nor body.
pub struct OutboundRequest {
    method: Method,
    target: TargetUrl,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
    organization: OrganizationNumber,
    body_limit: Option<usize>,
}

impl OutboundRequest {
    /// Prepares a request. `Host` is always the target's, `User-Agent` is [`USER_AGENT`] unless given, and
    /// `Content-Length` follows from the body.
    ///
    /// Connections are kept for later requests of the same `organization` only.
    ///
    /// # Errors
    ///
    /// [`OutboundRequestError`] when the URL cannot be put into a request line.
    pub fn new(
        method: Method,
        target: TargetUrl,
        mut headers: HeaderMap,
        body: Bytes,
        organization: OrganizationNumber,
    ) -> Result<Self, OutboundRequestError> {
        let uri = PathAndQuery::try_from(target.request_target())
            .map(Uri::from)
            .map_err(OutboundRequestError::RequestTarget)?;
        let host = HeaderValue::from_str(target.host_field()).map_err(OutboundRequestError::Host)?;

        // RFC 9112, section 3.2, asks for Host first.
        let mut all = HeaderMap::with_capacity(headers.len() + 2);
        headers.remove(HOST);
        all.insert(HOST, host);
        if !headers.contains_key(USER_AGENT_FIELD) {
            all.insert(USER_AGENT_FIELD, HeaderValue::from_static(USER_AGENT));
        }
        all.extend(headers);
        Ok(Self { method, target, uri, headers: all, body, organization, body_limit: None })
    }

    /// Reads up to so many bytes of the answer's body, instead of what the settings say.
    #[must_use]
    pub fn with_body_limit(mut self, bytes: usize) -> Self {
        self.body_limit = Some(bytes);
        self
    }

    /// Its method.
    #[must_use]
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// All its header fields, but for `Content-Length` where it follows from the body.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// Its body.
    #[must_use]
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    pub(crate) fn body_limit(&self) -> Option<usize> {
        self.body_limit
    }

    /// Where it goes.
    #[must_use]
    pub fn target(&self) -> &TargetUrl {
        &self.target
    }

    /// On whose behalf it is sent.
    #[must_use]
    pub fn organization(&self) -> OrganizationNumber {
        self.organization
    }

    /// The form the HTTP library sends. It is made anew for the second try after a stale connection; headers and
    /// body are shared, not copied.
    pub(crate) fn to_http(&self) -> http::Request<Full<Bytes>> {
        let mut request = http::Request::new(Full::new(self.body.clone()));
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.uri.clone();
        *request.headers_mut() = self.headers.clone();
        request
    }
}

impl fmt::Debug for OutboundRequest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("OutboundRequest")
            .field("method", &self.method)
            .field("target", &self.target)
            .field("body_bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// Why a request cannot be put on the wire.
#[derive(Debug, thiserror::Error)]
pub enum OutboundRequestError {
    /// Path or query do not fit into a request line.
    #[error("the path or query of the target URL cannot be sent; percent-encode its special characters")]
    RequestTarget(#[source] InvalidUri),
    /// The host does not fit into the `Host` field.
    #[error("the host of the target URL cannot be sent")]
    Host(#[source] InvalidHeaderValue),
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rendezhook_domain::target::TargetPolicy;

    use super::*;

    fn request(url: &str, headers: HeaderMap) -> OutboundRequest {
        let target = TargetUrl::parse(url, &TargetPolicy::stored()).unwrap();
        OutboundRequest::new(Method::POST, target, headers, Bytes::new(), OrganizationNumber::new(1)).unwrap()
    }

    #[test]
    fn host_comes_first_and_cannot_be_replaced() {
        let mut headers = HeaderMap::new();
        headers.insert("x-key", HeaderValue::from_static("1"));
        headers.insert(HOST, HeaderValue::from_static("other.example"));
        let request = request("https://example.com:8443/a", headers).to_http();
        let sent: Vec<_> =
            request.headers().iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect();
        assert_eq!(sent, [("host", "example.com:8443"), ("user-agent", USER_AGENT), ("x-key", "1")]);
    }

    #[test]
    fn a_given_user_agent_stays() {
        let mut headers = HeaderMap::new();
        headers.insert(USER_AGENT_FIELD, HeaderValue::from_static("probe/1"));
        let request = request("https://example.com/", headers).to_http();
        assert_eq!(request.headers().get_all(USER_AGENT_FIELD).iter().collect::<Vec<_>>(), ["probe/1"]);
    }

    #[test]
    fn a_path_that_looks_like_an_authority_stays_a_path() {
        let request = request("https://example.com//127.0.0.1/a", HeaderMap::new()).to_http();
        assert_eq!(request.uri().to_string(), "//127.0.0.1/a");
        assert_eq!(request.uri().host(), None);
    }

    #[test]
    fn debug_output_hides_headers_and_query() {
        let mut headers = HeaderMap::new();
        headers.insert("x-key", HeaderValue::from_static("hunter2"));
        let shown = format!("{:?}", request("https://example.com/a?token=hunter2", headers));
        assert!(!shown.contains("hunter2"), "{shown}");
    }

    proptest! {
        /// Whatever path and query a target URL may have, they fit into a request line as they are.
        #[test]
        fn every_target_url_fits_into_a_request_line(rest in "[/?][ -~é€]{0,40}") {
            let text = format!("https://example.com{rest}");
            let Ok(target) = TargetUrl::parse(&text, &TargetPolicy::stored()) else { return Ok(()) };
            let expected = target.request_target().to_owned();
            let request =
                OutboundRequest::new(Method::POST, target, HeaderMap::new(), Bytes::new(), OrganizationNumber::new(1));
            prop_assert_eq!(request.unwrap().to_http().uri().to_string(), expected);
        }
    }
}
