//! Samples of everything that tests publish and record.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use rendezhook_domain::cause::Cause;
use rendezhook_domain::delivery::FinalState;
use rendezhook_domain::facts::Facts;
use rendezhook_domain::id::{OrganizationId, ReceiverId, SubscriptionId};
use rendezhook_domain::matching::Filter;
use rendezhook_domain::matching::Happening;
use rendezhook_domain::resource::{ResourceId, ResourceKind};
use rendezhook_domain::sequence::OrganizationNumber;
use rendezhook_domain::stage::Stage;
use rendezhook_domain::subscription::{Content, Hook, RequestMethod, VerificationMethod};
use rendezhook_domain::target::{TargetPolicy, TargetUrl};
use rendezhook_domain::time::Timestamp;
use rendezhook_secrets::SigningSecret;
use uuid::Uuid;

use crate::catalogue::{Catalogue, OrganizationEntry, SubscriptionEntry};
use crate::change::{NewOrganization, NewSubscription};
use crate::feed::{CommittedAction, CommittedDelivery};
use crate::pending::DeliveryKey;
use crate::publish::{IdempotencyClaim, Matched, NewAction, Publish, ResourceChange};
use crate::record::{AttemptRecord, AttemptResult, AttemptTiming, Disposition, Record};

/// Gives every id of a test run another number.
static IDS: AtomicU64 = AtomicU64::new(1);

pub(super) fn next_id() -> u64 {
    IDS.fetch_add(1, Ordering::Relaxed)
}

/// A number of seconds after the beginning of a test.
pub fn at(seconds: i64) -> Timestamp {
    Timestamp::from_milliseconds(1_768_469_400_000 + seconds * 1_000)
}

/// A UUID that no other row has.
pub fn uuid() -> Uuid {
    Uuid::from_u128(0x0192_f0e0_0000_7000_8000_0000_0000_0000 + u128::from(next_id()))
}

/// An organization that does not exist yet.
pub fn new_organization() -> NewOrganization {
    let number = next_id();
    NewOrganization {
        id: OrganizationId::from_uuid(uuid()),
        name: Arc::from(format!("organization {number}")),
        vyte_id: Arc::from(format!("{number:024x}")),
        created_at: at(0),
    }
}

/// A subscription that does not exist yet.
pub fn new_subscription(organization: OrganizationNumber, pattern: &str, target: &str) -> NewSubscription {
    NewSubscription {
        id: SubscriptionId::from_uuid(uuid()),
        organization,
        receiver_name: None,
        receiver_id: ReceiverId::from_uuid(uuid()),
        hook: Hook::Standard,
        method: RequestMethod::Post,
        content: Content::Composed,
        authentication: None,
        headers: Vec::new(),
        verification: VerificationMethod::None,
        description: Arc::from(""),
        target: TargetUrl::parse(target, &TargetPolicy::stored()).unwrap(),
        filter: Filter { actions: vec![pattern.parse().unwrap()], user: None, event: None },
        retry: None,
        rate_limit: None,
        folds_updates: false,
        secret: secret(next_id()),
        shared_secret: None,
        created_at: at(0),
        limit: None,
    }
}

/// A signing secret that is told from others by a number.
pub fn secret(number: u64) -> SigningSecret {
    let mut bytes = [7_u8; 32];
    bytes[..8].copy_from_slice(&number.to_be_bytes());
    SigningSecret::from_bytes(&bytes).unwrap()
}

pub(super) fn matched(entry: &SubscriptionEntry) -> Matched {
    Matched { subscription: entry.subscription.number, receiver: entry.subscription.receiver }
}

/// The keys of an action's deliveries.
pub fn keys_of(action: &CommittedAction) -> Vec<DeliveryKey> {
    let key = |delivery: &CommittedDelivery| DeliveryKey {
        receiver: delivery.receiver,
        sequence: delivery.sequence,
    };
    action.deliveries.iter().map(key).collect()
}

