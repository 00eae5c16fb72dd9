//! The simulated world: time and what happens in it, the store's pace, crashes, and the scheduler in the middle.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use rendezhook_delivery::scheduler::Scheduler;
use rendezhook_delivery::scheduler::effect::{AttemptOrder, Effect, RecordOrder};
use rendezhook_delivery::scheduler::input::{EndpointNumber, Input, PageRequest};
use rendezhook_domain::outcome::{Failure, Outcome, Verdict};
use rendezhook_domain::sequence::SubscriptionNumber;
use rendezhook_domain::stage::Stage;
use rendezhook_domain::time::Timestamp;
use rendezhook_store::pending::{DeliveryKey, PendingPage};

use crate::checks::Checks;
use crate::dice::Dice;
use crate::model::Model;
use crate::pace::Pace;
use crate::plan::{Kind, Plan};
use crate::receipts::Receipts;
use crate::receivers::{Habit, Meeting, plain};
use crate::trace::Trace;

mod management;
mod publishing;
mod restarts;

/// When the histories begin, in milliseconds.
const BEGIN: i64 = 1_680_001_000_000;

/// How many steps a history may take.
const STEPS: u64 = 400_000;

/// Something that happens at its time.
#[derive(Debug)]
enum Event {
    Publish,
    Manage,
    ChangeHabit,
    ChangePace,
    UsualPace,
    Crash,
    /// The process is asked to end.
    Stop,
    /// A process that was asked to end does so, once nothing is under way.
    Leave,
    /// A process begins.
    Start,
    Cancel(SubscriptionNumber),
    Calm,
    /// The process looks for receivers for which too many wait.
    LookForExcess,
    /// What follows is lost in a crash.
    Feed(Input),
    Arrives(DeliveryKey, bool),
    AttemptEnds(DeliveryKey, Verdict),
    RecordWritten(RecordOrder),
    RecordTold(DeliveryKey),
    PageRead(PageRequest),
    PageTold(PageRequest, Option<PendingPage>),
    OldestRead(PageRequest),
    OldestTold(PageRequest, Option<PendingPage>),
}

impl Event {
    fn is_lost_in_a_crash(&self) -> bool {
        matches!(
            self,
            Self::Leave
                | Self::Feed(_)
                | Self::Arrives(..)
                | Self::AttemptEnds(..)
                | Self::RecordWritten(_)
                | Self::RecordTold(_)
                | Self::PageRead(_)
                | Self::PageTold(..)
                | Self::OldestRead(_)
                | Self::OldestTold(..)
        )
    }
}

/// What a history was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Played {
    /// The hash of everything the scheduler wanted.
    pub(crate) trace: u64,
    pub(crate) simulated: Duration,
    pub(crate) deliveries: u64,
    pub(crate) attempts: u64,
    pub(crate) crashes: u64,
    pub(crate) duplicates: u64,
}

pub(crate) struct World {
    plan: Plan,
    now: i64,
    dice: Dice,
    /// The scheduler's own random numbers.
    jitter: Dice,
    scheduler: Scheduler,
    model: Model,
    checks: Checks,
    receipts: Receipts,
    /// Attempts that were started and have no durable record yet.
    unrecorded: BTreeSet<DeliveryKey>,
    habits: BTreeMap<EndpointNumber, Habit>,
    pace: Pace,
    /// No process runs.
    down: bool,
    resources: u64,
    page_limit: usize,
    longest_step: Duration,
    events: BTreeMap<(i64, u64), Event>,
    serial: u64,
    /// News come in the order in which they were committed.
    feed_until: i64,
    /// Records become durable in the order in which they were wanted.
    records_until: i64,
    trace: Trace,
    played: Played,
}

impl World {
    pub(crate) fn new(seed: u64, kind: Kind) -> Self {
        let mut dice = Dice::new(seed);
        let plan = Plan::draw(kind, &mut dice).bounded(&mut Dice::new(seed ^ 0xB0B0));
        let mut world = Self {
            plan,
            now: BEGIN,
            jitter: Dice::new(seed ^ 0x5EED),
            scheduler: Scheduler::new(plan.limits),
            model: Model::default(),
            checks: Checks::new(plan.limits, plan.roomy, plan.receiver_backlog),
            receipts: Receipts::default(),
            unrecorded: BTreeSet::new(),
            habits: BTreeMap::new(),
            pace: if kind == Kind::Healthy { Pace { unreadable: 0, ..Pace::USUAL } } else { Pace::USUAL },
            down: false,
            resources: dice.between(1, 4),
            page_limit: dice.count(1, 6),
            longest_step: Duration::ZERO,
            events: BTreeMap::new(),
            serial: 0,
            feed_until: 0,
            records_until: 0,
            trace: Trace::default(),
            played: Played::default(),
            dice,
        };
        world.populate();
        world.foresee();
        world
    }

