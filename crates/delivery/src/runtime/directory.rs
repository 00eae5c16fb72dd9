//! What of the catalogue matters to delivering, and what has changed in it.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use rendezhook_domain::retry::RetryPolicy;
use rendezhook_domain::sequence::{OrganizationNumber, SubscriptionNumber};
use rendezhook_domain::subscription::SubscriptionState;
use rendezhook_domain::target::Endpoint;
use rendezhook_store::catalogue::{Catalogue, OrganizationEntry, SubscriptionEntry};

use crate::scheduler::input::{EndpointNumber, Input, SubscriptionView};

#[cfg(test)]
mod tests;

/// The catalogue the runtime works with, and the scheduler's view of it.
///
/// Attempts take subscription and organization from here when they start, so a changed target or a rotated secret applies
/// to deliveries that have been waiting.
pub(super) struct Directory {
    catalogue: Arc<Catalogue>,
    /// What the scheduler was told last of every subscription.
    told: HashMap<SubscriptionNumber, SubscriptionView>,
    endpoints: Endpoints,
    default_retry: RetryPolicy,
}

impl Directory {
    /// A directory of this catalogue; `inputs` receives what the scheduler has to be told of it.
    pub(super) fn new(
        catalogue: Arc<Catalogue>,
        default_retry: RetryPolicy,
        inputs: &mut Vec<Input>,
    ) -> Self {
        let mut directory = Self {
            catalogue: Arc::clone(&catalogue),
            told: HashMap::with_capacity(catalogue.subscriptions.len()),
            endpoints: Endpoints::default(),
            default_retry,
        };
        for organization in catalogue.organizations.values() {
            directory.tell_changes(&organization.subscriptions, inputs);
        }
        directory
    }

    /// Goes over to a newer catalogue; `inputs` receives the differences that concern the scheduler.
    ///
    /// What both catalogues share is skipped, so that an organization with very many subscriptions can go on making more.
    pub(super) fn update(&mut self, catalogue: Arc<Catalogue>, inputs: &mut Vec<Input>) {
        if catalogue.version == self.catalogue.version {
            return;
        }
        let previous = std::mem::replace(&mut self.catalogue, Arc::clone(&catalogue));
        for (number, old) in &previous.organizations {
            match catalogue.organizations.get(number) {
                Some(new) if Arc::ptr_eq(old, new) => {}
                Some(new) => self.tell_deletions(unshared(&new.subscriptions, &old.subscriptions), inputs),
                None => self.tell_deletions(&old.subscriptions, inputs),
            }
        }
        for (number, new) in &catalogue.organizations {
            match previous.organizations.get(number) {
                Some(old) if Arc::ptr_eq(old, new) => {}
                Some(old) if shares_surroundings(old, new) => {
                    self.tell_changes(unshared(&old.subscriptions, &new.subscriptions), inputs);
                }
                _ => self.tell_changes(&new.subscriptions, inputs),
            }
        }
    }

    /// Whether the scheduler knows this subscription.
    pub(super) fn knows(&self, subscription: SubscriptionNumber) -> bool {
        self.told.contains_key(&subscription)
    }

    /// What an attempt for this subscription needs; `None` when it was deleted.
    pub(super) fn find(
        &self,
        organization: OrganizationNumber,
        subscription: SubscriptionNumber,
    ) -> Option<(Arc<OrganizationEntry>, Arc<SubscriptionEntry>)> {
        let organization = self.catalogue.organization(organization)?;
        let subscription = self.catalogue.subscriptions.get(&subscription)?;
        Some((Arc::clone(organization), Arc::clone(subscription)))
    }

