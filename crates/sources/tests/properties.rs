//! What holds for every text.

use proptest::prelude::*;
use rendezhook_sources::icalendar::{self, CalendarEvent, Limits, Reading};

const GOOGLE: &[u8] = include_bytes!("fixtures/google.ics");
const BROKEN: &[u8] = include_bytes!("fixtures/broken.ics");

fn read(text: &[u8]) -> Reading {
    icalendar::read(text, Limits::default())
}

/// Everything but the line numbers, which folding moves. Reasons name lines too.
fn without_lines(reading: Reading) -> (Vec<CalendarEvent>, Vec<String>) {
    let events = reading.events.into_iter().map(|event| CalendarEvent { line: 0, ..event }).collect();
    let reasons = reading.problems.into_iter().map(|problem| {
        let words =
            problem.reason.split(' ').filter(|word| word.trim_end_matches(',').parse::<usize>().is_err());
        words.fold(problem.component, |reason, word| reason + " " + word)
    });
    (events, reasons.collect())
}

/// The text folded before each of the positions, where a fold may stand: not inside of a line break.
fn folded(text: &[u8], positions: &[usize], fold: &[u8]) -> Vec<u8> {
    let mut folded = Vec::with_capacity(text.len() + positions.len() * fold.len());
    for (index, byte) in text.iter().enumerate() {
        if positions.contains(&index) && !matches!(byte, b'\r' | b'\n' | b' ' | b'\t') {
            folded.extend_from_slice(fold);
        }
        folded.push(*byte);
    }
    folded
}

/// A line as a calendar may contain it, or nearly.
fn line() -> impl Strategy<Value = String> {
    let component = prop::sample::select(vec![
        "VCALENDAR",
        "VEVENT",
        "VTIMEZONE",
        "STANDARD",
        "DAYLIGHT",
        "VALARM",
        "X-A",
    ]);
    let name = prop::sample::select(vec![
        "UID",
        "DTSTART",
        "DTEND",
        "DURATION",
        "RECURRENCE-ID",
        "RRULE",
        "EXDATE",
        "TZID",
        "TZOFFSETFROM",
        "TZOFFSETTO",
        "ATTENDEE",
        "ORGANIZER",
        "STATUS",
        "SEQUENCE",
        "LAST-MODIFIED",
        "METHOD",
        "X-WR-TIMEZONE",
        "LOCATION",
    ]);
    let value = prop_oneof![
        "[0-9]{8}(T[0-9]{6}Z?)?",
        "[+-][0-9]{4}",
        "-?P[0-9]{1,12}[DWYM]?(T[0-9]{1,12}[HMS])?",
        "FREQ=YEARLY;BYMONTH=[0-9]{1,2};BYDAY=-?[0-9]SU(;UNTIL=[0-9]{8}T[0-9]{6}Z)?",
        "(mailto:)?[a-z]{1,3}@[a-z]{1,3}",
        "\\PC{0,12}",
    ];
    let parameter =
        prop_oneof![Just(String::new()), Just(";TZID=x".to_owned()), ";[A-Z]{1,4}=\"?\\PC{0,6}\"?"];
    prop_oneof![
        (any::<bool>(), component)
            .prop_map(|(begins, name)| format!("{}:{name}", if begins { "BEGIN" } else { "END" })),
        (name, parameter, value).prop_map(|(name, parameter, value)| format!("{name}{parameter}:{value}")),
    ]
}

