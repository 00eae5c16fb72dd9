//! The simulated world: time, publishers, management, the store's pace, crashes, and the scheduler in the middle.

use std::collections::BTreeMap;
use std::time::Duration;

use rendezhook_delivery::scheduler::effect::{Effect, RecordOrder};
use rendezhook_delivery::scheduler::input::{EndpointNumber, Input, PageRequest, SubscriptionView};
use rendezhook_delivery::scheduler::{Scheduler, SchedulerLimits};
use rendezhook_domain::delivery::DeliveryOrigin;
use rendezhook_domain::outcome::Verdict;
use rendezhook_domain::retry::RetryPolicy;
use rendezhook_domain::sequence::{OrganizationNumber, ReceiverNumber, ResourceNumber, SubscriptionNumber};
use rendezhook_domain::time::Timestamp;
use rendezhook_store::feed::Announcement;
use rendezhook_store::pending::{DeliveryKey, PendingDelivery, PendingPage};

use crate::checks::Checks;
use crate::dice::Dice;
use crate::model::Model;
use crate::receivers::{self, Habit};

/// How long there is chaos, in milliseconds.
const CHAOS: i64 = 600_000;

/// By when all must be over at the latest.
const END: i64 = CHAOS + 7_200_000;

/// What kind of world it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Plan {
    /// Everything goes wrong at times.
    Hostile,
    /// The same, and next to nothing fits into memory.
    Cramped,
    /// Every receiver is healthy, and nobody changes anything.
    Healthy,
}

/// Something that happens at its time.
#[derive(Debug)]
enum Event {
    Publish,
    Manage,
    ChangeHabit,
    Crash,
    Cancel(SubscriptionNumber),
    /// What follows is lost in a crash.
    Feed(Vec<Input>),
    AttemptEnds(DeliveryKey, Verdict),
    RecordWritten(RecordOrder),
    RecordTold(DeliveryKey),
    PageRead(PageRequest),
    PageTold(PageRequest, Option<PendingPage>),
    Calm,
}

impl Event {
    fn survives_a_crash(&self) -> bool {
        matches!(
            self,
            Self::Publish | Self::Manage | Self::ChangeHabit | Self::Crash | Self::Cancel(_) | Self::Calm
        )
    }
}

pub(crate) struct World {
    plan: Plan,
    now: i64,
    dice: Dice,
    /// The scheduler's own random numbers.
    jitter: Dice,
    scheduler: Scheduler,
    limits: SchedulerLimits,
    model: Model,
    checks: Checks,
    habits: BTreeMap<EndpointNumber, Habit>,
    resources: u64,
    page_limit: usize,
    events: BTreeMap<(i64, u64), Event>,
    serial: u64,
    /// News come in the order in which they were committed.
    feed_until: i64,
    history: Vec<(Timestamp, Effect)>,
}

impl World {
    pub(crate) fn new(seed: u64, plan: Plan) -> Self {
        let mut dice = Dice::new(seed);
        let roomy = plan != Plan::Cramped;
        let limits = SchedulerLimits {
            in_flight: dice.count(1, 8),
            endpoint_window: u32::try_from(dice.between(1, 6)).unwrap(),
            lane_hold: Duration::from_secs(dice.between(10, 90)),
            page_low_water: dice.count(1, 5),
            direct_high_water: dice.count(1, 8),
            receiver_entries: if roomy { 10_000 } else { dice.count(3, 30) },
            entries: if roomy { 10_000 } else { dice.count(3, 40) },
            expiring: dice.count(1, 3),
        };
        let mut world = Self {
            plan,
            now: 1_000_000,
            jitter: Dice::new(seed ^ 0x5EED),
            scheduler: Scheduler::new(limits),
            limits,
            model: Model::default(),
            checks: Checks::new(limits, roomy),
            habits: BTreeMap::new(),
            resources: dice.between(1, 4),
            page_limit: dice.count(1, 6),
            events: BTreeMap::new(),
            serial: 0,
            feed_until: 0,
            history: Vec::new(),
            dice,
        };
        world.settle_down();
        world
    }

    /// Makes subscriptions and plans what will happen.
    fn settle_down(&mut self) {
        let organizations = self.dice.between(1, 3);
        for number in 1..=self.dice.between(2, 9) {
            let organization = u32::try_from(1 + number % organizations).unwrap();
            let receiver = organization * 10 + u32::try_from(self.dice.between(0, 2)).unwrap();
            let subscription = SubscriptionNumber::new(u32::try_from(number).unwrap());
            let view = SubscriptionView {
                subscription,
                organization: OrganizationNumber::new(organization),
                receiver: ReceiverNumber::new(receiver),
                endpoint: self.some_endpoint(organization),
                enabled: true,
                retry: self.some_policy(),
            };
            self.model.subscriptions.insert(subscription, view.clone());
            let changed = Input::SubscriptionChanged(view);
            self.tell(changed);
        }
        let (start, end) = (self.now, self.now + CHAOS);
        let hostile = self.plan != Plan::Healthy;
        let mut plan = |event: fn() -> Event, most: u64, dice: &mut Dice| {
            for _ in 0..dice.between(1, most) {
                let at = start + dice.delay(u64::try_from(CHAOS).unwrap() - 1);
                self.serial += 1;
                self.events.insert((at, self.serial), event());
            }
        };
        plan(|| Event::Publish, 30, &mut self.dice);
        if hostile {
            plan(|| Event::Manage, 12, &mut self.dice);
            plan(|| Event::ChangeHabit, 12, &mut self.dice);
            plan(|| Event::Crash, 3, &mut self.dice);
        }
        self.events.insert((end, 0), Event::Calm);
    }

