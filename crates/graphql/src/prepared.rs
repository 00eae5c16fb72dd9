//! From the text of a query to a request that is within the limits.

use async_graphql::parser::types::{
    DocumentOperations, ExecutableDocument, OperationDefinition, OperationType,
};
use async_graphql::parser::{Error as ParseError, parse_query};
use async_graphql::{Positioned, Request, Variables};
use serde_json::{Map, Value};

use crate::cost;
use crate::error::QueryError;
use crate::limits::MAXIMUM_QUERY_BYTES;
use crate::nesting;
use crate::variables;

/// Parses a query and holds it against the limits. What the schema says about it is left to validation.
///
/// Without the values of its variables nothing is said about them: lists of which they give the length count as the longest.
pub(crate) fn prepare(
    text: &str,
    operation_name: Option<&str>,
    values: Option<&Map<String, Value>>,
) -> Result<Request, QueryError> {
    if text.len() > MAXIMUM_QUERY_BYTES {
        let length = text.len();
        return Err(QueryError::new(format!(
            "the query has {length} bytes; at most {MAXIMUM_QUERY_BYTES} are allowed"
        )));
    }
    nesting::check(text)?;
    let document = parse_query(text).map_err(|error| syntax_error(&error))?;
    let operation = selected(&document, operation_name)?;
    if operation.node.ty != OperationType::Query {
        return Err(QueryError::at(
            operation.pos,
            "only queries are offered; resources change by publishing",
        ));
    }
    cost::check(&document, operation, values)?;
    variables::check_types(&document, &operation.node)?;
    if let Some(values) = values {
        variables::check_values(&operation.node, values)?;
    }

    let mut request = Request::new(text);
    if let Some(name) = operation_name {
        request = request.operation_name(name);
    }
    if let Some(values) = values {
        request = request.variables(Variables::from_json(Value::Object(values.clone())));
    }
    request.set_parsed_query(document);
    Ok(request)
}

fn syntax_error(error: &ParseError) -> QueryError {
    let position = error.positions().next();
    let message = match error {
        // Only this one repeats its place in its text, over several lines with arrows.
        ParseError::Syntax { message, .. } => {
            let expected = message.rsplit(" = ").next().unwrap_or(message).trim();
            format!("this is not GraphQL: {expected}")
        }
        other => other.to_string(),
    };
    match position {
        Some(position) => QueryError::at(position, message),
        None => QueryError::new(message),
    }
}

/// The operation that is to be executed.
fn selected<'a>(
    document: &'a ExecutableDocument,
    operation_name: Option<&str>,
) -> Result<&'a Positioned<OperationDefinition>, QueryError> {
    match (&document.operations, operation_name) {
        (DocumentOperations::Single(operation), None) => Ok(operation),
        (DocumentOperations::Single(_), Some(name)) => Err(QueryError::new(format!(
            "the query has no operation named \"{name}\", only one without a name"
        ))),
        (DocumentOperations::Multiple(operations), Some(name)) => operations
            .get(name)
            .ok_or_else(|| QueryError::new(format!("the query has no operation named \"{name}\""))),
        (DocumentOperations::Multiple(operations), None) => {
            let mut all = operations.values();
            match (all.next(), all.next()) {
                (Some(operation), None) => Ok(operation),
                _ => Err(QueryError::new(
                    "the query has several operations; name the one to execute in operationName",
                )),
            }
        }
    }
}
