//! The header `Idempotency-Key`: a repeated request is answered as the first one was.

use std::time::Duration;

use axum::extract::FromRequestParts;
use http::request::Parts;
use rendezhook_domain::time::Timestamp;
use rendezhook_store::publish::IdempotencyClaim;
use ring::digest::{Context, SHA256};

use crate::failure::Failure;
use crate::state::ServerState;

/// For how long a repetition is answered from memory.
const LIFETIME: Duration = Duration::from_secs(24 * 3_600);

/// The key a request carries, if any: bare, or quoted as a string of structured fields (RFC 9651, section 3.3.3).
pub(in crate::native) struct IdempotencyKey {
    key: Option<String>,
    context: Context,
}

impl FromRequestParts<ServerState> for IdempotencyKey {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _state: &ServerState) -> Result<Self, Failure> {
        let mut values = parts.headers.get_all("idempotency-key").iter();
        let key = match (values.next(), values.next()) {
            (None, _) => None,
            (Some(value), None) => Some(read(value.to_str().unwrap_or_default()).ok_or_else(invalid)?),
            (Some(_), Some(_)) => return Err(invalid()),
        };
        let mut context = Context::new(&SHA256);
        context.update(parts.method.as_str().as_bytes());
        context.update(b" ");
        context.update(parts.uri.path().as_bytes());
        context.update(b"\n");
        Ok(Self { key, context })
    }
}

impl IdempotencyKey {
    /// The claim of a request with this body; `None` without a key.
    pub(in crate::native) fn claim(mut self, body: &[u8], now: Timestamp) -> Option<IdempotencyClaim> {
        let key = self.key?;
        self.context.update(body);
        let mut fingerprint = [0; 32];
        fingerprint.iter_mut().zip(self.context.finish().as_ref()).for_each(|(to, from)| *to = *from);
        Some(IdempotencyClaim { key: key.into(), fingerprint, expires_at: now.after(LIFETIME) })
    }
}

fn invalid() -> Failure {
    Failure::invalid_request(
        "the header Idempotency-Key must be given once, with 1 to 255 visible ASCII characters",
    )
}

fn read(value: &str) -> Option<String> {
    let key = match value.strip_prefix('"') {
        Some(rest) => unquoted(rest.strip_suffix('"')?)?,
        None => value.to_owned(),
    };
    let visible = key.bytes().all(|byte| byte.is_ascii_graphic());
    (visible && (1..=255).contains(&key.len())).then_some(key)
}

/// What stands between the quotes: only a quote and a backslash are escaped, with a backslash.
fn unquoted(text: &str) -> Option<String> {
    let mut key = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => key.push(characters.next().filter(|escaped| matches!(escaped, '"' | '\\'))?),
            '"' => return None,
            other => key.push(other),
        }
    }
    Some(key)
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn quoted_and_bare_keys_are_the_same() {
        assert_eq!(
            read("8e03978e-40d5-43e8-bc93-6894a57f9324"),
            read("\"8e03978e-40d5-43e8-bc93-6894a57f9324\"")
        );
        assert_eq!(read(r#""a\"b\\c""#).as_deref(), Some(r#"a"b\c"#));
        assert_eq!(read(&"k".repeat(255)).map(|key| key.len()), Some(255));
    }

    #[test]
    fn refuses_what_is_no_key() {
        for value in ["", "\"\"", "\"open", "a b", "\"a\"b\"", r#""a\x""#, "é", "\""] {
            assert_eq!(read(value), None, "{value}");
        }
        assert_eq!(read(&"k".repeat(256)), None);
    }
}
