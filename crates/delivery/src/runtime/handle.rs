//! What the rest of the process may ask of the runtime.

use std::sync::Arc;
use std::time::Duration;

use rendezhook_domain::delivery::DeliveryState;
use rendezhook_domain::id::DeliveryId;
use rendezhook_domain::sequence::{OrganizationNumber, SubscriptionNumber};
use rendezhook_domain::subscription::{Subscription, VerificationMethod};
use rendezhook_domain::target::Endpoint;
use rendezhook_domain::time::Timestamp;
use rendezhook_store::catalogue::SubscriptionEntry;
use rendezhook_store::change::CatalogueChange;
use rendezhook_store::pending::DeliveryKey;
use rendezhook_store::read::DeliveryView;
use rendezhook_store::{Store, StoreError};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, timeout_at};

use super::breakers::Breakers;
use super::certificates::Certificates;
use super::handshake::Handshakes;
use crate::clock::ClockGuard;
use crate::health::{HealthOptions, HealthReport, HealthTracker};
use crate::scheduler::effect::BreakerState;

/// How often a caller looks into the store when the runtime cannot tell it.
const LOOK_INTERVAL: Duration = Duration::from_millis(250);

/// How long a caller waits for the runtime's word on health.
const ANSWER_PATIENCE: Duration = Duration::from_secs(2);

/// Somebody wants to be told when a turn of this delivery is durable.
pub(super) struct Watch {
    pub(super) key: DeliveryKey,
    pub(super) waiter: oneshot::Sender<()>,
}

/// Somebody wants to know how these subscriptions do.
pub(super) struct HealthQuestion {
    pub(super) subscriptions: Vec<SubscriptionNumber>,
    pub(super) answer: oneshot::Sender<Vec<HealthReport>>,
}

/// What the runtime has to do at this moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DeliveryFigures {
    /// Waiting deliveries that are held in memory; more may wait in the store.
    pub in_memory: usize,
    /// Attempts under way.
    pub in_flight: usize,
    /// Outcomes that are not durable yet.
    pub waiting_to_record: usize,
    /// Deliveries that this process set aside, because the ones before it crashed each time they attempted them.
    pub set_aside: usize,
}

/// Access to the running delivery side. Cheap to clone.
#[derive(Clone)]
pub struct DeliveryHandle {
    pub(super) store: Arc<dyn Store>,
    pub(super) watches: mpsc::Sender<Watch>,
    pub(super) questions: mpsc::Sender<HealthQuestion>,
    pub(super) health: HealthOptions,
    pub(super) figures: watch::Receiver<DeliveryFigures>,
    pub(super) clock_guard: Arc<ClockGuard>,
    pub(super) handshakes: Arc<Handshakes>,
    pub(super) breakers: Breakers,
    pub(super) certificates: Arc<Certificates>,
}

impl DeliveryHandle {
    /// When the certificate ends that the target of a subscription showed in its last handshake, if there was one.
    #[must_use]
    pub fn certificate_expires_at(&self, subscription: &Subscription) -> Option<Timestamp> {
        self.certificates.expires_at(subscription.organization, &subscription.target)
    }

    /// Asks the target of a subscription whether it wants deliveries, through the same guard as deliveries, and keeps what came of
    /// it. Answers in words; `Ok` when the target is verified now, or does not have to be.
    ///
    /// # Errors
    /// When the store cannot keep it. Whether the subscription is still there is for the caller to see.
    pub async fn verify(&self, entry: &SubscriptionEntry) -> Result<Result<(), Arc<str>>, StoreError> {
        let Some(record) = self.handshakes.shake(entry).await else {
            return Ok(Err(Arc::from(
                "too many targets are being asked at this moment; try again in a few seconds",
            )));
        };
        let outcome = record.outcome.as_ref().map(|_allowed| ()).map_err(Arc::clone);
        if record.method != VerificationMethod::None {
            // A subscription that was deleted in between has nothing to keep.
            let _kept = self.store.change(CatalogueChange::RecordVerification(Box::new(record))).await?;
        }
        Ok(outcome)
    }

