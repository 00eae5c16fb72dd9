//! Maintenance windows as they are written, and changing a receiver.

use axum::Json;
use axum::extract::State;
use rendezhook_domain::delivery_order::DeliveryOrder;
use rendezhook_domain::pause::{Interruptions, MaintenanceWindow, Weekday};
use rendezhook_domain::time::Timestamp;
use rendezhook_store::change::ReceiverUpdate;
use serde::Deserialize;
use utoipa::ToSchema;

use super::view::ReceiverView;
use super::{change, find};
use crate::access::{Access, ManageSubscriptions};
use crate::body::JsonBody;
use crate::failure::Failure;
use crate::json::ObjectOf;
use crate::native::fields::FieldChecks;
use crate::native::vocabulary;
use crate::parameters::PathParameters;
use crate::state::ServerState;

/// New values of a receiver; a member that is left out stays as it is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReceiverPatch {
    /// Which of its deliveries wait for each other from now on: those of the same `resource`, `none`, or, one action at a time, all of
    /// them (`strict`). What is under way is finished first; then waiting deliveries go on in the new order.
    #[schema(value_type = Option<vocabulary::DeliveryOrderWord>)]
    order: Option<DeliveryOrder>,
    /// When it gets nothing: all windows, at most 20. They begin and end by themselves; what comes meanwhile waits.
    #[schema(value_type = Option<Vec<WindowRequest>>, max_items = 20)]
    maintenance: Option<Vec<ObjectOf<WindowRequest>>>,
}

/// A stretch of time in which a receiver gets nothing: once, from one instant to another, at most 31 days; or on some days of every
/// week, from one time of the day to another by the clock of a time zone, on the next day when the second is not later.
#[derive(Deserialize, ToSchema)]
#[schema(as = MaintenanceWindow)]
#[serde(deny_unknown_fields)]
pub(crate) struct WindowRequest {
    /// The days on which it opens: `mon`, `tue`, `wed`, `thu`, `fri`, `sat`, `sun`. Only of a weekly one.
    #[schema(value_type = Option<Vec<String>>, example = json!(["sun"]))]
    weekdays: Option<Vec<Weekday>>,
    /// When it opens: an instant, or of a weekly one a time of the day.
    #[schema(example = "02:00")]
    from: String,
    /// When it closes.
    #[schema(example = "04:00")]
    until: String,
    /// The name of a time zone in the IANA database. Only of a weekly one, `UTC` when not given.
    #[schema(example = "Europe/Paris")]
    time_zone: Option<String>,
}

/// Changes a receiver.
#[utoipa::path(
    patch,
    path = "/api/v1/receivers/{receiver_id}",
    tag = "receivers",
    operation_id = "update_receiver",
    params(("receiver_id" = String, Path, description = "The receiver's id")),
    request_body = ReceiverPatch,
    responses((status = 200, description = "The receiver as it is now", body = ReceiverView))
)]
pub(crate) async fn update(
    access: Access<ManageSubscriptions>,
    State(state): State<ServerState>,
    PathParameters(id): PathParameters<String>,
    JsonBody(patch): JsonBody<ReceiverPatch>,
) -> Result<Json<ReceiverView>, Failure> {
    let receiver = find(&access, &id)?.id;
    let mut checks = FieldChecks::default();
    let maintenance = patch.maintenance.map(|windows| windows_of(&mut checks, windows));
    checks.finish()?;
    let update = ReceiverUpdate { order: patch.order, maintenance, ..ReceiverUpdate::default() };
    change(&access, &state, receiver, update).await
}

/// The windows that are right; the others are named.
fn windows_of(checks: &mut FieldChecks, windows: Vec<ObjectOf<WindowRequest>>) -> Vec<MaintenanceWindow> {
    let most = Interruptions::MAXIMUM_WINDOWS;
    if windows.len() > most {
        checks.refuse("/maintenance", format!("a receiver has at most {most} windows"));
        return Vec::new();
    }
    let windows = windows.into_iter().enumerate();
    windows.filter_map(|(place, ObjectOf(window))| window.check(checks, place)).collect()
}

impl WindowRequest {
    fn check(self, checks: &mut FieldChecks, place: usize) -> Option<MaintenanceWindow> {
        let at = |member: &str| format!("/maintenance/{place}{member}");
        let Some(weekdays) = self.weekdays else {
            if self.time_zone.is_some() {
                checks.refuse(
                    at("/time_zone"),
                    "a window that opens once is given by instants; leave this member out",
                );
            }
            let from = checks.parse::<Timestamp>(at("/from"), &self.from);
            let until = checks.parse::<Timestamp>(at("/until"), &self.until);
            return checks.check(at(""), MaintenanceWindow::once(from?, until?));
        };
        let from = checks.parse(at("/from"), &self.from);
        let until = checks.parse(at("/until"), &self.until);
        let zone = checks.parse(at("/time_zone"), self.time_zone.as_deref().unwrap_or("UTC"));
        checks.check(at(""), MaintenanceWindow::weekly(weekdays, from?, until?, zone?))
    }
}
