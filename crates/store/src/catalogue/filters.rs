//! Which filters may want an action, without asking each.

use std::sync::Arc;

use rendezhook_domain::matching::{ActionPattern, Filter, Happening};

use crate::shared_map::SharedMap;

/// Places of filters in a list.
///
/// Each filter is below its user, else its event, else the names it has, else among the patterns: it is looked at only when an action
/// has that user, event or name, so that publishing costs the same however many filters want something else.
#[derive(Debug, Clone, Default)]
pub(super) struct FilterIndex {
    by_user: SharedMap<Arc<str>, Vec<usize>>,
    by_event: SharedMap<Arc<str>, Vec<usize>>,
    by_action: SharedMap<Arc<str>, Vec<usize>>,
    by_pattern: Vec<usize>,
}

impl FilterIndex {
    /// Adds the filter that follows all that were added.
    pub(super) fn add(&mut self, position: usize, filter: &Filter) {
        if let Some(user) = &filter.user {
            return self.by_user.change(Arc::clone(user), |positions| positions.push(position));
        }
        if let Some(event) = &filter.event {
            return self.by_event.change(Arc::clone(event), |positions| positions.push(position));
        }
        let is_exact = |pattern: &ActionPattern| matches!(pattern, ActionPattern::Exactly(_));
        if !filter.actions.iter().all(is_exact) {
            return self.by_pattern.push(position);
        }
        for pattern in &filter.actions {
            let ActionPattern::Exactly(name) = pattern else { continue };
            self.by_action.change(Arc::from(name.as_str()), |positions| {
                if positions.last() != Some(&position) {
                    positions.push(position);
                }
            });
        }
    }

    /// The places of all filters that may want an action, ascending; each is still to be asked.
    pub(super) fn candidates<'a>(&'a self, happening: Happening<'a>) -> impl Iterator<Item = usize> + 'a {
        let list = |lists: &'a SharedMap<Arc<str>, Vec<usize>>, key: Option<&str>| {
            key.and_then(|key| lists.get(key)).map_or(&[][..], Vec::as_slice)
        };
        let unfiltered = merge(list(&self.by_action, Some(happening.action.as_str())), &self.by_pattern);
        let filtered = merge(list(&self.by_user, happening.user), list(&self.by_event, happening.event));
        merge_iterators(unfiltered, filtered)
    }
}

/// Two ascending lists as one, each position once.
fn merge<'a>(left: &'a [usize], right: &'a [usize]) -> impl Iterator<Item = usize> + 'a {
    merge_iterators(left.iter().copied(), right.iter().copied())
}

fn merge_iterators(
    left: impl Iterator<Item = usize>,
    right: impl Iterator<Item = usize>,
) -> impl Iterator<Item = usize> {
    let (mut left, mut right) = (left.peekable(), right.peekable());
    std::iter::from_fn(move || match (left.peek().copied(), right.peek().copied()) {
        (Some(first), Some(second)) => {
            if first <= second {
                left.next();
            }
            if second <= first {
                right.next();
            }
            Some(first.min(second))
        }
        (Some(_), None) => left.next(),
        (None, _) => right.next(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(patterns: &[&str], user: Option<&str>, event: Option<&str>) -> Filter {
        Filter {
            actions: patterns.iter().map(|text| text.parse().unwrap()).collect(),
            user: user.map(Arc::from),
            event: event.map(Arc::from),
        }
    }

    /// One of each kind, some of them twice.
    fn samples() -> Vec<Filter> {
        vec![
            filter(&["event.confirmed", "event.confirmed"], None, None),
            filter(&["event.*"], None, None),
            filter(&["event.confirmed"], Some("u1"), None),
            filter(&["*"], Some("u1"), Some("e1")),
            filter(&["event.*"], None, Some("e1")),
            filter(&["event.created"], None, None),
            filter(&["*"], None, None),
            filter(&["*"], Some("u2"), None),
            filter(&["event.confirmed", "event.*"], None, None),
        ]
    }

    fn index(filters: &[Filter]) -> FilterIndex {
        let mut index = FilterIndex::default();
        filters.iter().enumerate().for_each(|(position, filter)| index.add(position, filter));
        index
    }

    #[test]
    fn only_what_may_want_an_action_is_looked_at_in_the_order_of_the_list() {
        let index = index(&samples());
        let action = "event.confirmed".parse().unwrap();
        let candidates = |user, event| -> Vec<usize> {
            index.candidates(Happening { action: &action, user, event }).collect()
        };
        assert_eq!(candidates(None, None), [0, 1, 6, 8]);
        assert_eq!(candidates(Some("u1"), Some("e1")), [0, 1, 2, 3, 4, 6, 8]);
        assert_eq!(candidates(Some("u2"), Some("e9")), [0, 1, 6, 7, 8]);
    }

    #[test]
    fn nobody_who_wants_an_action_is_left_out() {
        let samples = samples();
        let index = index(&samples);
        for name in ["event.confirmed", "event.created", "order.created"] {
            let action = name.parse().unwrap();
            for user in [None, Some("u1"), Some("u2"), Some("u3")] {
                for event in [None, Some("e1"), Some("e2")] {
                    let happening = Happening { action: &action, user, event };
                    let wants = |place: &usize| samples[*place].wants(&happening);
                    let found: Vec<usize> = index.candidates(happening).filter(wants).collect();
                    let all: Vec<usize> = (0..samples.len()).filter(wants).collect();
                    assert_eq!(found, all, "{name} {user:?} {event:?}");
                }
            }
        }
    }

    #[test]
    fn merging_keeps_order_and_drops_doubles() {
        let merged = |left: &[usize], right: &[usize]| merge(left, right).collect::<Vec<_>>();
        assert_eq!(merged(&[1, 3, 5], &[2, 3, 9]), vec![1, 2, 3, 5, 9]);
        assert_eq!(merged(&[], &[4]), vec![4]);
        assert_eq!(merged(&[4], &[]), vec![4]);
        assert_eq!(merged(&[], &[]), Vec::<usize>::new());
    }
}
