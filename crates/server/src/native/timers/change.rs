//! Making and changing timers.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::LOCATION;
use http::{HeaderValue, StatusCode};
use rendezhook_domain::id::TimerId;
use rendezhook_domain::resource::ResourceKind;
use rendezhook_domain::timer::{Anchor, LatePolicy, Lateness, Rule};
use rendezhook_secrets::SystemRandomness;
use rendezhook_store::change::{CatalogueChange, NewTimer, TimerUpdate};
use rendezhook_store::identity::NewId;
use serde::Deserialize;
use utoipa::ToSchema;

use super::request::{self, OffsetRequest};
use super::{TimerView, find};
use crate::access::{Access, ManageOrganization};
use crate::body::JsonBody;
use crate::failure::Failure;
use crate::native::fields::{FieldChecks, present};
use crate::native::vocabulary;
use crate::parameters::PathParameters;
use crate::state::ServerState;

/// A timer to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TimerRequest {
    /// What you call it: 1 to 255 characters. Deliveries name it.
    #[schema(min_length = 1, max_length = 255, example = "starting soon")]
    name: String,
    /// What it fires: a name of your own. The kind of resource it begins with is the kind that is watched.
    #[schema(max_length = 64, example = "event.starting")]
    action: String,
    /// The kind of resource, when you like to say it; it has to be the one of the action.
    #[schema(value_type = Option<vocabulary::ResourceKindWord>)]
    resource_kind: Option<String>,
    /// The instant it counts from: `start` or `end` of an event's confirmed date; `created`: when the resource was first accepted;
    /// `changed`: its last change; or a JSON pointer to an instant in the resource, such as `/valid_until`.
    #[schema(max_length = 255, example = "start")]
    anchor: String,
    /// How far from there: a duration such as `-15m`, `1d` or `-PT1H30M`, or seconds; negative: before it. Days are those of the
    /// calendar in the resource's `timezone`. At most 366 days.
    #[schema(value_type = Object, example = "-15m")]
    offset: OffsetRequest,
    /// For which events; `any` when left out. Cancelled and removed resources never fire, and those with the anchors `start` and
    /// `end` have to be confirmed.
    #[schema(value_type = Option<vocabulary::TimerConditionWord>)]
    only_if: Option<String>,
    /// Whether it fires when it is late, because the server was down; `fire` when left out. What fires late says so in
    /// `data.late_by_seconds` and the header `webhook-late-by`.
    #[schema(value_type = Option<vocabulary::LatePolicyWord>)]
    late: Option<LatePolicy>,
    /// From how many seconds on it is late: 60 when left out.
    #[schema(minimum = 1, maximum = 31_622_400)]
    late_after_seconds: Option<u32>,
    /// How many seconds after its time its action expires; when left out, deliveries have their whole schedule.
    #[schema(minimum = 1, maximum = 31_622_400)]
    expires_after_seconds: Option<u32>,
}

/// Makes a timer. It applies to resources that are there already too, as far as its time for them is still to come; an organization
/// may have 50.
#[utoipa::path(
    post,
    path = "/api/v1/timers",
    tag = "timers",
    operation_id = "create_timer",
    request_body = TimerRequest,
    responses((status = 201, description = "The timer", body = TimerView))
)]
pub(crate) async fn create(
    access: Access<ManageOrganization>,
    State(state): State<ServerState>,
    JsonBody(request): JsonBody<TimerRequest>,
) -> Result<Response, Failure> {
    let now = state.now();
    let mut checks = FieldChecks::default();
    checks.text("/name", &request.name, 1, 255);
    let action = request::action(&mut checks, &request.action);
    let kind = action.as_ref().and_then(|action| action.kind());
    let named_kind: Option<ResourceKind> =
        request.resource_kind.as_deref().and_then(|text| checks.parse("/resource_kind", text));
    if named_kind.is_some() && kind.is_some() && named_kind != kind {
        checks.refuse("/resource_kind", "this is another kind than the one the action names");
    }
    let anchor: Option<Anchor> = checks.parse("/anchor", &request.anchor);
    let offset = request.offset.checked(&mut checks);
    let condition = match request.only_if.as_deref() {
        Some(text) => request::condition(&mut checks, text),
        None => Some(Default::default()),
    };
    let rule = anchor.zip(offset).zip(condition).map(|((anchor, offset), condition)| Rule {
        anchor,
        offset,
        condition,
    });
    if let (Some(_), Some(rule)) = (kind, &rule) {
        request::rule(&mut checks, kind, rule);
    }
    let late_after_seconds = request.late_after_seconds.unwrap_or(Lateness::default().late_after_seconds);
    request::seconds(&mut checks, "/late_after_seconds", late_after_seconds);
    if let Some(seconds) = request.expires_after_seconds {
        request::seconds(&mut checks, "/expires_after_seconds", seconds);
    }
    let (action, rule) = checks.finish_with(action.zip(rule))?;

    let id = TimerId::new_at(now, &mut SystemRandomness)?;
    let timer = NewTimer {
        id,
        organization: access.number(),
        name: request.name.into(),
        action,
        rule,
        lateness: Lateness { policy: request.late.unwrap_or_default(), late_after_seconds },
        expires_after_seconds: request.expires_after_seconds,
        created_at: now,
    };
    let catalogue = state.change(CatalogueChange::CreateTimer(Box::new(timer))).await?;
    let made = catalogue
        .organization(access.number())
        .and_then(|entry| entry.timers.iter().find(|timer| timer.id == id));
    let made = made.ok_or_else(|| Failure::not_found("timer"))?;
    let mut response = (StatusCode::CREATED, Json(TimerView::from(made.as_ref()))).into_response();
    if let Ok(location) = HeaderValue::try_from(format!("/api/v1/timers/{id}")) {
        response.headers_mut().insert(LOCATION, location);
    }
    Ok(response)
}

