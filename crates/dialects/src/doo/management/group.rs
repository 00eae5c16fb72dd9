//! Groups as the API shows them.

use serde::Serialize;
use uuid::Uuid;

use rendezhook_domain::organization::Organization;
use rendezhook_domain::subscription::{
    ClientCredentials, Content, DooHook, Origin, Subscription, TargetAuthentication,
};
use rendezhook_secrets::SharedSecret;

use super::answer::collection;
use super::authentication::MASKED_SECRET;
use super::page::{GroupPage, PAGE_SIZE, PageLinks, SelfLink};
use crate::doo::HookType;

/// A subscription with the secret by which its deliveries authenticate themselves.
pub type ListedHook<'a> = (&'a Subscription, Option<&'a SharedSecret>);

/// Where groups are shown, and to whom.
#[derive(Debug, Clone, Copy)]
pub struct GroupSurroundings<'a> {
    /// The public address of the server without a slash at its end: `https://hooks.example.com`.
    pub address: &'a str,
    /// Whose groups they are. It says whether secrets are masked.
    pub organization: &'a Organization,
}

/// The body that shows one group. `None` when none of the subscriptions is of that group.
#[must_use]
pub fn group<'a>(
    subscriptions: impl IntoIterator<Item = ListedHook<'a>>,
    group: Uuid,
    surroundings: GroupSurroundings<'a>,
) -> Option<Vec<u8>> {
    let groups = grouped(subscriptions);
    let found = groups.into_iter().find(|members| members.group == group)?;
    Some(written(&Group::of(found, surroundings)))
}

/// A page of the list of a team's groups, in the order in which their first hooks come. Subscriptions that were not made through
/// this API are left out. A page past the end has no groups.
#[must_use]
pub fn list<'a>(
    subscriptions: impl IntoIterator<Item = ListedHook<'a>>,
    page: GroupPage,
    team: u32,
    surroundings: GroupSurroundings<'a>,
) -> Vec<u8> {
    let groups = grouped(subscriptions);
    let total = u64::try_from(groups.len()).unwrap_or(u64::MAX);
    let pages = GroupPage::pages(total);
    let size = usize::try_from(PAGE_SIZE).unwrap_or(usize::MAX);
    let on_page = groups.into_iter().skip(page.skipped()).take(size);
    let webhooks = on_page.map(|members| Group::of(members, surroundings)).collect();
    written(&List {
        links: page.links(&collection(team, surroundings.address), pages),
        embedded: Embedded { webhooks },
        page_count: pages,
        page_size: PAGE_SIZE,
        total_items: total,
        page: page.0,
    })
}

fn written(answer: &impl Serialize) -> Vec<u8> {
    // Texts, numbers, ids and lists of them always fit into JSON.
    serde_json::to_vec(answer).unwrap_or_default()
}

/// The hooks of one group.
struct Members<'a> {
    group: Uuid,
    hooks: Vec<(&'a DooHook, ListedHook<'a>)>,
}

/// Puts hooks together by group, each group's in the order in which they were sent.
fn grouped<'a>(subscriptions: impl IntoIterator<Item = ListedHook<'a>>) -> Vec<Members<'a>> {
    let mut groups: Vec<Members<'a>> = Vec::new();
    let mut places = std::collections::HashMap::new();
    for listed in subscriptions {
        let Some(hook) = listed.0.hook.doo() else {
            continue;
        };
        let place = *places.entry(hook.group).or_insert(groups.len());
        match groups.get_mut(place) {
            Some(members) => members.hooks.push((hook, listed)),
            None => groups.push(Members { group: hook.group, hooks: vec![(hook, listed)] }),
        }
    }
    for members in &mut groups {
        members.hooks.sort_by_key(|(hook, _)| hook.position);
    }
    groups
}

#[derive(Serialize)]
struct List<'a> {
    #[serde(rename = "_links")]
    links: PageLinks,
    #[serde(rename = "_embedded")]
    embedded: Embedded<'a>,
    page_count: u64,
    page_size: u64,
    total_items: u64,
    page: u64,
}

#[derive(Serialize)]
struct Embedded<'a> {
    webhooks: Vec<Group<'a>>,
}

