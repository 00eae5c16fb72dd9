//! A receiver that is down while very many deliveries are accepted for it, and then comes up.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;

use super::super::failure::BenchError;
use super::super::figures::{BacklogFigures, MemoryFigures, microseconds_each, milliseconds, per_second};
use super::super::plan::Plan;
use super::super::rig::{Load, Rig, Target};
use super::super::server::Server;
use super::super::stamp;
use super::{USUAL_CONNECTIONS, publish};

/// How long publishing may take.
const SECONDS: u64 = 300;
/// Retries come every five seconds, so that the schedule does not decide how soon the backlog is gone.
const RETRY_SECONDS: [u64; 20] = [5; 20];

pub(super) async fn run(rig: &mut Rig, plan: &Plan, place: &Path) -> Result<BacklogFigures, BenchError> {
    let server = Server::start(place).await?;
    let organization = server.organization("backlog").await?;
    let receiver =
        refusing_address().map_err(|source| BenchError::Data { path: place.to_owned(), source })?;
    organization.subscribe(receiver, Some(&RETRY_SECONDS)).await?;

    let step = rig.begin().await?;
    let idle = server.memory()?;
    server.forget_peak()?;
    let before = rig.usage(Some(&server))?;
    let load = Load {
        group: "backlog",
        target: Target::Server(&server, &organization),
        connections: USUAL_CONNECTIONS,
        rate_per_second: None,
        items: publish::BATCH,
        deliveries: 1,
        requests: plan.backlog / publish::BATCH,
        seconds: SECONDS,
    };
    let report = rig.publish(step, &load).await?;
    let waiting = report.accepted * publish::BATCH;
    let waiting_memory = server.memory()?;
    server.forget_peak()?;

    let opened_at = stamp::now();
    rig.listen(vec![receiver]).await?;
    let arrivals = rig.finish("backlog", waiting, Some(&organization)).await?;
    let used = rig.usage(Some(&server))?.since(&before);
    let figures = BacklogFigures {
        waiting,
        actions_per_second: per_second(waiting, report.elapsed),
        idle_mib: idle.current_kib as f64 / 1024.0,
        waiting_memory: MemoryFigures::from(waiting_memory),
        bytes_per_delivery: waiting_memory.current_kib.saturating_sub(idle.current_kib) as f64 * 1024.0
            / waiting.max(1) as f64,
        recovery_ms: milliseconds(arrivals.first_arrived_at.saturating_sub(opened_at)),
        deliveries_per_second: per_second(
            arrivals.arrived,
            arrivals.last_arrived_at.saturating_sub(arrivals.first_arrived_at),
        ),
        drain_memory: MemoryFigures::from(server.memory()?),
        server_us_per_delivery: microseconds_each(used.server.unwrap_or_default(), waiting),
    };
    server.stop().await;
    Ok(figures)
}

/// An address at which nobody listens until the sink does.
///
/// It is another loopback address than connections come from, so that none can meet itself there.
fn refusing_address() -> std::io::Result<SocketAddr> {
    TcpListener::bind((Ipv4Addr::new(127, 0, 0, 200), 0))?.local_addr()
}
