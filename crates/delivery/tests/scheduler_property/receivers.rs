//! How receivers answer.

use std::time::Duration;

use rendezhook_domain::cause::Cause;
use rendezhook_domain::outcome::{Answer, Outcome, ReceiverWish, Verdict};

use crate::dice::Dice;

/// What an endpoint does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Habit {
    /// Answers 204.
    Healthy,
    /// Answers anything.
    Moody,
    /// Answers 500.
    Broken,
    /// Lets every attempt run into its deadline.
    Hanging,
    /// Answers 503 and asks for time.
    Overloaded,
    /// Answers 410, now and then.
    Leaving,
    /// Has no connection left for us.
    Full,
}

impl Habit {
    pub(crate) const ALL: [Self; 7] = [
        Self::Healthy,
        Self::Moody,
        Self::Broken,
        Self::Hanging,
        Self::Overloaded,
        Self::Leaving,
        Self::Full,
    ];

    /// How long an attempt takes, in milliseconds, and how it ends.
    pub(crate) fn meet(self, dice: &mut Dice) -> (i64, Verdict) {
        let quick = dice.delay(2_000);
        match self {
            Self::Healthy => (quick, answer(204)),
            Self::Broken => (quick, answer(500)),
            Self::Hanging => (15_000, Outcome::Failed(Cause::ResponseTimeout).verdict()),
            Self::Overloaded => (quick, asking(503, dice.between(1, 40))),
            Self::Leaving => (quick, answer(if dice.chance(30) { 410 } else { 200 })),
            Self::Full if dice.chance(70) => (0, Outcome::Failed(Cause::Busy).verdict()),
            Self::Full => (quick, answer(200)),
            Self::Moody => Self::moody(quick, dice),
        }
    }

    fn moody(quick: i64, dice: &mut Dice) -> (i64, Verdict) {
        match dice.between(0, 9) {
            0..=3 => (quick, answer(200)),
            4 => (quick, answer(404)),
            5 => (quick, Outcome::Failed(Cause::ConnectionRefused).verdict()),
            6 => (15_000, Outcome::Failed(Cause::ResponseTimeout).verdict()),
            7 => (quick, asking(429, dice.between(1, 90))),
            8 => (0, Outcome::Failed(Cause::Busy).verdict()),
            _ => (quick, wishing(dice.pick(&[200, 500]), dice)),
        }
    }
}

pub(crate) fn answer(status: u16) -> Verdict {
    Outcome::Answered(Answer { status, retry_after: None, wish: None }).verdict()
}

fn asking(status: u16, seconds: u64) -> Verdict {
    let retry_after = Some(Duration::from_secs(seconds));
    Outcome::Answered(Answer { status, retry_after, wish: None }).verdict()
}

fn wishing(status: u16, dice: &mut Dice) -> Verdict {
    let wish = dice.pick(&[None, Some(ReceiverWish::AbortMessage), Some(ReceiverWish::Disable)]);
    Outcome::Answered(Answer { status, retry_after: None, wish }).verdict()
}
