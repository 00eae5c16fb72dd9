//! The small facts of a stored resource from which most decisions are taken without reading its body.

use crate::time::Timestamp;

/// What is remembered of a resource beside its body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facts {
    /// Counts the actions of the resource; the next one gets this plus one. A commit names the version it was decided from.
    pub version: u64,
    /// When the stored state came about, by the publisher's word.
    pub occurred_at: Timestamp,
    /// When the resource was first accepted; once more when it came back after a removal. `None` when that was before it was
    /// remembered.
    pub created_at: Option<Timestamp>,
    /// A date or place was decided at some time.
    pub ever_confirmed: bool,
    /// It is cancelled now.
    pub cancelled: bool,
    /// It was deleted.
    pub removed: bool,
    /// The start of the confirmed date, when one is confirmed.
    pub confirmed_time: Option<Timestamp>,
}
