use rendezhook_domain::resource::ResourceKind;
use rendezhook_intake::schema::misfits;

use super::super::tests::{Scripted, input, refusal, unreachable};
use super::*;

const CALENDAR: &str = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//example//EN\r\n\
BEGIN:VEVENT\r\nUID:a/b c\u{e9}@example.com\r\nDTSTAMP:20260101T000000Z\r\nLAST-MODIFIED:20260102T030405Z\r\nDTSTART:20260301T090000Z\r\nSUMMARY:Check-up\r\nEND:VEVENT\r\n\
BEGIN:VEVENT\r\nUID:second\r\nDTSTAMP:20260101T000000Z\r\nDTSTART:20260302T090000Z\r\nSUMMARY:Bell\\nand whistle\r\nEND:VEVENT\r\n\
END:VCALENDAR\r\n";

fn run(server: &Scripted, text: &str, json: bool) -> (Result<ExitCode, CalendarError>, Vec<String>) {
    let mut printed = Vec::new();
    let ending = publish(server, input(text), json, &mut |line| printed.push(line));
    (ending, printed)
}

fn created() -> Result<Value, ClientError> {
    let action = |name: &str| json!({"id": "act_1", "action": name, "changes": [], "deliveries": 1});
    Ok(json!({"version": 2, "actions": [action("event.created"), action("event.confirmed")]}))
}

fn nothing() -> Result<Value, ClientError> {
    Ok(json!({"version": 2, "actions": []}))
}

#[test]
fn each_event_is_put_under_its_id_with_the_time_of_its_change() {
    let server = Scripted::answering([created(), nothing()]);
    let (ending, printed) = run(&server, CALENDAR, false);
    assert_eq!(ending.unwrap(), ExitCode::SUCCESS);
    let seen = server.seen.take();
    let first = "PUT /api/v1/resources/event/a%2Fb%20c%C3%A9%40example.com?occurred_at=2026-01-02T03:04:05Z";
    assert_eq!(seen[0].line, first);
    assert!(seen[1].line.starts_with("PUT /api/v1/resources/event/second"));
    let resource: Value = serde_json::from_slice(&seen[0].body).unwrap();
    assert_eq!(resource["title"], "Check-up");
    let expected = [
        "created, confirmed   Check-up (a/b cé@example.com), 2 deliveries",
        "nothing changed      Bell\\nand whistle (second)",
        "1 event changed, 1 unchanged; 2 deliveries",
    ];
    assert_eq!(printed, expected);
}

#[test]
fn the_same_calendar_again_says_that_nothing_changed() {
    let (ending, printed) = run(&Scripted::answering([nothing(), nothing()]), CALENDAR, false);
    assert_eq!(ending.unwrap(), ExitCode::SUCCESS);
    assert_eq!(printed.last().unwrap(), "nothing changed: 2 events are as before");
}

#[test]
fn programs_get_the_answers_with_line_and_id() {
    let (ending, printed) = run(&Scripted::answering([nothing(), nothing()]), CALENDAR, true);
    assert_eq!(ending.unwrap(), ExitCode::SUCCESS);
    assert_eq!(printed.len(), 2);
    let line: Value = serde_json::from_str(&printed[1]).unwrap();
    assert_eq!(line, json!({"line": 11, "resource_id": "second", "answer": {"version": 2, "actions": []}}));
}

#[test]
fn what_cannot_be_read_or_is_refused_ends_with_two_and_stops_nothing() {
    let broken = CALENDAR.replace("DTSTART:20260302T090000Z", "DTSTART:soon");
    let (ending, printed) = run(&Scripted::answering([created()]), &broken, false);
    assert_eq!(ending.unwrap(), ExitCode::from(2));
    assert_eq!(printed.last().unwrap(), "1 event changed, 0 unchanged; 2 deliveries; 1 skipped");

    let server = Scripted::answering([Err(refusal(422, &[])), created()]);
    let (ending, printed) = run(&server, CALENDAR, false);
    assert_eq!(ending.unwrap(), ExitCode::from(2));
    assert_eq!(printed.last().unwrap(), "1 event changed, 0 unchanged; 2 deliveries; 1 refused");
}

#[test]
fn what_the_next_call_would_meet_too_ends_the_run() {
    for error in [refusal(403, &[]), unreachable()] {
        let server = Scripted::answering([nothing(), Err(error)]);
        let told = run(&server, CALENDAR, false).0.unwrap_err().to_string();
        assert!(told.starts_with("the event on line 11 of bookings"), "{told}");
    }
}

#[test]
fn every_event_fits_the_schema_whatever_program_wrote_the_calendar() {
    let calendars: [&[u8]; 6] = [
        include_bytes!("../../../../../sources/tests/fixtures/apple.ics"),
        include_bytes!("../../../../../sources/tests/fixtures/broken.ics"),
        include_bytes!("../../../../../sources/tests/fixtures/evolution.ics"),
        include_bytes!("../../../../../sources/tests/fixtures/google.ics"),
        include_bytes!("../../../../../sources/tests/fixtures/outlook.ics"),
        CALENDAR.as_bytes(),
    ];
    for calendar in calendars {
        let events = icalendar::read(calendar, Limits::default()).events;
        assert!(!events.is_empty());
        for event in events {
            let resource = Value::Object(event.resource);
            assert_eq!(misfits(ResourceKind::Event, &resource, usize::MAX), [], "{}", event.resource_id);
        }
    }
}
