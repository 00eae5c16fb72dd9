//! `/api/v1/timers`, and what timers fire.

use insta::assert_json_snapshot;
use rendezhook_domain::time::Timestamp;
use rendezhook_intake::{FiringOutcome, Intake};
use serde_json::{Value, json};

use crate::fixture::Api;

impl Api {
    /// Fires everything that is due by the clock, as the loop of the binary does; answers how many did.
    pub(crate) async fn fire_due(&self) -> usize {
        use rendezhook_delivery::clock::Clock;
        let now: Timestamp = self.clock.now();
        let intake = Intake::new(std::sync::Arc::clone(&self.store));
        let due = self.store.due_firings(now, None, 100).await.unwrap();
        let mut fired = 0;
        for firing in &due.firings {
            let outcome = intake.fire(firing, now).await.unwrap();
            fired += usize::from(matches!(outcome, FiringOutcome::Fired { .. }));
        }
        fired
    }

    /// Makes a timer; answers with its path.
    async fn timer(&self, key: &str, timer: Value) -> String {
        let made = self.post("/api/v1/timers", key, timer).await;
        assert_eq!(made.status, 201, "{made:?}");
        made.header("location").to_owned()
    }

    /// The names of the delivered actions, the oldest first, with their resources.
    async fn delivered(&self, key: &str) -> Vec<String> {
        let listed = self.get("/api/v1/deliveries", key).await.json();
        let shown = |item: &Value| {
            format!("{} {}", item["action"].as_str().unwrap(), item["resource_id"].as_str().unwrap())
        };
        listed["items"].as_array().unwrap().iter().rev().map(shown).collect()
    }
}

fn starting_soon() -> Value {
    json!({
        "name": "starting soon", "action": "event.starting", "anchor": "start", "offset": "-15m", "late": "skip",
        "late_after_seconds": 600, "expires_after_seconds": 900
    })
}

/// A confirmed event so many minutes after the time of the tests.
fn event(minutes: i64) -> Value {
    let now: Timestamp = crate::fixture::NOW.parse().unwrap();
    let at = |minutes: i64| Timestamp::from_milliseconds(now.milliseconds() + minutes * 60_000).to_string();
    json!({ "title": "Visit", "confirmed": { "flag": true }, "dates": [{ "date": at(minutes), "end_date": at(minutes + 30) }] })
}

#[tokio::test]
async fn a_timer_is_made_shown_listed_changed_and_deleted() {
    let api = Api::start().await;
    let (_, key) = api.organization("Example").await;
    let made = api.post("/api/v1/timers", &key, starting_soon()).await;
    assert_json_snapshot!(made.shown());
    let path = made.header("location").to_owned();
    assert_eq!(path, format!("/api/v1/timers/{}", made.member("/id")));
    assert_eq!(api.get(&path, &key).await.json(), made.json());

    api.clock.advance_seconds(60);
    let patch =
        json!({ "name": "the day before", "offset": -86400, "late": "fire", "expires_after_seconds": null });
    let changed = api.call("PATCH", &path, &key, patch).await;
    assert_json_snapshot!(changed.shown());
    let second =
        json!({ "name": "hold lapses", "action": "order.lapsed", "anchor": "/valid_until", "offset": "0s" });
    api.timer(&key, second).await;
    let listed = api.get("/api/v1/timers?limit=1", &key).await.json();
    assert_eq!(listed["items"], json!([changed.json()]));
    let next = format!("/api/v1/timers?limit=1&cursor={}", listed["next"].as_str().unwrap());
    let listed = api.get(&next, &key).await.json();
    assert_eq!(listed["items"][0]["name"], "hold lapses");
    assert_eq!(listed["next"], Value::Null);

    assert_eq!(api.call("DELETE", &path, &key, Value::Null).await.status, 204);
    assert_eq!(api.get(&path, &key).await.status, 404);
    assert_eq!(api.call("PATCH", &path, &key, json!({})).await.status, 404);
}

