//! What was asked for once more, and what came of it.

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use jiff::{SignedDuration, Timestamp};

/// How long after a cancellation was confirmed a request may still come whose attempt was under way then.
const UNDER_WAY: SignedDuration = SignedDuration::from_secs(5);

/// By what deliveries are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AskedBy {
    /// By their ids.
    Ids,
    /// By their subscription and a stretch of time.
    Stretch,
}

/// Replays that were accepted, and the requests that said they were of one.
#[derive(Debug, Default)]
pub struct Repetitions {
    replays: usize,
    stretches: usize,
    cancelled: usize,
    /// What was asked for, by its `webhook-id`.
    asked: HashMap<String, Asked>,
    /// Deliveries of cancelled replays that had arrived before.
    handed_over: usize,
    /// Deliveries of cancelled replays that the server had made and took back.
    taken_back: usize,
    /// How often each was accepted, by how often the server had been killed.
    accepted: HashMap<String, BTreeMap<u32, u32>>,
    unfinished: Vec<String>,
    too_late: Vec<String>,
    refused: u64,
    unverified: usize,
}

/// How often a delivery was asked for.
#[derive(Debug, Default)]
struct Asked {
    /// So often it may come.
    times: u32,
    /// So often it has to: no replay of which this is one was cancelled.
    required: u32,
    /// When the server had confirmed that it is cancelled; forgotten when it is asked for again.
    cancelled_at: Option<Timestamp>,
}

/// What the server says of a replay that it has cancelled.
#[derive(Debug, Clone, Copy)]
pub struct Cancelled {
    /// Deliveries it had made.
    pub made: usize,
    /// Of those, the ones that had arrived.
    pub handed_over: usize,
    /// How many of its deliveries receivers have accepted since it was asked for.
    pub came: u32,
    /// When the cancellation was confirmed.
    pub at: Timestamp,
}

/// One request that said it is of a replay.
#[derive(Debug)]
pub struct Repeated {
    /// The delivery that is repeated.
    pub webhook_id: String,
    /// When the request came.
    pub at: Timestamp,
    /// Whether it was answered with success.
    pub accepted: bool,
    /// Whether its signature verified.
    pub verified: bool,
    /// How often the server had been killed when it came.
    pub kills: u32,
}

/// What a check of replays found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RepetitionFindings {
    /// Replays that were accepted.
    pub replays: usize,
    /// Those of them that asked for a stretch of time.
    pub stretches: usize,
    /// Those of them that were cancelled half way.
    pub cancelled: usize,
    /// Deliveries of those that the server took back.
    pub taken_back: usize,
    /// Deliveries that were to be handed over once more, each as often as it was asked for; of cancelled replays what had arrived.
    pub asked: usize,
    /// Requests of replays beyond those, after a kill.
    pub duplicates: usize,
    /// Replays that did not end, or ended with another count than was asked for.
    pub unfinished: Vec<String>,
    /// Deliveries that did not come as often as they were asked for.
    pub lost: Vec<String>,
    /// Came as replays and were never asked for.
    pub uninvited: Vec<String>,
    /// Came more often than they were asked for, without a kill in between.
    pub repeated: Vec<String>,
    /// Came although their replay was cancelled, and the cancellation confirmed.
    pub too_late: Vec<String>,
    /// Replays that were refused, which is never right here.
    pub refused: u64,
    /// Requests whose signature did not verify.
    pub unverified: usize,
}

impl Repetitions {
    /// Notes that these deliveries are about to be asked for, each once. Until the replay is accepted nothing has to come.
    pub fn asked(&mut self, by: AskedBy, deliveries: &[String]) {
        self.replays += 1;
        self.stretches += usize::from(by == AskedBy::Stretch);
        for delivery in deliveries {
            let asked = self.asked.entry(delivery.clone()).or_default();
            asked.times += 1;
            asked.required += 1;
            asked.cancelled_at = None;
        }
    }

    /// How often these were accepted so far, all together.
    #[must_use]
    pub fn came(&self, deliveries: &[String]) -> u32 {
        let accepted = deliveries.iter().filter_map(|delivery| self.accepted.get(delivery));
        accepted.map(|times| times.values().sum::<u32>()).sum()
    }

    /// Notes that a replay of these deliveries is cancelled: what has arrived stays, and nothing more comes.
    pub fn cancelled(&mut self, deliveries: &[String], cancelled: Cancelled) {
        let Cancelled { made, handed_over, came, at } = cancelled;
        self.cancelled += 1;
        self.handed_over += handed_over;
        self.taken_back += made.saturating_sub(handed_over);
        if usize::try_from(came).is_ok_and(|came| came < handed_over) {
            self.unfinished.push(format!(
                "{handed_over} of a cancelled replay are said to have arrived, and {came} did"
            ));
        }
        for delivery in deliveries {
            let asked = self.asked.entry(delivery.clone()).or_default();
            asked.required = asked.required.saturating_sub(1);
            asked.cancelled_at = Some(at);
        }
    }

