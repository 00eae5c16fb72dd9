//! What the API answers: hooks, lists of them, and the organization.

use serde::Serialize;

use rendezhook_domain::organization::Organization;
use rendezhook_domain::subscription::Subscription;
use rendezhook_domain::time::Timestamp;

/// A hook, its keys in the order of the v2 guide.
#[derive(Serialize)]
struct Hook<'a> {
    #[serde(rename = "_id")]
    id: &'a str,
    target_url: &'a str,
    action: String,
    scope: &'static str,
    organization: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<&'a str>,
    #[serde(rename = "updatedAt")]
    updated_at: Timestamp,
    #[serde(rename = "createdAt")]
    created_at: Timestamp,
    #[serde(rename = "__v")]
    revision: u8,
}

impl<'a> Hook<'a> {
    /// `None` for a subscription that was not made through this API: it has no id here.
    fn of(subscription: &'a Subscription, organization: &'a Organization) -> Option<Self> {
        let vyte = subscription.hook.vyte()?;
        let user = subscription.filter.user.as_deref();
        Some(Self {
            id: &vyte.hook_id,
            target_url: subscription.target.as_str(),
            // The first pattern is the action the hook was made for; what follows it was added for its sake.
            action: subscription.filter.actions.first().map(ToString::to_string).unwrap_or_default(),
            scope: if user.is_some() { "user" } else { "organization" },
            organization: &organization.vyte_id,
            user,
            updated_at: subscription.updated_at,
            created_at: subscription.created_at,
            revision: 0,
        })
    }
}

/// The body that shows one hook. `None` for a subscription that was not made through this API.
///
/// Times are ISO 8601 with milliseconds and `Z`. A hook of a user has the scope `user` and names the user.
#[must_use]
pub fn hook(subscription: &Subscription, organization: &Organization) -> Option<Vec<u8>> {
    Hook::of(subscription, organization).map(|hook| written(&hook))
}

/// The list of v1: `{"hooks":[…]}`. Subscriptions that were not made through this API are left out.
#[must_use]
pub fn list_v1<'a>(
    subscriptions: impl IntoIterator<Item = &'a Subscription>,
    organization: &'a Organization,
) -> Vec<u8> {
    #[derive(Serialize)]
    struct List<'a> {
        hooks: Vec<Hook<'a>>,
    }
    written(&List { hooks: hooks(subscriptions, organization) })
}

/// The list of v2: a bare array. Subscriptions that were not made through this API are left out.
#[must_use]
pub fn list_v2<'a>(
    subscriptions: impl IntoIterator<Item = &'a Subscription>,
    organization: &'a Organization,
) -> Vec<u8> {
    written(&hooks(subscriptions, organization))
}

fn hooks<'a>(
    subscriptions: impl IntoIterator<Item = &'a Subscription>,
    organization: &'a Organization,
) -> Vec<Hook<'a>> {
    subscriptions.into_iter().filter_map(|subscription| Hook::of(subscription, organization)).collect()
}

/// The organization object by which `GET /v2/auth/test` says whose key it was given.
///
/// Fields that have no meaning here have a value that clients of the Vyte API can live with: the plan is `pro`, the only one that has
/// an API there, and nobody is listed as admin or member.
#[must_use]
pub fn organization(organization: &Organization) -> Vec<u8> {
    #[derive(Serialize)]
    struct Answer<'a> {
        #[serde(rename = "_id")]
        id: &'a str,
        name: &'a str,
        lang: &'static str,
        plan: &'static str,
        private: bool,
        admins: [&'static str; 0],
        members: [&'static str; 0],
        #[serde(rename = "createdAt")]
        created_at: Timestamp,
        #[serde(rename = "updatedAt")]
        updated_at: Timestamp,
        #[serde(rename = "__v")]
        revision: u8,
    }
    let answer = Answer {
        id: &organization.vyte_id,
        name: &organization.name,
        lang: "en",
        plan: "pro",
        private: false,
        admins: [],
        members: [],
        created_at: organization.created_at,
        updated_at: organization.created_at,
        revision: 0,
    };
    written(&answer)
}

fn written(answer: &impl Serialize) -> Vec<u8> {
    // Texts, instants and lists of them always fit into JSON.
    serde_json::to_vec(answer).unwrap_or_default()
}
