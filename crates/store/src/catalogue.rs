//! Everything that publishing and delivering ask at every step, in memory: organizations, keys, receivers, subscriptions.
//!
//! A catalogue is an immutable snapshot. A change makes a new one, durable before it is seen; whoever holds the old one can
//! finish its step, and the store refuses to commit a publish that was decided from an older part of its organization.

mod filters;
mod index;

use std::collections::HashMap;
use std::sync::Arc;

use rendezhook_domain::access::KeyScope;
use rendezhook_domain::delivery_order::DeliveryOrder;
use rendezhook_domain::id::{KeyId, OAuthClientId, OrganizationId, ReceiverId, SubscriptionId};
use rendezhook_domain::matching::Happening;
use rendezhook_domain::organization::Organization;
use rendezhook_domain::pause::Interruptions;
use rendezhook_domain::resource::ResourceKind;
use rendezhook_domain::sequence::{OrganizationNumber, ReceiverNumber, SubscriptionNumber, TimerNumber};
use rendezhook_domain::subscription::{Dialect, Subscription};
use rendezhook_domain::target::TargetUrl;
use rendezhook_domain::time::Timestamp;
use rendezhook_domain::timer::Timer;
use rendezhook_secrets::{KeyHash, SecretHeader, SharedSecret, SigningSecret, TokenKey};
use uuid::Uuid;

use self::index::SubscriptionIndex;
use crate::shared_map::SharedMap;

/// Counts the changes of the catalogue; a publish names the version it was decided from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CatalogueVersion(pub u64);

/// An API key of an organization. The key itself is not kept, only its hash.
#[derive(Debug, Clone)]
pub struct ApiKeyEntry {
    /// Its public id.
    pub id: KeyId,
    /// The organization it belongs to.
    pub organization: OrganizationNumber,
    /// What people call it.
    pub name: Arc<str>,
    /// What it permits.
    pub scope: KeyScope,
    /// The user it belongs to; hooks made with it are that user's.
    pub user: Option<Arc<str>>,
    /// Of the key's text.
    pub hash: KeyHash,
    /// When it was made.
    pub created_at: Timestamp,
    /// After which it is not accepted.
    pub expires_at: Option<Timestamp>,
}

