//! Replays: ended deliveries that are made once more, and what one subscription got that another is to get.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::delivery::{DeliveryOrigin, DeliveryState, FinalState};

/// How many deliveries a replay lets become due in a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReplayRate(u16);

/// The number is no rate of a replay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a replay makes 1 to {} deliveries a second", ReplayRate::MAXIMUM)]
pub struct ReplayRateError;

impl ReplayRate {
    /// The highest rate.
    pub const MAXIMUM: u16 = 1_000;

    /// A rate in deliveries a second.
    ///
    /// # Errors
    /// When it is not from 1 to [`Self::MAXIMUM`].
    pub fn new(per_second: u64) -> Result<Self, ReplayRateError> {
        u16::try_from(per_second)
            .ok()
            .filter(|rate| (1..=Self::MAXIMUM).contains(rate))
            .map(Self)
            .ok_or(ReplayRateError)
    }

    /// Deliveries a second.
    #[must_use]
    pub const fn per_second(self) -> u16 {
        self.0
    }

    /// The time between two deliveries, in microseconds.
    #[must_use]
    pub fn beat_microseconds(self) -> u64 {
        1_000_000 / u64::from(self.0.max(1))
    }
}

impl Default for ReplayRate {
    /// Ten a second: what a receiver that has just recovered stands.
    fn default() -> Self {
        Self(10)
    }
}

/// Which deliveries of a subscription or an organization a replay takes up, by how they ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReplayedStates {
    /// Every attempt of their schedule failed.
    Exhausted,
    /// They did not arrive: exhausted, expired or refused.
    Failed,
    /// However they ended.
    All,
}

/// The text names no such group of states.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is not a state that can be replayed; there are: exhausted, failed, all")]
pub struct ReplayedStatesError(String);

impl ReplayedStates {
    /// Every group.
    pub const ALL: [Self; 3] = [Self::Exhausted, Self::Failed, Self::All];

    /// The name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Exhausted => "exhausted",
            Self::Failed => "failed",
            Self::All => "all",
        }
    }

    /// Whether a delivery that ended so belongs to it.
    #[must_use]
    pub const fn covers(self, state: FinalState) -> bool {
        match self {
            Self::Exhausted => matches!(state, FinalState::Exhausted),
            Self::Failed => {
                matches!(state, FinalState::Exhausted | FinalState::Expired | FinalState::Refused)
            }
            Self::All => true,
        }
    }
}

impl FromStr for ReplayedStates {
    type Err = ReplayedStatesError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|states| states.name() == text)
            .ok_or_else(|| ReplayedStatesError(text.chars().take(80).collect()))
    }
}

impl fmt::Display for ReplayedStates {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// How far a replay is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReplayState {
    /// Deliveries are being made.
    Running,
    /// All that were selected are made or skipped; some may still wait for their attempts.
    Done,
    /// Somebody ended it; what was made and waits is being cancelled.
    Cancelling,
    /// Somebody ended it, and nothing of it waits any more.
    Cancelled,
}

impl ReplayState {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::Running, Self::Done, Self::Cancelling, Self::Cancelled];

    /// The name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Done => "done",
            Self::Cancelling => "cancelling",
            Self::Cancelled => "cancelled",
        }
    }

    /// The number under which stores keep it. Never changes.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Running => 0,
            Self::Done => 1,
            Self::Cancelling => 2,
            Self::Cancelled => 3,
        }
    }

    /// The state with this number.
    #[must_use]
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.code() == code)
    }

    /// Whether there is nothing left to be done for it.
    #[must_use]
    pub const fn has_ended(self) -> bool {
        matches!(self, Self::Done | Self::Cancelled)
    }
}

/// Whether a walk over deliveries takes one up. Tests are nobody's message, and a replay is the same message as what it repeats,
/// which the walk meets as well. What still waits arrives by itself; only another subscription (`backfill`) gets it all the same,
/// when it is to get everything.
#[must_use]
pub const fn walk_takes(
    origin: DeliveryOrigin,
    state: DeliveryState,
    wanted: ReplayedStates,
    backfill: bool,
) -> bool {
    let message =
        matches!(origin, DeliveryOrigin::Original | DeliveryOrigin::RePush | DeliveryOrigin::Backfill);
    let fits = match state {
        DeliveryState::Ended(state) => wanted.covers(state),
        DeliveryState::Waiting => backfill && matches!(wanted, ReplayedStates::All),
    };
    message && fits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_from_one_to_a_thousand() {
        for (rate, beat) in [(1, 1_000_000), (3, 333_333), (10, 100_000), (1_000, 1_000)] {
            assert_eq!(ReplayRate::new(rate).map(ReplayRate::beat_microseconds), Ok(beat));
        }
        for rate in [0, 1_001, u64::MAX] {
            assert_eq!(ReplayRate::new(rate), Err(ReplayRateError));
        }
    }

    #[test]
    fn words_and_numbers_are_found_again() {
        for states in ReplayedStates::ALL {
            assert_eq!(states.name().parse(), Ok(states));
        }
        assert!("waiting".parse::<ReplayedStates>().is_err());
        for state in ReplayState::ALL {
            assert_eq!(ReplayState::from_code(state.code()), Some(state));
        }
    }

    #[test]
    fn a_walk_takes_each_message_once() {
        let failed = DeliveryState::Ended(FinalState::Expired);
        let delivered = DeliveryState::Ended(FinalState::Delivered);
        let takes = |origin, state, wanted| walk_takes(origin, state, wanted, false);
        assert!(takes(DeliveryOrigin::Original, failed, ReplayedStates::Failed));
        assert!(takes(DeliveryOrigin::Backfill, failed, ReplayedStates::Failed));
        assert!(!takes(DeliveryOrigin::Original, failed, ReplayedStates::Exhausted));
        assert!(!takes(DeliveryOrigin::Original, delivered, ReplayedStates::Failed));
        assert!(takes(DeliveryOrigin::RePush, delivered, ReplayedStates::All));
        for origin in [DeliveryOrigin::Test, DeliveryOrigin::Replay] {
            assert!(!takes(origin, failed, ReplayedStates::All));
        }
        assert!(!takes(DeliveryOrigin::Original, DeliveryState::Waiting, ReplayedStates::All));
        assert!(walk_takes(DeliveryOrigin::Original, DeliveryState::Waiting, ReplayedStates::All, true));
    }
}
