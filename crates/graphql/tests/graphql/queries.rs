//! Queries against the store on SQLite.

use rendezhook_domain::resource::ResourceKind::{self, Event, Order, User, Vyteme};
use rendezhook_store::contract::world::{Change, at, change};
use serde_json::{Value, json};

use crate::stored::Stored;

fn event() -> Value {
    json!({
        "title": "Planning",
        "dates": [
            { "_id": "d1", "date": "2026-02-01T09:00:00.000Z", "all_day": false, "votes": { "yes": ["u1", { "user": 2 }] } },
            { "_id": "d2", "date": "2026-02-02T09:00:00.000Z", "end_date": null },
        ],
        "confirmed": { "flag": true, "date_id": "d1" },
        "cancelled": false,
        "places": [{ "name": "Café", "address": "1 rue de Rivoli" }],
        "invitees": [{ "full_name": "Ada", "email": "ada@example.com", "user": null }],
        "created_by": { "email": "bob@example.com" },
        "messages": [{ "from": "ada@example.com", "body": "see you" }],
        "timezone": "Europe/Paris",
        "vyteme": true,
        "ticket_price": 12.5,
    })
}

fn order(event: Value, status: &str) -> Value {
    json!({
        "event": { "id": event, "title": "Concert" },
        "order_details": {
            "id": 77,
            "status": status,
            "attendees": [{ "id": "a1", "ticket": { "row": 7 }, "answers": ["yes", 1] }],
            "payment": { "amount": "19.90" },
        },
    })
}

#[tokio::test]
async fn the_query_of_the_doo_document_works_as_it_stands() {
    let stored = Stored::with(&[(Event, "4711", event())]).await;
    let query = "query EventCreatedShort($id: ID!) { event(id: $id) { title } }";
    stored.graphql.check(query, None, None).unwrap();
    let answer = stored.answer(query, json!({ "id": "4711" })).await;
    assert_eq!(answer.body, r#"{"data":{"event":{"title":"Planning"}}}"#);
    // The platform's own ids are integers.
    assert_eq!(stored.data(query, json!({ "id": 4711 })).await["event"]["title"], "Planning");
}

#[tokio::test]
async fn an_event_has_all_its_fields() {
    let stored = Stored::with(&[(Event, "e1", event())]).await;
    let query = "{ event(id: \"e1\") {
        id version updated_at title timezone lang vyteme cancelled
        dates { _id date end_date all_day votes { yes no } }
        confirmed { flag date_id place_id }
        places { name address }
        invitees { full_name email user }
        created_by { email }
        messages { from body }
    } }";
    let answer = stored.answer(query, json!({})).await;
    let expected = concat!(
        r#"{"data":{"event":{"id":"e1","version":1,"updated_at":"2026-01-15T09:30:01.000Z","title":"Planning","#,
        r#""timezone":"Europe/Paris","lang":null,"vyteme":true,"cancelled":false,"dates":["#,
        r#"{"_id":"d1","date":"2026-02-01T09:00:00.000Z","end_date":null,"all_day":false,"votes":{"yes":["u1",{"user":2}],"no":null}},"#,
        r#"{"_id":"d2","date":"2026-02-02T09:00:00.000Z","end_date":null,"all_day":null,"votes":null}],"#,
        r#""confirmed":{"flag":true,"date_id":"d1","place_id":null},"places":[{"name":"Café","address":"1 rue de Rivoli"}],"#,
        r#""invitees":[{"full_name":"Ada","email":"ada@example.com","user":null}],"created_by":{"email":"bob@example.com"},"#,
        r#""messages":[{"from":"ada@example.com","body":"see you"}]}}}"#,
    );
    assert_eq!(answer.body, expected, "fields come in the order of the query");
    assert_eq!(
        stored.data("{ event(id: \"e1\") { resource } }", json!({})).await["event"]["resource"],
        event()
    );
}

