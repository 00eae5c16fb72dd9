//! The changes of one turn, made into one new catalogue however many they are.

use std::collections::HashMap;
use std::sync::Arc;

use rendezhook_domain::organization::Organization;
use rendezhook_domain::sequence::{OrganizationNumber, SubscriptionNumber, TimerNumber};
use rendezhook_domain::timer::Timer;
use rendezhook_secrets::KeyHash;

use crate::catalogue::{
    ApiKeyEntry, Catalogue, CatalogueVersion, OAuthClientEntry, OrganizationEntry, ReceiverEntry,
    SubscriptionEntry,
};

/// What changes in a catalogue.
#[derive(Debug, Clone)]
pub(in crate::sqlite) struct Draft {
    base: Arc<Catalogue>,
    admin_key: Option<KeyHash>,
    organizations: HashMap<OrganizationNumber, Parts>,
    /// `None`: gone.
    subscriptions: HashMap<SubscriptionNumber, Option<Arc<SubscriptionEntry>>>,
    /// `None`: gone.
    keys: HashMap<[u8; 8], Option<Arc<ApiKeyEntry>>>,
    /// `None`: gone.
    oauth_clients: HashMap<u32, Option<Arc<OAuthClientEntry>>>,
}

/// An organization's rows before they are indexed.
#[derive(Debug, Clone)]
struct Parts {
    organization: Organization,
    subscriptions: Vec<Arc<SubscriptionEntry>>,
    receivers: Vec<Arc<ReceiverEntry>>,
    keys: Vec<Arc<ApiKeyEntry>>,
    oauth_clients: Vec<Arc<OAuthClientEntry>>,
    timers: Vec<Arc<Timer>>,
}

impl Draft {
    /// Nothing is changed yet.
    pub(in crate::sqlite) fn new(base: Arc<Catalogue>) -> Self {
        Self {
            base,
            admin_key: None,
            organizations: HashMap::new(),
            subscriptions: HashMap::new(),
            keys: HashMap::new(),
            oauth_clients: HashMap::new(),
        }
    }

    /// What a subscription was changed to; the outer `None` when it was not touched.
    pub(in crate::sqlite) fn subscription(
        &self,
        number: SubscriptionNumber,
    ) -> Option<&Option<Arc<SubscriptionEntry>>> {
        self.subscriptions.get(&number)
    }

    /// An organization as it is with the changes so far.
    pub(in crate::sqlite) fn organization(&self, number: OrganizationNumber) -> Option<&Organization> {
        match self.organizations.get(&number) {
            Some(parts) => Some(&parts.organization),
            None => self.base.organization(number).map(|entry| &entry.organization),
        }
    }

    /// Whether anything of an organization may have changed.
    pub(in crate::sqlite) fn touches(&self, number: OrganizationNumber) -> bool {
        self.organizations.contains_key(&number)
    }

    fn parts(&mut self, number: OrganizationNumber) -> Option<&mut Parts> {
        if !self.organizations.contains_key(&number) {
            let entry = self.base.organization(number)?;
            let parts = Parts {
                organization: entry.organization.clone(),
                subscriptions: entry.subscriptions.clone(),
                receivers: entry.receivers.clone(),
                keys: entry.keys.clone(),
                oauth_clients: entry.oauth_clients.clone(),
                timers: entry.timers.clone(),
            };
            self.organizations.insert(number, parts);
        }
        self.organizations.get_mut(&number)
    }

    pub(super) fn set_admin_key(&mut self, hash: KeyHash) {
        self.admin_key = Some(hash);
    }

    /// Adds an organization, or puts new values in place of its old ones.
    pub(super) fn put_organization(&mut self, organization: Organization) {
        let number = organization.number;
        match self.parts(number) {
            Some(parts) => parts.organization = organization,
            None => {
                let parts = Parts {
                    organization,
                    subscriptions: Vec::new(),
                    receivers: Vec::new(),
                    keys: Vec::new(),
                    oauth_clients: Vec::new(),
                    timers: Vec::new(),
                };
                self.organizations.insert(number, parts);
            }
        }
    }

    pub(super) fn add_key(&mut self, key: ApiKeyEntry) {
        let key = Arc::new(key);
        self.keys.insert(key.hash.lookup(), Some(Arc::clone(&key)));
        if let Some(parts) = self.parts(key.organization) {
            parts.keys.push(key);
        }
    }

    pub(super) fn remove_key(&mut self, key: &ApiKeyEntry) {
        self.keys.insert(key.hash.lookup(), None);
        if let Some(parts) = self.parts(key.organization) {
            parts.keys.retain(|kept| kept.id != key.id);
        }
    }

    /// The keys of an organization with the changes so far.
    pub(super) fn keys(&mut self, organization: OrganizationNumber) -> &[Arc<ApiKeyEntry>] {
        self.parts(organization).map_or(&[], |parts| parts.keys.as_slice())
    }

    pub(super) fn add_oauth_client(&mut self, client: OAuthClientEntry) {
        let client = Arc::new(client);
        self.oauth_clients.insert(client.number, Some(Arc::clone(&client)));
        if let Some(parts) = self.parts(client.organization) {
            parts.oauth_clients.push(client);
        }
    }

