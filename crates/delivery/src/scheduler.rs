//! Decides which delivery is attempted when: a pure state machine.
//!
//! `step` takes what happened and the time, and answers with what is to be done. There is no I/O, no clock and no task in
//! here; one owner calls it, so there is no lock either. A simulator can play years of retries and crashes from a seed.
//! The same inputs at the same times with the same random numbers give the same effects.
//!
//! A delivery's way through it:
//!
//! 1. It is *taken* into memory: directly when it was committed, or with a page from the store (`paging`).
//! 2. It *waits* until it is due and its action is at the head of its lane (`lane`, `timer`).
//! 3. It is *ready*: it stands in its subscription's queue until fairness and the limits of its endpoint let it start
//!    (`fairness`, `endpoint` with `breaker` and `rate`, `authority`, `pool`).
//! 4. It is *in flight* until its attempt ends (`attempt`), and then *recording* until what that means (`outcome`) is durable.
//!    Then it leaves, or waits for its next attempt. Only then does its lane go on.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};

use rendezhook_domain::sequence::{OrganizationNumber, ReceiverNumber, Sequence, SubscriptionNumber};
use rendezhook_domain::time::Timestamp;
use rendezhook_store::pending::DeliveryKey;

use self::attempt::Busy;
use self::authority::{Authority, Share};
use self::claim::Claim;
use self::effect::{BreakerState, Effect, RecordOrder};
use self::endpoint::Endpoint;
use self::entry::Entry;
use self::flow::{Flow, Organization, Rotation};
use self::history::{Due, Expiry, History};
use self::input::{AuthorityNumber, EndpointNumber, Input};
use self::lane::{LaneKey, Lanes};
use self::list::List;
use self::pool::Pools;
use self::receiver::Receiver;
use self::slab::{Slab, Slot};
use self::subscription::Subscription;
use self::timer::{Alarm, Timer};

mod attempt;
mod authority;
mod availability;
mod backlog;
mod breaker;
mod claim;
pub mod effect;
mod endpoint;
mod entry;
mod expiry;
mod fairness;
mod figures;
mod flow;
mod folding;
mod history;
pub mod input;
mod lane;
mod limits;
mod list;
mod order;
mod outcome;
mod packed;
mod paging;
mod pool;
mod rate;
mod receiver;
mod repetition;
mod slab;
mod subscription;
mod timer;

pub use self::figures::Figures;
pub use self::limits::SchedulerLimits;

/// Where the scheduler's random numbers come from; a simulator gives them from a seed.
pub trait Randomness {
    /// The next random number, from 0 (included) to 1 (excluded).
    fn unit(&mut self) -> f64;
}

/// The scheduler's state.
///
/// It holds what is in memory of the waiting deliveries and decides over them in [`Scheduler::step`]. It is lost with the
/// process: whoever makes a new one tells it of the subscriptions and announces what the store holds.
#[derive(Debug)]
pub struct Scheduler {
    limits: SchedulerLimits,
    /// The time of the step under way.
    now: Timestamp,
    stopped: bool,
    /// Nothing expires: the time is in doubt.
    expiry_held: bool,

    entries: Slab<Entry>,
    histories: Slab<History>,
    subscriptions: Slab<Subscription>,
    receivers: Slab<Receiver>,
    endpoints: Slab<Endpoint>,
    flows: Slab<Flow>,
    authorities: Slab<Authority>,
    shares: Slab<Share>,
    organizations: Slab<Organization>,

    subscription_slots: HashMap<SubscriptionNumber, Slot<Subscription>>,
    receiver_slots: HashMap<ReceiverNumber, Slot<Receiver>>,
    endpoint_slots: HashMap<EndpointNumber, Slot<Endpoint>>,
    flow_slots: HashMap<(Slot<Receiver>, Slot<Endpoint>), Slot<Flow>>,
    authority_slots: HashMap<AuthorityNumber, Slot<Authority>>,
    share_slots: HashMap<(Slot<Authority>, OrganizationNumber), Slot<Share>>,
    organization_slots: HashMap<OrganizationNumber, Slot<Organization>>,

    lanes: Lanes,
    claims: HashMap<LaneKey, Claim>,
    busy: HashMap<DeliveryKey, Busy>,
    pools: Pools,
    /// Deliveries that end without an attempt, expired or folded, and whose record is under way.
    expiring: usize,
    /// What was folded in the step under way.
    folded: Vec<RecordOrder>,

    due: Timer<Due>,
    expiry: Timer<Expiry>,
    alarms: BinaryHeap<Reverse<(Timestamp, Alarm)>>,

