use jiff::civil::date;

use super::*;
use crate::icalendar::Limits;
use crate::icalendar::frame::Framer;
use crate::icalendar::lines::content_lines;
use crate::icalendar::problems::Problems;

fn read(observances: &str) -> Result<Observances, (usize, String)> {
    let text =
        format!("BEGIN:VCALENDAR\nBEGIN:VTIMEZONE\nTZID:x\n{observances}END:VTIMEZONE\nEND:VCALENDAR\n");
    let mut problems = Problems::new(10);
    let mut framer = Framer::new(Limits::default(), &mut problems);
    content_lines(text.as_bytes()).for_each(|line| framer.line(&line));
    let calendars = framer.finish();
    let zone = calendars[0].children_of(Kind::TimeZone).next().expect("a time zone");
    Observances::read(zone).map_err(|(line, flaw)| (line, flaw.to_string()))
}

fn observance(kind: &str, from: &str, to: &str, rest: &str) -> String {
    format!("BEGIN:{kind}\nTZOFFSETFROM:{from}\nTZOFFSETTO:{to}\n{rest}\nEND:{kind}\n")
}

fn hours(observances: &Observances, local: DateTime) -> i32 {
    observances.offset_at(local).seconds() / 3_600
}

#[test]
fn the_rules_of_different_years_hold_in_their_years() {
    // The clocks of New York, which changed on other days before 2007.
    let text = [
        observance(
            "DAYLIGHT",
            "-0500",
            "-0400",
            "DTSTART:19870405T020000\nRRULE:FREQ=YEARLY;BYMONTH=4;BYDAY=1SU;UNTIL=20060402T070000Z",
        ),
        observance(
            "STANDARD",
            "-0400",
            "-0500",
            "DTSTART:19671029T020000\nRRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU;UNTIL=20061029T060000Z",
        ),
        observance(
            "DAYLIGHT",
            "-0500",
            "-0400",
            "DTSTART:20070311T020000\nRRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=SU;BYMONTHDAY=8,9,10,11,12,13,14",
        ),
        observance(
            "STANDARD",
            "-0400",
            "-0500",
            "DTSTART:20071104T020000\nRRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=1SU",
        ),
    ]
    .concat();
    let new_york = read(&text).expect("the rules are readable");
    let expected = [
        (date(2006, 3, 20).at(12, 0, 0, 0), -5),
        (date(2006, 4, 2).at(1, 59, 59, 0), -5),
        (date(2006, 4, 2).at(3, 0, 0, 0), -4),
        (date(2006, 11, 2).at(12, 0, 0, 0), -5),
        (date(2007, 3, 20).at(12, 0, 0, 0), -4),
        (date(2026, 3, 8).at(2, 30, 0, 0), -5),
        (date(2026, 3, 8).at(3, 0, 0, 0), -4),
        (date(2026, 11, 1).at(1, 30, 0, 0), -4),
        (date(2026, 11, 1).at(2, 0, 0, 0), -5),
        (date(1960, 7, 1).at(12, 0, 0, 0), -4),
    ];
    for (local, offset) in expected {
        assert_eq!(hours(&new_york, local), offset, "{local}");
    }
}

#[test]
fn single_changes_are_listed_by_date() {
    let text = [
        observance("STANDARD", "+0300", "+0400", "DTSTART:20110327T020000"),
        observance(
            "STANDARD",
            "+0400",
            "+0300",
            "DTSTART:20141026T020000\nRDATE:20161030T020000,20181028T020000",
        ),
        observance("DAYLIGHT", "+0300", "+0400", "DTSTART:20160327T020000\nRDATE:20180325T020000"),
    ]
    .concat();
    let zone = read(&text).expect("the rules are readable");
    let expected = [(2010, 3), (2012, 4), (2015, 3), (2016, 4), (2017, 3), (2018, 4), (2019, 3)];
    for (year, offset) in expected {
        assert_eq!(hours(&zone, date(year, 7, 1).at(0, 0, 0, 0)), offset, "{year}");
    }
}

#[test]
fn offsets_may_have_seconds() {
    let text = observance("STANDARD", "-033000", "-00:44:30", "DTSTART:19000101T000000");
    let zone = read(&text).expect("the offsets are readable");
    assert_eq!(zone.offset_at(date(1899, 1, 1).at(0, 0, 0, 0)).seconds(), -12_600);
    assert_eq!(zone.offset_at(date(1901, 1, 1).at(0, 0, 0, 0)).seconds(), -2_670);
}

#[test]
fn what_cannot_be_followed_is_named_by_its_line() {
    assert_eq!(read("").expect_err("empty").0, 2);
    let bad_offset = observance("STANDARD", "+0100", "one hour", "DTSTART:19700101T000000");
    let (line, reason) = read(&bad_offset).expect_err("an offset in words");
    assert_eq!((line, reason.contains("one hour")), (6, true));
    for rule in [
        "FREQ=MONTHLY;BYDAY=1SU",
        "FREQ=YEARLY;BYDAY=1SU",
        "FREQ=YEARLY;BYMONTH=13",
        "FREQ=YEARLY;BYMONTH=3;BYDAY=0SU",
        "FREQ=YEARLY;BYMONTH=3;BYDAY=SU,MO",
        "FREQ=YEARLY;COUNT=3",
        "BYMONTH",
    ] {
        let text =
            observance("STANDARD", "+0100", "+0200", &format!("DTSTART:19700101T000000\nRRULE:{rule}"));
        let (line, reason) = read(&text).expect_err(rule);
        assert_eq!((line, reason.contains(rule)), (8, true), "{reason}");
    }
}

#[test]
fn a_zone_of_too_many_changes_is_refused() {
    let change = observance("STANDARD", "+0100", "+0200", "DTSTART:19700101T000000");
    assert!(read(&change.repeat(MOST_CHANGES)).is_ok());
    assert_eq!(read(&change.repeat(MOST_CHANGES + 1)).expect_err("too many").0, 2);
}
