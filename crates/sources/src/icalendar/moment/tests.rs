use std::borrow::Cow;

use super::*;
use crate::icalendar::component::Component;
use crate::icalendar::lines::ContentLine;
use crate::icalendar::problems::Problems;

fn zones() -> Zones {
    Zones::of(&Component::new("VCALENDAR", 1), &mut Problems::new(0))
}

fn moment(line: &'static str) -> Result<Moment, Flaw> {
    let content = ContentLine { number: 1, bytes: Cow::Borrowed(line.as_bytes()) };
    let property = Property::parse(&content).ok().flatten().expect("a readable line");
    Moment::of(&property, &zones())
}

fn iso_of(line: &'static str) -> String {
    moment(line).expect("a readable moment").to_iso()
}

#[test]
fn local_times_become_utc() {
    assert_eq!(iso_of("DTSTART;TZID=Europe/Paris:20260131T090000"), "2026-01-31T08:00:00.000Z");
    assert_eq!(iso_of("DTSTART;TZID=Eastern Standard Time:20260701T090000"), "2026-07-01T13:00:00.000Z");
    assert_eq!(iso_of("DTSTART;TZID=Europe/Paris:20260131T090000Z"), "2026-01-31T09:00:00.000Z");
    assert_eq!(iso_of("DTSTART:20260131T090000"), "2026-01-31T09:00:00.000Z");
}

#[test]
fn a_skipped_time_moves_on_and_of_a_time_that_comes_twice_the_first_is_taken() {
    assert_eq!(iso_of("DTSTART;TZID=Europe/Berlin:20260329T023000"), "2026-03-29T01:30:00.000Z");
    assert_eq!(iso_of("DTSTART;TZID=Europe/Berlin:20261025T023000"), "2026-10-25T00:30:00.000Z");
}

#[test]
fn a_day_is_midnight_in_utc() {
    let day = moment("DTSTART;VALUE=DATE:20260131").expect("a day");
    assert_eq!(day.to_iso(), "2026-01-31T00:00:00.000Z");
    assert_eq!(day.to_basic(), "20260131");
}

#[test]
fn a_leap_second_is_the_second_before() {
    assert_eq!(iso_of("DTSTART:20161231T235960Z"), "2016-12-31T23:59:59.000Z");
}

#[test]
fn what_is_no_date_is_named() {
    for line in [
        "DTSTART:",
        "DTSTART:2026-01-31",
        "DTSTART:20260131T0900",
        "DTSTART:20261331",
        "DTSTART:20260131T250000",
    ] {
        assert!(matches!(moment(line), Err(Flaw::NotADate(_))), "{line}");
    }
    assert!(matches!(moment("DTSTART;TZID=Nowhere:20260131T090000"), Err(Flaw::UnknownZone(_))));
}

#[test]
fn days_go_by_the_calendar_and_hours_by_the_clock() {
    let evening_before_the_change = moment("DTSTART;TZID=Europe/Berlin:20260328T180000").expect("a time");
    let after = |text| {
        let duration = Duration::parse(text).expect("a duration");
        evening_before_the_change.after(duration).expect("within range").to_iso()
    };
    assert_eq!(after("P1D"), "2026-03-29T16:00:00.000Z");
    assert_eq!(after("PT24H"), "2026-03-29T17:00:00.000Z");
}

#[test]
fn a_day_lasts_whole_days() {
    let day = moment("DTSTART;VALUE=DATE:20260131").expect("a day");
    let two_days = Duration::parse("P2D").expect("a duration");
    assert_eq!(day.after(two_days).expect("within range").to_iso(), "2026-02-02T00:00:00.000Z");
    let hours = Duration::parse("PT2H").expect("a duration");
    assert!(matches!(day.after(hours), Err(Flaw::PartOfADay)));
    let millennia = Duration::parse("P4000000D").expect("a duration");
    assert!(matches!(day.after(millennia), Err(Flaw::OutOfRange(_))));
}
