//! A planner that makes bookings with timers and publishes for later, moves and takes back, and remembers the answers.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::{Method, StatusCode};
use jiff::{SignedDuration, Timestamp};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::agenda::{Agenda, Appointment, Way};
use crate::caller::{Answered, Caller};
use crate::publisher::ServerAddress;

/// The time between two requests.
const PAUSE: Duration = Duration::from_millis(15);
/// How far ahead something is planned, in milliseconds: some of it becomes due while the server is down.
const AHEAD: std::ops::Range<i64> = 400..4_000;
/// By how much the timer fires before the start of its booking.
const BEFORE_START: SignedDuration = SignedDuration::from_secs(1);
/// Appointments that may still be moved or taken back.
const OPEN: usize = 40;
/// After so many requests the timer itself is changed, so that the server walks over all bookings.
const REQUESTS_BETWEEN_CHANGES: u64 = 60;

/// The timer that bookings need: it fires a second before they start.
#[must_use]
pub fn timer() -> Value {
    json!({"name": "starting", "action": "event.starting", "anchor": "start", "offset": "-1s"})
}

/// The actions by which something is told at its time.
pub const TOLD_ACTIONS: [&str; 2] = ["event.starting", "event.reminder"];

/// Plans without pause, one request after the other, until told to stop.
pub struct Planner {
    caller: Caller,
    agenda: Arc<Mutex<Agenda>>,
    /// The path of the timer.
    timer: String,
    stop: watch::Receiver<bool>,
    random: ChaCha8Rng,
    open: Vec<Appointment>,
    next_number: u64,
    requests: u64,
}

impl Planner {
    /// A planner of an organization with a [`timer`], whose key may publish and change timers.
    #[must_use]
    pub fn new(
        key: &str,
        timer: String,
        agenda: Arc<Mutex<Agenda>>,
        server: ServerAddress,
        stop: watch::Receiver<bool>,
        seed: u64,
    ) -> Self {
        Self {
            caller: Caller::new(key, server),
            agenda,
            timer,
            stop,
            random: ChaCha8Rng::seed_from_u64(seed),
            open: Vec::new(),
            next_number: 0,
            requests: 0,
        }
    }

    /// Plans until told to stop. What was begun then is answered.
    pub async fn run(mut self) {
        while !*self.stop.borrow() {
            self.requests += 1;
            let done = if self.requests.is_multiple_of(REQUESTS_BETWEEN_CHANGES) {
                self.change_timer().await
            } else {
                self.plan_one().await
            };
            if done.is_none() {
                return;
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Makes, moves or takes back; `None` when the run is over.
    async fn plan_one(&mut self) -> Option<()> {
        let open = self.take_open();
        let taken_back = open.is_some() && self.random.random_bool(0.3);
        let appointment = open.unwrap_or_else(|| self.new_appointment());
        let due_at = if taken_back { None } else { self.due_at() };
        let place = self.agenda().planned(appointment, due_at);
        if due_at.is_some() {
            self.open.push(appointment);
        }
        let idempotency_key = format!("plan-{:?}-{}-{place}", appointment.way, appointment.number);
        let answered = match (appointment.way, due_at) {
            (Way::Later, None) => {
                let path = format!("/api/v1/scheduled/key-{}", appointment.number);
                self.caller.until_answered(Method::DELETE, &path, None, None).await?
            }
            _ => {
                let body = action(appointment, place, due_at);
                let path = "/api/v1/actions";
                self.caller.until_answered(Method::POST, path, Some(&idempotency_key), Some(&body)).await?
            }
        };
        self.note(appointment, &answered);
        Some(())
    }

    fn note(&self, appointment: Appointment, answered: &Answered) {
        let mut agenda = self.agenda();
        if answered.status.is_success() {
            agenda.accepted(appointment, Timestamp::now());
        } else if answered.status == StatusCode::NOT_FOUND && answered.repeated {
            // A try that was not answered took it back, or it was told before.
            agenda.accepted(appointment, Timestamp::now());
        } else if answered.status == StatusCode::NOT_FOUND {
            agenda.too_late(appointment);
        } else {
            agenda.refused(appointment);
        }
    }

    /// Changes the timer so that it fires as before: only confirmed bookings have a start.
    async fn change_timer(&mut self) -> Option<()> {
        let changed_before = self.requests / REQUESTS_BETWEEN_CHANGES;
        let only_if = if changed_before.is_multiple_of(2) { "any" } else { "confirmed" };
        let (timer, change) = (self.timer.clone(), json!({ "only_if": only_if }));
        self.caller.until_answered(Method::PATCH, &timer, None, Some(&change)).await?;
        Some(())
    }

    /// An open appointment in some cases, and whenever there are enough of them.
    fn take_open(&mut self) -> Option<Appointment> {
        let one_more = self.open.len() < OPEN && self.random.random_bool(0.6);
        if self.open.is_empty() || one_more {
            return None;
        }
        let chosen = self.random.random_range(0..self.open.len());
        Some(self.open.swap_remove(chosen))
    }

    fn new_appointment(&mut self) -> Appointment {
        self.next_number += 1;
        let way = if self.random.random_bool(0.6) { Way::Timer } else { Way::Later };
        Appointment { way, number: self.next_number }
    }

    /// A time to come, in whole milliseconds as the server keeps it.
    fn due_at(&mut self) -> Option<Timestamp> {
        let ahead = self.random.random_range(AHEAD);
        Timestamp::from_millisecond(Timestamp::now().as_millisecond() + ahead).ok()
    }

    fn agenda(&self) -> std::sync::MutexGuard<'_, Agenda> {
        self.agenda.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is published for a plan. Every state carries the mark by which the agenda knows it again.
fn action(appointment: Appointment, place: usize, due_at: Option<Timestamp>) -> Value {
    let number = appointment.number;
    let mark = json!({"number": number, "place": place});
    match (appointment.way, due_at) {
        (Way::Later, _) => json!({
            "action": "event.reminder", "resource_kind": "event", "resource_id": format!("reminded-{number}"),
            "resource": {"title": "Reminder", "agenda": mark},
            "deliver_at": due_at.map(|due_at| due_at.to_string()), "key": format!("key-{number}"),
        }),
        (Way::Timer, Some(due_at)) => json!({
            "action": "event.confirmed", "resource_kind": "event", "resource_id": format!("planned-{number}"),
            "resource": {
                "title": "Appointment", "confirmed": {"flag": true}, "agenda": mark,
                "dates": [{"date": (due_at + BEFORE_START).to_string()}],
            },
        }),
        (Way::Timer, None) => json!({
            "action": "event.cancelled", "resource_kind": "event", "resource_id": format!("planned-{number}"),
            "resource": {"title": "Appointment", "confirmed": {"flag": true}, "cancelled": true, "agenda": mark},
        }),
    }
}