#[tokio::test]
async fn timers_are_for_those_who_manage_the_organization() {
    let api = Api::start().await;
    let (organization, key) = api.organization("Example").await;
    let path = api.timer(&key, starting_soon()).await;
    for scope in ["viewer", "publisher", "integrator"] {
        let other = api.key(&organization, scope, None).await;
        assert_eq!(api.get(&path, &other).await.status, 200, "{scope}");
        assert_eq!(api.post("/api/v1/timers", &other, starting_soon()).await.status, 403, "{scope}");
        assert_eq!(api.call("PATCH", &path, &other, json!({})).await.status, 403, "{scope}");
        assert_eq!(api.call("DELETE", &path, &other, Value::Null).await.status, 403, "{scope}");
    }
    let as_operator = format!("/api/v1/timers?organization_id={organization}");
    assert_eq!(api.post(&as_operator, &api.admin, starting_soon()).await.status, 201);
}

#[tokio::test]
async fn what_is_wrong_with_a_timer_is_named() {
    let api = Api::start().await;
    let (_, key) = api.organization("Example").await;
    let mut refusals = Vec::new();
    for (member, value) in [
        ("name", json!("")),
        ("action", json!("event.confirmed")),
        ("action", json!("order.cancelled")),
        ("action", json!("subscription.failing")),
        ("action", json!("order.starting")),
        ("action", json!("starting")),
        ("resource_kind", json!("order")),
        ("anchor", json!("middle")),
        ("offset", json!("soon")),
        ("offset", json!("400d")),
        ("offset", json!(true)),
        ("anchor", json!("created")),
        ("only_if", json!("unconfirmed")),
        ("only_if", json!("perhaps")),
        ("late", json!("maybe")),
        ("late_after_seconds", json!(0)),
        ("expires_after_seconds", json!(40_000_000)),
        ("colour", json!("red")),
    ] {
        let mut timer = starting_soon();
        timer[member] = value;
        refusals.push(api.post("/api/v1/timers", &key, timer).await.refusal());
    }
    assert_json_snapshot!(refusals);
    for _ in 0..50 {
        api.timer(&key, starting_soon()).await;
    }
    let more = api.post("/api/v1/timers", &key, starting_soon()).await;
    assert_eq!(more.refusal(), "409 limit_reached: the limit of 50 is reached; delete some first");
}

#[tokio::test]
async fn a_timer_follows_its_event() {
    let api = Api::start().await;
    let (_, key) = api.organization("Example").await;
    api.timer(&key, starting_soon()).await;
    let ended = json!({ "name": "ended", "action": "event.ended", "anchor": "end", "offset": 0 });
    api.timer(&key, ended).await;
    let put = async |id: &str, state: Value| {
        assert_eq!(api.call("PUT", &format!("/api/v1/resources/event/{id}"), &key, state).await.status, 200);
    };
    put("moved", event(60)).await;
    put("cancelled", event(60)).await;
    put("removed", event(60)).await;
    put("kept", event(60)).await;
    put("moved", event(120)).await;
    let mut cancelled = event(60);
    cancelled["cancelled"] = json!(true);
    put("cancelled", cancelled).await;
    api.call("DELETE", "/api/v1/resources/event/removed", &key, Value::Null).await;
    let hook =
        json!({ "target_url": "https://api.example.com/", "actions": ["event.starting", "event.ended"] });
    api.post("/api/v1/subscriptions", &key, hook).await;

    assert_eq!(api.fire_due().await, 0);
    api.clock.advance_seconds(46 * 60);
    assert_eq!(api.fire_due().await, 1);
    assert_eq!(api.fire_due().await, 0, "once");
    // Down until both timers of the moved event are due, and that of the other's end: the start is too late, the ends are told.
    api.clock.advance_seconds(120 * 60);
    assert_eq!(api.fire_due().await, 2);
    assert_eq!(api.delivered(&key).await, ["event.starting kept", "event.ended kept", "event.ended moved"]);
    let shown = api.get("/api/v1/resources/event/kept", &key).await.json();
    assert_eq!((&shown["version"], &shown["resource"]), (&json!(4), &event(60)));
}

