//! Actions as they are named, from JSON and NDJSON.

use std::process::ExitCode;

use serde_json::Value;

use super::batch::{Batch, Batches};
use super::failure::PublishError;
use super::run_id;
use super::server::{Call, Server};
use crate::command::input::Input;

/// What was accepted.
#[derive(Debug, Clone, Copy, Default)]
struct Accepted {
    actions: u64,
    deliveries: u64,
    unfit: u64,
}

/// Publishes a file, request by request.
///
/// # Errors
/// At the first request that does not succeed; what came before it is published.
pub(super) fn publish(
    server: &impl Server,
    input: Input,
    run: &str,
    json: bool,
    print: &mut dyn FnMut(String),
) -> Result<ExitCode, PublishError> {
    let name = input.name.clone();
    let mut total = Accepted::default();
    for (position, batch) in Batches::new(input).enumerate() {
        let batch = batch.map_err(|error| if position == 0 { error } else { error.after_others(run) })?;
        let call = Call {
            method: "POST",
            path: "/api/v1/actions".to_owned(),
            content_type: batch.content_type,
            body: &batch.bytes,
            idempotency_key: Some(run_id::idempotency_key(run, position, &batch.bytes)),
        };
        let answer = server
            .call(&call)
            .map_err(|error| PublishError::of_batch(error, &batch, &name, run, position == 0))?;
        let accepted = Accepted::read(&answer);
        total = total.plus(accepted);
        if json {
            print(answer.to_string());
        } else if let Some(lines) = lines(&batch) {
            print(format!("{lines}: {}", accepted.told()));
        }
    }
    if !json {
        print(format!("accepted {}", total.told()));
    }
    Ok(ExitCode::SUCCESS)
}

/// The lines of a request, if it is one of lines.
fn lines(batch: &Batch) -> Option<String> {
    let of_lines = batch.content_type == "application/x-ndjson";
    let (first, last) = (batch.items.first()?, batch.items.last()?);
    of_lines.then(|| format!("lines {first} to {last}"))
}

impl Accepted {
    fn read(answer: &Value) -> Self {
        let actions = answer.get("actions").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let is_unfit = |action: &&Value| action.get("warnings").is_some();
        Self {
            actions: actions.iter().map(|_| 1).sum(),
            deliveries: actions.iter().map(deliveries).sum(),
            unfit: actions.iter().filter(is_unfit).map(|_| 1).sum(),
        }
    }

    fn plus(self, other: Self) -> Self {
        Self {
            actions: self.actions + other.actions,
            deliveries: self.deliveries + other.deliveries,
            unfit: self.unfit + other.unfit,
        }
    }

    fn told(self) -> String {
        let Self { actions, deliveries, unfit } = self;
        let made = counted(deliveries, "delivery", "deliveries");
        let mut told = format!("{}, {made}", counted(actions, "action", "actions"));
        if unfit > 0 {
            let resources = counted(unfit, "resource does", "resources do");
            told.push_str(&format!(
                "; {resources} not fit the schema, `rendezhook org show` tells of the last"
            ));
        }
        told
    }
}

/// How many deliveries an action of an answer makes.
pub(super) fn deliveries(action: &Value) -> u64 {
    action.get("deliveries").and_then(Value::as_u64).unwrap_or_default()
}

/// `1 action`, `2 actions`.
pub(super) fn counted(number: u64, one: &str, several: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { several })
}
