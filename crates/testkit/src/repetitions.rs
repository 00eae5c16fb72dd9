//! What was asked for once more, and what came of it.

use std::collections::{BTreeMap, HashMap};
use std::fmt;

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
    /// How often each delivery was asked for, by its `webhook-id`.
    asked: HashMap<String, u32>,
    /// How often each was accepted, by how often the server had been killed.
    accepted: HashMap<String, BTreeMap<u32, u32>>,
    unfinished: Vec<String>,
    refused: u64,
    unverified: usize,
}

/// What a check of replays found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RepetitionFindings {
    /// Replays that were accepted.
    pub replays: usize,
    /// Those of them that asked for a stretch of time.
    pub stretches: usize,
    /// Deliveries that were to be handed over once more, each as often as it was asked for.
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
            *self.asked.entry(delivery.clone()).or_default() += 1;
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
    pub fn arrived(&mut self, webhook_id: String, accepted: bool, verified: bool, kills: u32) {
        let times = self.accepted.entry(webhook_id).or_default().entry(kills).or_default();
        *times += u32::from(accepted);
        self.unverified += usize::from(!verified);
    }

    /// Deliveries that the server has to have made.
    #[must_use]
    pub fn expected_deliveries(&self) -> usize {
        self.asked.values().map(|times| usize::try_from(*times).unwrap_or(usize::MAX)).sum()
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
            asked: self.expected_deliveries(),
            unfinished: self.unfinished.clone(),
            refused: self.refused,
            unverified: self.unverified,
            ..RepetitionFindings::default()
        };
        for (delivery, asked) in &self.asked {
            let came: u32 = self.accepted.get(delivery).map_or(0, |times| times.values().sum());
            if came < *asked {
                findings.lost.push(delivery.clone());
            }
            findings.duplicates += usize::try_from(came.saturating_sub(*asked)).unwrap_or(usize::MAX);
        }
        for (delivery, times) in &self.accepted {
            match self.asked.get(delivery) {
                None => findings.uninvited.push(delivery.clone()),
                Some(asked) if times.values().any(|times| times > asked) => {
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

    fn violations(&self) -> [(&'static str, &[String]); 4] {
        [
            ("replay not ended as asked", &self.unfinished),
            ("not handed over again", &self.lost),
            ("replayed uninvited", &self.uninvited),
            ("replayed again without a kill", &self.repeated),
        ]
    }

    /// Takes in what another organization of the same run shows.
    pub fn add(&mut self, other: Self) {
        self.replays += other.replays;
        self.stretches += other.stretches;
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
            "replays                   {} ({} of a stretch of time) of {} deliveries, {} duplicates, {} not handed over again",
            self.replays,
            self.stretches,
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
mod tests {
    use super::*;

    /// Replays of "a" twice and "b" once, and these accepted requests.
    fn check(arrivals: &[(&str, u32)]) -> RepetitionFindings {
        let mut repetitions = Repetitions::default();
        repetitions.asked(AskedBy::Ids, &["a".to_owned(), "b".to_owned()]);
        repetitions.asked(AskedBy::Stretch, &["a".to_owned()]);
        repetitions.arrived("b".to_owned(), false, true, 0);
        for (delivery, kills) in arrivals {
            repetitions.arrived((*delivery).to_owned(), true, true, *kills);
        }
        repetitions.check()
    }

    #[test]
    fn a_faultless_run_holds() {
        let findings = check(&[("a", 0), ("a", 0), ("b", 0), ("b", 1)]);
        assert!(findings.hold(), "{findings}");
        assert_eq!((findings.replays, findings.stretches, findings.asked, findings.duplicates), (2, 1, 3, 1));
    }

    #[test]
    fn finds_what_is_lost_uninvited_and_repeated() {
        assert_eq!(check(&[("a", 0), ("b", 0)]).lost, ["a"]);
        assert_eq!(check(&[("a", 0), ("a", 1), ("b", 0), ("c", 0)]).uninvited, ["c"]);
        assert_eq!(check(&[("a", 0), ("a", 1), ("b", 1), ("b", 1)]).repeated, ["b"]);
    }

    #[test]
    fn a_replay_that_does_not_end_or_is_refused_breaks_it() {
        let mut repetitions = Repetitions::default();
        repetitions.unfinished("rpl_1 is running still".to_owned());
        assert!(!repetitions.check().hold());
        let mut repetitions = Repetitions::default();
        repetitions.refused();
        assert!(!repetitions.check().hold());
    }
}
