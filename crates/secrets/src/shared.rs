//! Secrets that the owner of a receiver chose, and signatures under them.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;

use crate::secret::{PLACEHOLDER, Secret};

/// A text that its owner shares with us, whose bytes are the key under which bodies are signed.
///
/// Nothing is known of how good it is: the one who chose it answers for that.
#[derive(Clone)]
pub struct SharedSecret {
    text: Secret<String>,
    // The key schedule is computed once; a signature then costs only the hashing of the body.
    key: hmac::Key,
}

impl SharedSecret {
    /// Takes a text into custody.
    #[must_use]
    pub fn new(text: String) -> Self {
        let key = hmac::Key::new(hmac::HMAC_SHA256, text.as_bytes());
        Self { text: Secret::new(text), key }
    }

    /// The text, to be sealed or shown to those who may see it.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.text.expose()
    }

    /// The standard base64 of the HMAC-SHA256 over a body.
    #[must_use]
    pub fn sign(&self, body: &[u8]) -> String {
        STANDARD.encode(hmac::sign(&self.key, body))
    }
}

impl fmt::Debug for SharedSecret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(PLACEHOLDER)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_the_body_under_the_bytes_of_the_text() {
        let secret = SharedSecret::new(String::from("something"));
        let body = br#"{"data":{"uuid":"0c9b4b1e-0000-4000-8000-000000000001","state":"new"}}"#;
        assert_eq!(secret.sign(body), "G1DKw0GU220b+jadNbEVyBcDxkZpVIy9k+7I9xfjvMM=");
    }

    #[test]
    fn never_prints_its_text() {
        let secret = SharedSecret::new(String::from("something"));
        assert_eq!(format!("{secret:?}"), "[secret]");
        assert_eq!(secret.expose(), "something");
    }
}
