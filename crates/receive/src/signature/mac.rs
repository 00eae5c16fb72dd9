//! HMAC-SHA256 over pieces, and its comparison in constant time.

use ring::hmac;
use subtle::ConstantTimeEq;

pub(crate) fn key(bytes: &[u8]) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, bytes)
}

/// The tag over the concatenation of `pieces`, without copying them together.
pub(crate) fn tag(key: &hmac::Key, pieces: &[&[u8]]) -> hmac::Tag {
    let mut context = hmac::Context::with_key(key);
    for piece in pieces {
        context.update(piece);
    }
    context.sign()
}

pub(crate) fn matches(tag: &hmac::Tag, given: &[u8]) -> bool {
    tag.as_ref().ct_eq(given).into()
}
