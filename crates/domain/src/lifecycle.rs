//! What happened to a resource, told from its stored state and its new one.
//!
//! Pure: intake reads the stored state, asks here, and commits what it is told. States are compared as JSON values, so that
//! the same state sent twice, with its keys in another order or its spaces elsewhere, is no change.
//!
//! # Events
//!
//! The first line that fits decides. Actions fire in the order in which they are written.
//!
//! | stored | new | actions |
//! |---|---|---|
//! | never seen, or removed | any | `event.created`; then `event.cancelled` if cancelled, else `event.confirmed` if confirmed |
//! | there | removed | `event.removed` |
//! | there | the same | none |
//! | not cancelled | cancelled | `event.cancelled` |
//! | cancelled | still cancelled | `event.edited` |
//! | cancelled | no longer cancelled | `event.confirmed` if confirmed, else `event.edited` ¹ |
//! | not confirmed | confirmed | `event.updated` if it was ever confirmed, else `event.confirmed` ¹ |
//! | confirmed | confirmed | `event.updated` ¹, unless nothing but invitations and votes differ |
//! | any | not confirmed | `event.edited` ¹, unless nothing but invitations and votes differ |
//!
//! ¹ followed by `event.new_invitee` if somebody was added to `invitees`, and by `event.voted` if votes on a date or place
//! that was there before have changed.
//!
//! So a change has at most one of `event.cancelled`, `event.confirmed`, `event.updated` and `event.edited`. Invitations and
//! votes are told beside it because they are subscribed to on their own: the vote that completes a poll is a vote and a
//! confirmation. A cancellation is told alone: what else changed with it matters to nobody any more. An event that is first
//! seen cancelled is created and cancelled, so that a receiver that put it into a calendar takes it out again, and is not
//! announced as confirmed.
//!
//! # Other kinds
//!
//! | kind | first seen or seen again after removal | differs | removed |
//! |---|---|---|---|
//! | `order` | `order.created`, then `order.cancelled` if cancelled | `order.cancelled` if newly cancelled, else `order.updated` | `order.removed` |
//! | `user` | `user.joined` | none; the state is stored | none |
//! | `vyteme` | `vyteme.updated` | `vyteme.updated` | none |
//!
//! A booking page seen for the first time counts as changed: otherwise the first change of every page would go unnoticed
//! merely because its earlier state was never published.
//!
//! # Explicit publishing
//!
//! A publisher that names the action itself is believed ([`facts_after_explicit`]). Only the stored state is protected against
//! messages that arrive out of order.

mod difference;
mod event;
mod order;
mod participation;
mod period;
mod reading;

pub use self::difference::{MAXIMUM_CHANGES, MAXIMUM_POINTER_BYTES};
pub use self::period::{Period, Zones, period};
pub use self::reading::{
    confirmed_date, confirmed_place, event_of, instant, is_cancelled, is_confirmed, is_confirmed_now,
};

use self::reading::State;
use crate::action::{
    ActionName, EVENT_CONFIRMED, EVENT_REMOVED, EVENT_UPDATED, ORDER_REMOVED, USER_JOINED, VYTEME_UPDATED,
};
use crate::facts::Facts;
use crate::json::Json;
use crate::resource::ResourceKind;
use crate::time::Timestamp;

/// A resource as it is stored.
#[derive(Debug)]
pub struct Stored<'a, J> {
    /// What is remembered beside the body.
    pub facts: Facts,
    /// The body.
    pub resource: &'a J,
}

/// What a publisher says about a resource.
#[derive(Debug)]
pub enum Change<'a, J> {
    /// This is its whole state now.
    State(&'a J),
    /// It was deleted.
    Removed,
}

/// What follows from a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Derivation {
    /// What happened, in the order in which it is delivered. Empty when the new state is to be stored without anybody being
    /// told.
    pub actions: Vec<DerivedAction>,
    /// The facts to store. The version has advanced by the number of actions: the first action has the stored version plus
    /// one, the next plus two.
    pub facts: Facts,
    /// What becomes of the stored body.
    pub body: BodyChange,
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DerivedAction {
    /// What.
    pub name: ActionName,
    /// What differs from the state before: JSON pointers (RFC 6901), at most [`MAXIMUM_CHANGES`]. Empty when there was no
    /// state before, and for a removal.
    pub changes: Vec<String>,
}

/// What becomes of the stored body of a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyChange {
    /// The published state takes its place.
    Replaced,
    /// It stays as it is.
    Kept,
}

/// What follows from an explicit publish.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExplicitOutcome {
    /// The facts to store. The version has advanced by one.
    pub facts: Facts,
    /// What becomes of the stored body.
    pub body: BodyChange,
}

