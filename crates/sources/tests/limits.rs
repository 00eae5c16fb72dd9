//! Bounds, ids and methods.

use rendezhook_sources::icalendar::{self, Effect, Limits, Reading};

fn read(text: &str) -> Reading {
    icalendar::read(text.as_bytes(), Limits::default())
}

fn event(uid: &str, rest: &str) -> String {
    format!("BEGIN:VEVENT\nUID:{uid}\n{rest}END:VEVENT\n")
}

fn calendar(method: &str, events: &str) -> String {
    format!("BEGIN:VCALENDAR\n{method}{events}END:VCALENDAR\n")
}

const START: &str = "DTSTART:20260105T090000Z\n";

#[test]
fn a_file_beyond_the_limit_is_not_read() {
    let text = calendar("", &event("1", START));
    let limits = Limits { bytes: text.len() - 1, ..Limits::default() };
    let reading = icalendar::read(text.as_bytes(), limits);
    assert!(reading.events.is_empty());
    assert_eq!(reading.problems.len(), 1);
    assert_eq!(reading.problems[0].effect, Effect::Skipped);
    assert!(reading.problems[0].reason.contains(&text.len().to_string()));
}

#[test]
fn problems_beyond_the_limit_are_counted() {
    let text = calendar("", &"no colon\n".repeat(30));
    let reading = icalendar::read(text.as_bytes(), Limits { problems: 5, ..Limits::default() });
    assert_eq!(reading.problems.len(), 6);
    assert_eq!(reading.problems[5].reason, "there are 25 further problems, which are not listed");
}

#[test]
fn utf_16_is_named_as_such() {
    let text: Vec<u8> = "\u{feff}BEGIN:VCALENDAR\r\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let reading = icalendar::read(&text, Limits::default());
    assert_eq!(reading.problems.len(), 1);
    assert!(reading.problems[0].reason.contains("UTF-16"));
}

#[test]
fn a_uid_is_counted_in_characters_together_with_the_instance() {
    let longest = "é".repeat(255);
    let too_long = "x".repeat(256);
    let with_instance = "y".repeat(240);
    let instance = format!("{START}RECURRENCE-ID:20260105T090000Z\n");
    let events = [event(&longest, START), event(&too_long, START), event(&with_instance, &instance)].concat();
    let reading = read(&calendar("", &events));
    let ids: Vec<_> = reading.events.iter().map(|event| event.resource_id.as_str()).collect();
    assert_eq!(ids, [longest.as_str()]);
    let reasons: Vec<_> =
        reading.problems.iter().map(|problem| (problem.line, problem.reason.as_str())).collect();
    assert_eq!(
        reasons,
        [
            (7, "UID makes an id of 256 characters; a resource id has at most 255"),
            (11, "UID makes an id of 257 characters; a resource id has at most 255")
        ]
    );
}

#[test]
fn a_uid_with_an_escaped_line_break_is_refused() {
    let reading = read(&calendar("", &event("a\\nb", START)));
    assert!(reading.events.is_empty());
    assert_eq!(reading.problems[0].reason, "UID contains control characters");
}

#[test]
fn the_time_of_a_cancellation_is_one_that_stays() {
    let cancelled = |method, times: &str| {
        let text = calendar(method, &event("1", &format!("{START}STATUS:CANCELLED\n{times}")));
        read(&text).events.remove(0).resource.remove("cancelled").expect("the event is cancelled")
    };
    let created = "CREATED:20251201T100000Z\n";
    let stamp = "DTSTAMP:20260104T100000Z\n";
    let modified = "LAST-MODIFIED:20260103T100000Z\n";
    let all = [created, stamp, modified].concat();
    let unmodified = [created, stamp].concat();
    for method in ["", "METHOD:PUBLISH\n", "METHOD:CANCEL\n"] {
        assert_eq!(cancelled(method, &all), "2026-01-03T10:00:00.000Z", "{method}");
    }
    assert_eq!(cancelled("", &unmodified), "2026-01-04T10:00:00.000Z");
    assert_eq!(cancelled("METHOD:CANCEL\n", &unmodified), "2026-01-04T10:00:00.000Z");
    assert_eq!(cancelled("METHOD:PUBLISH\n", &unmodified), "2025-12-01T10:00:00.000Z");
    assert_eq!(cancelled("METHOD:PUBLISH\n", stamp), true);
}

