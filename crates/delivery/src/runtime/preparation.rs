//! Fetching what an attempt is built from: a token of the receiver's own, and a body that others answer.

use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method};
use rendezhook_dialects::delivery::{BodyPlan, Fetched, OriginRequest, Plan, Question};
use rendezhook_dialects::doo::DocumentError;
use rendezhook_domain::cause::Cause;
use rendezhook_domain::outcome::Outcome;
use rendezhook_domain::sequence::OrganizationNumber;
use rendezhook_domain::stage::Stage;
use rendezhook_domain::subscription::ClientCredentials;
use rendezhook_domain::time::Timestamp;
use rendezhook_egress::{
    AccessToken, AttemptOutcome, OutboundRequest, Response, Timing, TokenFailure, TokenProblem, TokenRequest,
};
use rendezhook_graphql::{Outcome as AnswerOutcome, Query};
use rendezhook_secrets::SharedSecret;
use rendezhook_store::record::Exchange;
use serde::Deserialize;
use serde::de::IgnoredAny;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;

use super::attempt::judge;
use super::echo::without_echoes;
use super::exchange::exchange;
use crate::means::Means;

#[cfg(test)]
mod tests;

/// The longest body that is fetched, in bytes: as long as a published resource may be.
const MAXIMUM_BODY_BYTES: usize = 256 * 1024;
/// How many attempts may hold a fetched body at once; 64 MiB in all. Further ones wait their turn.
const HELD_BODIES: usize = 256;
/// How many questions are answered at once by our own GraphQL: answering is work of this machine's own processors.
const QUESTIONS_AT_ONCE: usize = 8;

/// Fetches for all attempts.
pub(super) struct Preparation {
    means: Means,
    held_bodies: Semaphore,
    questions: Semaphore,
}

/// What was fetched for an attempt. Dropped once the attempt has ended.
#[derive(Default)]
pub(super) struct Prepared<'a> {
    body: Option<Bytes>,
    token: Option<(TokenRequest, AccessToken)>,
    _place: Option<SemaphorePermit<'a>>,
}

impl Prepared<'_> {
    /// What the dialect builds from.
    pub(super) fn fetched(&self) -> Fetched<'_> {
        let token = self.token.as_ref().map(|(_, token)| token.expose());
        Fetched { body: self.body.clone(), token }
    }
}

/// An attempt that ended before its delivery could be sent.
pub(super) struct Unprepared {
    pub(super) stage: Stage,
    pub(super) outcome: Outcome,
    /// Of the request that failed.
    pub(super) timing: Timing,
    pub(super) exchange: Option<Exchange>,
}

/// For whom something is fetched, and until when.
#[derive(Clone, Copy)]
pub(super) struct Errand<'a> {
    pub(super) organization: OrganizationNumber,
    pub(super) target_secret: Option<&'a SharedSecret>,
    pub(super) now: Timestamp,
    /// The time there is for all of it.
    pub(super) limit: Duration,
}

impl Preparation {
    pub(super) fn new(means: Means) -> Self {
        Self { means, held_bodies: Semaphore::new(HELD_BODIES), questions: Semaphore::new(QUESTIONS_AT_ONCE) }
    }

    pub(super) fn means(&self) -> &Means {
        &self.means
    }

