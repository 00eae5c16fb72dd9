//! What is refused, where and why.

use std::time::Duration;

use rendezhook_domain::resource::ResourceKind::{Event, User};
use rendezhook_graphql::{
    MAXIMUM_ALIAS_BYTES, MAXIMUM_ANSWER_BYTES, MAXIMUM_QUERY_BYTES, Outcome, Position, Query,
};
use rendezhook_store::StoreError;
use rendezhook_store::contract::world::{Change, change};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::stored::Stored;

/// What both ways say about a query that has no variables.
async fn both(stored: &Stored, query: &str) -> String {
    let refusal = stored.refusal(query, json!({})).await;
    let checked = stored.graphql.check(query, None, Some(&serde_json::Map::new())).unwrap_err();
    assert_eq!(checked.to_string(), refusal, "a check says what an execution says");
    assert_eq!(stored.graphql.check(query, None, None).unwrap_err(), checked);
    refusal
}

#[tokio::test]
async fn mistakes_are_told_with_their_place() {
    let stored = Stored::empty().await;
    for (query, expected) in [
        (
            "{\n  event(id: \"e1\") { titel }\n}",
            "line 2, column 21: Unknown field \"titel\" on type \"Event\".",
        ),
        ("{ event(id: \"e1\") { title }", "line 1, column 28: this is not GraphQL: expected"),
        ("", "line 1, column 1: this is not GraphQL: expected"),
        ("{ event { title } }", "line 1, column 3: Field \"event\" argument \"id\" of type"),
        (
            "{ event(id: \"e1\") }",
            "line 1, column 3: Field \"event\" of type \"Event\" must have a selection",
        ),
        ("{ event(id: \"e1\") { title { x } } }", "line 1, column 21: "),
        (
            "{ events(confirmed: \"yes\") { nodes { id } } }",
            "line 1, column 10: Invalid value for argument \"confirmed\"",
        ),
        (
            "{ events(updatedAfter: \"monday\") { nodes { id } } }",
            "line 1, column 10: Invalid value for argument",
        ),
        ("{ users(confirmed: true) { nodes { id } } }", "line 1, column 9: Unknown argument \"confirmed\""),
        ("{ event(id: $id) { title } }", "line 1, column 9: Variable \"$id\" is not defined"),
        (
            "query($n: Int) { event(id: $n) { title } }",
            "line 1, column 28: the variable $n is of type Int, and the argument \"id\" of type ID!",
        ),
        (
            "query($n: ID) { event(id: $n) { title } }",
            "line 1, column 27: the variable $n is of type ID, and",
        ),
        (
            "query($n: Int) { event(id: 1) { ...f } } fragment f on Event { title @skip(if: $n) }",
            "line 1, column 80: the variable $n is of type Int, and the argument \"if\" of type Boolean!",
        ),
        ("mutation { event(id: 1) { title } }", "line 1, column 1: only queries are offered"),
        (
            "{ events(first: 101) { nodes { id } } }",
            "line 1, column 17: \"first\" has to be an integer from 1 to 100",
        ),
        ("{ events(first: 0) { nodes { id } } }", "line 1, column 17: \"first\" has to be"),
        ("{ events(first: -1) { nodes { id } } }", "line 1, column 17: \"first\" has to be"),
        (
            "{ ...all } fragment all on Query { ...all }",
            "line 1, column 36: the fragment \"all\" contains itself",
        ),
        ("query A { __typename } query B { __typename }", "the query has several operations"),
    ] {
        let refusal = both(&stored, query).await;
        assert!(refusal.starts_with(expected), "{query}\n{refusal}\n{expected}");
    }
}

#[tokio::test]
async fn of_many_mistakes_the_first_are_told() {
    let stored = Stored::empty().await;
    let fields = (0..1_000).map(|number| format!("f{number} ")).collect::<String>();
    let answer = stored.answer(&format!("{{ event(id: 1) {{ {fields} }} }}"), json!({})).await;
    let body: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(body["errors"].as_array().unwrap().len(), 10);
}