/// A program that gets tokens of the doo API for its credentials. Its secret is not kept, only the hash.
#[derive(Debug, Clone)]
pub struct OAuthClientEntry {
    /// Its number in the store, which its tokens name. Never given twice.
    pub number: u32,
    /// Its public id, `client_id` on the wire.
    pub id: OAuthClientId,
    /// The organization it belongs to.
    pub organization: OrganizationNumber,
    /// What people call it.
    pub name: Arc<str>,
    /// The user for whom it acts; the organization's technical user when `None`.
    pub user: Option<Arc<str>>,
    /// Of the secret's text.
    pub secret_hash: KeyHash,
    /// What its tokens are made with.
    pub token_key: TokenKey,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A receiver: one application to its owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceiverEntry {
    /// Its number in the store.
    pub number: ReceiverNumber,
    /// Its public id.
    pub id: ReceiverId,
    /// The organization it belongs to.
    pub organization: OrganizationNumber,
    /// What it was found by when a subscription was made: a name its owner gave, or the text of an endpoint.
    pub name: Arc<str>,
    /// Whether its owner gave the name.
    pub named: bool,
    /// When its owner does not want deliveries, and how a backlog drains.
    pub interruptions: Interruptions,
    /// Which of its deliveries wait for each other.
    pub order: DeliveryOrder,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A key with which deliveries of a subscription are signed.
#[derive(Debug, Clone)]
pub struct SigningKey {
    /// The secret.
    pub secret: SigningSecret,
    /// When it was made.
    pub created_at: Timestamp,
    /// After which it no longer signs, once a newer one has replaced it.
    pub expires_at: Option<Timestamp>,
}

/// A subscription with its signing keys.
#[derive(Debug, Clone)]
pub struct SubscriptionEntry {
    /// What everybody may see.
    pub subscription: Subscription,
    /// Newest first; at least one, at most five.
    pub keys: Vec<SigningKey>,
    /// What its owner chose for bodies to be signed with, in the dialects that sign like that.
    pub shared_secret: Option<SharedSecret>,
    /// What proves to the target that deliveries may come, when the subscription authenticates itself.
    pub target_secret: Option<SharedSecret>,
    /// What its owner has sent as headers with its deliveries, each name once.
    pub headers: Arc<[SecretHeader]>,
}

impl SubscriptionEntry {
    /// Whether a new target would be shown headers that were meant for another host or port. Whoever may change the target need
    /// not know their values.
    #[must_use]
    pub fn moves_headers(&self, target: &TargetUrl) -> bool {
        !self.headers.is_empty() && self.subscription.target.authority() != target.authority()
    }

    /// The secrets that sign at this instant, newest first.
    pub fn live_secrets(&self, now: Timestamp) -> impl Iterator<Item = &SigningSecret> {
        self.keys.iter().filter(move |key| key.expires_at.is_none_or(|end| end > now)).map(|key| &key.secret)
    }
}

/// One organization's part of the catalogue.
#[derive(Debug, Clone)]
pub struct OrganizationEntry {
    /// The organization itself.
    pub organization: Organization,
    /// The version of the catalogue that changed this part of it last.
    pub version: CatalogueVersion,
    /// Its subscriptions in the order in which they were made.
    pub subscriptions: Vec<Arc<SubscriptionEntry>>,
    /// Its receivers in the order in which they were made.
    pub receivers: Vec<Arc<ReceiverEntry>>,
    /// Its keys in the order in which they were made; revoked ones are gone.
    pub keys: Vec<Arc<ApiKeyEntry>>,
    /// Its OAuth clients in the order in which they were made; revoked ones are gone.
    pub oauth_clients: Vec<Arc<OAuthClientEntry>>,
    /// Its timers in the order in which they were made.
    pub timers: Vec<Arc<Timer>>,
    index: SubscriptionIndex,
}

impl OrganizationEntry {
    /// Puts an organization's rows together and indexes them.
    #[must_use]
    pub fn new(
        organization: Organization,
        version: CatalogueVersion,
        subscriptions: Vec<Arc<SubscriptionEntry>>,
        receivers: Vec<Arc<ReceiverEntry>>,
        keys: Vec<Arc<ApiKeyEntry>>,
        oauth_clients: Vec<Arc<OAuthClientEntry>>,
    ) -> Self {
        let index = SubscriptionIndex::of(&subscriptions);
        Self {
            organization,
            version,
            subscriptions,
            receivers,
            keys,
            oauth_clients,
            timers: Vec::new(),
            index,
        }
    }

    /// The organization with its rows as they are now. What is found by has to be made anew only when it changed for a
    /// subscription that was there before.
    #[must_use]
    pub(crate) fn changed(
        &self,
        organization: Organization,
        version: CatalogueVersion,
        subscriptions: Vec<Arc<SubscriptionEntry>>,
        receivers: Vec<Arc<ReceiverEntry>>,
        keys: Vec<Arc<ApiKeyEntry>>,
        oauth_clients: Vec<Arc<OAuthClientEntry>>,
    ) -> Self {
        let index = self.index.after(&self.subscriptions, &subscriptions);
        Self {
            organization,
            version,
            subscriptions,
            receivers,
            keys,
            oauth_clients,
            timers: Vec::new(),
            index,
        }
    }

    /// The same with these timers.
    #[must_use]
    pub fn with_timers(mut self, timers: Vec<Arc<Timer>>) -> Self {
        self.timers = timers;
        self
    }

    /// The timers for resources of a kind.
    pub fn timers_of(&self, kind: ResourceKind) -> impl Iterator<Item = &Timer> {
        self.timers.iter().map(AsRef::as_ref).filter(move |timer| timer.kind() == Some(kind))
    }

    /// The timer with this number.
    #[must_use]
    pub fn timer(&self, number: TimerNumber) -> Option<&Arc<Timer>> {
        self.timers.iter().find(|timer| timer.number == number)
    }

    /// The subscriptions that want an action, in the order in which they were made.
    pub fn matching<'a>(
        &'a self,
        happening: Happening<'a>,
    ) -> impl Iterator<Item = &'a Arc<SubscriptionEntry>> {
        self.index
            .candidates(happening)
            .filter_map(|position| self.subscriptions.get(position))
            .filter(move |entry| entry.subscription.filter.wants(&happening))
    }

