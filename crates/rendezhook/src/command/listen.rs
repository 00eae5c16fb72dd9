//! `rendezhook listen`: a receiver for developers.

mod display;

use std::net::SocketAddr;
use std::process::ExitCode;

use clap::ColorChoice;
use rendezhook_receive::listener::{AnswerScript, Call, Listener, ListenerOptions, ScriptScope};
use rendezhook_receive::signature::Verifier;
use tokio::sync::{mpsc, oneshot};

use super::signing::Signing;
use super::{Ending, output};
use display::Display;

/// How many calls may wait to be printed.
const WAITING_CALLS: usize = 1_024;

/// Receive webhooks and print them, for developers.
///
/// Every call is printed with its headers and body, is verified if a secret is given, and is answered as told. Point a
/// subscription at the address (a server started with `--dev` delivers to http on this machine). Ctrl-C ends it.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Address and port to listen on; port 0 takes a free one.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:4000")]
    address: SocketAddr,

    #[command(flatten)]
    signing: Signing,

    /// What to answer: statuses separated by commas, the last one for ever.
    ///
    /// Each answer is `STATUS[:DELAY][@SECONDS]`: a status from 200 to 599, how long to wait before it (`250ms`, `1.5s`, at
    /// most `10m`), and a Retry-After header in whole seconds.
    ///
    ///   500,500,200             fails twice, then accepts
    ///   200:1.5s                accepts after a second and a half
    ///   429@30,503:250ms@5,200  asks for patience twice, then accepts
    #[arg(long, value_name = "ANSWERS", default_value = "200", verbatim_doc_comment)]
    answer: AnswerScript,

    /// Begin the answers anew for each message (by its webhook-id), so that `500,200` fails every first attempt.
    #[arg(long)]
    answer_per_id: bool,

    /// Print each call as one line of JSON, which `rendezhook verify` reads.
    #[arg(long)]
    json: bool,

    /// Whether to use colours.
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    color: ColorChoice,

    /// End after this many calls, for scripts. An answer that is still held back then is given five seconds.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    max: Option<u64>,
}

/// Carries the command out.
pub(crate) fn run(arguments: Arguments) -> Ending {
    // Two threads, so that a terminal that is slow to print does not hold up answers.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(listen(arguments))
}

async fn listen(arguments: Arguments) -> Ending {
    let mut options = ListenerOptions::new(arguments.address);
    if let Some((style, secret)) = arguments.signing.chosen() {
        options.verifier = Some(Verifier::new(style, secret)?);
    }
    options.script = arguments.answer;
    options.scope = if arguments.answer_per_id { ScriptScope::Message } else { ScriptScope::Server };

    let (sender, mut calls) = mpsc::channel(WAITING_CALLS);
    let (listener, address) = Listener::bind(options, sender).await?;
    output::note(format!("listening at http://{address} (Ctrl-C ends)"));
    // Dropping `stop` tells the listener to end.
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = tokio::spawn(listener.run(async {
        let _dropped = stopped.await;
    }));

    let display = Display::new(arguments.json, arguments.color, arguments.signing);
    let maximum = arguments.max.unwrap_or(u64::MAX);
    let printed = print_calls(&mut calls, maximum, &display).await;
    drop(stop);
    tokio::select! {
        ended = serving => ended?,
        // Who asks a second time does not want to wait for answers that are held back.
        _ = tokio::signal::ctrl_c() => {}
    }
    for _ in printed..maximum {
        let Ok(call) = calls.try_recv() else { break };
        display.print(&call);
    }
    Ok(ExitCode::SUCCESS)
}

/// Prints calls until there are enough or Ctrl-C is pressed, and says how many were printed.
async fn print_calls(calls: &mut mpsc::Receiver<Call>, maximum: u64, display: &Display) -> u64 {
    let mut printed = 0;
    while printed < maximum {
        let call = tokio::select! {
            call = calls.recv() => call,
            _ = tokio::signal::ctrl_c() => None,
        };
        let Some(call) = call else { break };
        display.print(&call);
        printed += 1;
    }
    printed
}
