//! What a source got and new subscriptions get after it, and what came of it.

use std::collections::{BTreeMap, HashMap};
use std::fmt;

#[cfg(test)]
mod tests;

/// A message of the source, which belongs to a resource: each has [`Message::PLACES`], in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Message {
    /// Counts the resources of an organization, from 0.
    pub resource: u64,
    /// Its place among the messages of the resource, from 1.
    pub place: u64,
}

impl Message {
    /// How many messages a resource has.
    pub const PLACES: u64 = 2;
}

/// One request.
#[derive(Debug)]
pub struct Arrival {
    /// At which subscription: 0 is the source, and each new one has the next number.
    pub subscription: u64,
    /// What it carries.
    pub message: Message,
    /// Whether it said that it is of a backfill.
    pub says_backfill: bool,
    /// Its `webhook-id`.
    pub webhook_id: String,
    /// Whether it was answered with success.
    pub accepted: bool,
    /// Whether its signature verified.
    pub verified: bool,
    /// How often the server had been killed when it came.
    pub kills: u32,
}

/// What came of one message at one subscription.
#[derive(Debug, Default)]
struct Came {
    webhook_id: String,
    /// How often it was accepted, by how often the server had been killed.
    accepted: BTreeMap<u32, u32>,
}

impl Came {
    fn times(&self) -> u32 {
        self.accepted.values().sum()
    }
}

/// What the source got, what new subscriptions were promised, and what came.
#[derive(Debug, Default)]
pub struct Backfills {
    /// Resources whose messages are published.
    published: u64,
    /// Of each new subscription, from which resource on it is to get everything, up to which.
    promised: BTreeMap<u64, (u64, u64)>,
    came: HashMap<(u64, Message), Came>,
    problems: Problems,
    unverified: usize,
}

/// What broke an invariant, in words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Problems {
    unfinished: Vec<String>,
    uninvited: Vec<String>,
    out_of_order: Vec<String>,
    doubled: Vec<String>,
}

/// What a check of backfills found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BackfillFindings {
    /// New subscriptions that were to get what the source got.
    pub backfills: usize,
    /// Messages that were to come, at the source and at new subscriptions.
    pub expected: usize,
    /// Accepted requests beyond those, after a kill.
    pub duplicates: usize,
    /// Messages that were to come and did not.
    pub lost: Vec<String>,
    /// Came more than once without a kill in between.
    pub repeated: Vec<String>,
    problems: Problems,
    /// Requests whose signature did not verify.
    pub unverified: usize,
}

impl Backfills {
    /// Notes that the messages of so many resources more are about to be published; answers with the number of the first.
    pub fn publishing(&mut self, resources: u64) -> u64 {
        let first = self.published;
        self.published += resources;
        first
    }

    /// Notes that a new subscription is about to be promised everything from a resource on; answers with its number, and how many
    /// messages that are.
    pub fn promised(&mut self, from: u64) -> (u64, u64) {
        let number = u64::try_from(self.promised.len()).unwrap_or(u64::MAX).saturating_add(1);
        self.promised.insert(number, (from, self.published));
        (number, (self.published - from) * Message::PLACES)
    }

    /// Notes a backfill that did not go as it should, in words.
    pub fn unfinished(&mut self, what: String) {
        self.problems.unfinished.push(what);
    }

    /// Notes a request.
    pub fn arrived(&mut self, arrival: Arrival) {
        let Arrival { subscription, message, says_backfill, webhook_id, accepted, verified, kills } = arrival;
        let described = || format!("{message:?} at subscription {subscription}");
        let is_promised = match subscription {
            0 => message.resource < self.published,
            _ => self
                .promised
                .get(&subscription)
                .is_some_and(|(from, to)| (*from..*to).contains(&message.resource)),
        };
        if !is_promised || says_backfill == (subscription == 0) {
            self.problems.uninvited.push(described());
        }
        let has_come = |place| {
            let other = Message { place, ..message };
            self.came.get(&(subscription, other)).map(Came::times)
        };
        let earlier_accepted =
            (1..message.place).all(|earlier| has_come(earlier).is_some_and(|times| times > 0));
        let later_came = (message.place + 1..=Message::PLACES).any(|later| has_come(later).is_some());
        if !earlier_accepted || later_came {
            self.problems.out_of_order.push(described());
        }
        let came = self.came.entry((subscription, message)).or_default();
        if came.webhook_id.is_empty() {
            came.webhook_id = webhook_id;
        } else if came.webhook_id != webhook_id {
            self.problems.doubled.push(described());
        }
        *came.accepted.entry(kills).or_default() += u32::from(accepted);
        self.unverified += usize::from(!verified);
    }