    fn some_endpoint(&mut self, organization: u32) -> EndpointNumber {
        let endpoint = EndpointNumber(organization * 10 + u32::try_from(self.dice.between(0, 2)).unwrap());
        let habit = match self.plan {
            Plan::Healthy => Habit::Healthy,
            Plan::Hostile | Plan::Cramped => self.dice.pick(&Habit::ALL),
        };
        self.habits.entry(endpoint).or_insert(habit);
        endpoint
    }

    fn some_policy(&mut self) -> RetryPolicy {
        let steps = self.dice.count(1, 7);
        let delays: Vec<_> = (0..=steps)
            .map(|step| Duration::from_secs(if step == 0 { 0 } else { self.dice.between(1, 30) }))
            .collect();
        RetryPolicy::from_delays(&delays)
    }

    /// Plays until nothing is left to happen; answers with everything the scheduler wanted done.
    pub(crate) fn play(mut self) -> Vec<(Timestamp, Effect)> {
        for turn in 0.. {
            assert!(turn < 50_000, "the scheduler goes round in circles");
            let event = self.events.first_key_value().map(|((at, _), _)| *at);
            let wake = self.scheduler.wake_at().map(Timestamp::milliseconds);
            let Some(next) = event.into_iter().chain(wake).min() else { break };
            assert!(next >= self.now, "the scheduler wants to be woken in the past");
            self.now = next;
            assert!(self.now < 1_000_000 + END, "it takes for ever");
            let mut inputs = Vec::new();
            let mut crashed = false;
            while let Some(entry) = self.events.first_entry()
                && entry.key().0 <= self.now
                && !crashed
            {
                let event = entry.remove();
                crashed = matches!(event, Event::Crash);
                self.happen(event, &mut inputs);
            }
            self.step(inputs);
        }
        let healthy = self.plan == Plan::Healthy;
        self.checks.at_the_end(&self.model, healthy);
        self.history
    }

    fn step(&mut self, inputs: Vec<Input>) {
        let now = Timestamp::from_milliseconds(self.now);
        for input in &inputs {
            self.checks.told(input, now);
        }
        let mut effects = Vec::new();
        self.scheduler.step(inputs, now, &mut self.jitter, &mut effects);
        for effect in effects {
            self.history.push((now, effect.clone()));
            self.checks.wanted(&effect, &self.model, now);
            self.carry_out(effect);
        }
        let figures = self.scheduler.figures();
        self.checks.after(figures);
        assert!(self.scheduler.wake_at().is_none_or(|at| at > now), "time alone brings no change");
        let feed_is_quiet = self.feed_until < self.now;
        if feed_is_quiet {
            self.checks.nothing_is_stuck(&self.model, now);
        }
    }

    fn happen(&mut self, event: Event, inputs: &mut Vec<Input>) {
        match event {
            Event::Publish => self.publish(),
            Event::Manage => self.manage(),
            Event::ChangeHabit => {
                let endpoints: Vec<_> = self.habits.keys().copied().collect();
                let (endpoint, habit) = (self.dice.pick(&endpoints), self.dice.pick(&Habit::ALL));
                self.habits.insert(endpoint, habit);
            }
            Event::Crash => self.crash(inputs),
            Event::Cancel(subscription) => self.model.cancel(subscription),
            Event::Calm => self.calm(),
            Event::Feed(news) => inputs.extend(news),
            Event::AttemptEnds(key, verdict) => inputs.push(Input::AttemptEnded { key, verdict }),
            Event::RecordWritten(order) => {
                self.model.record(&order);
                if order.disable.is_some() {
                    self.tell_of(order.subscription);
                }
                self.later(Event::RecordTold(order.key), 500);
            }
            Event::RecordTold(key) => inputs.push(Input::Recorded(key)),
            Event::PageRead(request) => {
                let fails = self.plan != Plan::Healthy && self.dice.chance(5);
                let page = self.model.page(request, self.page_limit);
                self.later(Event::PageTold(request, (!fails).then_some(page)), 500);
            }
            Event::PageTold(request, page) => inputs.push(Input::PageLoaded { request, page }),
        }
    }

    fn carry_out(&mut self, effect: Effect) {
        match effect {
            Effect::StartAttempt(order) => {
                let endpoint = self.checks.endpoint_of(&order.key);
                let gone = !self.model.rows[&order.key.sequence].is_waiting();
                let (takes, verdict) = if gone {
                    // The store has nothing to send.
                    (0, receivers::answer(410))
                } else {
                    self.habits[&endpoint].meet(&mut self.dice)
                };
                self.at(self.now + takes, Event::AttemptEnds(order.key, verdict));
            }
            Effect::Record(order) => self.later(Event::RecordWritten(order), 2_000),
            Effect::LoadPage(request) => self.later(Event::PageRead(request), 1_000),
        }
    }

