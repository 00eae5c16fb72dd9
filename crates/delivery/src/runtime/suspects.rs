//! After a crash: finding the delivery that is why, if one is, without holding up the others for long.
//!
//! A delivery that was in flight at two crashes in a row is tried alone, before anything else starts, as long as its patience
//! lasts. If the process crashes meanwhile, that counts; after three such crashes it is set aside. Whoever kills the process
//! again and again meets what is slow: such a delivery outlives its patience, and then the kill counts for nobody.

use std::sync::Arc;
use std::time::Duration;

use rand::RngExt;
use rendezhook_domain::delivery::FinalState;
use rendezhook_domain::sequence::{OrganizationNumber, Sequence};
use rendezhook_store::pending::{DeliveryKey, PendingDelivery};
use rendezhook_store::record::{Disposition, Record};
use rendezhook_store::{Store, StoreError};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout};

use super::attempt::{Attempt, AttemptEnd, Kept, Surroundings};
use super::breakers::Breakers;
use super::directory::Directory;
use super::driver::ProcessRandomness;
use super::in_flight::{InFlightNotes, Suspect};
use super::recorder::{Recorder, joined};
use crate::options::DeliveryOptions;
use crate::scheduler::Scheduler;
use crate::scheduler::effect::{AttemptOrder, Effect};
use crate::scheduler::input::Input;

/// After so many crashes in a row a delivery is tried alone.
const CRASHES_BEFORE_TRIAL: u8 = 2;
/// After so many crashes while it was alone it is set aside.
const CRASHES_ALONE: u8 = 3;
/// How long a delivery that was in flight at two crashes is alone. It doubles with each further crash: what makes us crash
/// later than that is found nevertheless.
const SHORTEST_PATIENCE: Duration = Duration::from_millis(250);
/// How long a delivery is alone at most, and all of them together at one start.
const LONGEST_PATIENCE: Duration = Duration::from_secs(4);
/// How long the end of a trial may take to become durable.
const RECORD_PATIENCE: Duration = Duration::from_secs(5);

/// Tries what is suspected.
pub(super) struct Trials<'a> {
    pub(super) options: &'a DeliveryOptions,
    pub(super) store: &'a Arc<dyn Store>,
    pub(super) surroundings: &'a Arc<Surroundings>,
    /// The ends of attempts; nothing else is under way.
    pub(super) ended: &'a mut mpsc::UnboundedReceiver<AttemptEnd>,
    pub(super) notes: &'a mut InFlightNotes,
}

/// How a trial ended.
#[derive(Debug, PartialEq, Eq)]
enum Trial {
    /// It is not, or no more, what makes us crash: its attempt ended, or it is not waiting any more.
    Cleared,
    /// It was alone for as long as it may be.
    Outlived,
    /// It cannot be attempted now.
    NotNow,
}

