//! One hook of a group as a client wants it.

use std::sync::Arc;

use serde_json::Value;

use rendezhook_domain::resource::ResourceKind;
use rendezhook_domain::subscription::{Content, Origin, RequestMethod};
use rendezhook_domain::target::{TargetPolicy, TargetUrl};

use super::fields::{Fields, Problems, beginning};
use crate::doo::HookType;
use crate::doo::origin::check;

/// One hook of a group as a client wants it.
#[derive(Debug, Clone, PartialEq)]
pub struct HookRequest {
    /// What it is told of.
    pub hook_type: HookType,
    /// By which method it is told.
    pub method: RequestMethod,
    /// Where it is told.
    pub target: TargetUrl,
    /// What it is told: what we compose, or the answer of an origin.
    pub content: Content,
}

impl HookRequest {
    /// Reads the hook that stands at `place`; `None` when something is wrong with it.
    pub(super) fn read(
        sent: &Value,
        place: String,
        policy: &TargetPolicy,
        problems: &mut Problems,
    ) -> Option<Self> {
        let fields = Fields::of(sent, place, problems)?;
        let hook_type = hook_type(&fields, problems);
        let method = fields.method("method", problems);
        let target = fields.url("endpoint", policy, problems);
        let content = match fields.optional("origin") {
            None => Some(Content::Composed),
            Some(_) => origin(&fields, hook_type, policy, problems).map(Content::Origin),
        };
        Some(Self { hook_type: hook_type?, method: method?, target: target?, content: content? })
    }
}

fn hook_type(fields: &Fields<'_>, problems: &mut Problems) -> Option<HookType> {
    let name = fields.string("type", problems)?;
    let hook_type = HookType::of_listed_name(name);
    if hook_type.is_none() {
        let offered = HookType::ALL.map(HookType::name).join(", ");
        problems.add(
            fields.place("type"),
            format!("\"{}\" is none of the types; there are: {offered}", beginning(name)),
        );
    }
    hook_type
}

fn origin(
    fields: &Fields<'_>,
    hook_type: Option<HookType>,
    policy: &TargetPolicy,
    problems: &mut Problems,
) -> Option<Origin> {
    let fields = fields.object("origin", problems)?;
    let method = fields.method("method", problems).filter(|method| {
        let carries_body = method.carries_body();
        if !carries_body {
            problems.add(
                fields.place("method"),
                format!("a {method} request carries no body, and an origin is asked by one; use POST"),
            );
        }
        carries_body
    });
    let endpoint = fields.url("endpoint", policy, problems);
    let body = fields.string("body", problems);
    // Of a hook without a valid type it is not known which placeholders mean something; those of an order are let pass.
    let kind = hook_type.map_or(ResourceKind::Order, HookType::kind);
    let body = body.filter(|body| {
        let checked = check(body, kind);
        if let Err(error) = &checked {
            problems.add(fields.place("body"), error.to_string());
        }
        checked.is_ok()
    });
    Some(Origin { method: method?, endpoint: endpoint?, body: Arc::from(body?) })
}
