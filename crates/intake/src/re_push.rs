//! Pushing stored resources anew: for each one delivery to each target, spread over time.

mod walk;

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use rendezhook_domain::action::ActionName;
use rendezhook_domain::delivery::DeliveryOrigin;
use rendezhook_domain::json::BorrowedJson;
use rendezhook_domain::lifecycle::event_of;
use rendezhook_domain::resource::ResourceKind;
use rendezhook_domain::sequence::OrganizationNumber;
use rendezhook_domain::time::Timestamp;
use rendezhook_store::publish::{DetachedDelivery, Matched};
use rendezhook_store::read::ListedResource;

use self::walk::Walk;
use crate::Intake;
use crate::error::PublishError;

/// How many deliveries are made at once.
pub const MAXIMUM_RE_PUSHED: usize = 10_000;

/// How many bytes of resources are committed together; a single resource may be longer.
const BYTES_TOGETHER: usize = 4 * 1024 * 1024;

/// Stored resources that are to be pushed anew, and to whom.
#[derive(Debug, Clone)]
pub struct RePush {
    /// Whose resources.
    pub organization: OrganizationNumber,
    /// Of which kind.
    pub kind: ResourceKind,
    /// Only this event, or only its orders.
    pub event: Option<Arc<str>>,
    /// Only what was last changed at this instant or later.
    pub changed_from: Option<Timestamp>,
    /// Only what was last changed before this instant.
    pub changed_before: Option<Timestamp>,
    /// To whom.
    pub targets: Vec<RePushTarget>,
    /// The time between two deliveries.
    pub interval: Duration,
}

/// A subscription to which resources are pushed anew.
#[derive(Debug, Clone)]
pub struct RePushTarget {
    /// The subscription.
    pub matched: Matched,
    /// What its deliveries are told as.
    pub action: ActionName,
    /// It wants this event and its orders only.
    pub event: Option<Arc<str>>,
}

impl Intake {
    /// Commits one delivery for each stored resource and each target that wants it, the first due at once and each further one an
    /// interval later, and answers with the number of resources of which there is at least one.
    ///
    /// Resources are read twice, to be counted before anything is committed; what changes in between is pushed as it is then.
    /// Deliveries are committed in pieces: when the store fails, those before are made.
    ///
    /// # Errors
    /// When there are more than [`MAXIMUM_RE_PUSHED`] (nothing is committed then), a stored resource is damaged, or the store failed.
    pub async fn push_anew(&self, wanted: &RePush, now: Timestamp) -> Result<u64, PublishError> {
        if wanted.targets.is_empty() {
            return Ok(0);
        }
        let mut deliveries = 0;
        let mut walk = Walk::new(self.store.as_ref(), wanted);
        while let Some(page) = walk.next().await? {
            for resource in &page {
                deliveries += wanted.targets_of(resource)?.count();
            }
            if deliveries > MAXIMUM_RE_PUSHED {
                return Err(PublishError::TooManyToPush { limit: MAXIMUM_RE_PUSHED });
            }
        }
        self.commit_anew(wanted, now).await
    }

    async fn commit_anew(&self, wanted: &RePush, now: Timestamp) -> Result<u64, PublishError> {
        let mut resources = 0;
        let mut due_at = now;
        let mut piece = Piece::default();
        let mut walk = Walk::new(self.store.as_ref(), wanted);
        while let Some(page) = walk.next().await? {
            for resource in &page {
                let mut pushed = false;
                for target in wanted.targets_of(resource)? {
                    piece.add(wanted.delivery(resource, target, now, due_at));
                    due_at = due_at.after(wanted.interval);
                    pushed = true;
                    if piece.is_full() {
                        self.store.publish_detached(piece.take()).await?;
                    }
                }
                resources += u64::from(pushed);
            }
        }
        self.store.publish_detached(piece.take()).await?;
        Ok(resources)
    }
}

/// Deliveries that are committed together.
#[derive(Default)]
struct Piece {
    deliveries: Vec<DetachedDelivery>,
    bytes: usize,
}

impl Piece {
    fn add(&mut self, delivery: DetachedDelivery) {
        self.bytes += delivery.body.len();
        self.deliveries.push(delivery);
    }

    fn is_full(&self) -> bool {
        self.deliveries.len() >= DetachedDelivery::MAXIMUM_TOGETHER || self.bytes >= BYTES_TOGETHER
    }

    fn take(&mut self) -> Vec<DetachedDelivery> {
        self.bytes = 0;
        std::mem::take(&mut self.deliveries)
    }
}

impl RePush {
    /// The targets that want a resource; none when the resource itself is not asked for.
    fn targets_of(
        &self,
        resource: &ListedResource,
    ) -> Result<impl Iterator<Item = &RePushTarget>, PublishError> {
        let event = self.event_of(resource)?;
        let is = move |wanted: &Option<Arc<str>>| {
            wanted.as_ref().is_none_or(|wanted| event.as_deref() == Some(wanted.as_ref()))
        };
        let asked_for = is(&self.event);
        Ok(self.targets.iter().filter(move |target| asked_for && is(&target.event)))
    }

    /// The event that a resource belongs to, where somebody asks for one: an order has to be read for it.
    fn event_of(&self, resource: &ListedResource) -> Result<Option<Arc<str>>, PublishError> {
        let matters = self.event.is_some() || self.targets.iter().any(|target| target.event.is_some());
        if !matters {
            return Ok(None);
        }
        let body = match self.kind {
            ResourceKind::Event => BorrowedJson::Null,
            ResourceKind::Order
            | ResourceKind::User
            | ResourceKind::Vyteme
            | ResourceKind::Subscription
            | ResourceKind::Delivery => {
                serde_json::from_slice(&resource.body).map_err(PublishError::NotAnObject)?
            }
        };
        Ok(event_of(self.kind, &resource.id, &body).map(|event| match event {
            Cow::Borrowed(event) => Arc::from(event),
            Cow::Owned(event) => Arc::from(event),
        }))
    }

    fn delivery(
        &self,
        resource: &ListedResource,
        target: &RePushTarget,
        now: Timestamp,
        due_at: Timestamp,
    ) -> DetachedDelivery {
        DetachedDelivery {
            organization: self.organization,
            origin: DeliveryOrigin::RePush,
            matched: target.matched,
            name: target.action.clone(),
            kind: self.kind,
            resource_id: resource.id.clone(),
            body: resource.body.clone(),
            version: resource.facts.version,
            occurred_at: resource.facts.occurred_at,
            accepted_at: now,
            due_at,
        }
    }
}
