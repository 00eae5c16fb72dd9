//! What describes the API: the OpenAPI document, the schemas of the resources and the page of problems. No key is needed.

use axum::Extension;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::HeaderValue;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use rendezhook_domain::resource::ResourceKind;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::failure::{Failure, FailureKind};
use crate::parameters::PathParameters;
use crate::state::ServerState;

/// The routes of the documents. An [`OpenApiText`] has to be laid over them.
pub(crate) fn routes() -> OpenApiRouter<ServerState> {
    OpenApiRouter::new().routes(routes!(openapi)).routes(routes!(schema)).routes(routes!(problems))
}

/// The OpenAPI document as it is served.
#[derive(Clone)]
pub(crate) struct OpenApiText(pub(crate) Bytes);

/// This document.
#[utoipa::path(
    get,
    path = "/api/openapi.json",
    tag = "documents",
    security(()),
    responses((status = 200, description = "The OpenAPI document", content_type = "application/json"))
)]
async fn openapi(Extension(OpenApiText(text)): Extension<OpenApiText>) -> Response {
    document("application/json", text)
}

/// The JSON Schema of a kind of resource.
#[utoipa::path(
    get,
    path = "/api/schemas/{file}",
    tag = "documents",
    security(()),
    params((
        "file" = String,
        Path,
        description = "event.json, order.json, user.json or vyteme.json, and subscription.json and delivery.json for notices; resources.graphql for the schema of GraphQL"
    )),
    responses((status = 200, description = "A JSON Schema (2020-12)", content_type = "application/schema+json"))
)]
async fn schema(
    State(state): State<ServerState>,
    PathParameters(file): PathParameters<String>,
) -> Result<Response, Failure> {
    if file == "resources.graphql" {
        return Ok(document("text/plain; charset=utf-8", Bytes::from(state.graphql.sdl())));
    }
    let kind: Option<ResourceKind> = file.strip_suffix(".json").and_then(|kind| kind.parse().ok());
    let kind = kind.ok_or_else(|| Failure::not_found("schema"))?;
    Ok(document("application/schema+json", Bytes::from_static(kind.schema().as_bytes())))
}

/// Explains every kind of problem. The `type` of a problem leads to its place on this page.
#[utoipa::path(
    get,
    path = "/docs/problems",
    tag = "documents",
    security(()),
    responses((status = 200, description = "A page for people", content_type = "text/html"))
)]
async fn problems() -> Response {
    // Everything on the page is text of this program without a character that HTML would read.
    let mut page = String::from(concat!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>Problems</title>\n<h1>Problems</h1>\n",
        "<p>A request that is not done is answered with problem details (RFC 9457). Their code is one of these.</p>\n<dl>\n",
    ));
    for kind in FailureKind::ALL {
        let (code, status) = (kind.code(), kind.status().as_u16());
        let (title, explanation) = (kind.title(), kind.explanation());
        page.push_str(&format!(
            "<dt id=\"{code}\"><code>{code}</code> ({status}) {title}</dt>\n<dd>{explanation}</dd>\n"
        ));
    }
    page.push_str("</dl>\n</html>\n");
    document("text/html; charset=utf-8", Bytes::from(page))
}

fn document(media_type: &'static str, text: Bytes) -> Response {
    let mut response = text.into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
    response
}
