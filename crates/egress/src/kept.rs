//! A connection as it is kept for later: with its HTTP machine while there are few, without where there are many.

use std::time::Duration;

use rendezhook_domain::cause::Cause;

use crate::connection::Connection;
use crate::resting::{Peer, Resting};

/// A connection kept for later.
pub(crate) enum Kept {
    /// Its HTTP machine is there: the next request need not make one.
    Awake(Box<Connection>),
    /// A stream alone, which takes a fraction of the memory.
    Resting(Resting),
}

impl Kept {
    /// What is at the other end.
    pub(crate) fn peer(&self) -> &Peer {
        match self {
            Self::Awake(connection) => connection.peer(),
            Self::Resting(resting) => &resting.peer,
        }
    }

    /// How long it has been open.
    pub(crate) fn age(&self) -> Duration {
        match self {
            Self::Awake(connection) => connection.age(),
            Self::Resting(resting) => resting.age(),
        }
    }

    pub(crate) fn is_awake(&self) -> bool {
        matches!(self, Self::Awake(_))
    }

    /// Whether another request can go over it, as far as can be told.
    pub(crate) async fn is_usable(&mut self) -> bool {
        match self {
            Self::Awake(connection) => connection.is_usable().await,
            Self::Resting(resting) => resting.is_usable().await,
        }
    }

    /// Readies it for a request.
    pub(crate) async fn wake(self) -> Result<Box<Connection>, Cause> {
        match self {
            Self::Awake(connection) => Ok(connection),
            Self::Resting(resting) => Ok(Box::new(Connection::wake(resting).await?)),
        }
    }

    /// Without its HTTP machine; `None` when it cannot be used again.
    pub(crate) fn rest(self) -> Option<Self> {
        match self {
            Self::Awake(connection) => connection.rest().map(Self::Resting),
            Self::Resting(_) => Some(self),
        }
    }
}
