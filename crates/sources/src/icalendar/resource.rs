//! The canonical `event` resource of an event, in the shape of the Vyte reference.

use serde_json::{Map, Value, json};

use super::component::Component;
use super::event::Times;
use super::moment::Moment;
use super::people;
use super::problems::Problems;
use super::property::Property;
use super::recurrence;
use super::zone::Zones;

/// What has been made out of an event before its resource is built.
pub(super) struct State {
    pub(super) uid: String,
    /// The original start, where the event is an instance of a recurring one.
    pub(super) instance: Option<Moment>,
    /// `None` for a cancellation that names none.
    pub(super) times: Option<Times>,
    pub(super) confirmed: bool,
    /// The value of `cancelled`, if the event is.
    pub(super) cancelled: Option<Value>,
    pub(super) sequence: u32,
}

/// Builds the resource. Its fields come in one fixed order, and nothing is in it that an exporter renews each time.
pub(super) fn build(
    event: &Component,
    state: &State,
    zones: &Zones,
    problems: &mut Problems,
) -> Map<String, Value> {
    let mut resource = Map::new();
    let mut put = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            resource.insert(name.to_owned(), value);
        }
    };
    put("title", text(event, "SUMMARY"));
    put("dates", Some(state.times.iter().map(date).collect()));
    put("confirmed", Some(json!({ "flag": state.confirmed })));
    put("cancelled", state.cancelled.clone());
    put("places", Some(text_of(event, "LOCATION").map(|location| place(&location)).into_iter().collect()));
    put("invitees", Some(Value::Array(people::invitees(event, problems))));
    put("created_by", people::organizer(event, problems).map(Value::Object));
    let message = text_of(event, "DESCRIPTION").map(|body| json!({ "body": body }));
    put("messages", Some(message.into_iter().collect()));
    put("timezone", timezone(state.times.as_ref(), zones).map(Value::String));
    put("vyteme", Some(Value::Bool(false)));
    put("ics_sequence", Some(Value::from(state.sequence)));
    put("rrule", event.first("RRULE").map(|rule| Value::from(&*rule.value)));
    for (name, property) in [("rdates", "RDATE"), ("exdates", "EXDATE")] {
        put(name, unless_empty(recurrence::dates(event, property, zones, problems)));
    }
    if let Some(instance) = &state.instance {
        put("recurring_event", Some(Value::from(state.uid.as_str())));
        put("recurrence_id", Some(Value::String(instance.to_iso())));
    }
    put("url", text(event, "URL"));
    put("conference_url", conference(event).map(Value::String));
    put(
        "categories",
        unless_empty(event.all("CATEGORIES").flat_map(Property::texts).map(Value::String).collect()),
    );
    put("class", text_of(event, "CLASS").filter(|class| class != "PUBLIC").map(Value::String));
    resource
}

fn text_of(event: &Component, name: &str) -> Option<String> {
    event.first(name).map(Property::text).filter(|text| !text.is_empty())
}

fn text(event: &Component, name: &str) -> Option<Value> {
    text_of(event, name).map(Value::String)
}

fn unless_empty(values: Vec<Value>) -> Option<Value> {
    (!values.is_empty()).then_some(Value::Array(values))
}

fn date(times: &Times) -> Value {
    json!({
        "all_day": matches!(times.start, Moment::Day(_)),
        "date": times.start.to_iso(),
        "end_date": times.end.to_iso(),
    })
}

/// Apple Calendar writes the name of a place on the first line and its address on the next.
fn place(location: &str) -> Value {
    let mut lines = location.lines().map(str::trim).filter(|line| !line.is_empty());
    let name = lines.next().unwrap_or_default();
    let address = lines.collect::<Vec<_>>().join(", ");
    if address.is_empty() { json!({ "name": name }) } else { json!({ "name": name, "address": address }) }
}

/// The name of the zone the event was entered in. Google Calendar writes single events in UTC and says in the calendar
/// where they are; a whole day has no zone of its own.
fn timezone(times: Option<&Times>, zones: &Zones) -> Option<String> {
    let name = match times.map(|times| &times.start) {
        Some(Moment::Time(start)) if start.written_in_utc => zones.name_of_calendar().or(start.zone_name()),
        Some(Moment::Time(start)) => start.zone_name(),
        Some(Moment::Day(_)) | None => zones.name_of_calendar(),
    };
    name.map(str::to_owned)
}

fn conference(event: &Component) -> Option<String> {
    let names = ["CONFERENCE", "X-GOOGLE-CONFERENCE", "X-MICROSOFT-SKYPETEAMSMEETINGURL"];
    names.into_iter().find_map(|name| text_of(event, name))
}