    /// Plans what will happen.
    fn foresee(&mut self) {
        let plan = self.plan;
        let (start, end) = (self.now, self.now + plan.chaos);
        let span = u64::try_from(plan.chaos).unwrap() - 1;
        let mut plan_up_to = |most: u64, event: fn(&mut Dice) -> Event| {
            for _ in 0..self.dice.between(most.min(1), most) {
                let evenly = plan.kind == Kind::Days && self.dice.chance(60);
                let after =
                    if evenly { self.dice.between(0, span) } else { self.dice.delay(span).unsigned_abs() };
                let event = event(&mut self.dice);
                self.serial += 1;
                self.events.insert((start + i64::try_from(after).unwrap(), self.serial), event);
            }
        };
        plan_up_to(plan.publishes, |_| Event::Publish);
        plan_up_to(plan.changes, |_| Event::Manage);
        plan_up_to(plan.moods, |_| Event::ChangeHabit);
        plan_up_to(plan.paces, |_| Event::ChangePace);
        plan_up_to(plan.crashes, |dice| if dice.chance(80) { Event::Crash } else { Event::Stop });
        self.events.insert((end, 0), Event::Calm);
        if plan.receiver_backlog.is_some() {
            self.at(start + plan.looks_for_excess(), Event::LookForExcess);
        }
    }

    /// Plays until nothing is left to happen.
    pub(crate) fn play(mut self) -> Played {
        let calm = BEGIN + self.plan.chaos;
        for turn in 0.. {
            assert!(turn < STEPS, "the scheduler goes round in circles");
            let event = self.events.first_key_value().map(|((at, _), _)| *at);
            let wake = self.scheduler.wake_at().map(Timestamp::milliseconds).filter(|_| !self.down);
            let Some(next) = event.into_iter().chain(wake).min() else { break };
            assert!(next >= self.now, "the scheduler wants to be woken in the past");
            self.now = next;
            let patience = self.plan.patience(self.longest_step);
            assert!(self.now < calm + patience, "deliveries still wait long after everything is well again");
            self.pass_a_moment();
        }
        self.checks.at_the_end(&self.model, self.plan.kind == Kind::Healthy, self.scheduler.figures());
        self.receipts.at_the_end(&self.model);
        Played {
            trace: self.trace.hash(),
            simulated: Duration::from_millis(u64::try_from(self.now - BEGIN).unwrap()),
            deliveries: self.model.rows.len() as u64,
            duplicates: self.receipts.duplicates,
            ..self.played
        }
    }

    /// Everything that happens at this moment, and one step of the scheduler.
    fn pass_a_moment(&mut self) {
        let mut inputs = Vec::new();
        let mut another_process = false;
        while let Some(entry) = self.events.first_entry()
            && entry.key().0 <= self.now
            && !another_process
        {
            let event = entry.remove();
            another_process = matches!(event, Event::Crash | Event::Start);
            self.happen(event, &mut inputs);
        }
        if !self.down {
            self.step(inputs);
        }
    }

