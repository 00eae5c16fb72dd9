//! Drives the scheduler: gathers what has happened, lets it decide, carries out what it wants.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use rand::RngExt;
use rand::rngs::SmallRng;
use rendezhook_domain::outcome::Verdict;
use rendezhook_domain::time::Timestamp;
use rendezhook_store::Store;
use rendezhook_store::complaint::Complaint;
use rendezhook_store::feed::{Announcement, FeedReceiver};
use rendezhook_store::pending::DeliveryKey;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinError;
use tokio::time::Instant;

use super::attempt::{AttemptEnd, AttemptFacts, Surroundings};
use super::breakers::Breakers;
use super::carried::CarriedActions;
use super::certificates::Certificates;
use super::directory::Directory;
use super::handle::{DeliveryFigures, HealthQuestion, Watch};
use super::in_flight::InFlightNotes;
use super::store_work::StoreWork;
use super::time::SteadyTime;
use super::waiters::Waiters;
use crate::health::HealthTracker;
use crate::options::DeliveryOptions;
use crate::scheduler::effect::Effect;
use crate::scheduler::input::Input;
use crate::scheduler::{Randomness, Scheduler};

mod consequences;
mod effects;
mod excess;
mod news;
mod upkeep;

/// The most ended attempts taken up in one turn.
const ENDS_IN_A_TURN: usize = 1_024;
/// The most deliveries of the feed taken up in one turn, the last event in full.
const FEED_DELIVERIES_IN_A_TURN: usize = 4_096;
/// The longest sleep. A wall clock that was set anew is noticed within it.
const LONGEST_SLEEP: Duration = Duration::from_secs(1);

/// The ways in which the world reports to the driver.
pub(super) struct Sources {
    /// What was committed.
    pub(super) feed: FeedReceiver,
    /// Attempts that have ended: one message for every attempt started, so the scheduler's limits bound it.
    pub(super) ended: mpsc::UnboundedReceiver<AttemptEnd>,
    /// Callers that want to be told of a delivery.
    pub(super) watches: mpsc::Receiver<Watch>,
    /// Callers that want to know how subscriptions do.
    pub(super) questions: mpsc::Receiver<HealthQuestion>,
}

/// What the rest of the process looks at.
pub(super) struct Shown {
    /// What there is to do at this moment.
    pub(super) figures: watch::Sender<DeliveryFigures>,
    /// How the breakers of endpoints stand.
    pub(super) breakers: Breakers,
    /// The certificates of receivers.
    pub(super) certificates: Arc<Certificates>,
}

/// The scheduler, and what carries its decisions out.
pub(super) struct Driver {
    store: Arc<dyn Store>,
    scheduler: Scheduler,
    random: ProcessRandomness,
    time: SteadyTime,
    expiry_held: bool,
    directory: Directory,
    health: HealthTracker,
    certificates: Arc<Certificates>,
    /// When health was handed over to be kept last.
    health_kept_at: Timestamp,
    receiver_backlog: u64,
    /// When receivers for which too many wait were looked for last.
    excess_looked_for_at: Timestamp,
    carried: CarriedActions,
    /// Actions that were read with a page. They are older than those that came with the feed, which would push them out.
    read_ahead: CarriedActions,
    store_work: StoreWork,
    waiters: Waiters,
    surroundings: Arc<Surroundings>,
    sources: Sources,
    /// The feed and the queue of watches are read until their other sides are gone.
    feed_open: bool,
    watches_open: bool,
    questions_open: bool,
    figures: watch::Sender<DeliveryFigures>,
    in_flight: usize,
    in_flight_notes: Option<InFlightNotes>,
    set_aside: usize,
    stopping: bool,
    turn: Turn,
    complaint: Complaint,
}

