//! Timers and what is delivered later: they fire once, late or not at all, with what holds then.

use std::collections::BTreeSet;

use bytes::Bytes;
use rendezhook_domain::resource::{ResourceId, ResourceKind};
use rendezhook_domain::time::Timestamp;
use rendezhook_domain::timer::{Condition, LatePolicy, Lateness, Rule};
use rendezhook_intake::{FiringOutcome, Item, PublishError};
use rendezhook_store::change::{CatalogueChange, OrganizationUpdate, TimerUpdate};
use rendezhook_store::contract::world::at;
use serde_json::json;

use crate::place::{HOUR, Place, cancelled, event, item, later};

#[tokio::test]
async fn a_timer_fires_an_ordinary_action_with_the_state_as_it_is_then() {
    let mut place = Place::open().await;
    place.timer("start", "-15m", Lateness::default()).await;
    place.put("b-1", Some(event(HOUR)), 0).await;
    place
        .put(
            "b-1",
            Some(json!({ "title": "Longer visit", "confirmed": true, "dates": event(HOUR)["dates"] })),
            9,
        )
        .await;
    let firing = place.due(HOUR).await.remove(0);
    assert_eq!(firing.key.due_at, at(2_700));

    let FiringOutcome::Fired { receipt, late_by_seconds: None } = place.fire(&firing, 2_701).await else {
        panic!("it did not fire");
    };
    assert_eq!(receipt.actions[0].deliveries, 1);
    assert_eq!(
        place.told(4).await,
        ["event.created 1", "event.confirmed 2", "event.updated 3", "event.starting 4"]
    );
    let waiting = place.world.waiting(place.all).await;
    let fired = place.world.store.material(&[waiting[3].key]).await.unwrap().remove(0).action;
    assert_eq!(
        (fired.occurred_at, fired.accepted_at, fired.expires_at),
        (at(2_700), at(2_701), Some(at(3_600)))
    );
    assert!(String::from_utf8_lossy(&fired.resource).contains("Longer visit"));
    assert_eq!(fired.fired.as_ref().unwrap().timer.as_ref(), "a timer");

    let id = ResourceId::new("b-1").unwrap();
    let stored =
        place.world.store.resource(place.organization, ResourceKind::Event, &id).await.unwrap().unwrap();
    assert_eq!((stored.facts.version, stored.facts.occurred_at), (4, at(9)), "its state did not change");
    assert_eq!(stored.body, Some(fired.resource.clone()));
    // What is derived afterwards goes on from there.
    place.put("b-1", Some(event(HOUR)), 2_800).await;
    assert_eq!(place.told(1).await, ["event.updated 5"]);
    assert_eq!(place.due(HOUR * 9).await, [], "and makes nothing anew that has fired");
}

#[tokio::test]
async fn of_a_firing_and_a_move_at_the_same_moment_one_wins() {
    for round in 0..20 {
        let place = Place::open().await;
        place.timer("start", "0s", Lateness::default()).await;
        place.put("b-1", Some(event(100)), 0).await;
        let firing = place.due(100).await.remove(0);
        let (outcome, other, ()) = tokio::join!(
            place.fire(&firing, 100),
            place.fire(&firing, 100),
            place.put("b-1", Some(event(1_000 + round)), 100),
        );
        let fired = |outcome: &FiringOutcome| matches!(outcome, FiringOutcome::Fired { .. });
        assert!(!(fired(&outcome) && fired(&other)), "it fires once");
        let fired = u64::from(fired(&outcome) || fired(&other));
        assert_eq!(place.version("b-1").await, 3 + fired, "created, confirmed, moved, and fired or not");
        let waiting = place.due(9_999).await;
        assert_eq!(waiting.len(), 1);
        assert_eq!(waiting[0].key.due_at, at(1_000 + round));
    }
}

