use serde_json::{Value, json};

use super::*;
use crate::action::CATALOGUE;

mod properties;

const NOON: Timestamp = Timestamp::from_milliseconds(1_768_478_400_000);
const LATER: Timestamp = Timestamp::from_milliseconds(1_768_482_000_000);

/// A resource whose states are published one after the other, as intake and store would do it.
struct History {
    kind: ResourceKind,
    stored: Option<(Facts, Value)>,
    accepted_at: Timestamp,
}

impl History {
    fn of(kind: ResourceKind) -> Self {
        Self { kind, stored: None, accepted_at: LATER }
    }

    fn events() -> Self {
        Self::of(ResourceKind::Event)
    }

    fn facts(&self) -> Facts {
        self.stored.as_ref().unwrap().0
    }

    fn change(&mut self, change: Change<'_, Value>) -> Option<Derivation> {
        let stored = self.stored.as_ref().map(|(facts, resource)| Stored { facts: *facts, resource });
        let state = match &change {
            Change::State(state) => Some((*state).clone()),
            Change::Removed => None,
        };
        let derivation = derive(self.kind, stored.as_ref(), change, NOON, self.accepted_at)?;
        let body = match derivation.body {
            BodyChange::Replaced => state.expect("a removal brings no body"),
            BodyChange::Kept => self.stored.take().unwrap().1,
        };
        self.stored = Some((derivation.facts, body));
        Some(derivation)
    }

    fn put(&mut self, state: Value) -> Vec<String> {
        names(self.change(Change::State(&state)))
    }

    fn remove(&mut self) -> Vec<String> {
        names(self.change(Change::Removed))
    }

    fn publish(&mut self, action: &str, resource: Value, occurred_at: Timestamp) -> ExplicitOutcome {
        let facts = self.stored.as_ref().map(|(facts, _)| *facts);
        let action = action.parse().unwrap();
        let outcome =
            facts_after_explicit(self.kind, facts, &resource, &action, occurred_at, self.accepted_at);
        let body = match outcome.body {
            BodyChange::Replaced => resource,
            BodyChange::Kept => self.stored.take().unwrap().1,
        };
        self.stored = Some((outcome.facts, body));
        outcome
    }
}

fn names(derivation: Option<Derivation>) -> Vec<String> {
    derivation
        .into_iter()
        .flat_map(|derivation| derivation.actions)
        .map(|action| action.name.to_string())
        .collect()
}

fn open() -> Value {
    json!({"title": "Talk", "dates": [{"_id": "d1", "date": "2026-01-20T14:00:00Z"}], "invitees": [{"email": "a@example.com"}]})
}

fn with(mut resource: Value, key: &str, value: Value) -> Value {
    resource[key] = value;
    resource
}

fn confirmed() -> Value {
    with(open(), "confirmed", json!({"flag": true, "date_id": "d1"}))
}

fn cancelled(resource: Value) -> Value {
    with(resource, "cancelled", json!("2026-01-16T09:00:00.000Z"))
}

#[test]
fn an_ordinary_life() {
    let mut event = History::events();
    assert_eq!(event.put(open()), ["event.created"]);
    assert_eq!(event.put(open()), [""; 0]);
    assert_eq!(event.put(with(open(), "title", json!("Longer talk"))), ["event.edited"]);
    assert_eq!(event.put(confirmed()), ["event.confirmed"]);
    assert_eq!(event.put(with(confirmed(), "title", json!("Short talk"))), ["event.updated"]);
    assert_eq!(event.put(cancelled(confirmed())), ["event.cancelled"]);
    assert_eq!(event.put(cancelled(confirmed())), [""; 0]);
    assert_eq!(event.remove(), ["event.removed"]);
    assert_eq!(event.remove(), [""; 0]);
    assert_eq!(event.facts().version, 6);
}

#[test]
fn created_already_confirmed_fires_both_in_that_order() {
    let mut event = History::events();
    assert_eq!(event.put(confirmed()), ["event.created", "event.confirmed"]);
    assert_eq!(event.facts().version, 2);
    assert!(event.facts().ever_confirmed);
    assert_eq!(event.facts().confirmed_time, "2026-01-20T14:00:00Z".parse().ok());
}