proptest! {
    #[test]
    fn bytes_of_any_kind_are_read_without_a_panic(text in prop::collection::vec(any::<u8>(), 0..2_000)) {
        let reading = read(&text);
        prop_assert!(reading.events.is_empty());
        prop_assert!(!reading.problems.is_empty());
    }

    #[test]
    fn lines_in_any_order_are_read_without_a_panic_and_twice_the_same(
        of_calendar in prop::collection::vec(line(), 0..20),
        of_zone in prop::collection::vec(line(), 0..20),
        of_event in prop::collection::vec(line(), 0..20),
    ) {
        let text = format!(
            "BEGIN:VCALENDAR\n{}\nBEGIN:VTIMEZONE\nTZID:x\n{}\nBEGIN:VEVENT\nUID:1\n{}\nEND:VEVENT\n",
            of_calendar.join("\n"), of_zone.join("\n"), of_event.join("\n"),
        );
        let reading = read(text.as_bytes());
        for event in &reading.events {
            prop_assert!((1..=255).contains(&event.resource_id.chars().count()));
            prop_assert!(!event.resource_id.contains(char::is_control));
        }
        prop_assert_eq!(&reading, &read(text.as_bytes()));
    }

    #[test]
    fn a_damaged_file_loses_at_most_what_the_damage_touches(
        start in 0..GOOGLE.len(),
        damage in prop::collection::vec(any::<u8>(), 1..40),
    ) {
        let mut text = GOOGLE.to_vec();
        let end = text.len().min(start + damage.len());
        text[start..end].copy_from_slice(&damage[..end - start]);
        // A damage of 39 bytes can take the end of one event and the begin of the next.
        prop_assert!(read(&text).events.len() >= 3);
    }

    #[test]
    fn folding_changes_nothing(
        positions in prop::collection::vec(0..GOOGLE.len().max(BROKEN.len()), 0..40),
        fold in prop::sample::select(vec!["\r\n ", "\n ", "\r\n\t"]),
    ) {
        for text in [GOOGLE, BROKEN] {
            let folded = folded(text, &positions, fold.as_bytes());
            prop_assert_eq!(without_lines(read(&folded)), without_lines(read(text)));
        }
    }

    #[test]
    fn a_described_zone_gives_the_times_of_the_zone_it_describes(
        zone in prop::sample::select(vec![
            ("Europe/Berlin", "+0100", "+0200", "19810329T020000", "BYMONTH=3;BYDAY=-1SU", "19961027T030000", "BYMONTH=10;BYDAY=-1SU"),
            ("America/New_York", "-0500", "-0400", "20070311T020000", "BYMONTH=3;BYDAY=2SU", "20071104T020000", "BYMONTH=11;BYDAY=1SU"),
            ("Australia/Sydney", "+1000", "+1100", "20081005T020000", "BYMONTH=10;BYDAY=1SU", "20080406T030000", "BYMONTH=4;BYDAY=1SU"),
        ]),
        year in 2009..2037,
        month in prop::sample::select(vec![1, 3, 4, 7, 10, 11]),
        day in 1..=30,
        minute_of_day in 0..24 * 60,
    ) {
        let (name, standard, daylight, daylight_start, daylight_rule, standard_start, standard_rule) = zone;
        let local = format!("{year}{month:02}{day:02}T{:02}{:02}00", minute_of_day / 60, minute_of_day % 60);
        let text = format!(
            "BEGIN:VCALENDAR\n\
             BEGIN:VTIMEZONE\nTZID:Described\n\
             BEGIN:DAYLIGHT\nDTSTART:{daylight_start}\nRRULE:FREQ=YEARLY;{daylight_rule}\n\
             TZOFFSETFROM:{standard}\nTZOFFSETTO:{daylight}\nEND:DAYLIGHT\n\
             BEGIN:STANDARD\nDTSTART:{standard_start}\nRRULE:FREQ=YEARLY;{standard_rule}\n\
             TZOFFSETFROM:{daylight}\nTZOFFSETTO:{standard}\nEND:STANDARD\nEND:VTIMEZONE\n\
             BEGIN:VEVENT\nUID:1\nDTSTART;TZID=Described:{local}\nEND:VEVENT\n\
             BEGIN:VEVENT\nUID:2\nDTSTART;TZID={name}:{local}\nEND:VEVENT\n\
             END:VCALENDAR\n"
        );
        let reading = read(text.as_bytes());
        prop_assert_eq!(&reading.problems, &[]);
        prop_assert_eq!(&reading.events[0].resource["dates"], &reading.events[1].resource["dates"]);
    }
}
