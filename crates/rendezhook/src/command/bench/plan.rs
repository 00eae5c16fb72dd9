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
    /// Deliveries that wait beside fresh traffic and through a restart.
    pub(super) waiting: u64,
    /// Receivers of the isolation, and how many of them hang.
    pub(super) receivers: (u64, u64),
    /// How often the isolation is measured, each time with fresh servers.
    pub(super) isolation_rounds: u64,
    /// Numbers of subscriptions.
    pub(super) subscriptions: [u64; 3],
    /// Numbers of organizations.
    pub(super) organizations: [u64; 3],
}

impl Plan {
    /// Everything, or as little as shows that all works; `seconds` overrules the time of a step.
    pub(super) fn new(quick: bool, seconds: Option<u64>) -> Self {
        if quick {
            return Self {
                seconds: seconds.unwrap_or(1),
                fan_out_publishes: 200,
                backlog: 20_000,
                waiting: 20_000,
                receivers: (100, 10),
                isolation_rounds: 1,
                subscriptions: [1, 100, 2_000],
                organizations: [1, 10, 100],
            };
        }
        Self {
            seconds: seconds.unwrap_or(5),
            fan_out_publishes: 1_000,
            backlog: 500_000,
            waiting: 1_000_000,
            receivers: (1_000, 100),
            isolation_rounds: 3,
            subscriptions: [1, 1_000, 100_000],
            organizations: [1, 100, 10_000],
        }
    }
}
