//! `/organizations/{vyte_id}/join`: the join link, a form by which people become users of an organization.
//!
//! It is off until the organization turns it on, and then for everybody who has the link: there is no key, and no session that
//! another site could ride on. So the form proves nothing but that somebody filled it in. What it must not do is tell whether
//! an address is known, by its words or by its time.

mod client;
mod form;
mod limits;
mod member;
mod page;

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{DefaultBodyLimit, Extension, RawForm, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Router, extract::rejection::RawFormRejection};
use http::header::RETRY_AFTER;
use http::{HeaderValue, Uri};
use rendezhook_store::catalogue::OrganizationEntry;
use tokio::time::{Instant, sleep_until};

pub(crate) use self::page::failure;

use self::client::ClientAddress;
use self::form::JoinForm;
use self::limits::JoinLimits;
use self::page::{joined, shown};
use crate::failure::{Failure, FailureKind};
use crate::parameters::PathParameters;
use crate::state::ServerState;

/// The longest form, in bytes: all its fields at their longest, percent-encoded, and some room.
const MAXIMUM_FORM_BYTES: usize = 16 * 1024;

/// Answers that could tell whether an address is known come at whole multiples of this after the request. It is longer than a
/// commit takes, so that nearly all of them come after the first.
const ANSWER_PERIOD: Duration = Duration::from_millis(250);

/// The routes of the join link. Its limits are those of the router that is made here.
pub(super) fn routes() -> Router<ServerState> {
    let form = get(show).post(join).layer(DefaultBodyLimit::max(MAXIMUM_FORM_BYTES));
    Router::new()
        .route("/organizations/{vyte_id}/join", form)
        .layer(Extension(Arc::new(JoinLimits::default())))
}

async fn show(
    State(state): State<ServerState>,
    PathParameters(vyte_id): PathParameters<String>,
    uri: Uri,
) -> Result<Response, Failure> {
    let organization = open_organization(&state, &vyte_id)?;
    let form = JoinForm::of_link(uri.query().unwrap_or_default().as_bytes())?;
    Ok(shown(&organization.organization.name, &form, &[]))
}

async fn join(
    State(state): State<ServerState>,
    Extension(limits): Extension<Arc<JoinLimits>>,
    ClientAddress(client): ClientAddress,
    PathParameters(vyte_id): PathParameters<String>,
    body: Result<RawForm, RawFormRejection>,
) -> Result<Response, Failure> {
    let now = state.now();
    // Before anything else, so that a wrong id costs as much as a right one.
    if let Err(wait) = limits.of_client(client, now) {
        return Ok(too_many(wait));
    }
    let organization = open_organization(&state, &vyte_id)?;
    if let Err(wait) = limits.of_organization(organization.organization.number, now) {
        return Ok(too_many(wait));
    }
    let RawForm(body) = body.map_err(unreadable)?;
    let form = JoinForm::filled_in(&body)?;
    let answers = match form.check() {
        Ok(answers) => answers,
        Err(errors) => return Ok(shown(&organization.organization.name, &form, &errors)),
    };
    in_even_time(member::join(&state.intake, &organization.organization, &answers, now)).await?;
    Ok(joined(&organization.organization.name))
}

/// The organization whose join link this is. One that has turned it off answers as one that does not exist.
fn open_organization(state: &ServerState, vyte_id: &str) -> Result<Arc<OrganizationEntry>, Failure> {
    let catalogue = state.store.catalogue();
    let found = catalogue.organization_by_vyte_id(vyte_id).filter(|entry| entry.organization.join_link);
    found.map(Arc::clone).ok_or_else(|| Failure::not_found("page"))
}

/// Does some work and answers when the next whole period has passed.
async fn in_even_time<T>(work: impl Future<Output = T>) -> T {
    let started = Instant::now();
    let answer = work.await;
    let mut end = started + ANSWER_PERIOD;
    while end < Instant::now() {
        end += ANSWER_PERIOD;
    }
    sleep_until(end).await;
    answer
}

fn too_many(wait: Duration) -> Response {
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    let mut response = (StatusCode::TOO_MANY_REQUESTS, page::too_many(seconds)).into_response();
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    response
}

fn unreadable(rejection: RawFormRejection) -> Failure {
    match rejection.status() {
        StatusCode::UNSUPPORTED_MEDIA_TYPE => Failure::new(
            FailureKind::UnsupportedMediaType,
            "send the form as application/x-www-form-urlencoded",
        ),
        StatusCode::PAYLOAD_TOO_LARGE => Failure::new(
            FailureKind::BodyTooLarge,
            format!("the form is longer than {MAXIMUM_FORM_BYTES} bytes"),
        ),
        _ => Failure::invalid_request("the form ended early"),
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::sleep;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn work_of_any_length_ends_at_a_whole_period() {
        for (length, periods) in [(0, 1), (7, 1), (249, 1), (251, 2), (760, 4)] {
            let started = Instant::now();
            in_even_time(sleep(Duration::from_millis(length))).await;
            assert_eq!(started.elapsed(), ANSWER_PERIOD * periods, "{length} ms");
        }
    }
}
