//! Answers that repeat what is secret, as pages for developers do that show the request's headers.

use std::borrow::Cow;

use bytes::Bytes;
use http::HeaderMap;
use rendezhook_egress::Response;

/// Values of headers shorter than this are no secrets; nearly every answer repeats them.
const SHORTEST_SECRET_VALUE: usize = 4;

/// The answer as it may be kept and shown. What repeats one of these texts, or the value of a header that is marked as sensitive in the
/// request, is left out: fields of the head, and the whole body, which then counts as cut off.
pub(super) fn without_echoes<'a>(
    response: &'a Response,
    sent: &HeaderMap,
    secrets: &[&str],
) -> Cow<'a, Response> {
    let sensitive = sent.values().filter(|value| value.is_sensitive()).flat_map(|value| {
        let value = value.as_bytes();
        // Of `Bearer` and `Basic` credentials the scheme is no secret, and may be missing where the rest is repeated.
        let after_scheme = value.iter().position(|byte| *byte == b' ').and_then(|end| value.get(end + 1..));
        [value, after_scheme.unwrap_or_default()]
    });
    let sensitive = sensitive.filter(|value| value.len() >= SHORTEST_SECRET_VALUE);
    let secrets: Vec<&[u8]> = secrets.iter().map(|text| text.as_bytes()).chain(sensitive).collect();
    let repeats = |bytes: &[u8]| secrets.iter().any(|secret| contains(bytes, secret));

    let body_repeats = repeats(&response.body);
    if !body_repeats && !response.headers.values().any(|value| repeats(value.as_bytes())) {
        return Cow::Borrowed(response);
    }
    let fields = response.headers.iter().filter(|(_, value)| !repeats(value.as_bytes()));
    let headers = fields.map(|(name, value)| (name.clone(), value.clone())).collect();
    let mut shown = Response { headers, ..response.clone() };
    if body_repeats {
        shown.body = Bytes::new();
        shown.body_truncated = true;
    }
    Cow::Owned(shown)
}

/// Whether `part` occurs in `whole`. Nothing does not.
fn contains(whole: &[u8], part: &[u8]) -> bool {
    !part.is_empty() && whole.windows(part.len()).any(|window| window == part)
}

#[cfg(test)]
mod tests {
    use http::{HeaderValue, StatusCode};

    use super::*;

    fn sent(value: &str) -> HeaderMap {
        let mut value = HeaderValue::try_from(value).unwrap();
        value.set_sensitive(true);
        let mut headers = HeaderMap::new();
        headers.insert("authorization", value);
        headers.insert("webhook-id", HeaderValue::from_static("dlv_1"));
        headers
    }

    fn shown(body: &'static str, field: &'static str) -> (usize, String, bool) {
        let mut headers = HeaderMap::new();
        headers.insert("x-request", HeaderValue::from_static(field));
        headers.insert("server", HeaderValue::from_static("example"));
        let body = Bytes::from_static(body.as_bytes());
        let response = Response { status: StatusCode::BAD_REQUEST, headers, body, body_truncated: false };
        let shown = without_echoes(&response, &sent("Bearer t0ken"), &["pass word", ""]);
        (shown.headers.len(), String::from_utf8(shown.body.to_vec()).unwrap(), shown.body_truncated)
    }

    #[test]
    fn what_repeats_a_secret_is_left_out() {
        assert_eq!(shown("authorization: Bearer t0ken", "dlv_1"), (2, String::new(), true));
        assert_eq!(shown("{\"token\":\"t0ken\"}", "dlv_1"), (2, String::new(), true));
        assert_eq!(shown("no such user: pass word", "dlv_1"), (2, String::new(), true));
        assert_eq!(shown("not today", "t0ken"), (1, "not today".to_owned(), false));
    }

    #[test]
    fn what_repeats_a_value_of_a_few_characters_stays() {
        let mut headers = sent("Bearer t0ken");
        let mut short = HeaderValue::from_static("de");
        short.set_sensitive(true);
        headers.insert("x-language", short);
        let body = Bytes::from_static(b"delivered");
        let response =
            Response { status: StatusCode::OK, headers: HeaderMap::new(), body, body_truncated: false };
        assert_eq!(without_echoes(&response, &headers, &[]).body, "delivered");
    }

    #[test]
    fn what_repeats_anything_else_stays() {
        assert_eq!(
            shown("Bearer of dlv_1: token", "Bearer"),
            (2, "Bearer of dlv_1: token".to_owned(), false)
        );
        assert_eq!(shown("", ""), (2, String::new(), false));
    }
}
