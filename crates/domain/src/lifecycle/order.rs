//! The line of orders.

use super::Stored;
use super::reading::State;
use crate::action::{ORDER_CANCELLED, ORDER_CREATED, ORDER_UPDATED};

/// The actions of an order whose new state differs from the stored one.
pub(super) fn actions<J>(existing: Option<&Stored<'_, J>>, after: State) -> Vec<&'static str> {
    match existing {
        None if after.cancelled => vec![ORDER_CREATED, ORDER_CANCELLED],
        None => vec![ORDER_CREATED],
        Some(existing) if after.cancelled && !existing.facts.cancelled => vec![ORDER_CANCELLED],
        Some(_) => vec![ORDER_UPDATED],
    }
}