    fn tell_deletions<'a>(
        &mut self,
        subscriptions: impl IntoIterator<Item = &'a Arc<SubscriptionEntry>>,
        inputs: &mut Vec<Input>,
    ) {
        for entry in subscriptions {
            let number = entry.subscription.number;
            if self.catalogue.subscriptions.contains_key(&number) {
                continue;
            }
            if let Some(view) = self.told.remove(&number) {
                self.endpoints.release(view.endpoint);
                inputs.push(Input::SubscriptionDeleted(number));
            }
        }
    }

    fn tell_changes<'a>(
        &mut self,
        subscriptions: impl IntoIterator<Item = &'a Arc<SubscriptionEntry>>,
        inputs: &mut Vec<Input>,
    ) {
        for entry in subscriptions {
            let subscription = &entry.subscription;
            let view = SubscriptionView {
                subscription: subscription.number,
                organization: subscription.organization,
                receiver: subscription.receiver,
                endpoint: self.endpoints.hold(subscription.organization, subscription.target.endpoint()),
                enabled: subscription.state == SubscriptionState::Enabled
                    && subscription.verification.permits_deliveries(),
                retry: subscription.retry.clone().unwrap_or_else(|| self.default_retry.clone()),
            };
            let told = self.told.insert(subscription.number, view.clone());
            if let Some(before) = &told {
                self.endpoints.release(before.endpoint);
            }
            if told.as_ref() != Some(&view) {
                inputs.push(Input::SubscriptionChanged(view));
            }
        }
    }
}

/// Whether nothing but subscriptions has changed in an organization, and receivers were at most added.
fn shares_surroundings(old: &OrganizationEntry, new: &OrganizationEntry) -> bool {
    let same_receivers = old.receivers.len() <= new.receivers.len()
        && old.receivers.iter().zip(&new.receivers).all(|(old, new)| Arc::ptr_eq(old, new));
    same_receivers && old.organization == new.organization
}

/// Those of a list that are not in another one just as they are. Both are in the order of their numbers.
fn unshared<'a>(
    base: &'a [Arc<SubscriptionEntry>],
    list: &'a [Arc<SubscriptionEntry>],
) -> impl Iterator<Item = &'a Arc<SubscriptionEntry>> {
    let mut base = base.iter().peekable();
    list.iter().filter(move |entry| {
        while let Some(other) = base.peek() {
            // Nearly all are the same, which is seen without looking into them.
            if Arc::ptr_eq(other, entry) {
                base.next();
                return false;
            }
            if other.subscription.number >= entry.subscription.number {
                break;
            }
            base.next();
        }
        true
    })
}

/// Numbers for endpoints: the same for all subscriptions of an organization that go there, kept while there is one.
#[derive(Default)]
struct Endpoints {
    numbers: HashMap<(OrganizationNumber, Endpoint), EndpointNumber>,
    held: HashMap<EndpointNumber, HeldEndpoint>,
    last: u32,
}

struct HeldEndpoint {
    name: (OrganizationNumber, Endpoint),
    subscriptions: u32,
}

impl Endpoints {
    fn hold(&mut self, organization: OrganizationNumber, endpoint: Endpoint) -> EndpointNumber {
        let name = (organization, endpoint);
        if let Some(number) = self.numbers.get(&name) {
            if let Some(held) = self.held.get_mut(number) {
                held.subscriptions += 1;
            }
            return *number;
        }
        let number = self.unused();
        self.numbers.insert(name.clone(), number);
        self.held.insert(number, HeldEndpoint { name, subscriptions: 1 });
        number
    }

    fn release(&mut self, number: EndpointNumber) {
        let Entry::Occupied(mut held) = self.held.entry(number) else {
            return;
        };
        held.get_mut().subscriptions -= 1;
        if held.get().subscriptions == 0 {
            self.numbers.remove(&held.remove().name);
        }
    }

    /// A number never used before, until 2^32 of them were; then one that nobody holds.
    fn unused(&mut self) -> EndpointNumber {
        loop {
            self.last = self.last.wrapping_add(1);
            let number = EndpointNumber(self.last);
            if !self.held.contains_key(&number) {
                return number;
            }
        }
    }
}
