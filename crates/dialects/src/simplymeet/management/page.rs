//! Which page of the list is asked for, and where its links lead.

use serde::Serialize;

use super::error::InvalidArgument;

/// How many hooks a page has when the request says nothing.
const DEFAULT_LIMIT: u64 = 10;
/// How many hooks a page may have.
const MAXIMUM_LIMIT: u64 = 100;

/// A page of the list of hooks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HookPage {
    /// From 1.
    pub(super) page: u64,
    /// How many hooks it has at most: 1 to 100.
    pub(super) limit: u64,
}

impl HookPage {
    /// Reads the query parameters `page` and `limit`; without them it is the first page with ten hooks.
    ///
    /// # Errors
    /// When `page` is no number from 1 or `limit` is none from 1 to 100; both are named when both are wrong.
    pub fn parse(page: Option<&str>, limit: Option<&str>) -> Result<Self, Vec<InvalidArgument>> {
        let number = |text: Option<&str>, absent| text.map_or(Some(absent), |text| text.parse::<u64>().ok());
        let page = number(page, 1).filter(|page| *page >= 1);
        let limit = number(limit, DEFAULT_LIMIT).filter(|limit| (1..=MAXIMUM_LIMIT).contains(limit));
        match (page, limit) {
            (Some(page), Some(limit)) => Ok(Self { page, limit }),
            (page, limit) => {
                let wrong_page = page.is_none().then(|| {
                    InvalidArgument::new("page", "This value should be a number greater than or equal to 1.")
                });
                let wrong_limit = limit.is_none().then(|| {
                    InvalidArgument::new("limit", "This value should be a number between 1 and 100.")
                });
                Err(wrong_page.into_iter().chain(wrong_limit).collect())
            }
        }
    }

    /// How many hooks come before the page.
    pub(super) fn skipped(self) -> usize {
        let skipped = (self.page - 1).saturating_mul(self.limit);
        usize::try_from(skipped).unwrap_or(usize::MAX)
    }

    /// How many pages so many hooks make. A list without hooks has one, empty page.
    pub(super) fn pages(self, total: u64) -> u64 {
        total.div_ceil(self.limit).max(1)
    }

    /// The links of the page, relative to the server.
    pub(super) fn links(self, pages: u64) -> Links {
        let link = |page: u64| Link { href: format!("/api/webhooks?page={page}&limit={}", self.limit) };
        let exists = |page: &u64| (1..=pages).contains(page);
        Links {
            this: link(self.page),
            first: link(1),
            last: link(pages),
            next: self.page.checked_add(1).filter(exists).map(link),
            previous: self.page.checked_sub(1).filter(exists).map(link),
        }
    }
}

/// The links of a page: `next` and `previous` only where there is such a page.
#[derive(Serialize)]
pub(super) struct Links {
    #[serde(rename = "self")]
    this: Link,
    first: Link,
    last: Link,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<Link>,
    #[serde(skip_serializing_if = "Option::is_none")]
    previous: Option<Link>,
}

#[derive(Serialize)]
struct Link {
    href: String,
}
