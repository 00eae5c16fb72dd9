//! Deliveries as the server's API shows them, and as a table shows them to people.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use super::hooks::Hook;
use crate::command::table::Side::{Left, Right};
use crate::command::table::{Cell, Table};
use crate::command::terminal::{Terminal, Tone};

/// The longest title in the table, in characters.
const TITLE_WIDTH: usize = 34;

/// A page of deliveries.
#[derive(Debug, Deserialize)]
pub(super) struct Deliveries {
    /// Newest first.
    pub(super) items: Vec<Delivery>,
}

/// A delivery, as far as it is shown.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(super) struct Delivery {
    /// Its id, and the `webhook-id` of its attempts.
    pub(super) id: String,
    /// The id of its subscription.
    pub(super) subscription: Option<String>,
    /// What happened.
    pub(super) action: String,
    /// To which booking.
    pub(super) resource_id: String,
    /// `waiting`, or how it ended.
    pub(super) state: String,
    /// Attempts so far.
    pub(super) attempts: u16,
    /// When the next one is due.
    pub(super) due_at: Option<Timestamp>,
    /// The last one.
    pub(super) last_attempt: Option<Attempt>,
}

/// An attempt, as far as it is shown.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(super) struct Attempt {
    /// The status that was answered.
    pub(super) status: Option<u16>,
}

impl Delivery {
    /// Whether it goes on.
    pub(super) fn is_waiting(&self) -> bool {
        self.state == "waiting"
    }

    /// What became of it so far, in words.
    pub(super) fn told(&self, now: Timestamp) -> Cell {
        if !self.is_waiting() {
            let tone = if self.state == "delivered" { Tone::Good } else { Tone::Bad };
            return Cell::toned(tone, self.state.clone());
        }
        let Some(attempt) = &self.last_attempt else {
            return Cell::toned(Tone::Quiet, "on its way");
        };
        let said =
            attempt.status.map_or_else(|| "no answer".to_owned(), |status| format!("answered {status}"));
        let wait = self.due_at.map_or(SignedDuration::ZERO, |due| due.duration_since(now));
        if wait.is_positive() {
            let seconds = wait.as_secs_f64();
            return Cell::toned(Tone::Open, format!("{said}, again in {seconds:.1} s"));
        }
        Cell::toned(Tone::Open, format!("{said}, again now"))
    }
}

/// What the table knows besides the deliveries.
pub(super) struct Names {
    /// What each booking is called.
    pub(super) titles: HashMap<String, String>,
    /// Name and API of each subscription.
    pub(super) subscriptions: HashMap<String, (&'static str, &'static str)>,
}

impl Names {
    pub(super) fn new(titles: HashMap<String, String>, hooks: &[Hook]) -> Self {
        let named = |hook: &Hook| {
            let role = hook.receiver.role;
            let name = (role.name, role.surface.name());
            hook.subscriptions.iter().map(|id| (id.clone(), name)).collect::<Vec<_>>()
        };
        Self { titles, subscriptions: hooks.iter().flat_map(named).collect() }
    }

    fn title<'a>(&'a self, delivery: &'a Delivery) -> &'a str {
        self.titles.get(&delivery.resource_id).map_or(delivery.resource_id.as_str(), String::as_str)
    }

    fn subscription(&self, delivery: &Delivery) -> (&'static str, &'static str) {
        let known = delivery.subscription.as_ref().and_then(|id| self.subscriptions.get(id));
        known.copied().unwrap_or(("deleted", "–"))
    }

    /// All deliveries, oldest first, as a table.
    pub(super) fn table(&self, deliveries: &[Delivery], now: Timestamp, terminal: Terminal) -> Vec<String> {
        let mut table = Table::new([
            ("hook of", Left),
            ("API", Left),
            ("action", Left),
            ("booking", Left),
            ("attempts", Right),
            ("state", Left),
        ]);
        for delivery in deliveries {
            let (name, surface) = self.subscription(delivery);
            table.row([
                Cell::toned(Tone::Strong, name),
                surface.into(),
                delivery.action.clone().into(),
                shortened(self.title(delivery)).into(),
                delivery.attempts.to_string().into(),
                delivery.told(now),
            ]);
        }
        table.lines(terminal)
    }

