//! The outermost layer: every request gets an id, a deadline, a line in the log, and a failure in the form of its surface.

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::HeaderValue;
use http::header::{CACHE_CONTROL, HeaderName};
use rendezhook_secrets::SystemRandomness;
use rendezhook_store::identity::new_uuid;

use crate::failure::{Failure, FailureKind};
use crate::state::ServerState;
use crate::surface::Surface;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Answers a request, whatever happens inside.
pub(crate) async fn exchange(State(state): State<ServerState>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let surface = Surface::of(request.uri().path());
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let request_id = match new_uuid(state.now(), &mut SystemRandomness) {
        Ok(uuid) => format!("req_{}", uuid.simple()),
        Err(error) => {
            tracing::error!(%error, "a request gets no id");
            String::from("req_unknown")
        }
    };

    let mut response = answer(&state, request, next).await;
    if let Some(failure) = response.extensions_mut().remove::<Failure>() {
        surface.write(&failure, &request_id, &mut response);
    }
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(&request_id) {
        headers.insert(REQUEST_ID, value);
    }
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));

    tracing::debug!(
        request_id,
        %method,
        path,
        route = route.as_ref().map_or("", MatchedPath::as_str),
        status = response.status().as_u16(),
        duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        "request answered"
    );
    response
}

async fn answer(state: &ServerState, request: Request, next: Next) -> Response {
    let deadline = state.options.connections.request_timeout;
    match tokio::time::timeout(deadline, caught(next.run(request))).await {
        Ok(Some(response)) => response,
        Ok(None) => {
            tracing::error!("a handler panicked; the request is answered 500 and the server goes on");
            Failure::new(FailureKind::Internal, "the server could not do this; its log says why")
                .into_response()
        }
        Err(_elapsed) => {
            let detail = "the server did not finish the request in time; whether it was done is not known";
            Failure::new(FailureKind::Unavailable, detail).into_response()
        }
    }
}

/// Runs a future to its end; `None` when it panicked, so that one request cannot take its connection's others with it.
async fn caught<T>(future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    poll_fn(move |context| {
        // The future is dropped after a panic and never looked at again.
        match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context))) {
            Ok(Poll::Ready(value)) => Poll::Ready(Some(value)),
            Ok(Poll::Pending) => Poll::Pending,
            Err(_panic) => Poll::Ready(None),
        }
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::caught;

    #[tokio::test]
    async fn a_panic_ends_its_own_future_only() {
        assert_eq!(caught(async { 7 }).await, Some(7));
        assert_eq!(caught::<()>(async { panic!("a handler's mistake") }).await, None);
    }
}
