//! Which failure each error of the crates below becomes. Details of the inside stay in the log.

use rendezhook_dialects::doo;
use rendezhook_dialects::simplymeet::management::{InvalidArgument, RequestError};
use rendezhook_dialects::vyte::management::ManagementError;
use rendezhook_intake::PublishError;
use rendezhook_intake::schema::Misfit;
use rendezhook_secrets::RandomnessError;
use rendezhook_store::StoreError;
use rendezhook_store::change::ChangeRefusal;
use rendezhook_store::replay::ReplayRefusal;

use super::{Failure, FailureKind, FieldError};

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Overloaded => Self::new(
                FailureKind::Unavailable,
                "the server has more work than it can take; repeat the request in a moment",
            ),
            StoreError::ShuttingDown => {
                Self::new(FailureKind::Unavailable, "the server is stopping; repeat the request in a moment")
            }
            // The store says in the log what is wrong, now and then; a line for each request would fill what is full.
            StoreError::Unavailable { .. } => Self::new(
                FailureKind::Unavailable,
                "the server cannot use its disk right now; nothing was done; repeat the request in a moment",
            ),
            StoreError::Uncertain { .. } => Self::new(
                FailureKind::Unavailable,
                "the server cannot use its disk right now; repeat the request in a moment, with the same Idempotency-Key if it has one",
            ),
            other => Self::internal(&other),
        }
    }
}

impl From<PublishError> for Failure {
    fn from(error: PublishError) -> Self {
        match error {
            PublishError::Store(error) => error.into(),
            PublishError::UnknownOrganization => Self::not_found("organization"),
            PublishError::UnknownSubscription => Self::not_found("subscription"),
            PublishError::UnknownResource => Self::not_found("resource"),
            PublishError::KeyReused => Self::new(FailureKind::IdempotencyKeyReused, error.to_string()),
            PublishError::VersionMismatch { .. } => {
                Self::new(FailureKind::VersionMismatch, error.to_string())
            }
            PublishError::TooManyToPush { .. } | PublishError::TooManyScheduled { .. } => {
                Self::new(FailureKind::LimitReached, error.to_string())
            }
            PublishError::QuotaReached { retry_after_seconds, .. } => {
                Self::new(FailureKind::QuotaReached, error.to_string())
                    .retried_after_seconds(retry_after_seconds)
            }
            PublishError::Contended | PublishError::CatalogueContended => {
                Self::new(FailureKind::Unavailable, error.to_string())
            }
            PublishError::InvalidItem { index, pointer, reason } => {
                Self::fields(vec![FieldError { detail: reason, pointer: format!("/{index}{pointer}") }])
            }
            // The body is the resource itself; where it is a part of it, its place is put before.
            PublishError::DoesNotFit { reasons } => {
                let field = |(_, Misfit { pointer, detail })| FieldError { detail, pointer };
                Self::fields(reasons.into_iter().map(field).collect())
            }
            // The body was checked before, so it is the stored state that is damaged.
            other => Self::internal(&other),
        }
    }
}

impl From<ChangeRefusal> for Failure {
    fn from(refusal: ChangeRefusal) -> Self {
        let kind = match refusal {
            ChangeRefusal::Unknown => FailureKind::NotFound,
            ChangeRefusal::LimitReached(_) => FailureKind::LimitReached,
            ChangeRefusal::Stale | ChangeRefusal::Taken => FailureKind::Conflict,
        };
        Self::new(kind, refusal.to_string())
    }
}

impl From<ReplayRefusal> for Failure {
    fn from(refusal: ReplayRefusal) -> Self {
        match refusal {
            ReplayRefusal::Unknown => Self::not_found("delivery or subscription"),
            ReplayRefusal::TooMany(_) => Self::new(FailureKind::LimitReached, refusal.to_string()),
            ReplayRefusal::KeyReused => Self::new(FailureKind::IdempotencyKeyReused, refusal.to_string()),
        }
    }
}

impl From<RandomnessError> for Failure {
    fn from(error: RandomnessError) -> Self {
        Self::internal(&error)
    }
}

impl From<RequestError> for Failure {
    fn from(error: RequestError) -> Self {
        match error {
            RequestError::InvalidArguments(arguments) => arguments.into(),
            error => Self::new(FailureKind::InvalidJson, error.to_string()),
        }
    }
}

impl From<doo::management::RequestError> for Failure {
    fn from(error: doo::management::RequestError) -> Self {
        let kind = match error {
            doo::management::RequestError::InvalidJson(_) => FailureKind::InvalidJson,
            _ => FailureKind::InvalidFields,
        };
        Self::new(kind, error.to_string())
    }
}

impl From<Vec<InvalidArgument>> for Failure {
    fn from(arguments: Vec<InvalidArgument>) -> Self {
        let field = |InvalidArgument { field, sentence }| FieldError {
            detail: sentence,
            pointer: format!("/{field}"),
        };
        Self::fields(arguments.into_iter().map(field).collect())
    }
}

impl From<ManagementError> for Failure {
    fn from(error: ManagementError) -> Self {
        let kind = match &error {
            ManagementError::Unauthorized => FailureKind::Unauthenticated,
            ManagementError::Forbidden => FailureKind::Forbidden,
            ManagementError::NotFound => FailureKind::NotFound,
            ManagementError::MethodNotAllowed { .. } => FailureKind::MethodNotAllowed,
            ManagementError::TooManyHooks => FailureKind::LimitReached,
            ManagementError::InvalidJson(_) => FailureKind::InvalidJson,
            _ => FailureKind::InvalidFields,
        };
        Self::new(kind, error.to_string()).with_code(error.code())
    }
}
