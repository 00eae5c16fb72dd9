//! Turning what the store says into inputs of the scheduler.

use std::sync::Arc;
use std::time::Duration;

use rendezhook_domain::accepted::AcceptedAction;
use rendezhook_domain::sequence::SubscriptionNumber;
use rendezhook_store::StoreError;
use rendezhook_store::feed::{CommittedAction, CommittedDelivery, FeedEvent};
use rendezhook_store::pending::{AttemptMaterial, DeliveryKey, PendingDelivery};

use super::Driver;
use crate::runtime::store_work::Answer;
use crate::scheduler::input::Input;

impl Driver {
    /// Takes up news from the store, in their order: a changed catalogue comes before the deliveries that follow it.
    pub(super) fn take_up(&mut self, event: FeedEvent) {
        match event {
            FeedEvent::Committed(actions) => {
                for action in actions {
                    self.take_up_action(action);
                }
            }
            FeedEvent::Announced(announcements) => self.announce(announcements),
            // It was enough to wake up: every turn begins with the catalogue as it is.
            FeedEvent::CatalogueChanged => {}
        }
    }

    fn take_up_action(&mut self, committed: CommittedAction) {
        let CommittedAction { action, deliveries: committed } = committed;
        self.turn.feed_deliveries += committed.len();
        self.look_for_strangers(committed.iter().map(|delivery| delivery.subscription));
        let pending = committed.iter().map(|delivery| PendingDelivery {
            key: DeliveryKey { receiver: delivery.receiver, sequence: delivery.sequence },
            subscription: delivery.subscription,
            action: action.sequence,
            resource: action.resource_number,
            origin: delivery.origin,
            due_at: delivery.due_at,
            failed_attempts: 0,
            first_failed_at: None,
            lane_held: Duration::ZERO,
            // Somebody asked for a repetition: it does not expire.
            expires_at: action.expires_at.filter(|_| !delivery.origin.is_repetition()),
            is_update: action.name.is_update(),
        });
        match self.turn.inputs.last_mut() {
            // Neighbours of one organization become one input.
            Some(Input::Committed { organization, deliveries }) if *organization == action.organization => {
                deliveries.extend(pending);
            }
            _ => {
                let deliveries = pending.collect();
                self.turn.inputs.push(Input::Committed { organization: action.organization, deliveries });
            }
        }
        // What is due later is read when it is: it must not take the room of what starts now. So is what a repetition repeats, and
        // what comes with a page.
        let starts_soon = |delivery: &&CommittedDelivery| {
            starts_at_once(delivery, &action) && self.scheduler.takes_directly(delivery.receiver)
        };
        let soon = committed.iter().filter(starts_soon).count();
        self.carried.keep(action, soon);
    }

    /// Keeps what was read with a page until the first attempts of its deliveries start.
    fn keep_ahead(&mut self, ahead: Vec<AttemptMaterial>) {
        // Deliveries of one action to one receiver stand next to each other.
        for same_action in ahead.chunk_by(|one, other| one.action.sequence == other.action.sequence) {
            if let Some(material) = same_action.first() {
                self.read_ahead.keep(Arc::clone(&material.action), same_action.len());
            }
        }
    }

    /// The scheduler is told of a subscription before its first delivery, also where the news that it was made is still
    /// under way. What is unknown after that was deleted; the scheduler leaves its deliveries to the store.
    fn look_for_strangers(&mut self, mut subscriptions: impl Iterator<Item = SubscriptionNumber>) {
        if subscriptions.any(|subscription| !self.directory.knows(subscription)) {
            self.directory.update(self.store.catalogue(), &mut self.turn.inputs);
        }
    }

    pub(super) fn take_answer(&mut self, answer: Answer) {
        match answer {
            Answer::Recorded(keys) => {
                for key in keys {
                    self.waiters.tell(key);
                    self.turn.inputs.push(Input::Recorded(key));
                }
            }
            Answer::Page(request, page) => {
                let page = page
                    .inspect_err(|error| self.complaint.warn(error, "waiting deliveries cannot be loaded"))
                    .ok();
                let page = page.map(|(page, ahead)| {
                    self.look_for_strangers(page.deliveries.iter().map(|delivery| delivery.subscription));
                    self.keep_ahead(ahead);
                    page
                });
                self.turn.inputs.push(Input::PageLoaded { request, page });
            }
            Answer::Oldest(request, page) => {
                let unread = |error: &StoreError| {
                    self.complaint.warn(error, "deliveries that are too many cannot be loaded");
                };
                let page = page.inspect_err(unread).ok();
                self.turn.inputs.push(Input::OldestLoaded { request, page });
            }
            Answer::HealthKept(subscriptions, kept) => {
                if let Err(error) = kept {
                    self.complaint.warn(&error, "how subscriptions do cannot be kept");
                    let now = self.time.now();
                    self.health.not_kept(subscriptions, now);
                }
            }
            Answer::Material(orders, material) => match material {
                Ok(material) => self.start_with(orders, material),
                Err(error) => {
                    self.complaint.warn(&error, "what attempts need cannot be read");
                    for order in orders {
                        self.surroundings.not_made(&order);
                    }
                }
            },
        }
    }
}

fn starts_at_once(delivery: &CommittedDelivery, action: &AcceptedAction) -> bool {
    delivery.due_at <= action.accepted_at && !delivery.origin.is_repetition()
}
