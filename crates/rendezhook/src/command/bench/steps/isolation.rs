//! Healthy receivers beside others that take every request and never answer.
//!
//! What hangs leaves its marks on a server for minutes, so the parts cannot take turns on one: each round has a fresh server, first
//! alone and then beside. A disk that stalls for a moment decides the p99 of a whole part, and on a shared machine one does; so
//! what counts is the p99 of the usual second.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

use super::super::arrivals::ArrivalSummary;
use super::super::body;
use super::super::comparisons::{IsolationFigures, PartFigures, ratio};
use super::super::failure::BenchError;
use super::super::figures::{MemoryFigures, milliseconds};
use super::super::plan::Plan;
use super::super::protocol::Work;
use super::super::rig::{Load, Rig, Target};
use super::super::server::{Organization, Server};
use super::USUAL_CONNECTIONS;
use super::turns::median;

/// Actions in a request; each goes to the next receiver.
const ITEMS: u64 = 10;
/// Requests a second.
const RATE: u32 = 200;
/// The second part lasts so many times as long as the first: longer than an attempt may take, so that what hangs piles up as
/// far as it can.
const BESIDE: u64 = 2;

/// What one part was in the rounds so far, in milliseconds.
#[derive(Default)]
struct Part {
    deliveries: u64,
    p50s: Vec<f64>,
    p99s: Vec<f64>,
    p99_of_seconds: Vec<f64>,
    max: f64,
}

pub(super) async fn run(rig: &mut Rig, plan: &Plan, place: &Path) -> Result<IsolationFigures, BenchError> {
    let (receivers, hanging) = plan.receivers;
    let addresses = rig.listen((0..receivers).map(address).collect()).await?;
    let (mut alone, mut beside) = (Part::default(), Part::default());
    let mut peak_mib = 0_f64;
    for _ in 0..plan.isolation_rounds {
        let memory = round(rig, plan, place, &addresses, &mut alone, &mut beside).await?;
        peak_mib = peak_mib.max(memory.peak_mib);
    }
    let (alone, beside) = (alone.figures(), beside.figures());
    Ok(IsolationFigures {
        receivers,
        hanging,
        deliveries_per_second: u64::from(RATE) * ITEMS,
        rounds: plan.isolation_rounds,
        alone,
        beside,
        p50_ratio: ratio(beside.p50_ms, alone.p50_ms),
        p99_ratio: ratio(beside.p99_ms, alone.p99_ms),
        round_p99_ratio: ratio(beside.round_p99_ms, alone.round_p99_ms),
        peak_mib,
    })
}

/// Both parts, with a fresh server.
async fn round(
    rig: &mut Rig,
    plan: &Plan,
    place: &Path,
    addresses: &[SocketAddr],
    alone: &mut Part,
    beside: &mut Part,
) -> Result<MemoryFigures, BenchError> {
    let (receivers, hanging) = plan.receivers;
    let server = Server::start(place).await?;
    let organization = server.organization("isolation").await?;
    for (number, address) in (0..receivers).zip(addresses) {
        organization.subscribe_to(&body::action_name(number, receivers), *address, None).await?;
    }
    let traffic = Traffic { server: &server, organization: &organization, receivers };
    // Every receiver has had deliveries, so it has a connection and a window before it counts.
    rig.step(&traffic.load(receivers, 60)).await?;
    let seconds = plan.seconds * 2;
    traffic.flow(rig, seconds, 0, alone).await?;

    let hang = usize::try_from(hanging).unwrap_or(usize::MAX).min(addresses.len());
    let hang = addresses.get(..hang).unwrap_or_default();
    rig.hang(hang, true).await?;
    server.forget_peak()?;
    traffic.flow(rig, seconds * BESIDE, hanging, beside).await?;
    let memory = MemoryFigures::from(server.memory()?);
    server.stop().await;
    rig.hang(hang, false).await?;
    Ok(memory)
}

/// What is published in a round.
struct Traffic<'a> {
    server: &'a Server,
    organization: &'a Organization,
    receivers: u64,
}

impl Traffic<'_> {
    fn load(&self, requests: u64, seconds: u64) -> Load<'_> {
        Load {
            group: "isolation",
            target: Target::Work(
                self.server,
                self.organization,
                Work::PublishNamed { names: self.receivers },
            ),
            connections: USUAL_CONNECTIONS,
            rate_per_second: Some(RATE),
            items: ITEMS,
            deliveries: 1,
            requests,
            seconds,
        }
    }

    /// Publishes for so long while so many hang, and waits for what the others get.
    async fn flow(
        &self,
        rig: &mut Rig,
        seconds: u64,
        hanging: u64,
        part: &mut Part,
    ) -> Result<(), BenchError> {
        let load = self.load(seconds * u64::from(RATE), 2 * seconds);
        let step = rig.begin().await?;
        let report = rig.publish(step, &load).await?;
        let published = report.accepted * ITEMS;
        // The first receivers are those that hang, and each number goes to the next receiver.
        let answered = published / self.receivers * (self.receivers - hanging)
            + (published % self.receivers).saturating_sub(hanging);
        // What hangs is not settled for a long time.
        let settled = (hanging == 0).then_some(self.organization);
        let arrivals = rig.finish(load.group, answered, settled).await?;
        part.take(&arrivals, rig.p99_of_seconds().await?);
        Ok(())
    }
}

impl Part {
    fn take(&mut self, arrivals: &ArrivalSummary, p99_of_seconds: Vec<f64>) {
        self.deliveries += arrivals.arrived;
        self.p50s.push(milliseconds(arrivals.p50));
        self.p99s.push(milliseconds(arrivals.p99));
        self.p99_of_seconds.extend(p99_of_seconds);
        self.max = self.max.max(milliseconds(arrivals.max));
    }

    fn figures(self) -> PartFigures {
        PartFigures {
            deliveries: self.deliveries,
            p50_ms: median(self.p50s),
            p99_ms: median(self.p99_of_seconds),
            round_p99_ms: median(self.p99s),
            max_ms: self.max,
        }
    }
}

/// Each receiver has an address of its own.
fn address(number: u64) -> SocketAddr {
    let [.., high, low] = number.to_be_bytes();
    SocketAddr::from((Ipv4Addr::new(127, 1, high, low), 0))
}
