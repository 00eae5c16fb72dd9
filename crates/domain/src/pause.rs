//! When a receiver's owner does not want deliveries: pauses, maintenance windows, and how a backlog is drained afterwards.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use self::maintenance::{
    MaintenanceWindow, MaintenanceWindowError, TimeOfDay, TimeOfDayError, Weekday, WeeklyWindow, ZoneName,
    ZoneNameError,
};
use crate::time::Timestamp;

mod maintenance;

/// A pause that somebody asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pause {
    /// When it began.
    pub since: Timestamp,
    /// When it ends by itself; `None`: when somebody resumes.
    pub until: Option<Timestamp>,
    /// What its owner noted.
    pub reason: Option<Arc<str>>,
}

/// How the backlog of a receiver is let go after a pause: at most so many attempts a second until that instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drain {
    /// Attempts a second, from 1.
    pub rate: u32,
    /// When the limit ends.
    pub until: Timestamp,
}

/// What keeps a receiver from being delivered to by its owner's will, and how it is let go on afterwards.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Interruptions {
    /// The pause under way.
    pub pause: Option<Pause>,
    /// At most [`Self::MAXIMUM_WINDOWS`].
    pub maintenance: Vec<MaintenanceWindow>,
    /// The limit under which its backlog drains.
    pub drain: Option<Drain>,
}

impl Interruptions {
    /// How many maintenance windows a receiver may have.
    pub const MAXIMUM_WINDOWS: usize = 20;

    /// Whether there is none of them.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether the receiver gets nothing at this instant.
    #[must_use]
    pub fn hold_at(&self, now: Timestamp) -> bool {
        self.pauses_at(now) || self.maintains_at(now)
    }

    /// Whether a pause that somebody asked for is under way.
    #[must_use]
    pub fn pauses_at(&self, now: Timestamp) -> bool {
        self.pause.as_ref().is_some_and(|pause| pause.until.is_none_or(|until| now < until))
    }

    /// Whether a maintenance window is open.
    #[must_use]
    pub fn maintains_at(&self, now: Timestamp) -> bool {
        self.maintenance.iter().any(|window| window.is_open_at(now))
    }

    /// How many attempts a second the receiver gets at most at this instant, while its backlog drains.
    #[must_use]
    pub fn rate_at(&self, now: Timestamp) -> Option<u32> {
        self.drain.filter(|drain| now < drain.until).map(|drain| drain.rate)
    }

    /// The next instant after `now` at which any of the above may answer otherwise without anybody doing anything; `None` when
    /// there is none.
    #[must_use]
    pub fn next_change(&self, now: Timestamp) -> Option<Timestamp> {
        let pause_ends = self.pause.as_ref().and_then(|pause| pause.until);
        let drain_ends = self.drain.map(|drain| drain.until);
        let windows = self.maintenance.iter().filter_map(|window| window.next_change(now));
        pause_ends.into_iter().chain(drain_ends).chain(windows).filter(|at| *at > now).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_pause_ends_by_itself_or_not_at_all() {
        let noon = at("2026-01-15T12:00:00Z");
        let pause = |until| Interruptions {
            pause: Some(Pause { since: at("2026-01-15T09:00:00Z"), until, reason: None }),
            ..Interruptions::default()
        };
        let ending = pause(Some(noon));
        assert!(ending.hold_at(at("2026-01-15T11:59:59.999Z")) && !ending.hold_at(noon));
        assert_eq!(ending.next_change(at("2026-01-15T10:00:00Z")), Some(noon));
        assert_eq!(ending.next_change(noon), None);
        assert!(pause(None).hold_at(at("2036-01-15T12:00:00Z")));
        assert_eq!(pause(None).next_change(noon), None);
    }

    #[test]
    fn the_earliest_change_is_told() {
        let interruptions = Interruptions {
            pause: Some(Pause {
                since: at("2026-01-15T09:00:00Z"),
                until: Some(at("2026-01-15T12:00:00Z")),
                reason: None,
            }),
            maintenance: vec![
                MaintenanceWindow::once(at("2026-01-15T11:00:00Z"), at("2026-01-15T13:00:00Z")).unwrap(),
            ],
            drain: Some(Drain { rate: 5, until: at("2026-01-15T14:00:00Z") }),
        };
        let mut changes = Vec::new();
        let mut now = at("2026-01-15T10:00:00Z");
        while let Some(next) = interruptions.next_change(now) {
            changes.push((next.to_string(), interruptions.hold_at(next), interruptions.rate_at(next)));
            now = next;
        }
        let expected = [
            ("2026-01-15T11:00:00.000Z", true, Some(5)),
            ("2026-01-15T12:00:00.000Z", true, Some(5)),
            ("2026-01-15T13:00:00.000Z", false, Some(5)),
            ("2026-01-15T14:00:00.000Z", false, None),
        ];
        assert_eq!(changes, expected.map(|(at, held, rate)| (at.to_owned(), held, rate)));
    }
}
