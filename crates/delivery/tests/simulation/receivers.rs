//! How receivers answer.

use std::time::Duration;

use rendezhook_domain::cause::Cause;
use rendezhook_domain::outcome::{Answer, Outcome, ReceiverWish, Verdict};
use rendezhook_domain::stage::Stage;

use crate::dice::Dice;

/// How long an attempt may take, in milliseconds.
const DEADLINE: i64 = 15_000;

/// What an endpoint does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Habit {
    /// Answers 204.
    Healthy,
    /// Answers anything.
    Moody,
    /// Answers 500.
    Broken,
    /// Refuses connections.
    Down,
    /// Refuses connections for half a minute, and is healthy for the next.
    Flapping,
    /// Lets every attempt run into its deadline.
    Hanging,
    /// Answers 429 or 503 and asks for time.
    Overloaded,
    /// Answers 410, now and then.
    Leaving,
    /// Does not know the address any more; that is no fault of the endpoint.
    Unknowing,
    /// Has no connection left for us.
    Full,
    /// Its token endpoint or its origin fails, now and then.
    Unprepared,
}

impl Habit {
    pub(crate) const ALL: [Self; 11] = [
        Self::Healthy,
        Self::Moody,
        Self::Broken,
        Self::Down,
        Self::Flapping,
        Self::Hanging,
        Self::Overloaded,
        Self::Leaving,
        Self::Unknowing,
        Self::Full,
        Self::Unprepared,
    ];
}

/// How an attempt goes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Meeting {
    /// How long it takes, in milliseconds.
    pub(crate) takes: i64,
    /// When the receiver has the request, if it ever has; counted from the start.
    pub(crate) arrives: Option<i64>,
    pub(crate) verdict: Verdict,
}

impl Meeting {
    /// Nothing reaches the receiver.
    pub(crate) fn without_request(takes: i64, outcome: Outcome, stage: Stage) -> Self {
        Self { takes, arrives: None, verdict: outcome.verdict_at(stage) }
    }

    fn failed(takes: i64, cause: Cause) -> Self {
        Self::without_request(takes, Outcome::Failed(cause), Stage::Target)
    }

    fn answered(takes: i64, answer: Answer, dice: &mut Dice) -> Self {
        let arrives = dice.between(0, u64::try_from(takes).unwrap());
        let verdict = Outcome::Answered(answer).verdict();
        Self { takes, arrives: Some(i64::try_from(arrives).unwrap()), verdict }
    }

    /// The receiver has the request and does not answer in time.
    fn unanswered() -> Self {
        Self { arrives: Some(10), ..Self::failed(DEADLINE, Cause::ResponseTimeout) }
    }
}

impl Habit {
    /// How an attempt goes that starts `now`. Receivers ask for `longest_hold` seconds at the most.
    pub(crate) fn meet(self, now: i64, longest_hold: u64, dice: &mut Dice) -> Meeting {
        let quick = dice.delay(2_000);
        let status = |status, dice: &mut Dice| Meeting::answered(quick, plain(status), dice);
        match self {
            Self::Healthy => status(204, dice),
            Self::Broken => status(500, dice),
            Self::Unknowing => status(404, dice),
            Self::Down => Meeting::failed(quick, Cause::ConnectionRefused),
            Self::Flapping if now / 30_000 % 2 == 0 => Meeting::failed(quick, Cause::ConnectionReset),
            Self::Flapping => status(200, dice),
            Self::Hanging => Meeting::unanswered(),
            Self::Overloaded => {
                let asks = asking(dice.pick(&[429, 503]), dice.between(1, longest_hold));
                Meeting::answered(quick, asks, dice)
            }
            Self::Leaving => status(if dice.chance(30) { 410 } else { 200 }, dice),
            Self::Full if dice.chance(70) => Meeting::failed(0, Cause::Busy),
            Self::Full => status(200, dice),
            Self::Unprepared if dice.chance(50) => Self::unprepared(quick, dice),
            Self::Unprepared => status(200, dice),
            Self::Moody => Self::moody(quick, longest_hold, dice),
        }
    }

    fn unprepared(quick: i64, dice: &mut Dice) -> Meeting {
        let stage = dice.pick(&[Stage::Token, Stage::Origin]);
        let outcome = match dice.between(0, 3) {
            0 => Outcome::Answered(plain(410)),
            1 => Outcome::Answered(asking(503, 30)),
            2 => Outcome::Failed(Cause::ResponseTimeout),
            _ => Outcome::Failed(Cause::OriginUnusable),
        };
        Meeting::without_request(quick, outcome, stage)
    }

    fn moody(quick: i64, longest_hold: u64, dice: &mut Dice) -> Meeting {
        match dice.between(0, 9) {
            0..=3 => Meeting::answered(quick, plain(200), dice),
            4 => Meeting::answered(quick, plain(404), dice),
            5 => Meeting::failed(quick, Cause::ConnectionRefused),
            6 => Meeting::unanswered(),
            7 => {
                let asks = asking(429, dice.between(1, longest_hold));
                Meeting::answered(quick, asks, dice)
            }
            8 => Meeting::failed(0, Cause::Busy),
            _ => {
                let wish = dice.pick(&[None, Some(ReceiverWish::AbortMessage), Some(ReceiverWish::Disable)]);
                let status = dice.pick(&[200, 500]);
                Meeting::answered(quick, Answer { status, retry_after: None, wish }, dice)
            }
        }
    }
}

/// An answer with this status and nothing else.
pub(crate) fn plain(status: u16) -> Answer {
    Answer { status, retry_after: None, wish: None }
}

fn asking(status: u16, seconds: u64) -> Answer {
    Answer { status, retry_after: Some(Duration::from_secs(seconds)), wish: None }
}
