//! The API of doo: deliveries, and where their bodies come from.
//!
//! A delivery has the method of its hook. Without an origin its body is the resource in doo's shape, with `event_id` and for orders
//! `order_id` in it. With an origin, that is asked about the resource for each attempt, and its whole answer is the body.

mod body;
mod origin;

pub(crate) use self::body::{body, headers};
pub use self::origin::OriginRequest;
pub(crate) use self::origin::origin_request;
