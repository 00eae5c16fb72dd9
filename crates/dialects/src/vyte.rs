//! The Vyte API, v1 and v2: deliveries, and in [`management`] the requests by which hooks are kept.
//!
//! A delivery is a POST of an item `{action, resource, organization[, user]}`. The prose of the Vyte reference says that the body is
//! an array of such items, of length one for now; its example shows the item alone. The array is the default, the bare object
//! a setting of the organization or the hook. The three header fields of Standard Webhooks come in addition.

mod body;
pub mod management;
mod object_id;

pub(crate) use self::body::{body, headers};
pub use self::object_id::{new_object_id, object_id};