#[tokio::test]
async fn a_cancelled_or_removed_event_fires_nothing_and_its_neighbour_does() {
    let place = Place::open().await;
    place.timer("start", "0s", Lateness::default()).await;
    place.timer("end", "24h", Lateness::default()).await;
    for id in ["cancelled", "removed", "named", "kept"] {
        place.put(id, Some(event(100)), 0).await;
    }
    assert_eq!(place.waiting().await.len(), 8);
    let before = place.due(100).await;
    place.put("cancelled", Some(cancelled(100)), 1).await;
    place.put("removed", None, 1).await;
    // Named by the publisher, with a state that says nothing of it.
    place.publish(item("event.cancelled", "named", &event(100)), 1).await;
    let left: BTreeSet<String> = place.waiting().await.into_iter().map(|(id, _, _)| id).collect();
    assert_eq!(left, BTreeSet::from([String::from("kept")]));
    let mut outcomes = Vec::new();
    for firing in &before {
        let fired = matches!(place.fire(firing, 100).await, FiringOutcome::Fired { .. });
        outcomes.push((firing.resource_id.to_string(), fired));
    }
    outcomes.retain(|(_, fired)| *fired);
    assert_eq!(outcomes, [(String::from("kept"), true)]);
}

#[tokio::test]
async fn late_firings_are_marked_or_skipped_as_their_timer_wants() {
    let place = Place::open().await;
    place.timer("start", "0s", Lateness::default()).await;
    let skips = Lateness { policy: LatePolicy::Skip, late_after_seconds: 300 };
    place.timer("start", "1s", skips).await;
    place.put("b-1", Some(event(100)), 0).await;
    let due = place.due(101).await;
    let outcome = place.fire(&due[0], 912).await;
    assert!(matches!(outcome, FiringOutcome::Fired { late_by_seconds: Some(812), .. }), "{outcome:?}");
    assert_eq!(place.fire(&due[1], 912).await, FiringOutcome::Skipped { late_by_seconds: 811 });
    assert_eq!(place.due(HOUR).await, [], "what is skipped is gone");
    assert_eq!(place.fire(&due[1], 101).await, FiringOutcome::Gone);
}

#[tokio::test]
async fn what_a_timer_does_not_want_any_more_does_not_fire() {
    let place = Place::open().await;
    let timer = place.timer("start", "0s", Lateness::default()).await;
    place.put("b-1", Some(event(100)), 0).await;
    let firing = place.due(100).await.remove(0);
    let update = TimerUpdate {
        organization: place.organization,
        timer,
        name: None,
        action: None,
        rule: Some(Rule {
            anchor: "start".parse().unwrap(),
            offset: "10m".parse().unwrap(),
            condition: Condition::Any,
        }),
        lateness: None,
        expires_after_seconds: None,
        at: at(50),
    };
    place.world.change(CatalogueChange::UpdateTimer(Box::new(update))).await;
    assert_eq!(place.fire(&firing, 100).await, FiringOutcome::Gone, "also before the firings are made anew");
    let organization = place.organization;
    place.world.change(CatalogueChange::DeleteTimer { organization, timer, at: at(60) }).await;
    assert_eq!(place.fire(&firing, 100).await, FiringOutcome::Gone);
}

