//! The crash harness: publish without pause, kill at random moments, start again, check.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::client::{Client, ClientError};
use crate::ledger::{Findings, Ledger};
use crate::process::{ProcessError, ServerCommand, ServerProcess};
use crate::publisher::Publisher;
use crate::receiver::{Behaviour, Receiver};

mod calls;
mod listing;
mod setup;

/// The admin key that the harness gives its servers: 50 characters of `[0-9a-z]`.
const ADMIN_KEY: &str = "crash0harness0admin0key000000000000000000000000000";

/// How the receivers behave; the last two are hooks of the Vyte API.
const BEHAVIOURS: [Behaviour; 6] = [
    Behaviour::Healthy,
    Behaviour::FailsFirst,
    Behaviour::FailsByChance(0.2),
    Behaviour::Late(Duration::from_millis(40)),
    Behaviour::Healthy,
    Behaviour::HangsUpFirst,
];

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

/// What a run brought.
#[derive(Debug)]
pub struct CrashReport {
    /// What the ledger says.
    pub findings: Findings,
    /// Deliveries that the server lists as delivered.
    pub listed_delivered: usize,
    /// Deliveries that the server lists in any other state.
    pub listed_otherwise: usize,
    /// Deliveries that have to be listed by the ledger.
    pub expected_deliveries: usize,
    /// Where the data of a run that broke an invariant was kept.
    pub kept: Option<PathBuf>,
}

impl CrashReport {
    /// Whether every invariant holds and the server's own list agrees with the ledger.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.findings.hold()
            && self.listed_delivered == self.expected_deliveries
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
    mut progress: impl FnMut(u32, &Findings),
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
    let ledger = Arc::new(Mutex::new(Ledger::default()));
    let mut random = ChaCha8Rng::seed_from_u64(options.seed);
    let receivers = start_receivers(&ledger, &mut random).await?;
    let mut server = ServerProcess::start(&command).await?;
    let organization = setup::prepare(&server, ADMIN_KEY, &receivers).await?;

    let (address_sender, address) = watch::channel(Some(server.address()));
    let (stop_sender, stop) = watch::channel(false);
    let mut publishers = JoinSet::new();
    for number in 0..options.publishers {
        let publisher = Publisher::new(
            number,
            organization.publisher_key.clone(),
            Arc::clone(&ledger),
            address.clone(),
            stop.clone(),
            random.random(),
        );
        publishers.spawn(publisher.run());
    }

    for cycle in 1..=options.cycles {
        tokio::time::sleep(Duration::from_millis(random.random_range(50..1_200))).await;
        address_sender.send_replace(None);
        server.kill().await?;
        // What the dead server still sent is on its way to the receivers: it came before the kill.
        tokio::time::sleep(DRAIN).await;
        locked(&ledger).killed();
        server = ServerProcess::start(&command).await?;
        address_sender.send_replace(Some(server.address()));
        progress(cycle, &locked(&ledger).check(receivers.len()));
    }
    tokio::time::sleep(Duration::from_millis(500)).await;
    stop_sender.send_replace(true);
    while publishers.join_next().await.is_some() {}

    let mut client = Client::new(server.address(), &organization.admin_key);
    listing::settle(&ledger, receivers.len(), &mut client, options.settle).await?;
    let (listed_delivered, listed_otherwise) = listing::count_listed(&mut client).await?;
    server.kill().await?;
    let findings = locked(&ledger).check(receivers.len());
    let expected_deliveries = locked(&ledger).expected_deliveries(receivers.len());
    let mut report =
        CrashReport { findings, listed_delivered, listed_otherwise, expected_deliveries, kept: None };
    if !report.holds() {
        report.kept = Some(directory.keep());
    }
    Ok(report)
}

fn locked(ledger: &Mutex<Ledger>) -> MutexGuard<'_, Ledger> {
    ledger.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn start_receivers(
    ledger: &Arc<Mutex<Ledger>>,
    random: &mut ChaCha8Rng,
) -> Result<Vec<Receiver>, CrashError> {
    let mut receivers = Vec::new();
    for (number, behaviour) in BEHAVIOURS.into_iter().enumerate() {
        let receiver = Receiver::start(number, behaviour, Arc::clone(ledger), random.random())
            .await
            .map_err(CrashError::Receiver)?;
        receivers.push(receiver);
    }
    Ok(receivers)
}
