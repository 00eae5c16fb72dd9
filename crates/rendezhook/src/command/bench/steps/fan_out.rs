//! One action for many: each publish is delivered to a hundred subscriptions at a hundred endpoints.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

use super::super::failure::BenchError;
use super::super::figures::StepFigures;
use super::super::plan::Plan;
use super::super::rig::{Load, Rig, Target};
use super::super::server::Server;
use super::{USUAL_CONNECTIONS, warm_up};

/// How long publishing may take; far longer than it does.
const SECONDS: u64 = 120;

pub(super) async fn run(rig: &mut Rig, plan: &Plan, place: &Path) -> Result<Vec<StepFigures>, BenchError> {
    let server = Server::start(place).await?;
    let organization = server.organization("fanout").await?;
    // Each endpoint has an address and a port of its own, as a hundred customers would have.
    let addresses = (1..=100).map(|host| SocketAddr::from((Ipv4Addr::new(127, 0, 0, host), 0))).collect();
    let receivers = rig.listen(addresses).await?;
    for receiver in &receivers {
        organization.subscribe(*receiver, None).await?;
    }
    let deliveries = u64::try_from(receivers.len()).unwrap_or(u64::MAX);
    warm_up(rig, &server, &organization, deliveries).await?;
    let load = Load {
        group: "fanout",
        target: Target::Server(&server, &organization),
        connections: USUAL_CONNECTIONS,
        rate_per_second: None,
        items: 1,
        deliveries,
        requests: plan.fan_out_publishes,
        seconds: SECONDS,
    };
    let figures = rig.step(&load).await?;
    server.stop().await;
    Ok(vec![figures])
}