    /// Fetches what the plan asks for.
    pub(super) async fn fetch(
        &self,
        plan: &Plan<'_>,
        errand: Errand<'_>,
    ) -> Result<Prepared<'_>, Unprepared> {
        let started = Instant::now();
        // Each is set apart, so that the many attempts that fetch nothing need not have the room for it.
        let token = match plan.token {
            Some(credentials) => Some(Box::pin(self.token(credentials, errand)).await?),
            None => None,
        };
        let place = match plan.body {
            BodyPlan::Ready => None,
            BodyPlan::Select(_) | BodyPlan::Origin(_) => {
                let place = self.held_bodies.try_acquire();
                Some(place.map_err(|_| Unprepared::before(Stage::Origin, Cause::Busy))?)
            }
        };
        let deadline = started + errand.limit;
        let body = match &plan.body {
            BodyPlan::Ready => None,
            BodyPlan::Select(question) => Some(Box::pin(self.answer(question, errand, deadline)).await?),
            BodyPlan::Origin(request) => Some(Box::pin(self.ask_origin(request, errand, deadline)).await?),
        };
        Ok(Prepared { body, token, _place: place })
    }

    /// The target refused the token; the next attempt gets a new one.
    pub(super) fn token_refused(&self, prepared: &Prepared<'_>, organization: OrganizationNumber) {
        if let Some((request, token)) = &prepared.token {
            self.means.tokens.rejected(organization, request, token);
        }
    }

    async fn token(
        &self,
        credentials: &ClientCredentials,
        errand: Errand<'_>,
    ) -> Result<(TokenRequest, AccessToken), Unprepared> {
        // A client without a secret authenticates by its id alone; most endpoints will say that this is not enough.
        let client_secret = errand.target_secret.cloned().unwrap_or_else(|| SharedSecret::new(String::new()));
        let request = TokenRequest {
            endpoint: credentials.endpoint.clone(),
            client_id: credentials.client_id.to_string(),
            client_secret,
            grant_type: credentials.grant_type.to_string(),
            scope: credentials.scope.as_deref().map(str::to_owned),
        };
        match self.means.tokens.token(errand.organization, &request, errand.limit).await {
            Ok(token) => Ok((request, token)),
            Err(failure) => Err(no_token(&request, &failure, errand)),
        }
    }

    async fn ask_origin(
        &self,
        request: &OriginRequest<'_>,
        errand: Errand<'_>,
        deadline: Instant,
    ) -> Result<Bytes, Unprepared> {
        let origin = request.origin;
        if self.means.own_origins.contains(&origin.endpoint) {
            let question = request.question().map_err(|error| no_question(&error))?;
            return self.answer(&question, errand, deadline).await;
        }

        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        let mut body = Bytes::new();
        if origin.method.carries_body() {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            // A map of texts to JSON values always fits into JSON.
            body = Bytes::from(serde_json::to_vec(&request.document).unwrap_or_default());
        }
        if let Some(operators) = self.means.origin_headers.of(&origin.endpoint) {
            headers.extend(operators.clone());
        }
        let method = Method::try_from(origin.method.name()).unwrap_or_default();
        let outbound =
            OutboundRequest::new(method, origin.endpoint.clone(), headers, body, errand.organization)
                .map_err(|_| Unprepared::before(Stage::Origin, Cause::Unbuildable))?
                .with_body_limit(MAXIMUM_BODY_BYTES);
        let report =
            self.means.egress.send(&outbound, deadline.saturating_duration_since(Instant::now())).await;
        let response = match &report.outcome {
            AttemptOutcome::Answered(response) if is_usable(response) => return Ok(response.body.clone()),
            AttemptOutcome::Answered(response) => Some(response),
            AttemptOutcome::Failed(_) => None,
        };
        let outcome = match &report.outcome {
            AttemptOutcome::Answered(response) if response.status.is_success() => {
                Outcome::Failed(Cause::OriginUnusable)
            }
            AttemptOutcome::Answered(response) => Outcome::Answered(judge(response, errand.now)),
            AttemptOutcome::Failed(cause) => Outcome::Failed(*cause),
        };
        // The operator's headers are not for the organization to see.
        let shown = response.map(|response| without_echoes(response, outbound.headers(), &[]));
        let exchange = exchange(&outbound, shown.as_deref());
        Err(Unprepared { stage: Stage::Origin, outcome, timing: report.timing, exchange: Some(exchange) })
    }

    async fn answer(
        &self,
        question: &Question,
        errand: Errand<'_>,
        deadline: Instant,
    ) -> Result<Bytes, Unprepared> {
        let query = Query {
            query: question.query.to_string(),
            operation_name: question.operation_name.clone(),
            variables: Some(question.variables.clone()),
        };
        self.execute(&query, errand, deadline).await
    }

    /// Asks our own GraphQL.
    async fn execute(
        &self,
        query: &Query,
        errand: Errand<'_>,
        deadline: Instant,
    ) -> Result<Bytes, Unprepared> {
        let place = tokio::time::timeout_at(deadline, self.questions.acquire()).await;
        let Ok(Ok(_place)) = place else {
            return Err(Unprepared::before(Stage::Origin, Cause::Busy));
        };
        let answer = self.means.graphql.execute(errand.organization, query, deadline).await;
        let cause = match answer.outcome {
            AnswerOutcome::Complete if answer.body.len() <= MAXIMUM_BODY_BYTES => {
                return Ok(answer.body);
            }
            AnswerOutcome::Complete => Cause::OriginUnusable,
            AnswerOutcome::Refused(_) | AnswerOutcome::TimedOut => Cause::QueryFailed,
            AnswerOutcome::Unavailable(error) => {
                tracing::warn!(%error, "resources that a subscription selects cannot be read");
                Cause::Internal
            }
        };
        Err(Unprepared {
            stage: Stage::Origin,
            outcome: Outcome::Failed(cause),
            timing: Timing::default(),
            exchange: Some(own_exchange(&answer.body)),
        })
    }
}

