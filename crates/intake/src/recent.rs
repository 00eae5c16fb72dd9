//! Facts of recently seen resources: the first guess of a decision.
//!
//! A wrong guess costs one more round, never correctness: the store compares versions. So forgetting is cheap, and two
//! generations of a bounded map do: when the young one is full it becomes the old one, whose entries are forgotten.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use rendezhook_domain::facts::Facts;
use rendezhook_domain::resource::{ResourceId, ResourceKind};
use rendezhook_domain::sequence::OrganizationNumber;

/// Resources remembered at most; about 4 MiB.
pub const DEFAULT_CAPACITY: usize = 32_768;

/// What names a resource on the whole server.
pub type ResourceName = (OrganizationNumber, ResourceKind, ResourceId);

/// A bounded memory of facts.
#[derive(Debug)]
pub struct RecentFacts {
    generations: Mutex<Generations>,
    generation_size: usize,
}

#[derive(Debug, Default)]
struct Generations {
    young: HashMap<ResourceName, Facts>,
    old: HashMap<ResourceName, Facts>,
}

impl RecentFacts {
    /// A memory of at most `capacity` resources.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self { generations: Mutex::default(), generation_size: (capacity / 2).max(1) }
    }

    /// What was last seen of a resource.
    #[must_use]
    pub fn recall(&self, name: &ResourceName) -> Option<Facts> {
        let generations = self.generations.lock().unwrap_or_else(PoisonError::into_inner);
        generations.young.get(name).or_else(|| generations.old.get(name)).copied()
    }

    /// Remembers what a resource is now; `None`: that there is none.
    pub fn remember(&self, name: ResourceName, facts: Option<Facts>) {
        let mut generations = self.generations.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(facts) = facts else {
            generations.young.remove(&name);
            generations.old.remove(&name);
            return;
        };
        if generations.young.len() >= self.generation_size && !generations.young.contains_key(&name) {
            let Generations { young, old } = &mut *generations;
            std::mem::swap(young, old);
            // Its room stays: the new generation will be as large.
            young.clear();
        }
        generations.young.insert(name, facts);
    }
}

#[cfg(test)]
mod tests {
    use rendezhook_domain::time::Timestamp;

    use super::*;

    fn facts(version: u64) -> Facts {
        Facts {
            version,
            occurred_at: Timestamp::EARLIEST,
            created_at: None,
            ever_confirmed: false,
            cancelled: false,
            removed: false,
            confirmed_time: None,
        }
    }

    fn name(number: usize) -> ResourceName {
        (OrganizationNumber::new(1), ResourceKind::Event, ResourceId::new(&number.to_string()).unwrap())
    }

    #[test]
    fn remembers_the_latest_and_forgets_the_oldest() {
        let recent = RecentFacts::new(8);
        for number in 0..100 {
            recent.remember(name(number), Some(facts(1)));
        }
        recent.remember(name(99), Some(facts(2)));
        let kept = (0..100).filter(|number| recent.recall(&name(*number)).is_some()).count();
        assert!((4..=8).contains(&kept), "{kept}");
        assert_eq!(recent.recall(&name(99)), Some(facts(2)));
        assert_eq!(recent.recall(&name(0)), None);
    }

    #[test]
    fn forgets_what_does_not_exist() {
        let recent = RecentFacts::new(8);
        recent.remember(name(1), Some(facts(1)));
        recent.remember(name(1), None);
        assert_eq!(recent.recall(&name(1)), None);
    }
}
