//! The commands of the binary.

mod bench;
mod demo;
mod input;
mod key;
mod listen;
mod oauth_client;
mod org;
mod output;
mod publish;
mod serve;
mod signing;
mod table;
mod terminal;
mod verify;

use std::error::Error;
use std::process::ExitCode;

/// rendezhook: webhooks for products that schedule things.
///
/// A scheduling product publishes what happened to a booking; rendezhook delivers it to everybody who subscribed:
/// durable, in order per booking, signed, retried over days, visible.
#[derive(Debug, clap::Parser)]
#[command(version, propagate_version = true)]
pub(crate) struct Line {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Run the server.
    Serve(Box<serve::Arguments>),
    /// Make, list and change organizations of a running server.
    #[command(subcommand)]
    Org(org::Command),
    /// Make, list and revoke API keys of an organization.
    #[command(subcommand)]
    Key(key::Command),
    /// Make, list and revoke OAuth clients of an organization, for the doo API.
    #[command(subcommand)]
    OauthClient(oauth_client::Command),
    Publish(publish::Arguments),
    Listen(listen::Arguments),
    Verify(verify::Arguments),
    /// Show the whole way of a booking: server, hooks, receivers and deliveries on a temporary store.
    Demo(demo::Arguments),
    /// Measure speed, cost and memory against the limit of this machine.
    Bench(bench::Arguments),
    /// The receiving part of `bench`.
    #[command(hide = true)]
    BenchSink,
    /// The publishing part of `bench`.
    #[command(hide = true)]
    BenchGenerator,
}

/// How a command ends.
pub(crate) type Ending = Result<ExitCode, Box<dyn Error>>;

impl Command {
    /// Carries it out.
    ///
    /// # Errors
    /// When it fails; the message is for the user.
    pub(crate) fn run(self) -> Ending {
        match self {
            Self::Serve(arguments) => serve::run(*arguments),
            Self::Org(command) => org::run(command),
            Self::Key(command) => key::run(command),
            Self::OauthClient(command) => oauth_client::run(command),
            Self::Publish(arguments) => publish::run(&arguments),
            Self::Listen(arguments) => listen::run(arguments),
            Self::Verify(arguments) => verify::run(&arguments),
            Self::Demo(arguments) => demo::run(arguments),
            Self::Bench(arguments) => bench::run(arguments),
            Self::BenchSink => bench::sink::run(),
            Self::BenchGenerator => bench::generator::run(),
        }
    }
}