    /// Deliveries that the server has to have made and delivered.
    #[must_use]
    pub fn expected_deliveries(&self) -> usize {
        self.expected().count()
    }

    /// Whether everything has come.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.expected().all(|expected| self.came.get(&expected).is_some_and(|came| came.times() > 0))
    }

    /// What has to come: at the source everything, at new subscriptions what they were promised.
    fn expected(&self) -> impl Iterator<Item = (u64, Message)> {
        let source = (0, (0, self.published));
        let new = self.promised.iter().map(|(number, range)| (*number, *range));
        std::iter::once(source).chain(new).flat_map(|(subscription, (from, to))| {
            (from..to).flat_map(move |resource| {
                (1..=Message::PLACES).map(move |place| (subscription, Message { resource, place }))
            })
        })
    }

    /// Checks the invariants.
    #[must_use]
    pub fn check(&self) -> BackfillFindings {
        let mut findings = BackfillFindings {
            backfills: self.promised.len(),
            expected: self.expected_deliveries(),
            problems: self.problems.clone(),
            unverified: self.unverified,
            ..BackfillFindings::default()
        };
        let mut ids: HashMap<&str, (u64, Message)> = HashMap::new();
        for expected in self.expected() {
            let came = self.came.get(&expected);
            if came.is_none_or(|came| came.times() == 0) {
                findings.lost.push(format!("{expected:?}"));
            }
            let Some(came) = came else { continue };
            if ids.insert(&came.webhook_id, expected).is_some() {
                findings.problems.doubled.push(format!("{expected:?} has the webhook-id of another message"));
            }
            if came.accepted.values().any(|times| *times > 1) {
                findings.repeated.push(format!("{expected:?}"));
            }
            let beyond = came.times().saturating_sub(1);
            findings.duplicates += usize::try_from(beyond).unwrap_or(usize::MAX);
        }
        findings
    }
}

impl BackfillFindings {
    /// Whether every invariant holds.
    #[must_use]
    pub fn hold(&self) -> bool {
        self.violations().iter().all(|(_, list)| list.is_empty()) && self.unverified == 0
    }

    fn violations(&self) -> [(&'static str, &[String]); 6] {
        let Problems { unfinished, uninvited, out_of_order, doubled } = &self.problems;
        [
            ("backfill not ended as asked", unfinished),
            ("never came", &self.lost),
            ("came uninvited", uninvited),
            ("came as two messages", doubled),
            ("came again without a kill", &self.repeated),
            ("came out of order", out_of_order),
        ]
    }

    /// Takes in what another organization of the same run shows.
    pub fn add(&mut self, other: Self) {
        self.backfills += other.backfills;
        self.expected += other.expected;
        self.duplicates += other.duplicates;
        self.lost.extend(other.lost);
        self.repeated.extend(other.repeated);
        self.problems.unfinished.extend(other.problems.unfinished);
        self.problems.uninvited.extend(other.problems.uninvited);
        self.problems.out_of_order.extend(other.problems.out_of_order);
        self.problems.doubled.extend(other.problems.doubled);
        self.unverified += other.unverified;
    }
}

impl fmt::Display for BackfillFindings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "backfills                 {} to new subscriptions, {} messages with those of the source, {} duplicates, {} that never came",
            self.backfills,
            self.expected,
            self.duplicates,
            self.lost.len()
        )?;
        for (name, list) in self.violations() {
            for one in list.iter().take(5) {
                write!(formatter, "\n  {name}: {one}")?;
            }
        }
        if self.unverified > 0 {
            write!(formatter, "\n  unverified: {}", self.unverified)?;
        }
        Ok(())
    }
}
