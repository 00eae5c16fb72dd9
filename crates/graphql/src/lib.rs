#![doc = include_str!("../README.md")]

mod answer;
mod budget;
mod cost;
mod error;
mod execution;
mod graphql;
mod limits;
mod list;
mod nesting;
mod prepared;
mod resource;
mod schema;
mod validation;
mod variables;

pub use self::answer::{Answer, Outcome};
pub use self::error::{Position, QueryError};
pub use self::graphql::{GraphQl, Query};
pub use self::limits::*;
pub use self::schema::SchemaFault;
