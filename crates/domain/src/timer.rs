//! Actions that wait for their time: timers tied to resources.
//!
//! An organization defines timers, such as "15 minutes before the event starts". Each resource of the timer's kind has at most
//! one *firing* of it: the instant at which its action is due, which follows from the resource's state alone
//! ([`Timer::due`]). So whoever changes the state knows the firings that go with it, and both are committed together.

mod due;
mod offset;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use self::due::firings;
pub use self::offset::{Offset, OffsetError};
use crate::action::ActionName;
use crate::id::TimerId;
use crate::resource::ResourceKind;
use crate::sequence::{OrganizationNumber, TimerNumber};
use crate::time::Timestamp;

/// A timer as its organization defined it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timer {
    /// Its number in the store. A deleted timer's number is never given again.
    pub number: TimerNumber,
    /// Its public id.
    pub id: TimerId,
    /// Whose resources it watches.
    pub organization: OrganizationNumber,
    /// What people call it, 1 to 255 characters; deliveries say it.
    pub name: Arc<str>,
    /// What it fires. Its kind is that of the resources it watches.
    pub action: ActionName,
    /// When it fires.
    pub rule: Rule,
    /// What becomes of a firing that is late.
    pub lateness: Lateness,
    /// How many seconds after its time the action expires; `None`: deliveries have their whole schedule.
    pub expires_after_seconds: Option<u32>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
}

impl Timer {
    /// How many timers an organization may have.
    pub const MAXIMUM: usize = 50;

    /// The kind of the resources it watches.
    #[must_use]
    pub fn kind(&self) -> Option<ResourceKind> {
        self.action.kind()
    }
}

/// From which instant of a resource, how far from it, and for which resources.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// The instant it counts from.
    pub anchor: Anchor,
    /// How far from the anchor; negative: before it.
    pub offset: Offset,
    /// For which resources.
    pub condition: Condition,
}

/// The instant of a resource that a timer counts from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Anchor {
    /// The start of the confirmed date of an event.
    Start,
    /// The end of the confirmed date of an event; its start when the date has no end, the end of the day when it is a whole day.
    End,
    /// The last change of the state, by the publisher's word.
    Changed,
    /// The first acceptance of the resource; after a removal that of its return.
    Created,
    /// What a JSON pointer (RFC 6901) finds in the resource: an instant, a day, or a time of the clock in the resource's
    /// `timezone`.
    Pointer(Arc<str>),
}

/// The text names no anchor.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "\"{0}\" is not an anchor; there are: start, end, created, changed, or a JSON pointer to an instant in the resource, such as /valid_until"
)]
pub struct AnchorError(String);

impl Anchor {
    /// The longest pointer, in bytes.
    pub const MAXIMUM_BYTES: usize = 255;

    /// The form on the wire and in stores.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Start => "start",
            Self::End => "end",
            Self::Changed => "changed",
            Self::Created => "created",
            Self::Pointer(pointer) => pointer,
        }
    }

    /// Whether only events have it, and only once they are confirmed.
    #[must_use]
    pub const fn is_of_confirmed_date(&self) -> bool {
        matches!(self, Self::Start | Self::End)
    }
}

impl std::str::FromStr for Anchor {
    type Err = AnchorError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "start" => Ok(Self::Start),
            "end" => Ok(Self::End),
            "changed" => Ok(Self::Changed),
            "created" => Ok(Self::Created),
            pointer if pointer.starts_with('/') && pointer.len() <= Self::MAXIMUM_BYTES => {
                Ok(Self::Pointer(Arc::from(pointer)))
            }
            other => Err(AnchorError(other.chars().take(80).collect())),
        }
    }
}

/// For which resources a timer fires. None fires for a cancelled or removed one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Condition {
    /// For every one.
    #[default]
    Any,
    /// For events with a confirmed date or place.
    Confirmed,
    /// For events without.
    Unconfirmed,
}

impl Condition {
    /// Every condition.
    pub const ALL: [Self; 3] = [Self::Any, Self::Confirmed, Self::Unconfirmed];

    /// The name on the wire and in stores.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::Confirmed => "confirmed",
            Self::Unconfirmed => "unconfirmed",
        }
    }

    /// The one with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|condition| condition.name() == name)
    }
}

/// What becomes of a firing that comes late, because the server was down or its clock was in doubt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lateness {
    /// Whether it fires.
    pub policy: LatePolicy,
    /// From how many seconds on it is late.
    pub late_after_seconds: u32,
}

impl Default for Lateness {
    fn default() -> Self {
        Self { policy: LatePolicy::Fire, late_after_seconds: 60 }
    }
}

/// Whether a late firing still fires.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LatePolicy {
    /// It fires, and says how late it is.
    #[default]
    Fire,
    /// It does not.
    Skip,
}

impl LatePolicy {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Fire, Self::Skip];

    /// The name on the wire and in stores.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fire => "fire",
            Self::Skip => "skip",
        }
    }

    /// The one with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|policy| policy.name() == name)
    }
}

/// What becomes of a firing at the moment it is taken up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It fires; so many seconds late, when it is late.
    Fire(Option<u32>),
    /// It is so many seconds late and does not fire.
    Skip(u32),
}

impl Lateness {
    /// Judges a firing that was due at one instant and is taken up at another.
    #[must_use]
    pub fn judge(self, due_at: Timestamp, now: Timestamp) -> Verdict {
        let late_by = u32::try_from(now.since(due_at).as_secs()).unwrap_or(u32::MAX);
        if late_by < self.late_after_seconds.max(1) {
            return Verdict::Fire(None);
        }
        match self.policy {
            LatePolicy::Fire => Verdict::Fire(Some(late_by)),
            LatePolicy::Skip => Verdict::Skip(late_by),
        }
    }
}

/// What fired an action that waited for its time. The action's `occurred_at` is the instant at which it was due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fired {
    /// The name of the timer, or the key under which the action was published to be delivered later.
    pub timer: Arc<str>,
    /// By how many whole seconds it was late, when it was.
    pub late_by_seconds: Option<u32>,
}

#[cfg(test)]
mod tests;