    /// A delivery in a line, for output that cannot be drawn over.
    pub(super) fn line(&self, delivery: &Delivery) -> String {
        let (name, surface) = self.subscription(delivery);
        let title = self.title(delivery);
        let attempts = delivery.attempts;
        let state = match &delivery.last_attempt {
            _ if !delivery.is_waiting() => delivery.state.clone(),
            Some(Attempt { status: Some(status) }) => format!("answered {status}, will be tried again"),
            Some(Attempt { status: None }) => "no answer, will be tried again".to_owned(),
            None => "on its way".to_owned(),
        };
        format!(
            "  {name:<12}  {surface:<14}  {:<15}  attempt {attempts}: {state:<33}  {title}",
            delivery.action
        )
    }
}

/// A title that fits into its column.
fn shortened(title: &str) -> String {
    if title.chars().count() <= TITLE_WIDTH {
        return title.to_owned();
    }
    let start: String = title.chars().take(TITLE_WIDTH.saturating_sub(1)).collect();
    format!("{}…", start.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delivery(state: &str, status: Option<u16>) -> Delivery {
        Delivery {
            id: "dlv_1".to_owned(),
            subscription: Some("sub_1".to_owned()),
            action: "event.cancelled".to_owned(),
            resource_id: "check-up".to_owned(),
            state: state.to_owned(),
            attempts: u16::from(status.is_some()),
            due_at: Some(Timestamp::from_millisecond(2_500).unwrap()),
            last_attempt: status.map(|status| Attempt { status: Some(status) }),
        }
    }

    fn names() -> Names {
        Names {
            titles: HashMap::from([("check-up".to_owned(), "Check-up: shoulder".to_owned())]),
            subscriptions: HashMap::from([("sub_1".to_owned(), ("reminders", "native"))]),
        }
    }

    #[test]
    fn the_table_says_what_became_of_each() {
        let now = Timestamp::from_second(1).unwrap();
        let all =
            [delivery("waiting", None), delivery("waiting", Some(500)), delivery("delivered", Some(200))];
        let expected = [
            "  hook of    API     action           booking             attempts  state",
            "  reminders  native  event.cancelled  Check-up: shoulder         0  on its way",
            "  reminders  native  event.cancelled  Check-up: shoulder         1  answered 500, again in 1.5 s",
            "  reminders  native  event.cancelled  Check-up: shoulder         1  delivered",
        ];
        assert_eq!(names().table(&all, now, Terminal::PLAIN), expected);
    }

    #[test]
    fn what_is_unknown_is_shown_all_the_same() {
        let stranger =
            Delivery { subscription: None, resource_id: "x".to_owned(), ..delivery("exhausted", Some(404)) };
        let line = names().line(&stranger);
        assert_eq!(line.trim_end().split("  ").last(), Some("x"));
        assert!(line.contains("deleted") && line.contains("attempt 1: exhausted"), "{line}");
    }

    #[test]
    fn a_long_title_is_cut_off() {
        assert_eq!(
            shortened("Second opinion with the hospital in Zürich"),
            "Second opinion with the hospital…"
        );
        assert_eq!(shortened("Back class"), "Back class");
    }

    #[test]
    fn reads_what_the_server_sends() {
        let text = r#"{"items": [{"id": "dlv_1", "subscription": "sub_1", "origin": "original", "action": "event.cancelled",
            "resource_id": "check-up", "state": "waiting", "attempts": 1, "due_at": "1970-01-01T00:00:02.500Z",
            "last_attempt": {"succeeded": false, "status": 500, "cause": null}}], "next": null}"#;
        let page: Deliveries = serde_json::from_str(text).unwrap();
        assert_eq!(page.items, [delivery("waiting", Some(500))]);
    }
}
