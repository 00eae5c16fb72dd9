//! Publishing as fast as answers come, one action or many in a request, while each is delivered to one subscription.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

use super::super::failure::BenchError;
use super::super::figures::StepFigures;
use super::super::plan::Plan;
use super::super::rig::{Load, Rig, Target};
use super::super::server::Server;
use super::{UNLIMITED_REQUESTS, warm_up};

/// Numbers of connections that are measured.
pub(super) const CONNECTIONS: [usize; 3] = [1, 16, 64];
/// Actions in one request of the group `batch`.
pub(super) const BATCH: u64 = 100;

pub(super) async fn run(
    rig: &mut Rig,
    plan: &Plan,
    place: &Path,
    group: &'static str,
    items: u64,
) -> Result<Vec<StepFigures>, BenchError> {
    let server = Server::start(place).await?;
    let organization = server.organization(group).await?;
    for receiver in rig.listen(vec![SocketAddr::from((Ipv4Addr::LOCALHOST, 0))]).await? {
        organization.subscribe(receiver, None).await?;
    }
    warm_up(rig, &server, &organization, 1).await?;
    let mut steps = Vec::new();
    for connections in CONNECTIONS {
        let load = Load {
            group,
            target: Target::Server(&server, &organization),
            connections,
            rate_per_second: None,
            items,
            deliveries: 1,
            requests: UNLIMITED_REQUESTS / items,
            seconds: plan.seconds,
        };
        steps.push(rig.step(&load).await?);
    }
    server.stop().await;
    Ok(steps)
}