#[test]
fn created_already_cancelled_is_cancelled_too_and_never_confirmed() {
    assert_eq!(History::events().put(cancelled(confirmed())), ["event.created", "event.cancelled"]);
}

#[test]
fn reconfirming_what_was_ever_confirmed_is_an_update() {
    let mut event = History::events();
    event.put(confirmed());
    assert_eq!(event.put(open()), ["event.edited"]);
    assert_eq!(event.facts().confirmed_time, None);
    assert!(event.facts().ever_confirmed);
    assert_eq!(event.put(confirmed()), ["event.updated"]);
}

#[test]
fn reinstating_is_a_confirmation_if_confirmed_and_an_edit_otherwise() {
    let mut event = History::events();
    event.put(confirmed());
    event.put(cancelled(confirmed()));
    assert_eq!(event.put(confirmed()), ["event.confirmed"]);
    event.put(cancelled(open()));
    assert_eq!(event.put(with(open(), "cancelled", json!(false))), ["event.edited"]);
    assert_eq!(event.put(cancelled(open())), ["event.cancelled"]);
}

#[test]
fn what_changes_on_a_cancelled_event_is_an_edit() {
    let mut event = History::events();
    event.put(confirmed());
    event.put(cancelled(confirmed()));
    let changed = with(cancelled(confirmed()), "invitees", json!([{"email": "b@example.com"}]));
    assert_eq!(event.put(changed), ["event.edited"]);
}

#[test]
fn invitations_and_votes_are_told_alone_and_beside_the_main_action() {
    let invited = |resource| {
        with(resource, "invitees", json!([{"email": "a@example.com"}, {"email": "b@example.com"}]))
    };
    let voted = |mut resource: Value| {
        resource["dates"][0]["votes"] = json!({"yes": ["u1"]});
        resource
    };
    let mut event = History::events();
    event.put(open());
    assert_eq!(event.put(invited(open())), ["event.new_invitee"]);
    assert_eq!(event.put(voted(invited(open()))), ["event.voted"]);
    assert_eq!(event.put(open()), ["event.edited", "event.voted"]);
    assert_eq!(event.put(voted(invited(open()))), ["event.new_invitee", "event.voted"]);
    assert_eq!(event.put(invited(confirmed())), ["event.confirmed", "event.voted"]);
    assert_eq!(event.put(voted(invited(confirmed()))), ["event.voted"]);
    assert_eq!(event.put(cancelled(invited(open()))), ["event.cancelled"]);
}

#[test]
fn removed_and_created_again_is_a_new_event_with_going_on_versions() {
    let mut event = History::events();
    event.put(confirmed());
    event.remove();
    assert_eq!(event.put(open()), ["event.created"]);
    assert_eq!(event.facts().version, 4);
    assert!(!event.facts().ever_confirmed);
    event.remove();
    assert_eq!(event.put(open()), ["event.created"], "also with the very state it was removed in");
}

#[test]
fn orders_users_and_booking_pages() {
    let mut order = History::of(ResourceKind::Order);
    assert_eq!(order.put(json!({"id": 1, "status": "active"})), ["order.created"]);
    assert_eq!(order.put(json!({"id": 1, "status": "active", "tickets": 2})), ["order.updated"]);
    assert_eq!(order.put(json!({"id": 1, "status": "cancelled"})), ["order.cancelled"]);
    assert_eq!(order.put(json!({"id": 1, "status": "cancelled", "note": ""})), ["order.updated"]);
    assert_eq!(order.put(json!({"id": 1, "status": "active"})), ["order.updated"]);
    assert_eq!(order.remove(), ["order.removed"]);
    assert_eq!(order.put(json!({"cancelled": true})), ["order.created", "order.cancelled"]);

    let mut user = History::of(ResourceKind::User);
    assert_eq!(user.put(json!({"name": "Ann"})), ["user.joined"]);
    assert_eq!(user.put(json!({"name": "Anne"})), [""; 0]);
    assert_eq!(
        user.stored.as_ref().unwrap().1,
        json!({"name": "Anne"}),
        "the new state is stored all the same"
    );
    assert_eq!(user.remove(), [""; 0]);
    assert!(user.facts().removed);
    assert_eq!(user.put(json!({"name": "Anne"})), ["user.joined"]);

    let mut page = History::of(ResourceKind::Vyteme);
    assert_eq!(page.put(json!({"nickname": "ann"})), ["vyteme.updated"]);
    assert_eq!(page.put(json!({"nickname": "ann"})), [""; 0]);
    assert_eq!(page.put(json!({"nickname": "ann", "active": true})), ["vyteme.updated"]);
    assert_eq!(page.remove(), [""; 0]);
}

