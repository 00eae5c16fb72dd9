//! Invitations and votes: what participants do to an event, told apart from what its owner changes.

use std::collections::{HashMap, HashSet};

use super::difference::{same, same_apart_from};
use crate::json::{Json, Members, Shape, Written};

/// Keys of an event that systems keep up to date beside every change. They are no change of their own next to a vote.
const BOOKKEEPING: [&str; 6] =
    ["updatedAt", "updated_at", "__v", "version", "ics_sequence", "invitees_length"];
/// Keys of a date or place that change when somebody votes on it.
const VOTE_KEYS: [&str; 4] = ["votes", "confirmed_invitees", "updatedAt", "updated_at"];
/// Keys of an invitee that change when they vote.
const INVITEE_BOOKKEEPING: [&str; 3] = ["stats", "updatedAt", "updated_at"];

/// What recognises an invitee: any of these that both states give.
const INVITEE_IDENTITY: [&str; 4] = ["_id", "id", "user", "email"];
const OPTION_IDENTITY: [&str; 2] = ["_id", "id"];
/// The lists of what is voted on, and what recognises an entry without a common id.
const OPTIONS: [(&str, [&str; 2]); 2] = [("dates", ["date", "end_date"]), ("places", ["name", "address"])];

/// What participants did between two states of an event, and whether that is all that changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Participation {
    /// Somebody was added to `invitees`.
    pub(super) invited: bool,
    /// Votes changed on a date or place that both states have.
    pub(super) voted: bool,
    other: bool,
}

impl Participation {
    pub(super) fn between<J: Json>(before: &J, after: &J) -> Self {
        let invitees = compare_invitees(list(before, "invitees"), list(after, "invitees"));
        let voted = OPTIONS
            .iter()
            .any(|(name, fallback)| votes_differ(list(before, name), list(after, name), fallback));
        let participated = invitees.added || voted;
        // The remainder matters only beside an invitation or a vote; without one the whole difference is the owner's.
        let other = !participated || invitees.otherwise_changed || remainder_differs(before, after);
        Self { invited: invitees.added, voted, other }
    }

    /// Whether invitations and votes are all that changed.
    pub(super) const fn is_all(self) -> bool {
        !self.other
    }
}

fn list<'a, J: Json>(event: &'a J, name: &str) -> &'a [J] {
    event.get(name).and_then(J::as_array).unwrap_or_default()
}

struct InviteeChanges {
    added: bool,
    otherwise_changed: bool,
}

fn compare_invitees<J: Json>(before: &[J], after: &[J]) -> InviteeChanges {
    let known: HashSet<String> = before.iter().flat_map(invitee_identities).collect();
    let added = after
        .iter()
        .any(|invitee| !invitee_identities(invitee).iter().any(|identity| known.contains(identity)));
    let mut now = HashMap::new();
    for invitee in after {
        for identity in invitee_identities(invitee) {
            now.entry(identity).or_insert(invitee);
        }
    }
    let is_unchanged = |invitee: &J| {
        let counterpart = invitee_identities(invitee).iter().find_map(|identity| now.get(identity).copied());
        counterpart.is_some_and(|counterpart| same_apart_from(&INVITEE_BOOKKEEPING, invitee, counterpart))
    };
    InviteeChanges { added, otherwise_changed: !before.iter().all(is_unchanged) }
}

/// Every identity of an invitee; the whole value when there is none.
fn invitee_identities(invitee: &impl Json) -> Vec<String> {
    let mut identities = identities(invitee, &INVITEE_IDENTITY);
    if identities.is_empty() {
        // Writing a value as JSON cannot fail.
        identities.push(serde_json::to_string(&Written(invitee)).unwrap_or_default());
    }
    identities
}

fn identities(value: &impl Json, keys: &[&str]) -> Vec<String> {
    let identity = |key: &&str| match value.get(key)?.shape() {
        // Letters of an e-mail address are written large or small at will.
        Shape::Text(text) if !text.is_empty() => Some(format!("{key}={}", text.to_lowercase())),
        Shape::Number(number) => Some(format!("{key}={number}")),
        _ => None,
    };
    keys.iter().filter_map(identity).collect()
}

/// Whether the votes changed on a date or place of both states. The votes that a new one brings along are part of proposing it.
fn votes_differ<J: Json>(before: &[J], after: &[J], fallback: &[&str]) -> bool {
    let mut earlier: HashMap<String, &J> = HashMap::new();
    for option in before {
        for identity in option_identities(option, fallback) {
            earlier.entry(identity).or_insert(option);
        }
    }
    after.iter().any(|option| {
        let counterpart =
            option_identities(option, fallback).iter().find_map(|identity| earlier.get(identity).copied());
        counterpart.is_some_and(|counterpart| {
            let (one, other) = (counterpart.get("votes"), option.get("votes"));
            match (one.filter(|votes| has_votes(*votes)), other.filter(|votes| has_votes(*votes))) {
                (None, None) => false,
                (Some(one), Some(other)) => !same(one, other),
                _ => true,
            }
        })
    })
}

/// The ids of a date or place, and last what it consists of, since ids may be given to it between two states.
fn option_identities(option: &impl Json, fallback: &[&str]) -> Vec<String> {
    let mut all = identities(option, &OPTION_IDENTITY);
    all.push(identities(option, fallback).join(" "));
    all
}

/// Whether anybody has voted: an empty list, or lists that are all empty, are the same as none; so is a count of nought.
fn has_votes<J: Json>(votes: &J) -> bool {
    match votes.shape() {
        Shape::Null => false,
        Shape::Number(count) => count.as_f64() != Some(0.0),
        Shape::Array(items) => !items.is_empty(),
        Shape::Object(fields) => fields.each().any(|(_, votes)| has_votes(votes)),
        _ => true,
    }
}

/// Whether the states differ in anything but invitees, votes and bookkeeping.
fn remainder_differs<J: Json>(before: &J, after: &J) -> bool {
    let [(dates, _), (places, _)] = OPTIONS;
    let mut apart = vec!["invitees", dates, places];
    apart.extend(BOOKKEEPING);
    let options_differ = |name| {
        let (before, after) = (list(before, name), list(after, name));
        let pairs = before.iter().zip(after);
        before.len() != after.len()
            || !pairs.into_iter().all(|(one, other)| same_apart_from(&VOTE_KEYS, one, other))
    };
    !same_apart_from(&apart, before, after) || options_differ(dates) || options_differ(places)
}

#[cfg(test)]
mod tests;
