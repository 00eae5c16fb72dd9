//! The part that publishes: a process of its own, so that its cost is told apart.

use std::io::BufRead;
use std::num::{NonZeroU32, NonZeroUsize};
use std::process::ExitCode;
use std::time::Duration;

use rendezhook_receive::generator::{GenerateError, LoadOptions, LoadReport, RequestHead, generate};

use super::protocol::{GeneratorJob, GeneratorReport, answer};
use super::{REQUEST_TIMEOUT, body};
use crate::command::Ending;

/// Does one job after the other until standard input ends.
pub(in crate::command) fn run() -> Ending {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    for line in std::io::stdin().lock().lines() {
        let job: GeneratorJob = serde_json::from_str(&line?)?;
        let report = runtime.block_on(load(job))?;
        answer(&GeneratorReport::from(&report))?;
    }
    Ok(ExitCode::SUCCESS)
}

async fn load(job: GeneratorJob) -> Result<LoadReport, GenerateError> {
    let mut headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    headers.extend(job.authorization.map(|value| ("authorization".to_owned(), value)));
    let head =
        RequestHead { method: "POST".to_owned(), target: job.target, host: job.address.to_string(), headers };
    let options = LoadOptions {
        address: job.address,
        head,
        connections: NonZeroUsize::new(job.connections).unwrap_or(NonZeroUsize::MIN),
        rate_per_second: job.rate_per_second.and_then(NonZeroU32::new),
        requests: job.requests,
        duration: Duration::from_secs(job.seconds),
        request_timeout: REQUEST_TIMEOUT,
    };
    let (step, items) = (job.step, job.items);
    generate(options, move |number, parts| {
        body::write(&mut parts.body, step, number.saturating_mul(items), items);
    })
    .await
}