#[test]
fn changes_tell_what_differs_from_the_state_before() {
    let mut event = History::events();
    let created = event.change(Change::State(&open())).unwrap();
    assert!(created.actions[0].changes.is_empty());
    let confirmation = event.change(Change::State(&with(confirmed(), "title", json!("x")))).unwrap();
    assert_eq!(confirmation.actions[0].changes, ["/title", "/confirmed"]);
    let removal = event.change(Change::Removed).unwrap();
    assert!(removal.actions[0].changes.is_empty());
}

#[test]
fn an_explicit_action_is_believed_and_its_state_stored() {
    let mut event = History::events();
    assert_eq!(event.publish("event.created", open(), NOON).facts.version, 1);
    let confirmation = event.publish("event.confirmed", json!({"title": "no flag"}), NOON);
    assert_eq!(confirmation.body, BodyChange::Replaced);
    assert!(confirmation.facts.ever_confirmed);
    assert!(event.publish("event.cancelled", json!({}), NOON).facts.cancelled);
    assert!(!event.publish("event.starting.soon", json!({}), LATER).facts.cancelled);
    let removal = event.publish("event.removed", open(), LATER);
    assert!(removal.facts.removed);
    assert_eq!(removal.facts.version, 5);
    let again = event.publish("event.created", open(), LATER);
    assert_eq!((again.facts.removed, again.facts.ever_confirmed, again.facts.version), (false, false, 6));
}

#[test]
fn an_older_explicit_action_leaves_the_stored_state_alone() {
    let mut event = History::events();
    event.publish("event.confirmed", confirmed(), LATER);
    let before = event.facts();
    let late = event.publish("event.removed", cancelled(open()), NOON);
    assert_eq!(late, ExplicitOutcome { facts: Facts { version: 2, ..before }, body: BodyChange::Kept });
    assert_eq!(event.stored.as_ref().unwrap().1, confirmed());
}

#[test]
fn a_resource_is_created_when_it_is_accepted_first_and_when_it_comes_back() {
    let day = |day: i64| Timestamp::from_milliseconds(day * 86_400_000);
    let mut event = History::events();
    event.accepted_at = day(10);
    event.put(open());
    assert_eq!(
        event.facts().created_at,
        Some(day(10)),
        "by the time of acceptance, not by the publisher's word"
    );
    event.accepted_at = day(11);
    event.put(confirmed());
    event.publish("event.starting.soon", confirmed(), LATER);
    event.publish("event.voted", open(), NOON);
    assert_eq!(event.facts().created_at, Some(day(10)));
    event.remove();
    event.publish("event.confirmed", confirmed(), LATER);
    assert_eq!(event.facts().created_at, Some(day(11)), "it came back");
    event.accepted_at = day(12);
    event.publish("event.removed", confirmed(), LATER);
    event.put(open());
    assert_eq!(event.facts().created_at, Some(day(12)));
}

#[test]
fn derivation_goes_on_where_explicit_publishing_left_off() {
    let mut event = History::events();
    event.publish("event.confirmed", open(), NOON);
    assert_eq!(event.put(confirmed()), ["event.updated"]);
    event.publish("event.cancelled", confirmed(), NOON);
    assert_eq!(event.put(cancelled(confirmed())), ["event.edited"], "it was cancelled already");
}
