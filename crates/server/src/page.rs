//! Lists in pages: where a page starts and how long it is.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::failure::Failure;

/// How many items a page has when the request says nothing.
const DEFAULT_LIMIT: usize = 50;
/// How many items a page may have.
const MAXIMUM_LIMIT: usize = 100;

/// One page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Page<T> {
    /// The items.
    pub(crate) items: Vec<T>,
    /// The `cursor` of the next page; null on the last one.
    pub(crate) next: Option<String>,
}

/// The query of a list without filters whose path says what it is of.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PageQuery {
    /// What the page before answered in `next`.
    cursor: Option<String>,
    /// How many items the page has at most: 1 to 100, 50 when not given.
    #[param(value_type = Option<u8>, minimum = 1, maximum = 100)]
    limit: Option<String>,
}

impl PageQuery {
    /// The page it asks for.
    pub(crate) fn page(&self) -> Result<PageRequest, Failure> {
        PageRequest::new(self.cursor.as_deref(), self.limit.as_deref())
    }
}

/// The query of a list without filters of what an organization has.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct OrganizationPageQuery {
    /// What the page before answered in `next`.
    cursor: Option<String>,
    /// How many items the page has at most: 1 to 100, 50 when not given.
    #[param(value_type = Option<u8>, minimum = 1, maximum = 100)]
    limit: Option<String>,
    /// For which organization the server's admin key acts.
    #[expect(dead_code, reason = "read with the key; named here so that it is not refused as unknown")]
    organization_id: Option<String>,
}

impl OrganizationPageQuery {
    /// The page it asks for.
    pub(crate) fn page(&self) -> Result<PageRequest, Failure> {
        PageRequest::new(self.cursor.as_deref(), self.limit.as_deref())
    }

    /// The page it asks for of a list in the order of keys.
    pub(crate) fn keyed_page(&self) -> Result<KeyedPageRequest, Failure> {
        let cursor = self.cursor.as_deref();
        let after = cursor.map(|text| read_keyed_cursor(text).ok_or_else(foreign_cursor)).transpose()?;
        Ok(KeyedPageRequest { after, limit: read_limit(self.limit.as_deref())? })
    }
}

/// Which page a request asks for of a list in the order of keys.
pub(crate) struct KeyedPageRequest {
    /// The key of the last item before the page; `None` for the first page.
    pub(crate) after: Option<Arc<str>>,
    /// How many items the page has at most.
    pub(crate) limit: usize,
}

/// Which page a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PageRequest {
    /// The number of the last item before the page; `None` for the first page.
    pub(crate) after: Option<u64>,
    /// How many items the page has at most.
    pub(crate) limit: usize,
}

impl PageRequest {
    /// Reads the query parameters `cursor` and `limit`.
    pub(crate) fn new(cursor: Option<&str>, limit: Option<&str>) -> Result<Self, Failure> {
        let after = cursor.map(|text| read_cursor(text).ok_or_else(foreign_cursor)).transpose()?;
        Ok(Self { after, limit: read_limit(limit)? })
    }

    /// The page of a list that is sorted by `number` and already in memory.
    pub(crate) fn of<'a, T: 'a, V>(
        self,
        sorted: impl Iterator<Item = &'a T>,
        number: impl Fn(&T) -> u32,
        view: impl Fn(&T) -> V,
    ) -> Page<V> {
        let mut rest =
            sorted.filter(|item| self.after.is_none_or(|after| u64::from(number(item)) > after)).peekable();
        let mut items = Vec::new();
        let mut last = None;
        for item in rest.by_ref().take(self.limit) {
            last = Some(u64::from(number(item)));
            items.push(view(item));
        }
        let next = last.filter(|_| rest.peek().is_some()).map(cursor);
        Page { items, next }
    }
}

/// The cursor after the item with this number. Clients take it as it is and give it back.
pub(crate) fn cursor(number: u64) -> String {
    URL_SAFE_NO_PAD.encode(number.to_be_bytes())
}

/// The cursor after the item with this key.
pub(crate) fn keyed_cursor(key: &str) -> String {
    URL_SAFE_NO_PAD.encode(key.as_bytes())
}

fn read_cursor(text: &str) -> Option<u64> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    Some(u64::from_be_bytes(bytes.try_into().ok()?))
}

fn read_keyed_cursor(text: &str) -> Option<Arc<str>> {
    let key = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
    Some(Arc::from(key)).filter(|key: &Arc<str>| !key.is_empty())
}

fn foreign_cursor() -> Failure {
    Failure::invalid_request("the query parameter cursor is not one that a list answered with in \"next\"")
}

fn read_limit(text: Option<&str>) -> Result<usize, Failure> {
    let Some(text) = text else { return Ok(DEFAULT_LIMIT) };
    let limit = text.parse().ok().filter(|limit| (1..=MAXIMUM_LIMIT).contains(limit));
    limit.ok_or_else(|| Failure::invalid_request("the query parameter limit must be a number from 1 to 100"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_follow_each_other_without_gap_or_overlap() {
        let list: Vec<u32> = (1..=7).collect();
        let mut seen = Vec::new();
        let mut next = None;
        loop {
            let request = PageRequest::new(next.as_deref(), Some("3")).unwrap();
            let page = request.of(list.iter(), |number| *number, |number| *number);
            assert!(page.items.len() <= 3);
            seen.extend(page.items);
            next = page.next;
            if next.is_none() {
                break;
            }
        }
        assert_eq!(seen, list);
    }

    #[test]
    fn refuses_limits_out_of_range_and_foreign_cursors() {
        for limit in ["0", "101", "-1", "ten", ""] {
            assert!(PageRequest::new(None, Some(limit)).is_err(), "{limit}");
        }
        for cursor in ["", "abc", "sub_1", "AAAAAAAAAAAAAAAA"] {
            assert!(PageRequest::new(Some(cursor), None).is_err(), "{cursor}");
        }
        assert_eq!(PageRequest::new(None, None).unwrap(), PageRequest { after: None, limit: 50 });
    }
}
