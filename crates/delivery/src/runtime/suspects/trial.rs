//! One group of suspects is attempted, and nothing else.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use rendezhook_domain::retry::RetryPolicy;
use rendezhook_domain::sequence::SubscriptionNumber;
use rendezhook_store::StoreError;
use rendezhook_store::catalogue::Catalogue;
use rendezhook_store::pending::DeliveryKey;
use rendezhook_store::record::Record;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout, timeout_at};

use super::Trials;
use crate::runtime::attempt::{Attempt, AttemptEnd, Kept};
use crate::runtime::breakers::Breakers;
use crate::runtime::directory::Directory;
use crate::runtime::driver::ProcessRandomness;
use crate::runtime::in_flight::Suspect;
use crate::runtime::recorder::{Recorder, joined};
use crate::scheduler::Scheduler;
use crate::scheduler::effect::Effect;
use crate::scheduler::input::{Input, SubscriptionView};

/// How long the ends of a trial may take to become durable.
const RECORD_PATIENCE: Duration = Duration::from_secs(5);

/// What the catalogue says of whom suspects are for.
pub(super) struct Targets {
    directory: Directory,
    views: HashMap<SubscriptionNumber, SubscriptionView>,
}

impl Targets {
    pub(super) fn new(catalogue: Arc<Catalogue>, retry: RetryPolicy) -> Self {
        let mut inputs = Vec::new();
        let directory = Directory::new(catalogue, retry, Breakers::default(), &mut inputs);
        let views = inputs.into_iter().filter_map(|input| match input {
            Input::SubscriptionChanged(view) => Some((view.subscription, view)),
            _ => None,
        });
        let views = views.collect();
        Self { directory, views }
    }
}

/// What is known of a suspect before it is attempted.
enum Prepared {
    /// It does not wait any more.
    Gone,
    /// It cannot be attempted now.
    NotNow,
    /// It can, and this scheduler, which knows of nothing else, decides what comes of it.
    Ready(Box<(Attempt, Scheduler)>),
}

impl Trials<'_> {
    /// Attempts these together, for as long as they may take. Whatever has ended then is not, or no more, what makes us crash; the
    /// others are let go.
    pub(super) async fn try_together(&mut self, group: Vec<Suspect>, targets: &Targets, patience: Duration) {
        let until = Instant::now() + patience;
        let mut ready = Vec::new();
        for suspect in group {
            match self.prepare(suspect, targets).await {
                Ok(Prepared::Gone) => self.notes.end(suspect.key),
                Ok(Prepared::NotNow) => self.notes.release(suspect),
                Ok(Prepared::Ready(prepared)) => ready.push((suspect, *prepared)),
                Err(error) => {
                    tracing::warn!(%error, "a suspected delivery cannot be read");
                    self.notes.release(suspect);
                }
            }
        }
        let tried: Vec<Suspect> = ready.iter().map(|(suspect, _)| *suspect).collect();
        self.notes.begin_trial(&tried);
        let mut attempts = JoinSet::new();
        let mut schedulers = HashMap::new();
        for (suspect, (attempt, scheduler)) in ready {
            attempts.spawn(attempt.run(Arc::clone(self.surroundings)));
            schedulers.insert(suspect.key, scheduler);
        }
        let ends = self.ends_of(attempts, until).await;
        let ended: Vec<DeliveryKey> = ends.iter().map(|end| end.key).collect();
        self.make_durable(ends, &mut schedulers).await;
        for mut suspect in tried {
            if ended.contains(&suspect.key) {
                self.notes.end(suspect.key);
            } else {
                (suspect.suspicion.crashes_among_few, suspect.suspicion.crashes_alone) = (0, 0);
                self.notes.release(suspect);
            }
        }
    }

    async fn prepare(&self, suspect: Suspect, targets: &Targets) -> Result<Prepared, StoreError> {
        let Some((pending, organization)) = self.find(suspect.key).await? else { return Ok(Prepared::Gone) };
        let Some(view) = targets.views.get(&pending.subscription) else { return Ok(Prepared::NotNow) };
        let inputs = vec![
            Input::SubscriptionChanged(view.clone()),
            Input::Committed { organization, deliveries: vec![pending] },
        ];
        let mut scheduler = Scheduler::new(self.options.limits);
        let order = self.step(&mut scheduler, inputs).into_iter().find_map(|effect| match effect {
            Effect::StartAttempt(order) => Some(order),
            _ => None,
        });
        let Some(order) = order else { return Ok(Prepared::NotNow) };
        let found = targets.directory.find(order.organization, order.subscription);
        let mut material = self.store.material(&[order.key]).await?;
        let (Some(material), Some((organization, subscription))) = (material.pop(), found) else {
            return Ok(Prepared::NotNow);
        };
        let kept = Kept {
            frozen_body: material.frozen_body,
            repeats: material.repeats,
            standing: material.standing,
        };
        let attempt = Attempt { order, action: material.action, kept, organization, subscription };
        Ok(Prepared::Ready(Box::new((attempt, scheduler))))
    }

    fn step(&self, scheduler: &mut Scheduler, inputs: Vec<Input>) -> Vec<Effect> {
        let mut effects = Vec::new();
        scheduler.step(inputs, self.surroundings.now(), &mut ProcessRandomness::new(), &mut effects);
        effects
    }

    /// The ends of those attempts that end in time; the others are cut off.
    async fn ends_of(&mut self, mut attempts: JoinSet<()>, until: Instant) -> Vec<AttemptEnd> {
        let mut ends = Vec::with_capacity(attempts.len());
        while ends.len() < attempts.len()
            && let Ok(Some(end)) = timeout_at(until, self.ended.recv()).await
        {
            ends.push(end);
        }
        attempts.shutdown().await;
        // An attempt reports its end also when it was cut off; it must not be taken for one that comes later.
        while self.ended.try_recv().is_ok() {}
        ends
    }

    /// What cannot be made durable in time is attempted again, as after any crash.
    async fn make_durable(&self, ends: Vec<AttemptEnd>, schedulers: &mut HashMap<DeliveryKey, Scheduler>) {
        let mut records: Vec<Record> = Vec::new();
        for end in ends {
            let Some(scheduler) = schedulers.get_mut(&end.key) else { continue };
            let input = Input::AttemptEnded { key: end.key, verdict: end.verdict };
            let order = self.step(scheduler, vec![input]).into_iter().find_map(|effect| match effect {
                Effect::Record(order) => Some(order),
                _ => None,
            });
            records.extend(order.map(|order| joined(&order, end.facts)));
        }
        if !records.is_empty() {
            let recorder = Recorder::new(Arc::clone(self.store));
            let _durable = timeout(RECORD_PATIENCE, recorder.make_durable(records)).await;
        }
    }
}
