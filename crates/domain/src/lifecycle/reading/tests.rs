use serde_json::{Value, json};

use super::*;

fn event(resource: &Value) -> State {
    State::read(ResourceKind::Event, resource)
}

#[test]
fn cancelled_is_read_in_every_way_it_is_written() {
    for cancelled in [
        json!("2017-12-01T12:05:00.000Z"),
        json!(true),
        json!(1),
        json!({"at": "2017"}),
        json!({"flag": true}),
    ] {
        assert!(event(&json!({"cancelled": cancelled})).cancelled, "{cancelled}");
    }
    for live in [
        json!(false),
        json!(null),
        json!(""),
        json!("false"),
        json!(0),
        json!({}),
        json!({"flag": false}),
        json!([]),
    ] {
        assert!(!event(&json!({"cancelled": live})).cancelled, "{live}");
    }
    assert!(!event(&json!({})).cancelled);
    assert!(!event(&json!("cancelled")).cancelled);
}

#[test]
fn confirmed_is_read_in_every_way_it_is_written() {
    for confirmed in [
        json!(true),
        json!({"flag": true}),
        json!({"flag": 1, "date_id": "x"}),
        json!("2017-12-01T12:05:00.000Z"),
    ] {
        assert!(event(&json!({"confirmed": confirmed})).confirmed, "{confirmed}");
    }
    for open in [
        json!(false),
        json!(null),
        json!({}),
        json!({"flag": false}),
        json!({"multi": true}),
        json!({"date_id": "x"}),
    ] {
        assert!(!event(&json!({"confirmed": open})).confirmed, "{open}");
    }
    assert!(!event(&json!({})).confirmed);
}

#[test]
fn an_order_is_cancelled_by_field_or_status() {
    let order = |resource: Value| State::read(ResourceKind::Order, &resource).cancelled;
    assert!(order(json!({"cancelled": true})));
    assert!(order(json!({"status": "canceled"})));
    assert!(order(json!({"order_details": {"status": "organizer_cancelled"}})));
    assert!(!order(json!({"status": "active", "order_details": {"status": 7}})));
    assert!(!order(json!({"confirmed": true})));
}

#[test]
fn the_confirmed_time_is_that_of_the_named_date_or_the_first() {
    let dates = json!([
        {"_id": "a", "date": "2017-11-10T11:00:00.000Z"},
        {"_id": "b", "date": "2017-11-11T11:00:00.000Z"},
        {"id": 7, "date": "2017-11-12T12:00:00+01:00"},
    ]);
    let time = |confirmed: Value| {
        event(&json!({"confirmed": confirmed, "dates": dates})).confirmed_time.map(|time| time.to_string())
    };
    let first = Some("2017-11-10T11:00:00.000Z".to_owned());
    assert_eq!(time(json!({"flag": true})), first);
    assert_eq!(time(json!({"flag": true, "date_id": null})), first);
    assert_eq!(time(json!({"flag": true, "date_id": "unknown"})), first);
    assert_eq!(time(json!(true)), first);
    assert_eq!(time(json!({"flag": true, "date_id": "b"})).as_deref(), Some("2017-11-11T11:00:00.000Z"));
    assert_eq!(time(json!({"flag": true, "date_id": 7})).as_deref(), Some("2017-11-12T11:00:00.000Z"));
    assert_eq!(time(json!({"flag": false, "date_id": "b"})), None);
}

#[test]
fn a_date_that_is_no_instant_gives_no_time_and_a_day_its_first_moment() {
    let time = |dates: Value| event(&json!({"confirmed": true, "dates": dates})).confirmed_time;
    for dates in [
        json!([]),
        json!(null),
        json!("2017"),
        json!([{}]),
        json!([{"date": 5}]),
        json!([{"date": "soon"}]),
        json!([7]),
    ] {
        assert_eq!(time(dates.clone()), None, "{dates}");
    }
    assert_eq!(time(json!([{"all_day": true, "date": "2017-11-10"}])), "2017-11-10T00:00:00Z".parse().ok());
}

#[test]
fn an_order_belongs_to_the_event_it_names() {
    let id = ResourceId::new("o1").unwrap();
    let of = |kind, resource: &Value| event_of(kind, &id, resource).map(Cow::into_owned);
    assert_eq!(of(ResourceKind::Event, &json!({})).as_deref(), Some("o1"));
    assert_eq!(
        of(ResourceKind::Order, &json!({"event": {"id": "e1"}, "event_id": "e2"})).as_deref(),
        Some("e1")
    );
    assert_eq!(of(ResourceKind::Order, &json!({"event_id": 17})).as_deref(), Some("17"));
    assert_eq!(of(ResourceKind::Order, &json!({"event_id": null})), None);
    assert_eq!(of(ResourceKind::Order, &json!({})), None);
    assert_eq!(of(ResourceKind::User, &json!({"event_id": "e1"})), None);
}