#[tokio::test]
async fn orders_users_and_booking_pages_have_theirs() {
    let user = json!({
        "_id": "u1", "first_name": "Ada", "emails": [{ "value": "ada@example.com" }],
        "account": { "organization": { "id": "o1", "admin": true, "extid": "x" }, "plan": "pro" },
    });
    let page = json!({ "nickname": "ada", "active": true, "belongs_to": { "user": "u1" }, "custom": { "fixed_places": [1] } });
    let stored = Stored::with(&[
        (Order, "o1", order(json!(4711), "active")),
        (User, "u1", user),
        (Vyteme, "v1", page),
    ])
    .await;
    let data = stored
        .data(
            "{ order(id: \"o1\") { event { id title } order_details { id status attendees { id ticket answers }
                 payment { amount } } external_customer_id }
               user(id: \"u1\") { _id first_name last_name emails account { plan organization { id admin extid } } }
               vyteme(id: \"v1\") { nickname active secondary belongs_to custom { fixed_places } } }",
            json!({}),
        )
        .await;
    let expected = json!({
        "order": {
            "event": { "id": "4711", "title": "Concert" },
            "order_details": {
                "id": "77", "status": "active",
                "attendees": [{ "id": "a1", "ticket": { "row": 7 }, "answers": ["yes", 1] }],
                "payment": { "amount": "19.90" },
            },
            "external_customer_id": null,
        },
        "user": {
            "_id": "u1", "first_name": "Ada", "last_name": null, "emails": [{ "value": "ada@example.com" }],
            "account": { "plan": "pro", "organization": { "id": "o1", "admin": true, "extid": "x" } },
        },
        "vyteme": {
            "nickname": "ada", "active": true, "secondary": null, "belongs_to": { "user": "u1" },
            "custom": { "fixed_places": [1] },
        },
    });
    assert_eq!(data, expected);
}

#[tokio::test]
async fn what_is_not_there_is_null() {
    let stored = Stored::with(&[(Event, "e1", event())]).await;
    stored.put(Event, "gone", event()).await;
    let removal = Change { removed: true, ..change("gone", Some(1), &["event.removed"]) };
    stored.world.publish(stored.organization, vec![removal]).await;
    let query = r#"{ unknown: event(id: "x") { id } kind: order(id: "e1") { id } empty: event(id: "") { id }
        gone: event(id: "gone") { id } there: event(id: "e1") { id } }"#;
    let data = stored.data(query, json!({})).await;
    assert_eq!(
        data,
        json!({ "unknown": null, "kind": null, "empty": null, "gone": null, "there": { "id": "e1" } })
    );
}

#[tokio::test]
async fn no_query_sees_another_organization() {
    let stored = Stored::with(&[(Event, "e1", event())]).await;
    let stranger = stored.world.organization().await;
    let query = r#"{ event(id: "e1") { title } events { nodes { id } pageInfo { endCursor hasNextPage } } }"#;
    let answer = stored.answer_to(stranger, query, json!({})).await;
    assert_eq!(
        answer.body,
        r#"{"data":{"event":null,"events":{"nodes":[],"pageInfo":{"endCursor":null,"hasNextPage":false}}}}"#
    );
}

