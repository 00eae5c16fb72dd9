//! `/api/v1/receivers`.

use insta::assert_json_snapshot;
use serde_json::json;

use crate::fixture::Api;

#[tokio::test]
async fn subscriptions_share_a_named_receiver_or_their_endpoint() {
    let api = Api::start().await;
    let (_, key) = api.organization("Example").await;
    for (path, receiver) in
        [("a?x=1", None), ("a?x=2", None), ("b", None), ("c", Some("crm")), ("d", Some("crm"))]
    {
        let request = json!({
            "target_url": format!("https://api.example.com/{path}"), "actions": ["*"], "receiver": receiver
        });
        assert_eq!(api.post("/api/v1/subscriptions", &key, request).await.status, 201);
    }
    let listed = api.get("/api/v1/receivers", &key).await;
    assert_json_snapshot!(listed.shown(), @r#"
    {
      "status": 200,
      "body": {
        "items": [
          {
            "id": "rcv_#",
            "name": "https://api.example.com/a",
            "named": false,
            "state": "open",
            "pause": null,
            "maintenance": [],
            "drain": null,
            "order": "resource",
            "subscriptions": 2,
            "created_at": "2026-01-15T09:30:00.000Z"
          },
          {
            "id": "rcv_#",
            "name": "https://api.example.com/b",
            "named": false,
            "state": "open",
            "pause": null,
            "maintenance": [],
            "drain": null,
            "order": "resource",
            "subscriptions": 1,
            "created_at": "2026-01-15T09:30:00.000Z"
          },
          {
            "id": "rcv_#",
            "name": "crm",
            "named": true,
            "state": "open",
            "pause": null,
            "maintenance": [],
            "drain": null,
            "order": "resource",
            "subscriptions": 2,
            "created_at": "2026-01-15T09:30:00.000Z"
          }
        ],
        "next": null
      }
    }
    "#);

    let path = format!("/api/v1/receivers/{}", listed.member("/items/0/id"));
    assert_eq!(api.get(&path, &key).await.json(), listed.json()["items"][0]);
    assert_json_snapshot!(api.get("/api/v1/receivers/rcv_1", &key).await.shown(), @r#"
    {
      "status": 404,
      "body": {
        "type": "/docs/problems#not_found",
        "title": "It does not exist",
        "status": 404,
        "code": "not_found",
        "detail": "there is no such receiver",
        "instance": "req_#"
      }
    }
    "#);
}

/// The only receiver of an organization, with something waiting.
async fn receiver(api: &Api, key: &str) -> String {
    api.subscription(key, "https://api.example.com/hooks").await;
    for number in 0..4 {
        api.publish_event(key, &format!("booking-{number}")).await;
    }
    let listed = api.get("/api/v1/receivers", key).await;
    format!("/api/v1/receivers/{}", listed.member("/items/0/id"))
}

#[tokio::test]
async fn a_receiver_pauses_and_resumes() {
    let api = Api::start().await;
    let (_, key) = api.organization("Example").await;
    let path = receiver(&api, &key).await;
    let until = "2026-01-15T10:30:00.000Z";
    let paused = api
        .post(&format!("{path}/pause"), &key, json!({ "until": until, "reason": "We move house" }))
        .await
        .json();
    assert_eq!(paused["state"], "paused");
    assert_eq!(
        paused["pause"],
        json!({ "since": crate::fixture::NOW, "until": until, "reason": "We move house" })
    );
    api.clock.advance_seconds(1_800);
    let longer = api.post(&format!("{path}/pause"), &key, json!({})).await.json();
    assert_eq!(longer["pause"], json!({ "since": crate::fixture::NOW, "until": null, "reason": null }));
    let resumed = api.post(&format!("{path}/resume"), &key, json!({})).await.json();
    assert_eq!((&resumed["state"], &resumed["pause"]), (&json!("open"), &json!(null)));

    api.post(&format!("{path}/pause"), &key, json!({ "until": until })).await;
    api.clock.advance_seconds(1_800);
    assert_eq!(api.get(&path, &key).await.json()["state"], "open", "it has ended by itself");
    let mut refusals = Vec::new();
    for (route, body) in [
        ("pause", json!({ "until": until })),
        ("pause", json!({ "until": "soon" })),
        ("pause", json!({ "reason": "" })),
        ("pause", json!({ "till": until })),
        ("resume", json!({ "rate": 0 })),
        ("resume", json!({ "rate": 1001 })),
        ("resume", json!({ "skip_older_than": "yesterday" })),
        ("resume", json!({ "skip_older_than": "2026-01-16T00:00:00Z" })),
        ("resume", json!({ "skip_older_than": "2026-01-15T00:00:00Z" })),
    ] {
        refusals.push(api.post(&format!("{path}/{route}"), &key, body).await.refusal());
    }
    assert_json_snapshot!(refusals, @r#"
    [
      "422 invalid_fields: /until: a pause ends in the future; leave this member out for one without an end",
      "422 invalid_fields: /until: \"soon\" is not an instant; write it like 2026-01-15T09:30:00.000Z",
      "422 invalid_fields: /reason: this text has 0 characters; give it 1 to 255",
      "422 invalid_fields: /till: unknown field `till`, expected `until` or `reason`",
      "422 invalid_fields: /rate: a backlog drains at 1 to 1000 deliveries a second",
      "422 invalid_fields: /rate: a backlog drains at 1 to 1000 deliveries a second",
      "422 invalid_fields: /skip_older_than: \"yesterday\" is not an instant; write it like 2026-01-15T09:30:00.000Z",
      "422 invalid_fields: /skip_older_than: this instant is still to come; what is not accepted yet cannot be left out",
      "422 invalid_fields: /skip_older_than: deliveries are under way; only what is paused or disabled can be left out, so pause first"
    ]
    "#);
}

#[tokio::test]
async fn a_backlog_is_counted_and_what_resuming_would_do_is_shown() {
    let api = Api::start().await;
    let (_, key) = api.organization("Example").await;
    let path = receiver(&api, &key).await;
    for (id, expires_at) in [("soon", "2026-01-15T09:30:02Z"), ("later", "2026-01-15T10:00:00Z")] {
        let item = json!({
            "action": "event.confirmed", "resource_kind": "event", "resource_id": id, "expires_at": expires_at,
            "resource": { "title": "Appointment", "confirmed": { "flag": true } }
        });
        assert_eq!(api.post("/api/v1/actions", &key, item).await.status, 202);
    }
    api.post(&format!("{path}/pause"), &key, json!({})).await;
    let backlog = api.get(&format!("{path}/backlog"), &key).await.json();
    let expected = json!({
        "waiting": 6, "oldest_accepted_at": crate::fixture::NOW, "expired": 0, "expiring_within_an_hour": 2,
        "complete": true
    });
    assert_eq!(backlog, expected);

    let plan = |rate: serde_json::Value| {
        let (api, path, key) = (&api, format!("{path}/resume"), &key);
        async move { api.post(&path, key, json!({ "dry_run": true, "rate": rate })).await.json() }
    };
    let slow = plan(json!(1)).await;
    assert_eq!(
        (&slow["waiting"], &slow["expiring_before_their_turn"], &slow["takes_seconds"]),
        (&json!(6), &json!(1), &json!(5)),
        "the fifth has its turn after four seconds: {slow}"
    );
    let fast = plan(json!(100)).await;
    assert_eq!((&fast["expiring_before_their_turn"], &fast["takes_seconds"]), (&json!(0), &json!(1)));
    api.clock.advance_seconds(60);
    let open = plan(json!(null)).await;
    assert_eq!((&open["expired"], &open["takes_seconds"]), (&json!(1), &json!(null)));
    assert_eq!(api.get(&path, &key).await.json()["state"], "paused", "nothing was changed");

    let resumed = api.post(&format!("{path}/resume"), &key, json!({ "rate": 1 })).await.json();
    assert_eq!(resumed["drain"], json!({ "rate": 1, "until": "2026-01-15T09:31:05.000Z" }));
    assert_eq!(resumed["state"], "open");
    api.clock.advance_seconds(5);
    assert_eq!(api.get(&path, &key).await.json()["drain"], json!(null), "the limit has ended by itself");
}

#[tokio::test]
async fn maintenance_windows_open_and_close_by_themselves() {
    let api = Api::start().await;
    let (_, key) = api.organization("Example").await;
    let path = receiver(&api, &key).await;
    let windows = json!([
        { "from": "2026-01-15T10:00:00.000Z", "until": "2026-01-15T11:00:00.000Z" },
        { "weekdays": ["sun", "thu"], "from": "12:45", "until": "13:00", "time_zone": "Europe/Paris" }
    ]);
    let changed = api.call("PATCH", &path, &key, json!({ "maintenance": windows })).await.json();
    assert_eq!(changed["state"], "open");
    assert_eq!(changed["maintenance"][0], windows[0]);
    assert_eq!(changed["maintenance"][1]["weekdays"], json!(["thu", "sun"]));
    let mut states = Vec::new();
    for _ in 0..6 {
        api.clock.advance_seconds(1_800);
        states.push(api.get(&path, &key).await.member("/state"));
    }
    // 10:00, 10:30, 11:00, 11:30, 12:00 and 12:30; 12:45 in Paris is 11:45.
    assert_eq!(states, ["maintenance", "maintenance", "open", "open", "open", "open"]);
    api.clock.advance_seconds(-45 * 60);
    assert_eq!(api.get(&path, &key).await.member("/state"), "maintenance");
    let none = api.call("PATCH", &path, &key, json!({ "maintenance": [] })).await.json();
    assert_eq!((&none["state"], &none["maintenance"]), (&json!("open"), &json!([])));

    let mut refusals = Vec::new();
    for window in [
        json!({ "from": "2026-01-15T10:00:00Z", "until": "2026-01-15T10:00:00Z" }),
        json!({ "from": "02:00", "until": "03:00" }),
        json!({ "weekdays": [], "from": "02:00", "until": "03:00" }),
        json!({ "weekdays": ["sun"], "from": "02:00", "until": "02:00" }),
        json!({ "weekdays": ["sunday"], "from": "02:00", "until": "03:00" }),
        json!({ "weekdays": ["sun"], "from": "2", "until": "03:00", "time_zone": "Paris" }),
        json!(["2026-01-15T10:00:00Z", "2026-01-15T11:00:00Z"]),
    ] {
        refusals.push(api.call("PATCH", &path, &key, json!({ "maintenance": [window] })).await.refusal());
    }
    let many: Vec<_> = (0..21).map(|_| windows[0].clone()).collect();
    refusals.push(api.call("PATCH", &path, &key, json!({ "maintenance": many })).await.refusal());
    assert_json_snapshot!(refusals, @r#"
    [
      "422 invalid_fields: /maintenance/0: a window closes after it opens",
      "422 invalid_fields: 2 fields are not valid; each is named in \"errors\"",
      "422 invalid_fields: /maintenance/0: a weekly window names at least one day",
      "422 invalid_fields: /maintenance/0: a weekly window closes at another time than it opens",
      "422 invalid_fields: /maintenance/0/weekdays/0: unknown variant `sunday`, expected one of `mon`, `tue`, `wed`, `thu`, `fri`, `sat`, `sun`",
      "422 invalid_fields: 2 fields are not valid; each is named in \"errors\"",
      "422 invalid_fields: /maintenance/0: invalid type: sequence, expected a JSON object",
      "422 invalid_fields: /maintenance: a receiver has at most 20 windows"
    ]
    "#);
}

#[tokio::test]
async fn a_receiver_is_given_another_order() {
    let api = Api::start().await;
    let (_, key) = api.organization("Example").await;
    let (_, other_key) = api.organization("Another").await;
    let request = json!({ "target_url": "https://api.example.com/a", "actions": ["*"] });
    let made = api.post("/api/v1/subscriptions", &key, request).await;
    let path = format!("/api/v1/receivers/{}", made.member("/receiver"));
    for order in ["strict", "none", "resource"] {
        let changed = api.call("PATCH", &path, &key, json!({ "order": order })).await;
        assert_eq!(changed.status, 200);
        assert_eq!(changed.member("/order"), order);
        assert_eq!(api.get(&path, &key).await.json(), changed.json());
        assert_eq!(api.call("PATCH", &path, &key, json!({})).await.json(), changed.json());
    }
    assert_eq!(api.call("PATCH", &path, &other_key, json!({ "order": "none" })).await.status, 404);
    assert_eq!(
        api.call("PATCH", "/api/v1/receivers/rcv_1", &key, json!({ "order": "none" })).await.status,
        404
    );
    let unknown = api.call("PATCH", &path, &key, json!({ "order": "lifo" })).await;
    assert_eq!(unknown.status, 422);
    assert_eq!(unknown.member("/code"), "invalid_fields");
    assert_eq!(api.get(&path, &key).await.member("/order"), "resource");
}
