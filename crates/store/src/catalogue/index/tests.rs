use rendezhook_domain::matching::Filter;
use rendezhook_domain::sequence::{OrganizationNumber, ReceiverNumber, SubscriptionNumber};
use rendezhook_domain::subscription::{Content, RequestMethod, Subscription, SubscriptionState};
use rendezhook_domain::target::{TargetPolicy, TargetUrl};
use rendezhook_domain::time::Timestamp;

use super::*;

fn entry(number: u32, patterns: &[&str], user: Option<&str>, event: Option<&str>) -> Arc<SubscriptionEntry> {
    let actions = patterns.iter().map(|text| text.parse().unwrap()).collect();
    let subscription = Subscription {
        number: SubscriptionNumber::new(number),
        id: SubscriptionId::from_uuid(Uuid::from_u128(u128::from(number))),
        organization: OrganizationNumber::new(1),
        receiver: ReceiverNumber::new(1),
        hook: Hook::Standard,
        method: RequestMethod::Post,
        content: Content::Composed,
        authentication: None,
        description: "".into(),
        target: TargetUrl::parse("https://example.com/", &TargetPolicy::stored()).unwrap(),
        filter: Filter { actions, user: user.map(Arc::from), event: event.map(Arc::from) },
        state: SubscriptionState::Enabled,
        disabled_because: None,
        retry: None,
        rate_limit: None,
        created_at: Timestamp::EARLIEST,
        updated_at: Timestamp::EARLIEST,
        revision: 1,
    };
    Arc::new(SubscriptionEntry { subscription, keys: Vec::new(), shared_secret: None, target_secret: None })
}

/// One of each kind, some of them twice.
fn samples() -> Vec<Arc<SubscriptionEntry>> {
    vec![
        entry(1, &["event.confirmed", "event.confirmed"], None, None),
        entry(2, &["event.*"], None, None),
        entry(3, &["event.confirmed"], Some("u1"), None),
        entry(4, &["*"], Some("u1"), Some("e1")),
        entry(5, &["event.*"], None, Some("e1")),
        entry(6, &["event.created"], None, None),
        entry(7, &["*"], None, None),
        entry(8, &["*"], Some("u2"), None),
        entry(9, &["event.confirmed", "event.*"], None, None),
    ]
}

fn candidates(index: &SubscriptionIndex, user: Option<&str>, event: Option<&str>) -> Vec<usize> {
    let action = "event.confirmed".parse().unwrap();
    index.candidates(Happening { action: &action, user, event }).collect()
}

#[test]
fn only_what_may_want_an_action_is_looked_at_in_the_order_of_the_list() {
    let index = SubscriptionIndex::of(&samples());
    assert_eq!(candidates(&index, None, None), [0, 1, 6, 8]);
    assert_eq!(candidates(&index, Some("u1"), Some("e1")), [0, 1, 2, 3, 4, 6, 8]);
    assert_eq!(candidates(&index, Some("u2"), Some("e9")), [0, 1, 6, 7, 8]);
}

#[test]
fn nobody_who_wants_an_action_is_left_out() {
    let samples = samples();
    let index = SubscriptionIndex::of(&samples);
    for name in ["event.confirmed", "event.created", "order.created"] {
        let action = name.parse().unwrap();
        for user in [None, Some("u1"), Some("u2"), Some("u3")] {
            for event in [None, Some("e1"), Some("e2")] {
                let happening = Happening { action: &action, user, event };
                let wants = |place: &usize| samples[*place].subscription.filter.wants(&happening);
                let found: Vec<usize> = index.candidates(happening).filter(wants).collect();
                let all: Vec<usize> = (0..samples.len()).filter(wants).collect();
                assert_eq!(found, all, "{name} {user:?} {event:?}");
            }
        }
    }
}

#[test]
fn an_index_that_goes_on_is_the_one_made_anew() {
    let before = samples();
    let index = SubscriptionIndex::of(&before);
    let mut appended = before.clone();
    appended.push(entry(10, &["event.confirmed"], Some("u1"), None));
    let mut replaced = before.clone();
    replaced[1] = entry(2, &["order.*"], None, None);
    let mut removed = before.clone();
    removed.remove(0);
    for now in [appended, replaced, removed, before.clone(), Vec::new()] {
        let (after, anew) = (index.after(&before, &now), SubscriptionIndex::of(&now));
        for (user, event) in [(None, None), (Some("u1"), Some("e1"))] {
            assert_eq!(candidates(&after, user, event), candidates(&anew, user, event));
        }
        for entry in before.iter().chain(&now) {
            let id = entry.subscription.id;
            assert_eq!(after.by_id(id), anew.by_id(id));
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
