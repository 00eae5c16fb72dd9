//! One action as a publisher writes it.

use std::borrow::Cow;

use bytes::Bytes;
use rendezhook_domain::action::ActionName;
use rendezhook_domain::resource::{ResourceId, ResourceKind, ResourceKindError};
use rendezhook_domain::time::Timestamp;
use rendezhook_intake::{Item, Later};
use serde::Deserialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::json;
use crate::native::fields::FieldChecks;
use crate::native::vocabulary;
use crate::options::BodyLimits;

/// The longest id of a user, in characters.
const MAXIMUM_USER_CHARACTERS: usize = 255;
/// The longest key, in characters.
const MAXIMUM_KEY_CHARACTERS: usize = 255;

/// An action to be published as it is named. Its resource is stored, unless what happened is older than the stored state.
// Texts and objects are borrowed from the body: nothing of a resource is copied or built while it is read.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ActionItem)]
pub(super) struct WrittenItem<'a> {
    /// What happened: the kind of the resource, a dot, and a word. Names outside the catalogue are allowed.
    #[serde(borrow)]
    #[schema(value_type = String, required, max_length = 64, example = "event.confirmed")]
    action: Option<Cow<'a, str>>,
    /// The kind of the resource.
    #[serde(borrow)]
    #[schema(value_type = vocabulary::PublishedKindWord, required)]
    resource_kind: Option<Cow<'a, str>>,
    /// Your own id of the resource: 1 to 255 characters.
    #[serde(borrow)]
    #[schema(value_type = String, required, min_length = 1, max_length = 255, example = "booking-4711")]
    resource_id: Option<Cow<'a, str>>,
    /// The whole state of the resource, at most 256 KiB and 64 levels deep.
    #[serde(borrow)]
    #[schema(value_type = Object, required)]
    resource: Option<&'a RawValue>,
    /// The user it concerns; hooks of a user get that user's actions only.
    #[serde(borrow)]
    #[schema(value_type = Option<String>, max_length = 255)]
    user: Option<Cow<'a, str>>,
    /// When it happened; now when not given.
    #[serde(borrow)]
    #[schema(value_type = Option<String>, format = DateTime)]
    occurred_at: Option<Cow<'a, str>>,
    /// After which no attempt is made to deliver it.
    #[serde(borrow)]
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Cow<'a, str>>,
    /// When it is to be delivered, if not at once: at most 400 days ahead. Until then it can be replaced and cancelled by its `key`.
    /// It carries `resource` as it is given here, and the stored state stays as it is.
    #[serde(borrow)]
    #[schema(value_type = Option<String>, format = DateTime)]
    deliver_at: Option<Cow<'a, str>>,
    /// Names what is delivered later: 1 to 255 characters; needed with `deliver_at`. Publishing again with the same key replaces it.
    #[serde(borrow)]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 255, example = "reminder/booking-4711")]
    key: Option<Cow<'a, str>>,
    /// The resource in the exact form of a dialect, by its name: it replaces what would be rendered for it.
    #[serde(borrow)]
    #[schema(value_type = Option<Object>)]
    representations: Option<&'a RawValue>,
}

impl<'a> WrittenItem<'a> {
    /// Checks every member; what is wrong is named under `place`, a JSON pointer to the item.
    ///
    /// `share` makes bytes of a piece of the body.
    pub(super) fn checked(
        &self,
        place: &str,
        limits: &BodyLimits,
        share: impl Fn(&'a str) -> Bytes,
        checks: &mut FieldChecks,
    ) -> Option<Item> {
        let at = |member: &str| format!("{place}/{member}");
        let mut text = |member: &str, given: Option<&Cow<'a, str>>| match given {
            Some(text) => Some(text.clone()),
            None => {
                checks.refuse(at(member), "this member is missing");
                None
            }
        };
        let action = text("action", self.action.as_ref());
        let kind = text("resource_kind", self.resource_kind.as_ref());
        let resource_id = text("resource_id", self.resource_id.as_ref());

        let action = action.and_then(|text| checks.parse::<ActionName>(at("action"), &text));
        let kind = kind.and_then(|text| checks.check(at("resource_kind"), published_kind(&text)));
        let resource_id =
            resource_id.and_then(|text| checks.check(at("resource_id"), ResourceId::new(&text)));
        if let (Some(action), Some(kind)) = (&action, kind)
            && action.kind() != Some(kind)
        {
            let detail = format!(
                "the action {action} does not happen to a resource of kind {kind}; name the same kind in both"
            );
            checks.refuse(at("resource_kind"), detail);
        }
        if self.resource.is_none() {
            checks.refuse(at("resource"), "this member is missing");
        }
        let resource = self.resource.and_then(|raw| checks.check(at("resource"), object(raw.get(), limits)));
        let representations =
            self.representations.map(|raw| checks.check(at("representations"), object(raw.get(), limits)));
        if let Some(user) = &self.user {
            checks.text(at("user"), user, 1, MAXIMUM_USER_CHARACTERS);
        }
        let mut instant = |member: &str, given: Option<&Cow<'a, str>>| {
            given.and_then(|text| checks.parse::<Timestamp>(at(member), text))
        };
        let occurred_at = instant("occurred_at", self.occurred_at.as_ref());
        let expires_at = instant("expires_at", self.expires_at.as_ref());
        let deliver_at = instant("deliver_at", self.deliver_at.as_ref());
        let later = match (&self.deliver_at, &self.key) {
            (None, None) => None,
            (Some(_), Some(key)) => {
                checks.text(at("key"), key, 1, MAXIMUM_KEY_CHARACTERS);
                deliver_at.map(|deliver_at| Later { deliver_at, key: key.as_ref().into() })
            }
            (Some(_), None) => {
                checks.refuse(at("key"), "what is delivered later needs a key, by which it can be cancelled");
                None
            }
            (None, Some(_)) => {
                checks.refuse(at("key"), "a key is for what is delivered later; give deliver_at with it");
                None
            }
        };
        Some(Item {
            action: action?,
            kind: kind?,
            resource_id: resource_id?,
            resource: share(resource?),
            user: self.user.as_deref().map(Into::into),
            occurred_at,
            expires_at,
            representations: representations.flatten().map(share),
            later,
        })
    }
}

/// Reads the kind of a resource that may be published.
fn published_kind(text: &str) -> Result<ResourceKind, String> {
    let kind: ResourceKind = text.parse().map_err(|error: ResourceKindError| error.to_string())?;
    if !kind.is_published() {
        return Err(format!("only the server itself tells what happens to a {kind}; it cannot be published"));
    }
    Ok(kind)
}

/// Checks that a valid JSON text is an object within bounds.
pub(in crate::native) fn object<'a>(text: &'a str, limits: &BodyLimits) -> Result<&'a str, String> {
    if !text.starts_with('{') {
        return Err(String::from("this must be a JSON object"));
    }
    if text.len() > limits.resource_bytes {
        return Err(format!(
            "this object has {} bytes; at most {} are allowed",
            text.len(),
            limits.resource_bytes
        ));
    }
    if let Some(depth) = json::deeper_than(text, limits.depth) {
        return Err(format!(
            "this object is nested {depth} levels deep; at most {} are allowed",
            limits.depth
        ));
    }
    Ok(text)
}