/// New values of a timer; a member that is left out stays as it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TimerPatch {
    /// What you call it: 1 to 255 characters.
    #[schema(min_length = 1, max_length = 255)]
    name: Option<String>,
    /// What it fires, of the same kind of resource as before.
    #[schema(max_length = 64)]
    action: Option<String>,
    /// The instant it counts from.
    #[schema(max_length = 255)]
    anchor: Option<String>,
    /// How far from there.
    #[schema(value_type = Option<Object>)]
    offset: Option<OffsetRequest>,
    /// For which events.
    #[schema(value_type = Option<vocabulary::TimerConditionWord>)]
    only_if: Option<String>,
    /// Whether it fires when it is late.
    #[schema(value_type = Option<vocabulary::LatePolicyWord>)]
    late: Option<LatePolicy>,
    /// From how many seconds on it is late.
    #[schema(minimum = 1, maximum = 31_622_400)]
    late_after_seconds: Option<u32>,
    /// How many seconds after its time its action expires; null: it does not.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<u32>, required = false, minimum = 1, maximum = 31_622_400)]
    expires_after_seconds: Option<Option<u32>>,
}

/// Changes a timer. What it fires and how counts from the moment this is answered; when it fires is made anew for all resources that
/// are there, as far as its time for them is still to come.
#[utoipa::path(
    patch,
    path = "/api/v1/timers/{timer_id}",
    tag = "timers",
    operation_id = "update_timer",
    params(("timer_id" = String, Path, description = "The timer's id")),
    request_body = TimerPatch,
    responses((status = 200, description = "The timer as it is now", body = TimerView))
)]
pub(crate) async fn update(
    access: Access<ManageOrganization>,
    State(state): State<ServerState>,
    PathParameters(id): PathParameters<String>,
    JsonBody(patch): JsonBody<TimerPatch>,
) -> Result<Json<TimerView>, Failure> {
    let current = find(&access, &id)?;
    let mut checks = FieldChecks::default();
    if let Some(name) = &patch.name {
        checks.text("/name", name, 1, 255);
    }
    let action = patch.action.as_deref().and_then(|text| request::action(&mut checks, text));
    if action.as_ref().is_some_and(|action| action.kind() != current.kind()) {
        checks.refuse("/action", "this action is of another kind of resource; make another timer for it");
    }
    let anchor = patch.anchor.as_deref().and_then(|text| checks.parse("/anchor", text));
    let offset = patch.offset.as_ref().and_then(|offset| offset.checked(&mut checks));
    let condition = patch.only_if.as_deref().and_then(|text| request::condition(&mut checks, text));
    let rule = Rule {
        anchor: anchor.unwrap_or_else(|| current.rule.anchor.clone()),
        offset: offset.unwrap_or(current.rule.offset),
        condition: condition.unwrap_or(current.rule.condition),
    };
    request::rule(&mut checks, current.kind(), &rule);
    let lateness = Lateness {
        policy: patch.late.unwrap_or(current.lateness.policy),
        late_after_seconds: patch.late_after_seconds.unwrap_or(current.lateness.late_after_seconds),
    };
    request::seconds(&mut checks, "/late_after_seconds", lateness.late_after_seconds);
    if let Some(Some(seconds)) = patch.expires_after_seconds {
        request::seconds(&mut checks, "/expires_after_seconds", seconds);
    }
    checks.finish()?;

    let update = TimerUpdate {
        organization: access.number(),
        timer: current.number,
        name: patch.name.map(Into::into),
        action,
        rule: Some(rule),
        lateness: Some(lateness),
        expires_after_seconds: patch.expires_after_seconds,
        at: state.now(),
    };
    let number = current.number;
    let catalogue = state.change(CatalogueChange::UpdateTimer(Box::new(update))).await?;
    let changed = catalogue.organization(access.number()).and_then(|entry| entry.timer(number));
    changed.map(|timer| Json(timer.as_ref().into())).ok_or_else(|| Failure::not_found("timer"))
}
