use proptest::prelude::*;
use serde_json::json;

use super::*;

/// Any JSON value, as a tree.
fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        (-1e300..1e300_f64).prop_map(Value::from),
        "[a-c\"\\\\é\n]{0,6}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 64, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec(("[a-c~/0-2]{0,3}", inner), 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn read(text: &str) -> BorrowedJson<'_> {
    serde_json::from_str(text).unwrap()
}

/// The tree that a value stands for.
fn tree(value: &impl Json) -> Value {
    serde_json::to_value(Written(value)).unwrap()
}

proptest! {
    #[test]
    fn what_is_borrowed_is_what_a_tree_would_be(value in values()) {
        let text = value.to_string();
        let read_as_tree: Value = serde_json::from_str(&text).unwrap();
        let borrowed = read(&text);
        prop_assert_eq!(&tree(&borrowed), &read_as_tree);
        prop_assert_eq!(serde_json::to_string(&Written(&borrowed)).unwrap(), read_as_tree.to_string());
    }

    #[test]
    fn pointers_lead_where_those_of_a_tree_lead(
        value in values(),
        pointer in "(/([a-c~/01]{0,3}|~0|~1|0|1|01|\\+1|-)){0,3}",
    ) {
        let text = value.to_string();
        let read_as_tree: Value = serde_json::from_str(&text).unwrap();
        let expected = Value::pointer(&read_as_tree, &pointer);
        prop_assert_eq!(Json::pointer(&read_as_tree, &pointer), expected);
        prop_assert_eq!(read(&text).pointer(&pointer).map(tree), expected.cloned());
    }

    #[test]
    fn of_members_written_twice_the_last_counts(
        members in prop::collection::vec(("[a-c]{1,2}", 0..100_u8), 0..100),
    ) {
        let written: Vec<String> =
            members.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
        let text = format!("{{{}}}", written.join(","));
        let expected: Value = serde_json::from_str(&text).unwrap();
        let borrowed = read(&text);
        prop_assert_eq!(tree(&borrowed).to_string(), expected.to_string());
        for (name, _) in &members {
            prop_assert_eq!(borrowed.get(name).map(tree), expected.get(name).cloned());
        }
        prop_assert!(borrowed.get("d").is_none());
    }
}

#[test]
fn many_members_are_all_found() {
    let names: Vec<String> = (0..1_000).map(|number| format!("member {number}")).collect();
    let object: Map<String, Value> =
        names.iter().zip(0..).map(|(name, place)| (name.clone(), json!(place))).collect();
    let text = Value::Object(object).to_string();
    let borrowed = read(&text);
    for (name, place) in names.iter().zip(0..) {
        assert_eq!(borrowed.get(name).map(tree), Some(json!(place)), "{name}");
    }
    assert!(borrowed.get("member 1000").is_none());
}

#[test]
fn texts_without_escapes_are_not_copied() {
    let BorrowedJson::Text(text) = read(r#""Café""#) else { panic!() };
    assert!(matches!(text, std::borrow::Cow::Borrowed("Café")));
    assert_eq!(read(r#""a\u00e9""#).as_str(), Some("aé"));
}