#[tokio::test]
async fn values_of_other_types_than_the_schema_says_are_not_answered() {
    let junk = json!({
        "title": 7, "dates": ["tomorrow", { "date": false, "votes": [] }, null], "confirmed": "yes",
        "cancelled": 12, "places": { "name": "x" }, "invitees": null, "vyteme": "true",
    });
    let stored = Stored::with(&[
        (Event, "junk", junk.clone()),
        (Event, "no object", json!([1, 2])),
        (Order, "junk", order(json!(1.5), "active")),
    ])
    .await;
    // Valid JSON, but its number does not fit.
    stored.put_text(Event, "large", r#"{"title":"x","seats":1e999}"#.to_owned(), 1).await;
    let fields = "{ title dates { date votes { yes } } confirmed { flag } cancelled places { name } invitees { email } vyteme }";
    let query = format!(
        r#"{{ junk: event(id: "junk") {fields} list: event(id: "no object") {{ id title resource }}
            order(id: "junk") {{ event {{ id title }} }} large: event(id: "large") {{ id title resource }}
            whole: event(id: "junk") {{ resource }} }}"#
    );
    let data = stored.data(&query, json!({})).await;
    let expected = json!({
        "junk": {
            "title": null, "dates": [{ "date": null, "votes": null }], "confirmed": null,
            "cancelled": null, "places": null, "invitees": null, "vyteme": null,
        },
        "list": { "id": "no object", "title": null, "resource": [1, 2] },
        "order": { "event": { "id": null, "title": "Concert" } },
        "large": { "id": "large", "title": null, "resource": null },
        "whole": { "resource": junk },
    });
    assert_eq!(data, expected);
}

/// The ids of every page of a list, and how many pages there were.
async fn pages(stored: &Stored, arguments: &str) -> (Vec<String>, usize) {
    let (kind, arguments) = arguments.split_once(':').unwrap();
    let query = format!(
        "query($after: String) {{ {kind}(after: $after, {arguments}) {{ nodes {{ id }} pageInfo {{ endCursor hasNextPage }} }} }}"
    );
    let (mut ids, mut after) = (Vec::new(), Value::Null);
    for pages in 1.. {
        let data = stored.data(&query, json!({ "after": after })).await;
        let page = &data[kind];
        ids.extend(
            page["nodes"].as_array().unwrap().iter().map(|node| node["id"].as_str().unwrap().to_owned()),
        );
        if page["pageInfo"]["hasNextPage"] == false {
            return (ids, pages);
        }
        after = page["pageInfo"]["endCursor"].clone();
        assert!(after.is_string());
    }
    panic!("the list has no end");
}

#[tokio::test]
async fn every_kind_is_listed_in_pages() {
    let stored = Stored::empty().await;
    let ids: Vec<_> = (0..7).map(|number| format!("é/{number}")).collect();
    for kind in ResourceKind::ALL {
        for id in &ids {
            stored.put(kind, id, json!({})).await;
        }
    }
    for kind in ["events", "orders", "users", "vytemes"] {
        for (first, expected_pages) in [(1, 7), (3, 3), (7, 1), (100, 1)] {
            let found = pages(&stored, &format!("{kind}:first: {first}")).await;
            assert_eq!(found, (ids.clone(), expected_pages), "{kind} in pages of {first}");
        }
    }
}

#[tokio::test]
async fn a_list_has_25_nodes_unless_it_is_said() {
    let stored = Stored::empty().await;
    for number in 0..26 {
        stored.put(User, &format!("u{number:02}"), json!({})).await;
    }
    let count = async |arguments: &str, variables: Value| {
        let query = format!("query($n: Int) {{ users{arguments} {{ nodes {{ id }} }} }}");
        stored.data(&query, variables).await["users"]["nodes"].as_array().unwrap().len()
    };
    assert_eq!(count("(first: $n)", json!({})).await, 25);
    assert_eq!(count("(first: $n)", json!({ "n": null })).await, 25);
    assert_eq!(count("(first: $n)", json!({ "n": 26 })).await, 26);
}