/// A group, its keys in the order of the document; `event_id` and `authentication` only where they are.
#[derive(Serialize)]
struct Group<'a> {
    id: Uuid,
    name: &'a str,
    description: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    event_id: Option<&'a str>,
    hooks: Vec<Hook<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    authentication: Option<Authentication<'a>>,
    #[serde(rename = "_links")]
    links: SelfLink,
}

impl<'a> Group<'a> {
    /// What belongs to the group is read from its first hook that has it: all were made with the same.
    fn of(members: Members<'a>, surroundings: GroupSurroundings<'a>) -> Self {
        let masks = surroundings.organization.masks_doo_secrets;
        let first = members.hooks.first();
        Self {
            id: members.group,
            name: first.map_or("", |(hook, _)| &hook.name),
            description: first.map_or("", |(_, (subscription, _))| &subscription.description),
            event_id: first.and_then(|(_, (subscription, _))| subscription.filter.event.as_deref()),
            hooks: members.hooks.iter().map(|(_, (subscription, _))| Hook::of(subscription)).collect(),
            authentication: members.hooks.iter().find_map(|(_, listed)| Authentication::of(*listed, masks)),
            links: SelfLink::to(format!("{}/v1/webhooks/{}", surroundings.address, members.group)),
        }
    }
}

#[derive(Serialize)]
struct Hook<'a> {
    #[serde(rename = "type")]
    hook_type: String,
    method: &'static str,
    endpoint: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    origin: Option<ListedOrigin<'a>>,
}

impl<'a> Hook<'a> {
    fn of(subscription: &'a Subscription) -> Self {
        let origin = match &subscription.content {
            Content::Origin(origin) => Some(origin),
            Content::Composed | Content::Select(_) => None,
        };
        let hook_type = match (HookType::of_filter(&subscription.filter), origin) {
            (Some(hook_type), Some(origin)) => hook_type.listed_name(origin),
            (Some(hook_type), None) => hook_type.name().to_owned(),
            // Another API has changed what the hook wants to something that has no name here. It is shown as it is, so that
            // nobody who makes the group anew loses it without notice.
            (None, _) => {
                let patterns = subscription.filter.actions.iter().map(ToString::to_string);
                patterns.collect::<Vec<_>>().join(",")
            }
        };
        Self {
            hook_type,
            method: subscription.method.name(),
            endpoint: subscription.target.as_str(),
            origin: origin.map(ListedOrigin::of),
        }
    }
}

#[derive(Serialize)]
struct ListedOrigin<'a> {
    method: &'static str,
    endpoint: &'a str,
    body: &'a str,
}

impl<'a> ListedOrigin<'a> {
    fn of(origin: &'a Origin) -> Self {
        Self { method: origin.method.name(), endpoint: origin.endpoint.as_str(), body: &origin.body }
    }
}

#[derive(Serialize)]
struct Authentication<'a> {
    grant_type: &'a str,
    endpoint: &'a str,
    credentials: Credentials<'a>,
    header_format: &'a str,
    header_value_format: &'a str,
}

#[derive(Serialize)]
struct Credentials<'a> {
    client_id: &'a str,
    client_secret: Option<&'a str>,
}

impl<'a> Authentication<'a> {
    /// `None` without authentication, and with one that this API does not know.
    fn of((subscription, secret): ListedHook<'a>, masks: bool) -> Option<Self> {
        let credentials = client_credentials(subscription)?;
        let shown = |secret: &'a SharedSecret| if masks { MASKED_SECRET } else { secret.expose() };
        Some(Self {
            grant_type: &credentials.grant_type,
            endpoint: credentials.endpoint.as_str(),
            credentials: Credentials { client_id: &credentials.client_id, client_secret: secret.map(shown) },
            header_format: &credentials.header,
            header_value_format: &credentials.value_format,
        })
    }
}

fn client_credentials(subscription: &Subscription) -> Option<&ClientCredentials> {
    match subscription.authentication.as_ref()? {
        TargetAuthentication::ClientCredentials(credentials) => Some(credentials),
        TargetAuthentication::Basic { .. } | TargetAuthentication::ApiKey { .. } => None,
    }
}
