//! A meeting in the shape of the document, rendered from the event resource.
//!
//! Members are in the order of the help page, then those that real deliveries have. What the resource has no word for is
//! what a plain meeting has there. The shape of `cancellation` and `rescheduling` is documented nowhere; ours says when and, where
//! it is known, why.

use jiff::tz::TimeZone;
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use rendezhook_domain::accepted::AcceptedAction;
use rendezhook_domain::lifecycle::{confirmed_date, confirmed_place, instant};
use rendezhook_domain::organization::Organization;
use rendezhook_domain::time::Timestamp;

use super::event::MeetingEvent;
use crate::moment;
use crate::reading::{cancelled_at, text};

/// `data` of a delivery.
#[derive(Serialize)]
pub(super) struct Data<'a> {
    rescheduling: Option<Note<'a>>,
    pretty_canceled_at: Option<String>,
    pretty_scheduled_at: Option<String>,
    pretty_scheduled_at_in_invitee_timezone: Option<String>,
    pretty_canceled_at_in_invitee_timezone: Option<String>,
    event_type: EventType<'a>,
    scheduled_at: Option<String>,
    end_date: Option<String>,
    invitee: Invitee<'a>,
    state: &'static str,
    canceled_at: Option<String>,
    uuid: Uuid,
    notes: Option<&'a str>,
    details: Option<&'a str>,
    answers: [&'a str; 0],
    location: Option<&'a str>,
    location_type: Option<&'a str>,
    cancellation: Option<Note<'a>>,
    payment: Option<&'a str>,
    participants: Vec<Participant<'a>>,
}

/// When a meeting was cancelled or moved, and why.
#[derive(Serialize)]
struct Note<'a> {
    reason: Option<&'a str>,
    created_at: Option<String>,
}

/// What kind of meeting it is.
#[derive(Serialize)]
struct EventType<'a> {
    name: Option<&'a str>,
    location: Option<&'a str>,
    location_label: Option<&'a str>,
    description: Option<&'a str>,
    /// In minutes.
    duration: Option<i64>,
    slug: Option<String>,
    is_secret: bool,
    confirmation_page_type: &'static str,
    confirmation_page_url: Option<&'a str>,
    notification_type: &'static str,
    pass_details_to_redirected_page: bool,
    #[serde(rename = "type")]
    kind: &'static str,
    position: u8,
    allow_cancel: bool,
    allow_reschedule: bool,
    calendar_as_availability: bool,
    client_can_add_participants: bool,
    duration_type: &'static str,
    multiple_meeting: bool,
}

/// With whom the meeting is; the members are null when nobody is invited.
#[derive(Serialize)]
struct Invitee<'a> {
    first_name: Option<&'a str>,
    email: Option<&'a str>,
    full_name: Option<&'a str>,
    timezone: &'a str,
    phone_number: Option<&'a str>,
    locale: &'a str,
    cancellation_policy: Option<&'a str>,
}

/// Who takes part besides the invitee.
#[derive(Serialize)]
struct Participant<'a> {
    email: &'a str,
    created_at: Option<String>,
}

