//! The requests of the doo document ("Webhooks", version 40), field for field, and of its page on authorization.

use insta::assert_json_snapshot;
use rendezhook_domain::target::OwnOrigin;
use rendezhook_server::ServerOptions;
use serde_json::{Value, json};

use crate::fixture::Api;
use crate::fixture::doo::{Doo, ORGANIZATIONS, call, credentials};

/// The group of the document's first example, as it is listed there.
const FIRST_EXAMPLE: &str = include_str!("doo/first_example.json");
/// The group of the document's second example, whose bodies come from GraphQL.
const SECOND_EXAMPLE: &str = include_str!("doo/second_example.json");

fn example(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// A server at the document's address, to which the document's origin is mapped.
async fn start() -> Api {
    let origin: OwnOrigin = "gql.doo.net".parse().unwrap();
    Api::with_options(ServerOptions {
        public_address: "https://integration.doo.net".into(),
        own_origins: [origin].into_iter().collect(),
        ..ServerOptions::default()
    })
    .await
}

#[tokio::test]
async fn get_an_access_token() {
    let api = start().await;
    let (organization, key) = api.organization("Example").await;
    let path = format!("/api/v1/organizations/{organization}/oauth-clients");
    let client = api.post(&path, &key, json!({ "name": "client" })).await.json();
    let answer = call(&api, "POST", "/v1/oauth", &key, "", &credentials(&client).to_string()).await;
    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, "application/json"));
    let mut shown = answer.json();
    let token = shown["data"]["access_token"].as_str().unwrap().to_owned();
    assert!(token.len() == 40 && token.bytes().all(|byte| byte.is_ascii_hexdigit()), "{token}");
    shown["data"]["access_token"] = json!("<40 hex>");
    assert_json_snapshot!(shown, @r#"
    {
      "response_status": 200,
      "developer_message": "Success",
      "user_message": "Success",
      "data": {
        "access_token": "<40 hex>",
        "refresh_token": null
      },
      "_links": {
        "self": {
          "href": "https://integration.doo.net/v1/oauth"
        }
      }
    }
    "#);
}

