//! `rendezhook serve`: the server.

use std::process::ExitCode;

use super::{Ending, output};
use crate::settings::Settings;
use crate::start::Application;

/// Run the server.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    settings: Settings,
}

/// Runs the server until SIGTERM or Ctrl-C.
pub(crate) fn run(arguments: Arguments) -> Ending {
    let settings = arguments.settings.with_file()?;
    settings.log.start()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        outlive_file_size_limits();
        let application = Application::start(&settings).await?;
        greet(&application, &settings);
        application.run(stop_signal()).await?;
        Ok(ExitCode::SUCCESS)
    })
}

/// Lets a limit on the size of files be what a full disk is: an error of the write, which is answered and passes. Without a
/// handler the system would end the process.
fn outlive_file_size_limits() {
    use tokio::signal::unix::{SignalKind, signal};
    // The handler stays when what it reports to is gone.
    if let Err(error) = signal(SignalKind::from_raw(libc::SIGXFSZ)) {
        tracing::warn!(%error, "a limit on the size of files will end the server when it is reached");
    }
}

/// Prints what whoever starts the server has to know: once made keys, and the address.
fn greet(application: &Application, settings: &Settings) {
    if let Some(key) = &application.new_admin_key {
        output::line("The server's admin key; it is shown this once:");
        output::line(format!("  {}", key.0.reveal()));
    }
    if let Some(demo) = &application.demo {
        output::line(
            "A demo organization and its key, which may do everything in it; it is shown this once:",
        );
        output::line(format!("  organization {}", demo.id));
        output::line(format!("  key          {}", demo.key.reveal()));
    }
    if settings.listen.is_dev() {
        output::line("For development only: deliveries may go to http and any port on this machine.");
    }
    output::line(format!(
        "rendezhook {} is listening on http://{}",
        env!("CARGO_PKG_VERSION"),
        application.address()
    ));
}

/// Ready on SIGTERM or Ctrl-C.
pub(super) async fn stop_signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let interrupted = tokio::signal::ctrl_c();
    match signal(SignalKind::terminate()) {
        Ok(mut terminated) => {
            tokio::select! {
                _ = interrupted => {}
                _ = terminated.recv() => {}
            }
        }
        Err(error) => {
            tracing::warn!(%error, "SIGTERM cannot be watched for; stop the server with Ctrl-C");
            let _interrupted = interrupted.await;
        }
    }
    tracing::info!("stopping: no new requests and no new attempts; what is under way may finish");
}
