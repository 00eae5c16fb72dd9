//! The invariants of what is told at a time.

use std::collections::HashMap;
use std::fmt;

use super::{Agenda, Appointment, Plan, PlanAnswer, Telling, Way};

/// What a check of agendas found. Plans are named by their appointment and their place in it, from 1.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AgendaFindings {
    /// Bookings with a timer.
    pub bookings: usize,
    /// Keys under which something was published to be delivered later.
    pub keys: usize,
    /// Plans that replaced an earlier one.
    pub moved: usize,
    /// Plans that were taken back.
    pub taken_back: usize,
    /// Plans that were told, each once.
    pub told: usize,
    /// Requests for what had been accepted already, with a kill in between.
    pub duplicates: usize,
    /// Had to be told and never was.
    pub lost: Vec<(Appointment, usize)>,
    /// Came before its time.
    pub early: Vec<(Appointment, usize)>,
    /// Came although it had been moved or taken back, and the server had said so before its time.
    pub overruled: Vec<(Appointment, usize)>,
    /// Came with another time than was planned, or was never planned.
    pub uninvited: Vec<(Appointment, usize)>,
    /// Fired twice: two deliveries of one plan.
    pub doubled: Vec<(Appointment, usize)>,
    /// Came again after it had been accepted, without a kill in between.
    pub repeated: Vec<(Appointment, usize)>,
    /// Was refused, which is never right.
    pub refused: Vec<(Appointment, usize)>,
    /// Requests whose signature did not verify.
    pub unverified: usize,
    /// Requests that carry no appointment of the agenda.
    pub unreadable: u64,
}

impl AgendaFindings {
    fn violations(&self) -> [(&'static str, &[(Appointment, usize)]); 7] {
        [
            ("never told", &self.lost),
            ("told before its time", &self.early),
            ("told although moved or taken back", &self.overruled),
            ("told uninvited", &self.uninvited),
            ("fired twice", &self.doubled),
            ("repeated without a kill", &self.repeated),
            ("refused", &self.refused),
        ]
    }

    /// Whether every invariant holds.
    #[must_use]
    pub fn hold(&self) -> bool {
        self.violations().iter().all(|(_, list)| list.is_empty())
            && self.unverified == 0
            && self.unreadable == 0
    }

    /// Takes in what another agenda of the same run shows.
    pub fn add(&mut self, other: Self) {
        self.bookings += other.bookings;
        self.keys += other.keys;
        self.moved += other.moved;
        self.taken_back += other.taken_back;
        self.told += other.told;
        self.duplicates += other.duplicates;
        self.lost.extend(other.lost);
        self.early.extend(other.early);
        self.overruled.extend(other.overruled);
        self.uninvited.extend(other.uninvited);
        self.doubled.extend(other.doubled);
        self.repeated.extend(other.repeated);
        self.refused.extend(other.refused);
        self.unverified += other.unverified;
        self.unreadable += other.unreadable;
    }
}

impl fmt::Display for AgendaFindings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            formatter,
            "bookings with a timer     {}, and {} keys with deliver_at; {} moved, {} taken back",
            self.bookings, self.keys, self.moved, self.taken_back
        )?;
        write!(
            formatter,
            "told at their time        {}, {} duplicates, {} never told, {} early",
            self.told,
            self.duplicates,
            self.lost.len(),
            self.early.len()
        )?;
        for (name, list) in self.violations() {
            for (appointment, place) in list.iter().take(5) {
                write!(formatter, "\n  {name}: {:?} {}, plan {place}", appointment.way, appointment.number)?;
            }
        }
        if self.unverified > 0 || self.unreadable > 0 {
            write!(formatter, "\n  unverified: {}, unreadable: {}", self.unverified, self.unreadable)?;
        }
        Ok(())
    }
}

impl Agenda {
    /// Checks the invariants.
    #[must_use]
    pub fn check(&self) -> AgendaFindings {
        let mut findings = AgendaFindings {
            unverified: self.tellings.iter().filter(|telling| !telling.verified).count(),
            unreadable: self.unreadable,
            told: self.accepted.len(),
            lost: self.required().filter(|required| !self.accepted.contains(required)).collect(),
            ..AgendaFindings::default()
        };
        for (appointment, plans) in &self.plans {
            match appointment.way {
                Way::Timer => findings.bookings += 1,
                Way::Later => findings.keys += 1,
            }
            for (place, plan) in (1..).zip(plans) {
                match plan.due_at {
                    Some(_) => findings.moved += usize::from(place > 1),
                    None => findings.taken_back += 1,
                }
                if plan.answer == Some(PlanAnswer::Refused) {
                    findings.refused.push((*appointment, place));
                }
            }
        }
        self.check_tellings(&mut findings);
        findings
    }

    fn check_tellings(&self, findings: &mut AgendaFindings) {
        let mut delivery_of: HashMap<(Appointment, usize), &str> = HashMap::new();
        let mut accepted_at: HashMap<(Appointment, usize), u32> = HashMap::new();
        for telling in &self.tellings {
            let told = (telling.appointment, telling.place);
            let plan = self.plan(telling.appointment, telling.place);
            if plan.and_then(|plan| plan.due_at) != Some(telling.due_at) {
                findings.uninvited.push(told);
            }
            if telling.arrived_at < telling.due_at {
                findings.early.push(told);
            }
            if self.plan(telling.appointment, telling.place + 1).is_some_and(|next| overrules(next, telling))
            {
                findings.overruled.push(told);
            }
            if *delivery_of.entry(told).or_insert(&telling.webhook_id) != telling.webhook_id {
                findings.doubled.push(told);
            }
            if let Some(kills) = accepted_at.get(&told) {
                findings.duplicates += 1;
                if *kills == telling.kills {
                    findings.repeated.push(told);
                }
            }
            if telling.accepted {
                accepted_at.insert(told, telling.kills);
            }
        }
    }
}

/// Whether this plan was in force before what was told was due.
fn overrules(plan: &Plan, telling: &Telling) -> bool {
    matches!(plan.answer, Some(PlanAnswer::Accepted(at)) if at < telling.due_at)
}
