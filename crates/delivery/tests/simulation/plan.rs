//! What kind of history a seed plays, and how much of everything happens in it.

use std::time::Duration;

use rendezhook_delivery::scheduler::SchedulerLimits;

use crate::dice::Dice;

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;

/// What kind of history it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Ten minutes in which everything goes wrong at times, with tight limits.
    Hostile,
    /// The same, and next to nothing fits into memory.
    Cramped,
    /// Hours to days of traffic with the schedules and waits of production, and everything that goes wrong meanwhile.
    Days,
    /// Every receiver is healthy, and nobody changes anything.
    Healthy,
}

impl Kind {
    /// The kind of history that a seed plays.
    pub(crate) fn of(seed: u64) -> Self {
        match seed % 8 {
            0 => Self::Healthy,
            1 | 2 => Self::Cramped,
            3 | 4 => Self::Days,
            _ => Self::Hostile,
        }
    }
}

/// How much of everything happens in a history. How often is the most of what the seed may choose.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) kind: Kind,
    pub(crate) limits: SchedulerLimits,
    /// The limits leave room for everything, so whatever is due must be under way.
    pub(crate) roomy: bool,
    /// How long there is chaos, in milliseconds.
    pub(crate) chaos: i64,
    pub(crate) publishes: u64,
    pub(crate) changes: u64,
    pub(crate) moods: u64,
    pub(crate) crashes: u64,
    /// How often the store or the feed gets another pace.
    pub(crate) paces: u64,
    /// The longest time after acceptance at which a delivery becomes due first, or expires, in seconds.
    pub(crate) longest_delay: u64,
    /// The longest time a receiver asks for, in seconds.
    pub(crate) longest_hold: u64,
    /// The longest time for which the process is down, in milliseconds.
    pub(crate) longest_downtime: u64,
    /// How many deliveries may wait for a receiver.
    pub(crate) receiver_backlog: Option<u64>,
}

impl Plan {
    pub(crate) fn draw(kind: Kind, dice: &mut Dice) -> Self {
        let days = kind == Kind::Days;
        let calm = kind == Kind::Healthy;
        let chance = |most: u64| if calm { 0 } else { most };
        Self {
            kind,
            limits: if days { spacious(dice) } else { tight(kind, dice) },
            roomy: kind != Kind::Cramped,
            chaos: if days { dice.pick(&[2, 6, 24, 96]) * HOUR } else { 10 * MINUTE },
            publishes: if days { 40 } else { 30 },
            changes: chance(24),
            moods: chance(if days { 40 } else { 12 }),
            crashes: chance(3),
            paces: chance(if days { 8 } else { 3 }),
            longest_delay: if days { 7_200 } else { 60 },
            longest_hold: if days { 3_600 } else { 90 },
            longest_downtime: if days { 600_000 } else { 20_000 },
            receiver_backlog: None,
        }
    }

    /// The same with a bound of what waits for a receiver, in some histories. It has dice of its own: the others play what they
    /// played before there was such a bound.
    pub(crate) fn bounded(self, dice: &mut Dice) -> Self {
        let bounded = self.kind != Kind::Healthy && dice.chance(40);
        Self { receiver_backlog: bounded.then(|| dice.between(1, 8)), ..self }
    }

    /// How often the process looks for receivers for which too many wait, in milliseconds.
    pub(crate) const fn looks_for_excess(&self) -> i64 {
        if matches!(self.kind, Kind::Days) { MINUTE } else { 1_000 }
    }

    /// Everything that can happen before an attempt takes less than this once the chaos is over: the longest step of any
    /// schedule with its spread, what a receiver asked for, a delayed first attempt, and time for the store and for the
    /// deliveries that come before.
    pub(crate) fn patience(&self, longest_step: Duration) -> i64 {
        let asked = i64::try_from(self.longest_hold + self.longest_delay).unwrap() * 1_000;
        let spread = longest_step.mul_f64(1.2).max(self.limits.lane_hold);
        i64::try_from(spread.as_millis()).unwrap() + asked + 2 * HOUR
    }
}

/// Limits as in production as far as time goes, and few attempts at a time, so that there is something to share.
fn spacious(dice: &mut Dice) -> SchedulerLimits {
    SchedulerLimits {
        in_flight: dice.pick(&[1, 2, 4, 32]),
        slow_in_flight: dice.pick(&[1, 2, 8, 64]),
        authority_in_flight: dice.pick(&[1, 2, 4, 256]),
        endpoint_window: dice.pick(&[1, 2, 8, 256]),
        page_low_water: dice.count(1, 16),
        direct_high_water: dice.count(1, 64),
        expiring: dice.count(1, 10),
        ..SchedulerLimits::default()
    }
}

fn tight(kind: Kind, dice: &mut Dice) -> SchedulerLimits {
    let roomy = kind != Kind::Cramped;
    SchedulerLimits {
        in_flight: dice.count(1, 8),
        slow_in_flight: dice.count(1, 12),
        authority_in_flight: u32::try_from(dice.between(1, 6)).unwrap(),
        endpoint_window: u32::try_from(dice.between(1, 6)).unwrap(),
        lane_hold: Duration::from_secs(dice.between(10, 90)),
        page_low_water: dice.count(1, 5),
        direct_high_water: dice.count(1, 8),
        receiver_entries: if roomy { 10_000 } else { dice.count(3, 30) },
        entries: if roomy { 10_000 } else { dice.count(3, 40) },
        expiring: dice.count(1, 3),
    }
}
