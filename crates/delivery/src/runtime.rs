//! Drives the scheduler with a store, a feed and an egress.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rendezhook_store::Store;
use rendezhook_store::complaint::Complaint;
use rendezhook_store::feed::{Announcement, FeedReceiver};
use rendezhook_store::health::KeptHealth;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinError;
use tokio::time::{Instant, sleep, timeout_at};

use self::attempt::Surroundings;
use self::breakers::Breakers;
use self::certificates::Certificates;
use self::driver::{Driver, Shown, Sources};
use self::handshake::Handshakes;
use self::in_flight::{InFlightNotes, Suspect};
use self::preparation::Preparation;
use self::suspects::Trials;
use self::time::SteadyTime;
use crate::clock::{Clock, ClockGuard};
use crate::means::Means;
use crate::options::DeliveryOptions;

mod attempt;
mod breakers;
mod carried;
mod certificates;
mod directory;
mod driver;
mod echo;
mod exchange;
mod handle;
mod handshake;
mod in_flight;
mod notices;
mod outbox;
mod preparation;
mod recorder;
mod store_work;
mod suspects;
mod time;
mod waiters;

pub use self::handle::{DeliveryFigures, DeliveryHandle};

/// How many callers may ask at once to be told of a delivery; further ones look into the store.
const WATCHES_IN_QUEUE: usize = 256;
/// How many callers may ask for health at once; further ones look into the store.
const QUESTIONS_IN_QUEUE: usize = 64;
/// How many subscriptions' health is read or written at once.
const HEALTH_AT_ONCE: usize = 1_000;
/// The wait between two tries to read what is pending, at the start.
const START_RETRY: Duration = Duration::from_secs(1);
/// What an attempt has beyond its deadline when the server stops.
const STOP_MARGIN: Duration = Duration::from_secs(1);
/// How long a stop waits, after the last attempt, for outcomes to become durable.
const RECORD_PATIENCE: Duration = Duration::from_secs(5);

/// The delivery side of a server: makes the attempts of all deliveries and records how they ended.
///
/// It is made at the start, handed its own task with [`Delivery::run`], and spoken to through its [`DeliveryHandle`].
pub struct Delivery {
    options: DeliveryOptions,
    store: Arc<dyn Store>,
    feed: FeedReceiver,
    preparation: Arc<Preparation>,
    certificates: Arc<Certificates>,
    clock: Arc<dyn Clock>,
    clock_guard: Arc<ClockGuard>,
    watches: mpsc::Receiver<handle::Watch>,
    questions: mpsc::Receiver<handle::HealthQuestion>,
    figures: watch::Sender<DeliveryFigures>,
    breakers: Breakers,
}

/// The delivery side ended otherwise than by a stop with everything recorded. Nothing is lost: what is not recorded is
/// pending in the store and taken up at the next start.
#[derive(Debug, thiserror::Error)]
pub enum DeliveryError {
    /// A task that works with the store ended abnormally.
    #[error(
        "a task that works with the store ended abnormally; restart the server, and report the panic in its log"
    )]
    StoreTask(#[source] JoinError),
    /// The store could not be written before the stop had to end.
    #[error(
        "the outcomes of {0} attempts could not be recorded before the stop; they are made again after the next start"
    )]
    Unrecorded(usize),
}

impl Delivery {
    /// Puts the delivery side together. Nothing happens before [`Delivery::run`].
    ///
    /// `feed` is the feed of `store`; `clock` gives the time by which deliveries are due and signed.
    #[must_use]
    pub fn new(
        options: DeliveryOptions,
        store: Arc<dyn Store>,
        feed: FeedReceiver,
        means: Means,
        clock: Arc<dyn Clock>,
    ) -> (Self, DeliveryHandle) {
        let (watch_sender, watches) = mpsc::channel(WATCHES_IN_QUEUE);
        let (question_sender, questions) = mpsc::channel(QUESTIONS_IN_QUEUE);
        let (figures, figures_receiver) = watch::channel(DeliveryFigures::default());
        let preparation = Arc::new(Preparation::new(means));
        let certificates = Arc::new(Certificates::new(Arc::clone(&store)));
        let handshakes =
            Handshakes::new(Arc::clone(&preparation), Arc::clone(&clock), options.attempt_deadline);
        let clock_guard = Arc::new(ClockGuard::new(Arc::clone(&clock)));
        let breakers = Breakers::default();
        let handle = DeliveryHandle {
            store: Arc::clone(&store),
            watches: watch_sender,
            questions: question_sender,
            health: options.health.clone(),
            figures: figures_receiver,
            clock_guard: Arc::clone(&clock_guard),
            handshakes: Arc::new(handshakes),
            breakers: breakers.clone(),
            certificates: Arc::clone(&certificates),
        };
        let delivery = Self {
            options,
            store,
            feed,
            preparation,
            certificates,
            clock,
            clock_guard,
            watches,
            questions,
            figures,
            breakers,
        };
        (delivery, handle)
    }

