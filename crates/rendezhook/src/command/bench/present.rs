//! Figures as tables for people.

pub(super) mod comparisons;

use super::Group;
use super::disk::DiskFigures;
use super::figures::{BacklogFigures, StepFigures};
use super::machine::Machine;
use crate::command::table::Side::{Left, Right};
use crate::command::table::{Cell, Table};
use crate::command::terminal::{Terminal, Tone};

/// What a group is, in a line over its table.
pub(super) fn heading(group: Group) -> &'static str {
    match group {
        Group::Limit => "Limit: the generator straight into the sink, the same bodies",
        Group::Single => {
            "Publishing one action a request, delivering it to one subscription at the same time"
        }
        Group::Put => {
            "Putting a new state of a booking a request: event.updated is derived and delivered to one subscription"
        }
        Group::Batch => {
            "Publishing 100 actions a request, delivering them to one subscription at the same time"
        }
        Group::Fanout => "Fan-out: each action to 100 subscriptions at 100 endpoints",
        Group::Latency => "Low rates: how soon a delivery arrives when there is little to do",
        Group::Backlog => "Backlog: a receiver that is down, and then comes up",
        Group::Isolation => "Isolation: healthy receivers alone, and beside others that never answer",
        Group::Waiting => "Waiting: fresh traffic beside deliveries that wait, and a restart with them",
        Group::Growth => "Growth: what a delivery costs as subscriptions and organizations become many",
    }
}

/// On what it is measured, and with what.
pub(super) fn machine(machine: &Machine) -> String {
    format!(
        "{} cores ({}), {} MiB memory, Linux {}, SQLite {}, data on {} in {}",
        machine.cores,
        machine.processor,
        machine.memory_mib,
        machine.kernel,
        machine.sqlite,
        machine.file_system,
        machine.data.display()
    )
}

/// The table of a group.
pub(super) fn steps(steps: &[StepFigures], terminal: Terminal) -> Vec<String> {
    if steps.iter().all(|step| step.memory.is_none()) {
        limits(steps, terminal)
    } else {
        served(steps, terminal)
    }
}

fn limits(steps: &[StepFigures], terminal: Terminal) -> Vec<String> {
    let mut table = Table::new([
        ("load", Left),
        ("requests/s", Right),
        ("p50", Right),
        ("p99", Right),
        ("arrival p50", Right),
        ("p99", Right),
        ("sink CPU each", Right),
        ("generator CPU each", Right),
    ]);
    for step in steps {
        table.row([
            load(step),
            Cell::toned(Tone::Strong, count(step.publish.requests_per_second)),
            time(step.publish.p50_ms).into(),
            time(step.publish.p99_ms).into(),
            time(step.arrival.p50_ms).into(),
            time(step.arrival.p99_ms).into(),
            time(step.processor.sink_us_per_arrival / 1e3).into(),
            time(step.processor.generator_us_per_request / 1e3).into(),
        ]);
    }
    table.lines(terminal)
}

fn served(steps: &[StepFigures], terminal: Terminal) -> Vec<String> {
    let mut table = Table::new([
        ("load", Left),
        ("accepted/s", Right),
        ("p50", Right),
        ("p99", Right),
        ("delivered/s", Right),
        ("of limit", Right),
        ("arrival p50", Right),
        ("p99", Right),
        ("to limit", Right),
        ("server CPU each", Right),
        ("peak memory", Right),
    ]);
    for step in steps {
        let rate = |part: f64| format!("{:.1} %", part * 100.0);
        table.row([
            load(step),
            Cell::toned(Tone::Strong, count(step.publish.actions_per_second)),
            time(step.publish.p50_ms).into(),
            time(step.publish.p99_ms).into(),
            Cell::toned(Tone::Strong, count(step.arrival.deliveries_per_second)),
            optional(step.of_limit.map(|ratios| rate(ratios.delivery_rate))),
            time(step.arrival.p50_ms).into(),
            time(step.arrival.p99_ms).into(),
            optional(step.of_limit.map(|ratios| times(ratios.arrival_p50))),
            optional(step.processor.server_us_per_delivery.map(|time| format!("{time:.1} µs"))),
            optional(step.memory.map(|memory| format!("{:.0} MiB", memory.peak_mib))),
        ]);
    }
    table.lines(terminal)
}

