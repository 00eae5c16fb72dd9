//! The states of a delivery.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::id::DeliveryId;

/// Where a delivery comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryOrigin {
    /// An action matched the subscription when it was accepted.
    #[default]
    Original,
    /// Somebody asked for a test: one attempt, in a lane of its own, also when the subscription is paused.
    Test,
    /// Somebody asked for stored resources to be pushed anew: the state at that time, in a lane of its own.
    RePush,
    /// Somebody asked for an ended delivery once more: the same message under the same `webhook-id`.
    Replay,
    /// Somebody asked for what one subscription got to be sent to another: a message of its own.
    Backfill,
}

impl DeliveryOrigin {
    /// Every origin.
    pub const ALL: [Self; 5] = [Self::Original, Self::Test, Self::RePush, Self::Replay, Self::Backfill];

    /// The number under which stores keep it. Never changes.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Original => 0,
            Self::Test => 1,
            Self::RePush => 2,
            Self::Replay => 3,
            Self::Backfill => 4,
        }
    }

    /// The origin with this number.
    #[must_use]
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|origin| origin.code() == code)
    }

    /// The name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Original => "original",
            Self::Test => "test",
            Self::RePush => "re_push",
            Self::Replay => "replay",
            Self::Backfill => "backfill",
        }
    }

    /// Whether it repeats another delivery. Such deliveries have lanes of their own, go behind the others, and do not expire.
    #[must_use]
    pub const fn is_repetition(self) -> bool {
        matches!(self, Self::Replay | Self::Backfill)
    }
}

/// How a delivery ended, for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FinalState {
    /// A 2xx answer.
    Delivered,
    /// Every attempt of the schedule failed.
    Exhausted,
    /// Its time ran out before an attempt succeeded.
    Expired,
    /// Its subscription was deleted.
    Cancelled,
    /// The receiver refused it: 410, or `webhook-delivery: abort-message`.
    Refused,
    /// The server crashed again and again while it attempted it, and it alone.
    SetAside,
    /// A newer update of the same resource for the same subscription took its place before it was attempted.
    Folded,
}

impl FinalState {
    /// Every final state.
    pub const ALL: [Self; 7] = [
        Self::Delivered,
        Self::Exhausted,
        Self::Expired,
        Self::Cancelled,
        Self::Refused,
        Self::Folded,
        Self::SetAside,
    ];

    /// The name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Exhausted => "exhausted",
            Self::Expired => "expired",
            Self::Cancelled => "cancelled",
            Self::Refused => "refused",
            Self::SetAside => "set_aside",
            Self::Folded => "folded",
        }
    }

    /// The number under which stores keep it. Never changes.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Delivered => 1,
            Self::Exhausted => 2,
            Self::Expired => 3,
            Self::Cancelled => 4,
            Self::Refused => 5,
            Self::SetAside => 7,
            Self::Folded => 6,
        }
    }

    /// The state with this number.
    #[must_use]
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.code() == code)
    }
}

/// Why a delivery expired.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExpiryReason {
    /// The time its action had ran out.
    #[default]
    Time,
    /// More waited for its receiver than may; the oldest go first.
    Backlog,
    /// It waited for longer than bodies are kept.
    Retention,
    /// Its receiver was let go on without what had waited for so long.
    Skipped,
}

impl ExpiryReason {
    /// Every reason.
    pub const ALL: [Self; 4] = [Self::Time, Self::Backlog, Self::Retention, Self::Skipped];

    /// The name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Time => "time",
            Self::Backlog => "backlog",
            Self::Retention => "retention",
            Self::Skipped => "skipped",
        }
    }

    /// The number under which stores keep it. Never changes.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Time => 1,
            Self::Backlog => 2,
            Self::Retention => 3,
            Self::Skipped => 4,
        }
    }

    /// The reason with this number.
    #[must_use]
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.code() == code)
    }
}

/// Deliveries that were folded into a newer one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FoldedDeliveries {
    /// How many there are.
    pub count: u32,
    /// The first of them, at most [`Self::LISTED`].
    pub listed: Vec<DeliveryId>,
}

impl FoldedDeliveries {
    /// How many are listed; of the others there is only the count.
    pub const LISTED: usize = 100;

    /// Adds a delivery, with those that had been folded into it before it.
    pub fn add(&mut self, delivery: DeliveryId, inherited: Option<Self>) {
        let inherited = inherited.unwrap_or_default();
        self.count = self.count.saturating_add(inherited.count).saturating_add(1);
        let room = Self::LISTED.saturating_sub(self.listed.len());
        self.listed.extend(inherited.listed.into_iter().chain([delivery]).take(room));
    }
}

/// The state of a delivery as a reader sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DeliveryState {
    /// Accepted; its end is not recorded yet. An attempt may be under way.
    Waiting,
    /// Ended for good.
    Ended(FinalState),
}

/// The text names no state of a delivery.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is not a state of a delivery; there are: {names}", names = DeliveryState::names().join(", "))]
pub struct DeliveryStateError(String);

impl DeliveryState {
    /// The names of all states: of the waiting one, then of the final ones.
    #[must_use]
    pub fn names() -> Vec<&'static str> {
        std::iter::once(Self::Waiting.name()).chain(FinalState::ALL.map(FinalState::name)).collect()
    }

    /// The name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Ended(state) => state.name(),
        }
    }
}

impl fmt::Display for DeliveryState {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl FromStr for DeliveryState {
    type Err = DeliveryStateError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == Self::Waiting.name() {
            return Ok(Self::Waiting);
        }
        FinalState::ALL
            .into_iter()
            .find(|state| state.name() == text)
            .map(Self::Ended)
            .ok_or_else(|| DeliveryStateError(text.chars().take(80).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_is_found_by_name_and_number() {
        for state in FinalState::ALL {
            assert_eq!(state.name().parse(), Ok(DeliveryState::Ended(state)));
            assert_eq!(FinalState::from_code(state.code()), Some(state));
        }
        for reason in ExpiryReason::ALL {
            assert_eq!(ExpiryReason::from_code(reason.code()), Some(reason));
        }
        assert_eq!("waiting".parse(), Ok(DeliveryState::Waiting));
        let unknown = "lost".parse::<DeliveryState>().unwrap_err().to_string();
        assert!(DeliveryState::names().iter().all(|name| unknown.contains(name)), "{unknown}");
    }
}
