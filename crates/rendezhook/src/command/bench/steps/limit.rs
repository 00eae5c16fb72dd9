//! The limit of the machine: the generator straight into its sink, with the same bodies over as many connections.

use std::net::{Ipv4Addr, SocketAddr};

use super::super::failure::BenchError;
use super::super::figures::StepFigures;
use super::super::plan::Plan;
use super::super::rig::{Load, Rig, Target};
use super::{UNLIMITED_REQUESTS, USUAL_CONNECTIONS, latency, publish};

pub(super) async fn run(rig: &mut Rig, plan: &Plan) -> Result<Vec<StepFigures>, BenchError> {
    let mut steps = Vec::new();
    let closed = publish::CONNECTIONS.map(|connections| (connections, None));
    let paced = latency::RATES.map(|rate| (USUAL_CONNECTIONS, Some(rate)));
    for address in rig.listen(vec![SocketAddr::from((Ipv4Addr::LOCALHOST, 0))]).await? {
        for (connections, rate_per_second) in closed.into_iter().chain(paced) {
            let load = Load {
                group: "limit",
                target: Target::Sink(address),
                connections,
                rate_per_second,
                items: 1,
                deliveries: 1,
                requests: UNLIMITED_REQUESTS,
                seconds: plan.seconds,
            };
            steps.push(rig.step(&load).await?);
        }
    }
    Ok(steps)
}