/// The line about the disk.
pub(super) fn disk(figures: &DiskFigures) -> String {
    format!(
        "  Disk: appending 4 KiB and fdatasync, {} a second, p50 {}, p99 {}",
        count(figures.syncs_per_second),
        time(figures.p50_ms),
        time(figures.p99_ms)
    )
}

/// The lines about the backlog.
pub(super) fn backlog(figures: &BacklogFigures, terminal: Terminal) -> Vec<String> {
    let mut table = Table::new([("", Left), ("", Right)]);
    let mut row = |what: &str, value: String| table.row([what.into(), Cell::toned(Tone::Strong, value)]);
    row("deliveries waiting", count(figures.waiting as f64));
    row("accepted/s while the receiver is down", count(figures.actions_per_second));
    row("memory before", format!("{:.0} MiB", figures.idle_mib));
    row("memory with all waiting", format!("{:.0} MiB", figures.waiting_memory.current_mib));
    row("most memory until then", format!("{:.0} MiB", figures.waiting_memory.peak_mib));
    row("added by each waiting delivery", format!("{:.0} bytes", figures.bytes_per_delivery));
    row("first delivery after the receiver is up", time(figures.recovery_ms));
    row("delivered/s from then on", count(figures.deliveries_per_second));
    row("most memory meanwhile", format!("{:.0} MiB", figures.drain_memory.peak_mib));
    row("server CPU for one, accepting included", format!("{:.1} µs", figures.server_us_per_delivery));
    table.lines(terminal).split_off(1)
}

/// What a PUT costs beside a plain publish over as many connections, when both were measured.
pub(super) fn put_beside_publish(steps: &[StepFigures]) -> Option<String> {
    let busiest =
        |group: &str| steps.iter().filter(|step| step.group == group).max_by_key(|step| step.connections);
    let (put, single) = (busiest("put")?, busiest("single")?);
    let factor = put
        .processor
        .server_us_per_delivery
        .zip(single.processor.server_us_per_delivery)
        .map(|(a, b)| a / b)?;
    let pace = single.publish.requests_per_second / put.publish.requests_per_second;
    Some(format!(
        "  A PUT over {} connections takes {} the server CPU of a plain publish, and {} its time",
        put.connections,
        times(factor),
        times(pace)
    ))
}

fn load(step: &StepFigures) -> Cell {
    match (step.rate_per_second, step.connections) {
        (Some(rate), _) => format!("{} requests/s", count(f64::from(rate))).into(),
        (None, 1) => "1 connection".into(),
        (None, connections) => format!("{connections} connections").into(),
    }
}

fn optional(text: Option<String>) -> Cell {
    text.map_or_else(|| Cell::toned(Tone::Quiet, "–"), Cell::from)
}

/// A whole number with its thousands apart.
fn count(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// So many times as much: with a decimal while it matters.
fn times(factor: f64) -> String {
    if factor < 100.0 { format!("×{factor:.1}") } else { format!("×{}", count(factor)) }
}

/// Milliseconds with three digits that matter, in the unit that fits.
fn time(milliseconds: f64) -> String {
    let (value, unit) = match milliseconds {
        short if short < 1.0 => (short * 1e3, "µs"),
        long if long >= 1e3 => (long / 1e3, "s"),
        usual => (usual, "ms"),
    };
    let decimals = if value < 10.0 { 2 } else { usize::from(value < 100.0) };
    format!("{value:.decimals$} {unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_have_their_thousands_apart() {
        for (number, text) in [(0.0, "0"), (999.6, "1,000"), (12_345.0, "12,345"), (1_234_567.0, "1,234,567")]
        {
            assert_eq!(count(number), text);
        }
    }

    #[test]
    fn multiples_have_a_decimal_while_it_matters() {
        assert_eq!([3.04, 99.9, 100.0, 12_966.6].map(times), ["×3.0", "×99.9", "×100", "×12,967"]);
    }

    #[test]
    fn times_have_the_unit_that_fits() {
        let cases = [
            (0.0, "0.00 µs"),
            (0.0915, "91.5 µs"),
            (1.0, "1.00 ms"),
            (15.84, "15.8 ms"),
            (250.4, "250 ms"),
            (1_500.0, "1.50 s"),
        ];
        for (milliseconds, text) in cases {
            assert_eq!(time(milliseconds), text);
        }
    }
}
