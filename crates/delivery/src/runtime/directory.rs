//! What of the catalogue matters to delivering, and what has changed in it.

use std::collections::HashMap;
use std::sync::Arc;

use rendezhook_domain::delivery_order::DeliveryOrder;
use rendezhook_domain::retry::RetryPolicy;
use rendezhook_domain::sequence::{OrganizationNumber, SubscriptionNumber};
use rendezhook_domain::subscription::{DeliveryRate, RateLimit, Subscription};
use rendezhook_domain::target::Endpoint;
use rendezhook_domain::time::Timestamp;
use rendezhook_store::catalogue::{Catalogue, OrganizationEntry, SubscriptionEntry};

use self::interrupted::Interrupted;
use self::numbers::Numbers;
use super::breakers::Breakers;
use crate::scheduler::effect::BreakerState;
use crate::scheduler::input::{AuthorityNumber, EndpointNumber, Input, SubscriptionView};

mod interrupted;
mod numbers;
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
    endpoints: Numbers<(OrganizationNumber, Endpoint)>,
    authorities: Numbers<Box<str>>,
    breakers: Breakers,
    interrupted: Interrupted,
    default_retry: RetryPolicy,
}

impl Directory {
    /// A directory of this catalogue; `inputs` receives what the scheduler has to be told of it.
    pub(super) fn new(
        catalogue: Arc<Catalogue>,
        default_retry: RetryPolicy,
        breakers: Breakers,
        inputs: &mut Vec<Input>,
    ) -> Self {
        let mut directory = Self {
            catalogue: Arc::clone(&catalogue),
            told: HashMap::with_capacity(catalogue.subscriptions.len()),
            endpoints: Numbers::default(),
            authorities: Numbers::default(),
            breakers,
            interrupted: Interrupted::default(),
            default_retry,
        };
        for organization in catalogue.organizations.values() {
            directory.interrupted.note(organization);
            directory.tell_changes(&organization.subscriptions, inputs);
        }
        directory
    }

    /// The catalogue it has taken over.
    pub(super) fn catalogue(&self) -> &Catalogue {
        &self.catalogue
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
                    let added = new.receivers.iter().skip(old.receivers.len());
                    self.interrupted.add(*number, added);
                    self.tell_changes(unshared(&old.subscriptions, &new.subscriptions), inputs);
                }
                _ => {
                    self.interrupted.note(new);
                    self.tell_changes(&new.subscriptions, inputs);
                }
            }
        }
    }

    /// Goes on to a moment; `inputs` receives the pauses and maintenance windows that began or ended by themselves.
    pub(super) fn pass_time(&mut self, now: Timestamp, inputs: &mut Vec<Input>) {
        let catalogue = Arc::clone(&self.catalogue);
        for number in self.interrupted.pass_time(now, &catalogue) {
            if let Some(organization) = catalogue.organization(number) {
                self.tell_changes(&organization.subscriptions, inputs);
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
                self.release(&view);
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
            let organization = self.catalogue.organization(subscription.organization);
            let receiver = organization.and_then(|entry| entry.receiver(subscription.receiver));
            let view = SubscriptionView {
                subscription: subscription.number,
                organization: subscription.organization,
                receiver: subscription.receiver,
                endpoint: EndpointNumber(
                    self.endpoints.hold((subscription.organization, subscription.target.endpoint())),
                ),
                authority: AuthorityNumber(self.authorities.hold(subscription.target.authority().into())),
                rate_limit: lowest(subscription, self.interrupted.drain_rate(subscription.receiver)),
                enabled: subscription.is_active() && !self.interrupted.holds(subscription.receiver),
                retry: subscription.retry.clone().unwrap_or_else(|| self.default_retry.clone()),
                order: receiver.map_or_else(DeliveryOrder::default, |receiver| receiver.order),
                folds_updates: subscription.folds_updates,
            };
            let told = self.told.insert(subscription.number, view.clone());
            if let Some(before) = &told {
                self.release(before);
            }
            if told.as_ref() != Some(&view) {
                inputs.push(Input::SubscriptionChanged(view));
            }
        }
    }

    /// Gives back the numbers that a view holds.
    fn release(&mut self, view: &SubscriptionView) {
        self.authorities.release(view.authority.0);
        if let Some((organization, endpoint)) = self.endpoints.release(view.endpoint.0) {
            self.breakers.set(organization, &endpoint, BreakerState::Closed);
        }
    }

    /// Shows how the breaker of an endpoint stands, while a subscription goes there.
    pub(super) fn show_breaker(&self, endpoint: EndpointNumber, state: BreakerState) {
        if let Some((organization, endpoint)) = self.endpoints.name(endpoint.0) {
            self.breakers.set(*organization, endpoint, state);
        }
    }
}

/// The lowest of what the owner of a subscription sets, what its target allows, and how fast its receiver's backlog is drained.
fn lowest(subscription: &Subscription, drained: Option<RateLimit>) -> Option<DeliveryRate> {
    let set = [subscription.rate_limit, drained].into_iter().flatten().map(DeliveryRate::from);
    let allowed = subscription.verification.deliveries_per_minute.and_then(DeliveryRate::each_minute);
    set.chain(allowed).min()
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
