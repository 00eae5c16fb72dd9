//! The part that receives: a process of its own, so that its cost is told apart.

use std::error::Error;
use std::io::BufRead;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};

use rendezhook_receive::sink::Sink;
use tokio::sync::mpsc;

use super::arrivals::Arrivals;
use super::protocol::{SinkCommand, answer};
use super::stamp;
use crate::command::Ending;

/// Receives until standard input ends.
pub(in crate::command) fn run() -> Ending {
    let (sender, commands) = mpsc::channel(1);
    let reader = std::thread::spawn(move || read_commands(&sender));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(receive(commands))?;
    if let Ok(read) = reader.join() {
        read?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Standard input can only be read by waiting for it, so it has a thread.
fn read_commands(commands: &mpsc::Sender<SinkCommand>) -> std::io::Result<()> {
    for line in std::io::stdin().lock().lines() {
        if commands.blocking_send(serde_json::from_str(&line?)?).is_err() {
            break;
        }
    }
    Ok(())
}

async fn receive(mut commands: mpsc::Receiver<SinkCommand>) -> Result<(), Box<dyn Error>> {
    let arrivals = Arc::new(Mutex::new(Arrivals::new()?));
    let mut endpoints = 0;
    while let Some(command) = commands.recv().await {
        match command {
            SinkCommand::Listen { addresses } => {
                let mut real = Vec::with_capacity(addresses.len());
                for address in addresses {
                    let (sink, address) = Sink::bind(address).await?;
                    tokio::spawn(serve(sink, endpoints, Arc::clone(&arrivals)));
                    endpoints += 1;
                    real.push(address);
                }
                answer(&real)?;
            }
            SinkCommand::Begin { step } => {
                let mut arrivals = arrivals.lock().unwrap_or_else(PoisonError::into_inner);
                arrivals.begin(step);
                answer(&arrivals.summary())?;
            }
            SinkCommand::Summary => {
                answer(&arrivals.lock().unwrap_or_else(PoisonError::into_inner).summary())?;
            }
        }
    }
    Ok(())
}

/// Receives at one endpoint for as long as the process lives.
async fn serve(sink: Sink, endpoint: usize, arrivals: Arc<Mutex<Arrivals>>) {
    let hook_for_connection = || {
        let arrivals = Arc::clone(&arrivals);
        move |request: rendezhook_receive::sink::SinkRequest<'_>| {
            let now = stamp::now();
            arrivals.lock().unwrap_or_else(PoisonError::into_inner).take(endpoint, request.body, now);
        }
    };
    sink.run(hook_for_connection, std::future::pending()).await;
}
