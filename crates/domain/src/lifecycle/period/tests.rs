use serde_json::{Value, json};

use super::*;

/// Start and end in UTC.
fn shown(resource: &Value) -> Option<(String, String)> {
    let period = period(resource)?;
    Some((period.start.timestamp().to_string(), period.end.timestamp().to_string()))
}

fn event(timezone: &str, date: Value) -> Value {
    json!({"timezone": timezone, "dates": [date]})
}

fn of(timezone: &str, date: Value) -> Option<(String, String)> {
    shown(&event(timezone, date))
}

fn pair(start: &str, end: &str) -> Option<(String, String)> {
    Some((start.to_owned(), end.to_owned()))
}

#[test]
fn instants_are_what_they_say_in_every_zone() {
    let date = json!({"date": "2026-03-29T01:30:00Z", "end_date": "2026-03-29T04:30:00+02:00"});
    for zone in ["Europe/Paris", "America/New_York", "UTC", "nowhere", ""] {
        assert_eq!(of(zone, date.clone()), pair("2026-03-29T01:30:00Z", "2026-03-29T02:30:00Z"), "{zone}");
    }
}

#[test]
fn times_of_the_clock_are_read_in_the_zone_of_the_event() {
    let paris = |start: &str, end: &str| of("Europe/Paris", json!({"date": start, "end_date": end}));
    assert_eq!(
        paris("2026-01-15T09:00:00", "2026-01-15T10:00:00"),
        pair("2026-01-15T08:00:00Z", "2026-01-15T09:00:00Z")
    );
    assert_eq!(
        paris("2026-07-15T09:00:00", "2026-07-15T10:00:00"),
        pair("2026-07-15T07:00:00Z", "2026-07-15T08:00:00Z")
    );
    // 02:30 is skipped in March and shown twice in October.
    assert_eq!(
        paris("2026-03-29T02:30:00", "2026-03-29T03:45:00"),
        pair("2026-03-29T01:30:00Z", "2026-03-29T01:45:00Z")
    );
    assert_eq!(
        paris("2026-10-25T02:30:00", "2026-10-25T03:30:00"),
        pair("2026-10-25T00:30:00Z", "2026-10-25T02:30:00Z")
    );
    assert_eq!(
        of("nowhere", json!({"date": "2026-01-15T09:00:00"})),
        pair("2026-01-15T09:00:00Z", "2026-01-15T09:00:00Z"),
        "an unknown zone is UTC"
    );
}

#[test]
fn whole_days_are_the_days_of_the_zone() {
    let day =
        json!({"all_day": true, "date": "2026-03-29T00:00:00.000Z", "end_date": "2026-03-30T00:00:00.000Z"});
    let of_paris = pair("2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z");
    assert_eq!(of("Europe/Paris", day.clone()), of_paris, "the day the clocks go forward has 23 hours");
    assert_eq!(
        of("Europe/Paris", json!({"date": "2026-03-29"})),
        of_paris,
        "written as a date, without an end"
    );
    assert_eq!(of("Europe/Paris", json!({"all_day": true, "date": "2026-03-29T00:00:00"})), of_paris);
    assert_eq!(
        of("America/New_York", day),
        pair("2026-03-29T04:00:00Z", "2026-03-30T04:00:00Z"),
        "not the day before"
    );
    assert_eq!(
        of("Europe/Paris", json!({"all_day": true, "date": "2026-10-25", "end_date": "2026-10-25"})),
        pair("2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z"),
        "an end that is the day itself means that day, of 25 hours"
    );
    assert_eq!(
        of("America/Sao_Paulo", json!({"date": "2018-11-04"})),
        pair("2018-11-04T03:00:00Z", "2018-11-05T02:00:00Z"),
        "a day without a midnight begins at one"
    );
}

#[test]
fn an_end_is_never_before_the_start() {
    for end in [json!(null), json!("2026-01-15T08:00:00Z"), json!("soon"), json!(7)] {
        let date = json!({"date": "2026-01-15T09:00:00Z", "end_date": end});
        assert_eq!(of("UTC", date), pair("2026-01-15T09:00:00Z", "2026-01-15T09:00:00Z"), "{end}");
    }
}

#[test]
fn the_confirmed_date_counts() {
    let dates =
        json!([{"_id": "a", "date": "2026-01-15T09:00:00Z"}, {"_id": "b", "date": "2026-01-16T09:00:00Z"}]);
    let chosen = json!({"confirmed": {"flag": true, "date_id": "b"}, "dates": dates});
    assert_eq!(shown(&chosen), pair("2026-01-16T09:00:00Z", "2026-01-16T09:00:00Z"));
}

#[test]
fn what_cannot_be_read_has_no_period() {
    for resource in [
        json!({}),
        json!(null),
        json!({"dates": []}),
        json!({"dates": [{"date": "soon"}]}),
        json!({"dates": [{"date": ""}]}),
        json!({"dates": [{"date": 7}]}),
        json!({"dates": [{"date": "2026-02-30"}]}),
        json!({"dates": [{"all_day": true, "date": "x"}]}),
    ] {
        assert_eq!(shown(&resource), None, "{resource}");
    }
}
