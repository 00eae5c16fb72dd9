//! The header by which a target knows that a delivery may come.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, HeaderValue};

use rendezhook_domain::subscription::TargetAuthentication;

use rendezhook_secrets::SharedSecret;

use crate::delivery::BuildError;

/// Adds the header that the subscription's authentication asks for, marked so that nobody prints it.
pub(crate) fn authorize(
    headers: &mut HeaderMap,
    authentication: Option<&TargetAuthentication>,
    target_secret: Option<&SharedSecret>,
    token: Option<&str>,
) -> Result<(), BuildError> {
    let Some(authentication) = authentication else {
        return Ok(());
    };
    let secret = || target_secret.ok_or(BuildError::NoTargetSecret);
    let (name, value) = match authentication {
        TargetAuthentication::ClientCredentials(credentials) => {
            let token = token.ok_or(BuildError::NotFetched)?;
            (HeaderName::try_from(credentials.header.as_ref())?, credentials.header_value(token))
        }
        TargetAuthentication::Basic { username } => {
            let credentials = STANDARD.encode(format!("{username}:{}", secret()?.expose()));
            (AUTHORIZATION, format!("Basic {credentials}"))
        }
        TargetAuthentication::ApiKey { header } => {
            (HeaderName::try_from(header.as_ref())?, secret()?.expose().to_owned())
        }
    };
    let mut value = HeaderValue::try_from(value)?;
    value.set_sensitive(true);
    headers.insert(name, value);
    Ok(())
}

#[cfg(test)]
mod tests;
