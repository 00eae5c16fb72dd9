//! Recording how attempts ended.

use std::time::Duration;

use bytes::Bytes;
use rendezhook_domain::cause::Cause;
use rendezhook_domain::delivery::FinalState;
use rendezhook_domain::sequence::{OrganizationNumber, Sequence, SubscriptionNumber};
use rendezhook_domain::stage::Stage;
use rendezhook_domain::subscription::DisableReason;
use rendezhook_domain::time::Timestamp;

use crate::notice::Consequences;
use crate::pending::DeliveryKey;

/// One turn of a delivery: the attempt that was made, if one was, and what it means for the delivery.
#[derive(Debug, Clone)]
pub struct Record {
    /// Where the delivery is kept.
    pub key: DeliveryKey,
    /// The organization it belongs to.
    pub organization: OrganizationNumber,
    /// The subscription it is for.
    pub subscription: SubscriptionNumber,
    /// When this turn ended.
    pub at: Timestamp,
    /// The attempt; `None` when the delivery ended without one (expired, cancelled).
    pub attempt: Option<AttemptRecord>,
    /// How the delivery goes on.
    pub disposition: Disposition,
    /// The lane had moved on past this delivery.
    pub overtaken: bool,
    /// The body that was sent, to be kept for the attempts that follow; only with [`Disposition::Retry`] after the first.
    pub freeze: Option<Bytes>,
    /// The subscription is to be disabled.
    pub disable: Option<DisableReason>,
    /// What this turn means beyond its own delivery; nearly always nothing.
    pub consequences: Option<Box<Consequences>>,
    /// The newer delivery of the same receiver that takes its place; only with the final state `Folded`.
    pub folded_into: Option<Sequence>,
    /// It expired because more waited for its receiver than may, not because its time ran out; only with the final state `Expired`.
    pub over_backlog: bool,
}

/// How a delivery goes on after a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disposition {
    /// Another attempt is due then.
    Retry {
        /// When.
        due_at: Timestamp,
        /// How long it has held its lane since its first failure, which the store keeps: only time in which its endpoint was available.
        lane_held: Duration,
    },
    /// It ended for good.
    Ended(FinalState),
}

/// The facts of one attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttemptRecord {
    /// Counts the attempts of a delivery from 1.
    pub number: u16,
    /// When it began.
    pub started_at: Timestamp,
    /// The request with which it ended.
    pub stage: Stage,
    /// The status that was answered there, or why there was no answer.
    pub result: AttemptResult,
    /// Where the time went.
    pub timing: AttemptTiming,
    /// Heads and bodies; kept for failed attempts, and for all when the operator wants that.
    pub exchange: Option<Exchange>,
}

/// What came of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttemptResult {
    /// The answer had this HTTP status.
    Status(u16),
    /// There was no answer.
    Failed(Cause),
}

impl AttemptResult {
    /// A failure at a stage in words, for the owner of the subscription.
    #[must_use]
    pub fn explanation(self, stage: Stage) -> String {
        let asked = match stage {
            Stage::Token => "the token endpoint",
            Stage::Origin => "the origin of the body",
            Stage::Target => "the target",
        };
        match (self, stage) {
            (Self::Status(status), _) => format!("{asked} answered {status}"),
            (Self::Failed(cause), Stage::Target) => cause.sentence().to_owned(),
            (Self::Failed(cause), Stage::Token | Stage::Origin) => {
                format!("{asked} was asked first: {}", cause.sentence())
            }
        }
    }
}

/// Where the time of an attempt went. The first three are missing when a kept-alive connection was used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AttemptTiming {
    /// Finding the address.
    pub dns: Option<Duration>,
    /// Opening the connection.
    pub connect: Option<Duration>,
    /// The TLS handshake.
    pub tls: Option<Duration>,
    /// From the request's first byte to the answer's.
    pub first_byte: Option<Duration>,
    /// The whole attempt.
    pub total: Duration,
}

/// What was said in an attempt, for people who look for the reason.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Exchange {
    /// Request line and headers, one a line.
    pub request_head: Bytes,
    /// Status line and headers, one a line; empty without an answer.
    pub response_head: Bytes,
    /// The first bytes of the answer's body, at most 16 KiB.
    pub response_body: Bytes,
    /// Whether the answer's body was longer.
    pub response_body_truncated: bool,
}
