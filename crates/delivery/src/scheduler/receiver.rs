//! Receivers: how much of each one's backlog is in memory.

use std::collections::BTreeSet;

use rendezhook_domain::delivery_order::DeliveryOrder;
use rendezhook_domain::sequence::{OrganizationNumber, ReceiverNumber, Sequence};

use super::Scheduler;
use super::backlog::Excess;
use super::flow::Organization;
use super::input::PageRequest;
use super::list::List;
use super::slab::Slot;
use super::subscription::{CatchingUp, Subscription};

/// What the scheduler keeps of a receiver.
#[derive(Debug)]
pub(super) struct Receiver {
    pub(super) number: ReceiverNumber,
    pub(super) organization: Slot<Organization>,
    /// The highest sequence that is known to be committed.
    pub(super) announced: Sequence,
    /// Up to here every delivery was taken, or passed because its subscription is parked. Nothing up to it is taken again.
    pub(super) loaded: Sequence,
    /// Tests above `loaded` that were taken directly, so that nobody who tests waits for a backlog.
    pub(super) taken_ahead: BTreeSet<Sequence>,
    /// The page under way.
    pub(super) page: Option<PageRequest>,
    /// The page under way is of no use any more.
    pub(super) page_is_stale: bool,
    /// The last page could not be read; no other is asked for until an alarm rings.
    pub(super) page_failed: bool,
    /// The last page was one of a single subscription.
    pub(super) last_was_catching_up: bool,
    /// Subscriptions that were enabled again and whose deliveries are taken up.
    pub(super) catching_up: List<Subscription, CatchingUp>,
    /// Which of its deliveries wait for each other.
    pub(super) order: DeliveryOrder,
    /// Deliveries that were under way when its order changed, and are still. Until they have finished nothing else starts.
    pub(super) to_finish: usize,
    /// Deliveries that stand in the order of its only lane, when that holds all of them.
    pub(super) in_line: usize,
    /// Updates of it that were folded, and whose end is not durable yet.
    pub(super) folding: usize,
    /// Its deliveries in memory.
    pub(super) entries: usize,
    /// Those of them that are ready.
    pub(super) ready: usize,
    /// Those of the ready ones that are repetitions: with however many of them, the others are wanted.
    pub(super) again: usize,
    /// Those of the ready ones whose endpoint takes no turns at the moment.
    pub(super) ready_but_closed: usize,
    pub(super) flows: u32,
    pub(super) subscriptions: u32,
    /// It is in the list of receivers to be looked at before the step ends.
    pub(super) unsettled: bool,
    /// It waits for room in memory.
    pub(super) crowded_out: bool,
    /// Too many wait for it, and its oldest are being ended.
    pub(super) excess: Option<Box<Excess>>,
    /// Deliveries of subscriptions nobody told of were passed; should one be told of, `loaded` says how far.
    pub(super) passed_unknown: bool,
}

impl Default for Receiver {
    fn default() -> Self {
        Self::new(ReceiverNumber::new(0), Slot::default())
    }
}

impl Receiver {
    fn new(number: ReceiverNumber, organization: Slot<Organization>) -> Self {
        Self {
            number,
            organization,
            announced: Sequence::ZERO,
            loaded: Sequence::ZERO,
            taken_ahead: BTreeSet::new(),
            page: None,
            page_is_stale: false,
            page_failed: false,
            last_was_catching_up: false,
            catching_up: List::default(),
            order: DeliveryOrder::default(),
            to_finish: 0,
            in_line: 0,
            folding: 0,
            entries: 0,
            ready: 0,
            again: 0,
            ready_but_closed: 0,
            flows: 0,
            subscriptions: 0,
            unsettled: false,
            crowded_out: false,
            excess: None,
            passed_unknown: false,
        }
    }

    /// Whether there is something in the store that belongs into memory.
    pub(super) fn has_more(&self) -> bool {
        self.loaded < self.announced || !self.catching_up.is_empty()
    }

    /// Whether the store may still say of an update that it is due later than the one whose place it takes. Until it says how it is,
    /// nothing that a subscription missed is taken up.
    pub(super) const fn is_folding(&self) -> bool {
        self.folding > 0
    }

    /// Whether its order changes: what is under way has to finish before anything is taken.
    pub(super) fn is_held(&self) -> bool {
        self.to_finish > 0
    }

    /// Whether its oldest deliveries are being ended: until that is durable, nothing that may come after them in a lane is taken up.
    pub(super) fn is_ending_oldest(&self) -> bool {
        self.excess.as_ref().is_some_and(|excess| excess.is_recording())
    }

    /// Whether fewer deliveries than `low_water` could be started.
    ///
    /// With a single endpoint more deliveries are of no use while it is closed. With several, those of one that is closed must
    /// not keep the others from having theirs. Where all stand in one lane only its first ones could start, however many there are.
    pub(super) fn runs_low(&self, low_water: usize) -> bool {
        if self.order == DeliveryOrder::Strict {
            return self.in_line < low_water;
        }
        self.ready.saturating_sub(self.again) < low_water
            || (self.flows > 1 && self.ready - self.ready_but_closed < low_water)
    }

    fn is_unused(&self) -> bool {
        self.subscriptions == 0
            && self.page.is_none()
            && !self.has_more()
            && !self.page_failed
            && !self.unsettled
            && !self.crowded_out
            && self.excess.is_none()
            && !self.passed_unknown
    }
}

impl Scheduler {
    pub(super) fn receiver_slot(
        &mut self,
        number: ReceiverNumber,
        organization: OrganizationNumber,
    ) -> Slot<Receiver> {
        if let Some(slot) = self.receiver_slots.get(&number) {
            return *slot;
        }
        let organizations = &mut self.organizations;
        let organization = *self
            .organization_slots
            .entry(organization)
            .or_insert_with(|| organizations.insert(Organization::new(organization)));
        self.organizations[organization].receivers += 1;
        let slot = self.receivers.insert(Receiver::new(number, organization));
        self.receiver_slots.insert(number, slot);
        slot
    }

    /// Has a receiver looked at before the step ends: it may need another page, or be needed no more.
    pub(super) fn settle(&mut self, slot: Slot<Receiver>) {
        let receiver = &mut self.receivers[slot];
        let needs_nothing = receiver.subscriptions > 0 && !receiver.has_more();
        if !receiver.unsettled && !needs_nothing {
            receiver.unsettled = true;
            self.unsettled.push(slot);
        }
    }

    pub(super) fn forget_receiver_if_unused(&mut self, slot: Slot<Receiver>) {
        if !self.receivers[slot].is_unused() {
            return;
        }
        let receiver = self.receivers.remove(slot);
        self.receiver_slots.remove(&receiver.number);
        let organization = receiver.organization;
        self.organizations[organization].receivers -= 1;
        if self.organizations[organization].receivers == 0 {
            let organization = self.organizations.remove(organization);
            self.organization_slots.remove(&organization.number);
        }
    }
}
