//! How much is measured.

/// Sizes of the steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Plan {
    /// How long steps with a time last.
    pub(super) seconds: u64,
    /// Publishes of the fan-out.
    pub(super) fan_out_publishes: u64,
    /// Deliveries of the backlog.
    pub(super) backlog: u64,
}

impl Plan {
    /// Everything, or as little as shows that all works; `seconds` overrules the time of a step.
    pub(super) fn new(quick: bool, seconds: Option<u64>) -> Self {
        if quick {
            return Self { seconds: seconds.unwrap_or(1), fan_out_publishes: 200, backlog: 20_000 };
        }
        Self { seconds: seconds.unwrap_or(5), fan_out_publishes: 1_000, backlog: 500_000 }
    }
}
