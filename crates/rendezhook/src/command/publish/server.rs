//! The server as publishing sees it: calls that are safe to repeat, and so are repeated when no answer comes.

use std::time::Duration;

use serde_json::Value;

use crate::client::{ApiClient, Body, ClientError};
use crate::command::output;

/// The pauses before a call is repeated; after the last one its failure is final.
const PAUSES: [Duration; 3] = [Duration::from_millis(250), Duration::from_secs(1), Duration::from_secs(3)];

/// A call that has the same effect once and several times.
pub(super) struct Call<'a> {
    /// The HTTP method.
    pub(super) method: &'static str,
    /// Path and query.
    pub(super) path: String,
    /// The media type of the body.
    pub(super) content_type: &'static str,
    /// The body.
    pub(super) body: &'a [u8],
    /// For a method that is not idempotent by itself.
    pub(super) idempotency_key: Option<String>,
}

/// Takes calls.
pub(super) trait Server {
    /// Makes a call and gives the JSON answer.
    ///
    /// # Errors
    /// When the server cannot be reached or refuses.
    fn call(&self, call: &Call<'_>) -> Result<Value, ClientError>;
}

impl Server for ApiClient {
    fn call(&self, call: &Call<'_>) -> Result<Value, ClientError> {
        let body = Body::Text { content_type: call.content_type, bytes: call.body };
        match &call.idempotency_key {
            Some(key) => self.call_once(call.method, &call.path, &body, key),
            None => ApiClient::call(self, call.method, &call.path, &body),
        }
    }
}

/// Repeats what failed for the moment.
pub(super) struct Patient<S> {
    server: S,
    pause: fn(Duration),
}

impl<S: Server> Patient<S> {
    /// Waits between repetitions, and says so.
    pub(super) fn new(server: S) -> Self {
        Self { server, pause: wait }
    }

    /// Waits in another way.
    #[cfg(test)]
    pub(super) fn with_pause(server: S, pause: fn(Duration)) -> Self {
        Self { server, pause }
    }
}

impl<S: Server> Server for Patient<S> {
    fn call(&self, call: &Call<'_>) -> Result<Value, ClientError> {
        for pause in PAUSES {
            match self.server.call(call) {
                Err(error) if may_pass(&error) => {
                    output::note(format!("{error}\n  trying again in {pause:?}"));
                    (self.pause)(pause);
                }
                ending => return ending,
            }
        }
        self.server.call(call)
    }
}

/// Whether the same call may succeed a little later.
fn may_pass(error: &ClientError) -> bool {
    match error {
        ClientError::Unreachable { .. } => true,
        ClientError::Refused { status, .. } => matches!(status, 429 | 502 | 503 | 504),
        ClientError::NoKey
        | ClientError::NoOrganization
        | ClientError::Uncallable { .. }
        | ClientError::Unintelligible(_) => false,
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the command has one thread and nothing else to do until it tries again"
)]
fn wait(pause: Duration) {
    std::thread::sleep(pause);
}
