//! Reading request bodies within bounds of size, memory and time.

use std::sync::Arc;

use axum::extract::{FromRequest, Request};
use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http_body_util::BodyExt;
use serde::de::DeserializeOwned;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::failure::{Failure, FailureKind};
use crate::json::{self, ObjectOf};
use crate::state::ServerState;
use crate::surface::Surface;

/// The media type of many JSON texts, one a line.
const LINES: &str = "application/x-ndjson";

/// What the memory for bodies is counted in.
const MEMORY_UNIT_BYTES: usize = 1024;

/// How much is reserved at most on the word of a `Content-Length` alone.
const MAXIMUM_RESERVATION_BYTES: usize = 1024 * 1024;

/// The memory that all bodies may take together.
#[derive(Clone)]
pub(crate) struct BodyMemory {
    units: Arc<Semaphore>,
}

impl BodyMemory {
    /// So many bytes in all.
    pub(crate) fn new(bytes: usize) -> Self {
        let units = (bytes / MEMORY_UNIT_BYTES).min(Semaphore::MAX_PERMITS);
        Self { units: Arc::new(Semaphore::new(units)) }
    }

    /// Takes memory for so many more bytes; it returns when `held` is dropped.
    fn take(&self, bytes: usize, held: &mut Vec<OwnedSemaphorePermit>) -> Result<(), Failure> {
        let units = u32::try_from(bytes.div_ceil(MEMORY_UNIT_BYTES)).unwrap_or(u32::MAX);
        let permit = Arc::clone(&self.units).try_acquire_many_owned(units).map_err(|_exhausted| {
            Failure::new(
                FailureKind::Unavailable,
                "too many large requests are being read; repeat the request in a moment",
            )
        })?;
        match held.first_mut() {
            Some(first) => first.merge(permit),
            None => held.push(permit),
        }
        Ok(())
    }
}

/// A whole body. Its share of the memory for bodies is held as long as this value.
pub(crate) struct Payload {
    /// The bytes.
    pub(crate) bytes: Bytes,
    /// Whether it holds many JSON texts, one a line.
    pub(crate) is_lines: bool,
    _memory: Vec<OwnedSemaphorePermit>,
}

impl FromRequest<ServerState> for Payload {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &ServerState) -> Result<Self, Failure> {
        let limits = state.options.bodies;
        let is_lines = match Surface::of(request.uri().path()) {
            Surface::Native => check_media_type(request.headers())?,
            // No document names a rule and their clients are many: every type is read as JSON.
            Surface::Vyte | Surface::SimplyMeet | Surface::Doo | Surface::Page => false,
        };
        let limit = if is_lines { limits.lines_bytes } else { limits.bytes };
        let reading = read(request, limit, &state.body_memory);
        match tokio::time::timeout(limits.read_timeout, reading).await {
            Ok(read) => read.map(|(bytes, memory)| Self { bytes, is_lines, _memory: memory }),
            Err(_elapsed) => {
                let detail = format!("the body did not arrive within {:?}", limits.read_timeout);
                Err(Failure::new(FailureKind::RequestTimeout, detail))
            }
        }
    }
}

/// Whether the body is many lines; refused when it is neither that nor JSON. Without a type it is taken for JSON.
fn check_media_type(headers: &HeaderMap) -> Result<bool, Failure> {
    let Some(value) = headers.get(CONTENT_TYPE) else {
        return Ok(false);
    };
    let text = value.to_str().unwrap_or_default();
    let essence = text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if essence == LINES {
        return Ok(true);
    }
    if essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json")) {
        return Ok(false);
    }
    Err(Failure::new(FailureKind::UnsupportedMediaType, "send the body as application/json"))
}

async fn read(
    request: Request,
    limit: usize,
    memory: &BodyMemory,
) -> Result<(Bytes, Vec<OwnedSemaphorePermit>), Failure> {
    let too_large = || {
        Failure::new(
            FailureKind::BodyTooLarge,
            format!("the body is longer than {limit} bytes; send less at once"),
        )
    };
    let announced = request
        .headers()
        .get(CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok())
        .and_then(|text| text.parse::<usize>().ok());
    if announced.is_some_and(|length| length > limit) {
        return Err(too_large());
    }
    let mut body = request.into_body();
    let mut held = Vec::with_capacity(1);
    let mut first: Option<Bytes> = None;
    let mut whole = BytesMut::new();
    let mut length = 0_usize;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_broken| Failure::invalid_request("the body ended early"))?;
        let Ok(data) = frame.into_data() else { continue };
        length = length.saturating_add(data.len());
        if length > limit {
            return Err(too_large());
        }
        memory.take(data.len(), &mut held)?;
        match (first.take(), whole.is_empty()) {
            // Most bodies come in one piece, which is then handed on as it is.
            (None, true) => first = Some(data),
            (Some(before), _) => {
                whole.reserve(announced.unwrap_or(0).min(MAXIMUM_RESERVATION_BYTES));
                whole.extend_from_slice(&before);
                whole.extend_from_slice(&data);
            }
            (None, false) => whole.extend_from_slice(&data),
        }
    }
    Ok((first.unwrap_or_else(|| whole.freeze()), held))
}

/// A body that is one JSON object of a known form.
pub(crate) struct JsonBody<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<ServerState> for JsonBody<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &ServerState) -> Result<Self, Failure> {
        let payload = Payload::from_request(request, state).await?;
        json::read(&payload.bytes).map(|ObjectOf(value)| Self(value))
    }
}

/// As [`JsonBody`]; no body at all is the default of `T`.
pub(crate) struct OptionalJsonBody<T>(pub(crate) T);

impl<T: DeserializeOwned + Default> FromRequest<ServerState> for OptionalJsonBody<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &ServerState) -> Result<Self, Failure> {
        let payload = Payload::from_request(request, state).await?;
        if payload.bytes.is_empty() {
            return Ok(Self(T::default()));
        }
        json::read(&payload.bytes).map(|ObjectOf(value)| Self(value))
    }
}
