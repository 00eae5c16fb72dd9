//! The crash harness: publish without pause, kill at random moments, start again, check.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

use self::setup::Organization;
use crate::agenda::AgendaFindings;
use crate::backfiller::Backfiller;
use crate::backfills::BackfillFindings;
use crate::books::Books;
use crate::client::{Client, ClientError};
use crate::ledger::{Counts, Findings};
use crate::planner::Planner;
use crate::process::{ProcessError, ServerCommand, ServerProcess};
use crate::publisher::Publisher;
use crate::receiver::{Behaviour, Receiver};
use crate::repetitions::RepetitionFindings;
use crate::replayer::Replayer;

mod calls;
mod listing;
mod setup;

/// The admin key that the harness gives its servers: 50 characters of `[0-9a-z]`.
const ADMIN_KEY: &str = "crash0harness0admin0key000000000000000000000000000";

/// How the receivers of each organization behave; the last two are hooks of the Vyte API.
const BEHAVIOURS: [Behaviour; 6] = [
    Behaviour::Healthy,
    Behaviour::FailsFirst,
    Behaviour::FailsByChance(0.2),
    Behaviour::Late(Duration::from_millis(40)),
    Behaviour::Healthy,
    Behaviour::HangsUpByChance(0.03),
];

/// How the receiver of each organization behaves that gets what is told at a time.
const TOLD_BEHAVIOUR: Behaviour = Behaviour::FailsByChance(0.1);

/// How the receiver of each organization behaves that gets backfills, and what they repeat.
const BACKFILLED_BEHAVIOUR: Behaviour = Behaviour::FailsByChance(0.1);

/// Organizations that publish at the same time.
const ORGANIZATIONS: usize = 3;

/// The time in which receivers have noted everything that a killed server had sent.
const DRAIN: Duration = Duration::from_millis(250);

/// What a run is made of.
#[derive(Debug, Clone)]
pub struct CrashOptions {
    /// The binary under test.
    pub binary: PathBuf,
    /// A directory on a real disk; the run makes one of its own in it.
    pub directory: PathBuf,
    /// How often the server is killed.
    pub cycles: u32,
    /// Publishers at work at the same time.
    pub publishers: u64,
    /// The seed of everything that is left to chance.
    pub seed: u64,
    /// How long what waits may take to arrive after the last kill.
    pub settle: Duration,
}

