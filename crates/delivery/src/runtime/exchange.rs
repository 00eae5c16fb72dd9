//! What is kept of an attempt for people who look for the reason.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use rendezhook_egress::{OutboundRequest, Response};
use rendezhook_store::record::Exchange;

/// What stands for a value that is not kept.
const HIDDEN: &[u8] = b"[hidden]";

/// The most bytes of an answer's body that are kept.
pub(super) const MAXIMUM_BODY: usize = 16 * 1024;

/// Headers of a request that carry nothing secret. Any other value may be a key or a token, and is not kept; a signature
/// is no secret, since it serves for these bytes alone.
const PLAIN_HEADERS: [HeaderName; 5] = [
    http::header::ACCEPT,
    http::header::CONTENT_LENGTH,
    http::header::CONTENT_TYPE,
    http::header::HOST,
    http::header::USER_AGENT,
];

/// Beginnings of the names of our own headers: identity, time, signature, lane and attempt.
const OWN_BEGINNINGS: [&str; 2] = ["webhook-", "rendezhook-"];

/// Puts together what was said. The answer is missing when there was none.
pub(super) fn exchange(request: &OutboundRequest, response: Option<&Response>) -> Exchange {
    let request_head = request_head(request);
    let Some(response) = response else {
        return Exchange { request_head, ..Exchange::default() };
    };
    let kept = response.body.len().min(MAXIMUM_BODY);
    Exchange {
        request_head,
        response_head: response_head(response.status, &response.headers),
        response_body: response.body.slice(..kept),
        response_body_truncated: response.body_truncated || kept < response.body.len(),
    }
}

fn request_head(request: &OutboundRequest) -> Bytes {
    let (target, headers) = (request.target(), request.headers());
    let mut head = Vec::with_capacity(512);
    head.extend_from_slice(request.method().as_str().as_bytes());
    head.push(b' ');
    // A query often carries a key.
    match target.request_target().split_once('?') {
        Some((path, _query)) => {
            head.extend_from_slice(path.as_bytes());
            head.push(b'?');
            head.extend_from_slice(HIDDEN);
        }
        None => head.extend_from_slice(target.request_target().as_bytes()),
    }
    head.extend_from_slice(b" HTTP/1.1\n");

    for (name, value) in headers {
        push_line(&mut head, name.as_str(), shown(name, value));
    }
    if !headers.contains_key(http::header::CONTENT_LENGTH) {
        push_line(&mut head, "content-length", request.body().len().to_string().as_bytes());
    }
    Bytes::from(head)
}

/// The value as it may be kept.
fn shown<'a>(name: &HeaderName, value: &'a HeaderValue) -> &'a [u8] {
    let own = OWN_BEGINNINGS.iter().any(|beginning| name.as_str().starts_with(beginning));
    if (own || PLAIN_HEADERS.contains(name)) && !value.is_sensitive() { value.as_bytes() } else { HIDDEN }
}

fn response_head(status: StatusCode, headers: &HeaderMap) -> Bytes {
    let mut head = Vec::with_capacity(512);
    head.extend_from_slice(b"HTTP/1.1 ");
    head.extend_from_slice(status.as_str().as_bytes());
    if let Some(reason) = status.canonical_reason() {
        head.push(b' ');
        head.extend_from_slice(reason.as_bytes());
    }
    head.push(b'\n');
    for (name, value) in headers {
        push_line(&mut head, name.as_str(), value.as_bytes());
    }
    Bytes::from(head)
}

fn push_line(head: &mut Vec<u8>, name: &str, value: &[u8]) {
    head.extend_from_slice(name.as_bytes());
    head.extend_from_slice(b": ");
    head.extend_from_slice(value);
    head.push(b'\n');
}

#[cfg(test)]
mod tests {
    use http::Method;
    use rendezhook_domain::sequence::OrganizationNumber;
    use rendezhook_domain::target::{TargetPolicy, TargetUrl};
    use rendezhook_egress::USER_AGENT;

    use super::*;

    fn request(url: &str, headers: HeaderMap, body: &'static str) -> OutboundRequest {
        let target = TargetUrl::parse(url, &TargetPolicy::stored()).unwrap();
        let body = Bytes::from_static(body.as_bytes());
        OutboundRequest::new(Method::POST, target, headers, body, OrganizationNumber::new(1)).unwrap()
    }

    fn sent(url: &str, headers: &[(&'static str, &'static str)]) -> String {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, HeaderValue::from_static(value));
        }
        let exchange = exchange(&request(url, map, "17 bytes, exactly"), None);
        assert!(exchange.response_head.is_empty());
        String::from_utf8(exchange.request_head.to_vec()).unwrap()
    }

    #[test]
    fn keeps_what_explains_and_hides_what_opens() {
        let head = sent(
            "https://example.com/hooks?token=hunter2",
            &[
                ("webhook-signature", "v1,abc"),
                ("content-type", "application/json"),
                ("authorization", "Bearer hunter2"),
                ("x-api-key", "hunter2"),
            ],
        );
        assert_eq!(
            head,
            format!(
                "POST /hooks?[hidden] HTTP/1.1\nhost: example.com\nuser-agent: {USER_AGENT}\nwebhook-signature: v1,abc\n\
                 content-type: application/json\nauthorization: [hidden]\nx-api-key: [hidden]\ncontent-length: 17\n"
            )
        );
    }

    #[test]
    fn keeps_the_answer_within_bounds() {
        let request = request("https://example.com/", HeaderMap::new(), "");
        let mut headers = HeaderMap::new();
        headers.insert("retry-after", HeaderValue::from_static("60"));
        let response = Response {
            status: StatusCode::SERVICE_UNAVAILABLE,
            headers,
            body: Bytes::from(vec![b'x'; MAXIMUM_BODY + 1]),
            body_truncated: false,
        };
        let exchange = exchange(&request, Some(&response));
        assert_eq!(exchange.response_head, "HTTP/1.1 503 Service Unavailable\nretry-after: 60\n");
        assert_eq!(exchange.response_body.len(), MAXIMUM_BODY);
        assert!(exchange.response_body_truncated);
    }
}
