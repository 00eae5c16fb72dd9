//! Every route of the OpenAPI document, asked with another organization's ids: a new route is tested the day it is described.

use std::collections::HashMap;

use serde_json::{Value, json};

use crate::fixture::{Answer, Api};

/// An id that looks like one and is nobody's.
const NOBODYS: &str = "0198b2f0c0de70008000000000000001";

/// What an organization has, by the names that paths have for it.
type Ids = HashMap<&'static str, String>;

/// An organization with one of everything that has an id; its admin key and the ids.
async fn with_everything(api: &Api) -> (String, Ids) {
    let (organization, key) = api.organization("other").await;
    let subscription = api.subscription(&key, "https://api.example.com/").await;
    api.publish_event(&key, "booking-1").await;
    let first = async |path: String, pointer: &str| api.get(&path, &key).await.member(pointer);
    let clients = format!("/api/v1/organizations/{organization}/oauth-clients");
    let client = api.post(&clients, &api.admin, json!({ "name": "client" })).await.member("/client_id");
    let timer = json!({ "name": "ended", "action": "event.ended", "anchor": "end", "offset": 0 });
    let timer = api.post("/api/v1/timers", &key, timer).await.member("/id");
    let later = json!({
        "action": "event.reminder", "resource_kind": "event", "resource_id": "booking-1", "resource": {},
        "deliver_at": "2026-02-01T00:00:00Z", "key": "reminder"
    });
    api.post("/api/v1/actions", &key, later).await;
    let everything = json!({ "state": "all", "since": "2026-01-01T00:00:00Z" });
    let replay = api.post("/api/v1/replays", &key, everything).await.member("/id");
    let ids = HashMap::from([
        ("timer_id", timer),
        ("key", String::from("reminder")),
        ("replay_id", replay),
        ("delivery_id", first(String::from("/api/v1/deliveries"), "/items/0/id").await),
        ("receiver_id", first(String::from("/api/v1/receivers"), "/items/0/id").await),
        ("key_id", first(format!("/api/v1/organizations/{organization}/keys"), "/items/0/id").await),
        ("client_id", client),
        ("subscription_id", subscription),
        ("organization_id", organization),
        ("kind", String::from("event")),
        ("id", String::from("booking-1")),
    ]);
    (key, ids)
}

/// The same with ids of the same form that nobody has.
fn nobodys(ids: &Ids) -> Ids {
    let replaced = |(name, id): (&&'static str, &String)| match id.split_once('_') {
        Some((prefix, _)) => (*name, format!("{prefix}_{NOBODYS}")),
        None if matches!(*name, "id" | "key") => (*name, String::from("unknown")),
        None => (*name, id.clone()),
    };
    ids.iter().map(replaced).collect()
}

/// The parameters of a path, as they are named between braces.
fn parameters(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
}

fn filled(path: &str, ids: &Ids) -> String {
    parameters(path).fold(path.to_owned(), |filled, name| {
        let id = ids.get(name).unwrap_or_else(|| panic!("{path}: this test has nothing with a {name}"));
        filled.replace(&format!("{{{name}}}"), id)
    })
}

/// A body that the operation takes.
fn body(method: &str, path: &str) -> Value {
    match (method, path.rsplit('/').next().unwrap()) {
        ("get" | "delete", _) | (_, "test") => Value::Null,
        ("post", "keys") => json!({ "name": "x", "scope": "admin" }),
        ("post", "oauth-clients" | "organizations") | ("patch", "{organization_id}") => {
            json!({ "name": "x" })
        }
        ("patch", "{timer_id}") => json!({ "name": "x" }),
        ("post", "timers") => {
            json!({ "name": "x", "action": "event.ended", "anchor": "end", "offset": "1h" })
        }
        ("patch", "{receiver_id}") => json!({}),
        ("patch", _) => json!({ "description": "x" }),
        ("post", "subscriptions") => json!({ "target_url": "https://example.com/", "actions": ["*"] }),
        ("post", "actions") => json!([]),
        ("post", "graphql") => json!({ "query": "{ events { nodes { id } } }" }),
        _ => json!({}),
    }
}

fn without_request_id(answer: &Answer) -> Value {
    let mut body = answer.json();
    body.as_object_mut().unwrap().remove("instance");
    body
}