    /// The present figures.
    #[must_use]
    pub fn figures(&self) -> DeliveryFigures {
        *self.figures.borrow()
    }

    /// Tells of every change of the figures.
    #[must_use]
    pub fn watch_figures(&self) -> watch::Receiver<DeliveryFigures> {
        self.figures.clone()
    }

    /// Says whether the machine's clock can be relied upon, for whoever ends something by time.
    #[must_use]
    pub fn clock_guard(&self) -> &Arc<ClockGuard> {
        &self.clock_guard
    }

    /// How subscriptions do, in their order. Of one that has not been delivered to there is nothing to say.
    ///
    /// While the runtime does not answer, for instance because it has stopped, it is what the store kept last.
    ///
    /// # Errors
    /// When the store had to be asked and cannot be read.
    pub async fn health(
        &self,
        subscriptions: &[SubscriptionNumber],
        now: Timestamp,
    ) -> Result<Vec<HealthReport>, StoreError> {
        let (answer, told) = oneshot::channel();
        let question = HealthQuestion { subscriptions: subscriptions.to_vec(), answer };
        if self.questions.try_send(question).is_ok()
            && let Ok(Ok(reports)) = tokio::time::timeout(ANSWER_PATIENCE, told).await
        {
            return Ok(reports);
        }
        let mut kept = HealthTracker::new(self.health.clone());
        for subscription in subscriptions {
            let before = subscription.get().checked_sub(1).map(SubscriptionNumber::new);
            let found = self.store.kept_health(before, 1).await?;
            found
                .iter()
                .filter(|found| found.subscription == *subscription)
                .for_each(|found| kept.restore(found));
        }
        Ok(subscriptions.iter().map(|subscription| kept.report(*subscription, now)).collect())
    }

    /// How the breaker of an organization's endpoint stands now: whether deliveries wait because it cannot be reached.
    #[must_use]
    pub fn breaker(&self, organization: OrganizationNumber, endpoint: &Endpoint) -> BreakerState {
        self.breakers.state(organization, endpoint)
    }

    /// Waits until a delivery has ended, or a failed attempt made from now on is durable, and answers with the delivery as
    /// it is then. A test, which has one attempt, has ended then.
    ///
    /// At the deadline it answers with the delivery as it stands. `None`: the organization has no such delivery.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn outcome(
        &self,
        organization: OrganizationNumber,
        id: DeliveryId,
        deadline: Instant,
    ) -> Result<Option<DeliveryView>, StoreError> {
        let key = DeliveryKey { receiver: id.receiver(), sequence: id.sequence() };
        let (waiter, mut told) = oneshot::channel();
        // Asked before the store is read, so that no record falls between the two. When the runtime has stopped or its
        // queue is full the waiter is dropped, and only looking is left.
        let asked = self.watches.try_send(Watch { key, waiter }).is_ok();
        let mut waits = if asked { Waits::ToBeTold } else { Waits::ToLook };
        loop {
            let Some(detail) = self.store.delivery(organization, id).await? else {
                return Ok(None);
            };
            let ended = detail.view.state != DeliveryState::Waiting;
            if ended || waits == Waits::NoMore || Instant::now() >= deadline {
                return Ok(Some(detail.view));
            }
            waits = match waits {
                Waits::ToBeTold => match timeout_at(deadline, &mut told).await {
                    Ok(Ok(())) | Err(_) => Waits::NoMore,
                    Ok(Err(_)) => Waits::ToLook,
                },
                Waits::ToLook | Waits::NoMore => {
                    tokio::time::sleep_until(deadline.min(Instant::now() + LOOK_INTERVAL)).await;
                    Waits::ToLook
                }
            };
        }
    }
}

/// What a caller still waits for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Waits {
    ToBeTold,
    ToLook,
    NoMore,
}
