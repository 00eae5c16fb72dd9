//! One attempt, from the action to the verdict, in a task of its own.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use http::header::RETRY_AFTER;
use rendezhook_dialects::delivery::{BuildError, DeliveryContext, OutboundParts, build, plan};
use rendezhook_domain::accepted::AcceptedAction;
use rendezhook_domain::cause::Cause;
use rendezhook_domain::delivery::DeliveryOrigin;
use rendezhook_domain::id::DeliveryId;
use rendezhook_domain::outcome::{Answer, Failure, Outcome, ReceiverWish, Verdict, retry_after};
use rendezhook_domain::stage::Stage;
use rendezhook_domain::subscription::Content;
use rendezhook_domain::time::Timestamp;
use rendezhook_egress::{AttemptOutcome, OutboundRequest, OutboundRequestError, Response, Timing};
use rendezhook_secrets::{SharedSecret, SigningSecret};
use rendezhook_store::catalogue::{OrganizationEntry, SubscriptionEntry};
use rendezhook_store::pending::{DeliveryKey, Standing};
use rendezhook_store::record::{AttemptRecord, AttemptResult, AttemptTiming, Exchange};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::certificates::ShownCertificate;
use super::echo::without_echoes;
use super::exchange::exchange;
use super::preparation::{Errand, Preparation, Unprepared};
use crate::clock::Clock;
use crate::options::ExchangeLog;
use crate::scheduler::effect::AttemptOrder;

#[cfg(test)]
mod tests;

/// What is fetched first may take the deadline's half, so that a slow token endpoint leaves the target its time.
const PREPARATION_SHARE: u32 = 2;

/// What all attempts share.
pub(super) struct Surroundings {
    pub(super) preparation: Arc<Preparation>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) deadline: Duration,
    pub(super) exchange_log: ExchangeLog,
    pub(super) ended: mpsc::UnboundedSender<AttemptEnd>,
}

/// The end of an attempt, for the scheduler and for the record.
pub(super) struct AttemptEnd {
    pub(super) key: DeliveryKey,
    pub(super) verdict: Verdict,
    /// Missing when no attempt was made.
    pub(super) facts: Option<AttemptFacts>,
}

/// What the record adds to the scheduler's decision.
pub(super) struct AttemptFacts {
    pub(super) attempt: AttemptRecord,
    /// The body that was built for this attempt; later ones have to send the same.
    pub(super) sent_body: Option<Bytes>,
    /// The certificate that the target showed, when the attempt opened the connection.
    pub(super) certificate: Option<ShownCertificate>,
    /// What was delivered, and why; missing when that could not be read.
    pub(super) about: Option<(Arc<AcceptedAction>, DeliveryOrigin)>,
}

/// What is kept of a delivery beside its action.
#[derive(Debug, Default)]
pub(super) struct Kept {
    /// What an earlier attempt sent.
    pub(super) frozen_body: Option<Bytes>,
    /// The delivery that it repeats.
    pub(super) repeats: Option<DeliveryId>,
    /// Where it stands in the history of its resource.
    pub(super) standing: Standing,
}

/// An attempt with all that it needs.
pub(super) struct Attempt {
    pub(super) order: AttemptOrder,
    pub(super) action: Arc<AcceptedAction>,
    pub(super) kept: Kept,
    pub(super) organization: Arc<OrganizationEntry>,
    pub(super) subscription: Arc<SubscriptionEntry>,
}

impl Surroundings {
    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Reports that an ordered attempt was not made, which costs the delivery nothing.
    pub(super) fn not_made(&self, order: &AttemptOrder) {
        let verdict = Outcome::Failed(Cause::Busy).verdict();
        self.report(AttemptEnd { key: order.key, verdict, facts: None });
    }

    /// Reports that the store has nothing to attempt, since the delivery has ended in between: it was cancelled, or
    /// retention ended it.
    ///
    /// The store drops the record that follows. Should the row be there after all, with the action it belongs to gone, then
    /// the record makes that visible and the delivery does not hold up its lane.
    pub(super) fn ended_meanwhile(&self, order: &AttemptOrder) {
        tracing::debug!(
            receiver = order.key.receiver.get(),
            sequence = order.key.sequence.get(),
            "a delivery ended before its attempt could start"
        );
        let verdict = match Outcome::Failed(Cause::Internal).verdict() {
            Verdict::Failure(failure) => Verdict::Failure(Failure { refused: true, ..failure }),
            success @ Verdict::Success { .. } => success,
        };
        let facts = AttemptFacts::failed(order.number, self.now(), Cause::Internal);
        self.report(AttemptEnd { key: order.key, verdict, facts: Some(facts) });
    }

    fn report(&self, end: AttemptEnd) {
        // Nobody listens once the runtime has returned; the delivery then stays pending in the store.
        let _ = self.ended.send(end);
    }
}

