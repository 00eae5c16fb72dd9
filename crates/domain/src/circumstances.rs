//! What a change was made of, as far as it decides whom its actions reach.

use crate::action::{ActionName, EVENT_CANCELLED, EVENT_CONFIRMED, EVENT_REMOVED, EVENT_UPDATED};
use crate::facts::Facts;
use crate::resource::ResourceKind;
use crate::subscription::Dialect;

/// What is known of the change that an action tells of, beside the action's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Circumstances {
    /// The resource was cancelled before the change.
    pub cancelled_before: bool,
    /// The confirmed date of an event moved, or where it was before is not known.
    pub time_changed: bool,
    /// Of the actions that tell of the change, this is the first.
    pub first_of_change: bool,
}

impl Circumstances {
    /// Compares the facts before and after a change. A resource that was removed before has no confirmed date that a new
    /// one could be compared with. `place` counts the actions of the change from 0.
    #[must_use]
    pub fn between(before: Option<&Facts>, after: &Facts, place: usize) -> Self {
        let known_time = before.filter(|facts| !facts.removed).and_then(|facts| facts.confirmed_time);
        Self {
            cancelled_before: before.is_some_and(|facts| facts.cancelled),
            time_changed: known_time.is_none() || known_time != after.confirmed_time,
            first_of_change: place == 0,
        }
    }
}

impl Dialect {
    /// Whether an action reaches subscriptions of this dialect at all.
    ///
    /// Neither Vyte nor SimplyMeet.me knows a removal: their hooks get `event.removed` as a cancellation, unless the event was
    /// cancelled before, when they have been told already. SimplyMeet.me tells of meetings that are scheduled, cancelled and
    /// moved to another time, and of nothing else. doo tells of events and orders, and of each change once: an event that is
    /// created confirmed was created. The server's notices are told natively only.
    #[must_use]
    pub fn carries(self, action: &ActionName, circumstances: Circumstances) -> bool {
        if action.is_notice() {
            return self == Self::Standard;
        }
        let name = action.as_str();
        let told_already = name == EVENT_REMOVED && circumstances.cancelled_before;
        match self {
            Self::Standard => true,
            Self::Vyte => !told_already,
            Self::SimplyMeet => match name {
                EVENT_CONFIRMED | EVENT_CANCELLED => true,
                EVENT_UPDATED => circumstances.time_changed,
                EVENT_REMOVED => !told_already,
                _ => false,
            },
            Self::Doo => {
                let known = matches!(action.kind(), Some(ResourceKind::Event | ResourceKind::Order));
                known && circumstances.first_of_change
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::action::{CATALOGUE, NOTICES};
    use crate::time::Timestamp;

    const TIMES: [Option<Timestamp>; 3] =
        [None, Some(Timestamp::from_milliseconds(1_000)), Some(Timestamp::from_milliseconds(2_000))];

    fn facts(confirmed_time: Option<Timestamp>) -> Facts {
        Facts {
            version: 1,
            occurred_at: Timestamp::EARLIEST,
            created_at: None,
            ever_confirmed: confirmed_time.is_some(),
            cancelled: false,
            removed: false,
            confirmed_time,
        }
    }

    fn time_changed(before: Option<Facts>, after: Option<Timestamp>) -> bool {
        Circumstances::between(before.as_ref(), &facts(after), 0).time_changed
    }

    #[test]
    fn a_time_is_the_same_only_when_it_is_known_and_equal() {
        let [none, one, other] = TIMES;
        assert!(!time_changed(Some(facts(one)), one));
        assert!(time_changed(Some(facts(one)), other));
        assert!(time_changed(Some(facts(one)), none));
        assert!(time_changed(Some(facts(none)), one));
        assert!(time_changed(Some(facts(none)), none));
        assert!(time_changed(None, one));
        assert!(time_changed(Some(Facts { removed: true, ..facts(one) }), one));
    }

    #[test]
    fn a_dialect_carries_what_its_document_knows() {
        let carried = |dialect: Dialect, cancelled_before, time_changed| -> Vec<&str> {
            let circumstances = Circumstances { cancelled_before, time_changed, first_of_change: true };
            let carries = |name: &&str| dialect.carries(&name.parse().unwrap(), circumstances);
            CATALOGUE.iter().copied().filter(carries).collect()
        };
        assert_eq!(carried(Dialect::Standard, true, false), CATALOGUE);
        let circumstances =
            Circumstances { cancelled_before: false, time_changed: true, first_of_change: true };
        for notice in NOTICES {
            let carrying = Dialect::ALL.into_iter();
            let carrying =
                carrying.filter(|dialect| dialect.carries(&notice.parse().unwrap(), circumstances));
            assert_eq!(carrying.collect::<Vec<_>>(), [Dialect::Standard]);
        }
        assert_eq!(carried(Dialect::Vyte, false, false), CATALOGUE);
        assert!(!carried(Dialect::Vyte, true, false).contains(&EVENT_REMOVED));
        let all = [EVENT_CONFIRMED, EVENT_UPDATED, EVENT_CANCELLED, EVENT_REMOVED];
        assert_eq!(carried(Dialect::SimplyMeet, false, true), all);
        assert_eq!(
            carried(Dialect::SimplyMeet, false, false),
            [EVENT_CONFIRMED, EVENT_CANCELLED, EVENT_REMOVED]
        );
        assert_eq!(
            carried(Dialect::SimplyMeet, true, true),
            [EVENT_CONFIRMED, EVENT_UPDATED, EVENT_CANCELLED]
        );
    }

    #[test]
    fn doo_tells_of_a_change_once() {
        let created = "event.created".parse().unwrap();
        let circumstances = |place| Circumstances::between(None, &facts(None), place);
        assert!(Dialect::Doo.carries(&created, circumstances(0)));
        assert!(!Dialect::Doo.carries(&created, circumstances(1)));
        assert!(Dialect::Standard.carries(&created, circumstances(1)));
        let joined = "user.joined".parse().unwrap();
        assert!(!Dialect::Doo.carries(&joined, circumstances(0)));
    }
}
