//! The API of SimplyMeet.me: deliveries, and in [`management`] the requests by which hooks are kept.
//!
//! A delivery is a POST of `{"event", "data"}`. `data` is the meeting in the shape that the SimplyMeet.me help shows, rendered from the
//! event resource. With a secret, `webhook-signature` is the base64 of an HMAC-SHA256 over the body under the text of that
//! secret; there is no timestamp in it, so that nothing in it guards against replays. `webhook-id` and `webhook-timestamp`
//! come in addition.

mod body;
mod data;
mod event;
pub mod management;

use rendezhook_secrets::{Randomness, RandomnessError};
use uuid::Uuid;

pub(crate) use self::body::{body, headers};
pub use self::event::{MeetingEvent, events, filter};

/// Makes the id of a new hook: a UUID of version 4 (RFC 9562, section 5.4).
///
/// # Errors
/// When there are no random bytes.
pub fn new_hook_uuid(randomness: &mut dyn Randomness) -> Result<Uuid, RandomnessError> {
    let mut random = [0_u8; 16];
    randomness.fill(&mut random)?;
    Ok(uuid::Builder::from_random_bytes(random).into_uuid())
}
