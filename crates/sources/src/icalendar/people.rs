//! Who takes part: `ORGANIZER` and `ATTENDEE` (RFC 5545 sections 3.8.4.1 and 3.8.4.3).

use serde_json::{Map, Value};

use super::component::Component;
use super::flaw::Flaw;
use super::problems::Problems;
use super::property::Property;

/// The `created_by` of an event: its organizer.
pub(super) fn organizer(event: &Component, problems: &mut Problems) -> Option<Map<String, Value>> {
    let property = event.first("ORGANIZER")?;
    let organizer = Person::of(property);
    if organizer.is_nobody() {
        problems.tolerated(property.line, &event.name, &Flaw::Nobody("ORGANIZER"));
        return None;
    }
    Some(organizer.into_map())
}

/// The `invitees` of an event in the order of the file, people before rooms and equipment: readers of the resource
/// take the first for the one who booked. The organizer is in `created_by` already; many writers list them here too.
pub(super) fn invitees(event: &Component, problems: &mut Problems) -> Vec<Value> {
    let organizer = event.first("ORGANIZER").map(Person::of).and_then(|organizer| organizer.email);
    let is_organizer = |person: &Person| match (&person.email, &organizer) {
        (Some(email), Some(organizer)) => email.eq_ignore_ascii_case(organizer),
        _ => false,
    };
    let mut people = Vec::new();
    let mut things = Vec::new();
    for property in event.all("ATTENDEE") {
        let person = Person::of(property);
        if person.is_nobody() {
            problems.tolerated(property.line, &event.name, &Flaw::Nobody("ATTENDEE"));
            continue;
        }
        if is_organizer(&person) {
            continue;
        }
        let kind = parameter_other_than(property, "CUTYPE", "INDIVIDUAL");
        let is_thing = matches!(kind.as_deref(), Some("ROOM" | "RESOURCE"));
        let invitee = invitee(person, property, kind);
        if is_thing { things.push(invitee) } else { people.push(invitee) }
    }
    people.append(&mut things);
    people
}

fn invitee(person: Person, property: &Property, kind: Option<String>) -> Value {
    let mut invitee = person.into_map();
    let partstat = property.parameter("PARTSTAT").map_or("NEEDS-ACTION".to_owned(), str::to_ascii_uppercase);
    invitee.insert("partstat".to_owned(), Value::String(partstat));
    if let Some(role) = parameter_other_than(property, "ROLE", "REQ-PARTICIPANT") {
        invitee.insert("role".to_owned(), Value::String(role));
    }
    if let Some(kind) = kind {
        invitee.insert("type".to_owned(), Value::String(kind));
    }
    Value::Object(invitee)
}

/// A parameter in upper case, unless it only states its default: some writers leave that out.
fn parameter_other_than(property: &Property, name: &str, default: &str) -> Option<String> {
    property.parameter(name).map(str::to_ascii_uppercase).filter(|value| value != default)
}

struct Person {
    full_name: Option<String>,
    email: Option<String>,
}

impl Person {
    /// Programs that address people by something else than `mailto:` put the e-mail address into a parameter (`EMAIL`,
    /// RFC 7986 section 6.2). A name that only repeats the address is none.
    fn of(property: &Property) -> Self {
        let email = address(&property.value).or_else(|| property.parameter("EMAIL").and_then(address));
        let full_name = property.parameter("CN").map(|name| name.trim_matches(['\'', ' ']));
        let full_name = full_name.filter(|name| !name.is_empty() && Some(*name) != email);
        Self { full_name: full_name.map(str::to_owned), email: email.map(str::to_owned) }
    }

    fn is_nobody(&self) -> bool {
        self.full_name.is_none() && self.email.is_none()
    }

    fn into_map(self) -> Map<String, Value> {
        let fields = [("full_name", self.full_name), ("email", self.email)];
        let given = fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.into())));
        given.collect()
    }
}

/// The e-mail address of a `mailto:` URI, or of a bare address.
fn address(uri: &str) -> Option<&str> {
    let uri = uri.trim();
    let is_mailto = uri.get(..7).is_some_and(|scheme| scheme.eq_ignore_ascii_case("mailto:"));
    let address = if is_mailto { uri.get(7..)?.trim() } else { uri };
    let (mailbox, domain) = address.split_once('@')?;
    let is_address = !mailbox.is_empty() && !domain.is_empty() && !address.contains([':', ' ', '/']);
    is_address.then_some(address)
}
