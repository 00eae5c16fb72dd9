//! `rendezhook demo`: the whole way of a booking, on a temporary store.
//!
//! Nothing is staged: the server is the one `serve` runs, hooks and bookings go through its APIs over HTTP, receivers keep
//! their own ledger, and the command fails when that ledger lacks a delivery.

mod api;
mod bodies;
mod deliveries;
mod derived;
mod failure;
mod hooks;
mod ledger;
mod live;
mod receivers;
mod tour;
mod watch;
mod week;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::ExitCode;

use tokio::sync::oneshot;

use self::api::Api;
use self::deliveries::{Delivery, Names};
use self::derived::Derived;
use self::failure::DemoError;
use self::hooks::Hook;
use self::ledger::{Ledger, Verdict};
use self::receivers::Receivers;
use self::tour::Tour;
use super::terminal::{Terminal, Tone};
use super::{Ending, output, publish, serve};
use crate::settings::{DeliverySettings, ListenSettings, Settings};
use crate::start::Application;

/// Retries of hooks that say nothing else, in seconds: hours would be long to watch.
const RETRY_SCHEDULE: [u64; 4] = [1, 1, 2, 5];

/// Show the whole way of a booking: server, hooks, receivers and deliveries on a temporary store.
///
/// Afterwards the server stays up with commands to try, until Ctrl-C. Nothing is left behind.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// End after the deliveries: with 0 when none was lost, else with 1.
    #[arg(long)]
    exit: bool,

    /// The port of the server on 127.0.0.1; 0 takes a free one.
    #[arg(long, default_value_t = 0)]
    port: u16,
}

/// Carries the command out.
pub(crate) fn run(arguments: Arguments) -> Ending {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(show(arguments))
}

async fn show(arguments: Arguments) -> Ending {
    let directory = tempfile::Builder::new().prefix("rendezhook-demo-").tempdir()?;
    let application = Application::start(&settings(directory.path(), arguments.port)).await?;
    let address = application.address();
    let demo = application.demo.as_ref().ok_or(DemoError::NoOrganization)?;
    let (organization, key) = (demo.id.to_string(), demo.key.reveal().to_owned());
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = tokio::spawn(application.run(async {
        let _stopped = stopped.await;
    }));

    let ending = tokio::select! {
        ending = guide(address, &organization, &key, arguments.exit) => ending.map_err(Into::into),
        () = serve::stop_signal() => Ok(if arguments.exit { ExitCode::FAILURE } else { ExitCode::SUCCESS }),
    };
    // Whether it still listens or has ended by itself, it is waited for.
    let _listens = stop.send(());
    serving.await??;
    directory.close()?;
    ending
}

fn settings(directory: &Path, port: u16) -> Settings {
    Settings {
        listen: ListenSettings {
            listen: Some(SocketAddr::from((Ipv4Addr::LOCALHOST, port))),
            data: Some(directory.join("data")),
            dev: Some(true),
            ..ListenSettings::default()
        },
        delivery: DeliverySettings {
            retry_schedule: Some(RETRY_SCHEDULE.to_vec()),
            ..DeliverySettings::default()
        },
        ..Settings::default()
    }
}

