//! What an organization's subscriptions are found by: the places they have in its list.

use std::sync::Arc;

use rendezhook_domain::id::SubscriptionId;
use rendezhook_domain::matching::Happening;
use rendezhook_domain::subscription::Hook;
use uuid::Uuid;

use super::SubscriptionEntry;
use super::filters::FilterIndex;
use crate::shared_map::SharedMap;

/// Places of subscriptions by what is asked for, each list ascending.
#[derive(Debug, Clone, Default)]
pub(super) struct SubscriptionIndex {
    filters: FilterIndex,
    by_vyte_id: SharedMap<Arc<str>, usize>,
    by_simplymeet_uuid: SharedMap<Uuid, usize>,
    by_doo_group: SharedMap<Uuid, Vec<usize>>,
    by_id: SharedMap<SubscriptionId, usize>,
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
            Hook::Doo(hook) => self.by_doo_group.change(hook.group, |positions| positions.push(position)),
        }
        self.filters.add(position, &subscription.filter);
    }

    /// The places of all subscriptions that may want an action, ascending; each filter is still to be asked.
    pub(super) fn candidates<'a>(&'a self, happening: Happening<'a>) -> impl Iterator<Item = usize> + 'a {
        self.filters.candidates(happening)
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