/// What one turn works with; kept from turn to turn for its capacity only.
#[derive(Default)]
struct Turn {
    inputs: Vec<Input>,
    effects: Vec<Effect>,
    ends: Vec<AttemptEnd>,
    feed_deliveries: usize,
    /// The facts of attempts that ended in this turn. An attempt that cost nothing is not recorded; its facts are dropped
    /// at the end of the turn.
    facts: HashMap<DeliveryKey, (Verdict, AttemptFacts)>,
}

/// Random numbers for jitter, from a generator seeded by the operating system.
pub(super) struct ProcessRandomness(pub(super) SmallRng);

impl ProcessRandomness {
    pub(super) fn new() -> Self {
        Self(rand::make_rng())
    }
}

impl Randomness for ProcessRandomness {
    fn unit(&mut self) -> f64 {
        self.0.random()
    }
}

impl Driver {
    /// A driver that knows the catalogue and nothing of any delivery yet.
    pub(super) fn new(
        options: &DeliveryOptions,
        store: Arc<dyn Store>,
        surroundings: Arc<Surroundings>,
        sources: Sources,
        time: SteadyTime,
        shown: Shown,
    ) -> Self {
        let mut turn = Turn::default();
        let directory =
            Directory::new(store.catalogue(), options.retry.clone(), shown.breakers, &mut turn.inputs);
        Self {
            scheduler: Scheduler::new(options.limits),
            random: ProcessRandomness::new(),
            time,
            expiry_held: false,
            directory,
            health: HealthTracker::new(options.health.clone()),
            certificates: shown.certificates,
            health_kept_at: Timestamp::EARLIEST,
            receiver_backlog: options.receiver_backlog,
            excess_looked_for_at: Timestamp::EARLIEST,
            carried: CarriedActions::new(options.carried_bytes / 2, options.carried_actions / 2),
            read_ahead: CarriedActions::new(options.carried_bytes / 2, options.carried_actions / 2),
            store_work: StoreWork::new(Arc::clone(&store)),
            store,
            waiters: Waiters::default(),
            surroundings,
            sources,
            feed_open: true,
            watches_open: true,
            questions_open: true,
            figures: shown.figures,
            in_flight: 0,
            in_flight_notes: None,
            set_aside: 0,
            stopping: false,
            turn,
            complaint: Complaint::default(),
        }
    }

    /// Notes in this file what is in flight; so many deliveries were set aside by what it said.
    pub(super) fn note_in_flight_in(&mut self, notes: InFlightNotes, set_aside: usize) {
        (self.in_flight_notes, self.set_aside) = (Some(notes), set_aside);
    }

    /// The process stops in order: what is in flight still had no part in a crash.
    pub(super) fn close_notes(&mut self) {
        if let Some(notes) = &mut self.in_flight_notes {
            notes.close();
        }
    }

    /// Tells the scheduler which receivers had waiting deliveries when the process started. Comes before anything of the
    /// feed, since a delivery handed over directly must not pass older ones that wait in the store.
    pub(super) fn announce(&mut self, announcements: Vec<Announcement>) {
        self.directory.update(self.store.catalogue(), &mut self.turn.inputs);
        self.turn.inputs.extend(announcements.into_iter().map(Input::Announced));
    }

    /// No new attempts from now on.
    pub(super) fn stop(&mut self) {
        self.stopping = true;
        self.turn.inputs.push(Input::Stop);
        for order in self.store_work.withdraw_orders() {
            self.surroundings.not_made(&order);
        }
    }

    /// Attempts under way.
    pub(super) const fn in_flight(&self) -> usize {
        self.in_flight
    }

    /// Outcomes that are not durable yet.
    pub(super) fn unrecorded(&self) -> usize {
        self.store_work.unrecorded()
    }

