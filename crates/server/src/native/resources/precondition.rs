//! Changing a resource only as long as it has the version that somebody looked at (RFC 9110, section 13.1).

use http::HeaderMap;
use http::header::{IF_MATCH, IF_NONE_MATCH};

use crate::failure::Failure;

/// The version that a change was decided from: of `If-Match: "7"`, or 0, which no resource has, of `If-None-Match: *`.
///
/// # Errors
/// When one of the headers says anything else.
pub(super) fn expected_version(headers: &HeaderMap) -> Result<Option<u64>, Failure> {
    if let Some(value) = headers.get(IF_NONE_MATCH) {
        return match value.as_bytes() {
            b"*" => Ok(Some(0)),
            _ => Err(Failure::invalid_request("If-None-Match takes * only: the resource must not exist yet")),
        };
    }
    let Some(value) = headers.get(IF_MATCH) else {
        return Ok(None);
    };
    let version = value.to_str().ok().and_then(|text| text.trim().trim_matches('"').parse().ok());
    version.map(Some).ok_or_else(|| {
        Failure::invalid_request("If-Match takes the version of the resource, like If-Match: \"7\"")
    })
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    fn read(name: HeaderName, value: &'static str) -> Option<Option<u64>> {
        expected_version(&HeaderMap::from_iter([(name, HeaderValue::from_static(value))])).ok()
    }

    #[test]
    fn reads_the_version_with_and_without_quotes() {
        assert_eq!(read(IF_MATCH, "\"7\""), Some(Some(7)));
        assert_eq!(read(IF_MATCH, "7"), Some(Some(7)));
        assert_eq!(read(IF_NONE_MATCH, "*"), Some(Some(0)));
        assert_eq!(expected_version(&HeaderMap::new()).ok(), Some(None));
    }

    #[test]
    fn refuses_everything_else() {
        for value in ["*", "W/\"7\"", "\"seven\"", ""] {
            assert_eq!(read(IF_MATCH, value), None, "{value}");
        }
        assert_eq!(read(IF_NONE_MATCH, "\"7\""), None);
    }
}
