//! How fast the store and its feed are.

use crate::dice::Dice;

/// How fast the store and its feed are, and what of it fails. Times are the longest ones, in milliseconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    /// Until a record is durable. A commit that fails is made again, so it only takes longer.
    pub(crate) record: u64,
    /// Until a page is read.
    pub(crate) page: u64,
    /// Of a hundred pages, how many cannot be read.
    pub(crate) unreadable: u64,
    /// Of a hundred commits, how many find no room in the feed.
    pub(crate) overflowing: u64,
    /// Until news of the feed are taken.
    pub(crate) feed: u64,
}

impl Pace {
    pub(crate) const USUAL: Self =
        Self { record: 2_000, page: 1_000, unreadable: 5, overflowing: 20, feed: 300 };

    /// Another pace, and for how long.
    pub(crate) fn draw(dice: &mut Dice) -> (Self, i64) {
        let lasts = 1_000 + dice.delay(300_000);
        let pace = match dice.between(0, 3) {
            0 => Self { record: 60_000, ..Self::USUAL },
            1 => Self { page: 30_000, record: 10_000, ..Self::USUAL },
            2 => Self { unreadable: 100, ..Self::USUAL },
            _ => Self { overflowing: 100, feed: 5_000, ..Self::USUAL },
        };
        (pace, lasts)
    }
}
