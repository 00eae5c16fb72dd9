//! The server under test: the binary, as a developer starts it.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use crate::process::{self, ProcessError};

/// The admin key of the server.
pub(crate) const ADMIN_KEY: &str = "throwaway0admin0key0000000000000000000000000000000";

/// How long it may take until it listens.
const START: Duration = Duration::from_secs(60);

/// The server does not run.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ServerError {
    /// A file or the process itself.
    #[error("the server cannot be started")]
    Start(#[from] std::io::Error),
    /// It ended or hangs.
    #[error("the server does not listen; {} says why", log.display())]
    Silent {
        /// Where it logs.
        log: PathBuf,
    },
}

/// Builds the server, and gives the program.
///
/// # Errors
/// When it cannot be built.
pub(crate) fn build(target_directory: &Path) -> Result<PathBuf, ProcessError> {
    // With the features that the tests of all crates have, so that nothing is built twice.
    let arguments = ["build", "--workspace", "--all-features", "--bin", "rendezhook"];
    process::run(&mut process::cargo(&arguments))?;
    Ok(target_directory.join("debug").join(format!("rendezhook{}", std::env::consts::EXE_SUFFIX)))
}

/// A running server; dropping it ends it and removes its data.
pub(crate) struct Server {
    child: Child,
    /// Where it listens.
    pub(crate) address: SocketAddr,
    data: PathBuf,
}

impl Server {
    /// Starts it for development on a free port with empty data below `folder`, and waits until it listens.
    ///
    /// # Errors
    /// When it does not listen within a minute.
    pub(crate) fn start(binary: &Path, folder: &Path) -> Result<Self, ServerError> {
        Self::start_with(binary, folder, &[])
    }

    /// As [`Server::start`], with more variables in its environment.
    ///
    /// # Errors
    /// As [`Server::start`].
    pub(crate) fn start_with(
        binary: &Path,
        folder: &Path,
        environment: &[(&str, &OsStr)],
    ) -> Result<Self, ServerError> {
        let data = folder.join("data");
        if data.exists() {
            fs::remove_dir_all(&data)?;
        }
        let log = folder.join("server.log");
        let mut command = process::program(binary);
        command.args(["serve", "--dev", "--listen", "127.0.0.1:0", "--data"]).arg(&data);
        command.env("RENDEZHOOK_ADMIN_KEY", ADMIN_KEY).envs(environment.iter().copied());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(File::create(&log)?);
        let mut child = command.spawn()?;

        let (sender, addresses) = mpsc::channel();
        let output = child.stdout.take();
        // The thread goes on reading, so that the server is never held up by a full pipe, and ends with the server.
        thread::spawn(move || {
            let lines = output.into_iter().flat_map(|output| BufReader::new(output).lines());
            for address in lines.map_while(Result::ok).filter_map(|line| address(&line)) {
                let _nobody_waits = sender.send(address);
            }
        });
        let address = addresses.recv_timeout(START);
        // Made before the answer is looked at, so that a server that says nothing is ended too.
        let mut server = Self { child, address: SocketAddr::from(([127, 0, 0, 1], 0)), data };
        server.address = address.map_err(|_: RecvTimeoutError| ServerError::Silent { log })?;
        Ok(server)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already, and its data may be gone.
        let _ended = self.child.kill();
        let _ended = self.child.wait();
        let _removed = fs::remove_dir_all(&self.data);
    }
}

/// The address in the line that says where the server listens.
fn address(line: &str) -> Option<SocketAddr> {
    let (_, address) = line.trim_end().split_once("listening on http://")?;
    address.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_read_from_the_greeting() {
        let line = "rendezhook 0.1.0 is listening on http://127.0.0.1:18473\n";
        assert_eq!(address(line), Some(SocketAddr::from(([127, 0, 0, 1], 18473))));
        assert_eq!(address("For development only: deliveries may go to http"), None);
    }

    #[test]
    fn a_server_that_ends_is_told_with_its_log() {
        let folder = std::env::temp_dir().join(format!("rendezhook-xtask-server-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let cargo = PathBuf::from(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        let error = Server::start(&cargo, &folder).err().unwrap().to_string();
        fs::remove_dir_all(&folder).unwrap();
        assert!(error.contains("server.log says why"), "{error}");
    }
}
