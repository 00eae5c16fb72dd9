//! `rendezhook publish`: what happened, from files to a running server.

mod actions;
mod batch;
mod calendar;
mod failure;
mod place;
mod run_id;
mod server;
#[cfg(test)]
mod tests;

use std::error::Error;
use std::io::Cursor;
use std::path::PathBuf;

use super::input::Input;
use super::{Ending, output};
use crate::client::{ApiClient, Connection};
use server::Patient;

/// Publish actions (JSON or NDJSON) or a calendar (iCalendar) to a running server.
///
/// FILE is one action (a JSON object), several (an array), or one action a line (NDJSON); `-` or a pipe is standard input.
/// It is sent as it is. NDJSON of any length is sent in requests of up to 10,000 lines; each is accepted whole or not at
/// all, and repeated by itself when its answer is lost. Whatever was accepted before an interruption is not accepted twice
/// if the same file is published again with the `--run` that the message names.
///
/// With `--ics`, each event of the calendar becomes the new state of a resource, and the server derives what happened:
/// created, confirmed, updated, cancelled. The same calendar again changes nothing. The command ends with 0 when all of the
/// calendar could be read, with 2 when something had to be left out, with 1 when it failed.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Actions in JSON or NDJSON; `-` is standard input.
    #[arg(value_name = "FILE", conflicts_with = "ics")]
    file: Option<PathBuf>,

    /// A calendar in iCalendar (.ics) instead; `-` is standard input.
    #[arg(long, value_name = "FILE")]
    ics: Option<PathBuf>,

    /// Go on with an interrupted run, within 24 hours: what it published is not published again.
    #[arg(long, value_name = "ID", conflicts_with = "ics", value_parser = run_id::parse)]
    run: Option<String>,

    /// Print whole answers of the server, one JSON document a line.
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    connection: Connection,
}

/// Carries the command out.
pub(crate) fn run(arguments: &Arguments) -> Ending {
    let client = ApiClient::for_organization(&arguments.connection)?;
    let server = Patient::new(client);
    let mut print = |text: String| output::line(text);
    if arguments.ics.is_some() {
        let input = Input::open(arguments.ics.as_deref())?;
        return Ok(calendar::publish(&server, input, arguments.json, &mut print)?);
    }
    let input = Input::open(arguments.file.as_deref())?;
    let run = match &arguments.run {
        Some(run) => run.clone(),
        None => run_id::new()?,
    };
    Ok(actions::publish(&server, input, &run, arguments.json, &mut print)?)
}

/// Publishes a calendar that is in memory. `print` gets the server's answer for each event as a line of JSON.
///
/// # Errors
/// When the server cannot be reached or accepts nothing from this key.
pub(crate) fn calendar_in_memory(
    client: &ApiClient,
    calendar: String,
    print: &mut dyn FnMut(String),
) -> Result<(), Box<dyn Error + Send + Sync>> {
    let input = Input { name: "the calendar".to_owned(), reader: Box::new(Cursor::new(calendar)) };
    calendar::publish(client, input, true, print)?;
    Ok(())
}