#[tokio::test]
async fn a_clock_that_is_set_back_fires_no_timer_a_second_time() {
    let api = Api::start().await;
    let (_, key) = api.organization("Example").await;
    api.timer(&key, starting_soon()).await;
    let hook = json!({ "target_url": "https://api.example.com/", "actions": ["event.starting"] });
    api.post("/api/v1/subscriptions", &key, hook).await;
    let put = async |state: Value| {
        assert_eq!(api.call("PUT", "/api/v1/resources/event/b-1", &key, state).await.status, 200);
    };
    put(event(60)).await;
    api.clock.advance_seconds(45 * 60);
    assert_eq!(api.fire_due().await, 1);

    api.clock.advance_seconds(-3_600);
    let mut edited = event(60);
    edited["title"] = json!("Another title");
    put(edited).await;
    api.clock.advance_seconds(3_600);
    assert_eq!(api.fire_due().await, 0, "it has fired for this time");
    api.clock.advance_seconds(-3_600);
    put(event(30)).await;
    api.clock.advance_seconds(30 * 60);
    assert_eq!(api.fire_due().await, 1, "another time");
    api.clock.advance_seconds(-3_600);
    put(event(60)).await;
    api.clock.advance_seconds(90 * 60);
    assert_eq!(api.fire_due().await, 0, "moved back to the time for which it has fired");
    assert_eq!(api.delivered(&key).await, ["event.starting b-1", "event.starting b-1"]);
}

#[tokio::test]
async fn a_timer_counts_from_when_a_resource_was_created() {
    let api = Api::start().await;
    let (_, key) = api.organization("Example").await;
    let hook = json!({ "target_url": "https://api.example.com/", "actions": ["order.unpaid"] });
    api.post("/api/v1/subscriptions", &key, hook).await;
    let put = async |id: &str, state: Value| {
        assert_eq!(api.call("PUT", &format!("/api/v1/resources/order/{id}"), &key, state).await.status, 200);
    };
    let published = async |id: &str, happened_at: &str| {
        let item = json!({
            "action": "order.created", "resource_kind": "order", "resource_id": id, "resource": { "n": 1 },
            "occurred_at": happened_at
        });
        assert_eq!(api.post("/api/v1/actions", &key, item).await.status, 202);
    };
    put("there-before", json!({ "n": 1 })).await;
    published("told-late", "2025-12-24T12:00:00Z").await;
    api.clock.advance_seconds(3_600);
    let timer = json!({ "name": "a day on", "action": "order.unpaid", "anchor": "created", "offset": "24h" });
    api.timer(&key, timer).await;
    for _ in 0..5 {
        api.store.check().await.unwrap();
    }
    put("returns", json!({ "n": 1 })).await;
    put("changed", json!({ "n": 1 })).await;
    api.clock.advance_seconds(3_600);
    put("changed", json!({ "n": 2 })).await;
    put("told-late", json!({ "n": 2 })).await;
    api.call("DELETE", "/api/v1/resources/order/returns", &key, Value::Null).await;
    put("returns", json!({ "n": 1 })).await;

    let hours_later = async |seconds: i64| {
        api.clock.advance_seconds(seconds);
        api.fire_due().await
    };
    assert_eq!(hours_later(22 * 3_600 - 1).await, 0);
    assert_eq!(hours_later(1).await, 2, "a day after each was accepted, whenever it happened");
    assert_eq!(hours_later(3_600).await, 1, "a change moves nothing");
    assert_eq!(hours_later(3_600).await, 1, "what returns is created anew");
    let mut delivered = api.delivered(&key).await;
    delivered[..2].sort();
    assert_eq!(
        delivered,
        [
            "order.unpaid there-before",
            "order.unpaid told-late",
            "order.unpaid changed",
            "order.unpaid returns"
        ]
    );
}

#[tokio::test]
async fn a_new_timer_applies_to_events_that_are_there() {
    let api = Api::start().await;
    let (_, key) = api.organization("Example").await;
    api.subscription(&key, "https://api.example.com/").await;
    api.call("PUT", "/api/v1/resources/event/b-1", &key, event(60)).await;
    let path = api.timer(&key, starting_soon()).await;
    // Each of these is a turn of the store's writer, in which it also makes the firings.
    for _ in 0..5 {
        api.store.check().await.unwrap();
    }
    api.clock.advance_seconds(45 * 60);
    assert_eq!(api.fire_due().await, 1);
    assert_eq!(api.delivered(&key).await.last().unwrap(), "event.starting b-1");

    api.call("PUT", "/api/v1/resources/event/b-2", &key, event(90)).await;
    api.call("DELETE", &path, &key, Value::Null).await;
    api.clock.advance_seconds(60 * 60);
    assert_eq!(api.fire_due().await, 0, "a deleted timer fires no more");
}