#[tokio::test]
async fn get_all_your_organizations_and_teams() {
    let api = start().await;
    let doo = Doo::of(&api, "Organization 1").await;
    assert_json_snapshot!(doo.get(&api, ORGANIZATIONS).await.shown(), @r#"
    {
      "status": 200,
      "body": {
        "organizations": [
          {
            "id": 1,
            "name": "Organization 1",
            "canEdit": true,
            "teams": [
              {
                "id": 1,
                "name": null,
                "role": "team_admin"
              }
            ]
          }
        ],
        "active_team": {
          "permissions": [
            "Booking:View",
            "Booking:ViewDeleted",
            "Event:ViewSettings"
          ],
          "id": 1,
          "name": null,
          "organization_id": 1,
          "user_id": 1,
          "role": "team_admin",
          "is_all_events_team": true,
          "show_info_box": null,
          "user_count": null,
          "live_events_count": null
        },
        "_links": {
          "self": {
            "href": "https://integration.doo.net/v1/organizers/current/organizations"
          }
        }
      }
    }
    "#);
}

#[tokio::test]
async fn create_a_webhook_configuration() {
    let api = start().await;
    let doo = Doo::of(&api, "Example").await;
    let created = doo.post(&api, &doo.collection, &example(FIRST_EXAMPLE)).await;
    assert_json_snapshot!(created.shown(), @r#"
    {
      "status": 200,
      "body": {
        "response_status": 200,
        "developer_message": "Success",
        "user_message": "Success",
        "data": "<uuid>",
        "_links": {
          "self": {
            "href": "https://integration.doo.net/v1/team/1/webhooks"
          }
        }
      }
    }
    "#);
}

#[tokio::test]
async fn list_webhook_configurations() {
    let api = start().await;
    let doo = Doo::of(&api, "Example").await;
    let id = doo.group(&api, &example(FIRST_EXAMPLE)).await;
    let mut group = example(FIRST_EXAMPLE);
    group["id"] = json!(id);
    group["_links"] = json!({ "self": { "href": format!("https://integration.doo.net/v1/webhooks/{id}") } });
    let collection = "https://integration.doo.net/v1/team/1/webhooks";
    let expected = json!({
        "_links": {
            "self": { "href": format!("{collection}?page=1") },
            "first": { "href": collection },
            "last": { "href": format!("{collection}?page=1") }
        },
        "_embedded": { "webhooks": [group] },
        "page_count": 1,
        "page_size": 25,
        "total_items": 1,
        "page": 1
    });
    let listed = doo.get(&api, &doo.collection).await;
    assert_eq!((listed.status.as_u16(), listed.header("content-type")), (200, "application/json"));
    // As texts, so that the order of the members counts.
    assert_eq!(listed.json().to_string(), expected.to_string());
    let one = doo.get(&api, &format!("/v1/webhooks/{id}")).await.json();
    assert_eq!(one.to_string(), expected["_embedded"]["webhooks"][0].to_string());
}

#[tokio::test]
async fn list_webhook_configurations_with_an_origin() {
    let api = start().await;
    let doo = Doo::of(&api, "Example").await;
    doo.group(&api, &example(SECOND_EXAMPLE)).await;
    let listed = doo.get(&api, &doo.collection).await.json();
    let hooks = listed["_embedded"]["webhooks"][0]["hooks"].as_array().unwrap().clone();
    assert_eq!(hooks.len(), 2);
    let mut sent = example(SECOND_EXAMPLE)["hooks"].as_array().unwrap().clone();
    for (hook, sent) in hooks.iter().zip(&mut sent) {
        let (plain, digits) = hook["type"].as_str().unwrap().rsplit_once('_').unwrap();
        assert!(sent["type"].as_str().unwrap().starts_with(plain) && digits.len() == 32);
        sent["type"] = hook["type"].clone();
        assert_eq!(hook.to_string(), sent.to_string());
    }
}

#[tokio::test]
async fn remove_a_webhook_configuration() {
    let api = start().await;
    let doo = Doo::of(&api, "Example").await;
    let id = doo.group(&api, &example(FIRST_EXAMPLE)).await;
    let deleted = doo.delete(&api, &id).await;
    assert_eq!((deleted.status.as_u16(), deleted.body.len()), (204, 0));
    assert_eq!(doo.total(&api).await, json!(0));
    assert_eq!(doo.get(&api, &format!("/v1/webhooks/{id}")).await.status, 404);
}

/// The document's way to change a configuration: list, adjust, create anew, remove the old.
#[tokio::test]
async fn update_a_webhook_configuration() {
    let api = start().await;
    let doo = Doo::of(&api, "Example").await;
    for text in [FIRST_EXAMPLE, SECOND_EXAMPLE] {
        doo.group(&api, &example(text)).await;
    }
    let listed = doo.get(&api, &doo.collection).await.json();
    for group in listed["_embedded"]["webhooks"].as_array().unwrap() {
        let mut adjusted = group.clone();
        adjusted["hooks"].as_array_mut().unwrap().remove(0);
        adjusted["name"] = json!("Adjusted");
        let created = doo.group(&api, &adjusted).await;
        let old = group["id"].as_str().unwrap();
        assert_eq!(doo.delete(&api, old).await.status, 204);
        let shown = doo.get(&api, &format!("/v1/webhooks/{created}")).await.json();
        adjusted["id"] = json!(created);
        let href = format!("https://integration.doo.net/v1/webhooks/{created}");
        adjusted["_links"] = json!({ "self": { "href": href } });
        assert_eq!(shown.to_string(), adjusted.to_string());
    }
    assert_eq!(doo.total(&api).await, json!(2));
}