/// A run could not be carried through.
#[derive(Debug, thiserror::Error)]
pub enum CrashError {
    /// The server process did what it should not.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// A call that prepares or checks the run had no answer.
    #[error("a call of the server had no answer")]
    Client(#[from] ClientError),
    /// A call that prepares or checks the run was refused.
    #[error("the server refused {call}: {answer}")]
    Refused {
        /// Which call.
        call: String,
        /// What it said.
        answer: String,
    },
    /// A receiver could not be started.
    #[error("a receiver cannot be started")]
    Receiver(#[source] std::io::Error),
    /// The run's directory could not be made.
    #[error("the directory of the run cannot be made")]
    Directory(#[source] std::io::Error),
    /// The secret of a subscription is none.
    #[error("the server revealed a secret that is none")]
    Secret,
}

/// How far a run is.
#[derive(Debug, Clone, Copy)]
pub struct Progress {
    /// How often the server has been killed.
    pub cycle: u32,
    /// What was counted so far, over all organizations.
    pub counts: Counts,
    /// What was counted since the kill before.
    pub since: Counts,
    /// How long this cycle took, from the start before to this one.
    pub took: Duration,
}

/// What a run brought.
#[derive(Debug, Default)]
pub struct CrashReport {
    /// What the ledgers say.
    pub findings: Findings,
    /// What the agendas say: timers, and what was published for later.
    pub agenda: AgendaFindings,
    /// What the replays came to.
    pub repetitions: RepetitionFindings,
    /// What the backfills came to.
    pub backfills: BackfillFindings,
    /// Deliveries that the server lists as delivered.
    pub listed_delivered: usize,
    /// Deliveries that the server lists as cancelled.
    pub listed_cancelled: usize,
    /// Deliveries that the server lists in any other state.
    pub listed_otherwise: usize,
    /// Deliveries that have to be listed by the books.
    pub expected_deliveries: usize,
    /// Deliveries of cancelled replays that have to be listed as cancelled.
    pub expected_cancelled: usize,
    /// Where the data of a run that broke an invariant was kept.
    pub kept: Option<PathBuf>,
}

impl CrashReport {
    /// Whether every invariant holds, as far as the books tell.
    #[must_use]
    pub fn invariants_hold(&self) -> bool {
        self.findings.hold() && self.agenda.hold() && self.repetitions.hold() && self.backfills.hold()
    }

    /// Whether every invariant holds and the server's own list agrees with the books.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.invariants_hold()
            && self.listed_delivered == self.expected_deliveries
            && self.listed_cancelled == self.expected_cancelled
            && self.listed_otherwise == 0
    }
}

/// Publishes, kills and starts again as often as asked, lets what waits arrive, and checks.
///
/// `progress` is told after every kill.
///
/// # Errors
/// When the run cannot be carried through; broken invariants are in the report.
pub async fn run(
    options: &CrashOptions,
    mut progress: impl FnMut(&Progress),
) -> Result<CrashReport, CrashError> {
    let directory = tempfile::Builder::new()
        .prefix("crash-")
        .tempdir_in(&options.directory)
        .map_err(CrashError::Directory)?;
    let command = ServerCommand {
        binary: options.binary.clone(),
        data: directory.path().join("data"),
        admin_key: ADMIN_KEY.to_owned(),
        log: directory.path().join("server.log"),
    };
    let mut random = ChaCha8Rng::seed_from_u64(options.seed);
    let mut server = ServerProcess::start(&command).await?;
    let mut tenants = Vec::new();
    for _ in 0..ORGANIZATIONS {
        tenants.push(Tenant::prepare(&server, &mut random).await?);
    }

    let (address_sender, address) = watch::channel(Some(server.address()));
    let (stop_sender, stop) = watch::channel(false);
    let mut publishers = JoinSet::new();
    for (number, tenant) in (0..options.publishers).zip(tenants.iter().cycle()) {
        let publisher = Publisher::new(
            number,
            tenant.organization.publisher_key.clone(),
            Arc::clone(&tenant.books.ledger),
            address.clone(),
            stop.clone(),
            random.random(),
        );
        publishers.spawn(publisher.run());
    }
    for tenant in &tenants {
        let Organization { admin_key, timer, source, .. } = &tenant.organization;
        let (agenda, repetitions) = (Arc::clone(&tenant.books.agenda), Arc::clone(&tenant.books.repetitions));
        let seed = random.random();
        let planner = Planner::new(admin_key, timer.clone(), agenda, address.clone(), stop.clone(), seed);
        publishers.spawn(planner.run());
        let replayer = Replayer::new(admin_key, repetitions, address.clone(), stop.clone(), random.random());
        publishers.spawn(replayer.run());
        let (source, backfills) = (source.clone(), Arc::clone(&tenant.books.backfills));
        let seed = random.random();
        let backfiller = Backfiller::new(admin_key, source, backfills, address.clone(), stop.clone(), seed);
        publishers.spawn(backfiller.run());
    }

    let mut counts_before = Counts::default();
    for cycle in 1..=options.cycles {
        let began = Instant::now();
        tokio::time::sleep(Duration::from_millis(random.random_range(50..1_200))).await;
        address_sender.send_replace(None);
        server.kill().await?;
        // What the dead server still sent is on its way to the receivers: it came before the kill.
        tokio::time::sleep(DRAIN).await;
        tenants.iter().for_each(|tenant| locked(&tenant.books.ledger).killed());
        server = ServerProcess::start(&command).await?;
        address_sender.send_replace(Some(server.address()));
        let counts = tenants.iter().map(|tenant| locked(&tenant.books.ledger).counts()).sum();
        let took = began.elapsed();
        progress(&Progress { cycle, counts, since: counts - counts_before, took });
        counts_before = counts;
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    stop_sender.send_replace(true);
    while publishers.join_next().await.is_some() {}

    let mut report = CrashReport::default();
    let deadline = Instant::now() + options.settle;
    for tenant in &tenants {
        let mut client = Client::new(server.address(), &tenant.organization.admin_key);
        listing::settle(&tenant.books, tenant.receivers.len(), &mut client, deadline).await?;
        let listed = listing::count_listed(&mut client).await?;
        report.listed_delivered += listed.delivered;
        report.listed_cancelled += listed.cancelled;
        report.listed_otherwise += listed.otherwise;
    }
    server.kill().await?;
    for tenant in &tenants {
        let Books { ledger, agenda, repetitions, backfills } = &tenant.books;
        let (ledger, agenda) = (locked(ledger), locked(agenda));
        let (repetitions, backfills) = (locked(repetitions), locked(backfills));
        report.findings.add(ledger.check(tenant.receivers.len()));
        report.agenda.add(agenda.check());
        report.repetitions.add(repetitions.check());
        report.backfills.add(backfills.check());
        report.expected_cancelled += repetitions.expected_cancelled();
        report.expected_deliveries += ledger.expected_deliveries(tenant.receivers.len())
            + agenda.expected_deliveries()
            + repetitions.expected_deliveries()
            + backfills.expected_deliveries();
    }
    if !report.holds() {
        report.kept = Some(directory.keep());
    }
    Ok(report)
}

/// An organization of the run, with what stands around it. Each has books of its own, so that what belongs to another one
/// is uninvited.
struct Tenant {
    books: Books,
    receivers: Vec<Receiver>,
    organization: Organization,
}

impl Tenant {
    async fn prepare(server: &ServerProcess, random: &mut ChaCha8Rng) -> Result<Self, CrashError> {
        let books = Books::default();
        let mut receivers = Vec::new();
        for (number, behaviour) in BEHAVIOURS.into_iter().enumerate() {
            let receiver = Receiver::start(number, behaviour, books.clone(), random.random());
            receivers.push(receiver.await.map_err(CrashError::Receiver)?);
        }
        let told = Receiver::start(BEHAVIOURS.len(), TOLD_BEHAVIOUR, books.clone(), random.random());
        let told = told.await.map_err(CrashError::Receiver)?;
        let number = BEHAVIOURS.len() + 1;
        let backfilled = Receiver::start(number, BACKFILLED_BEHAVIOUR, books.clone(), random.random());
        let backfilled = backfilled.await.map_err(CrashError::Receiver)?;
        let organization = setup::prepare(server, ADMIN_KEY, &receivers, &told, &backfilled).await?;
        Ok(Self { books, receivers, organization })
    }
}

fn locked<T>(book: &Mutex<T>) -> MutexGuard<'_, T> {
    book.lock().unwrap_or_else(PoisonError::into_inner)
}
