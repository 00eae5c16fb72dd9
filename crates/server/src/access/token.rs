//! Tokens of the doo API, which its calls need beside a key.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use http::request::Parts;
use rendezhook_domain::subscription::Subscription;
use rendezhook_domain::time::Timestamp;
use rendezhook_secrets::{PresentedToken, TokenKey};
use rendezhook_store::catalogue::{Catalogue, OAuthClientEntry};

use super::credentials::presented_bearer;
use super::{Access, Read, Requirement};
use crate::failure::Failure;
use crate::state::ServerState;

/// How long a token is good for.
const LIFETIME_SECONDS: i64 = 24 * 3_600;

/// How far the clock may have been put back since a token was made.
const CLOCK_STEP_SECONDS: i64 = 300;

/// Has the form of a token and is nobody's.
const NOBODYS_TOKEN: &str = "0000000000000000000000000000000000000000";

/// Access to one organization by a key with permission `R` and a token of an OAuth client of the same organization.
pub(crate) struct TokenAccess<R> {
    /// What the key permits.
    pub(crate) access: Access<R>,
    client: Arc<OAuthClientEntry>,
}

impl<R> TokenAccess<R> {
    /// The user for whom the caller acts: that of the key or of the OAuth client. Groups made for one are that user's.
    pub(crate) fn user(&self) -> Option<&Arc<str>> {
        self.access.key_user().or(self.client.user.as_ref())
    }

    /// Whether the caller may know of a subscription: who acts for a user sees that user's only.
    pub(crate) fn sees(&self, subscription: &Subscription) -> bool {
        self.user().is_none_or(|user| subscription.filter.user.as_ref() == Some(user))
    }
}

impl<R: Requirement> FromRequestParts<ServerState> for TokenAccess<R> {
    type Rejection = Failure;

    /// Who it is comes before what that one may do, so that a key alone does not tell its scope.
    async fn from_request_parts(parts: &mut Parts, state: &ServerState) -> Result<Self, Failure> {
        let access = Access::<Read>::from_request_parts(parts, state).await?;
        let presented = presented_bearer(parts).unwrap_or_default();
        let client =
            live_client(presented, &access.catalogue, state.now()).filter(|client| access.goes_with(client));
        let client = client.map(Arc::clone).ok_or_else(Failure::unauthenticated)?;
        Ok(Self { access: access.demand()?, client })
    }
}

impl<R> Access<R> {
    /// Whether an OAuth client may be used together with the key: both of one organization, and of one user if both are a user's.
    pub(crate) fn goes_with(&self, client: &OAuthClientEntry) -> bool {
        let same_user = match (self.key_user(), &client.user) {
            (Some(of_key), Some(of_client)) => of_key == of_client,
            (None, _) | (_, None) => true,
        };
        client.organization == self.number() && same_user
    }
}

/// The client whose token this is, if it is still good.
///
/// A text that is no token is judged in place of a token that nobody has, under a key that no client has, so that malformed, made
/// up and expired tokens cost what a valid one does.
fn live_client<'a>(
    text: &str,
    catalogue: &'a Catalogue,
    now: Timestamp,
) -> Option<&'a Arc<OAuthClientEntry>> {
    let presented = PresentedToken::parse(text).or_else(|| PresentedToken::parse(NOBODYS_TOKEN))?;
    let nobodys_key = TokenKey::from_bytes(&[0; TokenKey::BYTES]).ok()?;
    let client = catalogue.oauth_clients.get(&presented.client());
    let key = client.map_or(&nobodys_key, |client| &client.token_key);
    let age_seconds = now.seconds() - i64::from(presented.verified(key)?);
    client.filter(|_| (-CLOCK_STEP_SECONDS..=LIFETIME_SECONDS).contains(&age_seconds))
}
