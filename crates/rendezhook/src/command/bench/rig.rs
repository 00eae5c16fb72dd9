//! Sink and generator, and one step of load with them.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::REQUEST_TIMEOUT;
use super::arrivals::ArrivalSummary;
use super::failure::BenchError;
use super::figures::{
    ArrivalFigures, MemoryFigures, ProcessorFigures, PublishFigures, StepFigures, milliseconds,
};
use super::part::Part;
use super::process;
use super::protocol::{GeneratorJob, GeneratorReport, SinkCommand, Work};
use super::server::{Organization, Server};

/// How long a part may take to answer what needs no work.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);
/// How long nothing may arrive until the rest counts as lost.
const ARRIVAL_TIMEOUT: Duration = Duration::from_secs(60);
/// Pause between two looks at the sink.
const LOOK_INTERVAL: Duration = Duration::from_millis(10);

/// The parts around the server.
pub(super) struct Rig {
    sink: Part,
    generator: Part,
    last_step: u32,
    /// What went wrong in any step.
    pub(super) problems: Vec<String>,
}

/// Where the load of a step goes.
pub(super) enum Target<'a> {
    /// Straight into the sink.
    Sink(SocketAddr),
    /// Through the server.
    Server(&'a Server, &'a Organization),
    /// Through the server, with this work.
    Work(&'a Server, &'a Organization, Work),
}

/// One step of load.
pub(super) struct Load<'a> {
    /// Which kind, as it is in the figures.
    pub(super) group: &'static str,
    /// To whom.
    pub(super) target: Target<'a>,
    /// Connections, and so the most requests open at once.
    pub(super) connections: usize,
    /// Requests per second; as fast as answers come when `None`.
    pub(super) rate_per_second: Option<u32>,
    /// Actions in one request.
    pub(super) items: u64,
    /// Deliveries of one action.
    pub(super) deliveries: u64,
    /// The most requests.
    pub(super) requests: u64,
    /// No request starts later than this.
    pub(super) seconds: u64,
}

/// Processor time of the parts: until now, or between two moments.
pub(super) struct Usage {
    /// The server's, if one is measured.
    pub(super) server: Option<Duration>,
    /// The sink's.
    pub(super) sink: Duration,
    /// The generator's.
    pub(super) generator: Duration,
}

impl Usage {
    /// What was used since then.
    pub(super) fn since(self, before: &Self) -> Self {
        Self {
            server: self.server.zip(before.server).map(|(now, then)| now.saturating_sub(then)),
            sink: self.sink.saturating_sub(before.sink),
            generator: self.generator.saturating_sub(before.generator),
        }
    }
}

impl Rig {
    /// Starts both processes.
    pub(super) fn start() -> Result<Self, BenchError> {
        let sink = Part::start("sink", "bench-sink")?;
        let generator = Part::start("generator", "bench-generator")?;
        Ok(Self { sink, generator, last_step: 0, problems: Vec::new() })
    }

    /// Ends both processes.
    pub(super) async fn stop(self) {
        self.generator.stop().await;
        self.sink.stop().await;
    }

    /// Lets the sink receive at these addresses on loopback too; port 0 takes a free one.
    pub(super) async fn listen(&mut self, addresses: Vec<SocketAddr>) -> Result<Vec<SocketAddr>, BenchError> {
        Ok(self.sink.ask(&SinkCommand::Listen { addresses }, ANSWER_TIMEOUT).await?)
    }

    /// Lets the sink never answer at these of its addresses from now on, or answer there again.
    pub(super) async fn hang(&mut self, addresses: &[SocketAddr], hang: bool) -> Result<(), BenchError> {
        let command = SinkCommand::Hang { addresses: addresses.to_vec(), hang };
        let known: usize = self.sink.ask(&command, ANSWER_TIMEOUT).await?;
        if known != addresses.len() {
            self.problems.push(format!("the sink knows {known} of {} addresses", addresses.len()));
        }
        Ok(())
    }

    /// Begins a step in which no delivery has arrived yet.
    pub(super) async fn begin(&mut self) -> Result<u32, BenchError> {
        self.last_step += 1;
        let begin = SinkCommand::Begin { step: self.last_step };
        let _empty: ArrivalSummary = self.sink.ask(&begin, ANSWER_TIMEOUT).await?;
        Ok(self.last_step)
    }

    /// Begins a step again, whose deliveries have waited: none has arrived yet.
    pub(super) async fn begin_again(&mut self, step: u32) -> Result<(), BenchError> {
        let _empty: ArrivalSummary = self.sink.ask(&SinkCommand::Begin { step }, ANSWER_TIMEOUT).await?;
        Ok(())
    }

