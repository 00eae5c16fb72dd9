//! How the body of a publish is described.

use std::borrow::Cow;

use utoipa::openapi::schema::{ArrayBuilder, OneOfBuilder, Schema};
use utoipa::openapi::{Ref, RefOr};
use utoipa::{PartialSchema, ToSchema};

use super::item::WrittenItem;

/// How a JSON body is described. It has no values: a body is read item by item.
pub(super) enum OneOrMany {}

impl PartialSchema for OneOrMany {
    fn schema() -> RefOr<Schema> {
        let item = || Ref::from_schema_name(WrittenItem::name());
        OneOfBuilder::new()
            .item(item())
            .item(ArrayBuilder::new().items(item()).max_items(Some(10_000)))
            .into()
    }
}

impl ToSchema for OneOrMany {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("ActionItems")
    }
}
