//! `/graphql`: questions about the organization's stored resources, for whoever may read them.

use std::time::Duration;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, StatusCode};
use rendezhook_graphql::{Outcome, Query};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tokio::time::Instant;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::{Access, Read};
use crate::body::JsonBody;
use crate::failure::{Failure, FailureKind};
use crate::state::ServerState;

/// How long a query may take.
const TIME_LIMIT: Duration = Duration::from_secs(10);

/// The media type of GraphQL over HTTP, whose answers tell by their status whether the query was executed.
const GRAPHQL_RESPONSE: &str = "application/graphql-response+json";

/// The route of GraphQL.
pub(crate) fn routes() -> OpenApiRouter<ServerState> {
    OpenApiRouter::new().routes(routes!(graphql))
}

/// A query.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GraphQlRequest {
    /// The query document, at most 16 KiB.
    #[schema(example = "query Visit($id: ID!) { event(id: $id) { title } }")]
    query: String,
    /// Which operation of the document is executed; needed when there are several.
    #[serde(default)]
    operation_name: Option<String>,
    /// The values of the operation's variables.
    #[serde(default)]
    variables: Option<Map<String, Value>>,
}

/// The answer: `data`, or `errors` with their places in the query.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct GraphQlAnswer {
    /// What the query asks for.
    data: Option<Map<String, Value>>,
    /// Why nothing is answered.
    errors: Option<Vec<Map<String, Value>>>,
}

/// Answers a GraphQL query over the stored resources: `event`, `order`, `user` and `vyteme` by their ids, and lists of them. The schema is
/// at `/api/schemas/resources.graphql`, and answers to introspection.
#[utoipa::path(
    post,
    path = "/graphql",
    tag = "resources",
    operation_id = "graphql",
    request_body = GraphQlRequest,
    responses((status = 200, description = "The answer, or errors of the query", body = GraphQlAnswer))
)]
async fn graphql(
    access: Access<Read>,
    State(state): State<ServerState>,
    headers: HeaderMap,
    JsonBody(request): JsonBody<GraphQlRequest>,
) -> Result<Response, Failure> {
    let GraphQlRequest { query, operation_name, variables } = request;
    let query = Query { query, operation_name, variables };
    let answer = state.graphql.execute(access.number(), &query, Instant::now() + TIME_LIMIT).await;
    if let Outcome::Unavailable(error) = answer.outcome {
        return Err(error.into());
    }
    let tells_by_status = accepts_graphql_response(&headers);
    let status = match answer.outcome {
        Outcome::TimedOut => {
            return Err(Failure::new(
                FailureKind::Unavailable,
                "the query was not answered in time; ask for fewer resources at once",
            ));
        }
        Outcome::Refused(_) if tells_by_status => StatusCode::BAD_REQUEST,
        Outcome::Refused(_) | Outcome::Complete | Outcome::Unavailable(_) => StatusCode::OK,
    };
    let media_type = if tells_by_status { GRAPHQL_RESPONSE } else { "application/json" };
    let mut response = (status, answer.body).into_response();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// Whether the client asks for the media type of GraphQL over HTTP. Others get `application/json`, always with 200, as they are
/// used to (GraphQL over HTTP, section 6.4).
fn accepts_graphql_response(headers: &HeaderMap) -> bool {
    headers
        .get_all(ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .any(|value| value.to_ascii_lowercase().contains(GRAPHQL_RESPONSE))
}