/// Every operation that the document describes for API keys: method and path.
async fn operations(api: &Api) -> Vec<(String, String)> {
    let document = api.get("/api/openapi.json", "").await.json();
    let paths = document["paths"].as_object().unwrap();
    let of_keys = |path: &str| path == "/graphql" || path.starts_with("/api/v1/");
    paths
        .iter()
        .filter(|(path, _)| of_keys(path))
        .flat_map(|(path, item)| {
            let methods = item.as_object().unwrap().keys().filter(|name| *name != "parameters");
            methods.map(|method| (method.clone(), path.clone()))
        })
        .collect()
}

/// Everything an organization can read of its own.
async fn contents(api: &Api, key: &str, ids: &Ids) -> Vec<Value> {
    let mut contents = Vec::new();
    for (method, path) in operations(api).await {
        if method == "get" && path != "/graphql" {
            let answer = api.get(&filled(&path, ids), key).await;
            assert!(answer.status.is_success() || path == "/api/v1/organizations", "{path}: {answer:?}");
            contents.push(without_request_id(&answer));
        }
    }
    contents
}

/// Asks the same of another's thing and of nothing, and expects the same answer: that there is no such thing.
async fn assert_alike(api: &Api, key: &str, method: &str, others: &str, nobodys: &str, body: Value) {
    let method = method.to_uppercase();
    let of_other = api.call(&method, others, key, body.clone()).await;
    let of_nobody = api.call(&method, nobodys, key, body).await;
    assert_eq!(of_other.status, 404, "{method} {others}: {of_other:?}");
    assert_eq!(without_request_id(&of_other), without_request_id(&of_nobody), "{method} {others}");
}

#[tokio::test]
async fn ids_of_another_organization_in_paths() {
    let api = Api::start().await;
    let (other_key, others) = with_everything(&api).await;
    let (own, key) = api.organization("own").await;
    let nobodys = nobodys(&others);
    let before = contents(&api, &other_key, &others).await;
    let mut asked = 0;
    for (method, path) in operations(&api).await {
        // Whatever id a resource is replaced under is one's own; see below.
        if parameters(&path).next().is_none() || (method == "put" && path.contains("/resources/")) {
            continue;
        }
        let body = body(&method, &path);
        assert_alike(&api, &key, &method, &filled(&path, &others), &filled(&path, &nobodys), body.clone())
            .await;
        asked += 1;
        // Another's key or client under one's own organization.
        if path.contains("{organization_id}") && parameters(&path).count() > 1 {
            let under_own = path.replace("{organization_id}", &own);
            let pair = (filled(&under_own, &others), filled(&under_own, &nobodys));
            assert_alike(&api, &key, &method, &pair.0, &pair.1, body).await;
        }
    }
    assert!(asked > 15, "{asked}");

    let replaced = json!({ "title": "One's own" });
    api.call("PUT", "/api/v1/resources/event/booking-1", &key, replaced).await;
    let query = json!({ "query": "{ event(id: \"booking-1\") { title } }" });
    let of_own = api.post("/graphql", &key, query.clone()).await.json();
    assert_eq!(of_own["data"]["event"]["title"], "One's own");
    let of_other = api.post("/graphql", &other_key, query).await.json();
    assert_eq!(of_other["data"]["event"]["title"], "Appointment");
    assert_eq!(
        contents(&api, &other_key, &others).await,
        before,
        "nothing of the other organization was touched"
    );
}

#[tokio::test]
async fn another_organization_named_in_the_query() {
    let api = Api::start().await;
    let (other_key, others) = with_everything(&api).await;
    let (_, key) = api.organization("own").await;
    let before = contents(&api, &other_key, &others).await;
    let other = &others["organization_id"];
    for (method, path) in operations(&api).await {
        // There the organization is in the path, or none is meant.
        if path.starts_with("/api/v1/organizations") {
            continue;
        }
        let filled = filled(&path, &others);
        let naming = |organization: &str| format!("{filled}?organization_id={organization}");
        let nobodys = naming(&format!("org_{NOBODYS}"));
        assert_alike(&api, &key, &method, &naming(other), &nobodys, body(&method, &path)).await;
    }
    assert_eq!(
        contents(&api, &other_key, &others).await,
        before,
        "nothing of the other organization was touched"
    );
}
