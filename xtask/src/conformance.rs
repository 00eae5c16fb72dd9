//! The requests and examples of the documents whose APIs the server speaks, sent to the real server over real sockets.
//!
//! What is sent and what has to come back is written down in `conformance/`, as text that Hurl runs.

mod hurl;
mod receiver;

use std::error::Error;
use std::fs;
use std::path::Path;

use serde::Deserialize;

use crate::process;
use crate::server::{self, Server};
use crate::workspace;
use receiver::Receiver;

/// The groups of files, each a folder of `conformance/`.
const GROUPS: [&str; 5] = ["vyte-v1", "vyte-v2", "doo", "simplymeet", "native"];

/// A request may take this long, in seconds. The machine may be busy with other things.
const REQUEST_SECONDS: &str = "60";

/// What Hurl says of a file it ran.
#[derive(Debug, Deserialize)]
struct Report {
    entries: Vec<Entry>,
}

/// A request of the file.
#[derive(Debug, Deserialize)]
struct Entry {
    captures: Vec<Capture>,
}

/// A value that was taken out of an answer.
#[derive(Debug, Deserialize)]
struct Capture {
    name: String,
    value: serde_json::Value,
}

/// Builds the server, starts it with a data directory of its own, and runs every file against it.
///
/// Where the runner cannot be had a line says so, and nothing is run; where `CI` is set that is a failure.
///
/// # Errors
/// When an answer is not as the documents say, or the server cannot be built or started.
pub(crate) fn run() -> Result<(), Box<dyn Error>> {
    let target = workspace::metadata()?.target_directory;
    let folder = target.join("conformance");
    fs::create_dir_all(&folder)?;
    let hurl = match hurl::prepare(&folder) {
        Ok(hurl) => hurl,
        Err(missing) if std::env::var_os("CI").is_some() => return Err(missing.into()),
        Err(missing) => {
            process::say(format!("conformance: SKIPPED: {missing}"));
            return Ok(());
        }
    };
    let binary = server::build(&target)?;

    let server = Server::start(&binary, &folder)?;
    let receiver = Receiver::start()?;
    let variables = folder.join("variables");
    let own = format!(
        "host=http://{}\nreceiver=http://{}\nadmin_key={}\n",
        server.address,
        receiver.address,
        server::ADMIN_KEY
    );
    fs::write(&variables, &own)?;
    let prepared = prepare(&hurl, &variables)?;
    fs::write(&variables, own + &prepared)?;
    run_all(&hurl, &variables)
}

/// Runs the file that makes organizations and keys, and gives what it captured as lines of a file of variables.
fn prepare(hurl: &Path, variables: &Path) -> Result<String, Box<dyn Error>> {
    let mut command = process::program(hurl);
    command.args(["--json", "--no-proxy", "127.0.0.1", "--max-time", REQUEST_SECONDS, "--variables-file"]);
    command.arg(variables).arg("conformance/preparation.hurl");
    let report: Report = serde_json::from_slice(&process::output(&mut command)?)?;
    let captures = report.entries.iter().flat_map(|entry| &entry.captures);
    Ok(captures.map(line).collect())
}

/// A line of a file of variables. A text stands there without quotation marks.
fn line(capture: &Capture) -> String {
    let value = capture.value.as_str().map_or_else(|| capture.value.to_string(), str::to_owned);
    format!("{}={value}\n", capture.name)
}

fn run_all(hurl: &Path, variables: &Path) -> Result<(), Box<dyn Error>> {
    let mut command = process::program(hurl);
    // One file after the other: what a file sees of the server does not depend on how busy it is with the others.
    command.args(["--test", "--jobs", "1"]);
    command.args(["--no-proxy", "127.0.0.1", "--max-time", REQUEST_SECONDS, "--variables-file"]);
    command.arg(variables);
    command.args(GROUPS.map(|group| format!("conformance/{group}")));
    Ok(process::run(&mut command)?)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn names(folder: &Path) -> BTreeSet<String> {
        let entries = fs::read_dir(folder).unwrap().map(Result::unwrap);
        entries.map(|entry| entry.file_name().into_string().unwrap()).collect()
    }

    #[test]
    fn every_folder_is_run() {
        let folder = workspace::root().join("conformance");
        let folders: BTreeSet<String> =
            names(&folder).into_iter().filter(|name| folder.join(name).is_dir()).collect();
        assert_eq!(folders, GROUPS.map(str::to_owned).into());
    }

    #[test]
    fn every_file_says_which_section_it_is_from() {
        for group in GROUPS {
            let folder = workspace::root().join("conformance").join(group);
            for name in names(&folder) {
                let text = fs::read_to_string(folder.join(&name)).unwrap();
                assert!(name.ends_with(".hurl") && text.starts_with("# "), "{group}/{name}");
            }
        }
    }

    #[test]
    fn captures_become_lines_of_variables() {
        let report = r#"{"entries": [{"captures": []}, {"captures": [
            {"name": "key", "value": "2lnp"}, {"name": "team_id", "value": 7}
        ]}]}"#;
        let report: Report = serde_json::from_str(report).unwrap();
        let lines: Vec<String> = report.entries.iter().flat_map(|entry| &entry.captures).map(line).collect();
        assert_eq!(lines, ["key=2lnp\n", "team_id=7\n"]);
    }
}