    /// Publishes as the load says.
    pub(super) async fn publish(
        &mut self,
        step: u32,
        load: &Load<'_>,
    ) -> Result<GeneratorReport, BenchError> {
        let (address, work, authorization) = match &load.target {
            Target::Sink(address) => (*address, Work::Nothing, None),
            Target::Server(server, organization) => {
                (server.address, Work::Publish, Some(organization.authorization.clone()))
            }
            Target::Work(server, organization, work) => {
                (server.address, work.clone(), Some(organization.authorization.clone()))
            }
        };
        let job = GeneratorJob {
            address,
            work,
            authorization,
            step,
            connections: load.connections,
            rate_per_second: load.rate_per_second,
            items: load.items,
            requests: load.requests,
            seconds: load.seconds,
        };
        let deadline = Duration::from_secs(load.seconds) + REQUEST_TIMEOUT + ANSWER_TIMEOUT;
        let report: GeneratorReport = self.generator.ask(&job, deadline).await?;
        for (end, count) in &report.refused {
            self.problems.push(format!("{}: {count} publishes were not accepted: {end}", load.group));
        }
        Ok(report)
    }

    /// Waits until so many deliveries have arrived, or nothing has arrived for a minute.
    pub(super) async fn arrived(&mut self, expected: u64) -> Result<ArrivalSummary, BenchError> {
        let mut last = self.summary().await?;
        let mut deadline = Instant::now() + ARRIVAL_TIMEOUT;
        while last.arrived < expected && Instant::now() < deadline {
            sleep(LOOK_INTERVAL).await;
            let summary = self.summary().await?;
            if summary.arrived > last.arrived {
                deadline = Instant::now() + ARRIVAL_TIMEOUT;
            }
            last = summary;
        }
        Ok(last)
    }

    async fn summary(&mut self) -> Result<ArrivalSummary, BenchError> {
        Ok(self.sink.ask(&SinkCommand::Summary, ANSWER_TIMEOUT).await?)
    }

    /// The p99 of each second of the present step that is over, in milliseconds.
    pub(super) async fn p99_of_seconds(&mut self) -> Result<Vec<f64>, BenchError> {
        let p99s: Vec<u64> = self.sink.ask(&SinkCommand::Seconds, ANSWER_TIMEOUT).await?;
        Ok(p99s.into_iter().map(milliseconds).collect())
    }

    /// Every latency of the present step in nanoseconds, and how often it was seen.
    pub(super) async fn latencies(&mut self) -> Result<Vec<(u64, u64)>, BenchError> {
        Ok(self.sink.ask(&SinkCommand::Latencies, ANSWER_TIMEOUT).await?)
    }

    /// Waits for all arrivals and their records, and notes whatever is not as it must be: each acknowledged delivery
    /// arrived, and once.
    pub(super) async fn finish(
        &mut self,
        group: &str,
        expected: u64,
        organization: Option<&Organization>,
    ) -> Result<ArrivalSummary, BenchError> {
        self.arrived(expected).await?;
        if let Some(organization) = organization {
            organization.settle().await?;
        }
        // Once more, since a duplicate may have come while the server wrote its records.
        let arrivals = self.summary().await?;
        let findings = [
            (expected.saturating_sub(arrivals.arrived), "acknowledged deliveries never arrived"),
            (arrivals.arrived.saturating_sub(expected), "deliveries arrived that were not acknowledged"),
            (arrivals.duplicates, "deliveries arrived twice"),
            (arrivals.late, "deliveries of an earlier step arrived again"),
            (arrivals.unreadable, "requests arrived that nobody published"),
        ];
        let found = findings.into_iter().filter(|(count, _)| *count > 0);
        self.problems.extend(found.map(|(count, what)| format!("{group}: {count} {what}")));
        Ok(arrivals)
    }

    /// Processor time until now.
    pub(super) fn usage(&self, server: Option<&Server>) -> Result<Usage, BenchError> {
        let time = |process| process::processor_time(process).map_err(BenchError::Process);
        Ok(Usage {
            server: server.map(|server| time(server.id())).transpose()?,
            sink: time(self.sink.id())?,
            generator: time(self.generator.id())?,
        })
    }

    /// One whole step: publishes, waits for the arrivals, counts.
    pub(super) async fn step(&mut self, load: &Load<'_>) -> Result<StepFigures, BenchError> {
        let (server, organization) = match &load.target {
            Target::Sink(_) => (None, None),
            Target::Server(server, organization) | Target::Work(server, organization, _) => {
                (Some(*server), Some(*organization))
            }
        };
        let step = self.begin().await?;
        if let Some(server) = server {
            server.forget_peak()?;
        }
        let before = self.usage(server)?;
        let report = self.publish(step, load).await?;
        let expected = report.accepted * load.items * load.deliveries;
        let arrivals = self.finish(load.group, expected, organization).await?;
        let used = self.usage(server)?.since(&before);
        let memory = server.map(Server::memory).transpose()?;
        Ok(StepFigures {
            group: load.group,
            connections: load.connections,
            rate_per_second: load.rate_per_second,
            actions_per_request: load.items,
            deliveries_per_action: load.deliveries,
            publish: PublishFigures::new(&report, load.items),
            arrival: ArrivalFigures::new(&arrivals, expected),
            processor: ProcessorFigures::new(&used, report.accepted, arrivals.arrived),
            memory: memory.map(MemoryFigures::from),
            of_limit: None,
        })
    }
}
