//! What a delivery costs as subscriptions and organizations become many.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Instant;

use super::super::comparisons::{GrowthFigures, GrowthPoint, ratio};
use super::super::failure::BenchError;
use super::super::figures::MemoryFigures;
use super::super::plan::Plan;
use super::super::protocol::Work;
use super::super::rig::{Load, Rig, Target};
use super::super::server::{Organization, Server};
use super::turns::{self, Contender};

/// Connections over which subscriptions are made.
const MAKING_CONNECTIONS: usize = 64;
/// How long making them may take.
const MAKING_SECONDS: u64 = 300;

pub(super) async fn run(rig: &mut Rig, plan: &Plan, place: &Path) -> Result<GrowthFigures, BenchError> {
    let receiver = rig.listen(vec![SocketAddr::from((Ipv4Addr::LOCALHOST, 0))]).await?.pop();
    let receiver = receiver.ok_or(BenchError::NoAddress)?;
    Ok(GrowthFigures {
        subscriptions: subscriptions(rig, plan, place, receiver).await?,
        organizations: organizations(rig, plan, place, receiver).await?,
    })
}

async fn subscriptions(
    rig: &mut Rig,
    plan: &Plan,
    place: &Path,
    receiver: SocketAddr,
) -> Result<Vec<GrowthPoint>, BenchError> {
    let (mut contenders, mut sizes) = (Vec::new(), Vec::new());
    for count in plan.subscriptions {
        let server = Server::start(place).await?;
        let mut organization = server.managed_organization("growth").await?;
        let began = Instant::now();
        let subscription = organization.subscribe_to("event.confirmed", receiver, None).await?;
        organization.settle_only(subscription);
        subscribe_others(rig, &server, &organization, count - 1, receiver).await?;
        sizes.push((count, began.elapsed().as_secs_f64()));
        contenders.push(Contender { server, organization, work: Work::Publish });
    }
    points(rig, plan, contenders, &sizes).await
}

/// Makes subscriptions that want nothing of what will be published.
async fn subscribe_others(
    rig: &mut Rig,
    server: &Server,
    organization: &Organization,
    count: u64,
    receiver: SocketAddr,
) -> Result<(), BenchError> {
    let step = rig.begin().await?;
    let load = Load {
        group: "growth",
        target: Target::Work(server, organization, Work::Subscribe { receiver }),
        connections: MAKING_CONNECTIONS,
        rate_per_second: None,
        items: 1,
        deliveries: 0,
        requests: count,
        seconds: MAKING_SECONDS,
    };
    let report = rig.publish(step, &load).await?;
    if report.accepted < count {
        rig.problems.push(format!("growth: {} of {count} subscriptions were made", report.accepted));
    }
    Ok(())
}

async fn organizations(
    rig: &mut Rig,
    plan: &Plan,
    place: &Path,
    receiver: SocketAddr,
) -> Result<Vec<GrowthPoint>, BenchError> {
    let (mut contenders, mut sizes) = (Vec::new(), Vec::new());
    for count in plan.organizations {
        let server = Server::start(place).await?;
        let began = Instant::now();
        let organizations = server.organizations(count, receiver).await?;
        sizes.push((count, began.elapsed().as_secs_f64()));
        // A step has ended when nothing of the last one waits, which is among the last to publish.
        let last = organizations.last().cloned().unwrap_or_default();
        let organization = server.operator(&last)?;
        contenders.push(Contender { server, organization, work: Work::PublishFor { organizations } });
    }
    points(rig, plan, contenders, &sizes).await
}

/// Compares the servers and ends them.
async fn points(
    rig: &mut Rig,
    plan: &Plan,
    contenders: Vec<Contender>,
    sizes: &[(u64, f64)],
) -> Result<Vec<GrowthPoint>, BenchError> {
    let costs = turns::compare(rig, plan, "growth", &contenders).await?;
    let smallest = costs.first().copied().unwrap_or_default();
    let mut points = Vec::new();
    for ((contender, (count, making_seconds)), cost) in contenders.into_iter().zip(sizes).zip(costs) {
        points.push(GrowthPoint {
            count: *count,
            making_seconds: *making_seconds,
            server_us_per_delivery: cost,
            ratio: ratio(cost, smallest),
            memory: MemoryFigures::from(contender.server.memory()?),
        });
        contender.server.stop().await;
    }
    Ok(points)
}