#[tokio::test]
async fn a_scheduled_action_carries_what_was_published_and_leaves_the_state() {
    let mut place = Place::open().await;
    place.timer("start", "0s", Lateness::default()).await;
    let reminder = |title: &str| item("event.reminder", "b-1", &json!({ "title": title }));
    place.publish(later("r", 500, reminder("first")), 0).await;
    place.publish(later("r", 400, Item { expires_at: Some(at(600)), ..reminder("second") }), 1).await;
    place.put("b-1", Some(event(HOUR)), 2).await;
    let firing = place.due(400).await.remove(0);
    let outcome = place.fire(&firing, 401).await;
    assert!(matches!(outcome, FiringOutcome::Fired { late_by_seconds: None, .. }));
    assert_eq!(place.fire(&firing, 401).await, FiringOutcome::Gone);
    assert_eq!(place.told(3).await, ["event.created 1", "event.confirmed 2", "event.reminder 3"]);
    let waiting = place.world.waiting(place.all).await;
    let action = place.world.store.material(&[waiting[2].key]).await.unwrap().remove(0).action;
    assert_eq!(action.resource, Bytes::from_static(br#"{"title":"second"}"#));
    assert_eq!((action.occurred_at, action.expires_at), (at(400), Some(at(600))));
    assert_eq!(action.fired.as_ref().unwrap().timer.as_ref(), "r");
    let left: Vec<_> = place.waiting().await.into_iter().map(|(id, _, due_at)| (id, due_at)).collect();
    assert_eq!(left, [(String::from("b-1"), at(HOUR))], "the state and its timers stay");

    // Of a resource that nobody knows it becomes the state, with the timers that go with it.
    place.publish(later("n", 700, item("event.confirmed", "b-2", &event(2 * HOUR))), 0).await;
    let firing = place.due(700).await.remove(0);
    place.fire(&firing, 700).await;
    assert_eq!(place.version("b-2").await, 1);
    assert_eq!(place.waiting().await.len(), 2);
}

#[tokio::test]
async fn times_and_keys_of_what_is_delivered_later_are_checked() {
    let place = Place::open().await;
    let refused =
        async |items: &[Item]| match place.intake.publish(place.organization, items, None, at(0)).await {
            Err(PublishError::InvalidItem { index, pointer, .. }) => (index, pointer),
            other => panic!("{other:?}"),
        };
    let reminder = item("event.reminder", "b-1", &json!({}));
    let too_far = later("k", 401 * 24 * HOUR, reminder.clone());
    assert_eq!(refused(&[reminder.clone(), too_far]).await, (1, "/deliver_at"));
    let expired = Item { expires_at: Some(at(100)), ..later("k", 100, reminder.clone()) };
    assert_eq!(refused(&[expired]).await, (0, "/expires_at"));
    let twice = [later("k", 100, reminder.clone()), later("k", 200, reminder)];
    assert_eq!(refused(&twice).await, (1, "/key"));
    assert_eq!(place.due(HOUR).await, []);
}

#[tokio::test]
async fn an_organizations_default_expiry_spares_timers_and_cancellations() {
    let mut place = Place::open().await;
    let hours = |hours| CatalogueChange::UpdateOrganization {
        organization: place.organization,
        update: OrganizationUpdate { default_expiry_hours: Some(hours), ..OrganizationUpdate::default() },
    };
    let (set, unset) = (hours(Some(2)), hours(None));
    place.world.change(set).await;
    place.timer("start", "0s", Lateness::default()).await;
    place.put("b-1", Some(event(HOUR)), 0).await;
    place.publish(Item { expires_at: Some(at(77)), ..item("event.voted", "b-1", &event(HOUR)) }, 0).await;
    let firing = place.due(HOUR).await.remove(0);
    place.fire(&firing, HOUR).await;
    place.publish(item("event.edited", "b-1", &json!({ "confirmed": false })), 9 * HOUR).await;
    place.put("b-1", Some(cancelled(HOUR)), 9 * HOUR).await;
    place.world.change(unset).await;
    place.put("b-2", Some(event(HOUR)), 9 * HOUR).await;

    let waiting = place.world.waiting(place.all).await;
    let expiries: Vec<Option<Timestamp>> = waiting.iter().map(|delivery| delivery.expires_at).collect();
    let after_the_event = Some(at(HOUR + HOUR + 2 * HOUR));
    assert_eq!(
        expiries,
        [
            after_the_event,
            after_the_event,
            Some(at(77)),
            Some(at(HOUR + 900)),
            Some(at(11 * HOUR)),
            None,
            None,
            None
        ]
    );
    assert_eq!(place.told(8).await.len(), 8);
}
