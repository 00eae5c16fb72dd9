//! What the server derived from a calendar.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;

/// What became of all bookings of a calendar.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Derived {
    bookings: usize,
    /// How often each action was derived.
    actions: BTreeMap<String, u64>,
    /// How many deliveries were matched.
    pub(super) deliveries: u64,
}

/// One line of `publish --ics --json`.
#[derive(Deserialize)]
struct Line {
    answer: Answer,
}

#[derive(Deserialize)]
struct Answer {
    actions: Vec<Action>,
}

#[derive(Deserialize)]
struct Action {
    action: String,
    deliveries: u64,
}

impl Derived {
    /// Reads the server's answers, a line of JSON for each booking.
    pub(super) fn read(lines: &[String]) -> Result<Self, serde_json::Error> {
        let mut derived = Self { bookings: lines.len(), ..Self::default() };
        for line in lines {
            let line: Line = serde_json::from_str(line)?;
            for action in line.answer.actions {
                *derived.actions.entry(action.action).or_default() += 1;
                derived.deliveries += action.deliveries;
            }
        }
        Ok(derived)
    }
}

impl fmt::Display for Derived {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let actions: Vec<String> =
            self.actions.iter().map(|(name, count)| format!("{name} ×{count}")).collect();
        let deliveries = if self.deliveries == 1 { "delivery" } else { "deliveries" };
        let actions = if actions.is_empty() { "nothing new".to_owned() } else { actions.join(", ") };
        write!(formatter, "{} bookings: {actions}; {} {deliveries}", self.bookings, self.deliveries)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_and_deliveries_are_added_up() {
        let lines = [
            r#"{"line": 7, "resource_id": "a", "answer": {"version": 1, "actions": [{"action": "event.created", "deliveries": 0}, {"action": "event.confirmed", "deliveries": 2}]}}"#,
            r#"{"line": 20, "resource_id": "b", "answer": {"version": 1, "actions": [{"action": "event.created", "deliveries": 1}]}}"#,
            r#"{"line": 33, "resource_id": "c", "answer": {"version": 1, "actions": []}}"#,
        ];
        let derived = Derived::read(&lines.map(str::to_owned)).unwrap();
        assert_eq!(derived.to_string(), "3 bookings: event.confirmed ×1, event.created ×2; 3 deliveries");
        assert_eq!(Derived::read(&[]).unwrap().to_string(), "0 bookings: nothing new; 0 deliveries");
    }
}
