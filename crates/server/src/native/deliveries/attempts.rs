//! Showing the attempts of a delivery.

use axum::Json;
use axum::extract::State;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use rendezhook_domain::time::Timestamp;
use rendezhook_store::record::{AttemptRecord, Exchange};
use serde::Serialize;
use utoipa::ToSchema;

use super::view::{ResultView, TimingView};
use super::{named, unknown};
use crate::access::{Access, Read};
use crate::failure::Failure;
use crate::page::Page;
use crate::parameters::PathParameters;
use crate::state::ServerState;

/// One attempt of a delivery.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Attempt)]
pub(crate) struct AttemptView {
    /// Counts the attempts of a delivery from 1.
    number: u16,
    /// When it began.
    #[schema(value_type = String, format = DateTime)]
    started_at: Timestamp,
    #[serde(flatten)]
    result: ResultView,
    /// Where the time went.
    timing: TimingView,
    /// What was sent; kept for failed attempts and tests, and for all when the operator wants that.
    request: Option<RequestView>,
    /// What was answered; null without an answer, or where it was not kept.
    response: Option<ResponseView>,
}

/// What was sent in an attempt, without its body, which is built from the delivery's resource.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AttemptRequest)]
pub(crate) struct RequestView {
    /// Request line and headers, one a line.
    head: String,
}

/// What was answered in an attempt.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AttemptResponse)]
pub(crate) struct ResponseView {
    /// Status line and headers, one a line.
    head: String,
    /// The first bytes of the body, at most 16 KiB: as text when they are UTF-8, else in base64.
    body: String,
    /// Whether `body` is base64.
    body_is_base64: bool,
    /// Whether the answer's body was longer.
    body_truncated: bool,
}

/// Shows the attempts of a delivery, oldest first, all at once.
#[utoipa::path(
    get,
    path = "/api/v1/deliveries/{delivery_id}/attempts",
    tag = "deliveries",
    operation_id = "list_attempts",
    params(("delivery_id" = String, Path, description = "The delivery's id")),
    responses((status = 200, description = "The attempts", body = Page<AttemptView>))
)]
pub(crate) async fn attempts(
    access: Access<Read>,
    State(state): State<ServerState>,
    PathParameters(id): PathParameters<String>,
) -> Result<Json<Page<AttemptView>>, Failure> {
    let found = state.store.attempts(access.number(), named(&id)?).await?.ok_or_else(unknown)?;
    let items = found.attempts.into_iter().map(AttemptView::from).collect();
    Ok(Json(Page { items, next: None }))
}

impl From<AttemptRecord> for AttemptView {
    fn from(record: AttemptRecord) -> Self {
        let exchange = record.exchange.as_ref();
        Self {
            number: record.number,
            started_at: record.started_at,
            result: ResultView::new(record.stage, record.result),
            timing: record.timing.into(),
            request: exchange.map(|exchange| RequestView {
                head: String::from_utf8_lossy(&exchange.request_head).into_owned(),
            }),
            response: exchange.filter(|exchange| !exchange.response_head.is_empty()).map(ResponseView::from),
        }
    }
}

impl From<&Exchange> for ResponseView {
    fn from(exchange: &Exchange) -> Self {
        let (body, body_is_base64) = shown_body(&exchange.response_body, exchange.response_body_truncated);
        Self {
            head: String::from_utf8_lossy(&exchange.response_head).into_owned(),
            body,
            body_is_base64,
            body_truncated: exchange.response_body_truncated,
        }
    }
}

/// Text where it is text. Where it was cut off, a character may have been cut in two: its rest is left out.
fn shown_body(body: &Bytes, truncated: bool) -> (String, bool) {
    match std::str::from_utf8(body) {
        Ok(text) => (text.to_owned(), false),
        Err(error) if truncated && error.error_len().is_none() => {
            let whole = body.get(..error.valid_up_to()).unwrap_or_default();
            (String::from_utf8_lossy(whole).into_owned(), false)
        }
        Err(_) => (STANDARD.encode(body), true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_are_text_where_they_can_be() {
        let shown = |bytes: &'static [u8], truncated| shown_body(&Bytes::from_static(bytes), truncated);
        assert_eq!(shown("réponse".as_bytes(), false), (String::from("réponse"), false));
        assert_eq!(shown(b"caf\xc3", true), (String::from("caf"), false));
        assert_eq!(shown(b"caf\xc3", false), (String::from("Y2Fmww=="), true));
        assert_eq!(shown(b"\xff\x00", true), (String::from("/wA="), true));
    }
}