    fn step(&mut self, inputs: Vec<Input>) {
        let now = Timestamp::from_milliseconds(self.now);
        for input in &inputs {
            self.checks.told(input, now);
        }
        let mut effects = Vec::new();
        self.checks.passed(now);
        self.scheduler.step(inputs, now, &mut self.jitter, &mut effects);
        self.checks.answered(&effects, now);
        for effect in effects {
            self.trace.note(now, &effect);
            self.checks.wanted(&effect, &self.model, now);
            self.carry_out(effect);
        }
        self.checks.after(self.scheduler.figures(), &self.model, self.page_limit, now);
        assert!(self.scheduler.wake_at().is_none_or(|at| at > now), "time alone brings no change");
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
            Event::ChangePace => {
                let (pace, lasts) = Pace::draw(&mut self.dice);
                self.pace = pace;
                self.at(self.now + lasts, Event::UsualPace);
            }
            Event::UsualPace => self.pace = Pace::USUAL,
            Event::Crash => self.crash(inputs),
            Event::Stop => self.stop(inputs),
            Event::Leave => self.leave(inputs),
            Event::Start => self.start(inputs),
            Event::Cancel(subscription) => self.cancel(subscription),
            Event::Calm => self.calm(),
            Event::LookForExcess => self.look_for_excess(inputs),
            Event::Feed(news) => inputs.push(news),
            Event::Arrives(key, accepts) => self.receipts.arrived(key, accepts),
            Event::AttemptEnds(key, verdict) => {
                if matches!(verdict, Verdict::Failure(Failure { costs_nothing: true, .. })) {
                    self.unrecorded.remove(&key);
                }
                inputs.push(Input::AttemptEnded { key, verdict });
            }
            Event::RecordWritten(order) => self.write(&order),
            Event::RecordTold(key) => inputs.push(Input::Recorded(key)),
            Event::PageRead(request) => {
                let fails = self.dice.chance(self.pace.unreadable);
                let page = self.model.page(request, self.page_limit);
                self.later(Event::PageTold(request, (!fails).then_some(page)), 500);
            }
            Event::PageTold(request, page) => inputs.push(Input::PageLoaded { request, page }),
            Event::OldestRead(request) => {
                let fails = self.dice.chance(self.pace.unreadable);
                let page = self.model.page(request, self.page_limit);
                self.later(Event::OldestTold(request, (!fails).then_some(page)), 500);
            }
            Event::OldestTold(request, page) => inputs.push(Input::OldestLoaded { request, page }),
        }
    }

    fn carry_out(&mut self, effect: Effect) {
        match effect {
            Effect::StartAttempt(order) => self.attempt(&order),
            Effect::Record(order) => {
                self.records_until = self.records_until.max(self.now + self.dice.delay(self.pace.record));
                self.at(self.records_until, Event::RecordWritten(order));
            }
            Effect::EndpointChanged(..) => {}
            Effect::LoadPage(request) => self.later(Event::PageRead(request), self.pace.page),
            Effect::LoadOldest(request) => self.later(Event::OldestRead(request), self.pace.page),
        }
    }

    fn attempt(&mut self, order: &AttemptOrder) {
        let key = order.key;
        self.played.attempts += 1;
        self.unrecorded.insert(key);
        let endpoint = self.checks.endpoint_of(&key);
        let meeting = if self.model.rows[&key.sequence].is_waiting() {
            self.habits[&endpoint].meet(self.now, self.plan.longest_hold, &mut self.dice)
        } else {
            // The store has nothing to send.
            Meeting::without_request(0, Outcome::Answered(plain(410)), Stage::Target)
        };
        if let Some(after) = meeting.arrives {
            let accepts = matches!(meeting.verdict, Verdict::Success { .. });
            self.at(self.now + after, Event::Arrives(key, accepts));
        }
        self.at(self.now + meeting.takes, Event::AttemptEnds(key, meeting.verdict));
    }

    /// A record becomes durable.
    fn write(&mut self, order: &RecordOrder) {
        self.model.record(order);
        if order.attempted {
            self.unrecorded.remove(&order.key);
        }
        if order.disable.is_some() {
            self.tell_of(order.subscription);
        }
        self.later(Event::RecordTold(order.key), 500);
    }

    /// Says for which receivers too many wait, and looks again later, as long as anything waits.
    fn look_for_excess(&mut self, inputs: &mut Vec<Input>) {
        let Some(bound) = self.plan.receiver_backlog else { return };
        if !self.down {
            for (receiver, waiting) in self.model.waiting_by_receiver() {
                let by = waiting.saturating_sub(bound);
                if by > 0 {
                    self.checks.too_many_wait(receiver, &self.model);
                    inputs.push(Input::BacklogExceeded { receiver, by });
                }
            }
        }
        let too_many = || self.model.waiting_by_receiver().into_values().any(|waiting| waiting > bound);
        if !self.events.is_empty() || too_many() {
            self.at(self.now + self.plan.looks_for_excess(), Event::LookForExcess);
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

    /// The feed brings this, if a process runs.
    fn tell(&mut self, input: Input) {
        if self.down {
            return;
        }
        self.feed_until = self.feed_until.max(self.now + self.dice.delay(self.pace.feed));
        self.at(self.feed_until, Event::Feed(input));
    }

    fn tell_of(&mut self, subscription: SubscriptionNumber) {
        if let Some(view) = self.model.subscriptions.get(&subscription) {
            let changed = Input::SubscriptionChanged(view.clone());
            self.tell(changed);
        }
    }
}
