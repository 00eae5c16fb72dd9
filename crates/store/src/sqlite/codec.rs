//! The packed values inside rows. Each starts with a byte that names its form, so that a later form can be told from it.
//!
//! All numbers are little-endian.

mod attempt;
mod bytes_reader;
mod folded;
mod matched;
mod receipt;

pub(super) use self::attempt::{pack_attempt, unpack_attempt};
pub(super) use self::folded::{pack_folded, unpack_folded};
pub(super) use self::matched::{pack_matched, unpack_matched};
pub(super) use self::receipt::{pack_receipt, unpack_receipt};
