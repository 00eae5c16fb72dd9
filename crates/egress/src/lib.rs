#![doc = include_str!("../README.md")]

mod capacity;
mod certificate;
mod connect;
mod connection;
mod egress;
mod failure;
mod guard;
mod kept;
mod pool;
mod proxy;
mod report;
mod request;
pub mod resolve;
mod resting;
mod settings;
mod stream;
mod tls;
mod token;

pub use self::egress::{Egress, EgressError};
pub use self::proxy::{Proxy, ProxyError};
pub use self::report::{AttemptOutcome, AttemptReport, Response, Timing};
pub use self::request::{OutboundRequest, OutboundRequestError, USER_AGENT};
pub use self::settings::{
    DEFAULT_TOTAL_LIMIT, EgressSettings, MAXIMUM_RESPONSE_HEAD, MAXIMUM_RESPONSE_HEADERS,
};
pub use self::tls::ClientIdentity;
pub use self::token::{
    AccessToken, AnswerFlaw, MAXIMUM_TOKEN_BYTES, TokenCache, TokenCacheSettings, TokenFailure, TokenProblem,
    TokenRequest,
};