/// A request with these changes, matched by a catalogue.
pub fn request(catalogue: &Catalogue, organization: OrganizationNumber, changes: Vec<Change>) -> Publish {
    let entry = catalogue.organization(organization).unwrap();
    let changes = changes.into_iter().map(|change| change.decided(entry)).collect();
    Publish {
        organization,
        catalogue: catalogue.version,
        accepted_at: at(0),
        idempotency: None,
        repetition_only: false,
        changes,
        scheduled: Vec::new(),
        firing: None,
    }
}

/// What happened to a resource, before it is matched.
pub struct Change {
    pub id: String,
    pub expected: Option<u64>,
    pub actions: Vec<String>,
    pub body: Bytes,
    pub stores_body: bool,
    pub removed: bool,
}

/// These actions happened to an event in this version.
pub fn change(id: &str, expected: Option<u64>, actions: &[&str]) -> Change {
    let version = expected.unwrap_or(0);
    Change {
        id: id.to_owned(),
        expected,
        actions: actions.iter().map(|name| (*name).to_owned()).collect(),
        body: Bytes::from(format!("{{\"id\":\"{id}\",\"after\":{version}}}")),
        stores_body: true,
        removed: false,
    }
}

impl Change {
    /// The facts that the change leaves.
    pub fn facts(&self) -> Facts {
        let steps = u64::try_from(self.actions.len().max(1)).unwrap();
        Facts {
            version: self.expected.unwrap_or(0) + steps,
            occurred_at: at(1),
            created_at: Some(at(0)),
            ever_confirmed: true,
            cancelled: false,
            removed: self.removed,
            confirmed_time: Some(at(86_400)),
        }
    }

    fn decided(self, entry: &OrganizationEntry) -> ResourceChange {
        let facts = self.facts();
        let first = self.expected.unwrap_or(0) + 1;
        let actions = self.actions.iter().zip(first..).map(|(name, version)| {
            let name = name.parse().unwrap();
            let matched = entry
                .matching(Happening { action: &name, user: None, event: None })
                .map(|entry| matched(entry))
                .collect();
            NewAction {
                name,
                version,
                user: None,
                occurred_at: at(1),
                expires_at: None,
                representations: None,
                changes: None,
                matched,
                fired: None,
            }
        });
        let actions = actions.collect();
        ResourceChange {
            kind: ResourceKind::Event,
            resource_id: resource_id(&self.id),
            expected: self.expected,
            facts,
            stores_body: self.stores_body,
            body: self.body,
            actions,
            firings: None,
        }
    }
}

pub fn resource_id(text: &str) -> ResourceId {
    ResourceId::new(text).unwrap()
}

/// A promise under a key that holds for an hour.
pub fn claim(key: &str, fingerprint: u8) -> IdempotencyClaim {
    IdempotencyClaim { key: Arc::from(key), fingerprint: [fingerprint; 32], expires_at: at(3_600) }
}

/// An attempt that was answered with a status.
pub fn attempt(number: u16, status: u16) -> AttemptRecord {
    AttemptRecord {
        number,
        started_at: at(i64::from(number)),
        stage: Stage::Target,
        result: AttemptResult::Status(status),
        timing: AttemptTiming {
            dns: Some(Duration::from_micros(1_500)),
            connect: None,
            tls: None,
            first_byte: Some(Duration::from_millis(20)),
            total: Duration::from_millis(25),
        },
        exchange: None,
    }
}

/// An attempt that got no answer.
pub fn unanswered(number: u16, cause: Cause) -> AttemptRecord {
    AttemptRecord { result: AttemptResult::Failed(cause), ..attempt(number, 200) }
}

pub fn ended(state: FinalState) -> Disposition {
    Disposition::Ended(state)
}

/// Another attempt so many seconds later.
pub fn retry_at(seconds: i64) -> Disposition {
    Disposition::Retry { due_at: at(seconds), lane_held: Duration::from_millis(1_500) }
}

/// One turn of a delivery.
pub fn record(
    organization: OrganizationNumber,
    one: Matched,
    key: DeliveryKey,
    attempt: Option<AttemptRecord>,
    disposition: Disposition,
) -> Record {
    Record {
        key,
        organization,
        subscription: one.subscription,
        at: at(3),
        attempt,
        disposition,
        overtaken: false,
        freeze: None,
        disable: None,
        consequences: None,
        folded_into: None,
        over_backlog: false,
    }
}
