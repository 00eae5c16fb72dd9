//! Replays as rows, and finding the deliveries they take up. The writer makes them, readers show and count them.

mod row;
mod search;
mod verdict;

pub(super) use self::row::{REPLAY_COLUMNS, insert_replay, read_replay, read_selection};
pub(super) use self::search::{Found, Stretch, candidate, search};
pub(super) use self::verdict::{Order, Skip, Verdict, judge};