    pub(super) fn remove_oauth_client(&mut self, organization: OrganizationNumber, number: u32) {
        self.oauth_clients.insert(number, None);
        if let Some(parts) = self.parts(organization) {
            parts.oauth_clients.retain(|kept| kept.number != number);
        }
    }

    /// The timers of an organization with the changes so far.
    pub(in crate::sqlite) fn timers(&self, organization: OrganizationNumber) -> &[Arc<Timer>] {
        match self.organizations.get(&organization) {
            Some(parts) => &parts.timers,
            None => self.base.organization(organization).map_or(&[], |entry| entry.timers.as_slice()),
        }
    }

    /// Adds a timer, or puts new values in place of its old ones.
    pub(super) fn put_timer(&mut self, timer: Timer) {
        let Some(parts) = self.parts(timer.organization) else { return };
        match parts.timers.iter_mut().find(|kept| kept.number == timer.number) {
            Some(kept) => *kept = Arc::new(timer),
            None => parts.timers.push(Arc::new(timer)),
        }
    }

    pub(super) fn remove_timer(&mut self, organization: OrganizationNumber, number: TimerNumber) {
        if let Some(parts) = self.parts(organization) {
            parts.timers.retain(|kept| kept.number != number);
        }
    }

    /// The subscriptions of an organization with the changes so far.
    pub(super) fn subscriptions(&mut self, organization: OrganizationNumber) -> &[Arc<SubscriptionEntry>] {
        self.parts(organization).map_or(&[], |parts| parts.subscriptions.as_slice())
    }

    /// The receivers of an organization with the changes so far.
    pub(super) fn receivers(&mut self, organization: OrganizationNumber) -> &[Arc<ReceiverEntry>] {
        self.parts(organization).map_or(&[], |parts| parts.receivers.as_slice())
    }

    /// Adds a receiver, or puts new values in place of its old ones.
    pub(super) fn put_receiver(&mut self, receiver: ReceiverEntry) {
        let Some(parts) = self.parts(receiver.organization) else { return };
        match parts.receivers.binary_search_by_key(&receiver.number, |kept| kept.number) {
            Ok(place) => {
                if let Some(kept) = parts.receivers.get_mut(place) {
                    *kept = Arc::new(receiver);
                }
            }
            Err(place) => parts.receivers.insert(place, Arc::new(receiver)),
        }
    }

    /// Adds a subscription, or puts new values in place of its old ones.
    pub(super) fn put_subscription(&mut self, entry: SubscriptionEntry) {
        let entry = Arc::new(entry);
        let number = entry.subscription.number;
        self.subscriptions.insert(number, Some(Arc::clone(&entry)));
        let Some(parts) = self.parts(entry.subscription.organization) else { return };
        match position(&parts.subscriptions, number) {
            Ok(position) => {
                if let Some(old) = parts.subscriptions.get_mut(position) {
                    *old = entry;
                }
            }
            Err(position) => parts.subscriptions.insert(position, entry),
        }
    }

    pub(super) fn remove_subscription(
        &mut self,
        organization: OrganizationNumber,
        number: SubscriptionNumber,
    ) {
        self.subscriptions.insert(number, None);
        let Some(parts) = self.parts(organization) else { return };
        if let Ok(position) = position(&parts.subscriptions, number) {
            parts.subscriptions.remove(position);
        }
    }

    /// The catalogue with the changes.
    pub(in crate::sqlite) fn build(self, version: CatalogueVersion) -> Catalogue {
        let mut catalogue = Catalogue::clone(&self.base);
        catalogue.version = version;
        if self.admin_key.is_some() {
            catalogue.admin_key = self.admin_key;
        }
        for (number, parts) in self.organizations {
            catalogue.organization_ids.insert(parts.organization.id, number);
            catalogue.organization_vyte_ids.insert(Arc::clone(&parts.organization.vyte_id), number);
            let Parts { organization, subscriptions, receivers, keys, oauth_clients, timers } = parts;
            let entry = match self.base.organization(number) {
                Some(base) => {
                    base.changed(organization, version, subscriptions, receivers, keys, oauth_clients)
                }
                None => OrganizationEntry::new(
                    organization,
                    version,
                    subscriptions,
                    receivers,
                    keys,
                    oauth_clients,
                ),
            };
            let entry = entry.with_timers(timers);
            catalogue.organizations.insert(number, Arc::new(entry));
        }
        for (number, change) in self.subscriptions {
            match change {
                Some(entry) => catalogue.subscriptions.insert(number, entry),
                None => catalogue.subscriptions.remove(&number),
            }
        }
        apply_each(&mut catalogue.keys, self.keys);
        apply_each(&mut catalogue.oauth_clients, self.oauth_clients);
        catalogue
    }
}

/// Subscriptions are kept in the order in which they were made, which is that of their numbers.
fn position(subscriptions: &[Arc<SubscriptionEntry>], number: SubscriptionNumber) -> Result<usize, usize> {
    subscriptions.binary_search_by_key(&number, |entry| entry.subscription.number)
}

fn apply_each<K: std::hash::Hash + Eq, V>(map: &mut HashMap<K, V>, changes: HashMap<K, Option<V>>) {
    for (key, change) in changes {
        match change {
            Some(value) => map.insert(key, value),
            None => map.remove(&key),
        };
    }
}