impl<'a> Data<'a> {
    /// Renders a meeting to which `action` happened.
    pub(super) fn of(
        event: MeetingEvent,
        action: &AcceptedAction,
        organization: &Organization,
        resource: &'a Value,
    ) -> Self {
        let date = confirmed_date(resource);
        let start = date.and_then(|date| text(date, "date")).and_then(instant);
        let end = date.and_then(|date| text(date, "end_date")).and_then(instant);
        let place = confirmed_place(resource);
        let place_name = place.and_then(|place| text(place, "name"));
        let location = place.and_then(|place| text(place, "address")).or(place_name);
        let mut invitees = resource.get("invitees").and_then(Value::as_array).into_iter().flatten();
        let invitee = Invitee::of(invitees.next(), resource);
        let zone = moment::zone(text(resource, "timezone"));
        let invitee_zone = moment::zone(Some(invitee.timezone));
        let canceled_at =
            (event == MeetingEvent::Cancelled).then(|| cancelled_at(resource, action.occurred_at));
        let rescheduled_at = (event == MeetingEvent::Rescheduled).then_some(action.occurred_at);
        let in_zone = |instant: Option<Timestamp>, zone: &TimeZone, form: Form| {
            instant.and_then(|instant| form(instant, zone))
        };
        Self {
            rescheduling: rescheduled_at.map(|at| Note { reason: None, created_at: moment::numeric(at) }),
            pretty_canceled_at: in_zone(canceled_at, &zone, moment::for_organizer),
            pretty_scheduled_at: in_zone(start, &zone, moment::for_organizer),
            pretty_scheduled_at_in_invitee_timezone: in_zone(start, &invitee_zone, moment::for_invitee),
            pretty_canceled_at_in_invitee_timezone: in_zone(canceled_at, &invitee_zone, moment::for_invitee),
            event_type: EventType {
                name: text(resource, "title"),
                location,
                location_label: place_name,
                description: text(resource, "description"),
                duration: start.zip(end).and_then(|(start, end)| minutes(start, end)),
                slug: text(resource, "title").and_then(slug),
                is_secret: false,
                confirmation_page_type: "internal",
                confirmation_page_url: None,
                notification_type: "calendar",
                pass_details_to_redirected_page: false,
                kind: "regular",
                position: 0,
                allow_cancel: true,
                allow_reschedule: true,
                calendar_as_availability: false,
                client_can_add_participants: false,
                duration_type: "fixed",
                multiple_meeting: false,
            },
            scheduled_at: start.and_then(moment::numeric),
            end_date: end.and_then(moment::numeric),
            invitee,
            state: if canceled_at.is_some() { "canceled" } else { "new" },
            canceled_at: canceled_at.and_then(moment::numeric),
            uuid: Uuid::new_v5(&organization.id.uuid(), action.resource_id.as_str().as_bytes()),
            notes: resource.pointer("/messages/0").and_then(|message| text(message, "body")),
            details: None,
            answers: [],
            location,
            location_type: None,
            cancellation: canceled_at.map(|at| Note {
                reason: resource.get("cancelled").and_then(|details| text(details, "reason")),
                created_at: moment::numeric(at),
            }),
            payment: None,
            participants: invitees.filter_map(Participant::of).collect(),
        }
    }
}

/// How an instant is written for somebody.
type Form = fn(Timestamp, &TimeZone) -> Option<String>;

impl<'a> Invitee<'a> {
    fn of(invitee: Option<&'a Value>, resource: &'a Value) -> Self {
        let member = |name| invitee.and_then(|invitee| text(invitee, name));
        let full_name = member("full_name");
        let timezone = member("timezone").or_else(|| text(resource, "timezone"));
        let locale = member("locale").or_else(|| text(resource, "locale")).or_else(|| text(resource, "lang"));
        Self {
            first_name: member("first_name").or_else(|| first_name(full_name?)),
            email: member("email"),
            full_name,
            timezone: timezone.unwrap_or("UTC"),
            phone_number: member("phone"),
            locale: locale.unwrap_or("en"),
            cancellation_policy: None,
        }
    }
}

/// The first name in a whole one. Calendars also write the family's name first, with a comma behind it.
fn first_name(full_name: &str) -> Option<&str> {
    let first_names = full_name.split_once(',').map_or(full_name, |(_family, first)| first);
    first_names.split_whitespace().next().or_else(|| full_name.split_whitespace().next())
}

impl<'a> Participant<'a> {
    /// `None` for somebody without an address.
    fn of(invitee: &'a Value) -> Option<Self> {
        let created_at = text(invitee, "createdAt").and_then(instant).and_then(moment::numeric);
        Some(Self { email: text(invitee, "email")?, created_at })
    }
}

/// Whole minutes from one instant to a later one.
fn minutes(start: Timestamp, end: Timestamp) -> Option<i64> {
    (end >= start).then(|| end.milliseconds().saturating_sub(start.milliseconds()) / 60_000)
}

/// A title as a part of a URL: words in lower case with hyphens between them.
fn slug(title: &str) -> Option<String> {
    let words: Vec<String> = title
        .split(|character: char| !character.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    (!words.is_empty()).then(|| words.join("-"))
}

#[cfg(test)]
mod tests {
    use super::first_name;

    #[test]
    fn first_names_stand_first_or_behind_a_comma() {
        assert_eq!(first_name("Jean Dupont"), Some("Jean"));
        assert_eq!(first_name("Haddad, Amir Karim"), Some("Amir"));
        assert_eq!(first_name("Haddad,"), Some("Haddad,"));
        assert_eq!(first_name("  "), None);
    }
}
