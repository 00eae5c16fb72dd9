//! What the generator publishes: events as a scheduling product would send them.

use std::borrow::Cow;
use std::io::Write;
use std::net::SocketAddr;

use super::stamp::{self, Stamp};

/// The rest of every resource, behind its mark. With it a single item has between 600 and 650 bytes.
const REST: &str = r#"","title":"First visit: back pain","dates":[{"_id":"d1","date":"2027-01-11T08:00:00.000Z","end_date":"2027-01-11T08:45:00.000Z"}],"confirmed":{"flag":true,"date_id":"d1"},"places":[{"name":"Clinique du Marais","address":"12 rue de Rivoli, 75004 Paris"}],"lang":"en","created_by":{"full_name":"Dr. Claire Moreau","email":"claire@clinic.example.com"},"invitees":[{"full_name":"Jean Dupont","email":"jean@example.org","status":"yes"}],"timezone":"Europe/Paris"}}"#;

/// The action of this number when there are so many names that take turns.
pub(super) fn action_name(number: u64, names: u64) -> String {
    format!("event.kind_{}", number.checked_rem(names).unwrap_or_default())
}

/// Writes the actions of one request: a single one as an object, more as an array. Each has a resource of its own, and is a
/// confirmation unless so many names take turns.
pub(super) fn write(body: &mut Vec<u8>, step: u32, first: u64, items: u64, names: Option<u64>) {
    let sent_at = stamp::now();
    if items == 1 {
        return write_item(body, Stamp { step, number: first, sent_at }, names);
    }
    for number in first..first.saturating_add(items) {
        body.push(if number == first { b'[' } else { b',' });
        write_item(body, Stamp { step, number, sent_at }, names);
    }
    body.push(b']');
}

/// Writes a new state of one of so many bookings: its id, and the booking with another mark than before.
pub(super) fn write_state(id: &mut Vec<u8>, body: &mut Vec<u8>, step: u32, number: u64, bookings: u64) {
    // Writing to a vector can not fail.
    let _ = write!(id, "b{:08}", number.checked_rem(bookings).unwrap_or_default());
    body.extend_from_slice(br#"{"mark":""#);
    Stamp { step, number, sent_at: stamp::now() }.write(body);
    let resource = REST.strip_suffix('}').unwrap_or(REST);
    body.extend_from_slice(resource.as_bytes());
}

/// Writes a subscription that gets nothing of what is published: every other one wants the actions of another event, the rest
/// other actions.
pub(super) fn write_subscription(body: &mut Vec<u8>, receiver: SocketAddr, number: u64) {
    // Writing to a vector can not fail.
    let _ = write!(body, r#"{{"target_url":"http://{receiver}/others/{number}","#);
    let _ = match number % 2 {
        0 => write!(body, r#""actions":["event.*"],"event":"other-{number}"}}"#),
        _ => write!(body, r#""actions":["event.other_{}"]}}"#, number % 1_000),
    };
}

fn write_item(body: &mut Vec<u8>, stamp: Stamp, names: Option<u64>) {
    let action = match names {
        None => Cow::Borrowed("event.confirmed"),
        Some(names) => Cow::Owned(action_name(stamp.number, names)),
    };
    // Writing to a vector can not fail.
    let _ = write!(
        body,
        r#"{{"action":"{action}","resource_kind":"event","resource_id":"b{}-{:08}","resource":{{"mark":""#,
        stamp.step, stamp.number
    );
    stamp.write(body);
    body.extend_from_slice(REST.as_bytes());
}

#[cfg(test)]
mod tests {
    use rendezhook_domain::action::ActionName;
    use rendezhook_domain::resource::ResourceKind;
    use rendezhook_intake::schema::misfits;
    use serde_json::Value;

    use super::*;

    #[test]
    fn one_action_is_an_object_of_600_to_650_bytes() {
        for number in [0, 99_999_999] {
            let mut body = Vec::new();
            write(&mut body, 12, number, 1, None);
            assert!((600..=650).contains(&body.len()), "{} bytes", body.len());
            let action: Value = serde_json::from_slice(&body).unwrap();
            assert_eq!(action["resource_id"], format!("b12-{number:08}"));
            let stamp = Stamp::find(&body).unwrap();
            assert_eq!((stamp.step, stamp.number), (12, number));
        }
    }

    #[test]
    fn every_resource_fits_the_schema() {
        let mut body = Vec::new();
        write(&mut body, 1, 1, 1, None);
        let action: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(misfits(ResourceKind::Event, &action["resource"], usize::MAX), []);
    }

    #[test]
    fn a_state_is_the_resource_of_an_action() {
        let (mut id, mut state) = (Vec::new(), Vec::new());
        write_state(&mut id, &mut state, 3, 2_001, 2_000);
        assert_eq!(id, b"b00000001");
        let mut body = Vec::new();
        write(&mut body, 3, 2_001, 1, None);
        let action: Value = serde_json::from_slice(&body).unwrap();
        let state: Value = serde_json::from_slice(&state).unwrap();
        assert_eq!(state["invitees"], action["resource"]["invitees"]);
        assert_eq!(Stamp::find(state["mark"].as_str().unwrap().as_bytes()).unwrap().number, 2_001);
    }

    #[test]
    fn several_are_an_array_with_a_mark_each() {
        let mut body = Vec::new();
        write(&mut body, 1, 200, 100, None);
        let actions: Vec<Value> = serde_json::from_slice(&body).unwrap();
        assert_eq!(actions.len(), 100);
        let stamp = Stamp::find(actions[99]["resource"]["mark"].as_str().unwrap().as_bytes()).unwrap();
        assert_eq!(stamp.number, 299);
    }

    #[test]
    fn names_take_turns_and_are_names() {
        let mut body = Vec::new();
        write(&mut body, 1, 998, 4, Some(1_000));
        let actions: Vec<Value> = serde_json::from_slice(&body).unwrap();
        let names: Vec<&str> = actions.iter().map(|action| action["action"].as_str().unwrap()).collect();
        assert_eq!(names, ["event.kind_998", "event.kind_999", "event.kind_0", "event.kind_1"]);
        assert!(names.iter().all(|name| name.parse::<ActionName>().is_ok()));
    }

    #[test]
    fn other_subscriptions_want_nothing_that_is_published() {
        for number in [0, 1, 99_999] {
            let mut body = Vec::new();
            write_subscription(&mut body, SocketAddr::from(([127, 0, 0, 1], 80)), number);
            let subscription: Value = serde_json::from_slice(&body).unwrap();
            let all_of_the_kind = subscription["actions"][0] == "event.*";
            assert_eq!(all_of_the_kind, subscription["event"].is_string(), "{subscription}");
            assert_ne!(subscription["actions"][0], "event.confirmed");
        }
    }
}
