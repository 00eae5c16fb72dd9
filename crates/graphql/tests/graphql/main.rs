//! GraphQL over the store on SQLite.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests fail by panicking")]

mod limits;
mod queries;
mod stored;
