//! Healthy receivers beside others that take every request and never answer.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

use super::super::body;
use super::super::comparisons::{IsolationFigures, ratio};
use super::super::failure::BenchError;
use super::super::figures::{ArrivalFigures, MemoryFigures};
use super::super::plan::Plan;
use super::super::protocol::Work;
use super::super::rig::{Load, Rig, Target};
use super::super::server::Server;
use super::USUAL_CONNECTIONS;

/// Actions in a request; each goes to the next receiver.
const ITEMS: u64 = 10;
/// Requests a second.
const RATE: u32 = 200;
/// The second part lasts so many times as long as the first: longer than an attempt may take, so that what hangs piles up as
/// far as it can.
const BESIDE: u64 = 2;

pub(super) async fn run(rig: &mut Rig, plan: &Plan, place: &Path) -> Result<IsolationFigures, BenchError> {
    let (receivers, hanging) = plan.receivers;
    let server = Server::start(place).await?;
    let organization = server.organization("isolation").await?;
    let addresses = rig.listen((0..receivers).map(address).collect()).await?;
    for (number, address) in (0..receivers).zip(&addresses) {
        organization.subscribe_to(&body::action_name(number, receivers), *address, None).await?;
    }
    let load = |rate_per_second, requests, seconds| Load {
        group: "isolation",
        target: Target::Work(&server, &organization, Work::PublishNamed { names: receivers }),
        connections: USUAL_CONNECTIONS,
        rate_per_second,
        items: ITEMS,
        deliveries: 1,
        requests,
        seconds,
    };
    // Every receiver has had deliveries, so it has a connection and a window before it counts.
    rig.step(&load(Some(RATE), receivers, 60)).await?;
    let seconds = plan.seconds * 2;
    let requests = |seconds: u64| seconds * u64::from(RATE);
    let alone = rig.step(&load(Some(RATE), requests(seconds), 2 * seconds)).await?;

    let hang = usize::try_from(hanging).unwrap_or(usize::MAX).min(addresses.len());
    rig.hang(addresses.get(..hang).unwrap_or_default(), true).await?;
    server.forget_peak()?;
    let seconds = seconds * BESIDE;
    let step = rig.begin().await?;
    let report = rig.publish(step, &load(Some(RATE), requests(seconds), 2 * seconds)).await?;
    // The first receivers are those that hang, and each number goes to the next receiver.
    let published = report.accepted * ITEMS;
    let answered =
        published / receivers * (receivers - hanging) + (published % receivers).saturating_sub(hanging);
    let arrivals = rig.finish("isolation", answered, None).await?;
    let beside = ArrivalFigures::new(&arrivals, answered);
    let memory = MemoryFigures::from(server.memory()?);
    server.stop().await;
    Ok(IsolationFigures {
        receivers,
        hanging,
        deliveries_per_second: u64::from(RATE) * ITEMS,
        alone: alone.arrival,
        beside,
        p50_ratio: ratio(beside.p50_ms, alone.arrival.p50_ms),
        p99_ratio: ratio(beside.p99_ms, alone.arrival.p99_ms),
        memory,
    })
}

/// Each receiver has an address of its own.
fn address(number: u64) -> SocketAddr {
    let [.., high, low] = number.to_be_bytes();
    SocketAddr::from((Ipv4Addr::new(127, 1, high, low), 0))
}
