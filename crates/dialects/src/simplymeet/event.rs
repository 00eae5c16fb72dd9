//! The three events of the document, and the actions they are told for.

use std::sync::Arc;

use rendezhook_domain::action::{ActionName, EVENT_CANCELLED, EVENT_CONFIRMED, EVENT_REMOVED, EVENT_UPDATED};
use rendezhook_domain::matching::{ActionPattern, Filter};

/// What a hook can be told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MeetingEvent {
    /// A date is decided.
    Scheduled,
    /// A meeting is cancelled or deleted.
    Cancelled,
    /// A decided date moved.
    Rescheduled,
}

impl MeetingEvent {
    /// Every event, in the order of the document.
    pub const ALL: [Self; 3] = [Self::Scheduled, Self::Cancelled, Self::Rescheduled];

    /// The name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Scheduled => "meetingScheduled",
            Self::Cancelled => "meetingCancelled",
            Self::Rescheduled => "meetingRescheduled",
        }
    }

    /// The event with this name.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|event| event.name() == name)
    }

    /// The actions it is told for, the one that names it first.
    const fn actions(self) -> &'static [&'static str] {
        match self {
            Self::Scheduled => &[EVENT_CONFIRMED],
            Self::Cancelled => &[EVENT_CANCELLED, EVENT_REMOVED],
            Self::Rescheduled => &[EVENT_UPDATED],
        }
    }

    /// The event that is told for this action; `None` for actions of which a hook is never told.
    #[must_use]
    pub fn of_action(action: &ActionName) -> Option<Self> {
        Self::ALL.into_iter().find(|event| event.actions().contains(&action.as_str()))
    }
}

/// What the subscription of a hook wants: the actions of its events, of one user only when the hook is a user's. An event
/// that is named twice counts once.
#[must_use]
pub fn filter(wanted: &[MeetingEvent], user: Option<Arc<str>>) -> Filter {
    let mut actions = Vec::new();
    for pattern in wanted.iter().flat_map(|event| event.actions()).filter_map(|name| name.parse().ok()) {
        let pattern = ActionPattern::Exactly(pattern);
        if !actions.contains(&pattern) {
            actions.push(pattern);
        }
    }
    Filter { actions, user, event: None }
}

/// The events that a hook's subscription wants, in the order in which they were named.
#[must_use]
pub fn events(filter: &Filter) -> Vec<MeetingEvent> {
    let mut events = Vec::new();
    for pattern in &filter.actions {
        if let ActionPattern::Exactly(name) = pattern
            && let Some(event) = MeetingEvent::of_action(name)
            && !events.contains(&event)
        {
            events.push(event);
        }
    }
    events
}

#[cfg(test)]
mod tests {
    use rendezhook_domain::action::CATALOGUE;
    use rendezhook_domain::circumstances::Circumstances;
    use rendezhook_domain::matching::Happening;
    use rendezhook_domain::subscription::Dialect;

    use super::*;

    #[test]
    fn what_is_carried_has_a_name_here_and_nothing_else_has() {
        let circumstances =
            Circumstances { cancelled_before: false, time_changed: true, first_of_change: true };
        for name in CATALOGUE {
            let action: ActionName = name.parse().unwrap();
            let carried = Dialect::SimplyMeet.carries(&action, circumstances);
            assert_eq!(MeetingEvent::of_action(&action).is_some(), carried, "{name}");
        }
    }

    #[test]
    fn a_filter_gives_its_events_back_in_their_order() {
        use MeetingEvent::{Cancelled, Rescheduled, Scheduled};
        for wanted in [vec![Rescheduled, Cancelled, Scheduled], vec![Cancelled], MeetingEvent::ALL.to_vec()] {
            assert_eq!(events(&filter(&wanted, None)), wanted);
        }
        assert_eq!(events(&filter(&[Cancelled, Cancelled], None)), [Cancelled]);
    }

    #[test]
    fn a_hook_on_cancellations_wants_removals_too() {
        let action: ActionName = EVENT_REMOVED.parse().unwrap();
        let removed = |user| Happening { action: &action, user, event: None };
        assert!(filter(&[MeetingEvent::Cancelled], None).wants(&removed(None)));
        assert!(!filter(&[MeetingEvent::Scheduled], None).wants(&removed(None)));
        let of_user = filter(&[MeetingEvent::Cancelled], Some(Arc::from("u1")));
        assert!(of_user.wants(&removed(Some("u1"))) && !of_user.wants(&removed(None)));
    }
}
