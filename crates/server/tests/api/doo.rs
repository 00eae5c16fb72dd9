//! The doo API beyond its document: bodies, errors, pages, limits.

use insta::assert_json_snapshot;
use rendezhook_server::ServerOptions;
use serde_json::{Value, json};

use crate::fixture::doo::{Doo, ORGANIZATIONS, call, group, refusal, told};
use crate::fixture::{Api, development};

#[tokio::test]
async fn invalid_bodies_are_explained() {
    let api = Api::start().await;
    let doo = Doo::of(&api, "Example").await;
    let changed = |pointer: &str, value: Value| {
        let mut body: Value = serde_json::from_str(include_str!("doo/first_example.json")).unwrap();
        *body.pointer_mut(pointer).unwrap() = value;
        body.to_string()
    };
    let long_url = format!("https://example.com/{}", "x".repeat(981));
    let bodies = [
        String::new(),
        String::from("{\n  \"name\": Group\n}"),
        String::from("[]"),
        String::from("{}"),
        changed("/name", json!("")),
        changed("/name", json!("x".repeat(256))),
        changed("/description", json!("x".repeat(256))),
        changed("/hooks", json!([])),
        group(&["event_created"; 51]).to_string(),
        changed("/hooks/1/type", json!("event_moved")),
        changed("/hooks/1/method", json!("TRACE")),
        changed("/hooks/1/endpoint", json!("http://example.com/")),
        changed("/hooks/1/endpoint", json!("https://192.168.1.1/")),
        changed("/hooks/1/endpoint", json!(long_url)),
        changed("/authentication/endpoint", json!("http://example.com/token")),
        changed("/authentication/header_format", json!("x".repeat(101))),
        changed("/authentication/header_format", json!("Host")),
        changed("/authentication/header_value_format", json!("Bearer")),
        changed("/authentication/credentials", json!(null)),
    ];
    let mut refusals = Vec::new();
    for body in &bodies {
        refusals.push(refusal(&call(&api, "POST", &doo.collection, &doo.key, &doo.token, body).await));
    }
    assert_json_snapshot!(refusals, @r#"
    [
      "400 the body is not valid JSON: EOF while parsing a value at line 1 column 0",
      "400 the body is not valid JSON: expected value at line 2 column 11",
      "400 the body must be a JSON object",
      "400 name: is missing; hooks: is missing",
      "400 name: has 0 characters; it must have 1 to 255",
      "400 name: has 256 characters; it must have 1 to 255",
      "400 description: has 256 characters; it may have at most 255",
      "400 hooks: has 0 hooks; it must have 1 to 50",
      "400 hooks: has 51 hooks; it must have 1 to 50",
      "400 hooks[1].type: \"event_moved\" is none of the types; there are: event_created, event_updated, event_removed, order_created, order_updated, order_cancelled, order_removed",
      "400 hooks[1].method: \"TRACE\" is not a method of deliveries; there are: GET, POST, PUT, PATCH, DELETE",
      "400 hooks[1].endpoint: the URL must use https",
      "400 hooks[1].endpoint: the URL leads to an address that is not allowed; use one that is reachable from the public Internet",
      "400 hooks[1].endpoint: the URL has 1001 bytes; at most 1000 are allowed",
      "400 authentication.endpoint: the URL must use https",
      "400 authentication.header_format: has 101 characters; it must have 1 to 100",
      "400 authentication.header_format: the header `Host` is set by this server or by proxies and cannot be added; choose another name",
      "400 authentication.header_value_format: the header's value has no %ACCESS_TOKEN% where the token is to stand",
      "400 authentication.credentials: is missing"
    ]
    "#);
    assert_eq!(doo.total(&api).await, json!(0));
    let longest = changed("/hooks/1/endpoint", json!(long_url.get(..1_000)));
    assert_eq!(call(&api, "POST", &doo.collection, &doo.key, &doo.token, &longest).await.status, 200);
}

#[tokio::test]
async fn a_query_for_this_server_is_checked_when_the_hook_is_made() {
    let options = ServerOptions {
        own_origins: ["gql.doo.net".parse().unwrap()].into_iter().collect(),
        ..ServerOptions::default()
    };
    let api = Api::with_options(options).await;
    let doo = Doo::of(&api, "Example").await;
    let with_origin = |endpoint: &str, body: &str| {
        let mut group = group(&["event_created", "order_created"]);
        group["hooks"][1]["origin"] = json!({ "method": "POST", "endpoint": endpoint, "body": body });
        group
    };
    let unknown_field =
        r#"{"query": "query A($id: ID!) { event(id: $id) { colour } }", "variables": {"id": "%EVENT_ID%"}}"#;
    let bodies = [
        "no JSON",
        "{}",
        r#"{"query": "{"}"#,
        unknown_field,
        r#"{"query": "query A($id: ID!) { event(id: $id) { title } }"}"#,
        r#"{"query": "{ event(id: \"%EVENT_ID%\") { title } }"}"#,
    ];
    let mut refusals = Vec::new();
    for body in bodies {
        refusals.push(refusal(
            &doo.post(&api, &doo.collection, &with_origin("https://gql.doo.net/graphql", body)).await,
        ));
    }
    assert_json_snapshot!(refusals, @r#"
    [
      "400 hooks[1].origin.body: the text is not a JSON document: expected ident at line 1 column 2; write a JSON object and escape it as one string",
      "400 hooks[1].origin.body: the document has no query; give the text of a GraphQL query",
      "400 hooks[1].origin.body: line 1, column 2: this is not GraphQL: expected selection",
      "400 hooks[1].origin.body: line 1, column 38: Unknown field \"colour\" on type \"Event\".",
      "400 hooks[1].origin.body: line 1, column 9: the variable $id has no value; the query needs one of type ID!",
      "400 hooks[1].origin.body: %EVENT_ID% stands in query; placeholders may stand in strings below variables only"
    ]
    "#);
    let plain_http = doo.post(&api, &doo.collection, &with_origin("http://gql.example.com", "{}")).await;
    assert!(refusal(&plain_http).starts_with("400 hooks[1].origin.endpoint: "), "{}", told(&plain_http));
    assert_eq!(doo.total(&api).await, json!(0));
    // What another server takes is its own affair.
    let elsewhere = with_origin("https://gql.example.com/graphql", unknown_field);
    assert_eq!(doo.post(&api, &doo.collection, &elsewhere).await.status, 200);
    let right = r#"{"query": "query A($id: ID!) { order(id: $id) { order_details { status } } }", "variables": {"id": "%ORDER_ID%"}}"#;
    assert_eq!(doo.post(&api, &doo.collection, &with_origin("https://gql.doo.net", right)).await.status, 200);
}

#[tokio::test]
async fn development_takes_http_to_loopback_everywhere() {
    let api = Api::with_options(development()).await;
    let doo = Doo::of(&api, "Example").await;
    let mut body = group(&["event_created"]);
    body["hooks"][0]["endpoint"] = json!("http://127.0.0.1:4000/doo");
    body["hooks"][0]["origin"] = json!({ "method": "POST", "endpoint": "http://127.0.0.1:4001/graphql", "body": r#"{"query":"{a}"}"# });
    body["authentication"] = json!({
        "grant_type": "client_credentials", "endpoint": "http://localhost:4002/token",
        "credentials": { "client_id": "doo", "client_secret": "secret" },
        "header_format": "Authorization", "header_value_format": "Bearer %ACCESS_TOKEN%"
    });
    assert_eq!(doo.post(&api, &doo.collection, &body).await.status, 200);
}

#[tokio::test]
async fn teams_and_groups_of_others_do_not_exist() {
    let api = Api::start().await;
    let doo = Doo::of(&api, "Example").await;
    let other = Doo::of(&api, "Other").await;
    let others = other.group(&api, &group(&["event_created"])).await;
    let no_team = r#"404 {"response_status":404,"developer_message":"there is no such team","user_message":"It does not exist"}"#;
    for team in ["2", "3", "0", "-1", "01", "+1", "x", "1.0", "99999999999", "%31%00", "%FF"] {
        let path = format!("/v1/team/{team}/webhooks");
        let listed = doo.get(&api, &path).await;
        let made = doo.post(&api, &path, &group(&["event_created"])).await;
        if team == "%FF" {
            assert_eq!((listed.status.as_u16(), made.status.as_u16()), (404, 404));
            continue;
        }
        assert_eq!(told(&listed), no_team, "{team}");
        assert_eq!(told(&made), no_team, "{team}");
    }
    let no_group = r#"404 {"response_status":404,"developer_message":"there is no such webhook configuration","user_message":"It does not exist"}"#;
    let subscription = api.get("/api/v1/subscriptions", &other.key).await.member("/items/0/id");
    for id in [
        others.clone(),
        others.replace('-', ""),
        "3e687c78-a8b8-4837-9333-57e3d807e61c".to_owned(),
        "1".to_owned(),
        subscription,
    ] {
        assert_eq!(told(&doo.get(&api, &format!("/v1/webhooks/{id}")).await), no_group, "{id}");
    }
    assert_eq!((doo.total(&api).await, other.total(&api).await), (json!(0), json!(1)));
}

#[tokio::test]
async fn deleting_tells_nothing() {
    let api = Api::start().await;
    let doo = Doo::of(&api, "Example").await;
    let other = Doo::of(&api, "Other").await;
    let own = doo.group(&api, &group(&["event_created", "order_created"])).await;
    let kept = doo.group(&api, &group(&["event_created"])).await;
    let others = other.group(&api, &group(&["event_created"])).await;
    let subscription = api.subscription(&doo.key, "https://example.com/native").await;
    for id in [
        own.as_str(),
        own.as_str(),
        others.as_str(),
        subscription.as_str(),
        "3e687c78-a8b8-4837-9333-57e3d807e61c",
        "1",
        "%FF",
        "%00",
        &kept.replace('-', ""),
        &"x".repeat(2_000),
    ] {
        let answer = doo.delete(&api, id).await;
        assert_eq!((answer.status.as_u16(), answer.body.len()), (204, 0), "{id}");
    }
    assert_eq!((doo.total(&api).await, other.total(&api).await), (json!(1), json!(1)));
    assert_eq!(doo.get(&api, &format!("/v1/webhooks/{kept}")).await.status, 200);
    assert_eq!(api.get(&format!("/api/v1/subscriptions/{subscription}"), &doo.key).await.status, 200);
}

#[tokio::test]
async fn other_methods_and_paths_are_told_in_the_same_form() {
    let api = Api::start().await;
    let doo = Doo::of(&api, "Example").await;
    let id = doo.group(&api, &group(&["event_created"])).await;
    for (method, path, allowed) in [
        ("PUT", format!("/v1/webhooks/{id}"), "GET,HEAD,DELETE"),
        ("PATCH", format!("/v1/webhooks/{id}"), "GET,HEAD,DELETE"),
        ("PUT", doo.collection.clone(), "GET,HEAD,POST"),
        ("DELETE", doo.collection.clone(), "GET,HEAD,POST"),
        ("GET", "/v1/oauth".to_owned(), "POST"),
        ("POST", ORGANIZATIONS.to_owned(), "GET,HEAD"),
    ] {
        let answer = call(&api, method, &path, &doo.key, &doo.token, "{}").await;
        assert_eq!(
            told(&answer),
            r#"405 {"response_status":405,"developer_message":"this path does not take that method; the header Allow names those it takes","user_message":"The method is not allowed here"}"#
        );
        assert_eq!(answer.header("allow"), allowed, "{method} {path}");
    }
    for path in ["/v1", "/v1/", "/v1/hooks", "/v1/webhooks", "/v1/team/1", "/v1/webhooks/init/attendees"] {
        let answer = doo.get(&api, path).await;
        assert_eq!(answer.json()["response_status"], json!(404), "{path}");
    }
}

#[tokio::test]
async fn groups_are_listed_by_25() {
    let api = Api::start().await;
    let doo = Doo::of(&api, "Example").await;
    for number in 0..26 {
        let mut body = group(&["event_created", "event_removed"]);
        body["name"] = json!(format!("Group {number}"));
        doo.group(&api, &body).await;
    }
    let page = async |query: &str| {
        let mut body = doo.get(&api, &format!("{}{query}", doo.collection)).await.json();
        let groups = body["_embedded"]["webhooks"].as_array().unwrap();
        let names: Vec<String> = groups.iter().map(|group| group["name"].to_string()).collect();
        body["_embedded"] = json!(names);
        body
    };
    assert_json_snapshot!(page("?page=2").await, @r#"
    {
      "_links": {
        "self": {
          "href": "http://127.0.0.1:8080/v1/team/1/webhooks?page=2"
        },
        "first": {
          "href": "http://127.0.0.1:8080/v1/team/1/webhooks"
        },
        "last": {
          "href": "http://127.0.0.1:8080/v1/team/1/webhooks?page=2"
        },
        "prev": {
          "href": "http://127.0.0.1:8080/v1/team/1/webhooks?page=1"
        }
      },
      "_embedded": [
        "\"Group 25\""
      ],
      "page_count": 2,
      "page_size": 25,
      "total_items": 26,
      "page": 2
    }
    "#);
    assert_eq!(page("?page=1").await["_embedded"].as_array().map(Vec::len), Some(25));
    let past = page("?page=3").await;
    assert_eq!((&past["_embedded"], &past["page"], &past["page_count"]), (&json!([]), &json!(3), &json!(2)));
    for query in ["?page=0", "?page=-1", "?page=abc", "?page=", "?page=1.5"] {
        let refused = doo.get(&api, &format!("{}{query}", doo.collection)).await;
        assert_eq!(refusal(&refused), "400 page: must be a whole number, 1 or more", "{query}");
    }
}

#[tokio::test]
async fn an_organization_has_at_most_a_thousand_hooks() {
    let api = Api::start().await;
    let doo = Doo::of(&api, "Example").await;
    let full = group(&["event_created"; 50]);
    for _ in 0..19 {
        doo.group(&api, &full).await;
    }
    doo.group(&api, &group(&["event_created"; 49])).await;
    let refused = doo.post(&api, &doo.collection, &group(&["event_created"; 2])).await;
    assert_eq!(refusal(&refused), "400 the limit of 1000 is reached; delete some first");
    assert_eq!(doo.total(&api).await, json!(20));
    assert_eq!(doo.post(&api, &doo.collection, &group(&["event_created"])).await.status, 200);
}

#[tokio::test]
async fn secrets_are_masked_where_the_organization_says_so() {
    let api = Api::start().await;
    let doo = Doo::of(&api, "Example").await;
    let example: Value = serde_json::from_str(include_str!("doo/first_example.json")).unwrap();
    let id = doo.group(&api, &example).await;
    let organization = format!("/api/v1/organizations/{}", doo.organization);
    api.call("PATCH", &organization, &doo.key, json!({ "mask_doo_secrets": true })).await;
    for answer in [
        doo.get(&api, &doo.collection).await.json()["_embedded"]["webhooks"][0].clone(),
        doo.get(&api, &format!("/v1/webhooks/{id}")).await.json(),
    ] {
        assert_eq!(
            answer["authentication"]["credentials"],
            json!({ "client_id": "doo", "client_secret": "********" })
        );
        // A group that is made anew from such a list would have no secret.
        let refused = doo.post(&api, &doo.collection, &answer).await;
        assert!(
            refusal(&refused).starts_with("400 authentication.credentials.client_secret: "),
            "{}",
            told(&refused)
        );
    }
}

#[tokio::test]
async fn the_hooks_of_a_group_are_ordinary_subscriptions() {
    let api = Api::start().await;
    let doo = Doo::of(&api, "Example").await;
    let mut body = group(&["event_updated", "order_created"]);
    body["description"] = json!("what it is for");
    body["event_id"] = json!("event-1");
    body["hooks"][1]["method"] = json!("DELETE");
    let id = doo.group(&api, &body).await;
    let shown = doo.get(&api, &format!("/v1/webhooks/{id}")).await.json();
    assert_eq!(shown["event_id"], json!("event-1"));
    let listed = api.get("/api/v1/subscriptions", &doo.key).await.json();
    let hooks = listed["items"].as_array().unwrap();
    assert_eq!(hooks.len(), 2);
    assert_eq!(hooks[0]["receiver"], hooks[1]["receiver"]);
    assert_eq!((&hooks[0]["dialect"], &hooks[0]["description"]), (&json!("doo"), &json!("what it is for")));
    assert_eq!(hooks[0]["target_url"], json!("https://example.com/doo?a=%41"));
    // Hooks of other surfaces are not in the list, and these are in no other.
    for other in ["/hooks", "/v2/hooks"] {
        assert_eq!(api.get(other, &doo.key).await.body.len(), if other == "/hooks" { 12 } else { 2 });
    }
    api.subscription(&doo.key, "https://example.com/native").await;
    assert_eq!(doo.total(&api).await, json!(1));
}
