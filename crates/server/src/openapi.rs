//! The OpenAPI document (3.1): the paths from the handlers' own descriptions, what all of them share, and the deliveries.

mod webhooks;

use bytes::Bytes;
use rendezhook_domain::resource::ResourceKind;
use serde_json::{Map, Value};
use utoipa::PartialSchema;
use utoipa::ToSchema;
use utoipa::openapi::content::Content;
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn, PathItem};
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{Info, License, OpenApi, Ref, RefOr, Required, Server};

use crate::failure::FieldError;
use crate::options::ServerOptions;
use crate::surface::Problem;

/// What the security scheme is called in the document.
const KEY_SCHEME: &str = "key";
/// The paths on which the organization is in the path, or there is none.
const WITHOUT_ORGANIZATION_PARAMETER: [&str; 5] =
    ["/docs", "/api/v1/organizations", "/health", "/api/openapi", "/api/schemas"];

/// The whole document as JSON.
pub(crate) fn document(mut api: OpenApi, options: &ServerOptions) -> Bytes {
    let mut info = Info::new("rendezhook", env!("CARGO_PKG_VERSION"));
    info.description = Some(String::from(
        "Webhooks for products that schedule things. An *action* is what happened to a *resource*: `event.confirmed`. \
         A *subscription* says who wants which actions where. A *delivery* is one action for one subscription.",
    ));
    info.license = Some(License::new("MIT OR Apache-2.0"));
    api.info = info;
    api.servers = Some(vec![Server::new(options.public_address.as_ref())]);
    api.security = Some(vec![SecurityRequirement::new(KEY_SCHEME, Vec::<String>::new())]);

    let components = api.components.get_or_insert_default();
    let key = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some(
        "An API key of an organization, or the server's admin key with the query parameter `organization_id`.",
    ));
    components.add_security_scheme(KEY_SCHEME, SecurityScheme::Http(key.build()));
    components.schemas.insert(Problem::name().into_owned(), Problem::schema());
    components.schemas.insert(FieldError::name().into_owned(), FieldError::schema());

    for (path, item) in &mut api.paths.paths {
        let names_no_organization =
            WITHOUT_ORGANIZATION_PARAMETER.iter().any(|prefix| path.starts_with(prefix));
        for operation in operations(item) {
            if !names_no_organization {
                add_organization_parameter(operation);
            }
            operation.responses.responses.insert(String::from("default"), problem().into());
        }
    }
    with_deliveries(&api)
}

/// The operations of a path.
fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [&mut item.get, &mut item.put, &mut item.post, &mut item.delete, &mut item.patch].into_iter().flatten()
}

fn add_organization_parameter(operation: &mut Operation) {
    let parameters = operation.parameters.get_or_insert_default();
    let described = |parameter: &RefOr<Parameter>| match parameter {
        RefOr::T(parameter) => parameter.name == "organization_id",
        RefOr::Ref(_) => false,
    };
    if parameters.iter().any(described) {
        return;
    }
    let parameter = ParameterBuilder::new()
        .name("organization_id")
        .parameter_in(ParameterIn::Query)
        .required(Required::False)
        .description(Some("For which organization the server's admin key acts."))
        .schema(Some(ObjectBuilder::new().schema_type(Type::String)))
        .build();
    parameters.push(parameter.into());
}

/// How every request that is not done is answered.
fn problem() -> Response {
    let schema = Ref::from_schema_name(Problem::name());
    ResponseBuilder::new()
        .description("The request is not done; `code` says why")
        .content("application/problem+json", Content::new(Some(schema)))
        .build()
}

/// Adds what the builder's types cannot hold: the JSON Schemas of the resources as they are, and the deliveries.
fn with_deliveries(api: &OpenApi) -> Bytes {
    // Both texts come from this program: a test reads the whole document back.
    let mut document = serde_json::to_value(api).unwrap_or_default();
    if let Some(schemas) = document.pointer_mut("/components/schemas").and_then(Value::as_object_mut) {
        for kind in ResourceKind::ALL {
            schemas.insert(schema_name(kind), serde_json::from_str(kind.schema()).unwrap_or_default());
        }
    }
    if let Some(members) = document.as_object_mut() {
        let webhooks: Map<String, Value> = webhooks::all();
        members.insert(String::from("webhooks"), Value::Object(webhooks));
    }
    Bytes::from(document.to_string())
}

/// What the schema of a kind of resource is called in the document.
fn schema_name(kind: ResourceKind) -> String {
    format!("{kind}_resource")
}
