//! Why a publish was refused.

use rendezhook_store::StoreError;

use crate::MAXIMUM_ROUNDS;
use crate::schema::Misfit;

/// A publish was refused; nothing of it happened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PublishError {
    /// The organization does not exist (any more).
    #[error("the organization does not exist")]
    UnknownOrganization,
    /// The subscription does not exist (any more).
    #[error("the subscription does not exist")]
    UnknownSubscription,
    /// An item cannot be published as it is.
    #[error("item {index}: {reason}")]
    InvalidItem {
        /// Its place in the request, from 0.
        index: usize,
        /// Which member is wrong: a JSON pointer (RFC 6901) within the item.
        pointer: &'static str,
        /// What is wrong and what would be right.
        reason: String,
    },
    /// Resources do not fit the schema of their kind, and their organization wants such ones to be refused.
    #[error("what is published does not fit its schema")]
    DoesNotFit {
        /// What does not fit, with the place of its resource in the request, from 0. At least one, at most 20.
        reasons: Vec<(usize, Misfit)>,
    },
    /// The idempotency key was used for another request.
    #[error("this idempotency key was used for another request; use a new key for a new request")]
    KeyReused,
    /// The resource has another version than the caller named.
    #[error("the resource has version {current}, not the one named; read it again and repeat")]
    VersionMismatch {
        /// The version it has; 0 when it does not exist.
        current: u64,
    },
    /// The resource does not exist.
    #[error("the resource does not exist")]
    UnknownResource,
    /// The stored resource cannot be compared with.
    #[error("the resource's state is not a JSON object")]
    NotAnObject(#[source] serde_json::Error),
    /// Too many deliveries would be made at once.
    #[error(
        "more than {limit} deliveries would be made, or too many resources looked at; narrow the time in which resources were last changed"
    )]
    TooManyToPush {
        /// How many may be made at once.
        limit: usize,
    },
    /// As many actions wait for their time as may.
    #[error("{limit} actions of the organization wait for their time, or would; cancel some or wait")]
    TooManyScheduled {
        /// How many may wait.
        limit: u64,
    },
    /// As many deliveries of the organization wait as may.
    #[error(
        "{waiting} deliveries of the organization wait, and publishing goes on below {quota}; repeat the request in {retry_after_seconds} seconds"
    )]
    QuotaReached {
        /// Below how many publishing goes on.
        quota: u64,
        /// How many wait for receivers that are delivered to at this moment.
        waiting: u64,
        /// After how many seconds it is worth trying again: 1 to 60.
        retry_after_seconds: u64,
    },
    /// Others kept changing the same resources.
    #[error(
        "others changed the same resources at the same time, {MAXIMUM_ROUNDS} times in a row; repeat the request"
    )]
    Contended,
    /// Hooks, keys or settings of the organization kept changing.
    #[error("the organization's hooks are being changed without a pause; repeat the request in a moment")]
    CatalogueContended,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}
