//! Why a file was not published.

use super::batch::Batch;
use super::place;
use crate::client::ClientError;
use crate::command::input::InputError;

/// Something was not published.
#[derive(Debug, thiserror::Error)]
pub(super) enum PublishError {
    /// The file cannot be read.
    #[error(transparent)]
    Input(#[from] InputError),
    /// There is no action in the file.
    #[error("there is nothing in {name}; it should hold one action, an array of them, or one a line")]
    Empty {
        /// Which file.
        name: String,
    },
    /// The file is no JSON.
    #[error("{name}, line {line}, column {column}: this is not JSON: {reason}{advice}")]
    NotJson {
        /// Which file.
        name: String,
        /// Where, counted from 1.
        line: usize,
        /// Where in the line.
        column: usize,
        /// What is wrong.
        reason: String,
        /// How to go on.
        advice: String,
    },
    /// The server refuses single actions.
    #[error("{extent} not published; the server refuses (status {status}):\n  {}{advice}", .places.join("\n  "))]
    Refused {
        /// What was not published.
        extent: String,
        /// The HTTP status.
        status: u16,
        /// Where in the file, and why.
        places: Vec<String>,
        /// How to go on.
        advice: String,
    },
    /// The call failed as a whole.
    #[error("{extent} not published{advice}")]
    Failed {
        /// What was not published.
        extent: String,
        /// How to go on.
        advice: String,
        /// Why.
        source: ClientError,
    },
}

impl PublishError {
    /// The file could not be read up to its end, and what comes before was published.
    pub(super) fn after_others(self, run: &str) -> Self {
        match self {
            Self::NotJson { name, line, column, reason, .. } => {
                Self::NotJson { name, line, column, reason, advice: going_on("mend it, then", run) }
            }
            other => other,
        }
    }

    /// A request of a file did not succeed. `is_first` says that nothing of the file was accepted before.
    pub(super) fn of_batch(error: ClientError, batch: &Batch, name: &str, run: &str, is_first: bool) -> Self {
        let extent = extent(batch, name);
        let advice = match (&error, is_first) {
            // Whether the server has accepted it is not known when no answer came.
            (ClientError::Refused { status: 400..=499, .. }, true) => {
                advice_on_size(&error, batch).to_owned()
            }
            _ => going_on("to go on,", run),
        };
        match error {
            ClientError::Refused { status, places, .. } if !places.is_empty() => {
                let places = places.iter().map(|found| place::in_file(found, batch)).collect();
                Self::Refused { extent, status, places, advice }
            }
            source => Self::Failed { extent, advice, source },
        }
    }
}

fn going_on(beginning: &str, run: &str) -> String {
    format!(
        "\n  {beginning} publish the same file with `--run {run}` within 24 hours: nothing is accepted twice"
    )
}

/// `lines 1 to 10000 of bookings.ndjson were`, for a sentence that goes on with "not published".
fn extent(batch: &Batch, name: &str) -> String {
    match (batch.content_type, batch.items.first(), batch.items.last()) {
        ("application/x-ndjson", Some(first), Some(last)) => {
            format!("lines {first} to {last} of {name} were")
        }
        _ => format!("{name} was"),
    }
}

fn advice_on_size(error: &ClientError, batch: &Batch) -> &'static str {
    let too_large = matches!(error, ClientError::Refused { status: 413, .. });
    if too_large && !batch.is_single && batch.content_type == "application/json" {
        return "\n  write one action a line (NDJSON) instead of an array; then the file may be of any length";
    }
    ""
}
