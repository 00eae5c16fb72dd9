//! Access tokens that receivers ask for, fetched from their own token endpoints (RFC 6749, section 4.4) and kept.
//!
//! However many deliveries wait for a token, it is fetched once, in a task of its own: whoever stops waiting neither
//! ends the fetch for the others nor leaves it without an end. A failure is kept for a second, so that a broken token
//! endpoint hears of a backlog once a second and not once a delivery.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rendezhook_domain::cause::Cause;
use rendezhook_domain::sequence::OrganizationNumber;
use tokio::sync::watch;
use tokio::time::{Instant, timeout};

use crate::egress::Egress;
use crate::report::{AttemptOutcome, Timing};

mod access;
mod answer;
mod entries;
mod failure;
mod request;
mod settings;

pub use self::access::{AccessToken, MAXIMUM_TOKEN_BYTES};
pub use self::answer::AnswerFlaw;
pub use self::failure::{TokenFailure, TokenProblem};
pub use self::request::TokenRequest;
pub use self::settings::TokenCacheSettings;

use self::entries::{Claim, Entries, Fetched};

/// How long a failure is told to whoever asks, before the token endpoint is asked again.
const FAILURE_HOLDS: Duration = Duration::from_secs(1);

/// Fetches access tokens and keeps them until shortly before they expire. One serves the whole process.
///
/// A token belongs to the organization, the token endpoint and everything sent to it: another organization, client,
/// secret, grant or scope never gets it.
pub struct TokenCache {
    egress: Arc<Egress>,
    fetch_limit: Duration,
    entries: Mutex<Entries>,
}

impl TokenCache {
    /// An empty cache that fetches through `egress`, under the same guard and limits as deliveries.
    #[must_use]
    pub fn new(egress: Arc<Egress>, settings: TokenCacheSettings) -> Self {
        Self {
            egress,
            fetch_limit: settings.fetch_limit,
            entries: Mutex::new(Entries::new(settings.maximum_entries)),
        }
    }

    /// The token of an organization for a request: the kept one, or a new one from the token endpoint. Must be called
    /// within a tokio runtime.
    ///
    /// Waits for `time_limit` at most. The fetch goes on after that, or when the future is dropped, for those who come
    /// later; it has a limit of its own ([`TokenCacheSettings::fetch_limit`]).
    ///
    /// # Errors
    ///
    /// [`TokenFailure`] tells why there is no token. [`Cause::ResponseTimeout`] also stands for a `time_limit` that
    /// passed while the fetch goes on, and [`Cause::Busy`] for a cache in which every place has a fetch under way.
    pub async fn token(
        &self,
        organization: OrganizationNumber,
        request: &TokenRequest,
        time_limit: Duration,
    ) -> Result<AccessToken, TokenFailure> {
        let started = Instant::now();
        let claim = self.entries().claim(request.digest(organization), started);
        let mut fetched = match claim {
            Claim::Full => return Err(TokenFailure::failed(Cause::Busy, Timing::default())),
            Claim::Known(fetched) => fetched,
            Claim::ToFetch(sender, fetched) => {
                self.start_fetch(organization, request.clone(), sender);
                fetched
            }
        };
        let cause = match timeout(time_limit, fetched.wait_for(Option::is_some)).await {
            Ok(fetched) => match fetched.ok().as_deref() {
                Some(Some(fetched)) => return fetched.outcome.clone(),
                // The task of the fetch ended without a result: it panicked, or the runtime is shutting down.
                _ => Cause::Internal,
            },
            Err(_) => Cause::ResponseTimeout,
        };
        Err(TokenFailure::failed(cause, Timing { total: started.elapsed(), ..Timing::default() }))
    }

    /// Tells that the target answered 401 to a request with this token, so that it is forgotten. If it is no longer the
    /// kept one nothing happens: a newer one was fetched meanwhile.
    pub fn rejected(&self, organization: OrganizationNumber, request: &TokenRequest, token: &AccessToken) {
        self.entries().forget(&request.digest(organization), token);
    }

    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn start_fetch(
        &self,
        organization: OrganizationNumber,
        request: TokenRequest,
        sender: watch::Sender<Option<Fetched>>,
    ) {
        let egress = Arc::clone(&self.egress);
        let fetch_limit = self.fetch_limit;
        tokio::spawn(async move {
            let fetched = fetch(&egress, organization, &request, fetch_limit).await;
            sender.send_replace(Some(fetched));
        });
    }
}

/// Asks the token endpoint once.
async fn fetch(
    egress: &Egress,
    organization: OrganizationNumber,
    request: &TokenRequest,
    limit: Duration,
) -> Fetched {
    let authority = request.endpoint.authority();
    let started = Instant::now();
    match ask(egress, organization, request, limit).await {
        Ok((token, lifetime)) => {
            tracing::debug!(
                authority,
                lifetime_seconds = lifetime.as_secs(),
                "fetched an access token from a receiver's token endpoint"
            );
            // The lifetime counts from before the request: the endpoint's clock started no earlier than that.
            Fetched { outcome: Ok(token), holds_until: started + answer::usable_for(lifetime) }
        }
        Err(failure) => {
            tracing::debug!(authority, %failure, "a receiver's token endpoint gave no access token");
            Fetched { outcome: Err(failure), holds_until: Instant::now() + FAILURE_HOLDS }
        }
    }
}

async fn ask(
    egress: &Egress,
    organization: OrganizationNumber,
    request: &TokenRequest,
    limit: Duration,
) -> Result<(AccessToken, Duration), TokenFailure> {
    let outbound = request.to_outbound(organization).map_err(|error| {
        tracing::debug!(%error, "a request for an access token cannot be built");
        TokenFailure::failed(Cause::Unbuildable, Timing::default())
    })?;
    let report = egress.send(&outbound, limit).await;
    let response = match report.outcome {
        AttemptOutcome::Answered(response) => response,
        AttemptOutcome::Failed(cause) => return Err(TokenFailure::failed(cause, report.timing)),
    };
    if !response.status.is_success() {
        return Err(TokenFailure::answered(response, &request.client_secret, report.timing));
    }
    answer::read(&response)
        .map_err(|flaw| TokenFailure::unusable(response, flaw, &request.client_secret, report.timing))
}
