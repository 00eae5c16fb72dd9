//! What the measuring process and its parts say to each other: a line of JSON each way, over standard input and output.

use std::collections::BTreeMap;
use std::io::Write;
use std::net::SocketAddr;

use rendezhook_receive::generator::LoadReport;
use serde::{Deserialize, Serialize};

/// What the sink is told. It answers each with a line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case")]
pub(super) enum SinkCommand {
    /// Receive at these addresses too; answers with the real ones. Their order numbers the endpoints.
    Listen {
        /// Addresses on loopback; port 0 takes a free one.
        addresses: Vec<SocketAddr>,
    },
    /// Never answer at these of its addresses from now on, or answer there again; answers with how many it knows.
    Hang {
        /// Where.
        addresses: Vec<SocketAddr>,
        /// Whether there is no answer.
        hang: bool,
    },
    /// Count this step from now on; answers with an empty [`ArrivalSummary`](super::arrivals::ArrivalSummary).
    Begin {
        /// The step.
        step: u32,
    },
    /// Answers with the [`ArrivalSummary`](super::arrivals::ArrivalSummary) so far.
    Summary,
    /// Answers with the p99 of each second of the step that is over, in nanoseconds.
    Seconds,
    /// Answers with every latency of the step in nanoseconds, to three digits, and how often it was seen.
    Latencies,
}

/// What the generator is told. It answers with a [`GeneratorReport`] when it has ended.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct GeneratorJob {
    /// To whom.
    pub(super) address: SocketAddr,
    /// What is sent there.
    pub(super) work: Work,
    /// The `Authorization` header.
    pub(super) authorization: Option<String>,
    /// The step, for the marks.
    pub(super) step: u32,
    /// Connections, and so the most requests open at once.
    pub(super) connections: usize,
    /// Requests per second; as fast as answers come when `None`.
    pub(super) rate_per_second: Option<u32>,
    /// Actions in one request.
    pub(super) items: u64,
    /// The most requests.
    pub(super) requests: u64,
    /// No request starts later than this.
    pub(super) seconds: u64,
}

/// What a request of the generator does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Work {
    /// It is what a publish would be, and nobody is there but the sink.
    Nothing,
    /// It publishes actions.
    Publish,
    /// It publishes actions of so many names, [`body::action_name`](super::body::action_name), each in turn.
    PublishNamed {
        /// How many names there are.
        names: u64,
    },
    /// It publishes actions, each request for the next of these organizations.
    PublishFor {
        /// The ids of the organizations.
        organizations: Vec<String>,
    },
    /// It makes a subscription that wants nothing of what [`Work::Publish`] publishes.
    Subscribe {
        /// Where the subscriptions lead; each has a path of its own there.
        receiver: SocketAddr,
    },
    /// It puts the new state of one of so many bookings, each in turn.
    Put {
        /// How many there are.
        bookings: u64,
    },
}

/// What came of a [`GeneratorJob`]. Latencies are nanoseconds.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct GeneratorReport {
    /// From the first request to the last answer, in nanoseconds.
    pub(super) elapsed: u64,
    /// How many requests were answered with a 2xx status.
    pub(super) accepted: u64,
    /// Every other end, and how often it came.
    pub(super) refused: BTreeMap<String, u64>,
    /// Half of the requests were answered within this time.
    pub(super) p50: u64,
    /// Ninety-nine of a hundred.
    pub(super) p99: u64,
    /// The slowest.
    pub(super) max: u64,
}

impl From<&LoadReport> for GeneratorReport {
    fn from(report: &LoadReport) -> Self {
        let (good, bad): (Vec<_>, Vec<_>) =
            report.statuses.iter().partition(|(status, _)| (200..300).contains(*status));
        let statuses = bad.into_iter().map(|(status, count)| (format!("status {status}"), *count));
        let failures = report.failures.iter().map(|(kind, count)| (kind.to_string(), *count));
        let latency = report.latency();
        let nanoseconds =
            |duration: std::time::Duration| u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        Self {
            elapsed: nanoseconds(report.elapsed),
            accepted: good.into_iter().map(|(_, count)| count).sum(),
            refused: statuses.chain(failures).collect(),
            p50: nanoseconds(latency.p50),
            p99: nanoseconds(latency.p99),
            max: nanoseconds(latency.max),
        }
    }
}

/// Answers the measuring process.
pub(super) fn answer(value: &impl Serialize) -> std::io::Result<()> {
    let mut output = std::io::stdout().lock();
    serde_json::to_writer(&mut output, value)?;
    output.write_all(b"\n")?;
    output.flush()
}
