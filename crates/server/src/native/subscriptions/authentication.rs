//! How targets are shown that deliveries may come: given with its secret, shown without it.

use std::sync::Arc;

use rendezhook_domain::subscription::{ClientCredentials, TOKEN_PLACEHOLDER, TargetAuthentication};
use rendezhook_domain::target::{TargetPolicy, TargetUrl, check_header_name, check_header_value};
use rendezhook_secrets::SharedSecret;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::native::fields::FieldChecks;
use crate::native::vocabulary;

/// The grant by which tokens are asked for (RFC 6749, section 4.4).
const GRANT_TYPE: &str = "client_credentials";
/// The header that carries a token when the request names none (RFC 6750, section 2.1).
const DEFAULT_HEADER: &str = "Authorization";
/// The longest text of an authentication, in characters.
const MAXIMUM_CHARACTERS: usize = 1_000;

/// How a target is shown that deliveries may come. `type` says which of the other members belong to it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "type": "oauth2_client_credentials", "token_url": "https://api.example.com/oauth/token", "client_id": "rendezhook",
    "client_secret": "s3cret"
}))]
pub(crate) struct AuthenticationRequest {
    /// By a token of the target's own authorization server, by a password, or by a fixed header.
    #[serde(rename = "type")]
    #[schema(value_type = vocabulary::AuthenticationWord)]
    kind: String,
    /// `oauth2_client_credentials`: where tokens are asked for, an https URL that leads to the public Internet.
    #[schema(max_length = 2048)]
    token_url: Option<String>,
    /// `oauth2_client_credentials`: who we are there.
    #[schema(min_length = 1, max_length = 1000)]
    client_id: Option<String>,
    /// `oauth2_client_credentials`: what we prove it with. Never shown again.
    #[schema(min_length = 1, max_length = 1000, write_only)]
    client_secret: Option<String>,
    /// `oauth2_client_credentials`: what the token is to permit; left out of the request for a token when not given.
    #[schema(min_length = 1, max_length = 1000)]
    scope: Option<String>,
    /// `oauth2_client_credentials`: the header that carries the token, `Authorization` when not given. `api_key`: the header
    /// that carries the key.
    #[schema(min_length = 1, max_length = 256)]
    header: Option<String>,
    /// `oauth2_client_credentials`: the header's value, with `%ACCESS_TOKEN%` where the token goes;
    /// `Bearer %ACCESS_TOKEN%` when not given.
    #[schema(min_length = 1, max_length = 1000)]
    value: Option<String>,
    /// `basic`: the user, without a colon.
    #[schema(min_length = 1, max_length = 1000)]
    username: Option<String>,
    /// `basic`: the password. Never shown again.
    #[schema(min_length = 1, max_length = 1000, write_only)]
    password: Option<String>,
    /// `api_key`: the header's value, of visible ASCII characters. Never shown again.
    #[schema(min_length = 1, max_length = 1000, write_only)]
    key: Option<String>,
}

/// How a target is shown that deliveries may come, without the secret.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
#[schema(as = Authentication)]
pub(super) enum AuthenticationView {
    /// A token of the target's own authorization server.
    #[serde(rename = "oauth2_client_credentials")]
    ClientCredentials {
        /// Where tokens are asked for.
        token_url: String,
        /// Who we are there.
        client_id: String,
        /// What the token is to permit.
        scope: Option<String>,
        /// The header that carries the token.
        header: String,
        /// The header's value, with `%ACCESS_TOKEN%` where the token goes.
        value: String,
    },
    /// `Authorization: Basic`.
    Basic {
        /// The user.
        username: String,
    },
    /// A fixed header.
    ApiKey {
        /// The header.
        header: String,
    },
}

impl From<&TargetAuthentication> for AuthenticationView {
    fn from(authentication: &TargetAuthentication) -> Self {
        match authentication {
            TargetAuthentication::ClientCredentials(credentials) => Self::ClientCredentials {
                token_url: credentials.endpoint.as_str().to_owned(),
                client_id: credentials.client_id.to_string(),
                scope: credentials.scope.as_deref().map(str::to_owned),
                header: credentials.header.to_string(),
                value: credentials.value_format.to_string(),
            },
            TargetAuthentication::Basic { username } => Self::Basic { username: username.to_string() },
            TargetAuthentication::ApiKey { header } => Self::ApiKey { header: header.to_string() },
        }
    }
}