impl AttemptFacts {
    fn failed(number: u16, started_at: Timestamp, cause: Cause) -> Self {
        let attempt = AttemptRecord {
            number,
            started_at,
            stage: Stage::Target,
            result: AttemptResult::Failed(cause),
            timing: AttemptTiming::default(),
            exchange: None,
        };
        Self { attempt, sent_body: None, certificate: None, about: None }
    }
}

impl Attempt {
    /// Makes the attempt and reports its end, whatever happens.
    pub(super) async fn run(self, surroundings: Arc<Surroundings>) {
        let mut promise = Promise {
            surroundings: &surroundings,
            order: self.order,
            started_at: surroundings.now(),
            kept: false,
        };
        let mut end = self.make(&surroundings, promise.started_at).await;
        if let Some(facts) = &mut end.facts {
            facts.about = Some((self.action, self.order.origin));
        }
        promise.keep(end);
    }

    async fn make(&self, surroundings: &Surroundings, started_at: Timestamp) -> AttemptEnd {
        let started = Instant::now();
        let keys: Vec<&SigningSecret> = self.subscription.live_secrets(started_at).collect();
        let context = self.context(&keys, &surroundings.preparation.means().request_origin);
        let plan = match plan(&context) {
            Ok(plan) => plan,
            Err(unbuilt) => return self.unbuildable(&unbuilt.into(), started_at),
        };
        let errand = Errand {
            organization: self.order.organization,
            target_secret: self.subscription.target_secret.as_ref(),
            now: started_at,
            limit: surroundings.deadline / PREPARATION_SHARE,
        };
        let prepared = match surroundings.preparation.fetch(&plan, errand).await {
            Ok(prepared) => prepared,
            Err(unprepared) => return self.unprepared(unprepared, started_at, started.elapsed()),
        };
        let built = build(&prepared.fetched(), &context, started_at).map_err(Unbuilt::from);
        let request = match built.and_then(|parts| self.request(parts)) {
            Ok(request) => request,
            Err(unbuilt) => return self.unbuildable(&unbuilt, started_at),
        };

        let left = surroundings.deadline.saturating_sub(started.elapsed());
        let report = surroundings.preparation.means().egress.send(&request, left).await;
        let certificate =
            report.certificate_expires_at.filter(|_| !report.reused_connection).map(|expires_at| {
                let authority = Arc::from(self.subscription.subscription.target.authority());
                ShownCertificate { authority, expires_at }
            });
        let (outcome, result) = match &report.outcome {
            AttemptOutcome::Answered(response) => {
                if response.status == StatusCode::UNAUTHORIZED {
                    surroundings.preparation.token_refused(&prepared, self.order.organization);
                }
                let answer = judge(response, surroundings.now());
                (Outcome::Answered(answer), AttemptResult::Status(answer.status))
            }
            AttemptOutcome::Failed(cause) => (Outcome::Failed(*cause), AttemptResult::Failed(*cause)),
        };
        let verdict = outcome.verdict();
        let exchange = self
            .is_exchange_kept(&verdict, surroundings.exchange_log)
            .then(|| self.exchange(&request, prepared.fetched().token, &report.outcome));
        let attempt = AttemptRecord {
            number: self.order.number,
            started_at,
            stage: Stage::Target,
            result,
            timing: timing(report.timing, started.elapsed()),
            exchange,
        };
        let sent_body = self.is_to_be_frozen().then(|| request.body().clone());
        AttemptEnd {
            key: self.order.key,
            verdict,
            facts: Some(AttemptFacts { attempt, sent_body, certificate, about: None }),
        }
    }

    /// Whether later attempts have to send what this one sent. What is fetched anew each time is not.
    fn is_to_be_frozen(&self) -> bool {
        let subscription = &self.subscription.subscription;
        self.kept.frozen_body.is_none()
            && subscription.content == Content::Composed
            && subscription.method.carries_body()
    }

    /// The end of an attempt for which something could not be fetched.
    fn unprepared(&self, unprepared: Unprepared, started_at: Timestamp, took: Duration) -> AttemptEnd {
        let Unprepared { stage, outcome, timing: spent, exchange } = unprepared;
        let attempt = AttemptRecord {
            number: self.order.number,
            started_at,
            stage,
            result: result(outcome),
            timing: timing(spent, took),
            exchange,
        };
        let facts = AttemptFacts { attempt, sent_body: None, certificate: None, about: None };
        AttemptEnd { key: self.order.key, verdict: outcome.verdict_at(stage), facts: Some(facts) }
    }

