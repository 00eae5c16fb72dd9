//! When a timer is due for a resource.

use super::{Anchor, Condition, Rule, Timer};
use crate::facts::Facts;
use crate::json::Json;
use crate::lifecycle::{Zones, is_confirmed_now, period};
use crate::sequence::TimerNumber;
use crate::time::Timestamp;

impl Timer {
    /// When it fires for a resource in this state; `None` when it does not.
    ///
    /// Depends on nothing but the timer's rule and the state, so that the same state always has the same firings. A cancelled or
    /// removed resource has none. An instant that is past says nothing: whether it was fired is the store's knowledge.
    #[must_use]
    pub fn due(&self, facts: &Facts, resource: &impl Json) -> Option<Timestamp> {
        self.rule.due(facts, resource)
    }
}

impl Rule {
    fn due(&self, facts: &Facts, resource: &impl Json) -> Option<Timestamp> {
        if facts.removed || facts.cancelled || !self.applies(facts, resource) {
            return None;
        }
        let anchor = match &self.anchor {
            Anchor::Start => period(resource)?.start,
            Anchor::End => period(resource)?.end,
            Anchor::Changed => Zones::of(resource).at(facts.occurred_at)?,
            Anchor::Created => Zones::of(resource).at(facts.created_at?)?,
            Anchor::Pointer(pointer) => Zones::of(resource).read(resource.pointer(pointer)?.as_str()?)?,
        };
        let due = self.offset.from(&anchor)?;
        Some(Timestamp::from_milliseconds(due.timestamp().as_millisecond()))
    }

    fn applies(&self, facts: &Facts, resource: &impl Json) -> bool {
        if self.condition == Condition::Any && !self.anchor.is_of_confirmed_date() {
            return true;
        }
        let confirmed = is_confirmed_now(facts, resource);
        match self.condition {
            Condition::Any | Condition::Confirmed => confirmed,
            Condition::Unconfirmed => !confirmed,
        }
    }
}

/// When each of these timers fires for a resource in this state; those that do not are left out.
pub fn firings<'a>(
    timers: impl IntoIterator<Item = &'a Timer>,
    facts: &Facts,
    resource: &impl Json,
) -> Vec<(TimerNumber, Timestamp)> {
    timers
        .into_iter()
        .filter_map(|timer| timer.due(facts, resource).map(|due_at| (timer.number, due_at)))
        .collect()
}