    /// The subscription with this id.
    #[must_use]
    pub fn subscription(&self, id: SubscriptionId) -> Option<&Arc<SubscriptionEntry>> {
        self.index.by_id(id).and_then(|position| self.subscriptions.get(position))
    }

    /// The receiver with this number.
    #[must_use]
    pub fn receiver(&self, number: ReceiverNumber) -> Option<&Arc<ReceiverEntry>> {
        // In the order in which they were made, which is that of their numbers.
        let place = self.receivers.binary_search_by_key(&number, |entry| entry.number);
        place.ok().and_then(|place| self.receivers.get(place))
    }

    /// The subscription that the Vyte API knows by this `_id`.
    #[must_use]
    pub fn vyte_hook(&self, hook_id: &str) -> Option<&Arc<SubscriptionEntry>> {
        self.index.by_vyte_id(hook_id).and_then(|position| self.subscriptions.get(position))
    }

    /// The subscription that the SimplyMeet.me API knows by this `uuid`.
    #[must_use]
    pub fn simplymeet_hook(&self, uuid: Uuid) -> Option<&Arc<SubscriptionEntry>> {
        self.index.by_simplymeet_uuid(uuid).and_then(|position| self.subscriptions.get(position))
    }

    /// The subscriptions that the doo API knows as one group, in the order of the group; none when there is no such group.
    pub fn doo_group(&self, group: Uuid) -> impl Iterator<Item = &Arc<SubscriptionEntry>> {
        let positions = self.index.by_doo_group(group);
        positions.iter().filter_map(|position| self.subscriptions.get(*position))
    }

    /// How many subscriptions of a dialect there are.
    #[must_use]
    pub fn count(&self, dialect: Dialect) -> usize {
        self.subscriptions.iter().filter(|entry| entry.subscription.dialect() == dialect).count()
    }
}

/// The whole catalogue at one version.
#[derive(Debug, Clone)]
pub struct Catalogue {
    /// Counts the changes.
    pub version: CatalogueVersion,
    /// Hash of the server's admin key; none before the first start has made one.
    pub admin_key: Option<KeyHash>,
    /// Every organization by its number.
    pub organizations: HashMap<OrganizationNumber, Arc<OrganizationEntry>>,
    /// Every organization by its public id.
    pub organization_ids: HashMap<OrganizationId, OrganizationNumber>,
    /// Every organization by its id on the Vyte surface.
    pub organization_vyte_ids: HashMap<Arc<str>, OrganizationNumber>,
    /// Every live key by the first bytes of its hash. A collision of two keys' first eight bytes is refused when made.
    pub keys: HashMap<[u8; 8], Arc<ApiKeyEntry>>,
    /// Every live OAuth client by its number.
    pub oauth_clients: HashMap<u32, Arc<OAuthClientEntry>>,
    /// Every subscription by its number, for the delivery side.
    pub subscriptions: SharedMap<SubscriptionNumber, Arc<SubscriptionEntry>>,
}

impl Catalogue {
    /// The organization with this number.
    #[must_use]
    pub fn organization(&self, number: OrganizationNumber) -> Option<&Arc<OrganizationEntry>> {
        self.organizations.get(&number)
    }

    /// The organization with this id.
    #[must_use]
    pub fn organization_by_id(&self, id: OrganizationId) -> Option<&Arc<OrganizationEntry>> {
        self.organization_ids.get(&id).and_then(|number| self.organizations.get(number))
    }

    /// The organization with this id on the Vyte surface.
    #[must_use]
    pub fn organization_by_vyte_id(&self, id: &str) -> Option<&Arc<OrganizationEntry>> {
        self.organization_vyte_ids.get(id).and_then(|number| self.organizations.get(number))
    }

    /// The live key with this hash. The whole hash is compared in constant time; expiry is the caller's to judge.
    #[must_use]
    pub fn key(&self, hash: &KeyHash) -> Option<&Arc<ApiKeyEntry>> {
        self.keys.get(&hash.lookup()).filter(|entry| entry.hash == *hash)
    }
}
