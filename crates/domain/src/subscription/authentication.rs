//! How targets know that deliveries may come.

use std::sync::Arc;

use crate::target::{HeaderError, TargetUrl, check_header_name, check_header_value};

/// What stands for the token in the value of a header.
pub const TOKEN_PLACEHOLDER: &str = "%ACCESS_TOKEN%";

/// How a target is shown that deliveries may come. The secret that goes with it is kept elsewhere, and never shown again in the
/// native API.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum TargetAuthentication {
    /// A token of the target's own authorization server (RFC 6749, section 4.4). The secret is the client's.
    ClientCredentials(ClientCredentials),
    /// `Authorization: Basic` (RFC 7617). The secret is the password.
    Basic {
        /// The user, without a colon.
        username: Arc<str>,
    },
    /// A fixed header. The secret is its value.
    ApiKey {
        /// The header's name.
        header: Arc<str>,
    },
}

/// How a token is asked for and shown.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ClientCredentials {
    /// Where tokens are issued.
    pub endpoint: TargetUrl,
    /// Who we are there.
    pub client_id: Arc<str>,
    /// `client_credentials` at most servers.
    pub grant_type: Arc<str>,
    /// What the token is to permit.
    pub scope: Option<Arc<str>>,
    /// The name of the header that carries the token.
    pub header: Arc<str>,
    /// The header's value, with [`TOKEN_PLACEHOLDER`] where the token goes.
    pub value_format: Arc<str>,
}

/// The authentication cannot be used for requests.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuthenticationError {
    /// The header cannot be sent.
    #[error(transparent)]
    Header(#[from] HeaderError),
    /// The value has no place for the token.
    #[error("the header's value has no {TOKEN_PLACEHOLDER} where the token is to stand")]
    NoPlaceholder,
    /// The user's name ends at the first colon (RFC 7617, section 2).
    #[error("the user name must not hold a colon or control characters")]
    Username,
}

impl ClientCredentials {
    /// Checks name and value of the header.
    ///
    /// # Errors
    /// When the header is reserved or cannot be written, or its value has no place for the token.
    pub fn check_header(header: &str, value_format: &str) -> Result<(), AuthenticationError> {
        check_header_name(header)?;
        check_header_value(header, value_format)?;
        if !value_format.contains(TOKEN_PLACEHOLDER) {
            return Err(AuthenticationError::NoPlaceholder);
        }
        Ok(())
    }

    /// The header's value with the token in its place.
    #[must_use]
    pub fn header_value(&self, token: &str) -> String {
        self.value_format.replace(TOKEN_PLACEHOLDER, token)
    }
}

impl TargetAuthentication {
    /// The header by which the target is shown.
    #[must_use]
    pub fn header(&self) -> &str {
        match self {
            Self::ClientCredentials(credentials) => &credentials.header,
            Self::Basic { .. } => "authorization",
            Self::ApiKey { header } => header,
        }
    }

    /// Checks what can be checked without the secret.
    ///
    /// # Errors
    /// When a header is reserved or cannot be written, or the user's name cannot be sent.
    pub fn check(&self) -> Result<(), AuthenticationError> {
        match self {
            Self::ClientCredentials(credentials) => {
                ClientCredentials::check_header(&credentials.header, &credentials.value_format)
            }
            Self::Basic { username }
                if username.chars().any(|letter| letter == ':' || letter.is_control()) =>
            {
                Err(AuthenticationError::Username)
            }
            Self::Basic { .. } => Ok(()),
            Self::ApiKey { header } => Ok(check_header_name(header)?),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_stands_wherever_the_format_says() {
        let credentials = |value_format: &str| ClientCredentials {
            endpoint: TargetUrl::parse("https://example.com/token", &crate::target::TargetPolicy::stored())
                .unwrap(),
            client_id: Arc::from("doo"),
            grant_type: Arc::from("client_credentials"),
            scope: None,
            header: Arc::from("Authorization"),
            value_format: Arc::from(value_format),
        };
        assert_eq!(credentials("Bearer %ACCESS_TOKEN%").header_value("abc"), "Bearer abc");
        assert_eq!(credentials("%ACCESS_TOKEN%;%ACCESS_TOKEN%").header_value("a"), "a;a");
    }

    #[test]
    fn headers_that_cannot_be_sent_are_refused() {
        assert_eq!(ClientCredentials::check_header("Authorization", "Bearer %ACCESS_TOKEN%"), Ok(()));
        assert_eq!(ClientCredentials::check_header("Oauth-Token", "%ACCESS_TOKEN%"), Ok(()));
        let missing = ClientCredentials::check_header("Authorization", "Bearer");
        assert_eq!(missing, Err(AuthenticationError::NoPlaceholder));
        for (header, value) in [
            ("Host", "%ACCESS_TOKEN%"),
            ("webhook-signature", "%ACCESS_TOKEN%"),
            ("a b", "%ACCESS_TOKEN%"),
            ("Authorization", "Bearer\r\nx: %ACCESS_TOKEN%"),
        ] {
            assert!(ClientCredentials::check_header(header, value).is_err(), "{header}: {value}");
        }
    }

    #[test]
    fn a_user_name_ends_at_no_colon() {
        let basic = |username: &str| TargetAuthentication::Basic { username: Arc::from(username) }.check();
        assert_eq!(basic("hooks"), Ok(()));
        assert_eq!(basic("ho:oks"), Err(AuthenticationError::Username));
        assert_eq!(basic("ho\noks"), Err(AuthenticationError::Username));
    }
}
