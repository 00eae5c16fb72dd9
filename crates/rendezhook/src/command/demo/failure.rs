//! Why the demo cannot go on.

use super::receivers::ReceiverError;
use crate::client::ClientError;

/// The demo cannot go on.
#[derive(Debug, thiserror::Error)]
pub(super) enum DemoError {
    /// A receiver cannot be started.
    #[error(transparent)]
    Receiver(#[from] ReceiverError),
    /// The server refused a call or did not answer it.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The calendar could not be published.
    #[error("the calendar was not published: {0}")]
    Calendar(String),
    /// The answer to a call lacks a member.
    #[error("the server's answer to {call} cannot be understood")]
    Answer {
        /// Which call.
        call: String,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
    /// The server lists no subscription for a hook that was just made.
    #[error("the server does not list the hook of {0}")]
    HookMissing(&'static str),
    /// A signing secret cannot be used.
    #[error(transparent)]
    Secret(#[from] rendezhook_receive::signature::SecretError),
    /// The store was not empty.
    #[error("the server made no demo organization in its new store")]
    NoOrganization,
    /// A call was not made because the process is ending.
    #[error("a call of the server was broken off")]
    BrokenOff(#[from] tokio::task::JoinError),
}