#[test]
fn a_cancellation_needs_no_date() {
    let reading = read(&calendar("METHOD:CANCEL\n", &event("1", "DTSTAMP:20260104T100000Z\n")));
    assert!(reading.problems.is_empty());
    assert!(reading.events[0].cancelled);
    assert_eq!(reading.events[0].resource["dates"], serde_json::json!([]));
}

#[test]
fn of_several_revisions_the_newest_is_read_wherever_it_stands() {
    let revision =
        |sequence: u8, title: &str| event("1", &format!("{START}SEQUENCE:{sequence}\nSUMMARY:{title}\n"));
    let title = |events: &[String]| {
        let mut reading = read(&calendar("", &events.concat()));
        assert_eq!((reading.events.len(), reading.problems.len()), (1, events.len() - 1));
        reading.events.remove(0).resource.remove("title").expect("the event has a title")
    };
    assert_eq!(title(&[revision(2, "new"), revision(1, "old")]), "new");
    assert_eq!(title(&[revision(1, "old"), revision(2, "new"), revision(0, "older")]), "new");
    assert_eq!(title(&[revision(1, "first"), revision(1, "second")]), "second");
}

#[test]
fn an_older_format_is_named() {
    let reading = read(&calendar("VERSION:1.0\n", &event("1", START)));
    assert!(reading.events.is_empty());
    assert_eq!((reading.problems[0].line, reading.problems[0].effect), (2, Effect::Skipped));
}

#[test]
fn instances_are_named_by_their_original_start() {
    let instance =
        |start: &str, original: &str| event("series", &format!("{start}RECURRENCE-ID{original}\n"));
    let days = instance("DTSTART;VALUE=DATE:20260106\n", ";VALUE=DATE:20260105");
    let in_berlin = instance(START, ";TZID=Europe/Berlin:20260105T100000");
    let from_here_on = instance(START, ";RANGE=THISANDFUTURE:20260112T090000Z");
    let reading = read(&calendar("", &[days, in_berlin, from_here_on].concat()));
    let ids: Vec<_> = reading.events.iter().map(|event| event.resource_id.as_str()).collect();
    assert_eq!(ids, ["series/20260105", "series/20260105T090000Z", "series/20260112T090000Z"]);
    assert_eq!(reading.events[0].resource["recurrence_id"], "2026-01-05T00:00:00.000Z");
    assert_eq!(reading.events[0].resource["recurring_event"], "series");
    assert_eq!((reading.problems.len(), reading.problems[0].effect), (1, Effect::Tolerated));
}

#[test]
fn a_zone_of_an_unknown_name_is_known_by_its_location() {
    let zone = "BEGIN:VTIMEZONE\nTZID:Office\nX-LIC-LOCATION:Asia/Tokyo\nEND:VTIMEZONE\n";
    let reading = read(&calendar(zone, &event("1", "DTSTART;TZID=Office:20260105T090000\n")));
    assert!(reading.problems.is_empty());
    assert_eq!(reading.events[0].resource["timezone"], "Asia/Tokyo");
    assert_eq!(reading.events[0].resource["dates"][0]["date"], "2026-01-05T00:00:00.000Z");
}

#[test]
fn answers_to_an_invitation_are_not_its_state() {
    for method in ["REPLY", "COUNTER", "DECLINECOUNTER", "REFRESH", "ADD"] {
        let reading = read(&calendar(&format!("METHOD:{method}\n"), &event("1", START)));
        assert!(reading.events.is_empty(), "{method}");
        assert_eq!((reading.problems[0].line, reading.problems[0].effect), (2, Effect::Skipped));
    }
}