impl Trials<'_> {
    /// Sets aside what is found out, tries what is suspected, and lets the rest go. Answers how many were set aside.
    pub(super) async fn run(&mut self, suspects: Vec<Suspect>) -> usize {
        let (mut to_try, others): (Vec<_>, Vec<_>) =
            suspects.into_iter().partition(|suspect| suspect.suspicion.crashes >= CRASHES_BEFORE_TRIAL);
        others.into_iter().for_each(|suspect| self.notes.release(suspect));
        self.notes.write();
        let mut set_aside = 0;
        for suspect in to_try.extract_if(.., |suspect| suspect.suspicion.crashes_alone >= CRASHES_ALONE) {
            match self.set_aside(suspect).await {
                Ok(done) => set_aside += usize::from(done),
                Err(error) => {
                    tracing::error!(%error, "a delivery that makes the server crash could not be set aside; it is left where it is");
                    continue;
                }
            }
            self.notes.end(suspect.key);
        }
        if set_aside > 0 {
            // The crashes have their reason.
            to_try.drain(..).for_each(|suspect| self.notes.end(suspect.key));
        }
        self.notes.write();
        if !to_try.is_empty() {
            self.try_each(to_try).await;
        }
        set_aside
    }

    /// Those first during which we crashed; the others in any order, since the time may not suffice for all of them.
    async fn try_each(&mut self, mut suspects: Vec<Suspect>) {
        tracing::warn!(
            deliveries = suspects.len(),
            "the server crashed twice while these deliveries were attempted; they are attempted one at a time"
        );
        let mut random = ProcessRandomness::new();
        suspects.sort_by_cached_key(|suspect| {
            (u8::MAX - suspect.suspicion.crashes_alone, random.0.random::<u64>())
        });
        let until = Instant::now() + LONGEST_PATIENCE;
        for mut suspect in suspects {
            let left = until.saturating_duration_since(Instant::now());
            let trial = if left.is_zero() { Ok(Trial::NotNow) } else { self.try_alone(suspect, left).await };
            match trial {
                Ok(Trial::Cleared) => self.notes.end(suspect.key),
                Ok(Trial::Outlived) => {
                    suspect.suspicion.crashes_alone = 0;
                    self.notes.release(suspect);
                }
                Ok(Trial::NotNow) => self.notes.release(suspect),
                Err(error) => {
                    tracing::warn!(%error, "a suspected delivery cannot be read");
                    self.notes.release(suspect);
                }
            }
            self.notes.write();
        }
    }

    async fn try_alone(&mut self, suspect: Suspect, at_most: Duration) -> Result<Trial, StoreError> {
        let Some((pending, organization)) = self.find(suspect.key).await? else { return Ok(Trial::Cleared) };
        let mut inputs = Vec::new();
        let directory = Directory::new(
            self.store.catalogue(),
            self.options.retry.clone(),
            Breakers::default(),
            &mut inputs,
        );
        inputs.push(Input::Committed { organization, deliveries: vec![pending] });
        // A scheduler that knows of nothing else decides whether it may be attempted now, and what comes of it.
        let mut scheduler = Scheduler::new(self.options.limits);
        let Some(order) = self.step(&mut scheduler, inputs).into_iter().find_map(|effect| match effect {
            Effect::StartAttempt(order) => Some(order),
            _ => None,
        }) else {
            return Ok(Trial::NotNow);
        };
        self.notes.begin_alone(suspect);
        let doubling = u32::from(suspect.suspicion.crashes.saturating_sub(CRASHES_BEFORE_TRIAL)).min(8);
        let patience = (SHORTEST_PATIENCE * 2_u32.pow(doubling)).min(at_most);
        let Some(end) = self.attempt(order, &directory, patience).await? else { return Ok(Trial::Outlived) };
        let facts = end.facts;
        let effects =
            self.step(&mut scheduler, vec![Input::AttemptEnded { key: end.key, verdict: end.verdict }]);
        let record = effects.into_iter().find_map(|effect| match effect {
            Effect::Record(order) => Some(order),
            _ => None,
        });
        if let Some(order) = record {
            self.make_durable(joined(&order, facts)).await;
        }
        Ok(Trial::Cleared)
    }

    fn step(&self, scheduler: &mut Scheduler, inputs: Vec<Input>) -> Vec<Effect> {
        let mut effects = Vec::new();
        scheduler.step(inputs, self.surroundings.now(), &mut ProcessRandomness::new(), &mut effects);
        effects
    }

    /// Makes the attempt; `None` when it was cut off because it took too long.
    async fn attempt(
        &mut self,
        order: AttemptOrder,
        directory: &Directory,
        patience: Duration,
    ) -> Result<Option<AttemptEnd>, StoreError> {
        let mut material = self.store.material(&[order.key]).await?;
        let found = directory.find(order.organization, order.subscription);
        let (Some(material), Some((organization, subscription))) = (material.pop(), found) else {
            return Ok(None);
        };
        let attempt = Attempt {
            order,
            action: material.action,
            kept: Kept {
                frozen_body: material.frozen_body,
                repeats: material.repeats,
                standing: material.standing,
            },
            organization,
            subscription,
        };
        let mut task = tokio::spawn(attempt.run(Arc::clone(self.surroundings)));
        let finished = timeout(patience, &mut task).await.is_ok();
        if !finished {
            task.abort();
            // It has ended one way or the other, which is all that matters here.
            let _ended = task.await;
        }
        // An attempt reports its end also when it was cut off; it must not be taken for one that comes later.
        let end = self.ended.recv().await;
        Ok(end.filter(|_| finished))
    }

    /// The delivery as it waits in the store, with its organization; `None` when it does not wait any more.
    async fn find(
        &self,
        key: DeliveryKey,
    ) -> Result<Option<(PendingDelivery, OrganizationNumber)>, StoreError> {
        let before = Sequence::new(key.sequence.get().saturating_sub(1));
        let page = self.store.pending_page(key.receiver, before, key.sequence, None, 1).await?;
        let catalogue = self.store.catalogue();
        Ok(page.deliveries.into_iter().next().and_then(|pending| {
            let entry = catalogue.subscriptions.get(&pending.subscription)?;
            Some((pending, entry.subscription.organization))
        }))
    }

    /// Ends a delivery for good; `false` when it has ended already.
    async fn set_aside(&self, suspect: Suspect) -> Result<bool, StoreError> {
        let Some((pending, organization)) = self.find(suspect.key).await? else { return Ok(false) };
        tracing::error!(
            receiver = suspect.key.receiver.get(),
            sequence = suspect.key.sequence.get(),
            subscription = pending.subscription.get(),
            crashes = suspect.suspicion.crashes_alone,
            "a delivery is set aside: the server crashed each time it attempted it, and it alone"
        );
        self.store
            .record(vec![Record {
                key: suspect.key,
                organization,
                subscription: pending.subscription,
                at: self.surroundings.now(),
                attempt: None,
                disposition: Disposition::Ended(FinalState::SetAside),
                overtaken: false,
                freeze: None,
                disable: None,
                consequences: None,
                folded_into: None,
            }])
            .await?;
        Ok(true)
    }

    /// What cannot be made durable in time is attempted again, as after any crash.
    async fn make_durable(&self, record: Record) {
        let recorder = Recorder::new(Arc::clone(self.store));
        let _durable = timeout(RECORD_PATIENCE, recorder.make_durable(vec![record])).await;
    }
}
