//! Asking targets whether they want deliveries. A handshake is no delivery: it has no lane, no retry and no record of its own. It
//! goes out by the same means, under the same guard and within the time of an attempt.

use std::sync::Arc;
use std::time::Duration;

use rendezhook_dialects::delivery::{BodyPlan, Plan};
use rendezhook_dialects::handshake::HandshakeContext;
use rendezhook_domain::stage::Stage;
use rendezhook_domain::subscription::{TargetAuthentication, VerificationMethod};
use rendezhook_egress::{AttemptOutcome, OutboundRequest};
use rendezhook_secrets::{Randomness, SigningSecret, SystemRandomness};
use rendezhook_store::catalogue::SubscriptionEntry;
use rendezhook_store::change::VerificationRecord;
use rendezhook_store::record::AttemptResult;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::attempt::result;
use super::preparation::{Errand, Preparation};
use crate::clock::Clock;

/// How many targets are asked at once. Whoever comes then is told to come again.
const AT_ONCE: usize = 16;
/// What is fetched first may take the deadline's half, as in an attempt.
const PREPARATION_SHARE: u32 = 2;

/// Makes handshakes.
pub(super) struct Handshakes {
    preparation: Arc<Preparation>,
    clock: Arc<dyn Clock>,
    deadline: Duration,
    places: Semaphore,
}

impl Handshakes {
    pub(super) fn new(preparation: Arc<Preparation>, clock: Arc<dyn Clock>, deadline: Duration) -> Self {
        Self { preparation, clock, deadline, places: Semaphore::new(AT_ONCE) }
    }

    /// Asks the target of a subscription; `None` when there is no place for one more handshake.
    pub(super) async fn shake(&self, entry: &SubscriptionEntry) -> Option<VerificationRecord> {
        let _place = self.places.try_acquire().ok()?;
        let subscription = &entry.subscription;
        let outcome = match subscription.verification.method {
            VerificationMethod::None => Ok(None),
            VerificationMethod::Challenge | VerificationMethod::CloudEvents => self.ask(entry).await,
        };
        if let Err(failure) = &outcome {
            tracing::info!(subscription = %subscription.id, %failure, "a target is not verified");
        }
        Some(VerificationRecord {
            organization: subscription.organization,
            subscription: subscription.number,
            target: subscription.target.clone(),
            method: subscription.verification.method,
            outcome,
            at: self.clock.now(),
        })
    }

    async fn ask(&self, entry: &SubscriptionEntry) -> Result<Option<u32>, Arc<str>> {
        let started = Instant::now();
        let now = self.clock.now();
        let subscription = &entry.subscription;
        let keys: Vec<&SigningSecret> = entry.live_secrets(now).collect();
        let (id, plain_token) = unguessable()?;
        let context = HandshakeContext {
            id: &id,
            plain_token: &plain_token,
            origin: &self.preparation.means().request_origin,
            subscription,
            keys: &keys,
            target_secret: entry.target_secret.as_ref(),
            headers: &entry.headers,
        };
        let credentials = match &subscription.authentication {
            Some(TargetAuthentication::ClientCredentials(credentials)) => Some(credentials),
            Some(TargetAuthentication::Basic { .. } | TargetAuthentication::ApiKey { .. }) | None => None,
        };
        let plan = Plan { body: BodyPlan::Ready, token: credentials };
        let errand = Errand {
            organization: subscription.organization,
            target_secret: entry.target_secret.as_ref(),
            now,
            limit: self.deadline / PREPARATION_SHARE,
        };
        let prepared = self
            .preparation
            .fetch(&plan, errand)
            .await
            .map_err(|unprepared| Arc::from(result(unprepared.outcome).explanation(unprepared.stage)))?;
        let parts = context
            .request(prepared.fetched().token, now)
            .map_err(|error| Arc::from(error.to_string()))?
            .ok_or_else(|| Arc::from("the subscription asks for no handshake"))?;
        let request = OutboundRequest::new(
            parts.method,
            subscription.target.clone(),
            parts.headers,
            parts.body,
            subscription.organization,
        )
        .map_err(|error| Arc::from(error.to_string()))?;
        let left = self.deadline.saturating_sub(started.elapsed());
        let report = self.preparation.means().egress.send(&request, left).await;
        match &report.outcome {
            AttemptOutcome::Answered(response) => {
                context.judge(response.status.as_u16(), &response.headers, &response.body)
            }
            AttemptOutcome::Failed(cause) => {
                Err(Arc::from(AttemptResult::Failed(*cause).explanation(Stage::Target)))
            }
        }
    }
}

/// An id for a handshake, and a token that nobody can guess.
fn unguessable() -> Result<(String, String), Arc<str>> {
    let random = || -> Result<String, Arc<str>> {
        let mut bytes = [0_u8; 16];
        SystemRandomness.fill(&mut bytes).map_err(|error| Arc::<str>::from(error.to_string()))?;
        Ok(format!("{:032x}", u128::from_be_bytes(bytes)))
    };
    Ok((format!("vrf_{}", random()?), random()?))
}