/// The demo itself, beside a running server.
async fn guide(
    address: SocketAddr,
    organization: &str,
    key: &str,
    exit: bool,
) -> Result<ExitCode, DemoError> {
    let terminal = Terminal::of_standard_output();
    let heading = |text: &str| output::line(terminal.paint(Tone::Strong, text));
    heading(&format!("rendezhook {}: the whole way of a booking", env!("CARGO_PKG_VERSION")));
    output::line(format!("A server at http://{address} with a temporary store, and five receivers."));
    output::line("");

    let api = Api::new(address, key, organization)?;
    let mut receivers = Receivers::start().await?;
    let mut ledger = Ledger::default();
    let mut hooks = Vec::new();
    heading("1. Five customers subscribe, each through the API it knows");
    for receiver in receivers.list.clone() {
        let hook = hooks::make(&api, receiver).await?;
        ledger.expect(receiver.role.name, hook.verifiers.clone());
        output::line(subscribed(&hook));
        hooks.push(hook);
    }
    output::line("");

    heading("2. A clinic publishes its week from an iCalendar file");
    let first = publish_calendar(&api, week::week()).await?;
    heading("   and once more, with one visit moved: only that is news");
    let second = publish_calendar(&api, week::week_with_a_visit_moved()).await?;
    let matched = first.deliveries + second.deliveries;
    output::line("");

    heading("3. Everybody gets what they asked for; \"reminders\" fails twice on each, then recovers");
    let names = Names::new(week::titles(), &hooks);
    let deliveries =
        watch::until_ended(matched, &api, &names, &mut receivers.calls, &mut ledger, terminal).await?;
    output::line("");
    heading("4. One of these bookings, the moved one, as each of them got it last");
    bodies::show(week::MOVED_VISIT, &hooks, &deliveries, &ledger, terminal);
    output::line("");
    let verdict = ledger.verdict(matched);
    conclude(verdict, terminal);
    let code = if verdict.is_good() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    if exit {
        return Ok(code);
    }
    invite(address, key, &hooks, &deliveries, terminal);
    stay(&mut receivers, terminal).await;
    Ok(code)
}

fn subscribed(hook: &Hook) -> String {
    let role = hook.receiver.role;
    let actions = role.actions.join(", ");
    format!("   {:<12}  {:<14}  {actions}", role.name, role.surface.name())
}

/// Publishes a calendar as `rendezhook publish --ics` does, and says what the server derived.
async fn publish_calendar(api: &Api, calendar: String) -> Result<Derived, DemoError> {
    let client = api.client();
    let answers = tokio::task::spawn_blocking(move || {
        let mut answers = Vec::new();
        let ending = publish::calendar_in_memory(client.as_ref(), calendar, &mut |line| answers.push(line));
        ending.map(|()| answers).map_err(|error| DemoError::Calendar(error.to_string()))
    });
    let derived = Derived::read(&answers.await??)
        .map_err(|source| DemoError::Answer { call: "PUT /api/v1/resources".to_owned(), source })?;
    output::line(format!("   {derived}"));
    Ok(derived)
}

fn conclude(verdict: Verdict, terminal: Terminal) {
    let Verdict { delivered, attempts, lost, unverified } = verdict;
    let tone = if verdict.is_good() { Tone::Good } else { Tone::Bad };
    let summary = format!("{delivered} deliveries delivered, {attempts} attempts, {lost} lost");
    output::line(terminal.paint(tone, &summary));
    output::line(if unverified == 0 {
        "Every signature verified.".to_owned()
    } else {
        terminal.paint(Tone::Bad, &format!("{unverified} signatures did not verify."))
    });
}

fn invite(address: SocketAddr, key: &str, hooks: &[Hook], deliveries: &[Delivery], terminal: Terminal) {
    output::line("");
    output::line(
        terminal.paint(Tone::Strong, &format!("The server stays at http://{address} until Ctrl-C. Try:")),
    );
    let target_url =
        hooks.first().map(|hook| hooks::target_url(hook.receiver.address, hook.receiver.role.name));
    let failed = deliveries.iter().find(|delivery| delivery.attempts > 1);
    let tour = Tour {
        server: address,
        key,
        target_url: target_url.as_deref().unwrap_or_default(),
        failed_delivery: failed.map(|delivery| delivery.id.as_str()),
    };
    for (title, command) in tour.commands() {
        if !title.is_empty() {
            output::line("");
            output::line(terminal.paint(Tone::Quiet, &format!("# {title}")));
        }
        output::line(command);
    }
    output::line("");
}

/// Shows what arrives from now on.
async fn stay(receivers: &mut Receivers, terminal: Terminal) {
    while let Some((receiver, call)) = receivers.calls.recv().await {
        let line = format!("{receiver} was called, and answered {}", call.answer);
        output::line(terminal.paint(Tone::Quiet, &line));
    }
}
