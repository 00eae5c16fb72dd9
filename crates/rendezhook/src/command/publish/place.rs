//! Where something is wrong, in terms of the file.

use super::batch::Batch;
use crate::client::Place;

/// The place in the file of a place in a request: `line 12, /resource_id: it is missing`.
pub(super) fn in_file(place: &Place, batch: &Batch) -> String {
    let Place { pointer, detail } = place;
    if let Some((line, rest)) = item(pointer, batch) {
        let separator = if rest.is_empty() { "" } else { ", " };
        return format!("line {line}{separator}{rest}: {detail}");
    }
    if pointer.is_empty() { detail.clone() } else { format!("{pointer}: {detail}") }
}

/// The line of the item a pointer leads into, and the rest of the pointer. A request with one object has no numbers.
fn item<'a>(pointer: &'a str, batch: &Batch) -> Option<(usize, &'a str)> {
    if batch.is_single {
        return Some((*batch.items.first()?, pointer));
    }
    let path = pointer.strip_prefix('/')?;
    let (index, _) = path.split_once('/').unwrap_or((path, ""));
    let line = batch.items.get(index.parse::<usize>().ok()?)?;
    Some((*line, path.strip_prefix(index)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(pointer: &str, is_single: bool) -> String {
        let batch = Batch { content_type: "", bytes: Vec::new(), items: vec![3, 7], is_single };
        in_file(&Place { pointer: pointer.to_owned(), detail: "unknown".to_owned() }, &batch)
    }

    #[test]
    fn an_item_is_named_by_its_line() {
        assert_eq!(told("/1/action", false), "line 7, /action: unknown");
        assert_eq!(told("/0", false), "line 3: unknown");
        assert_eq!(told("/action", true), "line 3, /action: unknown");
    }

    #[test]
    fn what_is_no_item_is_told_as_the_server_says_it() {
        assert_eq!(told("/9/action", false), "/9/action: unknown");
        assert_eq!(told("", false), "unknown");
    }
}
