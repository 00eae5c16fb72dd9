//! The course of an attempt: it starts, it ends, and what that means becomes durable.

use std::time::Duration;

use rendezhook_domain::delivery::FinalState;
use rendezhook_domain::outcome::Verdict;
use rendezhook_domain::subscription::DisableReason;
use rendezhook_store::pending::DeliveryKey;
use rendezhook_store::record::Disposition;

use super::effect::{AttemptOrder, Effect, RecordOrder};
use super::entry::{Entry, Place, State};
use super::history::History;
use super::outcome::{self, Next, Situation};
use super::packed::PackedInstant;
use super::pool::Flight;
use super::slab::Slot;
use super::{Randomness, Scheduler};

/// Two deliveries of a subscription answered 410 within this time disable it.
const GONE_WITHIN: Duration = Duration::from_secs(600);

/// A delivery the runtime has something to do for.
#[derive(Debug)]
pub(super) struct Busy {
    pub(super) entry: Slot<Entry>,
    pub(super) phase: Phase,
}

#[derive(Debug)]
pub(super) enum Phase {
    /// An attempt is under way, maybe to an endpoint that is not the subscription's any more.
    InFlight(Slot<Flight>),
    /// This is being recorded.
    Recording { disposition: Disposition, attempted: bool },
}

impl Scheduler {
    pub(super) fn start(&mut self, slot: Slot<Entry>, effects: &mut Vec<Effect>) {
        let endpoint_slot = self.endpoint_slot_of(&self.entries[slot]);
        // The places are taken first: when the last ready delivery of a flow leaves, its endpoint is looked at again.
        let endpoint = &mut self.endpoints[endpoint_slot];
        endpoint.in_flight += 1;
        endpoint.rate.take(self.now);
        let errand = endpoint.breaker.start(self.entries[slot].is_test());
        self.take_place_at_authority(endpoint_slot);
        let flight = self.take_off(endpoint_slot, errand);
        self.claim(slot);
        self.disarm(slot);
        self.move_to(slot, State::InFlight);
        let entry = &self.entries[slot];
        let subscription = &self.subscriptions[entry.subscription];
        let key = DeliveryKey {
            receiver: self.receivers[subscription.receiver].number,
            sequence: entry.sequence(),
        };
        effects.push(Effect::StartAttempt(AttemptOrder {
            key,
            organization: self.organizations[subscription.organization].number,
            subscription: subscription.number,
            action: entry.action(),
            origin: entry.origin,
            number: self.failed_attempts(entry).saturating_add(1),
            overtaken: entry.place == Place::Overtaken,
        }));
        self.busy.insert(key, Busy { entry: slot, phase: Phase::InFlight(flight) });
        self.review(endpoint_slot);
    }

    pub(super) fn end_attempt(
        &mut self,
        key: DeliveryKey,
        verdict: Verdict,
        random: &mut dyn Randomness,
        effects: &mut Vec<Effect>,
    ) {
        let Some(busy) = self.busy.get(&key) else { return };
        let (slot, Phase::InFlight(flight)) = (busy.entry, &busy.phase) else { return };
        let flight = *flight;
        let next = outcome::next(&verdict, &self.situation(slot), random);
        let unit = random.unit();
        let disposition = match next {
            Next::Record(disposition) => {
                self.free_place(flight, &verdict, None, unit);
                disposition
            }
            Next::Later(pause) => {
                self.free_place(flight, &verdict, Some(pause), unit);
                self.busy.remove(&key);
                let due = self.now.after(pause);
                self.history(slot).due_at = PackedInstant::new(Some(due));
                self.wait_again(slot);
                return;
            }
        };
        if let Disposition::Retry { lane_held, .. } = disposition {
            let since = self.held_since(slot, lane_held);
            self.history(slot).lane_held_since = since;
        }
        self.entries[slot].state = State::Recording;
        let disable = self.disable_reason(slot, &verdict);
        self.busy.insert(key, Busy { entry: slot, phase: Phase::Recording { disposition, attempted: true } });
        effects.push(Effect::Record(self.record_order(slot, disposition, true, disable)));
    }

    pub(super) fn note_record(&mut self, key: DeliveryKey) {
        let Some(busy) = self.busy.get(&key) else { return };
        let (slot, Phase::Recording { disposition, attempted }) = (busy.entry, &busy.phase) else { return };
        let (disposition, attempted) = (*disposition, *attempted);
        self.busy.remove(&key);
        match disposition {
            Disposition::Retry { due_at, .. } => {
                let history = self.history(slot);
                history.due_at = PackedInstant::new(Some(due_at));
                history.failed_attempts = history.failed_attempts.saturating_add(1);
                self.wait_again(slot);
            }
            Disposition::Ended(state) => {
                let lane = self.lane_key(slot);
                let Entry { subscription, .. } = self.entries[slot];
                let (receiver, test) =
                    (self.subscriptions[subscription].receiver, self.entries[slot].is_test());
                self.discard(slot);
                self.note_end(receiver, key.sequence);
                if state == FinalState::Folded {
                    self.receivers[receiver].folding -= 1;
                }
                if attempted {
                    self.release(lane);
                } else {
                    self.expiring -= 1;
                }
                self.finish(receiver, test);
                self.forget_subscription_if_unused(subscription);
            }
        }
    }

