use super::*;
use crate::icalendar::lines::content_lines;
use crate::icalendar::{Effect, Problem};

fn frame(text: &str, limits: Limits) -> (Vec<Component>, Vec<Problem>) {
    let mut problems = Problems::new(100);
    let mut framer = Framer::new(limits, &mut problems);
    content_lines(text.as_bytes()).for_each(|line| framer.line(&line));
    (framer.finish(), problems.into_list())
}

fn uids(calendars: &[Component]) -> Vec<&str> {
    let events = calendars.iter().flat_map(|calendar| &calendar.children);
    events.filter_map(|event| event.first("UID")).map(|uid| &*uid.value).collect()
}

fn lines_of(problems: &[Problem]) -> Vec<usize> {
    problems.iter().map(|problem| problem.line).collect()
}

#[test]
fn properties_of_an_alarm_are_not_those_of_its_event() {
    let text = "begin:vcalendar\nBEGIN:VEVENT\nBEGIN:VALARM\nUID:alarm\nEND:VALARM\nUID:event\nEND:VEVENT\nEND:VCALENDAR";
    let (calendars, problems) = frame(text, Limits::default());
    assert_eq!(uids(&calendars), ["event"]);
    assert!(problems.is_empty());
}

#[test]
fn a_component_nested_too_deep_is_dropped_and_the_rest_kept() {
    let nested = "BEGIN:X-A\n".repeat(50) + "UID:deep\n" + &"END:X-A\n".repeat(50);
    let text = format!(
        "BEGIN:VCALENDAR\nBEGIN:VEVENT\n{nested}UID:1\nEND:VEVENT\nBEGIN:VEVENT\nUID:2\nEND:VEVENT\n"
    );
    let (calendars, problems) = frame(&text, Limits { depth: 3, ..Limits::default() });
    assert_eq!(uids(&calendars), ["1", "2"]);
    // The too deep one, and the END:VCALENDAR that is missing.
    assert_eq!(lines_of(&problems), [1, 4]);
}

#[test]
fn a_component_that_is_too_deep_and_never_ends_leaves_the_next_event_alone() {
    let text = "BEGIN:VCALENDAR\nBEGIN:VEVENT\nBEGIN:X-A\nBEGIN:X-B\nUID:1\nBEGIN:VEVENT\nUID:2\nEND:VEVENT\nEND:VCALENDAR";
    let (calendars, problems) = frame(text, Limits { depth: 3, ..Limits::default() });
    assert_eq!(uids(&calendars), ["2"]);
    assert_eq!(lines_of(&problems), [2, 3, 4]);
}

#[test]
fn an_event_with_too_many_properties_is_marked() {
    let text =
        format!("BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:1\n{}END:VEVENT\nEND:VCALENDAR", "URL:x\n".repeat(9));
    let (calendars, problems) = frame(&text, Limits { properties: 4, ..Limits::default() });
    assert_eq!(calendars[0].children[0].properties.len(), 4);
    assert_eq!(calendars[0].children[0].unreadable, Some((7, "URL")));
    assert_eq!(lines_of(&problems), [7]);
}

#[test]
fn events_beyond_the_limit_are_named_once() {
    let event = |uid: usize| format!("BEGIN:VEVENT\nUID:{uid}\nEND:VEVENT\n");
    let text = format!("BEGIN:VCALENDAR\n{}END:VCALENDAR\n", (1..=4).map(event).collect::<String>());
    let (calendars, problems) = frame(&text, Limits { events: 2, ..Limits::default() });
    assert_eq!(uids(&calendars), ["1", "2"]);
    assert_eq!((problems.len(), problems[0].line, problems[0].effect), (1, 8, Effect::Skipped));
}

#[test]
fn lines_outside_of_any_component_are_named_once() {
    let (calendars, problems) = frame("UID:1\nno calendar\nat all\n", Limits::default());
    assert!(calendars.is_empty());
    assert_eq!(lines_of(&problems), [1]);
}
