//! What a client sends to get a token.

use rendezhook_secrets::Secret;

use super::error::RequestError;
use super::fields::{Fields, Problems, beginning, object};

/// The only grant there is (RFC 6749, section 4.4).
const GRANT_TYPE: &str = "client_credentials";

/// The credentials of a client that wants a token.
#[derive(Debug, Clone)]
pub struct TokenRequest {
    /// Who it says it is.
    pub client_id: String,
    /// What proves it.
    pub client_secret: Secret<String>,
}

impl TokenRequest {
    /// Reads the body of a request: JSON, not the form of RFC 6749.
    ///
    /// # Errors
    /// When the body is no JSON object, one of the three fields is missing or no string, or another grant is asked for.
    pub fn parse(body: &[u8]) -> Result<Self, RequestError> {
        let members = object(body)?;
        let fields = Fields::of_body(&members);
        let mut problems = Problems::default();
        let client_id = fields.string("client_id", &mut problems);
        let client_secret = fields.string("client_secret", &mut problems);
        if let Some(other) = fields.string("grant_type", &mut problems).filter(|grant| *grant != GRANT_TYPE) {
            let sentence = format!("\"{}\" is not offered; use \"{GRANT_TYPE}\"", beginning(other));
            problems.add(fields.place("grant_type"), sentence);
        }
        let credentials = client_id.zip(client_secret);
        problems.or(credentials.map(|(client_id, client_secret)| Self {
            client_id: client_id.to_owned(),
            client_secret: Secret::new(client_secret.to_owned()),
        }))
    }
}
