//! What is to be told at a time: what was planned, moved and taken back, what arrived, and the check of the invariants.

use std::collections::{BTreeMap, HashSet};

use jiff::Timestamp;

mod check;

pub use check::AgendaFindings;

/// By which way something is told at its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Way {
    /// A timer of the organization follows a booking.
    Timer,
    /// An action was published with `deliver_at` and a key.
    Later,
}

/// A booking with a timer, or the key of an action that is delivered later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Appointment {
    /// By which way it is told.
    pub way: Way,
    /// Which one of its organization.
    pub number: u64,
}

/// What was planned for an appointment at one time. A later plan replaces the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Plan {
    /// When it is to be told; `None`: not at all, it is taken back.
    due_at: Option<Timestamp>,
    answer: Option<PlanAnswer>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PlanAnswer {
    /// It was accepted, and the answer came at this time.
    Accepted(Timestamp),
    /// There was nothing to take back any more, and no earlier try had done so.
    TooLate,
    /// It was refused, which is never right.
    Refused,
}

/// A request that told of an appointment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Telling {
    /// Which one.
    pub appointment: Appointment,
    /// Of which of its plans, from 1: the state that it carries.
    pub place: usize,
    /// When it was due, by its own word.
    pub due_at: Timestamp,
    /// When it came.
    pub arrived_at: Timestamp,
    /// The delivery, by its `webhook-id`.
    pub webhook_id: String,
    /// Whether it was answered with success.
    pub accepted: bool,
    /// Whether its signature verified.
    pub verified: bool,
    /// How often the server had been killed when it came.
    pub kills: u32,
}

/// What is to be told at a time, and what was.
#[derive(Debug, Default)]
pub struct Agenda {
    plans: BTreeMap<Appointment, Vec<Plan>>,
    /// In the order in which they came.
    tellings: Vec<Telling>,
    accepted: HashSet<(Appointment, usize)>,
    unreadable: u64,
}

impl Agenda {
    /// Notes what is about to be planned; answers with its place among the plans of the appointment, from 1.
    pub fn planned(&mut self, appointment: Appointment, due_at: Option<Timestamp>) -> usize {
        let plans = self.plans.entry(appointment).or_default();
        plans.push(Plan { due_at, answer: None });
        plans.len()
    }

    /// Notes that the newest plan was accepted by an answer that came at this time.
    pub fn accepted(&mut self, appointment: Appointment, at: Timestamp) {
        self.answered(appointment, PlanAnswer::Accepted(at));
    }

    /// Notes that there was nothing to take back any more.
    pub fn too_late(&mut self, appointment: Appointment) {
        self.answered(appointment, PlanAnswer::TooLate);
    }

    /// Notes that the newest plan was refused.
    pub fn refused(&mut self, appointment: Appointment) {
        self.answered(appointment, PlanAnswer::Refused);
    }

    fn answered(&mut self, appointment: Appointment, answer: PlanAnswer) {
        if let Some(plan) = self.plans.get_mut(&appointment).and_then(|plans| plans.last_mut()) {
            plan.answer = Some(answer);
        }
    }

    /// Notes a request that told of an appointment.
    pub fn told(&mut self, telling: Telling) {
        if telling.accepted {
            self.accepted.insert((telling.appointment, telling.place));
        }
        self.tellings.push(telling);
    }

    /// Notes a request that a timer brought about and that carries no appointment of this agenda.
    pub fn told_unreadable(&mut self) {
        self.unreadable += 1;
    }

    /// Deliveries that have to be there in the end: one for each plan that was told.
    #[must_use]
    pub fn expected_deliveries(&self) -> usize {
        let told: HashSet<_> =
            self.tellings.iter().map(|telling| (telling.appointment, telling.place)).collect();
        told.len()
    }

    /// Whether everything that has to be told was accepted, and the time of everything that was ever planned is over.
    #[must_use]
    pub fn is_settled(&self, now: Timestamp) -> bool {
        let all_due = self.plans.values().flatten().all(|plan| plan.due_at.is_none_or(|due_at| due_at < now));
        all_due && self.required().all(|required| self.accepted.contains(&required))
    }

    /// The plans that have to be told: each appointment's last one, unless the server was told of it only when it was due; and one
    /// that was taken back too late.
    fn required(&self) -> impl Iterator<Item = (Appointment, usize)> {
        self.plans.iter().filter_map(|(appointment, plans)| {
            let last = plans.last()?;
            match (last.answer?, last.due_at) {
                (PlanAnswer::TooLate, _) => Some((*appointment, plans.len() - 1)),
                (PlanAnswer::Accepted(at), Some(due_at)) => {
                    // What would have been due before the booking was made is not told by a timer.
                    let must = appointment.way == Way::Later || at < due_at;
                    must.then_some((*appointment, plans.len()))
                }
                (PlanAnswer::Accepted(_), None) | (PlanAnswer::Refused, _) => None,
            }
        })
    }

    fn plan(&self, appointment: Appointment, place: usize) -> Option<&Plan> {
        self.plans.get(&appointment)?.get(place.checked_sub(1)?)
    }
}

#[cfg(test)]
mod tests;
