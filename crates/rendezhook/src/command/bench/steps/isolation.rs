//! Healthy receivers beside others that take every request and never answer.
//!
//! What hangs leaves its marks on a server for minutes, so one server cannot be both: one has only receivers that answer, the
//! other has some that hang. A disk on a shared machine has good and bad seconds, and the slowest hundredth of the deliveries is
//! what falls into the bad ones, so the two take turns within seconds of each other.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

use super::super::body;
use super::super::comparisons::{IsolationFigures, ratio};
use super::super::failure::BenchError;
use super::super::figures::MemoryFigures;
use super::super::plan::Plan;
use super::super::protocol::Work;
use super::super::rig::{Load, Rig, Target};
use super::super::server::{Organization, Server};
use super::USUAL_CONNECTIONS;
use super::tally::Tally;

/// Actions in a request; each goes to the next receiver.
const ITEMS: u64 = 10;
/// Requests a second.
const RATE: u32 = 200;
/// How often each server has its turn in a round. All of them last longer than an attempt may take, so that what hangs piles up
/// as far as it can.
const TURNS: u64 = 4;
/// Deliveries that each receiver has had before anything counts: so many that what has ended of it fills pages of its own in the
/// database, as on every server that has run for more than minutes.
const HISTORY: u64 = 100;

pub(super) async fn run(rig: &mut Rig, plan: &Plan, place: &Path) -> Result<IsolationFigures, BenchError> {
    let (receivers, hanging) = plan.receivers;
    let answer = rig.listen((0..receivers).map(address).collect()).await?;
    let hang = rig.listen((receivers..receivers + hanging).map(address).collect()).await?;
    let others = answer.iter().skip(hang.len());
    let mixed: Vec<_> = hang.iter().chain(others).copied().collect();

    let (mut alone, mut beside) = (Tally::new()?, Tally::new()?);
    let mut peak_mib = 0_f64;
    for _ in 0..plan.isolation_rounds {
        let calm = Side::start(rig, place, &answer, 0).await?;
        let troubled = Side::start(rig, place, &mixed, hanging).await?;
        // At the rate that counts, until the work that the histories left is done.
        for side in [&calm, &troubled] {
            rig.step(&side.load(plan.seconds)).await?;
        }
        rig.hang(&hang, true).await?;
        troubled.server.forget_peak()?;
        for _ in 0..TURNS {
            calm.turn(rig, plan.seconds, &mut alone).await?;
            troubled.turn(rig, plan.seconds, &mut beside).await?;
        }
        peak_mib = peak_mib.max(MemoryFigures::from(troubled.server.memory()?).peak_mib);
        calm.server.stop().await;
        troubled.server.stop().await;
        rig.hang(&hang, false).await?;
    }
    let (alone, beside) = (alone.figures(), beside.figures());
    Ok(IsolationFigures {
        receivers,
        hanging,
        deliveries_per_second: u64::from(RATE) * ITEMS,
        rounds: plan.isolation_rounds,
        turns: TURNS,
        alone,
        beside,
        p50_ratio: ratio(beside.p50_ms, alone.p50_ms),
        p99_ratio: ratio(beside.p99_ms, alone.p99_ms),
        second_p99_ratio: ratio(beside.second_p99_ms, alone.second_p99_ms),
        peak_mib,
    })
}

/// One of the two servers.
struct Side {
    server: Server,
    organization: Organization,
    receivers: u64,
    /// How many of them hang. They are the first ones.
    hanging: u64,
}

impl Side {
    /// A fresh server with a subscription for each receiver, all of which still answer, and with its history.
    async fn start(
        rig: &mut Rig,
        place: &Path,
        receivers: &[SocketAddr],
        hanging: u64,
    ) -> Result<Self, BenchError> {
        let server = Server::start(place).await?;
        let organization = server.organization("isolation").await?;
        let count = u64::try_from(receivers.len()).unwrap_or(u64::MAX);
        for (number, address) in (0..count).zip(receivers) {
            organization.subscribe_to(&body::action_name(number, count), *address, None).await?;
        }
        let side = Self { server, organization, receivers: count, hanging };
        rig.step(&side.history()).await?;
        Ok(side)
    }

    /// What every receiver has had before, so it has a connection and a window too: as many requests as receivers, as fast as
    /// they are answered.
    fn history(&self) -> Load<'_> {
        Load { rate_per_second: None, items: HISTORY, requests: self.receivers, ..self.load(60) }
    }

    fn load(&self, seconds: u64) -> Load<'_> {
        Load {
            group: "isolation",
            target: Target::Work(
                &self.server,
                &self.organization,
                Work::PublishNamed { names: self.receivers },
            ),
            connections: USUAL_CONNECTIONS,
            rate_per_second: Some(RATE),
            items: ITEMS,
            deliveries: 1,
            requests: seconds * u64::from(RATE),
            seconds: 2 * seconds,
        }
    }

    /// Publishes for so long, and waits for what those get that answer.
    async fn turn(&self, rig: &mut Rig, seconds: u64, tally: &mut Tally) -> Result<(), BenchError> {
        let load = self.load(seconds);
        let step = rig.begin().await?;
        let report = rig.publish(step, &load).await?;
        let published = report.accepted * ITEMS;
        // Each number goes to the next receiver.
        let answered = published / self.receivers * (self.receivers - self.hanging)
            + (published % self.receivers).saturating_sub(self.hanging);
        // What hangs is not settled for a long time.
        let settled = (self.hanging == 0).then_some(&self.organization);
        rig.finish(load.group, answered, settled).await?;
        tally.take(&rig.latencies().await?, rig.p99_of_seconds().await?);
        Ok(())
    }
}

/// Each receiver has an address of its own.
fn address(number: u64) -> SocketAddr {
    let [.., high, low] = number.to_be_bytes();
    SocketAddr::from((Ipv4Addr::new(127, 1, high, low), 0))
}
