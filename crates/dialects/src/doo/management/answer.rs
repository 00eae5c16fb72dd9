//! The answers that come in the envelope `{response_status, developer_message, user_message, …, _links}`.
//!
//! `address` is always the public address of the server without a slash at its end: `https://hooks.example.com`.

use serde::Serialize;
use uuid::Uuid;

use rendezhook_domain::resource::ResourceKind;

use super::page::SelfLink;

const SUCCESS: &str = "Success";

/// Either of `data` and `items_processed` is there.
#[derive(Serialize)]
struct Envelope<T> {
    response_status: u16,
    developer_message: &'static str,
    user_message: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<T>,
    #[serde(skip_serializing_if = "Option::is_none")]
    items_processed: Option<u64>,
    #[serde(rename = "_links")]
    links: SelfLink,
}

impl<T: Serialize> Envelope<T> {
    fn written(data: Option<T>, items_processed: Option<u64>, link: String) -> Vec<u8> {
        let envelope = Self {
            response_status: 200,
            developer_message: SUCCESS,
            user_message: SUCCESS,
            data,
            items_processed,
            links: SelfLink::to(link),
        };
        // Texts, numbers and ids always fit into JSON.
        serde_json::to_vec(&envelope).unwrap_or_default()
    }
}

/// The answer to a group that was made in this team.
#[must_use]
pub fn created(group: Uuid, team: u32, address: &str) -> Vec<u8> {
    Envelope::written(Some(group), None, collection(team, address))
}

/// The answer to a client that gets a token.
#[must_use]
pub fn token_issued(token: &str, address: &str) -> Vec<u8> {
    #[derive(Serialize)]
    struct Data<'a> {
        access_token: &'a str,
        /// There are none: a client asks again with its credentials.
        refresh_token: Option<&'a str>,
    }
    let data = Data { access_token: token, refresh_token: None };
    Envelope::written(Some(data), None, format!("{address}/v1/oauth"))
}

/// The answer to a request by which so many resources of a kind are pushed anew.
#[must_use]
pub fn re_pushed(items: u64, kind: ResourceKind, address: &str) -> Vec<u8> {
    let link = format!("{address}/v1/webhooks/init/{kind}s");
    Envelope::<()>::written(None, Some(items), link)
}

/// Where the groups of a team are listed.
pub(super) fn collection(team: u32, address: &str) -> String {
    format!("{address}/v1/team/{team}/webhooks")
}
