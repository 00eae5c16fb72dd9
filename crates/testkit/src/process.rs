//! The real binary as a child process.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

/// The longest a start may take.
const START_DEADLINE: Duration = Duration::from_secs(30);

/// What the server prints before its address.
const ADDRESS_MARK: &str = "listening on http://";

/// The server process did what it should not.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    /// The binary cannot be run.
    #[error("cannot run {0}")]
    Spawn(PathBuf, #[source] std::io::Error),
    /// It ended or closed its output before it was ready.
    #[error("the server ended before it was ready; its last words: {0}")]
    EndedEarly(String),
    /// It was not ready in time.
    #[error("the server was not ready within {} s", START_DEADLINE.as_secs())]
    NotReady,
    /// It could not be killed or waited for.
    #[error("the server process cannot be ended")]
    End(#[source] std::io::Error),
}

/// How to run the server.
#[derive(Debug, Clone)]
pub struct ServerCommand {
    /// The binary.
    pub binary: PathBuf,
    /// Its data directory.
    pub data: PathBuf,
    /// The admin key it is given.
    pub admin_key: String,
    /// Where its log goes.
    pub log: PathBuf,
}

/// A running server. Dropping it kills it.
#[derive(Debug)]
pub struct ServerProcess {
    child: Child,
    address: SocketAddr,
    // Kept open: a server that cannot write its output would be tested for something else.
    _output: Lines<BufReader<ChildStdout>>,
}

impl ServerProcess {
    /// Starts the server on a free port of loopback and waits until it listens.
    ///
    /// # Errors
    /// When it does not come up in time.
    pub async fn start(command: &ServerCommand) -> Result<Self, ProcessError> {
        let log =
            open_log(&command.log).map_err(|source| ProcessError::Spawn(command.log.clone(), source))?;
        let mut child = Command::new(&command.binary)
            .args(["serve", "--dev", "--listen", "127.0.0.1:0", "--exchange-log", "failures", "--data"])
            .arg(&command.data)
            .env("RENDEZHOOK_ADMIN_KEY", &command.admin_key)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .map_err(|source| ProcessError::Spawn(command.binary.clone(), source))?;
        let stdout = child.stdout.take().ok_or_else(|| ProcessError::EndedEarly(String::new()))?;
        let mut output = BufReader::new(stdout).lines();
        let address = timeout(START_DEADLINE, read_address(&mut output, &command.log))
            .await
            .map_err(|_elapsed| ProcessError::NotReady)??;
        Ok(Self { child, address, _output: output })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends it with SIGKILL, at once, and waits for its end.
    ///
    /// # Errors
    /// When the process cannot be signalled or waited for.
    pub async fn kill(mut self) -> Result<(), ProcessError> {
        self.child.kill().await.map_err(ProcessError::End)
    }
}

fn open_log(path: &Path) -> std::io::Result<std::fs::File> {
    std::fs::OpenOptions::new().create(true).append(true).open(path)
}

async fn read_address(
    output: &mut Lines<BufReader<ChildStdout>>,
    log: &Path,
) -> Result<SocketAddr, ProcessError> {
    while let Ok(Some(line)) = output.next_line().await {
        let printed = line.split_once(ADDRESS_MARK).map(|(_, rest)| rest.trim_end_matches('/'));
        if let Some(address) = printed.and_then(|address| address.trim().parse().ok()) {
            return Ok(address);
        }
    }
    let log = std::fs::read_to_string(log).unwrap_or_default();
    let mut last: Vec<&str> = log.lines().rev().take(5).collect();
    last.reverse();
    Err(ProcessError::EndedEarly(last.join("\n")))
}
