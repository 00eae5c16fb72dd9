//! What can go wrong inside, and how it is told outside.

use std::sync::Arc;

use rendezhook_secrets::{RandomnessError, SealError};
use rusqlite::ErrorCode;
use rusqlite::types::Type;

use crate::error::StoreError;

/// A step failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    #[error(transparent)]
    Sqlite(rusqlite::Error),
    #[error(transparent)]
    Seal(#[from] SealError),
    #[error(transparent)]
    Randomness(#[from] RandomnessError),
    /// What is stored does not have the form that was written.
    #[error("{0}")]
    Damaged(String),
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        match error {
            rusqlite::Error::FromSqlConversionFailure(..)
            | rusqlite::Error::InvalidColumnType(..)
            | rusqlite::Error::IntegralValueOutOfRange(..) => Self::Damaged(error.to_string()),
            other => Self::Sqlite(other),
        }
    }
}

/// A value in the database is none that was ever written there.
#[derive(Debug, thiserror::Error)]
#[error("it is not {0}")]
struct Unreadable(&'static str);

/// A column holds something that is not `expected` ("the number of a state").
pub(super) fn unreadable(column: usize, expected: &'static str) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, Type::Null, Box::new(Unreadable(expected)))
}

/// A fault that is told to everybody in a group.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
pub(super) struct SharedFault(Arc<Fault>);

impl SharedFault {
    pub(super) fn new(fault: Fault) -> Self {
        Self(Arc::new(fault))
    }

    /// The error for somebody who asked for `doing`.
    ///
    /// `committing` says that the fault came while the transaction was being completed: then an I/O error leaves open
    /// whether it is on disk, and only [`StoreError::Uncertain`] says so. SQLite has rolled back, and the next transaction
    /// is written over what may be there.
    pub(super) fn to_error(&self, doing: &'static str, committing: bool) -> StoreError {
        let message = self.0.to_string();
        match &*self.0 {
            Fault::Damaged(_) => return StoreError::Damaged { message },
            Fault::Sqlite(error) => match error.sqlite_error_code() {
                Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                    return StoreError::Damaged { message };
                }
                Some(
                    ErrorCode::DiskFull
                    | ErrorCode::ReadOnly
                    | ErrorCode::PermissionDenied
                    | ErrorCode::OutOfMemory
                    | ErrorCode::DatabaseBusy
                    | ErrorCode::DatabaseLocked,
                ) => return StoreError::Unavailable { message },
                Some(ErrorCode::SystemIoFailure | ErrorCode::CannotOpen) => {
                    return if committing {
                        StoreError::Uncertain { message }
                    } else {
                        StoreError::Unavailable { message }
                    };
                }
                _ => {}
            },
            Fault::Seal(_) | Fault::Randomness(_) => {}
        }
        StoreError::Database { doing, source: Box::new(self.clone()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(code: i32, committing: bool) -> StoreError {
        let failure = rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), None);
        SharedFault::new(failure.into()).to_error("testing", committing)
    }

    #[test]
    fn only_an_io_error_while_committing_leaves_the_outcome_open() {
        use rusqlite::ffi::{
            SQLITE_BUSY, SQLITE_CONSTRAINT, SQLITE_CORRUPT, SQLITE_FULL, SQLITE_IOERR, SQLITE_READONLY,
        };
        for committing in [false, true] {
            assert!(matches!(error(SQLITE_FULL, committing), StoreError::Unavailable { .. }));
            assert!(matches!(error(SQLITE_READONLY, committing), StoreError::Unavailable { .. }));
            assert!(matches!(error(SQLITE_CORRUPT, committing), StoreError::Damaged { .. }));
            assert!(matches!(error(SQLITE_BUSY, committing), StoreError::Unavailable { .. }));
            assert!(matches!(
                error(SQLITE_CONSTRAINT, committing),
                StoreError::Database { doing: "testing", .. }
            ));
        }
        assert!(matches!(error(SQLITE_IOERR, false), StoreError::Unavailable { .. }));
        assert!(matches!(error(SQLITE_IOERR, true), StoreError::Uncertain { .. }));
    }

    #[test]
    fn a_column_that_cannot_be_read_is_damage() {
        let fault = SharedFault::new(unreadable(3, "a state").into());
        let StoreError::Damaged { message } = fault.to_error("testing", false) else {
            panic!("another error");
        };
        assert!(message.contains("it is not a state"), "{message}");
    }
}
