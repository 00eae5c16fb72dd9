//! The lines of the table of events.

use super::Stored;
use super::participation::Participation;
use super::reading::State;
use crate::action::{
    EVENT_CANCELLED, EVENT_CONFIRMED, EVENT_CREATED, EVENT_EDITED, EVENT_NEW_INVITEE, EVENT_UPDATED,
    EVENT_VOTED,
};
use crate::json::Json;

/// The actions of an event whose new state differs from the stored one.
pub(super) fn actions<J: Json>(
    existing: Option<&Stored<'_, J>>,
    after: State,
    resource: &J,
) -> Vec<&'static str> {
    let Some(existing) = existing else {
        return first_seen(after);
    };
    let cancelled_before = existing.facts.cancelled;
    match (cancelled_before, after.cancelled) {
        (false, true) => return vec![EVENT_CANCELLED],
        (true, true) => return vec![EVENT_EDITED],
        (_, false) => {}
    }
    let confirmed_before = State::read_confirmed(existing.resource);
    let participation = Participation::between(existing.resource, resource);
    let main = if cancelled_before {
        Some(if after.confirmed { EVENT_CONFIRMED } else { EVENT_EDITED })
    } else if after.confirmed && !confirmed_before {
        Some(if existing.facts.ever_confirmed { EVENT_UPDATED } else { EVENT_CONFIRMED })
    } else if participation.is_all() {
        None
    } else {
        Some(if after.confirmed { EVENT_UPDATED } else { EVENT_EDITED })
    };
    let invited = participation.invited.then_some(EVENT_NEW_INVITEE);
    let voted = participation.voted.then_some(EVENT_VOTED);
    [main, invited, voted].into_iter().flatten().collect()
}

fn first_seen(state: State) -> Vec<&'static str> {
    if state.cancelled {
        vec![EVENT_CREATED, EVENT_CANCELLED]
    } else if state.confirmed {
        vec![EVENT_CREATED, EVENT_CONFIRMED]
    } else {
        vec![EVENT_CREATED]
    }
}
