//! What is asked of a token endpoint.

use bytes::Bytes;
use http::Method;
use http::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue};
use rendezhook_domain::sequence::OrganizationNumber;
use rendezhook_domain::target::TargetUrl;
use rendezhook_secrets::SharedSecret;
use ring::digest::{Context, SHA256, SHA256_OUTPUT_LEN};
use url::form_urlencoded;

use crate::request::{OutboundRequest, OutboundRequestError};

/// A request for an access token (RFC 6749, section 4.4.2), with the client's credentials in the body (section 2.3.1).
/// `Debug` shows neither the secret nor the query of the endpoint.
#[derive(Clone, Debug)]
pub struct TokenRequest {
    /// The token endpoint.
    pub endpoint: TargetUrl,
    /// Whom the token is for. RFC 6749, section 2.2, says that it is no secret.
    pub client_id: String,
    /// What proves it.
    pub client_secret: SharedSecret,
    /// The kind of grant, normally `client_credentials`.
    pub grant_type: String,
    /// What the token shall allow (RFC 6749, section 3.3); without it the token endpoint chooses.
    pub scope: Option<String>,
}

/// What an entry of the cache is found by: SHA-256 over the organization and the whole request. It holds the secret as
/// little as a fingerprint holds the finger.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct RequestDigest([u8; SHA256_OUTPUT_LEN]);

impl TokenRequest {
    /// The method it is sent with.
    #[must_use]
    pub fn method(&self) -> Method {
        Method::POST
    }

    /// The headers it is sent with, besides `Host`, `User-Agent` and `Content-Length`. None holds a secret.
    #[must_use]
    pub fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::with_capacity(2);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        headers
    }

    /// What goes over the wire. The body holds the secret.
    pub(crate) fn to_outbound(
        &self,
        organization: OrganizationNumber,
    ) -> Result<OutboundRequest, OutboundRequestError> {
        let body = Bytes::from(self.form());
        OutboundRequest::new(self.method(), self.endpoint.clone(), self.headers(), body, organization)
    }

    fn form(&self) -> String {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("client_id", &self.client_id)
            .append_pair("client_secret", self.client_secret.expose())
            .append_pair("grant_type", &self.grant_type);
        if let Some(scope) = &self.scope {
            form.append_pair("scope", scope);
        }
        form.finish()
    }

    pub(crate) fn digest(&self, organization: OrganizationNumber) -> RequestDigest {
        let mut context = Context::new(&SHA256);
        context.update(&organization.get().to_be_bytes());
        // Lengths keep texts apart that would read the same one after the other.
        let mut add = |text: &str| {
            context.update(&text.len().to_be_bytes());
            context.update(text.as_bytes());
        };
        add(self.endpoint.as_str());
        add(&self.client_id);
        add(self.client_secret.expose());
        add(&self.grant_type);
        // A scope and none differ by their number of texts.
        if let Some(scope) = &self.scope {
            add(scope);
        }
        let mut digest = [0; SHA256_OUTPUT_LEN];
        digest.copy_from_slice(context.finish().as_ref());
        RequestDigest(digest)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use rendezhook_domain::target::TargetPolicy;

    use super::*;

    fn request() -> TokenRequest {
        TokenRequest {
            endpoint: TargetUrl::parse("https://example.com/token?key=hunter2", &TargetPolicy::stored())
                .unwrap(),
            client_id: String::from("me & you"),
            client_secret: SharedSecret::new(String::from("hunter2=ü+")),
            grant_type: String::from("client_credentials"),
            scope: None,
        }
    }

    #[test]
    fn the_form_is_encoded_and_has_a_scope_only_when_set() {
        let mut request = request();
        let expected = "client_id=me+%26+you&client_secret=hunter2%3D%C3%BC%2B&grant_type=client_credentials";
        assert_eq!(request.form(), expected);
        request.scope = Some(String::from("read write"));
        assert_eq!(request.form(), format!("{expected}&scope=read+write"));
    }

    #[test]
    fn whatever_differs_makes_another_digest() {
        let one = OrganizationNumber::new(1);
        let mut variants = vec![request(); 6];
        variants[1].endpoint =
            TargetUrl::parse("https://example.com/token?key=other", &TargetPolicy::stored()).unwrap();
        variants[2].client_id = String::from("you");
        variants[3].client_secret = SharedSecret::new(String::from("hunter3"));
        variants[4].grant_type = String::from("password");
        variants[5].scope = Some(String::new());
        let mut digests: HashSet<_> = variants.iter().map(|variant| variant.digest(one)).collect();
        digests.insert(request().digest(OrganizationNumber::new(2)));
        assert_eq!(digests.len(), 7);
        assert!(digests.contains(&request().digest(one)), "the same request has the same digest");
    }

    #[test]
    fn what_can_be_shown_holds_no_secret() {
        let shown = format!("{:?} {:?}", request(), request().headers());
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}
