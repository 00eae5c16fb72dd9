//! Who subscribes, and what happens to subscriptions.

use std::time::Duration;

use rendezhook_delivery::scheduler::input::{EndpointNumber, Input, SubscriptionView};
use rendezhook_domain::delivery_order::DeliveryOrder;
use rendezhook_domain::retry::RetryPolicy;
use rendezhook_domain::sequence::{OrganizationNumber, ReceiverNumber, SubscriptionNumber};
use rendezhook_domain::subscription::DeliveryRate;

use super::{Event, World};
use crate::checks::authority_of;
use crate::plan::Kind;
use crate::receivers::Habit;

/// More subscriptions than at the beginning make an organization busier, not its history more telling.
const MOST_SUBSCRIPTIONS: usize = 12;

impl World {
    /// Makes the first subscriptions: of up to three organizations, with up to three receivers and endpoints each, which
    /// they share in all combinations.
    pub(super) fn populate(&mut self) {
        let organizations = self.dice.between(1, 3);
        for number in 1..=self.dice.between(2, 9) {
            self.subscribe(u32::try_from(1 + number % organizations).unwrap());
        }
    }

    fn subscribe(&mut self, organization: u32) {
        let number = self.model.next_subscription();
        let receiver = organization * 10 + u32::try_from(self.dice.between(0, 2)).unwrap();
        let subscription = SubscriptionNumber::new(u32::try_from(number).unwrap());
        let endpoint = self.some_endpoint(organization);
        let view = SubscriptionView {
            subscription,
            organization: OrganizationNumber::new(organization),
            receiver: ReceiverNumber::new(receiver),
            endpoint,
            authority: authority_of(endpoint),
            rate_limit: self.some_rate(),
            enabled: true,
            retry: self.some_policy(),
            order: self.model.order_of(ReceiverNumber::new(receiver)).unwrap_or_else(|| self.some_order()),
            folds_updates: self.dice.chance(40),
        };
        self.model.subscriptions.insert(subscription, view);
        self.tell_of(subscription);
    }

    fn some_endpoint(&mut self, organization: u32) -> EndpointNumber {
        let endpoint = EndpointNumber(organization * 10 + u32::try_from(self.dice.between(0, 2)).unwrap());
        let calm = self.plan.kind == Kind::Healthy || self.now >= super::BEGIN + self.plan.chaos;
        let habit = if calm { Habit::Healthy } else { self.dice.pick(&Habit::ALL) };
        self.habits.entry(endpoint).or_insert(habit);
        endpoint
    }

    /// Mostly none.
    fn some_rate(&mut self) -> Option<DeliveryRate> {
        if self.dice.chance(80) {
            return None;
        }
        DeliveryRate::each_minute(self.dice.pick(&[20, 60, 120, 180, 3_000]))
    }

    fn some_order(&mut self) -> DeliveryOrder {
        self.dice.pick(&[
            DeliveryOrder::Resource,
            DeliveryOrder::Resource,
            DeliveryOrder::None,
            DeliveryOrder::Strict,
        ])
    }

    /// Somebody puts a receiver's deliveries into another order: all of its subscriptions say so from then on.
    fn reorder(&mut self, receiver: ReceiverNumber) {
        let order = self.some_order();
        let own = self.model.subscriptions.values_mut().filter(|view| view.receiver == receiver);
        let changed: Vec<_> = own
            .map(|view| {
                view.order = order;
                view.subscription
            })
            .collect();
        for subscription in changed {
            self.tell_of(subscription);
        }
    }

    fn some_policy(&mut self) -> RetryPolicy {
        let days = self.plan.kind == Kind::Days;
        let policy = if days && self.dice.chance(60) {
            RetryPolicy::standard()
        } else {
            let longest = if days { 600 } else { 30 };
            let steps = self.dice.count(1, 7);
            let delays: Vec<_> = (0..=steps)
                .map(|step| Duration::from_secs(if step == 0 { 0 } else { self.dice.between(1, longest) }))
                .collect();
            RetryPolicy::from_delays(&delays)
        };
        let longest = policy.seconds().into_iter().max().unwrap_or_default();
        self.longest_step = self.longest_step.max(Duration::from_secs(longest));
        policy
    }

    /// Somebody makes, pauses, resumes, moves or deletes a subscription.
    pub(super) fn manage(&mut self) {
        let numbers: Vec<_> = self.model.subscriptions.keys().copied().collect();
        if numbers.is_empty() || self.down {
            return;
        }
        let number = self.dice.pick(&numbers);
        let organization = self.model.subscriptions[&number].organization.get();
        match self.dice.between(0, 13) {
            0 => {
                self.model.subscriptions.remove(&number);
                self.later(Event::Cancel(number), 5_000);
                self.tell(Input::SubscriptionDeleted(number));
                return;
            }
            1..=2 => {
                let endpoint = self.some_endpoint(organization);
                self.change(number, |view| {
                    view.endpoint = endpoint;
                    view.authority = authority_of(endpoint);
                });
            }
            3 => {
                let retry = self.some_policy();
                let rate_limit = self.some_rate();
                self.change(number, |view| (view.retry, view.rate_limit) = (retry, rate_limit));
            }
            4 if numbers.len() < MOST_SUBSCRIPTIONS => {
                self.subscribe(organization);
            }
            11..=12 => {
                let receiver = self.model.subscriptions[&number].receiver;
                self.reorder(receiver);
                return;
            }
            13 => self.change(number, |view| view.folds_updates = !view.folds_updates),
            4..=8 => self.change(number, |view| view.enabled = !view.enabled),
            _ => {
                // Off and on again before anybody can look.
                self.change(number, |view| view.enabled = false);
                self.tell_of(number);
                self.change(number, |view| view.enabled = true);
            }
        }
        self.tell_of(number);
    }

    /// Ends what waits of a deleted subscription. It is work of the process, which goes on with it after a start.
    pub(super) fn cancel(&mut self, subscription: SubscriptionNumber) {
        if self.down {
            self.at(self.now + 1_000, Event::Cancel(subscription));
            return;
        }
        self.model.cancel(subscription);
    }

    pub(super) fn change(&mut self, number: SubscriptionNumber, change: impl FnOnce(&mut SubscriptionView)) {
        if let Some(view) = self.model.subscriptions.get_mut(&number) {
            change(view);
        }
    }
}
