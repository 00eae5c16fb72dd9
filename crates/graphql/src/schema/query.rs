//! The query type: a resource by its id, and lists of resources.

use std::sync::Arc;

use async_graphql::Error;
use async_graphql::dynamic::{Field, FieldFuture, FieldValue, Object, ResolverContext, TypeRef};
use rendezhook_domain::resource::{ResourceId, ResourceKind};

use super::TypeName;
use super::arguments::{boolean, identifier, input, instant, integer, text};
use crate::error::QueryError;
use crate::execution::Execution;
use crate::limits::{DEFAULT_FIRST, MAXIMUM_FIRST};
use crate::list::{self, Connection, Filter};
use crate::resource::Resource;

/// The name of the query type.
pub(crate) const QUERY_TYPE: &str = "Query";

const PAGE_INFO: &str = "PageInfo";

/// The field of the query type that lists a kind of resource.
pub(crate) const fn list_field(kind: ResourceKind) -> &'static str {
    match kind {
        ResourceKind::Event => "events",
        ResourceKind::Order => "orders",
        ResourceKind::User => "users",
        ResourceKind::Vyteme => "vytemes",
        ResourceKind::Subscription => "subscriptions",
        ResourceKind::Delivery => "deliveries",
    }
}

/// The query type.
pub(super) fn query() -> Object {
    let query = Object::new(QUERY_TYPE).description("The stored resources of the organization that asks.");
    ResourceKind::PUBLISHED.into_iter().fold(query, |query, kind| query.field(by_id(kind)).field(list(kind)))
}

fn by_id(kind: ResourceKind) -> Field {
    Field::new(kind.name(), TypeRef::named(kind.type_name()), move |context| {
        FieldFuture::new(async move {
            let execution = context.data::<Arc<Execution>>()?;
            // What cannot be an id is the id of nothing.
            let Some(id) = identifier(&context.args, "id").and_then(|id| ResourceId::new(&id).ok()) else {
                return Ok(None);
            };
            Ok(execution.resource(kind, id).await.map(FieldValue::owned_any))
        })
    })
    .description(format!("The {kind} with this id; null when there is none."))
    .argument(input("id"))
}

fn list(kind: ResourceKind) -> Field {
    let field = Field::new(list_field(kind), TypeRef::named(connection_type(kind)), move |context| {
        FieldFuture::new(async move { page(&context, kind).await })
    })
    .description(
        "Resources in the order of their ids. A page may hold fewer nodes than \"first\", even none, while hasNextPage is true: \
         ask for the next one after its endCursor.",
    )
    .argument(
        input("first").description(format!("At most so many, 1 to {MAXIMUM_FIRST}."))
            .default_value(DEFAULT_FIRST),
    )
    .argument(
        input("after").description("The endCursor of the page before."),
    )
    .argument(
        input("updatedAfter").description("Last changed at or after."),
    )
    .argument(
        input("updatedBefore").description("Last changed before."),
    );
    match kind {
        ResourceKind::Event => {
            field
                .argument(input("cancelled").description(
                    "Whether it is cancelled, by its state or by the action that was published.",
                ))
                .argument(input("confirmed").description("Whether confirmed.flag is true."))
        }
        ResourceKind::Order => field
            .argument(input("event").description("Orders with this event.id."))
            .argument(input("status").description("Orders with this order_details.status.")),
        ResourceKind::User | ResourceKind::Vyteme | ResourceKind::Subscription | ResourceKind::Delivery => {
            field
        }
    }
}

async fn page<'a>(
    context: &ResolverContext<'a>,
    kind: ResourceKind,
) -> Result<Option<FieldValue<'a>>, Error> {
    let execution = context.data::<Arc<Execution>>()?;
    let arguments = &context.args;
    let first = integer(arguments, "first").unwrap_or(DEFAULT_FIRST).clamp(1, MAXIMUM_FIRST);
    let after = match text(arguments, "after") {
        Some(cursor) => {
            let after = list::parse_cursor(&cursor);
            if after.is_none() {
                let message = "\"after\" is no cursor; give the endCursor of the page before";
                execution.refuse(QueryError::at(context.ctx.item.pos, message));
                return Ok(None);
            }
            after
        }
        None => None,
    };
    let filter = Filter {
        updated_after: instant(arguments, "updatedAfter"),
        updated_before: instant(arguments, "updatedBefore"),
        cancelled: boolean(arguments, "cancelled"),
        confirmed: boolean(arguments, "confirmed"),
        event: identifier(arguments, "event"),
        status: text(arguments, "status"),
    };
    let first = usize::try_from(first).unwrap_or(1);
    Ok(list::read(execution, kind, &filter, first, after).await.map(FieldValue::owned_any))
}

fn connection_type(kind: ResourceKind) -> String {
    format!("{}Connection", kind.type_name())
}

/// The type of a page of a kind of resource.
pub(super) fn connection(kind: ResourceKind) -> Object {
    Object::new(connection_type(kind))
        .field(Field::new("nodes", TypeRef::named_nn_list_nn(kind.type_name()), |context| {
            FieldFuture::Value(parent_connection(&context).map(|connection| {
                let nodes =
                    connection.nodes.iter().map(|node| FieldValue::owned_any(Arc::<Resource>::clone(node)));
                FieldValue::list(nodes)
            }))
        }))
        .field(Field::new("pageInfo", TypeRef::named_nn(PAGE_INFO), |context| {
            FieldFuture::Value(
                parent_connection(&context).map(|connection| FieldValue::borrowed_any(connection)),
            )
        }))
}

/// The type that tells where a list goes on.
pub(super) fn page_info() -> Object {
    Object::new(PAGE_INFO)
        .field(
            Field::new("endCursor", TypeRef::named(TypeRef::STRING), |context| {
                FieldFuture::Value(
                    parent_connection(&context)
                        .and_then(|connection| connection.end.as_ref())
                        .map(|end| FieldValue::value(list::cursor(end))),
                )
            })
            .description("Give it as \"after\" for the next page; null on an empty list."),
        )
        .field(Field::new("hasNextPage", TypeRef::named_nn(TypeRef::BOOLEAN), |context| {
            FieldFuture::Value(
                parent_connection(&context).map(|connection| FieldValue::value(connection.has_next_page)),
            )
        }))
}

fn parent_connection<'a>(context: &ResolverContext<'a>) -> Option<&'a Connection> {
    context.parent_value.downcast_ref::<Connection>()
}
