//! Making the hooks, each through the API its receiver was written for.

use std::net::SocketAddr;

use rendezhook_receive::signature::{Secret, Style, Verifier};
use serde::Deserialize;
use serde_json::{Value, json};

use super::api::Api;
use super::failure::DemoError;
use super::receivers::{Receiver, Surface};
use super::week;

/// Waits between the attempts of the receiver that fails, in seconds.
pub(super) const RETRY_SECONDS: [u64; 3] = [1, 1, 2];

/// What the customer of the SimplyMeet.me API has its deliveries signed with.
const SIMPLYMEET_SECRET: &str = "something only we know";

/// What the wall display shows of a booking.
const SELECT: &str = "query Visit($id: ID!) { event(id: $id) { title dates { date } places { name } } }";

/// The hook of a receiver.
pub(super) struct Hook {
    /// Whose it is.
    pub(super) receiver: Receiver,
    /// Its ids in the native API, which knows the hooks of every API: one, or as many as a group of the doo API has.
    pub(super) subscriptions: Vec<String>,
    /// What checks the deliveries of each.
    pub(super) verifiers: Vec<Verifier>,
}

#[derive(Deserialize)]
struct VyteHook {
    #[serde(rename = "_id")]
    id: String,
}

#[derive(Deserialize)]
struct Subscription {
    id: String,
    vyte_hook_id: Option<String>,
    simplymeet_uuid: Option<String>,
    doo_group_id: Option<String>,
}

#[derive(Deserialize)]
struct Subscriptions {
    items: Vec<Subscription>,
}

#[derive(Deserialize)]
struct SimplyMeetHook {
    uuid: String,
}

#[derive(Deserialize)]
struct OAuthClient {
    client_id: String,
    client_secret: String,
}

/// What the doo API wraps its answers in.
#[derive(Deserialize)]
struct Enveloped<Data> {
    data: Data,
}

#[derive(Deserialize)]
struct Token {
    access_token: String,
}

#[derive(Deserialize)]
struct Teams {
    active_team: Team,
}

#[derive(Deserialize)]
struct Team {
    id: u64,
}

#[derive(Deserialize)]
struct SigningSecret {
    secret: String,
}

/// Makes the hook of a receiver and learns its signing secret.
pub(super) async fn make(api: &Api, receiver: Receiver) -> Result<Hook, DemoError> {
    let subscriptions = match receiver.role.surface {
        Surface::Vyte => make_vyte(api, &receiver).await?,
        Surface::Doo => make_doo(api, &receiver).await?,
        Surface::SimplyMeet => make_simplymeet(api, &receiver).await?,
        Surface::Native => make_native(api, &receiver, json!({})).await?,
        Surface::Select => {
            make_native(api, &receiver, json!({"select": SELECT, "event": week::MOVED_VISIT})).await?
        }
    };
    if subscriptions.is_empty() {
        return Err(DemoError::HookMissing(receiver.role.name));
    }
    let mut verifiers = Vec::new();
    for subscription in &subscriptions {
        let verifier = if receiver.role.surface == Surface::SimplyMeet {
            Verifier::new(Style::SimplyMeet, &Secret::new(SIMPLYMEET_SECRET))?
        } else {
            let secret: SigningSecret =
                api.read(&format!("/api/v1/subscriptions/{subscription}/secret")).await?;
            Verifier::new(Style::StandardWebhooks, &Secret::new(secret.secret))?
        };
        verifiers.push(verifier);
    }
    Ok(Hook { receiver, subscriptions, verifiers })
}

/// Where a receiver wants its deliveries.
pub(super) fn target_url(address: SocketAddr, name: &str) -> String {
    format!("http://{address}/{}", name.replace(' ', "-"))
}

async fn make_vyte(api: &Api, receiver: &Receiver) -> Result<Vec<String>, DemoError> {
    let target_url = target_url(receiver.address, receiver.role.name);
    let body = json!({"action": receiver.role.actions.first(), "target_url": target_url});
    let hook: VyteHook = api.make("/hooks", body).await?;
    made(api, |subscription| subscription.vyte_hook_id.as_ref() == Some(&hook.id)).await
}

async fn make_simplymeet(api: &Api, receiver: &Receiver) -> Result<Vec<String>, DemoError> {
    let url = target_url(receiver.address, receiver.role.name);
    let body = json!({"events": receiver.role.actions, "url": url, "secret": SIMPLYMEET_SECRET});
    let hook: SimplyMeetHook = api.make_with_key("/api/webhooks", body, None).await?;
    made(api, |subscription| subscription.simplymeet_uuid.as_ref() == Some(&hook.uuid)).await
}

/// A group of the doo API: a token first, then the team, then a hook for each type, all for one event.
async fn make_doo(api: &Api, receiver: &Receiver) -> Result<Vec<String>, DemoError> {
    let clients = format!("/api/v1/organizations/{}/oauth-clients", api.organization());
    let client: OAuthClient = api.make(&clients, json!({"name": receiver.role.name})).await?;
    let credentials = json!({
        "client_id": client.client_id, "client_secret": client.client_secret, "grant_type": "client_credentials",
    });
    let token: Enveloped<Token> = api.make_with_key("/v1/oauth", credentials, None).await?;
    let token = token.data.access_token;
    let teams: Teams = api.read_with_key("/v1/organizers/current/organizations", &token).await?;

    let endpoint = target_url(receiver.address, receiver.role.name);
    let hook = |kind: &&str| json!({"type": kind, "method": "POST", "endpoint": endpoint});
    let hooks: Vec<Value> = receiver.role.actions.iter().map(hook).collect();
    let group = json!({"name": receiver.role.name, "hooks": hooks, "event_id": week::MOVED_VISIT});
    let path = format!("/v1/team/{}/webhooks", teams.active_team.id);
    let group: Enveloped<String> = api.make_with_key(&path, group, Some(&token)).await?;
    made(api, |subscription| subscription.doo_group_id.as_ref() == Some(&group.data)).await
}

async fn make_native(api: &Api, receiver: &Receiver, more: Value) -> Result<Vec<String>, DemoError> {
    let mut body = json!({
        "target_url": target_url(receiver.address, receiver.role.name),
        "actions": receiver.role.actions,
        "description": receiver.role.name,
        "retry_schedule_seconds": RETRY_SECONDS,
    });
    if let (Value::Object(body), Value::Object(more)) = (&mut body, more) {
        body.extend(more);
    }
    let made: Subscription = api.make("/api/v1/subscriptions", body).await?;
    Ok(vec![made.id])
}

/// What the native API calls the hooks that were just made.
async fn made(api: &Api, is_it: impl Fn(&Subscription) -> bool) -> Result<Vec<String>, DemoError> {
    let all: Subscriptions = api.read("/api/v1/subscriptions?limit=100").await?;
    Ok(all.items.into_iter().filter(is_it).map(|subscription| subscription.id).collect())
}
