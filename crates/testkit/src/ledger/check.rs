//! The invariants, checked from the ledger alone.

use std::collections::{BTreeSet, HashMap};
use std::fmt;

use super::{ActionName, Arrival, Ledger, Publication};

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Findings {
    /// Actions that were acknowledged.
    pub acknowledged: usize,
    /// Actions without an answer.
    pub unanswered: usize,
    /// Requests that receivers got, failed attempts included.
    pub arrivals: usize,
    /// Deliveries that receivers accepted, each once.
    pub delivered: usize,
    /// Requests for deliveries that had been accepted already, with a kill in between.
    pub duplicates: usize,
    /// How often the server was killed.
    pub kills: u32,
    /// Acknowledged, and never accepted by this receiver.
    pub lost: Vec<(usize, ActionName)>,
    /// Arrived although refused or never published.
    pub uninvited: Vec<(usize, ActionName)>,
    /// Two deliveries of one action at one receiver.
    pub doubled: Vec<(usize, ActionName)>,
    /// Came again after it had been accepted, without a kill in between.
    pub repeated: Vec<(usize, ActionName)>,
    /// Came before an earlier action of its lane was accepted, or after a later one had come.
    pub out_of_order: Vec<(usize, ActionName)>,
    /// Requests whose signature did not verify.
    pub unverified: usize,
    /// Requests that carry no action of the ledger.
    pub unreadable: u64,
}

impl Findings {
    /// Whether every invariant holds.
    #[must_use]
    pub fn hold(&self) -> bool {
        let violations = [&self.lost, &self.uninvited, &self.doubled, &self.repeated, &self.out_of_order];
        violations.iter().all(|list| list.is_empty()) && self.unverified == 0 && self.unreadable == 0
    }
}

impl Findings {
    /// Takes in what another ledger of the same run shows.
    pub fn add(&mut self, other: Self) {
        self.acknowledged += other.acknowledged;
        self.unanswered += other.unanswered;
        self.arrivals += other.arrivals;
        self.delivered += other.delivered;
        self.duplicates += other.duplicates;
        self.kills = self.kills.max(other.kills);
        self.lost.extend(other.lost);
        self.uninvited.extend(other.uninvited);
        self.doubled.extend(other.doubled);
        self.repeated.extend(other.repeated);
        self.out_of_order.extend(other.out_of_order);
        self.unverified += other.unverified;
        self.unreadable += other.unreadable;
    }
}

impl fmt::Display for Findings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "kills                     {}", self.kills)?;
        writeln!(formatter, "actions acknowledged      {}", self.acknowledged)?;
        writeln!(formatter, "actions without an answer {}", self.unanswered)?;
        writeln!(formatter, "requests at receivers     {}", self.arrivals)?;
        writeln!(formatter, "deliveries accepted       {}", self.delivered)?;
        let per_kill = if self.kills == 0 {
            0.0
        } else {
            f64::from(u32::try_from(self.duplicates).unwrap_or(u32::MAX)) / f64::from(self.kills)
        };
        writeln!(formatter, "duplicates                {} ({per_kill:.1} a kill)", self.duplicates)?;
        write!(formatter, "lost                      {}", self.lost.len())?;
        for (name, list) in [
            ("lost", &self.lost),
            ("uninvited", &self.uninvited),
            ("doubled", &self.doubled),
            ("repeated without a kill", &self.repeated),
            ("out of order", &self.out_of_order),
        ] {
            for (receiver, action) in list.iter().take(5) {
                write!(
                    formatter,
                    "\n  {name}: receiver {receiver}, resource {}, action {}",
                    action.resource, action.place
                )?;
            }
        }
        if self.unverified > 0 || self.unreadable > 0 {
            write!(formatter, "\n  unverified: {}, unreadable: {}", self.unverified, self.unreadable)?;
        }
        Ok(())
    }
}

/// What one receiver has seen of one resource so far.
#[derive(Default)]
struct Lane {
    accepted: BTreeSet<u32>,
    highest: u32,
}

impl Ledger {
    /// Checks the invariants for this many receivers.
    #[must_use]
    pub fn check(&self, receivers: usize) -> Findings {
        let count =
            |wanted: Publication| self.publications.values().filter(|known| **known == wanted).count();
        let mut findings = Findings {
            acknowledged: count(Publication::Acknowledged),
            unanswered: count(Publication::Unanswered),
            arrivals: self.arrivals.len(),
            unverified: self.arrivals.iter().filter(|arrival| !arrival.verified).count(),
            unreadable: self.unreadable,
            kills: self.kills,
            ..Findings::default()
        };
        for receiver in 0..receivers {
            self.check_receiver(receiver, &mut findings);
        }
        findings
    }

    fn check_receiver(&self, receiver: usize, findings: &mut Findings) {
        let committed = self.committed(receiver);
        let mut lanes: HashMap<u64, Lane> = HashMap::new();
        let mut delivery_of: HashMap<ActionName, &str> = HashMap::new();
        let mut accepted_at: HashMap<ActionName, u32> = HashMap::new();
        for arrival in self.arrivals.iter().filter(|arrival| arrival.receiver == receiver) {
            let action = arrival.action;
            if matches!(self.publications.get(&action), None | Some(Publication::Refused)) {
                findings.uninvited.push((receiver, action));
            }
            let delivery = delivery_of.entry(action).or_insert(arrival.webhook_id.as_str());
            if *delivery != arrival.webhook_id {
                findings.doubled.push((receiver, action));
            }
            if let Some(kills) = accepted_at.get(&action) {
                findings.duplicates += 1;
                if *kills == arrival.kills {
                    findings.repeated.push((receiver, action));
                }
            }
            let places = committed.get(&action.resource).map_or(&[][..], Vec::as_slice);
            if !in_order(arrival, places, lanes.entry(action.resource).or_default()) {
                findings.out_of_order.push((receiver, action));
            }
            if arrival.accepted {
                accepted_at.insert(action, arrival.kills);
            }
        }
        findings.delivered += accepted_at.len();
        let acknowledged =
            self.publications.iter().filter(|(_, publication)| **publication == Publication::Acknowledged);
        let lost = acknowledged.filter(|(action, _)| !accepted_at.contains_key(action));
        findings.lost.extend(lost.map(|(action, _)| (receiver, *action)));
    }
}

/// Whether all earlier actions of the lane had been accepted and no later one had come.
fn in_order(arrival: &Arrival, committed: &[u32], lane: &mut Lane) -> bool {
    let place = arrival.action.place;
    let earlier_accepted = committed
        .iter()
        .take_while(|earlier| **earlier < place)
        .all(|earlier| lane.accepted.contains(earlier));
    let no_later_came = lane.highest <= place;
    lane.highest = lane.highest.max(place);
    if arrival.accepted {
        lane.accepted.insert(place);
    }
    earlier_accepted && no_later_came
}
