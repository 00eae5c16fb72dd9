//! Very many deliveries wait for a receiver that does not answer: what fresh traffic costs beside them, and how soon a server
//! that was killed sends them on.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

use super::super::body;
use super::super::comparisons::{RestartFigures, WaitingFigures, ratio};
use super::super::failure::BenchError;
use super::super::figures::{MemoryFigures, milliseconds};
use super::super::plan::Plan;
use super::super::protocol::Work;
use super::super::rig::{Load, Rig, Target};
use super::super::server::{Organization, Server};
use super::super::stamp;
use super::turns::{self, Contender};
use super::{USUAL_CONNECTIONS, publish};

/// How long publishing what is to wait may take.
const SECONDS: u64 = 300;
/// The longest wait that a schedule may have, so that no retry comes in between.
const RETRY_SECONDS: [u64; 1] = [172_800];

pub(super) async fn run(
    rig: &mut Rig,
    plan: &Plan,
    place: &Path,
) -> Result<(WaitingFigures, RestartFigures), BenchError> {
    let mut addresses = rig.listen(vec![SocketAddr::from((Ipv4Addr::LOCALHOST, 0)); 2]).await?.into_iter();
    let (healthy, hanging) = (addresses.next(), addresses.next());
    let (Some(healthy), Some(hanging)) = (healthy, hanging) else {
        return Err(BenchError::NoAddress);
    };
    rig.hang(&[hanging], true).await?;
    let mut contenders = Vec::new();
    for _ in 0..2 {
        let server = Server::start(place).await?;
        let mut organization = server.organization("waiting").await?;
        let subscription = organization.subscribe_to("event.confirmed", healthy, None).await?;
        organization.subscribe_to(&body::action_name(0, 1), hanging, Some(&RETRY_SECONDS)).await?;
        organization.settle_only(subscription);
        contenders.push(Contender { server, organization, work: Work::Publish });
    }
    let Some(crowded) = contenders.last() else { return Err(BenchError::NoAddress) };
    let (step, waiting) = pile_up(rig, plan, &crowded.server, &crowded.organization).await?;
    let memory = MemoryFigures::from(crowded.server.memory()?);
    let costs = turns::compare(rig, plan, "waiting", &contenders).await?;
    let [empty, beside] = <[f64; 2]>::try_from(costs).unwrap_or_default();

    let mut restart = None;
    for Contender { server, .. } in contenders.into_iter().rev() {
        if restart.is_some() {
            server.stop().await;
        } else {
            restart = Some(start_again(rig, server, hanging, step, waiting).await?);
        }
    }
    let figures = WaitingFigures {
        waiting,
        empty_us_per_delivery: empty,
        beside_us_per_delivery: beside,
        ratio: ratio(beside, empty),
        memory,
    };
    restart.map(|restart| (figures, restart)).ok_or(BenchError::NoAddress)
}

/// Publishes what is to wait. Tells the step it has, and how many there are.
async fn pile_up(
    rig: &mut Rig,
    plan: &Plan,
    server: &Server,
    organization: &Organization,
) -> Result<(u32, u64), BenchError> {
    let step = rig.begin().await?;
    let load = Load {
        group: "waiting",
        target: Target::Work(server, organization, Work::PublishNamed { names: 1 }),
        connections: USUAL_CONNECTIONS,
        rate_per_second: None,
        items: publish::BATCH,
        deliveries: 1,
        requests: plan.waiting / publish::BATCH,
        seconds: SECONDS,
    };
    let report = rig.publish(step, &load).await?;
    Ok((step, report.accepted * publish::BATCH))
}

/// Kills the server, lets the receiver answer, starts it again and waits for the first delivery.
async fn start_again(
    rig: &mut Rig,
    server: Server,
    receiver: SocketAddr,
    step: u32,
    waiting: u64,
) -> Result<RestartFigures, BenchError> {
    let killed = server.kill().await;
    rig.hang(&[receiver], false).await?;
    rig.begin_again(step).await?;
    let (server, started_at) = killed.start_again().await?;
    let listening = stamp::now().saturating_sub(started_at);
    let arrivals = rig.arrived(1).await?;
    if arrivals.arrived == 0 {
        rig.problems.push("waiting: nothing arrived after the restart".to_owned());
    }
    server.stop().await;
    Ok(RestartFigures {
        waiting,
        listening_ms: milliseconds(listening),
        first_attempt_ms: milliseconds(arrivals.first_arrived_at.saturating_sub(started_at)),
    })
}