/// Derives what happened to a resource of this kind.
///
/// `accepted_at` is when the publisher's word came in, `occurred_at` when the change happened by that word.
///
/// `stored` is `None` when it was never seen; a removed one is given with its facts, so that versions go on. `None` is
/// answered when nothing happened and there is nothing to store: the same state, or the removal of what is not there.
#[must_use]
pub fn derive<J: Json>(
    kind: ResourceKind,
    stored: Option<&Stored<'_, J>>,
    change: Change<'_, J>,
    occurred_at: Timestamp,
    accepted_at: Timestamp,
) -> Option<Derivation> {
    let existing = stored.filter(|stored| !stored.facts.removed);
    let version = stored.map_or(0, |stored| stored.facts.version);
    match change {
        Change::Removed => existing.map(|existing| removal(kind, existing, occurred_at)),
        Change::State(resource) => {
            let unchanged = existing.is_some_and(|existing| difference::same(existing.resource, resource));
            if unchanged {
                return None;
            }
            let created_at = existing.map_or(Some(accepted_at), |existing| existing.facts.created_at);
            Some(replacement(kind, existing, resource, version, (occurred_at, created_at)))
        }
    }
}

fn removal<J>(kind: ResourceKind, existing: &Stored<'_, J>, occurred_at: Timestamp) -> Derivation {
    let names: &[&'static str] = match kind {
        ResourceKind::Event => &[EVENT_REMOVED],
        ResourceKind::Order => &[ORDER_REMOVED],
        ResourceKind::User | ResourceKind::Vyteme | ResourceKind::Subscription | ResourceKind::Delivery => {
            &[]
        }
    };
    let actions = named(names, &[]);
    let facts = Facts {
        version: advanced(existing.facts.version, &actions),
        occurred_at,
        removed: true,
        ..existing.facts
    };
    Derivation { actions, facts, body: BodyChange::Kept }
}

fn replacement<J: Json>(
    kind: ResourceKind,
    existing: Option<&Stored<'_, J>>,
    resource: &J,
    version: u64,
    (occurred_at, created_at): (Timestamp, Option<Timestamp>),
) -> Derivation {
    let state = State::read(kind, resource);
    let names = match kind {
        ResourceKind::Event => event::actions(existing, state, resource),
        ResourceKind::Order => order::actions(existing, state),
        ResourceKind::User if existing.is_none() => vec![USER_JOINED],
        ResourceKind::User | ResourceKind::Subscription | ResourceKind::Delivery => Vec::new(),
        ResourceKind::Vyteme => vec![VYTEME_UPDATED],
    };
    let changes =
        existing.map(|existing| difference::pointers(existing.resource, resource)).unwrap_or_default();
    let actions = named(&names, &changes);
    let facts = Facts {
        version: advanced(version, &actions),
        occurred_at,
        created_at,
        ever_confirmed: state.confirmed || existing.is_some_and(|existing| existing.facts.ever_confirmed),
        cancelled: state.cancelled,
        removed: false,
        confirmed_time: state.confirmed_time,
    };
    Derivation { actions, facts, body: BodyChange::Replaced }
}

fn named(names: &[&'static str], changes: &[String]) -> Vec<DerivedAction> {
    let action = |name: &&'static str| DerivedAction {
        name: ActionName::of_catalogue(name),
        changes: changes.to_vec(),
    };
    names.iter().map(action).collect()
}

fn advanced(version: u64, actions: &[DerivedAction]) -> u64 {
    version.saturating_add(u64::try_from(actions.len()).unwrap_or(u64::MAX))
}

/// The facts after a publisher fired exactly this action.
///
/// The published state is stored unless it is older than the stored one; then the version still advances, since the action is
/// delivered in its lane, and everything else stays. The action's name says what the state may leave out: `….cancelled`
/// cancels, `….removed` removes, `event.confirmed` and `event.updated` mean that a date or place was decided. Any other action on a
/// removed resource brings it back as a new one.
#[must_use]
pub fn facts_after_explicit(
    kind: ResourceKind,
    stored: Option<Facts>,
    resource: &impl Json,
    action: &ActionName,
    occurred_at: Timestamp,
    accepted_at: Timestamp,
) -> ExplicitOutcome {
    let version = stored.map_or(0, |facts| facts.version).saturating_add(1);
    let newer_stored = stored.filter(|facts| occurred_at < facts.occurred_at);
    if let Some(facts) = newer_stored {
        return ExplicitOutcome { facts: Facts { version, ..facts }, body: BodyChange::Kept };
    }
    let state = State::read(kind, resource);
    let name = action.as_str();
    let existing = stored.filter(|facts| !facts.removed);
    let confirmed_before = existing.is_some_and(|facts| facts.ever_confirmed);
    let facts = Facts {
        version,
        occurred_at,
        created_at: existing.map_or(Some(accepted_at), |facts| facts.created_at),
        ever_confirmed: confirmed_before
            || state.confirmed
            || matches!(name, EVENT_CONFIRMED | EVENT_UPDATED),
        cancelled: state.cancelled || name.ends_with(".cancelled"),
        removed: name.ends_with(".removed"),
        confirmed_time: state.confirmed_time,
    };
    ExplicitOutcome { facts, body: BodyChange::Replaced }
}

#[cfg(test)]
mod tests;
