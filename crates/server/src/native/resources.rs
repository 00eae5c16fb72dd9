//! `/api/v1/resources/{kind}/{id}`: publishing a resource's state, from which the actions are derived.

mod precondition;
mod remove;
mod replace;
mod show;

use std::sync::Arc;

use rendezhook_domain::action::ActionName;
use rendezhook_domain::id::ActionId;
use rendezhook_domain::resource::{ResourceId, ResourceKind};
use rendezhook_domain::time::Timestamp;
use rendezhook_intake::PutAnswer;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::failure::{Failure, FailureKind};
use crate::native::warnings::{self, WarningView};
use crate::parameters::parsed;
use crate::state::ServerState;

pub(super) fn routes() -> OpenApiRouter<ServerState> {
    OpenApiRouter::new().routes(routes!(show::show, replace::replace, remove::remove))
}

/// What is said of a change beside the state itself.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ChangeQuery {
    /// The user it concerns; hooks of a user get that user's actions only.
    user: Option<String>,
    /// When it changed; now when not given.
    #[param(value_type = Option<String>, format = DateTime)]
    occurred_at: Option<String>,
    /// After which no attempt is made to deliver what was derived.
    #[param(value_type = Option<String>, format = DateTime)]
    expires_at: Option<String>,
    /// For which organization the server's admin key acts.
    #[expect(dead_code, reason = "read with the key; named here so that it is not refused as unknown")]
    organization_id: Option<String>,
}

/// The query of a change, checked.
struct ChangeFacts {
    user: Option<Arc<str>>,
    occurred_at: Option<Timestamp>,
    expires_at: Option<Timestamp>,
}

impl ChangeQuery {
    fn checked(self) -> Result<ChangeFacts, Failure> {
        let user_fits = self.user.as_deref().is_none_or(|user| (1..=255).contains(&user.chars().count()));
        if !user_fits {
            return Err(Failure::invalid_request("the query parameter user must have 1 to 255 characters"));
        }
        Ok(ChangeFacts {
            user: self.user.map(Into::into),
            occurred_at: parsed("occurred_at", self.occurred_at.as_deref())?,
            expires_at: parsed("expires_at", self.expires_at.as_deref())?,
        })
    }
}

/// What a change led to. It is on disk.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ChangeView {
    /// The resource's version now.
    version: u64,
    /// What happened, in order; empty when the state is the stored one.
    actions: Vec<DerivedActionView>,
    /// What of the state does not fit the schema of its kind, when the organization's `schema_check` is `warn`: at most 10 parts.
    /// Left out when it fits.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false, max_items = 10)]
    warnings: Vec<WarningView>,
}

/// A derived action.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DerivedAction)]
pub(crate) struct DerivedActionView {
    /// Its id.
    #[schema(value_type = String, example = "act_0198b2f0c0de7000800000000000abcd")]
    id: ActionId,
    /// What happened.
    #[schema(value_type = String, example = "event.updated")]
    action: ActionName,
    /// Which members changed: JSON pointers (RFC 6901) into the resource.
    #[schema(example = json!(["/dates/0/date"]))]
    changes: Vec<String>,
    /// How many deliveries it makes: one for each subscription that wants it.
    deliveries: u32,
}

impl From<PutAnswer> for ChangeView {
    fn from(answer: PutAnswer) -> Self {
        let view = |action: rendezhook_intake::DerivedAction| DerivedActionView {
            id: action.id,
            action: action.name,
            changes: action.changes,
            deliveries: action.deliveries,
        };
        Self {
            version: answer.version,
            actions: answer.actions.into_iter().map(view).collect(),
            warnings: warnings::shown(answer.warnings),
        }
    }
}

/// Kind and id as the path names them. An unknown kind is no path, an id that cannot be one is a wrong request.
fn named(kind: &str, id: &str) -> Result<(ResourceKind, ResourceId), Failure> {
    let kind = kind.parse().ok().filter(|kind: &ResourceKind| kind.is_published()).ok_or_else(|| {
        Failure::new(
            FailureKind::NotFound,
            "there is no such kind of resource; there are: event, order, user, vyteme",
        )
    })?;
    let id = ResourceId::new(id).map_err(|error| Failure::invalid_request(error.to_string()))?;
    Ok((kind, id))
}
