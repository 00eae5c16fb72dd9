//! The API of doo: deliveries, where their bodies come from, and in [`management`] the requests by which groups of hooks are kept.
//!
//! A delivery has the method of its hook. Without an origin its body is the resource in doo's shape, with `event_id` and for orders
//! `order_id` in it. With an origin, that is asked about the resource for each attempt, and its whole answer is the body.

mod body;
mod event;
mod hook_type;
pub mod management;
mod order;
mod origin;

pub(crate) use self::body::{body, headers};
pub use self::hook_type::HookType;
pub(crate) use self::origin::origin_request;
pub use self::origin::{
    DocumentError, Ids, MAXIMUM_ORIGIN_BODY_BYTES, MAXIMUM_ORIGIN_BODY_DEPTH, OriginRequest, check, fill,
    question,
};
