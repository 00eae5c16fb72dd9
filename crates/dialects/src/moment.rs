//! Instants in the forms in which SimplyMeet.me and doo write them.

use jiff::tz::TimeZone;

use rendezhook_domain::time::Timestamp;

/// ISO 8601 in whole seconds of UTC with a numeric offset: `2022-02-18T07:00:00+00:00`.
pub(crate) fn numeric(instant: Timestamp) -> Option<String> {
    written(instant, &TimeZone::UTC, "%Y-%m-%dT%H:%M:%S+00:00")
}

/// As the organizer reads it: `Friday, February 18, 2022 08:00`.
pub(crate) fn for_organizer(instant: Timestamp, zone: &TimeZone) -> Option<String> {
    written(instant, zone, "%A, %B %-d, %Y %H:%M")
}

/// As the invitee reads it: `Friday, February 18, 2022 at 8:00 AM`.
pub(crate) fn for_invitee(instant: Timestamp, zone: &TimeZone) -> Option<String> {
    written(instant, zone, "%A, %B %-d, %Y at %-I:%M %p")
}

/// The time zone with this name of the tz database; UTC when there is none.
pub(crate) fn zone(name: Option<&str>) -> TimeZone {
    name.and_then(|name| TimeZone::get(name).ok()).unwrap_or(TimeZone::UTC)
}

/// `None` for instants outside the years that can be written.
fn written(instant: Timestamp, zone: &TimeZone, form: &str) -> Option<String> {
    let instant = jiff::Timestamp::from_millisecond(instant.milliseconds()).ok()?;
    Some(instant.to_zoned(zone.clone()).strftime(form).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_forms_are_those_of_the_document() {
        let instant: Timestamp = "2022-02-18T07:00:00.999Z".parse().unwrap();
        let zurich = zone(Some("Europe/Zurich"));
        assert_eq!(numeric(instant).as_deref(), Some("2022-02-18T07:00:00+00:00"));
        assert_eq!(for_organizer(instant, &zurich).as_deref(), Some("Friday, February 18, 2022 08:00"));
        assert_eq!(for_invitee(instant, &zurich).as_deref(), Some("Friday, February 18, 2022 at 8:00 AM"));
        let midnight: Timestamp = "2022-02-05T00:05:00Z".parse().unwrap();
        let utc = zone(Some("Nowhere/Land"));
        assert_eq!(for_organizer(midnight, &utc).as_deref(), Some("Saturday, February 5, 2022 00:05"));
        assert_eq!(for_invitee(midnight, &utc).as_deref(), Some("Saturday, February 5, 2022 at 12:05 AM"));
        assert_eq!(numeric(Timestamp::from_milliseconds(i64::MAX)), None);
    }
}
