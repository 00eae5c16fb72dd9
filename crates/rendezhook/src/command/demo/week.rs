//! The calendar that is published: a week of a small clinic, and the same week with one visit moved.

use std::collections::HashMap;

use rendezhook_sources::icalendar::{self, Limits, SAMPLE_CALENDAR};
use serde_json::Value;

/// The id of the visit that is moved.
pub(super) const MOVED_VISIT: &str = "follow-up-0111@clinic.example.com";

/// What is different in the second calendar: the follow-up is an hour and a half later, and says so as calendars do.
const MOVED: [(&str, &str); 3] = [
    ("LAST-MODIFIED:20261202T101500Z\r\nSEQUENCE:1", "LAST-MODIFIED:20261213T080000Z\r\nSEQUENCE:2"),
    ("DTSTAMP:20261202T101500Z", "DTSTAMP:20261213T080000Z"),
    ("DTSTART;TZID=Europe/Paris:20270111T100000", "DTSTART;TZID=Europe/Paris:20270111T113000"),
];

/// The week.
pub(super) fn week() -> String {
    SAMPLE_CALENDAR.replace("\r\n", "\n").replace('\n', "\r\n")
}

/// The week with one visit moved.
pub(super) fn week_with_a_visit_moved() -> String {
    MOVED.iter().fold(week(), |calendar, (from, to)| calendar.replace(from, to))
}

/// What each booking is called, by the id of its resource.
pub(super) fn titles() -> HashMap<String, String> {
    let reading = icalendar::read(SAMPLE_CALENDAR.as_bytes(), Limits::default());
    let title =
        |resource: &serde_json::Map<String, Value>| resource.get("title")?.as_str().map(str::to_owned);
    let titled = |event: icalendar::CalendarEvent| Some((event.resource_id, title(&event.resource)?));
    reading.events.into_iter().filter_map(titled).collect()
}

#[cfg(test)]
mod tests {
    use rendezhook_domain::resource::ResourceKind;
    use rendezhook_intake::schema::misfits;

    use super::*;

    #[test]
    fn every_booking_fits_the_schema() {
        for calendar in [week(), week_with_a_visit_moved()] {
            for event in icalendar::read(calendar.as_bytes(), Limits::default()).events {
                let resource = Value::Object(event.resource);
                assert_eq!(misfits(ResourceKind::Event, &resource, usize::MAX), [], "{}", event.resource_id);
            }
        }
    }

    #[test]
    fn one_visit_is_moved_and_nothing_else() {
        let read = |text: String| icalendar::read(text.as_bytes(), Limits::default()).events;
        let (before, after) = (read(week()), read(week_with_a_visit_moved()));
        let changed: Vec<_> =
            before.iter().zip(&after).filter(|(old, new)| old.resource != new.resource).collect();
        let [(old, new)] = changed[..] else { panic!("{} are different", changed.len()) };
        assert_eq!(new.resource["title"], "Follow-up: knee");
        assert_eq!(new.resource_id, MOVED_VISIT);
        assert_eq!(new.resource["dates"][0]["date"], "2027-01-11T10:30:00.000Z");
        assert!(new.last_modified > old.last_modified, "a state that is not newer is not news");
        assert_eq!(titles().len(), before.len());
    }
}
