//! Which page of the list is asked for, and where its links lead.

use serde::Serialize;

use super::error::{InvalidField, RequestError};

/// How many groups a page has.
pub(super) const PAGE_SIZE: u64 = 25;

/// A page of the list of groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GroupPage(
    /// From 1.
    pub(super) u64,
);

impl GroupPage {
    /// Reads the query parameter `page`; without it it is the first page.
    ///
    /// # Errors
    /// When it is no number from 1.
    pub fn parse(page: Option<&str>) -> Result<Self, RequestError> {
        let number = page.map_or(Some(1), |text| text.parse::<u64>().ok());
        number.filter(|number| *number >= 1).map(Self).ok_or_else(|| {
            let sentence = "must be a whole number, 1 or more".to_owned();
            RequestError::Invalid(vec![InvalidField { place: "page".to_owned(), sentence }])
        })
    }

    /// How many groups come before the page.
    pub(super) fn skipped(self) -> usize {
        usize::try_from((self.0 - 1).saturating_mul(PAGE_SIZE)).unwrap_or(usize::MAX)
    }

    /// How many pages so many groups make. A list without groups has one, empty page.
    pub(super) fn pages(total: u64) -> u64 {
        total.div_ceil(PAGE_SIZE).max(1)
    }

    /// The links of the page of a list at this URL.
    pub(super) fn links(self, collection: &str, pages: u64) -> PageLinks {
        let link = |page: u64| Link { href: format!("{collection}?page={page}") };
        let exists = |page: &u64| (1..=pages).contains(page);
        PageLinks {
            this: link(self.0),
            first: Link { href: collection.to_owned() },
            last: link(pages),
            prev: self.0.checked_sub(1).filter(exists).map(link),
            next: self.0.checked_add(1).filter(exists).map(link),
        }
    }
}

/// The links of a page: `prev` and `next` only where there is such a page.
#[derive(Serialize)]
pub(super) struct PageLinks {
    #[serde(rename = "self")]
    this: Link,
    first: Link,
    last: Link,
    #[serde(skip_serializing_if = "Option::is_none")]
    prev: Option<Link>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<Link>,
}

/// The links of an answer that is not paged.
#[derive(Serialize)]
pub(super) struct SelfLink {
    #[serde(rename = "self")]
    this: Link,
}

impl SelfLink {
    pub(super) const fn to(href: String) -> Self {
        Self { this: Link { href } }
    }
}

#[derive(Serialize)]
struct Link {
    href: String,
}
