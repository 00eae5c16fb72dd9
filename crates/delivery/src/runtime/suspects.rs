//! After a crash: finding the delivery that is why, if one is, without holding up the others for long.
//!
//! A delivery that was in flight at two crashes in a row is tried before anything else starts. Many such deliveries are tried in a few
//! groups ([`rounds`]): a crash while a group is tried makes its members those that are tried next, in smaller groups, until one is
//! alone. After three crashes while it is alone it is set aside. All this lasts only so long: whoever kills the process again and
//! again meets what is slow, which outlives its patience, and then the kill counts for nobody.

use std::sync::Arc;

use rendezhook_domain::delivery::FinalState;
use rendezhook_domain::sequence::{OrganizationNumber, Sequence};
use rendezhook_store::pending::{DeliveryKey, PendingDelivery};
use rendezhook_store::record::{Disposition, Record};
use rendezhook_store::{Store, StoreError};
use tokio::sync::mpsc;
use tokio::time::Instant;

use self::trial::Targets;
use super::attempt::{AttemptEnd, Surroundings};
use super::driver::ProcessRandomness;
use super::in_flight::{InFlightNotes, Suspect};
use crate::options::DeliveryOptions;

mod rounds;
mod trial;

/// After so many crashes in a row a delivery is tried.
const CRASHES_BEFORE_TRIAL: u8 = 2;
/// After so many crashes while it was alone it is set aside.
const CRASHES_ALONE: u8 = 3;

/// Tries what is suspected.
pub(super) struct Trials<'a> {
    pub(super) options: &'a DeliveryOptions,
    pub(super) store: &'a Arc<dyn Store>,
    pub(super) surroundings: &'a Arc<Surroundings>,
    /// The ends of attempts; nothing else is under way.
    pub(super) ended: &'a mut mpsc::UnboundedReceiver<AttemptEnd>,
    pub(super) notes: &'a mut InFlightNotes,
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

    async fn try_each(&mut self, suspects: Vec<Suspect>) {
        tracing::warn!(
            deliveries = suspects.len(),
            "the server crashed twice while these deliveries were attempted; they are attempted before the others, a few at a time"
        );
        let until = Instant::now() + rounds::hold(&suspects);
        let targets = Targets::new(self.store.catalogue(), self.options.retry.clone());
        for group in rounds::groups(suspects, &mut ProcessRandomness::new().0) {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                group.into_iter().for_each(|suspect| self.notes.release(suspect));
            } else {
                let patience = rounds::patience(&group).min(left);
                self.try_together(group, &targets, patience).await;
            }
            self.notes.write();
        }
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
                over_backlog: false,
            }])
            .await?;
        Ok(true)
    }
}

#[cfg(test)]
mod tests;
