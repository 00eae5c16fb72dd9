//! `POST /v1/webhooks/init/{events|orders}`: stored resources once more.

use std::collections::HashMap;
use std::time::Duration;

use axum::extract::State;
use axum::response::Response;
use rendezhook_dialects::doo::HookType;
use rendezhook_dialects::doo::management::{self, RePushRequest};
use rendezhook_domain::action::ActionName;
use rendezhook_domain::matching::{ActionPattern, Filter};
use rendezhook_domain::resource::ResourceKind;
use rendezhook_domain::subscription::Subscription;
use rendezhook_intake::{RePush, RePushTarget};
use rendezhook_store::publish::Matched;
use uuid::Uuid;

use super::json;
use crate::access::{ManageSubscriptions, TokenAccess};
use crate::body::Payload;
use crate::failure::Failure;
use crate::state::ServerState;

/// Which hook of a group is told of a stored resource: the first of these that the group has and the request takes.
const PREFERRED: [HookType; 7] = [
    HookType::EventUpdated,
    HookType::EventCreated,
    HookType::OrderUpdated,
    HookType::OrderCreated,
    HookType::OrderCancelled,
    HookType::EventRemoved,
    HookType::OrderRemoved,
];

pub(super) async fn events(
    caller: TokenAccess<ManageSubscriptions>,
    State(state): State<ServerState>,
    payload: Payload,
) -> Result<Response, Failure> {
    push(&caller, &state, &payload, ResourceKind::Event).await
}

pub(super) async fn orders(
    caller: TokenAccess<ManageSubscriptions>,
    State(state): State<ServerState>,
    payload: Payload,
) -> Result<Response, Failure> {
    push(&caller, &state, &payload, ResourceKind::Order).await
}

async fn push(
    caller: &TokenAccess<ManageSubscriptions>,
    state: &ServerState,
    payload: &Payload,
    kind: ResourceKind,
) -> Result<Response, Failure> {
    let wanted = RePushRequest::parse(&payload.bytes, kind)?;
    let number = caller.access.number();
    if wanted.organization.is_some_and(|other| other != number.get()) {
        return Err(Failure::not_found("organization"));
    }
    let targets = targets(caller, &wanted)?;
    let re_push = RePush {
        organization: number,
        kind,
        event: wanted.event,
        changed_from: wanted.updated_after,
        changed_before: wanted.updated_before,
        targets,
        interval: Duration::from_secs(60) / wanted.per_minute.max(1),
    };
    let items = state.intake.push_anew(&re_push, state.now()).await?;
    Ok(json(management::re_pushed(items, kind, &state.options.public_address)))
}

/// One hook of each group, in the order in which the groups were made. Groups of a user are left out: a stored resource does not
/// say whose it is.
fn targets(
    caller: &TokenAccess<ManageSubscriptions>,
    wanted: &RePushRequest,
) -> Result<Vec<RePushTarget>, Failure> {
    let mut chosen: HashMap<Uuid, (usize, &Subscription)> = HashMap::new();
    let mut is_known = wanted.group.is_none();
    for entry in &caller.access.organization.subscriptions {
        let subscription = &entry.subscription;
        let Some(hook) = subscription.hook.doo().filter(|_| caller.sees(subscription)) else { continue };
        if wanted.group.is_some_and(|group| group != hook.group) {
            continue;
        }
        is_known = true;
        let Some(rank) = rank(subscription, wanted).filter(|_| subscription.filter.user.is_none()) else {
            continue;
        };
        let best = chosen.entry(hook.group).or_insert((rank, subscription));
        if rank < best.0 {
            *best = (rank, subscription);
        }
    }
    if !is_known {
        return Err(Failure::not_found("webhook configuration"));
    }
    let mut subscriptions: Vec<&Subscription> =
        chosen.into_values().map(|(_, subscription)| subscription).collect();
    subscriptions.sort_unstable_by_key(|subscription| subscription.number);
    Ok(subscriptions.into_iter().filter_map(|subscription| target(subscription, wanted.kind)).collect())
}

/// How much a hook is preferred; `None` when it is not told of such resources or the request leaves its type out. Without types in the
/// request only hooks for what exists are.
fn rank(subscription: &Subscription, wanted: &RePushRequest) -> Option<usize> {
    let hook_type = HookType::of_filter(&subscription.filter).filter(|found| found.kind() == wanted.kind)?;
    let of_what_exists =
        [HookType::EventUpdated, HookType::EventCreated, HookType::OrderUpdated, HookType::OrderCreated];
    let taken =
        if wanted.hook_types.is_empty() { of_what_exists.as_slice() } else { wanted.hook_types.as_slice() };
    taken.contains(&hook_type).then(|| PREFERRED.iter().position(|preferred| *preferred == hook_type))?
}

fn target(subscription: &Subscription, kind: ResourceKind) -> Option<RePushTarget> {
    Some(RePushTarget {
        matched: Matched { subscription: subscription.number, receiver: subscription.receiver },
        action: told_as(&subscription.filter, kind)?,
        event: subscription.filter.event.clone(),
    })
}

/// The action that a hook is told: an update if it wants updates, else the first that it wants.
fn told_as(filter: &Filter, kind: ResourceKind) -> Option<ActionName> {
    let update = format!("{kind}.updated");
    let names = || {
        filter.actions.iter().filter_map(|pattern| match pattern {
            ActionPattern::Exactly(name) => Some(name),
            ActionPattern::Any | ActionPattern::Kind(_) => None,
        })
    };
    names().find(|name| name.as_str() == update).or_else(|| names().next()).cloned()
}
