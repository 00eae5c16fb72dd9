//! The one way in.

use std::fmt;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use async_graphql::dynamic::Schema;
use rendezhook_domain::sequence::OrganizationNumber;
use rendezhook_store::Store;
use serde::Deserialize;
use serde_json::{Map, Value};
use tokio::time::Instant;

use crate::answer::Answer;
use crate::error::QueryError;
use crate::execution::Execution;
use crate::prepared::prepare;
use crate::schema::{self, SchemaFault};
use crate::validation::EndAfterValidation;

/// A query as clients send it: the members of the JSON object of "GraphQL over HTTP". Further members are ignored.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Query {
    /// The text, at most [`MAXIMUM_QUERY_BYTES`](crate::MAXIMUM_QUERY_BYTES) long.
    pub query: String,
    /// Which operation of the text is executed; needed when there are several.
    #[serde(default)]
    pub operation_name: Option<String>,
    /// The values of the operation's variables.
    #[serde(default)]
    pub variables: Option<Map<String, Value>>,
}

/// GraphQL over the stored resources of organizations. Cloning it is cheap.
#[derive(Clone)]
pub struct GraphQl {
    store: Arc<dyn Store>,
    schema: Schema,
    /// The same, ending after validation.
    checking: Schema,
}

impl GraphQl {
    /// Makes the schema from the JSON Schemas of the resources.
    ///
    /// # Errors
    /// When they cannot be told as GraphQL. They are part of the program, so it is told by its tests.
    pub fn new(store: Arc<dyn Store>) -> Result<Self, SchemaFault> {
        let schema = schema::builder()?.finish()?;
        let checking = schema::builder()?.extension(EndAfterValidation).finish()?;
        Ok(Self { store, schema, checking })
    }

    /// Executes a query over the resources of an organization. It sees no others, whatever it says.
    ///
    /// What is not answered at `deadline` is given up the next time the execution waits for the store.
    pub async fn execute(
        &self,
        organization: OrganizationNumber,
        query: &Query,
        deadline: Instant,
    ) -> Answer {
        let no_variables = Map::new();
        let variables = query.variables.as_ref().unwrap_or(&no_variables);
        let request = match prepare(&query.query, query.operation_name.as_deref(), Some(variables)) {
            Ok(request) => request,
            Err(error) => return Answer::refused(error),
        };
        let started_at = Instant::now();
        let execution = Arc::new(Execution::new(Arc::clone(&self.store), organization));
        let executed = self.schema.execute(request.data(Arc::clone(&execution)));
        let executed =
            if started_at < deadline { tokio::time::timeout_at(deadline, executed).await.ok() } else { None };
        let Some(response) = executed else { return Answer::timed_out(started_at.elapsed()) };
        if let Some(failure) = execution.take_failure() {
            return Answer::unavailable(failure);
        }
        if let Some(refusal) = execution.refusal() {
            return Answer::refused(refusal);
        }
        Answer::of(&response)
    }

    /// Checks a query against the schema and the limits, without reading anything.
    ///
    /// Without `variables`, which may be known only later, their values are not looked at. What depends on what is stored
    /// (how large an answer gets) and whether a cursor is one can only be told by executing it.
    ///
    /// # Errors
    /// What is wrong first, and where.
    pub fn check(
        &self,
        query: &str,
        operation_name: Option<&str>,
        variables: Option<&Map<String, Value>>,
    ) -> Result<(), QueryError> {
        let request = prepare(query, operation_name, variables)?;
        let validated = pin!(self.checking.execute(request));
        // Nothing on the way to the end of validation waits, so it is there at the first look.
        match validated.poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(response) => response.errors.first().map_or(Ok(()), |error| Err(error.into())),
            Poll::Pending => Err(QueryError::new("the query could not be checked")),
        }
    }

    /// The schema in the schema definition language.
    #[must_use]
    pub fn sdl(&self) -> String {
        self.schema.sdl()
    }
}

impl fmt::Debug for GraphQl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("GraphQl").finish_non_exhaustive()
    }
}
