//! Whether a resource fits the JSON Schema of its kind.
//!
//! The schemas are the product's own and are written with a part of JSON Schema (2020-12): the keywords `type`, `properties`,
//! `required`, `items` and `format` with `date-time`, and those that only describe. This module has exactly that part, so that
//! a check costs a walk along the members that the schema names and needs nothing but the resource as it is read anyway.

mod instant;
mod rule;

use std::fmt::Write;
use std::sync::LazyLock;

use rendezhook_domain::json::Json;
use rendezhook_domain::resource::ResourceKind;

use self::rule::Rule;

/// One part of a resource that does not fit the schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misfit {
    /// Where it is: a JSON pointer (RFC 6901) into the resource. Made of names in the schema and places in arrays only, so
    /// nothing of what a publisher sent is repeated.
    pub pointer: String,
    /// What is wrong and what would be right, without the value itself.
    pub detail: String,
}

/// The schemas, ready to be checked against, by kind in the order of [`ResourceKind::PUBLISHED`]. They are part of the program: a
/// test reads each and knows every keyword, so none is ever replaced by the rule that everything fits.
static RULES: LazyLock<[Rule; 4]> = LazyLock::new(|| {
    ResourceKind::PUBLISHED
        .map(|kind| serde_json::from_str(kind.schema()).unwrap_or_else(|_| Rule::default()))
});

/// What of a resource does not fit the schema of its kind, in the order of the schema; at most so many parts are named.
#[must_use]
pub fn misfits(kind: ResourceKind, resource: &impl Json, at_most: usize) -> Vec<Misfit> {
    let place = ResourceKind::PUBLISHED.iter().position(|each| *each == kind);
    let mut findings = Findings { path: Vec::new(), found: Vec::new(), at_most };
    if let Some(rule) = place.and_then(|place| RULES.get(place)) {
        rule.check(resource, &mut findings);
    }
    findings.found
}

/// Where a check is, and what it found.
struct Findings<'a> {
    path: Vec<Step<'a>>,
    found: Vec<Misfit>,
    at_most: usize,
}

/// One part of the way from a resource to one of its members.
enum Step<'a> {
    Member(&'a str),
    Item(usize),
}

impl<'a> Findings<'a> {
    fn is_full(&self) -> bool {
        self.found.len() >= self.at_most
    }

    fn add(&mut self, detail: impl Into<String>) {
        if self.is_full() {
            return;
        }
        let pointer = self.path.iter().fold(String::new(), |mut pointer, step| {
            // Writing to a text cannot fail.
            let _ = match step {
                Step::Member(name) => write!(pointer, "/{}", name.replace('~', "~0").replace('/', "~1")),
                Step::Item(place) => write!(pointer, "/{place}"),
            };
            pointer
        });
        self.found.push(Misfit { pointer, detail: detail.into() });
    }

    fn below(&mut self, step: Step<'a>, look: impl FnOnce(&mut Self)) {
        self.path.push(step);
        look(self);
        self.path.pop();
    }
}

#[cfg(test)]
mod tests;
