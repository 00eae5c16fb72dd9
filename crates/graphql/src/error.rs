//! What is wrong with a query.

use std::fmt;

use async_graphql::{Pos, ServerError};

/// A place in the text of a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// The line, from 1.
    pub line: usize,
    /// The character in the line, from 1.
    pub column: usize,
}

/// A query that is not executed, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryError {
    /// What is wrong, in a sentence without its place.
    pub message: String,
    /// Where; `None` when it is no single place.
    pub position: Option<Position>,
}

impl QueryError {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), position: None }
    }

    pub(crate) fn at(position: Pos, message: impl Into<String>) -> Self {
        Self { message: message.into(), position: Some(position.into()) }
    }

    /// In the form of an entry of `errors`.
    pub(crate) fn to_server_error(&self) -> ServerError {
        let position = self.position.map(|Position { line, column }| Pos { line, column });
        ServerError::new(self.message.clone(), position)
    }
}

impl fmt::Display for QueryError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.position {
            Some(Position { line, column }) => {
                write!(formatter, "line {line}, column {column}: {}", self.message)
            }
            None => formatter.write_str(&self.message),
        }
    }
}

impl std::error::Error for QueryError {}

impl From<Pos> for Position {
    fn from(position: Pos) -> Self {
        Self { line: position.line, column: position.column }
    }
}

impl From<&ServerError> for QueryError {
    fn from(error: &ServerError) -> Self {
        Self {
            message: error.message.clone(),
            position: error.locations.first().copied().map(Position::from),
        }
    }
}