    /// Lets a delivery wait for its next attempt, and its lane go on.
    fn wait_again(&mut self, slot: Slot<Entry>) {
        let lane = self.lane_key(slot);
        let subscription_slot = self.entries[slot].subscription;
        let test = self.entries[slot].is_test();
        let subscription = &mut self.subscriptions[subscription_slot];
        let receiver = subscription.receiver;
        let parked = !subscription.enabled && (subscription.deleted || !test);
        if parked {
            subscription.miss(self.entries[slot].sequence());
            self.discard(slot);
        } else if self.receivers[receiver].is_held() && !test {
            self.discard(slot);
        } else {
            self.move_to(slot, State::Waiting);
            self.watch_expiry(slot);
            self.reconsider(slot);
        }
        self.release(lane);
        self.finish(receiver, test);
        self.forget_subscription_if_unused(subscription_slot);
    }

    /// Looks again at a delivery whose time may have come.
    pub(super) fn reconsider(&mut self, slot: Slot<Entry>) {
        let entry = &self.entries[slot];
        if entry.state.is_busy() {
            return;
        }
        if self.overtake_at(entry).is_some_and(|at| at <= self.now) {
            self.overtake(slot);
        }
        self.arm(slot);
        self.ready_if_due(slot);
    }

    /// Sets the timer for when a delivery is to be looked at again: when it is due, or when its lane moves on past it.
    pub(super) fn arm(&mut self, slot: Slot<Entry>) {
        let entry = &self.entries[slot];
        let Some(history) = entry.history else { return };
        let due = self.histories[history].due_at.get().filter(|due| *due > self.now);
        let next = [due, self.overtake_at(entry)].into_iter().flatten().min();
        self.histories[history].alarm_at = PackedInstant::new(next);
        if next.is_some() {
            self.due.set(&mut self.histories, history);
        } else {
            self.due.remove(&mut self.histories, history);
        }
    }

    pub(super) fn disarm(&mut self, slot: Slot<Entry>) {
        if let Some(history) = self.entries[slot].history {
            self.due.remove(&mut self.histories, history);
        }
    }

    /// Takes a delivery out of memory.
    pub(super) fn discard(&mut self, slot: Slot<Entry>) {
        self.withdraw(slot);
        self.leave_queue(slot);
        self.leave_lane(slot);
        let entry = self.entries.remove(slot);
        if let Some(history) = entry.history {
            self.due.remove(&mut self.histories, history);
            self.expiry.remove(&mut self.histories, history);
            self.histories.remove(history);
        }
        let receiver = self.subscriptions[entry.subscription].receiver;
        self.receivers[receiver].entries -= 1;
        self.settle(receiver);
        if self.entries.len() < self.limits.entries
            && let Some(crowded_out) = self.crowded_out.pop_front()
        {
            self.receivers[crowded_out].crowded_out = false;
            self.settle(crowded_out);
        }
    }

    pub(super) fn record_order(
        &self,
        slot: Slot<Entry>,
        disposition: Disposition,
        attempted: bool,
        disable: Option<DisableReason>,
    ) -> RecordOrder {
        let entry = &self.entries[slot];
        let subscription = &self.subscriptions[entry.subscription];
        RecordOrder {
            key: DeliveryKey {
                receiver: self.receivers[subscription.receiver].number,
                sequence: entry.sequence(),
            },
            organization: self.organizations[subscription.organization].number,
            subscription: subscription.number,
            at: self.now,
            attempted,
            disposition,
            overtaken: entry.place == Place::Overtaken,
            disable,
            folded_into: None,
            over_backlog: false,
        }
    }

    /// Why the receiver's answer disables the subscription, if it does.
    fn disable_reason(&mut self, slot: Slot<Entry>, verdict: &Verdict) -> Option<DisableReason> {
        match verdict {
            Verdict::Success { disable: true } => Some(DisableReason::ReceiverRequest),
            Verdict::Failure(failure) if failure.gone => {
                let sequence = self.entries[slot].sequence();
                let subscription = &mut self.subscriptions[self.entries[slot].subscription];
                let former = subscription.gone.replace((sequence, self.now));
                former
                    .filter(|(other, at)| *other != sequence && self.now.since(*at) <= GONE_WITHIN)
                    .map(|_| DisableReason::Gone)
            }
            Verdict::Success { .. } | Verdict::Failure(_) => None,
        }
    }

    fn situation(&self, slot: Slot<Entry>) -> Situation<'_> {
        let entry = &self.entries[slot];
        Situation {
            now: self.now,
            policy: &self.subscriptions[entry.subscription].retry,
            failed_attempts: self.failed_attempts(entry),
            lane_held: self.lane_held(entry).unwrap_or_default(),
            expires_at: self.expires_at(entry),
            test: entry.is_test(),
        }
    }

    fn failed_attempts(&self, entry: &Entry) -> u16 {
        entry.history.map_or(0, |history| self.histories[history].failed_attempts)
    }

    /// The rarer facts of a delivery, made when it had none yet.
    fn history(&mut self, slot: Slot<Entry>) -> &mut History {
        let entry = &mut self.entries[slot];
        let histories = &mut self.histories;
        let history = *entry
            .history
            .get_or_insert_with(|| histories.insert(History { entry: slot, ..History::default() }));
        &mut self.histories[history]
    }
}
