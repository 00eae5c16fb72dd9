//! The processes a measurement consists of. None outlives its handle.

use std::fs::File;
use std::io;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

/// How long a process may take to end after it was told to.
const END_TIMEOUT: Duration = Duration::from_secs(10);

/// A part of the measurement failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum PartError {
    /// It cannot be started.
    #[error("the {name} cannot be started")]
    Start {
        name: &'static str,
        #[source]
        source: io::Error,
    },
    /// It has ended, or says something that cannot be understood.
    #[error("the {name} has failed; what it said last is above")]
    Failed {
        name: &'static str,
        #[source]
        source: io::Error,
    },
    /// It does not answer.
    #[error("the {name} has not answered for {seconds} s")]
    Silent { name: &'static str, seconds: u64 },
}

/// This very binary, also when the file was replaced in the meantime (`man 5 proc_pid_exe`).
fn this_program() -> Command {
    let mut command = Command::new("/proc/self/exe");
    command.arg0("rendezhook").kill_on_drop(true);
    command
}

/// A process that is asked over its standard input and ends with it.
pub(super) struct Part {
    name: &'static str,
    process: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
}

impl Part {
    /// Starts this binary with a command of its own.
    pub(super) fn start(name: &'static str, command: &str) -> Result<Self, PartError> {
        let failed = |source| PartError::Start { name, source };
        let mut process = this_program()
            .arg(command)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(failed)?;
        let missing = || failed(io::Error::other("it has no standard input or output"));
        let input = process.stdin.take().ok_or_else(missing)?;
        let output = process.stdout.take().ok_or_else(missing)?;
        Ok(Self { name, process, input, output: BufReader::new(output).lines() })
    }

    /// Says something and waits for the answer.
    pub(super) async fn ask<Answer: DeserializeOwned>(
        &mut self,
        question: &impl Serialize,
        deadline: Duration,
    ) -> Result<Answer, PartError> {
        let name = self.name;
        match timeout(deadline, self.exchange(question)).await {
            Ok(answer) => answer.map_err(|source| PartError::Failed { name, source }),
            Err(_elapsed) => Err(PartError::Silent { name, seconds: deadline.as_secs() }),
        }
    }

    async fn exchange<Answer: DeserializeOwned>(&mut self, question: &impl Serialize) -> io::Result<Answer> {
        let mut line = serde_json::to_vec(question)?;
        line.push(b'\n');
        self.input.write_all(&line).await?;
        let answer = self.output.next_line().await?.ok_or(io::ErrorKind::UnexpectedEof)?;
        Ok(serde_json::from_str(&answer)?)
    }

    /// The process, for `/proc`.
    pub(super) fn id(&self) -> u32 {
        self.process.id().unwrap_or_default()
    }

    /// Lets it end by itself, and ends it if it does not.
    pub(super) async fn stop(self) {
        let Self { mut process, input, .. } = self;
        drop(input);
        if timeout(END_TIMEOUT, process.wait()).await.is_err() {
            end(process).await;
        }
    }
}

/// A process that runs until it is ended.
pub(super) struct Service {
    process: Child,
    /// Kept open, since a closed one would be noticed by the process.
    output: Lines<BufReader<ChildStdout>>,
}

impl Service {
    /// Starts this binary as an operator would, with its log in a file.
    pub(super) fn start(
        name: &'static str,
        arguments: &[&str],
        environment: (&str, &str),
        log: &Path,
    ) -> Result<Self, PartError> {
        let failed = |source| PartError::Start { name, source };
        let log = File::create(log).map_err(failed)?;
        let mut process = this_program()
            .args(arguments)
            .env(environment.0, environment.1)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .map_err(failed)?;
        let missing = || failed(io::Error::other("it has no standard output"));
        let output = process.stdout.take().ok_or_else(missing)?;
        Ok(Self { process, output: BufReader::new(output).lines() })
    }

    /// Waits for the line that ends like this and gives its last word. `None` if there is none in this time.
    pub(super) async fn announced(&mut self, before_last_word: &str, deadline: Duration) -> Option<String> {
        let search = async {
            while let Ok(Some(line)) = self.output.next_line().await {
                if let Some((_, word)) = line.split_once(before_last_word) {
                    return Some(word.to_owned());
                }
            }
            None
        };
        timeout(deadline, search).await.ok().flatten()
    }

    /// The process, for `/proc`.
    pub(super) fn id(&self) -> u32 {
        self.process.id().unwrap_or_default()
    }

    /// Ends it and waits until it is gone.
    pub(super) async fn end(self) {
        end(self.process).await;
    }
}

/// Ends a process by its id and waits until it is gone.
async fn end(mut process: Child) {
    // It fails only if the process has ended already; dropping it tries once more.
    let _ = timeout(END_TIMEOUT, process.kill()).await;
}
