//! What an organization's subscriptions are found by: the places they have in its list.

use std::collections::HashMap;
use std::sync::Arc;

use rendezhook_domain::id::SubscriptionId;
use rendezhook_domain::matching::{ActionPattern, Happening};
use rendezhook_domain::subscription::Hook;
use uuid::Uuid;

use super::SubscriptionEntry;

#[cfg(test)]
mod tests;

/// Places of subscriptions by what is asked for, each list ascending.
///
/// Each subscription is in exactly one of the first four for matching: it is looked at only when an action has its user, its event
/// or its name, so that publishing costs the same however many subscriptions want something else.
#[derive(Debug, Clone, Default)]
pub(super) struct SubscriptionIndex {
    by_user: HashMap<Arc<str>, Vec<usize>>,
    by_event: HashMap<Arc<str>, Vec<usize>>,
    by_action: HashMap<Arc<str>, Vec<usize>>,
    by_pattern: Vec<usize>,
    by_vyte_id: HashMap<Arc<str>, usize>,
    by_simplymeet_uuid: HashMap<Uuid, usize>,
    by_doo_group: HashMap<Uuid, Vec<usize>>,
    by_id: HashMap<SubscriptionId, usize>,
}

impl SubscriptionIndex {
    /// The index of this list.
    pub(super) fn of(subscriptions: &[Arc<SubscriptionEntry>]) -> Self {
        let mut index = Self::default();
        for (position, entry) in subscriptions.iter().enumerate() {
            index.add(position, entry);
        }
        index
    }

    /// The index of the list that came after the one this is of. When it only goes on, as it does with every subscription that
    /// is made, then what is new is added; making all of it anew for each would be quadratic.
    pub(super) fn after(&self, before: &[Arc<SubscriptionEntry>], now: &[Arc<SubscriptionEntry>]) -> Self {
        let goes_on = before.len() <= now.len()
            && before.iter().zip(now).all(|(old, new)| Arc::ptr_eq(old, new) || is_found_alike(old, new));
        if !goes_on {
            return Self::of(now);
        }
        let mut index = self.clone();
        for (position, entry) in now.iter().enumerate().skip(before.len()) {
            index.add(position, entry);
        }
        index
    }

    fn add(&mut self, position: usize, entry: &SubscriptionEntry) {
        let subscription = &entry.subscription;
        self.by_id.insert(subscription.id, position);
        match &subscription.hook {
            Hook::Standard => {}
            Hook::Vyte(hook) => {
                self.by_vyte_id.insert(Arc::clone(&hook.hook_id), position);
            }
            Hook::SimplyMeet(hook) => {
                self.by_simplymeet_uuid.insert(hook.uuid, position);
            }
            Hook::Doo(hook) => self.by_doo_group.entry(hook.group).or_default().push(position),
        }
        self.add_filter(position, entry);
    }

    fn add_filter(&mut self, position: usize, entry: &SubscriptionEntry) {
        let filter = &entry.subscription.filter;
        if let Some(user) = &filter.user {
            return self.by_user.entry(Arc::clone(user)).or_default().push(position);
        }
        if let Some(event) = &filter.event {
            return self.by_event.entry(Arc::clone(event)).or_default().push(position);
        }
        let is_exact = |pattern: &ActionPattern| matches!(pattern, ActionPattern::Exactly(_));
        if !filter.actions.iter().all(is_exact) {
            return self.by_pattern.push(position);
        }
        for pattern in &filter.actions {
            let ActionPattern::Exactly(name) = pattern else { continue };
            let positions = match self.by_action.get_mut(name.as_str()) {
                Some(positions) => positions,
                None => self.by_action.entry(Arc::from(name.as_str())).or_default(),
            };
            if positions.last() != Some(&position) {
                positions.push(position);
            }
        }
    }

    /// The places of all subscriptions that may want an action, ascending; each filter is still to be asked.
    pub(super) fn candidates<'a>(&'a self, happening: Happening<'a>) -> impl Iterator<Item = usize> + 'a {
        let list = |lists: &'a HashMap<Arc<str>, Vec<usize>>, key: Option<&str>| {
            key.and_then(|key| lists.get(key)).map_or(&[][..], Vec::as_slice)
        };
        let unfiltered = merge(list(&self.by_action, Some(happening.action.as_str())), &self.by_pattern);
        let filtered = merge(list(&self.by_user, happening.user), list(&self.by_event, happening.event));
        merge_iterators(unfiltered, filtered)
    }

    pub(super) fn by_id(&self, id: SubscriptionId) -> Option<usize> {
        self.by_id.get(&id).copied()
    }

    pub(super) fn by_vyte_id(&self, hook_id: &str) -> Option<usize> {
        self.by_vyte_id.get(hook_id).copied()
    }

    pub(super) fn by_simplymeet_uuid(&self, uuid: Uuid) -> Option<usize> {
        self.by_simplymeet_uuid.get(&uuid).copied()
    }

    /// The places of a group; empty when there is none.
    pub(super) fn by_doo_group(&self, group: Uuid) -> &[usize] {
        self.by_doo_group.get(&group).map_or(&[][..], Vec::as_slice)
    }
}

/// Whether nothing has changed of what a subscription is found by.
fn is_found_alike(old: &SubscriptionEntry, new: &SubscriptionEntry) -> bool {
    let (old, new) = (&old.subscription, &new.subscription);
    old.id == new.id && old.filter == new.filter && old.hook == new.hook
}

/// Two ascending lists as one, each position once.
fn merge<'a>(left: &'a [usize], right: &'a [usize]) -> impl Iterator<Item = usize> + 'a {
    merge_iterators(left.iter().copied(), right.iter().copied())
}

fn merge_iterators(
    left: impl Iterator<Item = usize>,
    right: impl Iterator<Item = usize>,
) -> impl Iterator<Item = usize> {
    let (mut left, mut right) = (left.peekable(), right.peekable());
    std::iter::from_fn(move || match (left.peek().copied(), right.peek().copied()) {
        (Some(first), Some(second)) => {
            if first <= second {
                left.next();
            }
            if second <= first {
                right.next();
            }
            Some(first.min(second))
        }
        (Some(_), None) => left.next(),
        (None, _) => right.next(),
    })
}
