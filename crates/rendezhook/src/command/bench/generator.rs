//! The part that publishes: a process of its own, so that its cost is told apart.

use std::io::BufRead;
use std::num::{NonZeroU32, NonZeroUsize};
use std::process::ExitCode;
use std::time::Duration;

use rendezhook_receive::generator::{GenerateError, LoadOptions, LoadReport, RequestHead, generate};

use super::protocol::{GeneratorJob, GeneratorReport, Work, answer};
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
    let (method, target) = match &job.work {
        Work::Nothing => ("POST", "/hook"),
        Work::Publish | Work::PublishNamed { .. } => ("POST", "/api/v1/actions"),
        Work::PublishFor { .. } => ("POST", "/api/v1/actions?organization_id="),
        Work::Subscribe { .. } => ("POST", "/api/v1/subscriptions"),
        Work::Put { .. } => ("PUT", "/api/v1/resources/event/"),
    };
    let host = job.address.to_string();
    let head = RequestHead { method: method.to_owned(), target: target.to_owned(), host, headers };
    let options = LoadOptions {
        address: job.address,
        head,
        connections: NonZeroUsize::new(job.connections).unwrap_or(NonZeroUsize::MIN),
        rate_per_second: job.rate_per_second.and_then(NonZeroU32::new),
        requests: job.requests,
        duration: Duration::from_secs(job.seconds),
        request_timeout: REQUEST_TIMEOUT,
    };
    let (step, items, work) = (job.step, job.items, job.work);
    generate(options, move |number, parts| match &work {
        Work::Nothing | Work::Publish => {
            body::write(&mut parts.body, step, number.saturating_mul(items), items, None);
        }
        Work::PublishNamed { names } => {
            body::write(&mut parts.body, step, number.saturating_mul(items), items, Some(*names));
        }
        Work::PublishFor { organizations } => {
            parts.target.extend_from_slice(in_turn(organizations, number).as_bytes());
            body::write(&mut parts.body, step, number.saturating_mul(items), items, None);
        }
        Work::Subscribe { receiver } => body::write_subscription(&mut parts.body, *receiver, number),
        Work::Put { bookings } => {
            body::write_state(&mut parts.target, &mut parts.body, step, number, *bookings)
        }
    })
    .await
}

/// The text whose turn it is with this number.
fn in_turn(texts: &[String], number: u64) -> &str {
    let count = u64::try_from(texts.len()).unwrap_or(u64::MAX);
    let place = number.checked_rem(count).and_then(|place| usize::try_from(place).ok());
    place.and_then(|place| texts.get(place)).map_or("", String::as_str)
}
