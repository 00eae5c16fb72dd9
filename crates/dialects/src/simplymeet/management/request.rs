//! What a client sends to make a hook.

use serde_json::{Map, Value};

use rendezhook_domain::target::{TargetPolicy, TargetUrl, TargetUrlError};
use rendezhook_secrets::SharedSecret;

use super::error::{InvalidArgument, RequestError};
use crate::simplymeet::MeetingEvent;

/// How much of a client's text is repeated to it.
const REPEATED_CHARACTERS: usize = 80;

/// How long a secret may be, in characters.
const MAXIMUM_SECRET_CHARACTERS: usize = 255;

const BLANK: &str = "This value should not be blank.";

/// A hook as a client wants it.
#[derive(Debug)]
pub struct HookRequest {
    /// What it is told of; at least one, in the order in which they were sent.
    pub events: Vec<MeetingEvent>,
    /// Where it is told.
    pub target: TargetUrl,
    /// What its deliveries are signed with.
    pub secret: Option<SharedSecret>,
}

impl HookRequest {
    /// Reads the body of a request. Fields other than `events`, `url` and `secret` are ignored, so that a hook can be sent back as it
    /// was listed.
    ///
    /// # Errors
    /// When the body is no JSON object, or some of its fields are not valid; then all of those are named.
    pub fn parse(body: &[u8], policy: &TargetPolicy) -> Result<Self, RequestError> {
        let value: Value = serde_json::from_slice(body).map_err(RequestError::InvalidJson)?;
        let Value::Object(fields) = value else {
            return Err(RequestError::NotAnObject);
        };
        let events = events(&fields).map_err(|sentence| InvalidArgument::new("events", sentence));
        let target = target(&fields, policy).map_err(|sentence| InvalidArgument::new("url", sentence));
        let secret = secret(&fields).map_err(|sentence| InvalidArgument::new("secret", sentence));
        match (events, target, secret) {
            (Ok(events), Ok(target), Ok(secret)) => Ok(Self { events, target, secret }),
            (events, target, secret) => {
                let wrong = [events.err(), target.err(), secret.err()];
                Err(RequestError::InvalidArguments(wrong.into_iter().flatten().collect()))
            }
        }
    }
}

fn events(fields: &Map<String, Value>) -> Result<Vec<MeetingEvent>, String> {
    let sent = present(fields, "events")?.as_array().ok_or("This value should be of type array.")?;
    if sent.is_empty() {
        return Err(format!("You must select at least one of: {}.", offered()));
    }
    sent.iter().map(event).collect()
}

fn event(sent: &Value) -> Result<MeetingEvent, String> {
    let name = sent.as_str().ok_or("Each of the values should be of type string.")?;
    MeetingEvent::of_name(name).ok_or_else(|| {
        let name: String = name.chars().take(REPEATED_CHARACTERS).collect();
        format!("\"{name}\" is not one of the events that there are: {}.", offered())
    })
}

fn offered() -> String {
    MeetingEvent::ALL.map(MeetingEvent::name).join(", ")
}

fn target(fields: &Map<String, Value>, policy: &TargetPolicy) -> Result<TargetUrl, String> {
    let url = present(fields, "url")?.as_str().ok_or("This value should be of type string.")?;
    TargetUrl::parse(url, policy).map_err(|error| url_sentence(&error))
}

/// What is no URL gets the sentence of the document. What is one that we do not send to is told why.
fn url_sentence(error: &TargetUrlError) -> String {
    let sentence = match error {
        TargetUrlError::Empty => BLANK,
        TargetUrlError::ControlCharacter
        | TargetUrlError::Whitespace
        | TargetUrlError::Backslash
        | TargetUrlError::NoScheme
        | TargetUrlError::NoHost
        | TargetUrlError::NotAUrl(_)
        | TargetUrlError::PortZero
        | TargetUrlError::EmptyLabel { .. }
        | TargetUrlError::HostCharacter { .. }
        | TargetUrlError::HostTooLong => "This value is not a valid URL.",
        TargetUrlError::HttpsNeeded | TargetUrlError::OtherScheme { .. } => {
            "This URL must use https; webhooks are sent over TLS only."
        }
        TargetUrlError::TooLong { .. }
        | TargetUrlError::Userinfo
        | TargetUrlError::PortNotAllowed { .. }
        | TargetUrlError::LocalName { .. }
        | TargetUrlError::SingleLabel { .. }
        | TargetUrlError::Address(_) => return format!("This value is not allowed: {error}."),
    };
    sentence.to_owned()
}

fn secret(fields: &Map<String, Value>) -> Result<Option<SharedSecret>, String> {
    let Some(sent) = fields.get("secret").filter(|value| !value.is_null()) else {
        return Ok(None);
    };
    let text = sent.as_str().ok_or("This value should be of type string.")?;
    if text.is_empty() {
        return Err("This value is too short. It should have 1 character or more.".to_owned());
    }
    if text.chars().count() > MAXIMUM_SECRET_CHARACTERS {
        return Err(format!(
            "This value is too long. It should have {MAXIMUM_SECRET_CHARACTERS} characters or less."
        ));
    }
    Ok(Some(SharedSecret::new(text.to_owned())))
}

/// A mandatory field; null counts as missing.
fn present<'a>(fields: &'a Map<String, Value>, name: &str) -> Result<&'a Value, &'static str> {
    fields.get(name).filter(|value| !value.is_null()).ok_or(BLANK)
}
