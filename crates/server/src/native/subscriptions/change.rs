//! What may be changed of a subscription: a hook keeps the form in which the API it was made through shows it.

use std::sync::Arc;

use rendezhook_dialects::simplymeet::{self, MeetingEvent};
use rendezhook_dialects::vyte::management::{HookRequest, OFFERED_ACTIONS};
use rendezhook_domain::matching::{ActionPattern, Filter};
use rendezhook_domain::subscription::{
    Content, Dialect, RequestMethod, Subscription, SubscriptionState, TargetAuthentication, VyteBody,
};
use rendezhook_domain::target::TargetPolicy;
use rendezhook_graphql::GraphQl;
use rendezhook_secrets::SharedSecret;

use super::authentication::AuthenticationRequest;
use super::request;
use crate::native::fields::FieldChecks;

/// How the deliveries of a Vyte hook are wrapped; other subscriptions have no such thing.
pub(super) fn vyte_body(
    checks: &mut FieldChecks,
    name: Option<&str>,
    current: &Subscription,
) -> Option<VyteBody> {
    if current.dialect() != Dialect::Vyte {
        checks.refuse("/vyte_body", "only Vyte hooks have this member");
        return None;
    }
    match name? {
        "array" => Some(VyteBody::Array),
        "object" => Some(VyteBody::Object),
        _ => {
            checks.refuse("/vyte_body", "a Vyte delivery is wrapped as array or object");
            None
        }
    }
}

/// The states its owner can choose.
pub(super) fn state(checks: &mut FieldChecks, text: &str) -> Option<SubscriptionState> {
    let found = [SubscriptionState::Enabled, SubscriptionState::Paused]
        .into_iter()
        .find(|state| state.name() == text);
    if found.is_none() {
        checks.refuse("/state", "a subscription can be set to enabled or paused");
    }
    found
}

/// The method of deliveries, which the documents of the other APIs lay down.
pub(super) fn method(checks: &mut FieldChecks, text: &str, current: &Subscription) -> Option<RequestMethod> {
    let laid_down = match current.dialect() {
        Dialect::Standard => return request::method(checks, text),
        Dialect::Vyte => "deliveries of a Vyte hook are always POST requests",
        Dialect::SimplyMeet => "deliveries of a SimplyMeet.me hook are always POST requests",
        Dialect::Doo => "the method belongs to the group of a doo hook; make the group anew",
    };
    checks.refuse("/method", laid_down);
    None
}

/// What the bodies hold from now on. A `select` of `Some(None)` goes back to what the dialect composes; `method` is the new one, if
/// there is to be one.
pub(super) fn content(
    checks: &mut FieldChecks,
    select: Option<Option<&str>>,
    method: Option<RequestMethod>,
    current: &Subscription,
    graphql: &GraphQl,
) -> Option<Content> {
    if select.is_some() && current.dialect() != Dialect::Standard {
        checks.refuse("/select", "only subscriptions of the dialect standard select their bodies");
        return None;
    }
    let content = match select {
        None => None,
        Some(None) => Some(Content::Composed),
        Some(Some(query)) => Some(request::select(checks, query, current.filter.user.as_deref(), graphql)?),
    };
    let pointer = if content.is_some() { "/select" } else { "/method" };
    let resulting = content.as_ref().unwrap_or(&current.content);
    request::body_fits(checks, pointer, method.unwrap_or(current.method), resulting);
    content
}

/// How the target is shown that deliveries may come; `Some(None)`: not at all. Vyte and SimplyMeet.me know no authentication,
/// so any kind can be added to their hooks. Lists of the doo API show the one of a group, so it has to be one they can show.
pub(super) fn authentication(
    checks: &mut FieldChecks,
    wanted: Option<AuthenticationRequest>,
    current: &Subscription,
    policy: &TargetPolicy,
) -> Option<Option<(TargetAuthentication, SharedSecret)>> {
    let Some(wanted) = wanted else {
        return Some(None);
    };
    if current.dialect() == Dialect::Doo {
        if !wanted.is_by_token() {
            checks.refuse("/authentication/type", "a doo hook has oauth2_client_credentials or none (null)");
            return None;
        }
        if wanted.names_scope() {
            checks.refuse("/authentication/scope", "the authentication of a doo hook has no scope");
            return None;
        }
    }
    wanted.check(checks, policy).map(Some)
}

/// Which actions the subscription wants from now on; `None`: those it wants now. An event is `Some(None)` when it is to be no
/// particular one.
pub(super) fn filter(
    checks: &mut FieldChecks,
    actions: Option<Vec<ActionPattern>>,
    event: Option<Option<Arc<str>>>,
    current: &Subscription,
) -> Option<Filter> {
    if event.is_some() && current.dialect() != Dialect::Standard {
        let detail =
            "the API this hook was made through lays down whether it is for one event; make it anew there";
        checks.refuse("/event", detail);
        return None;
    }
    let unchanged = actions.is_none() && event.is_none();
    if unchanged {
        return None;
    }
    let filter = match actions {
        Some(actions) => with_actions(checks, actions, current)?,
        None => current.filter.clone(),
    };
    Some(Filter { event: event.unwrap_or_else(|| current.filter.event.clone()), ..filter })
}

/// A Vyte hook has one action, a SimplyMeet.me hook those of its events, a doo hook those of its type.
fn with_actions(
    checks: &mut FieldChecks,
    actions: Vec<ActionPattern>,
    current: &Subscription,
) -> Option<Filter> {
    let user = current.filter.user.clone();
    match current.dialect() {
        Dialect::Standard => Some(Filter { actions, user, event: None }),
        Dialect::Vyte => match actions.as_slice() {
            [ActionPattern::Exactly(action)] if OFFERED_ACTIONS.contains(&action.as_str()) => {
                let hook = HookRequest { action: action.clone(), target: current.target.clone() };
                Some(hook.filter(user))
            }
            _ => {
                let offered = OFFERED_ACTIONS.join(", ");
                checks.refuse("/actions", format!("a Vyte hook has exactly one action out of: {offered}"));
                None
            }
        },
        Dialect::SimplyMeet => {
            let event = |pattern: &ActionPattern| match pattern {
                ActionPattern::Exactly(action) => MeetingEvent::of_action(action),
                ActionPattern::Any | ActionPattern::Kind(_) => None,
            };
            let events: Option<Vec<MeetingEvent>> = actions.iter().map(event).collect();
            if events.is_none() {
                checks.refuse(
                    "/actions",
                    "a SimplyMeet.me hook has actions out of: event.confirmed, event.updated, event.cancelled",
                );
            }
            events.map(|events| simplymeet::filter(&events, user))
        }
        Dialect::Doo => {
            checks.refuse("/actions", "the actions of a doo hook follow from its type; make its group anew");
            None
        }
    }
}