    /// Waits until there is something to do. May be dropped and called again: nothing is taken and then lost.
    ///
    /// # Errors
    /// When a task of the store ended abnormally.
    pub(super) async fn wait(&mut self) -> Result<(), JoinError> {
        let wake_at = self.wake_at();
        tokio::select! {
            _ = self.sources.ended.recv_many(&mut self.turn.ends, ENDS_IN_A_TURN), if self.store_work.has_room() => {}
            event = self.sources.feed.recv(), if self.feed_open => match event {
                Some(event) => self.take_up(event),
                None => self.feed_open = false,
            },
            watch = self.sources.watches.recv(), if self.watches_open => match watch {
                Some(watch) => self.waiters.add(watch.key, watch.waiter),
                None => self.watches_open = false,
            },
            question = self.sources.questions.recv(), if self.questions_open => match question {
                Some(question) => self.tell_health(question),
                None => self.questions_open = false,
            },
            answer = self.store_work.next() => {
                let answer = answer?;
                self.take_answer(answer);
            }
            () = tokio::time::sleep_until(wake_at) => {}
        }
        Ok(())
    }

    /// One turn: takes up everything that is ready, within bounds, lets the scheduler decide, and carries it out.
    ///
    /// # Errors
    /// When a task of the store ended abnormally.
    pub(super) fn turn(&mut self) -> Result<(), JoinError> {
        // The news of a change may still be under way. An attempt that starts after a change was acknowledged is made by it.
        self.directory.update(self.store.catalogue(), &mut self.turn.inputs);
        self.drain()?;
        for end in self.turn.ends.drain(..) {
            self.in_flight -= 1;
            if let Some(notes) = &mut self.in_flight_notes {
                notes.end(end.key);
            }
            self.turn.inputs.push(Input::AttemptEnded { key: end.key, verdict: end.verdict });
            if let Some(facts) = end.facts {
                self.turn.facts.insert(end.key, (end.verdict, facts));
            }
        }
        let now = self.time.now();
        if self.expiry_held != self.time.is_in_doubt() {
            self.expiry_held = !self.expiry_held;
            // Before everything else: what came in this turn must not be judged by a time that is in doubt.
            self.turn.inputs.insert(0, Input::ExpiryHeld(self.expiry_held));
        }
        self.directory.pass_time(now, &mut self.turn.inputs);
        self.look_after_health(now);
        self.look_for_excess(now);
        let Turn { inputs, effects, .. } = &mut self.turn;
        self.scheduler.step(inputs.drain(..), now, &mut self.random, effects);
        self.carry_out();
        self.turn.facts.clear();
        self.turn.feed_deliveries = 0;
        self.store_work.start();
        self.show_figures();
        Ok(())
    }

    fn drain(&mut self) -> Result<(), JoinError> {
        while let Some(answer) = self.store_work.try_next()? {
            self.take_answer(answer);
        }
        while self.turn.feed_deliveries < FEED_DELIVERIES_IN_A_TURN
            && let Some(event) = self.sources.feed.try_recv()
        {
            self.take_up(event);
        }
        while let Ok(watch) = self.sources.watches.try_recv() {
            self.waiters.add(watch.key, watch.waiter);
        }
        while let Ok(question) = self.sources.questions.try_recv() {
            self.tell_health(question);
        }
        while self.turn.ends.len() < ENDS_IN_A_TURN
            && self.store_work.has_room()
            && let Ok(end) = self.sources.ended.try_recv()
        {
            self.turn.ends.push(end);
        }
        Ok(())
    }

    fn wake_at(&mut self) -> Instant {
        let sleep = match self.scheduler.wake_at() {
            Some(due_at) => due_at.since(self.time.now()).min(LONGEST_SLEEP),
            None => LONGEST_SLEEP,
        };
        Instant::now() + sleep
    }

    fn show_figures(&self) {
        let present = DeliveryFigures {
            in_memory: self.scheduler.figures().in_memory,
            in_flight: self.in_flight,
            waiting_to_record: self.store_work.unrecorded(),
            set_aside: self.set_aside,
        };
        self.figures.send_if_modified(|shown| {
            let changed = *shown != present;
            *shown = present;
            changed
        });
    }
}
