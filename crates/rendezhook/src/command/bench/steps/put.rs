//! Putting new states of bookings as fast as answers come: what happened is derived from the stored state.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

use super::super::failure::BenchError;
use super::super::figures::StepFigures;
use super::super::plan::Plan;
use super::super::protocol::Work;
use super::super::rig::{Load, Rig, Target};
use super::super::server::Server;
use super::publish::CONNECTIONS;
use super::{UNLIMITED_REQUESTS, USUAL_CONNECTIONS};

/// How many bookings change in turn: so many that requests under way at once are about different ones.
const BOOKINGS: u64 = 2_000;

pub(super) async fn run(rig: &mut Rig, plan: &Plan, place: &Path) -> Result<Vec<StepFigures>, BenchError> {
    let server = Server::start(place).await?;
    let organization = server.organization("put").await?;
    let load = |group, connections, requests, seconds| Load {
        group,
        target: Target::Work(&server, &organization, Work::Put { bookings: BOOKINGS }),
        connections,
        rate_per_second: None,
        items: 1,
        deliveries: 1,
        requests,
        seconds,
    };
    // A booking that is seen for the first time is created and confirmed: two actions. Nobody is subscribed yet.
    let step = rig.begin().await?;
    rig.publish(step, &load("warm-up", USUAL_CONNECTIONS, BOOKINGS, 30)).await?;
    for receiver in rig.listen(vec![SocketAddr::from((Ipv4Addr::LOCALHOST, 0))]).await? {
        organization.subscribe(receiver, None).await?;
    }
    let mut steps = Vec::new();
    for connections in CONNECTIONS {
        steps.push(rig.step(&load("put", connections, UNLIMITED_REQUESTS, plan.seconds)).await?);
    }
    server.stop().await;
    Ok(steps)
}
