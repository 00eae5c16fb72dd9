//! What holds for every history, however odd the states.

use proptest::prelude::*;

use super::*;

/// Values of fields that matter, in sensible and in odd shapes.
fn field() -> impl Strategy<Value = Value> {
    let option = prop_oneof![
        Just(json!({"_id": "d1", "date": "2026-01-20T14:00:00Z", "votes": {"yes": ["u1"]}})),
        Just(json!({"_id": "d1", "date": "2026-01-20T14:00:00Z"})),
        Just(json!({"date": "2026-01-21"})),
        Just(json!({"name": "Office", "votes": []})),
        Just(json!({"email": "a@example.com"})),
        Just(json!({"email": "b@example.com", "stats": 1})),
        Just(json!({"full_name": "Guest"})),
        Just(json!(null)),
    ];
    prop_oneof![
        4 => proptest::collection::vec(option, 0..3).prop_map(Value::from),
        2 => Just(json!({"flag": true, "date_id": "d1"})),
        1 => Just(json!({"flag": false})),
        1 => Just(json!(true)),
        1 => Just(json!(false)),
        1 => Just(json!(null)),
        1 => Just(json!("2026-01-16T09:00:00.000Z")),
        1 => any::<i64>().prop_map(Value::from),
    ]
}

fn state() -> impl Strategy<Value = Value> {
    let key = prop_oneof![
        Just("confirmed"),
        Just("cancelled"),
        Just("dates"),
        Just("places"),
        Just("invitees"),
        Just("status"),
        Just("title"),
        Just("updatedAt"),
    ];
    let object = proptest::collection::hash_map(key, field(), 0..5).prop_map(|fields| {
        Value::Object(fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
    });
    prop_oneof![9 => object, 1 => field()]
}

#[derive(Debug, Clone)]
enum Step {
    Put(Value),
    Remove,
    Publish(&'static str, Value, bool),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => state().prop_map(Step::Put),
        1 => Just(Step::Remove),
        2 => (proptest::sample::select(CATALOGUE), state(), any::<bool>())
            .prop_map(|(name, resource, late)| Step::Publish(name, resource, late)),
    ]
}

fn kind() -> impl Strategy<Value = ResourceKind> {
    proptest::sample::select(&ResourceKind::ALL[..])
}

const MAIN_ACTIONS: [&str; 4] = ["event.cancelled", "event.confirmed", "event.updated", "event.edited"];

proptest! {
    #[test]
    fn every_history_keeps_the_rules(kind in kind(), steps in proptest::collection::vec(step(), 1..20)) {
        let mut history = History::of(kind);
        for step in steps {
            let before = history.stored.as_ref().map(|(facts, _)| *facts);
            let version_before = before.map_or(0, |facts| facts.version);
            let existed = before.is_some_and(|facts| !facts.removed);
            let actions = match &step {
                Step::Publish(name, resource, late) => {
                    let occurred_at = if *late { Timestamp::EARLIEST } else { NOON };
                    let outcome = history.publish(name, resource.clone(), occurred_at);
                    prop_assert_eq!(outcome.facts.version, version_before + 1);
                    continue;
                }
                Step::Put(state) => history.put(state.clone()),
                Step::Remove => history.remove(),
            };
            let version_after = history.stored.as_ref().map_or(0, |(facts, _)| facts.version);
            prop_assert_eq!(version_after, version_before + u64::try_from(actions.len()).unwrap());

            let main = actions.iter().filter(|name| MAIN_ACTIONS.contains(&name.as_str())).count();
            prop_assert!(main <= 1, "{actions:?}");
            let created = actions.iter().any(|name| name.ends_with(".created"));
            let removed = actions.iter().any(|name| name.ends_with(".removed"));
            prop_assert!(!removed || existed && matches!(step, Step::Remove));
            prop_assert!(!created || !existed);
            prop_assert!(actions.iter().all(|name| name.starts_with(kind.name())));

            if let Step::Put(state) = &step {
                let facts = history.facts();
                prop_assert!(!facts.removed);
                prop_assert_eq!(history.put(state.clone()).len(), 0, "the same state a second time");
                prop_assert_eq!(history.facts(), facts);
                let cancelled_fired = actions.iter().any(|name| name.ends_with(".cancelled"));
                let was_cancelled = existed && before.is_some_and(|facts| facts.cancelled);
                prop_assert!(!cancelled_fired || facts.cancelled && !was_cancelled);
            }
        }
    }

    #[test]
    fn what_differs_is_pointed_at_and_only_that(before in state(), after in state()) {
        let pointers = difference::pointers(&before, &after);
        prop_assert_eq!(pointers.is_empty(), difference::same(&before, &after));
        for pointer in &pointers {
            let same = match (before.pointer(pointer), after.pointer(pointer)) {
                (Some(one), Some(other)) => difference::same(one, other),
                (one, other) => one.is_none() && other.is_none(),
            };
            prop_assert!(!same, "{pointer}");
        }
    }
}