impl AuthenticationRequest {
    /// The authentication and its secret, or every member that is wrong.
    pub(super) fn check(
        mut self,
        checks: &mut FieldChecks,
        policy: &TargetPolicy,
    ) -> Option<(TargetAuthentication, SharedSecret)> {
        let checked = match self.kind.as_str() {
            "oauth2_client_credentials" => self.client_credentials(checks, policy),
            "basic" => self.basic(checks),
            "api_key" => self.api_key(checks),
            _ => {
                let known = vocabulary::AUTHENTICATIONS.join(", ");
                checks.refuse("/authentication/type", format!("this is none of the types: {known}"));
                return None;
            }
        };
        // What a type uses it has taken; what is left belongs to another one.
        for (name, member) in self.members() {
            if member.is_some() {
                let detail = format!("an authentication of the type {} has no such member", self.kind);
                checks.refuse(format!("/authentication/{name}"), detail);
            }
        }
        checked
    }

    /// Whether it says what the token is to permit.
    pub(super) const fn names_scope(&self) -> bool {
        self.scope.is_some()
    }

    /// Whether it is by a token of the target's own authorization server.
    pub(super) fn is_by_token(&self) -> bool {
        self.kind == "oauth2_client_credentials"
    }

    fn members(&self) -> [(&'static str, &Option<String>); 9] {
        [
            ("token_url", &self.token_url),
            ("client_id", &self.client_id),
            ("client_secret", &self.client_secret),
            ("scope", &self.scope),
            ("header", &self.header),
            ("value", &self.value),
            ("username", &self.username),
            ("password", &self.password),
            ("key", &self.key),
        ]
    }

    fn client_credentials(
        &mut self,
        checks: &mut FieldChecks,
        policy: &TargetPolicy,
    ) -> Option<(TargetAuthentication, SharedSecret)> {
        let endpoint = given(checks, "token_url", self.token_url.take())
            .and_then(|url| checks.check("/authentication/token_url", TargetUrl::parse(&url, policy)));
        let client_id = text(checks, "client_id", self.client_id.take());
        let secret = text(checks, "client_secret", self.client_secret.take());
        let scope = self.scope.take().and_then(|scope| text(checks, "scope", Some(scope)));
        let header = self.header.take().unwrap_or_else(|| DEFAULT_HEADER.to_owned());
        let value = self.value.take().unwrap_or_else(|| format!("Bearer {TOKEN_PLACEHOLDER}"));
        // Once the name is right only the value can be wrong.
        let name_is_right = checks.check("/authentication/header", check_header_name(&header)).is_some();
        let header_check = ClientCredentials::check_header(&header, &value);
        if name_is_right && checks.check("/authentication/value", header_check).is_some() {
            checks.text("/authentication/value", &value, 1, MAXIMUM_CHARACTERS);
        }
        let credentials = ClientCredentials {
            endpoint: endpoint?,
            client_id: client_id?.into(),
            grant_type: GRANT_TYPE.into(),
            scope: scope.map(Arc::from),
            header: header.into(),
            value_format: value.into(),
        };
        Some((TargetAuthentication::ClientCredentials(credentials), SharedSecret::new(secret?)))
    }

    fn basic(&mut self, checks: &mut FieldChecks) -> Option<(TargetAuthentication, SharedSecret)> {
        let username = text(checks, "username", self.username.take());
        let password = text(checks, "password", self.password.take());
        let authentication = TargetAuthentication::Basic { username: username?.into() };
        checks.check("/authentication/username", authentication.check())?;
        Some((authentication, SharedSecret::new(password?)))
    }

    fn api_key(&mut self, checks: &mut FieldChecks) -> Option<(TargetAuthentication, SharedSecret)> {
        let header = given(checks, "header", self.header.take());
        let key = given(checks, "key", self.key.take());
        let header = header?;
        checks.check("/authentication/header", check_header_name(&header))?;
        let key = key?;
        checks.check("/authentication/key", check_header_value(&header, &key))?;
        checks.text("/authentication/key", &key, 1, MAXIMUM_CHARACTERS);
        Some((TargetAuthentication::ApiKey { header: header.into() }, SharedSecret::new(key)))
    }
}

/// A member that has to be there.
fn given(checks: &mut FieldChecks, name: &str, member: Option<String>) -> Option<String> {
    if member.is_none() {
        checks.refuse(format!("/authentication/{name}"), "this member is missing");
    }
    member
}

/// A text that has to be there, of 1 to 1000 characters without control characters.
fn text(checks: &mut FieldChecks, name: &str, member: Option<String>) -> Option<String> {
    let text = given(checks, name, member)?;
    checks.text(format!("/authentication/{name}"), &text, 1, MAXIMUM_CHARACTERS);
    Some(text)
}
