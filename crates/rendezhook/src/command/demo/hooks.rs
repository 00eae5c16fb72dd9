//! Making the hooks, each through the API its receiver was written for.

use std::net::SocketAddr;

use rendezhook_receive::signature::{Secret, Style, Verifier};
use serde::Deserialize;
use serde_json::json;

use super::api::Api;
use super::failure::DemoError;
use super::receivers::{Receiver, Surface};

/// Waits between the attempts of the receiver that fails, in seconds.
pub(super) const RETRY_SECONDS: [u64; 3] = [1, 1, 2];

/// A hook of a receiver.
pub(super) struct Hook {
    /// Whose it is.
    pub(super) receiver: Receiver,
    /// Its id in the native API, which knows the hooks of every API.
    pub(super) subscription: String,
    /// What checks its deliveries.
    pub(super) verifier: Verifier,
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
}

#[derive(Deserialize)]
struct Subscriptions {
    items: Vec<Subscription>,
}

#[derive(Deserialize)]
struct SigningSecret {
    secret: String,
}

/// Makes the hook of a receiver and learns its signing secret.
pub(super) async fn make(api: &Api, receiver: Receiver) -> Result<Hook, DemoError> {
    let subscription = match receiver.role.surface {
        Surface::VyteV1 => make_vyte(api, "/hooks", &receiver).await?,
        Surface::VyteV2 => make_vyte(api, "/v2/hooks", &receiver).await?,
        Surface::Native => make_native(api, &receiver).await?,
    };
    let secret: SigningSecret = api.read(&format!("/api/v1/subscriptions/{subscription}/secret")).await?;
    let verifier = Verifier::new(Style::StandardWebhooks, &Secret::new(secret.secret))?;
    Ok(Hook { receiver, subscription, verifier })
}

/// Where a receiver wants its deliveries.
pub(super) fn target_url(address: SocketAddr, name: &str) -> String {
    format!("http://{address}/{}", name.replace(' ', "-"))
}

async fn make_vyte(api: &Api, path: &str, receiver: &Receiver) -> Result<String, DemoError> {
    let target_url = target_url(receiver.address, receiver.role.name);
    let body = json!({"action": receiver.role.actions.first(), "target_url": target_url});
    let hook: VyteHook = api.make(path, body).await?;
    let all: Subscriptions = api.read("/api/v1/subscriptions?limit=100").await?;
    let found = all.items.into_iter().find(|item| item.vyte_hook_id.as_ref() == Some(&hook.id));
    found.map(|item| item.id).ok_or(DemoError::HookMissing(receiver.role.name))
}

async fn make_native(api: &Api, receiver: &Receiver) -> Result<String, DemoError> {
    let body = json!({
        "target_url": target_url(receiver.address, receiver.role.name),
        "actions": receiver.role.actions,
        "description": receiver.role.name,
        "retry_schedule_seconds": RETRY_SECONDS,
    });
    let made: Subscription = api.make("/api/v1/subscriptions", body).await?;
    Ok(made.id)
}
