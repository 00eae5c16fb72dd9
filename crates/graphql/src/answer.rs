//! What comes of an execution.

use std::time::Duration;

use async_graphql::{Response, ServerError, Value};
use bytes::Bytes;
use rendezhook_store::StoreError;
use serde::Serialize;

use crate::error::QueryError;
use crate::limits::MAXIMUM_ERRORS;

/// An answer as it goes over the wire, and what it says.
#[derive(Debug)]
pub struct Answer {
    /// A JSON object (GraphQL specification, section 7): `{"data": …}` or `{"errors": […]}`, never both: half an answer is of no
    /// use to a receiver that cannot ask again. Members of `data` are in the order in which the query asks for them.
    pub body: Bytes,
    /// What the body says.
    pub outcome: Outcome,
}

/// What came of a query.
#[derive(Debug)]
pub enum Outcome {
    /// Everything is answered.
    Complete,
    /// Nothing is answered, because the query, its variables or the size of its answer are not allowed. The first error.
    Refused(QueryError),
    /// Nothing is answered, because the deadline came first.
    TimedOut,
    /// Nothing is answered, because resources could not be read. It is no fault of the query.
    Unavailable(StoreError),
}

#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum Body<'a> {
    Data(&'a Value),
    Errors(&'a [ServerError]),
}

impl Answer {
    /// Whether there are errors and no data.
    #[must_use]
    pub const fn is_failed(&self) -> bool {
        !matches!(self.outcome, Outcome::Complete)
    }

    pub(crate) fn of(response: &Response) -> Self {
        let told = response.errors.get(..MAXIMUM_ERRORS).unwrap_or(&response.errors);
        match response.errors.first() {
            None => Self { body: json(&Body::Data(&response.data)), outcome: Outcome::Complete },
            Some(first) => {
                Self { body: json(&Body::Errors(told)), outcome: Outcome::Refused(QueryError::from(first)) }
            }
        }
    }

    pub(crate) fn refused(error: QueryError) -> Self {
        let body = json(&Body::Errors(&[error.to_server_error()]));
        Self { body, outcome: Outcome::Refused(error) }
    }

    pub(crate) fn timed_out(after: Duration) -> Self {
        let message = format!(
            "the query was not answered within {} ms; ask for fewer resources at once",
            after.as_millis()
        );
        let body = json(&Body::Errors(&[ServerError::new(message, None)]));
        Self { body, outcome: Outcome::TimedOut }
    }

    pub(crate) fn unavailable(error: StoreError) -> Self {
        let message = "resources cannot be read now; repeat the request in a moment";
        let body = json(&Body::Errors(&[ServerError::new(message, None)]));
        Self { body, outcome: Outcome::Unavailable(error) }
    }
}

fn json(body: &Body<'_>) -> Bytes {
    // Only a map whose keys are no texts could fail, and there is none.
    Bytes::from(serde_json::to_vec(body).unwrap_or_default())
}