    turns: List<Organization, Rotation>,
    /// An endpoint whose turn comes next, since a place of it was taken out of turn.
    owed: Option<Slot<Endpoint>>,
    unsettled: Vec<Slot<Receiver>>,
    /// Receivers for which too many wait, to be looked at before the step ends.
    overfull: Vec<Slot<Receiver>>,
    /// Breakers that changed in the step under way.
    changed: Vec<(EndpointNumber, BreakerState)>,
    crowded_out: VecDeque<Slot<Receiver>>,
    unknown: HashMap<SubscriptionNumber, Sequence>,
    unknown_overflow: Sequence,
}

impl Scheduler {
    /// A scheduler that knows nothing yet.
    #[must_use]
    pub fn new(limits: SchedulerLimits) -> Self {
        Self {
            limits,
            now: Timestamp::EARLIEST,
            stopped: false,
            expiry_held: false,
            entries: Slab::new(),
            histories: Slab::new(),
            subscriptions: Slab::new(),
            receivers: Slab::new(),
            endpoints: Slab::new(),
            flows: Slab::new(),
            authorities: Slab::new(),
            shares: Slab::new(),
            organizations: Slab::new(),
            subscription_slots: HashMap::new(),
            receiver_slots: HashMap::new(),
            endpoint_slots: HashMap::new(),
            flow_slots: HashMap::new(),
            authority_slots: HashMap::new(),
            share_slots: HashMap::new(),
            organization_slots: HashMap::new(),
            lanes: Lanes::default(),
            claims: HashMap::new(),
            busy: HashMap::new(),
            pools: Pools::new(),
            expiring: 0,
            folded: Vec::new(),
            due: Timer::default(),
            expiry: Timer::default(),
            alarms: BinaryHeap::new(),
            turns: List::default(),
            owed: None,
            unsettled: Vec::new(),
            overfull: Vec::new(),
            changed: Vec::new(),
            crowded_out: VecDeque::new(),
            unknown: HashMap::new(),
            unknown_overflow: Sequence::ZERO,
        }
    }

    /// Takes what happened until `now` and adds what is to be done to `effects`.
    ///
    /// Every effect is answered by one later input, and time never goes back between two steps.
    pub fn step(
        &mut self,
        inputs: impl IntoIterator<Item = Input>,
        now: Timestamp,
        random: &mut dyn Randomness,
        effects: &mut Vec<Effect>,
    ) {
        self.now = now;
        for input in inputs {
            self.take_in(input, random, effects);
        }
        effects.extend(self.folded.drain(..).map(Effect::Record));
        self.ring_alarms(effects);
        self.move_slow_attempts();
        let changed = self.changed.drain(..);
        effects.extend(changed.map(|(endpoint, breaker)| Effect::EndpointChanged(endpoint, breaker)));
        self.dispatch(effects);
        self.load_oldest(effects);
        self.load_pages(effects);
    }

    /// When `step` has to be called again at the latest, even if nothing happens until then.
    #[must_use]
    pub fn wake_at(&self) -> Option<Timestamp> {
        let due = self.due.first(&self.histories).map(|(at, _)| at);
        let expiry = if self.expiring < self.limits.expiring && !self.expiry_held {
            self.expiry.first(&self.histories).map(|(at, _)| at)
        } else {
            None
        };
        let alarm = self.alarms.peek().map(|Reverse((at, _))| *at);
        [due, expiry, alarm, self.place_becomes_free_at()].into_iter().flatten().min()
    }

    fn take_in(&mut self, input: Input, random: &mut dyn Randomness, effects: &mut Vec<Effect>) {
        match input {
            Input::SubscriptionChanged(view) => self.change_subscription(view),
            Input::SubscriptionDeleted(number) => self.delete_subscription(number),
            Input::Committed { organization, deliveries } => self.take_committed(organization, &deliveries),
            Input::Announced(announcement) => self.note_announcement(announcement),
            Input::PageLoaded { request, page } => self.take_page(request, page),
            Input::BacklogExceeded { receiver, by } => self.note_excess(receiver, by),
            Input::OldestLoaded { request, page } => self.take_oldest(request, page, effects),
            Input::AttemptEnded { key, verdict } => self.end_attempt(key, verdict, random, effects),
            Input::Recorded(key) => self.note_record(key),
            Input::ExpiryHeld(held) => self.expiry_held = held,
            Input::Stop => self.stopped = true,
        }
    }

    /// Does what has become due by the passing of time alone.
    fn ring_alarms(&mut self, effects: &mut Vec<Effect>) {
        while let Some(Reverse((at, alarm))) = self.alarms.peek().copied() {
            if at > self.now {
                break;
            }
            self.alarms.pop();
            match alarm {
                Alarm::LookAtEndpoint(endpoint) => self.look_at_endpoint(endpoint),
                Alarm::PageAgain(receiver) => self.ask_again(receiver),
            }
        }
        while let Some((at, history)) = self.due.first(&self.histories) {
            if at > self.now {
                break;
            }
            self.due.remove(&mut self.histories, history);
            self.reconsider(self.histories[history].entry);
        }
        self.expire_due(effects);
    }
}

#[cfg(test)]
mod tests;
