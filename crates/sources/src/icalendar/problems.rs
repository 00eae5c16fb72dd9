//! The list of what could not be read.

use super::flaw::Flaw;
use super::{Effect, Problem};

/// Collects problems up to a limit and counts the rest, so that a file of nothing but faults costs little memory.
pub(super) struct Problems {
    listed: Vec<Problem>,
    limit: usize,
    unlisted: usize,
}

impl Problems {
    pub(super) fn new(limit: usize) -> Self {
        Self { listed: Vec::new(), limit, unlisted: 0 }
    }

    /// Reading went on with what is left of the component.
    pub(super) fn tolerated(&mut self, line: usize, component: &str, flaw: &Flaw) {
        self.add(line, component, flaw, Effect::Tolerated);
    }

    /// The component, or the whole file, is left out.
    pub(super) fn skipped(&mut self, line: usize, component: &str, flaw: &Flaw) {
        self.add(line, component, flaw, Effect::Skipped);
    }

    fn add(&mut self, line: usize, component: &str, flaw: &Flaw, effect: Effect) {
        if self.listed.len() >= self.limit {
            self.unlisted += 1;
            return;
        }
        self.listed.push(Problem { line, component: component.to_owned(), reason: flaw.to_string(), effect });
    }

    /// The problems by line. Where the limit was passed, the last one says how many more there are.
    pub(super) fn into_list(mut self) -> Vec<Problem> {
        self.listed.sort_by_key(|problem| problem.line);
        if self.unlisted > 0 {
            self.listed.push(Problem {
                line: self.listed.last().map_or(1, |problem| problem.line),
                component: super::FILE.to_owned(),
                reason: Flaw::FurtherProblems(self.unlisted).to_string(),
                effect: Effect::Tolerated,
            });
        }
        self.listed
    }
}
