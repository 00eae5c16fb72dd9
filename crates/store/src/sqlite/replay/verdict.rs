//! Whether a replay takes up a delivery, and what it makes of it.

use std::sync::Arc;

use rendezhook_domain::action::ActionName;
use rendezhook_domain::circumstances::Circumstances;
use rendezhook_domain::delivery::{DeliveryOrigin, DeliveryState};
use rendezhook_domain::json::BorrowedJson;
use rendezhook_domain::lifecycle::event_of;
use rendezhook_domain::matching::Happening;
use rendezhook_domain::replay::{ReplayedStates, walk_takes};
use rendezhook_domain::sequence::{OrganizationNumber, Sequence, SubscriptionNumber};
use rendezhook_domain::time::Timestamp;
use rusqlite::{Connection, OptionalExtension};

use super::search::Found;
use crate::catalogue::SubscriptionEntry;
use crate::publish::Matched;
use crate::replay::{Selection, Walk};
use crate::sqlite::actions::read_action;
use crate::sqlite::fault::Fault;
use crate::sqlite::values::{parsed, stored, timestamp};

/// What a replay is after.
#[derive(Debug, Clone)]
pub(in crate::sqlite) struct Order {
    pub(in crate::sqlite) organization: OrganizationNumber,
    pub(in crate::sqlite) selection: Arc<Selection>,
    /// The subscription that gets everything.
    pub(in crate::sqlite) to: Option<SubscriptionNumber>,
}

/// Why nothing is made of a delivery that was selected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sqlite) enum Skip {
    BodyGone,
    SubscriptionGone,
    NotWanted,
    StillWaiting,
}

/// What becomes of a delivery that was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sqlite) enum Verdict {
    /// It is none of those that are wanted.
    NotSelected,
    Skip(Skip),
    Make {
        origin: DeliveryOrigin,
        matched: Matched,
    },
}

impl Order {
    /// Whether deliveries that still wait may be among those wanted.
    pub(in crate::sqlite) fn takes_waiting(&self, origin: DeliveryOrigin) -> bool {
        self.takes(origin, DeliveryState::Waiting, None)
    }

    fn takes(&self, origin: DeliveryOrigin, state: DeliveryState, of: Option<SubscriptionNumber>) -> bool {
        match &*self.selection {
            Selection::Listed(_) => true,
            Selection::Walk(walk) => {
                let other = self.to.is_some_and(|to| walk.subscription != Some(to));
                let its = walk.subscription.is_none() || of.is_none() || walk.subscription == of;
                its && walk_takes(origin, state, walk.states, other)
            }
        }
    }
}

/// An action in short.
struct Head {
    organization: OrganizationNumber,
    accepted_at: Timestamp,
    name: ActionName,
    user: Option<Arc<str>>,
    has_body: bool,
}

fn head(connection: &Connection, action: Sequence) -> Result<Option<Head>, Fault> {
    let head = connection
        .prepare_cached(
            "SELECT organization, accepted_at, name, user, EXISTS (SELECT 1 FROM body WHERE number = action.body)
             FROM action WHERE sequence = ?1",
        )?
        .query_row([stored(action.get())], |row| {
            Ok(Head {
                organization: OrganizationNumber::new(row.get(0)?),
                accepted_at: timestamp(row, 1)?,
                name: parsed::<ActionName>(row, 2, "the name of an action")?,
                user: row.get(3)?,
                has_body: row.get(4)?,
            })
        })
        .optional()?;
    Ok(head)
}

/// Judges a delivery by its row, and by its action where the row is not enough. `subscription` finds those that exist.
pub(in crate::sqlite) fn judge<'a>(
    connection: &Connection,
    order: &Order,
    found: &Found,
    subscription: impl Fn(SubscriptionNumber) -> Option<&'a Arc<SubscriptionEntry>>,
) -> Result<Verdict, Fault> {
    if !order.takes(found.origin, found.state, Some(found.subscription)) {
        return Ok(Verdict::NotSelected);
    }
    let Some(head) = head(connection, found.action)?.filter(|head| head.organization == order.organization)
    else {
        // Retention has removed the action: nothing is known of the delivery any more, as for every reader.
        return Ok(Verdict::NotSelected);
    };
    let to = order.to.filter(|to| *to != found.subscription);
    if let Selection::Walk(walk) = &*order.selection
        && (!fits(walk, found, &head) || (to.is_none() && has_arrived_since(walk, found)))
    {
        return Ok(Verdict::NotSelected);
    }
    if found.state == DeliveryState::Waiting && to.is_none() {
        return Ok(Verdict::Skip(Skip::StillWaiting));
    }
    if !head.has_body {
        return Ok(Verdict::Skip(Skip::BodyGone));
    }
    let target = subscription(to.unwrap_or(found.subscription))
        .filter(|entry| entry.subscription.organization == order.organization);
    let Some(target) = target else { return Ok(Verdict::Skip(Skip::SubscriptionGone)) };
    let matched =
        Matched { subscription: target.subscription.number, receiver: target.subscription.receiver };
    if to.is_none() {
        return Ok(Verdict::Make { origin: DeliveryOrigin::Replay, matched });
    }
    if !is_wanted(connection, target, found, &head)? {
        return Ok(Verdict::Skip(Skip::NotWanted));
    }
    Ok(Verdict::Make { origin: DeliveryOrigin::Backfill, matched })
}

/// A backfill's action is older than the delivery itself, which lies within the bounds of the walk.
fn fits(walk: &Walk, found: &Found, head: &Head) -> bool {
    let in_time = found.origin == DeliveryOrigin::Backfill
        || (head.accepted_at >= walk.since && walk.until.is_none_or(|until| head.accepted_at < until));
    in_time && walk.action.as_ref().is_none_or(|pattern| pattern.covers(&head.name))
}

/// Whether a walk over what did not arrive passes by a delivery because a replay has handed over its message in the meantime.
fn has_arrived_since(walk: &Walk, found: &Found) -> bool {
    found.handed_over && walk.states != ReplayedStates::All
}

/// Whether a subscription would have got the action, had it been there. Of what the action changed no more is known than the
/// action's name, so in doubt it is told.
fn is_wanted(
    connection: &Connection,
    target: &SubscriptionEntry,
    found: &Found,
    head: &Head,
) -> Result<bool, Fault> {
    let subscription = &target.subscription;
    let in_doubt = Circumstances { cancelled_before: false, time_changed: true, first_of_change: true };
    if !subscription.dialect().carries(&head.name, in_doubt) {
        return Ok(false);
    }
    let user = head.user.as_deref();
    if subscription.filter.event.is_none() {
        return Ok(subscription.filter.wants(&Happening { action: &head.name, user, event: None }));
    }
    let Some(action) = read_action(connection, found.action)? else { return Ok(false) };
    let resource: BorrowedJson<'_> = serde_json::from_slice(&action.resource).unwrap_or(BorrowedJson::Null);
    let event = event_of(action.kind, &action.resource_id, &resource);
    Ok(subscription.filter.wants(&Happening { action: &head.name, user, event: event.as_deref() }))
}