    /// Notes that a replay was refused.
    pub fn refused(&mut self) {
        self.refused += 1;
    }

    /// Notes a replay that did not end as it should, in words.
    pub fn unfinished(&mut self, what: String) {
        self.unfinished.push(what);
    }

    /// Notes a request that said it is a replay.
    pub fn arrived(&mut self, repeated: Repeated) {
        let Repeated { webhook_id, at, accepted, verified, kills } = repeated;
        let cancelled_at = self.asked.get(&webhook_id).and_then(|asked| asked.cancelled_at);
        if cancelled_at.is_some_and(|cancelled_at| at.duration_since(cancelled_at) > UNDER_WAY) {
            self.too_late.push(webhook_id.clone());
        }
        let times = self.accepted.entry(webhook_id).or_default().entry(kills).or_default();
        *times += u32::from(accepted);
        self.unverified += usize::from(!verified);
    }

    /// Deliveries that the server has to have made and delivered.
    #[must_use]
    pub fn expected_deliveries(&self) -> usize {
        let required = |asked: &Asked| usize::try_from(asked.required).unwrap_or(usize::MAX);
        self.asked.values().map(required).sum::<usize>() + self.handed_over
    }

    /// Deliveries that the server has to have made and cancelled.
    #[must_use]
    pub fn expected_cancelled(&self) -> usize {
        self.taken_back
    }

    /// Whether everything that was asked for was accepted.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.check().lost.is_empty()
    }

    /// Checks the invariants.
    #[must_use]
    pub fn check(&self) -> RepetitionFindings {
        let mut findings = RepetitionFindings {
            replays: self.replays,
            stretches: self.stretches,
            cancelled: self.cancelled,
            taken_back: self.taken_back,
            too_late: self.too_late.clone(),
            asked: self.expected_deliveries(),
            unfinished: self.unfinished.clone(),
            refused: self.refused,
            unverified: self.unverified,
            ..RepetitionFindings::default()
        };
        for (delivery, asked) in &self.asked {
            let came: u32 = self.accepted.get(delivery).map_or(0, |times| times.values().sum());
            if came < asked.required {
                findings.lost.push(delivery.clone());
            }
            findings.duplicates += usize::try_from(came.saturating_sub(asked.times)).unwrap_or(usize::MAX);
        }
        for (delivery, times) in &self.accepted {
            match self.asked.get(delivery) {
                None => findings.uninvited.push(delivery.clone()),
                Some(asked) if times.values().any(|times| *times > asked.times) => {
                    findings.repeated.push(delivery.clone());
                }
                Some(_) => {}
            }
        }
        findings
    }
}

impl RepetitionFindings {
    /// Whether every invariant holds.
    #[must_use]
    pub fn hold(&self) -> bool {
        self.violations().iter().all(|(_, list)| list.is_empty()) && self.refused == 0 && self.unverified == 0
    }

    fn violations(&self) -> [(&'static str, &[String]); 5] {
        [
            ("replay not ended as asked", &self.unfinished),
            ("not handed over again", &self.lost),
            ("replayed uninvited", &self.uninvited),
            ("replayed again without a kill", &self.repeated),
            ("came after its replay was cancelled", &self.too_late),
        ]
    }

    /// Takes in what another organization of the same run shows.
    pub fn add(&mut self, other: Self) {
        self.replays += other.replays;
        self.stretches += other.stretches;
        self.cancelled += other.cancelled;
        self.taken_back += other.taken_back;
        self.too_late.extend(other.too_late);
        self.asked += other.asked;
        self.duplicates += other.duplicates;
        self.unfinished.extend(other.unfinished);
        self.lost.extend(other.lost);
        self.uninvited.extend(other.uninvited);
        self.repeated.extend(other.repeated);
        self.refused += other.refused;
        self.unverified += other.unverified;
    }
}

impl fmt::Display for RepetitionFindings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "replays                   {} ({} of a stretch of time, {} cancelled with {} taken back) of {} deliveries, {} duplicates, {} not handed over again",
            self.replays,
            self.stretches,
            self.cancelled,
            self.taken_back,
            self.asked,
            self.duplicates,
            self.lost.len()
        )?;
        for (name, list) in self.violations() {
            for delivery in list.iter().take(5) {
                write!(formatter, "\n  {name}: {delivery}")?;
            }
        }
        if self.refused > 0 || self.unverified > 0 {
            write!(formatter, "\n  refused replays: {}, unverified: {}", self.refused, self.unverified)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
