//! The tables of steps that are compared with themselves.

use super::super::comparisons::{
    GrowthFigures, GrowthPoint, IsolationFigures, RestartFigures, WaitingFigures,
};
use super::{count, time};
use crate::command::table::Side::{Left, Right};
use crate::command::table::{Cell, Table};
use crate::command::terminal::{Terminal, Tone};

/// The table of the receivers that hang.
pub(in super::super) fn isolation(figures: &IsolationFigures, terminal: Terminal) -> Vec<String> {
    let mut table = Table::new([
        ("receivers", Left),
        ("deliveries", Right),
        ("arrival p50", Right),
        ("p99", Right),
        ("p99 of a second", Right),
    ]);
    let (receivers, hanging) = (count(figures.receivers as f64), count(figures.hanging as f64));
    for (what, arrivals) in [
        (format!("{receivers}, all of which answer"), figures.alone),
        (format!("the others beside {hanging} that hang"), figures.beside),
    ] {
        table.row([
            what.into(),
            count(arrivals.deliveries as f64).into(),
            time(arrivals.p50_ms).into(),
            time(arrivals.p99_ms).into(),
            time(arrivals.second_p99_ms).into(),
        ]);
    }
    let ratios = [figures.p50_ratio, figures.p99_ratio, figures.second_p99_ratio];
    let [p50, p99, second_p99] = ratios.map(|ratio| Cell::toned(Tone::Strong, factor(ratio)));
    table.row(["times as long".into(), "".into(), p50, p99, second_p99]);
    table.lines(terminal)
}

/// The lines about what waits, and about the restart with it.
pub(in super::super) fn waiting(
    figures: &WaitingFigures,
    restart: &RestartFigures,
    terminal: Terminal,
) -> Vec<String> {
    let mut table = Table::new([("", Left), ("", Right)]);
    let mut row = |what: &str, value: String| table.row([what.into(), Cell::toned(Tone::Strong, value)]);
    row("deliveries waiting", count(figures.waiting as f64));
    row("memory with all waiting", format!("{:.0} MiB", figures.memory.current_mib));
    row("server CPU for a fresh one, empty store", format!("{:.1} µs", figures.empty_us_per_delivery));
    row("server CPU for a fresh one beside them", format!("{:.1} µs", figures.beside_us_per_delivery));
    row("times as much", factor(figures.ratio));
    row("killed and started again: listens after", time(restart.listening_ms));
    row("first of them sent after", time(restart.first_attempt_ms));
    table.lines(terminal).split_off(1)
}

/// The table of sizes.
pub(in super::super) fn growth(figures: &GrowthFigures, terminal: Terminal) -> Vec<String> {
    let mut table = Table::new([
        ("size", Left),
        ("made in", Right),
        ("server CPU each", Right),
        ("times as much", Right),
        ("memory", Right),
    ]);
    let mut rows = |what: &str, points: &[GrowthPoint]| {
        for point in points {
            table.row([
                format!("{} {what}", count(point.count as f64)).into(),
                time(point.making_seconds * 1e3).into(),
                format!("{:.1} µs", point.server_us_per_delivery).into(),
                Cell::toned(Tone::Strong, factor(point.ratio)),
                format!("{:.0} MiB", point.memory.current_mib).into(),
            ]);
        }
    };
    rows("subscriptions", &figures.subscriptions);
    rows("organizations", &figures.organizations);
    table.lines(terminal)
}

/// So many times as much, with the decimals that a bound such as 1.3 needs.
fn factor(ratio: f64) -> String {
    if ratio < 10.0 { format!("×{ratio:.2}") } else { super::times(ratio) }
}
