use std::borrow::Cow;

use super::*;

fn parse(line: &'static str) -> Result<Option<Property>, UnreadableLine> {
    Property::parse(&ContentLine { number: 7, bytes: Cow::Borrowed(line.as_bytes()) })
}

fn read(line: &'static str) -> Property {
    parse(line).ok().flatten().expect("the line is one that is read")
}

#[test]
fn quoted_parameters_may_contain_every_separator() {
    let attendee = read("attendee;cn=\"Petit; Zoé: ^'Zo^'\";PARTSTAT=ACCEPTED:mailto:zoe@example.com");
    assert_eq!(attendee.name, "ATTENDEE");
    assert_eq!(attendee.line, 7);
    assert_eq!(attendee.parameter("CN"), Some("Petit; Zoé: \"Zo\""));
    assert_eq!(attendee.parameter("PARTSTAT"), Some("ACCEPTED"));
    assert_eq!(attendee.parameter("ROLE"), None);
    assert_eq!(&*attendee.value, "mailto:zoe@example.com");
}

#[test]
fn a_name_with_an_unquoted_comma_stays_whole() {
    assert_eq!(read("ATTENDEE;CN=Doe, John:mailto:john@example.com").parameter("CN"), Some("Doe, John"));
}

#[test]
fn escapes_are_resolved_and_unknown_ones_kept() {
    let description = read(r"DESCRIPTION:One\, two\; three\nfour\\nfive C:\temp \N");
    assert_eq!(description.text(), "One, two; three\nfour\\nfive C:\\temp");
}

#[test]
fn lists_split_at_commas_that_are_not_escaped() {
    assert_eq!(
        read(r"CATEGORIES:First visit,Knee\, left,,Back\\,x").texts(),
        ["First visit", "Knee, left", "Back\\", "x"]
    );
}

#[test]
fn stray_control_characters_do_not_cost_the_line() {
    assert_eq!(read("SUMMARY:First\u{b} visit\u{7f}").text(), "First visit");
}

#[test]
fn properties_that_are_not_read_pass_unseen_whatever_they_hold() {
    assert!(matches!(parse("X-ALT-DESC;FMTTYPE=\"text/html:<p>"), Ok(None)));
    assert!(matches!(parse("x-custom_name:1"), Ok(None)));
}

#[test]
fn unreadable_lines_say_why_and_what_they_were_meant_to_be() {
    let flaw = |line| parse(line).expect_err("the line is unreadable");
    assert!(matches!(flaw("see you there"), UnreadableLine { name: None, flaw: Flaw::NoColon }));
    assert!(matches!(flaw("at noon: be there"), UnreadableLine { name: None, flaw: Flaw::NoName }));
    assert!(matches!(
        flaw("DTSTART;TZID=\"Europe/Paris:20260101T090000"),
        UnreadableLine { name: Some("DTSTART"), flaw: Flaw::Parameters("DTSTART") }
    ));
}