#[tokio::test]
async fn filters_show_what_they_say() {
    let stored = Stored::empty().await;
    for number in 0..40_i64 {
        let id = format!("e{number:02}");
        let state = json!({ "confirmed": { "flag": number % 2 == 0 }, "cancelled": number % 3 == 0 });
        stored.put_at(Event, &id, state, number).await;
        let status = if number % 4 == 0 { "denied" } else { "active" };
        let event = if number % 2 == 0 { json!(number % 5) } else { json!((number % 5).to_string()) };
        stored.put_at(Order, &format!("o{number:02}"), order(event, status), number).await;
    }
    // An action says that it is cancelled, whatever the state says.
    let mut request =
        stored.world.request(stored.organization, vec![change("e01", Some(1), &["event.cancelled"])]);
    request.changes[0].facts.cancelled = true;
    request.changes[0].facts.occurred_at = at(1);
    stored.world.commit(request).await;

    let expected = |prefix: &str, shown: &dyn Fn(i64) -> bool| -> Vec<String> {
        (0..40).filter(|number| shown(*number)).map(|number| format!("{prefix}{number:02}")).collect()
    };
    let from_10 = format!("updatedAfter: \"{}\"", at(10));
    let until_20 = format!("updatedBefore: \"{}\"", at(20));
    let cases = [
        ("events:confirmed: true".to_owned(), expected("e", &|n| n % 2 == 0)),
        ("events:confirmed: false".to_owned(), expected("e", &|n| n % 2 == 1)),
        ("events:cancelled: true".to_owned(), expected("e", &|n| n == 1)),
        (format!("events:{from_10}"), expected("e", &|n| n >= 10)),
        (format!("events:{from_10} {until_20}"), expected("e", &|n| (10..20).contains(&n))),
        (format!("events:confirmed: true {until_20}"), expected("e", &|n| n % 2 == 0 && n < 20)),
        ("orders:event: 3".to_owned(), expected("o", &|n| n % 5 == 3)),
        ("orders:event: \"3\" status: \"denied\"".to_owned(), expected("o", &|n| n % 5 == 3 && n % 4 == 0)),
        (format!("orders:status: \"active\" {from_10}"), expected("o", &|n| n % 4 != 0 && n >= 10)),
        ("orders:status: \"unknown\"".to_owned(), Vec::new()),
    ];
    for (arguments, expected) in cases {
        for first in [1, 3, 100] {
            let (found, _) = pages(&stored, &format!("{arguments} first: {first}")).await;
            assert_eq!(found, expected, "{arguments} in pages of {first}");
        }
    }
}

#[tokio::test]
async fn a_filter_that_leaves_nearly_all_out_finds_the_rest() {
    let stored = Stored::empty().await;
    let states: Vec<_> = (0..1_500).map(|number| change(&format!("e{number:04}"), None, &[])).collect();
    for chunk in states.chunks(500).map(|chunk| chunk.iter().map(|state| state.id.clone())) {
        let changes = chunk.map(|id| {
            let body = json!({ "confirmed": { "flag": id == "e1499" } }).to_string();
            Change { body: body.into(), ..change(&id, None, &[]) }
        });
        stored.world.publish(stored.organization, changes.collect()).await;
    }
    let (found, pages) = pages(&stored, "events:confirmed: true first: 5").await;
    assert_eq!(found, ["e1499"]);
    assert_eq!(pages, 2, "the first page ends early");
}

#[tokio::test]
async fn tools_can_ask_for_the_whole_schema() {
    let stored = Stored::empty().await;
    let query = include_str!("introspection.graphql");
    stored.graphql.check(query, Some("IntrospectionQuery"), None).unwrap();
    let data = stored.data(query, json!({})).await;
    assert_eq!(data["__schema"]["queryType"]["name"], "Query");
    let types = data["__schema"]["types"].as_array().unwrap();
    let fields = |name: &str| -> Vec<&str> {
        let one = types.iter().find(|one| one["name"] == name).unwrap();
        one["fields"].as_array().unwrap().iter().map(|field| field["name"].as_str().unwrap()).collect()
    };
    assert_eq!(fields("Query"), ["event", "events", "order", "orders", "user", "users", "vyteme", "vytemes"]);
    assert!(fields("EventInvitee").contains(&"full_name"));
    let one = stored.data("{ __type(name: \"OrderOrderDetails\") { fields { name } } }", json!({})).await;
    assert_eq!(one["__type"]["fields"][0]["name"], "id");
}