    /// The end of an attempt whose request cannot be built.
    fn unbuildable(&self, unbuilt: &Unbuilt, started_at: Timestamp) -> AttemptEnd {
        tracing::warn!(
            organization = %self.organization.organization.id,
            subscription = %self.subscription.subscription.id,
            delivery = %self.delivery(),
            reason = %unbuilt,
            "the request of a delivery cannot be built"
        );
        let facts = AttemptFacts::failed(self.order.number, started_at, Cause::Unbuildable);
        let verdict = Outcome::Failed(Cause::Unbuildable).verdict();
        AttemptEnd { key: self.order.key, verdict, facts: Some(facts) }
    }

    fn delivery(&self) -> DeliveryId {
        DeliveryId::new(self.action.accepted_at, self.order.key.sequence, self.order.key.receiver)
    }

    /// The id under which the receiver knows it: a replay is the message that it repeats.
    fn message(&self) -> DeliveryId {
        self.kept
            .repeats
            .filter(|_| self.order.origin == DeliveryOrigin::Replay)
            .unwrap_or_else(|| self.delivery())
    }

    /// What the request is built from.
    fn context<'a>(&'a self, keys: &'a [&'a SigningSecret], request_origin: &'a str) -> DeliveryContext<'a> {
        DeliveryContext {
            delivery: self.message(),
            attempt: self.order.number,
            origin: self.order.origin,
            action: &self.action,
            organization: &self.organization.organization,
            subscription: &self.subscription.subscription,
            keys,
            shared_secret: self.subscription.shared_secret.as_ref(),
            target_secret: self.subscription.target_secret.as_ref(),
            request_origin,
            headers: &self.subscription.headers,
            frozen_body: self.kept.frozen_body.as_ref(),
            overtaken: self.order.overtaken,
            previous: self.kept.standing.previous,
            folded: self.kept.standing.folded.as_ref(),
        }
    }

    /// The built request, addressed.
    fn request(&self, parts: OutboundParts) -> Result<OutboundRequest, Unbuilt> {
        let target = self.subscription.subscription.target.clone();
        let OutboundParts { method, headers, body } = parts;
        Ok(OutboundRequest::new(method, target, headers, body, self.order.organization)?)
    }

    fn is_exchange_kept(&self, verdict: &Verdict, log: ExchangeLog) -> bool {
        let failed = matches!(verdict, Verdict::Failure(_));
        failed || log == ExchangeLog::All || self.order.origin == DeliveryOrigin::Test
    }

    fn exchange(&self, request: &OutboundRequest, token: Option<&str>, outcome: &AttemptOutcome) -> Exchange {
        let target_secret = self.subscription.target_secret.as_ref().map(SharedSecret::expose);
        let secrets: Vec<&str> = target_secret.into_iter().chain(token).collect();
        let response = match outcome {
            AttemptOutcome::Answered(response) => Some(without_echoes(response, request.headers(), &secrets)),
            AttemptOutcome::Failed(_) => None,
        };
        exchange(request, response.as_deref())
    }
}

/// Why there is no request to send.
#[derive(Debug, thiserror::Error)]
enum Unbuilt {
    #[error(transparent)]
    Dialect(#[from] BuildError),
    #[error(transparent)]
    Request(#[from] OutboundRequestError),
}

/// The promise that an attempt's end is reported, also when its task panics: else its slot and its lane were held for ever.
struct Promise<'a> {
    surroundings: &'a Surroundings,
    order: AttemptOrder,
    started_at: Timestamp,
    kept: bool,
}

impl Promise<'_> {
    fn keep(&mut self, end: AttemptEnd) {
        self.kept = true;
        self.surroundings.report(end);
    }
}

impl Drop for Promise<'_> {
    fn drop(&mut self) {
        if self.kept {
            return;
        }
        let facts = AttemptFacts::failed(self.order.number, self.started_at, Cause::Internal);
        let verdict = Outcome::Failed(Cause::Internal).verdict();
        self.surroundings.report(AttemptEnd { key: self.order.key, verdict, facts: Some(facts) });
    }
}

/// The end of a request as it is kept.
pub(super) const fn result(outcome: Outcome) -> AttemptResult {
    match outcome {
        Outcome::Answered(answer) => AttemptResult::Status(answer.status),
        Outcome::Failed(cause) => AttemptResult::Failed(cause),
    }
}

/// What matters of an answer for the verdict.
pub(super) fn judge(response: &Response, now: Timestamp) -> Answer {
    let text = |name| response.headers.get(name).and_then(|value: &http::HeaderValue| value.to_str().ok());
    Answer {
        status: response.status.as_u16(),
        retry_after: text(RETRY_AFTER.as_str()).and_then(|value| retry_after(value, now)),
        wish: text("webhook-delivery").and_then(ReceiverWish::from_header),
    }
}

/// The parts of the request with which the attempt ended; the total is the whole attempt's, what was fetched before included.
const fn timing(last_request: Timing, total: Duration) -> AttemptTiming {
    let Timing { dns, connect, tls, first_byte, total: _ } = last_request;
    AttemptTiming { dns, connect, tls, first_byte, total }
}