#[tokio::test]
async fn the_operation_is_chosen_by_its_name() {
    let stored = Stored::with(&[(Event, "e1", json!({ "title": "x" }))]).await;
    let text = "query A { event(id: \"e1\") { title } } query B { event(id: \"e1\") { id } }";
    let named = |name: Option<&str>| Query {
        query: text.to_owned(),
        operation_name: name.map(str::to_owned),
        variables: None,
    };
    let deadline = Instant::now() + Duration::from_secs(60);
    let answer = stored.graphql.execute(stored.organization, &named(Some("B")), deadline).await;
    assert_eq!(answer.body, r#"{"data":{"event":{"id":"e1"}}}"#);
    let answer = stored.graphql.execute(stored.organization, &named(Some("C")), deadline).await;
    let Outcome::Refused(error) = answer.outcome else { panic!("another outcome") };
    assert_eq!(error.to_string(), "the query has no operation named \"C\"");
    let anonymous = stored.graphql.check("{ __typename }", Some("A"), None).unwrap_err();
    assert!(anonymous.message.contains("only one without a name"), "{anonymous}");
}

#[tokio::test]
async fn variables_are_checked_when_they_are_known() {
    let stored = Stored::empty().await;
    let check = |query: &str, variables: Option<Value>| {
        let variables = variables.map(|variables| variables.as_object().unwrap().clone());
        stored.graphql.check(query, None, variables.as_ref()).map_err(|error| error.to_string())
    };
    let query = "query Q($id: ID!) {\n event(id: $id) { title } }";
    check(query, None).unwrap();
    check(query, Some(json!({ "id": "%EVENT_ID%" }))).unwrap();
    let missing = check(query, Some(json!({}))).unwrap_err();
    assert_eq!(missing, "line 1, column 9: the variable $id has no value; the query needs one of type ID!");
    let wrong = check(query, Some(json!({ "id": { "a": 1 } }))).unwrap_err();
    assert!(wrong.starts_with("line 2, column 8: Invalid value for argument \"id\""), "{wrong}");

    let list = "query Q($n: Int = 5) { events(first: $n) { nodes { id } } }";
    check(list, None).unwrap();
    check(list, Some(json!({ "n": 100 }))).unwrap();
    assert!(check(list, Some(json!({ "n": 500 }))).unwrap_err().contains("from 1 to 100"));
    assert!(check(list, Some(json!({ "n": "5" }))).unwrap_err().contains("Invalid value"));
}

#[tokio::test]
async fn what_is_nested_too_deep_is_refused() {
    let stored = Stored::empty().await;
    let of_types = |levels: usize| {
        format!("{{ __type(name: \"Event\") {}name{} }}", "{ ofType ".repeat(levels), " }".repeat(levels))
            .replace("ofType name", "name")
    };
    stored.graphql.check(&of_types(15), None, None).unwrap();
    let refusal = both(&stored, &of_types(17)).await;
    assert!(refusal.ends_with("fields are nested more than 16 deep"), "{refusal}");
    let refusal = both(&stored, &format!("{}{}", "{a".repeat(40), "}".repeat(40))).await;
    assert_eq!(refusal, "line 1, column 65: brackets are nested more than 32 deep");
    // Far deeper than the stack of the parser.
    both(&stored, &format!("{{ a(b: {}", "[".repeat(MAXIMUM_QUERY_BYTES - 10))).await;
    let mut chain = String::from("{ ...f0 }");
    for number in 0..40 {
        chain.push_str(&format!(" fragment f{number} on Query {{ ...f{} }}", number + 1));
    }
    let refusal = both(&stored, &chain).await;
    assert!(refusal.ends_with("selections and fragments are nested more than 32 deep"), "{refusal}");
}

#[tokio::test]
async fn what_costs_too_much_is_refused() {
    let stored = Stored::empty().await;
    let fields = |count: usize| (0..count).map(|number| format!("f{number}: id ")).collect::<String>();
    let list = |first: usize, count: usize| {
        format!("{{ events(first: {first}) {{ nodes {{ {} }} }} }}", fields(count))
    };
    stored.graphql.check(&list(100, 98), None, None).unwrap();
    let refusal = both(&stored, &list(100, 99)).await;
    assert!(refusal.contains("the query costs more than 10000 from here on"), "{refusal}");
    stored.graphql.check(&list(10, 500), None, None).unwrap();

    // Roots count although each asks for little.
    let roots = |count: usize| {
        (0..count).map(|number| format!("r{number}: event(id: \"x\") {{ id }} ")).collect::<String>()
    };
    stored.graphql.check(&format!("{{ {} }}", roots(196)), None, None).unwrap();
    both(&stored, &format!("{{ {} }}", roots(197))).await;

    // Fragments that double each other stand for more fields than could ever be visited.
    let mut doubling = String::from("{ event(id: \"x\") { ...f0 } } fragment f20 on Event { id }");
    for number in 0..20 {
        let next = number + 1;
        doubling.push_str(&format!(" fragment f{number} on Event {{ ...f{next} ...f{next} }}"));
    }
    both(&stored, &doubling).await;

    // The length of a list may be hidden in a fragment, and in a variable.
    let hidden = format!(
        "query($n: Int) {{ ...q }} fragment q on Query {{ events(first: $n) {{ nodes {{ {} }} }} }}",
        fields(99)
    );
    assert!(stored.graphql.check(&hidden, None, None).is_err());
    stored.graphql.check(&hidden.replace("$n)", "1)").replace("($n: Int) ", ""), None, None).unwrap();

    let schema = "{ __schema { types { fields { type { fields { type { fields { type { fields { name } } } } } } } } } }";
    let refusal = both(&stored, schema).await;
    assert!(refusal.contains("what is asked about the schema costs more than"), "{refusal}");

    let alias = |length: usize| format!("{{ {}: __typename }}", "a".repeat(length));
    stored.graphql.check(&alias(MAXIMUM_ALIAS_BYTES), None, None).unwrap();
    both(&stored, &alias(MAXIMUM_ALIAS_BYTES + 1)).await;
    let long = format!("{{ __typename }} #{}", " ".repeat(MAXIMUM_QUERY_BYTES));
    assert!(both(&stored, &long).await.contains("at most 16384 are allowed"));
}

#[tokio::test]
async fn an_answer_that_grows_too_large_is_refused() {
    let stored = Stored::empty().await;
    let text = "x".repeat(MAXIMUM_ANSWER_BYTES / 8);
    stored.put(Event, "large", json!({ "title": text })).await;
    let copies = |field: &str, count: usize| {
        let fields = (0..count).map(|number| format!("f{number}: {field} ")).collect::<String>();
        format!("{{ event(id: \"large\") {{ {fields} }} }}")
    };
    stored.data(&copies("title", 8), json!({})).await;
    for field in ["title", "resource"] {
        let refusal = stored.refusal(&copies(field, 9), json!({})).await;
        assert!(refusal.contains("the answer has more than 8388608 bytes"), "{refusal}");
    }
}

#[tokio::test]
async fn lists_within_resources_count() {
    let stored = Stored::empty().await;
    let dates = vec![json!({ "date": "2026-02-01T09:00:00.000Z" }); 10_000];
    stored.put(Event, "long", json!({ "dates": dates })).await;
    let asked = |fields: &str| format!("{{ event(id: \"long\") {{ dates {{ {fields} }} }} }}");
    let data = stored.data(&asked("date _id end_date all_day"), json!({})).await;
    assert_eq!(data["event"]["dates"].as_array().unwrap().len(), 10_000);
    let refusal = stored.refusal(&asked("date _id end_date all_day votes { yes }"), json!({})).await;
    assert!(refusal.contains("lists within the resources have more than 50000 fields"), "{refusal}");
    let by_fragment = asked("...f") + " fragment f on EventDate { a: date b: date c: date d: date e: date }";
    assert_eq!(stored.refusal(&by_fragment, json!({})).await, refusal);
}

#[tokio::test]
async fn reading_is_bounded_and_a_resource_is_read_once() {
    let stored = Stored::empty().await;
    let state = json!({ "first_name": "x".repeat(1024 * 1024) });
    for number in 0..40 {
        stored.put(User, &format!("u{number:02}"), state.clone()).await;
    }
    let same = (0..40).map(|number| format!("u{number}: user(id: \"u00\") {{ id }} ")).collect::<String>();
    stored.data(&format!("{{ {same} }}"), json!({})).await;
    let others = (0..40).map(|number| format!("u{number}: user(id: \"u{number:02}\") {{ id }} "));
    let refusal = stored.refusal(&format!("{{ {} }}", others.collect::<String>()), json!({})).await;
    assert!(refusal.contains("the query reads more than 33554432 bytes"), "{refusal}");
}

#[tokio::test]
async fn a_wrong_cursor_is_told_with_its_place() {
    let stored = Stored::with(&[(Event, "e1", json!({ "title": "x" }))]).await;
    let query = "{ event(id: \"e1\") { title }\n events(after: \"!\") { nodes { id } } }";
    let refusal = stored.refusal(query, json!({})).await;
    assert_eq!(refusal, "line 2, column 2: \"after\" is no cursor; give the endCursor of the page before");
}

#[tokio::test]
async fn an_unreadable_store_is_no_fault_of_the_query() {
    let stored = Stored::empty().await;
    stored.world.store.close().await;
    for query in ["{ event(id: \"e1\") { title } }", "{ events { nodes { id } } }"] {
        let answer = stored.answer(query, json!({})).await;
        assert!(answer.is_failed());
        assert!(matches!(answer.outcome, Outcome::Unavailable(StoreError::ShuttingDown)));
        assert_eq!(
            answer.body,
            r#"{"errors":[{"message":"resources cannot be read now; repeat the request in a moment"}]}"#
        );
        stored.graphql.check(query, None, None).unwrap();
    }
}

#[tokio::test]
async fn the_deadline_ends_an_execution() {
    let stored = Stored::with(&[(Event, "e1", json!({}))]).await;
    let query =
        Query { query: "{ events { nodes { id } } }".to_owned(), operation_name: None, variables: None };
    let answer = stored.graphql.execute(stored.organization, &query, Instant::now()).await;
    assert!(matches!(answer.outcome, Outcome::TimedOut) && answer.is_failed());
    assert!(answer.body.starts_with(br#"{"errors":[{"message":"the query was not answered within"#));
}

#[tokio::test]
async fn a_place_counts_characters() {
    let stored = Stored::empty().await;
    let error = stored.graphql.check("# é\n{ event(id: \"éé\") { x } }", None, None).unwrap_err();
    assert_eq!(error.position, Some(Position { line: 2, column: 21 }));
    // A list within a list that is not there yet costs nothing to check.
    let body = json!({}).to_string();
    let state = Change { body: body.into(), ..change("e1", None, &[]) };
    stored.world.publish(stored.organization, vec![state]).await;
    stored.graphql.check("{ events { nodes { dates { votes { yes } } } } }", None, None).unwrap();
}
