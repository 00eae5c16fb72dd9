//! The part that receives: a process of its own, so that its cost is told apart.

use std::collections::HashMap;
use std::error::Error;
use std::io::BufRead;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rendezhook_receive::sink::{Reaction, Sink, SinkRequest};
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
    // Of every endpoint, whether it hangs.
    let mut endpoints: HashMap<SocketAddr, Arc<AtomicBool>> = HashMap::new();
    while let Some(command) = commands.recv().await {
        match command {
            SinkCommand::Listen { addresses } => {
                let mut real = Vec::with_capacity(addresses.len());
                for address in addresses {
                    let (sink, address) = Sink::bind(address).await?;
                    let hangs = Arc::new(AtomicBool::new(false));
                    tokio::spawn(serve(sink, endpoints.len(), Arc::clone(&hangs), Arc::clone(&arrivals)));
                    endpoints.insert(address, hangs);
                    real.push(address);
                }
                answer(&real)?;
            }
            SinkCommand::Hang { addresses, hang } => {
                let known = addresses.iter().filter_map(|address| endpoints.get(address));
                answer(&known.inspect(|hangs| hangs.store(hang, Ordering::Relaxed)).count())?;
            }
            SinkCommand::Begin { step } => {
                let mut arrivals = arrivals.lock().unwrap_or_else(PoisonError::into_inner);
                arrivals.begin(step);
                answer(&arrivals.summary())?;
            }
            SinkCommand::Summary => {
                answer(&arrivals.lock().unwrap_or_else(PoisonError::into_inner).summary())?;
            }
            SinkCommand::Seconds => {
                answer(&arrivals.lock().unwrap_or_else(PoisonError::into_inner).p99_of_seconds())?;
            }
            SinkCommand::Latencies => {
                answer(&arrivals.lock().unwrap_or_else(PoisonError::into_inner).latencies())?;
            }
        }
    }
    Ok(())
}

/// Receives at one endpoint for as long as the process lives.
async fn serve(sink: Sink, endpoint: usize, hangs: Arc<AtomicBool>, arrivals: Arc<Mutex<Arrivals>>) {
    let hook_for_connection = || {
        let (arrivals, hangs) = (Arc::clone(&arrivals), Arc::clone(&hangs));
        move |request: SinkRequest<'_>| {
            // What is never answered has not arrived.
            if hangs.load(Ordering::Relaxed) {
                return Reaction::Hang;
            }
            let now = stamp::now();
            arrivals.lock().unwrap_or_else(PoisonError::into_inner).take(endpoint, request.body, now);
            Reaction::Answer
        }
    };
    sink.run(hook_for_connection, std::future::pending()).await;
}