    fn at(&mut self, at: i64, event: Event) {
        self.serial += 1;
        self.events.insert((at, self.serial), event);
    }

    fn later(&mut self, event: Event, most: u64) {
        let at = self.now + self.dice.delay(most);
        self.at(at, event);
    }

    fn tell(&mut self, input: Input) {
        self.feed_until = self.feed_until.max(self.now + self.dice.delay(300));
        self.at(self.feed_until, Event::Feed(vec![input]));
    }

    fn tell_of(&mut self, subscription: SubscriptionNumber) {
        if let Some(view) = self.model.subscriptions.get(&subscription) {
            let changed = Input::SubscriptionChanged(view.clone());
            self.tell(changed);
        }
    }

    fn publish(&mut self) {
        for _ in 0..self.dice.pick(&[1, 1, 1, 2, 8]) {
            self.publish_one();
        }
    }

    /// Commits an action for some subscriptions of one organization.
    fn publish_one(&mut self) {
        let views: Vec<_> = self.model.subscriptions.values().cloned().collect();
        let Some(chosen) = views.get(self.dice.count(0, views.len().max(1) - 1)) else { return };
        let test = self.plan != Plan::Healthy && self.dice.chance(10);
        let origin = if test { DeliveryOrigin::Test } else { DeliveryOrigin::Original };
        let everybody = self.dice.chance(50);
        let matched = views.iter().filter(|view| {
            let same = view.subscription == chosen.subscription;
            same || (everybody && !test && view.organization == chosen.organization)
        });
        let action = self.model.next_sequence();
        let resource = ResourceNumber::new(self.dice.between(1, self.resources));
        let accepted_at = Timestamp::from_milliseconds(self.now);
        let expires = self.plan != Plan::Healthy && self.dice.chance(20);
        let expires_at =
            expires.then(|| accepted_at.after(Duration::from_millis(self.dice.between(1, 60_000))));
        let postponed = Duration::from_secs(if self.dice.chance(10) { self.dice.between(1, 60) } else { 0 });
        let mut deliveries = Vec::new();
        for view in matched {
            let pending = PendingDelivery {
                key: DeliveryKey { receiver: view.receiver, sequence: self.model.next_sequence() },
                subscription: view.subscription,
                action,
                resource,
                origin,
                due_at: accepted_at.after(postponed),
                failed_attempts: 0,
                first_failed_at: None,
                expires_at,
            };
            self.model.commit(pending);
            deliveries.push(pending);
        }
        let organization = chosen.organization;
        if self.dice.chance(80) {
            self.tell(Input::Committed { organization, deliveries });
            return;
        }
        for delivery in deliveries {
            let DeliveryKey { receiver, sequence } = delivery.key;
            let announcement = Announcement { organization, receiver, sequence };
            self.tell(Input::Announced(announcement));
        }
    }

    /// Somebody pauses, resumes, moves or deletes a subscription.
    fn manage(&mut self) {
        let numbers: Vec<_> = self.model.subscriptions.keys().copied().collect();
        if numbers.is_empty() {
            return;
        }
        let number = self.dice.pick(&numbers);
        let organization = self.model.subscriptions[&number].organization.get();
        match self.dice.between(0, 9) {
            0 => {
                self.model.subscriptions.remove(&number);
                self.later(Event::Cancel(number), 5_000);
                self.tell(Input::SubscriptionDeleted(number));
                return;
            }
            1..=2 => {
                let endpoint = self.some_endpoint(organization);
                self.change(number, |view| view.endpoint = endpoint);
            }
            3 => {
                let retry = self.some_policy();
                self.change(number, |view| view.retry = retry);
            }
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

    fn change(&mut self, number: SubscriptionNumber, change: impl FnOnce(&mut SubscriptionView)) {
        if let Some(view) = self.model.subscriptions.get_mut(&number) {
            change(view);
        }
    }

    /// The process dies and starts again: only what is durable is left.
    fn crash(&mut self, inputs: &mut Vec<Input>) {
        self.events.retain(|_, event| event.survives_a_crash());
        self.feed_until = self.now;
        self.scheduler = Scheduler::new(self.limits);
        self.checks.forget();
        inputs.clear();
        inputs.extend(self.model.subscriptions.values().cloned().map(Input::SubscriptionChanged));
        inputs.extend(self.model.announcements().into_iter().map(Input::Announced));
    }

    /// The chaos ends: every receiver is healthy, and most of what was paused goes on.
    fn calm(&mut self) {
        for habit in self.habits.values_mut() {
            *habit = Habit::Healthy;
        }
        let numbers: Vec<_> = self.model.subscriptions.keys().copied().collect();
        for number in numbers {
            if self.dice.chance(80) {
                self.change(number, |view| view.enabled = true);
                self.tell_of(number);
            }
        }
    }
}
