//! Why there are no figures.

use std::path::PathBuf;

use super::part::PartError;
use crate::client::ClientError;

/// A measurement cannot be made.
#[derive(Debug, thiserror::Error)]
pub(super) enum BenchError {
    /// One of the processes failed.
    #[error(transparent)]
    Part(#[from] PartError),
    /// The server refused a call or did not answer it.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The server does not start.
    #[error("the server does not start; its log ends with:\n{said}")]
    Start {
        /// The end of its log.
        said: String,
    },
    /// The server has no end of its work.
    #[error("the server still has deliveries waiting {seconds} s after the last one arrived")]
    Unsettled {
        /// How long it had.
        seconds: u64,
    },
    /// An answer of the server lacks a member.
    #[error("the server's answer to {call} has no {member}")]
    Answer {
        /// Which call.
        call: &'static str,
        /// What it lacks.
        member: &'static str,
    },
    /// A process cannot be looked at.
    #[error("what a process has used cannot be read; measuring needs Linux with /proc")]
    Process(#[source] std::io::Error),
    /// The data directory cannot be used.
    #[error("{path} cannot be used for the data; give another directory with --data")]
    Data {
        /// Which directory.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A key for the server cannot be made.
    #[error(transparent)]
    Randomness(#[from] rendezhook_secrets::RandomnessError),
    /// Latencies cannot be counted.
    #[error("latencies cannot be counted")]
    Counting(#[from] hdrhistogram::CreationError),
    /// A call was not made because the process is ending.
    #[error("a call of the server was broken off")]
    BrokenOff(#[from] tokio::task::JoinError),
    /// The sink does not say where it listens.
    #[error("the sink listens at fewer addresses than it was told to")]
    NoAddress,
    /// Somebody wants it to end.
    #[error("interrupted; everything that was started is stopped")]
    Interrupted,
}