impl Unprepared {
    /// Nothing was sent.
    fn before(stage: Stage, cause: Cause) -> Self {
        Self { stage, outcome: Outcome::Failed(cause), timing: Timing::default(), exchange: None }
    }
}

/// What the attempt tells of an origin that asks our own GraphQL nothing. It is checked when the hook is made; the operator may
/// have made the host ours since.
fn no_question(error: &DocumentError) -> Unprepared {
    let answer = serde_json::json!({"errors": [{"message": error.to_string()}]}).to_string();
    Unprepared {
        stage: Stage::Origin,
        outcome: Outcome::Failed(Cause::QueryFailed),
        timing: Timing::default(),
        exchange: Some(own_exchange(&Bytes::from(answer))),
    }
}

/// What the attempt tells of a token that could not be had.
fn no_token(request: &TokenRequest, failure: &TokenFailure, errand: Errand<'_>) -> Unprepared {
    let (outcome, response): (Outcome, Option<&Response>) = match failure.problem.as_ref() {
        TokenProblem::Answered(response) => (Outcome::Answered(judge(response, errand.now)), Some(response)),
        TokenProblem::Failed(cause) => (Outcome::Failed(*cause), None),
        TokenProblem::Unusable { response, .. } => (Outcome::Failed(Cause::TokenUnusable), Some(response)),
    };
    // The body holds the client's secret: its length is as little told as its text.
    let endpoint = request.endpoint.clone();
    let without_body = OutboundRequest::new(
        request.method(),
        endpoint,
        request.headers(),
        Bytes::new(),
        errand.organization,
    );
    let exchange = without_body.ok().map(|request| exchange(&request, response));
    Unprepared { stage: Stage::Token, outcome, timing: failure.timing, exchange }
}

/// Whether an origin's answer is what the receiver should get: JSON, whole, and not merely errors.
fn is_usable(response: &Response) -> bool {
    #[derive(Deserialize)]
    struct Answer {
        #[serde(default)]
        data: Option<IgnoredAny>,
        #[serde(default)]
        errors: Option<IgnoredAny>,
    }
    if !response.status.is_success() || response.body_truncated {
        return false;
    }
    match serde_json::from_slice::<Answer>(&response.body) {
        Ok(answer) => answer.data.is_some() || answer.errors.is_none(),
        // JSON that is no object has no errors in it.
        Err(_) => serde_json::from_slice::<IgnoredAny>(&response.body).is_ok(),
    }
}

/// What was said within this server.
fn own_exchange(answer: &Bytes) -> Exchange {
    let kept = answer.len().min(super::exchange::MAXIMUM_BODY);
    Exchange {
        request_head: Bytes::from_static(
            b"POST /graphql HTTP/1.1\nhost: this server\ncontent-type: application/json\n",
        ),
        response_head: Bytes::from_static(b"HTTP/1.1 200 OK\ncontent-type: application/json\n"),
        response_body: answer.slice(..kept),
        response_body_truncated: kept < answer.len(),
    }
}
