//! Handshakes by which a target shows that it wants deliveries, whatever the dialect of its subscription: the request, and what
//! an answer to it means. Pure, like deliveries.

use std::sync::Arc;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde::Deserialize;
use serde_json::json;

use rendezhook_domain::subscription::{Subscription, VerificationMethod};
use rendezhook_domain::time::Timestamp;
use rendezhook_secrets::{SecretHeader, SharedSecret, SigningSecret};

use crate::authorization::authorize;
use crate::delivery::{BuildError, OutboundParts};
use crate::headers::{add_custom, signed_as};

#[cfg(test)]
mod tests;

/// What the request of a challenge is called in its body, as the handshake it follows names it.
const CHALLENGE: &str = "endpoint.url_validation";

// Names of CloudEvents' HTTP 1.1 Web Hooks for Event Delivery, section 4.
static REQUEST_ORIGIN: HeaderName = HeaderName::from_static("webhook-request-origin");
static REQUEST_RATE: HeaderName = HeaderName::from_static("webhook-request-rate");
static ALLOWED_ORIGIN: HeaderName = HeaderName::from_static("webhook-allowed-origin");
static ALLOWED_RATE: HeaderName = HeaderName::from_static("webhook-allowed-rate");

/// What a handshake is made from.
#[derive(Debug, Clone, Copy)]
pub struct HandshakeContext<'a> {
    /// An id of this handshake, without a full stop.
    pub id: &'a str,
    /// What a challenge asks to be answered: random, never used before.
    pub plain_token: &'a str,
    /// Who we are: the host under which this server is reached.
    pub origin: &'a str,
    /// Whose target is asked.
    pub subscription: &'a Subscription,
    /// The keys that sign, newest first. An answer under any of them counts.
    pub keys: &'a [&'a SigningSecret],
    /// What proves to the target that requests may come.
    pub target_secret: Option<&'a SharedSecret>,
    /// What the subscription's owner has sent as headers.
    pub headers: &'a [SecretHeader],
}

impl HandshakeContext<'_> {
    /// Builds the request; `None` when the subscription asks for no handshake.
    ///
    /// # Errors
    /// When there is no key or a header cannot be written.
    pub fn request(&self, token: Option<&str>, now: Timestamp) -> Result<Option<OutboundParts>, BuildError> {
        let (method, body) = match self.subscription.verification.method {
            VerificationMethod::None => return Ok(None),
            VerificationMethod::Challenge => (Method::POST, self.challenge(now)),
            VerificationMethod::CloudEvents => (Method::OPTIONS, Bytes::new()),
        };
        let mut headers = signed_as(self.id, self.keys, &body, now)?;
        if method == Method::OPTIONS {
            headers.remove(CONTENT_TYPE);
            add_origin(&mut headers, self.origin)?;
            if let Some(limit) = self.subscription.rate_limit {
                headers.insert(&REQUEST_RATE, HeaderValue::from(limit.per_second() * 60));
            }
        }
        add_custom(&mut headers, self.headers)?;
        authorize(&mut headers, self.subscription.authentication.as_ref(), self.target_secret, token)?;
        Ok(Some(OutboundParts { method, headers, body }))
    }

    fn challenge(&self, now: Timestamp) -> Bytes {
        let body = json!({
            "event": CHALLENGE, "event_ts": now.milliseconds(), "payload": { "plainToken": self.plain_token }
        });
        Bytes::from(body.to_string())
    }

    /// What an answer means: how many deliveries a minute the target allows, if it names a number; or why it does not show that
    /// it wants deliveries, in the owner's words.
    ///
    /// # Errors
    /// The words.
    pub fn judge(&self, status: u16, headers: &HeaderMap, body: &[u8]) -> Result<Option<u32>, Arc<str>> {
        match self.subscription.verification.method {
            VerificationMethod::None => Ok(None),
            VerificationMethod::Challenge => self.judge_challenge(status, body).map(|()| None),
            VerificationMethod::CloudEvents => self.judge_consent(headers),
        }
    }

    fn judge_challenge(&self, status: u16, body: &[u8]) -> Result<(), Arc<str>> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Answer {
            plain_token: String,
            encrypted_token: String,
        }
        if !(200..300).contains(&status) {
            return Err(format!("the target answered {status} to the challenge; it has to answer 200").into());
        }
        let Ok(answer) = serde_json::from_slice::<Answer>(body) else {
            return Err(
                "the target's answer to the challenge is not the JSON object {\"plainToken\", \"encryptedToken\"}"
                    .into(),
            );
        };
        if answer.plain_token != self.plain_token {
            return Err("the target answered the challenge with another plainToken than it was sent".into());
        }
        let token = self.plain_token.as_bytes();
        if self.keys.iter().any(|key| key.authenticates_hex(token, &answer.encrypted_token)) {
            return Ok(());
        }
        Err("the encryptedToken in the target's answer is not the HMAC-SHA256 of the plainToken under the subscription's \
             secret, in hexadecimal digits; check which secret the target uses"
            .into())
    }

    /// Consent is the presence of our origin; the status means nothing.
    fn judge_consent(&self, headers: &HeaderMap) -> Result<Option<u32>, Arc<str>> {
        let text = |name: &HeaderName| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
        let Some(allowed) = text(&ALLOWED_ORIGIN) else {
            return Err("the target's answer to OPTIONS has no WebHook-Allowed-Origin".into());
        };
        if allowed != "*" && !allowed.eq_ignore_ascii_case(self.origin) {
            let shown: String = allowed.chars().take(80).collect();
            return Err(format!(
                "the target allows the origin \"{shown}\"; it has to allow \"{}\" or *",
                self.origin
            )
            .into());
        }
        Ok(text(&ALLOWED_RATE).and_then(|rate| rate.parse().ok()).filter(|rate| *rate > 0))
    }
}

/// Says who sends. After its consent every delivery to a target says so.
pub(crate) fn add_origin(headers: &mut HeaderMap, origin: &str) -> Result<(), BuildError> {
    headers.insert(&REQUEST_ORIGIN, HeaderValue::from_str(origin)?);
    Ok(())
}
