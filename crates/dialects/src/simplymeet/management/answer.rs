//! What the API answers: hooks and pages of them. The secret stands in them in clear, as in the document.

use serde::Serialize;
use uuid::Uuid;

use rendezhook_domain::subscription::Subscription;
use rendezhook_secrets::SharedSecret;

use super::page::{HookPage, Links};
use crate::moment;
use crate::simplymeet::{MeetingEvent, events};

/// A subscription with the secret that its owner chose.
pub type ListedHook<'a> = (&'a Subscription, Option<&'a SharedSecret>);

/// A hook, its keys in the order of the document.
#[derive(Serialize)]
struct Hook<'a> {
    events: Vec<&'static str>,
    url: &'a str,
    secret: Option<&'a str>,
    created_at: Option<String>,
    uuid: Uuid,
}

impl<'a> Hook<'a> {
    /// `None` for a subscription that was not made through this API: it has no id here.
    fn of((subscription, secret): ListedHook<'a>) -> Option<Self> {
        let hook = subscription.hook.simplymeet()?;
        Some(Self {
            events: events(&subscription.filter).into_iter().map(MeetingEvent::name).collect(),
            url: subscription.target.as_str(),
            secret: secret.map(SharedSecret::expose),
            created_at: moment::numeric(subscription.created_at),
            uuid: hook.uuid,
        })
    }
}

/// The body that shows one hook. `None` for a subscription that was not made through this API.
#[must_use]
pub fn hook(hook: ListedHook<'_>) -> Option<Vec<u8>> {
    Hook::of(hook).map(|hook| written(&hook))
}

/// A page of the list. Subscriptions that were not made through this API are left out. A page past the end has no items.
#[must_use]
pub fn list<'a>(subscriptions: impl IntoIterator<Item = ListedHook<'a>>, page: HookPage) -> Vec<u8> {
    #[derive(Serialize)]
    struct List<'a> {
        page: u64,
        limit: u64,
        pages: u64,
        total: u64,
        #[serde(rename = "_embedded")]
        embedded: Embedded<'a>,
        #[serde(rename = "_links")]
        links: Links,
    }
    #[derive(Serialize)]
    struct Embedded<'a> {
        items: Vec<Hook<'a>>,
    }
    let hooks: Vec<ListedHook<'a>> = subscriptions
        .into_iter()
        .filter(|(subscription, _)| subscription.hook.simplymeet().is_some())
        .collect();
    let total = u64::try_from(hooks.len()).unwrap_or(u64::MAX);
    let limit = usize::try_from(page.limit).unwrap_or(usize::MAX);
    let items = hooks.into_iter().skip(page.skipped()).take(limit).filter_map(Hook::of).collect();
    let pages = page.pages(total);
    let (number, limit, embedded) = (page.page, page.limit, Embedded { items });
    written(&List { page: number, limit, pages, total, embedded, links: page.links(pages) })
}

fn written(answer: &impl Serialize) -> Vec<u8> {
    // Texts, numbers, ids and lists of them always fit into JSON.
    serde_json::to_vec(answer).unwrap_or_default()
}