    /// Delivers until `shutdown` is ready; then no new attempt starts, those under way end within their deadline and a
    /// second, and their outcomes are made durable.
    ///
    /// # Errors
    /// [`DeliveryError`] says what could not be done. Deliveries stay pending in the store in any case.
    pub async fn run(self, shutdown: impl Future<Output = ()> + Send) -> Result<(), DeliveryError> {
        let attempt_deadline = self.options.attempt_deadline;
        let (ended_sender, mut ended) = mpsc::unbounded_channel();
        let surroundings = Arc::new(Surroundings {
            preparation: self.preparation,
            clock: self.clock,
            deadline: attempt_deadline,
            exchange_log: self.options.exchange_log,
            ended: ended_sender,
        });
        self.certificates.load(surroundings.now()).await;
        let mut shutdown = std::pin::pin!(shutdown);
        let mut notes = None;
        let mut set_aside = 0;
        if let Some((opened, suspects)) = open_notes(self.options.in_flight_file.as_deref()) {
            let opened = notes.insert(opened);
            let mut trials = Trials {
                options: &self.options,
                store: &self.store,
                surroundings: &surroundings,
                ended: &mut ended,
                notes: opened,
            };
            tokio::select! {
                () = &mut shutdown => {
                    opened.close();
                    return Ok(());
                }
                count = trials.run(suspects) => set_aside = count,
            }
        }

        let sources = Sources { feed: self.feed, ended, watches: self.watches, questions: self.questions };
        let time = SteadyTime::new(Arc::clone(&surroundings.clock), self.clock_guard);
        let shown = Shown { figures: self.figures, breakers: self.breakers, certificates: self.certificates };
        let mut driver =
            Driver::new(&self.options, Arc::clone(&self.store), surroundings, sources, time, shown);
        if let Some(notes) = notes {
            driver.note_in_flight_in(notes, set_aside);
        }

        let (announcements, health) = tokio::select! {
            () = &mut shutdown => return Ok(()),
            read = async {
                (receivers_with_pending(self.store.as_ref()).await, kept_health(self.store.as_ref()).await)
            } => read,
        };
        driver.restore_health(&health);
        tracing::info!(
            receivers = announcements.len(),
            "delivering; receivers with waiting deliveries are taken up"
        );
        driver.announce(announcements);
        driver.turn().map_err(DeliveryError::StoreTask)?;
        loop {
            tokio::select! {
                // A stop that has been asked for comes before anything that would start another attempt.
                biased;
                () = &mut shutdown => break,
                waited = driver.wait() => waited.map_err(DeliveryError::StoreTask)?,
            }
            driver.turn().map_err(DeliveryError::StoreTask)?;
        }
        let stopped = stop(&mut driver, self.store.as_ref(), attempt_deadline).await;
        driver.close_notes();
        stopped
    }
}

/// Opens the file of what is in flight. Without it deliveries are made all the same.
fn open_notes(path: Option<&Path>) -> Option<(InFlightNotes, Vec<Suspect>)> {
    let path = path?;
    match InFlightNotes::open(path) {
        Ok(opened) => Some(opened),
        Err(error) => {
            tracing::warn!(%error, path = %path.display(), "attempts under way cannot be noted");
            None
        }
    }
}

/// Asks until the store answers: without this list nothing may be delivered, or new deliveries would pass old ones.
async fn receivers_with_pending(store: &dyn Store) -> Vec<Announcement> {
    let mut complaint = Complaint::default();
    loop {
        match store.receivers_with_pending().await {
            Ok(announcements) => return announcements,
            Err(error) => complaint.warn(&error, "waiting deliveries cannot be found"),
        }
        sleep(START_RETRY).await;
    }
}

/// Asks until the store answers: without what was noticed before, it would be noticed again.
async fn kept_health(store: &dyn Store) -> Vec<KeptHealth> {
    let mut complaint = Complaint::default();
    let mut health: Vec<KeptHealth> = Vec::new();
    loop {
        let after = health.last().map(|last| last.subscription);
        match store.kept_health(after, HEALTH_AT_ONCE).await {
            Ok(page) if page.is_empty() => return health,
            Ok(page) => health.extend(page),
            Err(error) => {
                complaint.warn(&error, "how subscriptions do cannot be read");
                sleep(START_RETRY).await;
            }
        }
    }
}

/// Keeps what is not kept yet of how subscriptions do, as far as there is time. They are numbers of half a minute.
async fn keep_health(driver: &mut Driver, store: &dyn Store) {
    let end = Instant::now() + RECORD_PATIENCE;
    loop {
        let health = driver.unkept_health(HEALTH_AT_ONCE);
        if health.is_empty() {
            return;
        }
        match timeout_at(end, store.keep_health(health)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "how subscriptions did last is not kept"
                );
                return;
            }
            Err(_) => return,
        }
    }
}

/// Lets attempts under way end and makes their outcomes durable, both within a bounded time.
async fn stop(
    driver: &mut Driver,
    store: &dyn Store,
    attempt_deadline: Duration,
) -> Result<(), DeliveryError> {
    tracing::info!(attempts = driver.in_flight(), "no new attempts; waiting for those under way");
    driver.stop();
    driver.turn().map_err(DeliveryError::StoreTask)?;

    let attempts_until = Instant::now() + attempt_deadline + STOP_MARGIN;
    drive_until(driver, attempts_until, |driver| driver.in_flight() == 0).await?;
    if driver.in_flight() > 0 {
        tracing::warn!(
            attempts = driver.in_flight(),
            "attempts did not end within their deadline; they are made again after the next start"
        );
    }

    let records_until = Instant::now() + RECORD_PATIENCE;
    drive_until(driver, records_until, |driver| driver.unrecorded() == 0).await?;
    keep_health(driver, store).await;
    match driver.unrecorded() {
        0 => Ok(()),
        count => Err(DeliveryError::Unrecorded(count)),
    }
}

/// Drives on until a condition holds or the time is over.
async fn drive_until(
    driver: &mut Driver,
    end: Instant,
    is_done: impl Fn(&Driver) -> bool,
) -> Result<(), DeliveryError> {
    while !is_done(driver) {
        match timeout_at(end, driver.wait()).await {
            Ok(waited) => waited.map_err(DeliveryError::StoreTask)?,
            Err(_) => return Ok(()),
        }
        driver.turn().map_err(DeliveryError::StoreTask)?;
    }
    Ok(())
}
