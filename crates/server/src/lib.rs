#![doc = include_str!("../README.md")]

mod access;
mod answer;
mod body;
mod documents;
mod doo;
mod exchange;
mod failure;
mod graphql;
mod health;
mod json;
mod native;
mod openapi;
mod options;
mod page;
mod parameters;
mod server;
mod simplymeet;
mod state;
mod surface;
mod vyte;

pub use self::options::{BodyLimits, ConnectionLimits, ServerOptions};
pub use self::server::Server;
pub use self::state::ServerState;
