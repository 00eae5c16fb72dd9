//! How soon a delivery arrives when there is little to do.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

use super::super::failure::BenchError;
use super::super::figures::StepFigures;
use super::super::plan::Plan;
use super::super::rig::{Load, Rig, Target};
use super::super::server::Server;
use super::{UNLIMITED_REQUESTS, USUAL_CONNECTIONS, warm_up};

/// Publishes per second that are measured.
pub(super) const RATES: [u32; 2] = [100, 1_000];

pub(super) async fn run(rig: &mut Rig, plan: &Plan, place: &Path) -> Result<Vec<StepFigures>, BenchError> {
    let server = Server::start(place).await?;
    let organization = server.organization("latency").await?;
    for receiver in rig.listen(vec![SocketAddr::from((Ipv4Addr::LOCALHOST, 0))]).await? {
        organization.subscribe(receiver, None).await?;
    }
    warm_up(rig, &server, &organization, 1).await?;
    let mut steps = Vec::new();
    for rate in RATES {
        let load = Load {
            group: "latency",
            target: Target::Server(&server, &organization),
            connections: USUAL_CONNECTIONS,
            rate_per_second: Some(rate),
            items: 1,
            deliveries: 1,
            requests: UNLIMITED_REQUESTS,
            seconds: plan.seconds,
        };
        steps.push(rig.step(&load).await?);
    }
    server.stop().await;
    Ok(steps)
}
