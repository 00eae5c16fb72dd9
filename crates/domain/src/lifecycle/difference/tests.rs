use serde_json::{Value, json};

use super::*;

#[test]
fn the_order_of_keys_and_the_writing_of_numbers_mean_nothing() {
    let parse = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    let one = parse(r#"{"a":1,"b":[1.0,{"c":null,"d":2}]}"#);
    let other = parse(r#"{ "b": [1e0, {"d": 2.0, "c": null}], "a": 1 }"#);
    assert!(same(&one, &other));
    assert!(pointers(&one, &other).is_empty());
}

#[test]
fn what_is_not_the_same_differs() {
    let pairs = [
        (json!({"a": null}), json!({})),
        (json!([1, 2]), json!([2, 1])),
        (json!("1"), json!(1)),
        (json!(9_007_199_254_740_993_u64), json!(9_007_199_254_740_992_u64)),
        (json!(-1), json!(1)),
        (json!([]), json!({})),
    ];
    for (one, other) in pairs {
        assert!(!same(&one, &other), "{one} {other}");
        assert!(!pointers(&one, &other).is_empty(), "{one} {other}");
    }
}

#[test]
fn pointers_lead_to_the_innermost_difference() {
    let before = json!({"title": "a", "dates": [{"date": 1}, {"date": 2}], "gone": 1, "same": {"x": []}});
    let after = json!({"title": "b", "dates": [{"date": 1}, {"date": 3}, {"date": 4}], "new/~": 1, "same": {"x": []}});
    assert_eq!(pointers(&before, &after), ["/title", "/dates/1/date", "/dates/2", "/new~1~0", "/gone"]);
    for pointer in ["/title", "/dates/1/date", "/dates/2", "/new~1~0"] {
        assert!(after.pointer(pointer).is_some(), "{pointer}");
    }
}

#[test]
fn values_that_are_not_containers_differ_as_a_whole() {
    assert_eq!(pointers(&json!(1), &json!({"a": 1})), [""]);
}

#[test]
fn there_are_at_most_a_hundred_changes() {
    let before = json!((0..5_000).collect::<Vec<_>>());
    let after = json!((1..5_001).collect::<Vec<_>>());
    let found = pointers(&before, &after);
    assert_eq!(found.len(), MAXIMUM_CHANGES);
    assert_eq!(found.last().map(String::as_str), Some("/99"));
}

#[test]
fn long_keys_do_not_make_long_pointers() {
    let long = "k".repeat(5_000);
    let before = json!({"a": {long.as_str(): 1, "x": 1, "y": 1}});
    let after = json!({"a": {long.as_str(): 2, format!("{long}2"): 2, "x": 1, "y": 2}});
    assert_eq!(pointers(&before, &after), ["/a", "/a/y"]);
    let tildes = "~".repeat(MAXIMUM_POINTER_BYTES / 2);
    assert_eq!(pointers(&json!({"a": {tildes.as_str(): 1}}), &json!({"a": {tildes.as_str(): 2}})), ["/a"]);
    let same_again = json!({"a": {long.as_str(): 1, "x": 2, "y": 1}});
    assert_eq!(pointers(&before, &same_again), ["/a/x"]);
}

#[test]
fn ignored_keys_may_differ_or_be_missing() {
    let one = json!({"date": 1, "votes": {"yes": []}});
    assert!(same_apart_from(&["votes"], &one, &json!({"date": 1})));
    assert!(same_apart_from(&["votes"], &json!({"date": 1}), &one));
    assert!(!same_apart_from(&["votes"], &one, &json!({"date": 1, "votes": 1, "more": 1})));
    assert!(!same_apart_from(&["votes"], &one, &json!({"date": 2})));
    assert!(!same_apart_from(&["votes"], &one, &json!([])));
}
