//! Header fields that several dialects send.

use http::header::{CONTENT_TYPE, InvalidHeaderValue};
use http::{HeaderMap, HeaderName, HeaderValue};

use rendezhook_domain::delivery::DeliveryOrigin;
use rendezhook_domain::time::Timestamp;
use rendezhook_secrets::{SecretHeader, SigningSecret};

use crate::delivery::{BuildError, DeliveryContext};

// Names of Standard Webhooks, in lower case since some receivers look them up by that spelling.
static WEBHOOK_ID: HeaderName = HeaderName::from_static("webhook-id");
static WEBHOOK_TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
static WEBHOOK_SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");
// Our own beside them: what a receiver may want to know of this attempt, outside the body, which never changes.
static WEBHOOK_SEQUENCE: HeaderName = HeaderName::from_static("webhook-sequence");
static WEBHOOK_PREVIOUS: HeaderName = HeaderName::from_static("webhook-previous");
static WEBHOOK_FOLDED: HeaderName = HeaderName::from_static("webhook-folded");
static WEBHOOK_ATTEMPT: HeaderName = HeaderName::from_static("webhook-attempt");
static WEBHOOK_TRIGGER: HeaderName = HeaderName::from_static("webhook-trigger");
static WEBHOOK_REPLAY: HeaderName = HeaderName::from_static("webhook-replay");
static WEBHOOK_LATE_BY: HeaderName = HeaderName::from_static("webhook-late-by");
static WEBHOOK_OVERTAKEN: HeaderName = HeaderName::from_static("webhook-overtaken");

/// How many fields the longest request of a dialect has.
const CAPACITY: usize = 11;

/// `content-type`, `webhook-id`, and `webhook-timestamp` in whole seconds: what says which message this is and when it was sent.
pub(crate) fn identified(context: &DeliveryContext<'_>, now: Timestamp) -> Result<HeaderMap, BuildError> {
    identified_as(context.delivery.to_string(), now)
}

fn identified_as(id: String, now: Timestamp) -> Result<HeaderMap, BuildError> {
    let mut headers = HeaderMap::with_capacity(CAPACITY);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(&WEBHOOK_ID, value(id)?);
    headers.insert(&WEBHOOK_TIMESTAMP, HeaderValue::from(now.seconds()));
    Ok(headers)
}

/// `webhook-signature` in a form that the dialect made.
pub(crate) fn insert_signature(headers: &mut HeaderMap, signature: String) -> Result<(), BuildError> {
    headers.insert(&WEBHOOK_SIGNATURE, value(signature)?);
    Ok(())
}

/// The fields of [`identified`] and the signature of Standard Webhooks:
/// `webhook-signature` with one token a key, the newest key first, divided by single spaces. Receivers' libraries are known to
/// refuse any other division.
pub(crate) fn signed(
    context: &DeliveryContext<'_>,
    body: &[u8],
    now: Timestamp,
) -> Result<HeaderMap, BuildError> {
    signed_as(&context.delivery.to_string(), context.keys, body, now)
}

/// As [`signed`], for what is no delivery.
pub(crate) fn signed_as(
    id: &str,
    keys: &[&SigningSecret],
    body: &[u8],
    now: Timestamp,
) -> Result<HeaderMap, BuildError> {
    if keys.is_empty() {
        return Err(BuildError::NoSigningKey);
    }
    let timestamp = now.seconds();
    let mut signature = String::with_capacity((SigningSecret::TOKEN_BYTES + 1) * keys.len());
    for key in keys {
        if !signature.is_empty() {
            signature.push(' ');
        }
        key.append_signature(id, timestamp, body, &mut signature);
    }

    let mut headers = identified_as(id.to_owned(), now)?;
    insert_signature(&mut headers, signature)?;
    Ok(headers)
}

/// Which version of the resource this is, which one the receiver accepted before it, and which attempt;
/// `webhook-overtaken: true` when later actions of the resource were delivered before.
pub(crate) fn insert_order(headers: &mut HeaderMap, context: &DeliveryContext<'_>) {
    headers.insert(&WEBHOOK_SEQUENCE, HeaderValue::from(context.action.version));
    if let Some(previous) = context.previous {
        headers.insert(&WEBHOOK_PREVIOUS, HeaderValue::from(previous));
    }
    headers.insert(&WEBHOOK_ATTEMPT, HeaderValue::from(context.attempt));
    if context.overtaken {
        headers.insert(&WEBHOOK_OVERTAKEN, HeaderValue::from_static("true"));
    }
}

/// `webhook-folded` with the number of waiting updates that this delivery stands for beside its own, when there are any.
pub(crate) fn insert_folded(headers: &mut HeaderMap, context: &DeliveryContext<'_>) {
    if let Some(folded) = context.folded {
        headers.insert(&WEBHOOK_FOLDED, HeaderValue::from(folded.count));
    }
}

/// `webhook-trigger: test` on a delivery that somebody asked for as a test, `re-push` on one that was asked for to have a stored
/// state again, `replay` on the same message once more and `backfill` on one that another subscription got; the latter two also
/// carry `webhook-replay: true`. Their bodies are those of others.
/// `timer` on what has waited for its time, with `webhook-late-by` in whole seconds when it was late.
pub(crate) fn insert_trigger(headers: &mut HeaderMap, context: &DeliveryContext<'_>) {
    match context.origin {
        DeliveryOrigin::Original => {
            if let Some(fired) = &context.action.fired {
                headers.insert(&WEBHOOK_TRIGGER, HeaderValue::from_static("timer"));
                if let Some(seconds) = fired.late_by_seconds {
                    headers.insert(&WEBHOOK_LATE_BY, HeaderValue::from(seconds));
                }
            }
        }
        DeliveryOrigin::Test => {
            headers.insert(&WEBHOOK_TRIGGER, HeaderValue::from_static("test"));
        }
        DeliveryOrigin::RePush => {
            headers.insert(&WEBHOOK_TRIGGER, HeaderValue::from_static("re-push"));
        }
        DeliveryOrigin::Replay => {
            headers.insert(&WEBHOOK_TRIGGER, HeaderValue::from_static("replay"));
            headers.insert(&WEBHOOK_REPLAY, HeaderValue::from_static("true"));
        }
        DeliveryOrigin::Backfill => {
            headers.insert(&WEBHOOK_TRIGGER, HeaderValue::from_static("backfill"));
            headers.insert(&WEBHOOK_REPLAY, HeaderValue::from_static("true"));
        }
    }
}

/// What the subscription's owner has sent beside, marked so that nobody prints it. It takes the place of nothing that is there.
pub(crate) fn add_custom(headers: &mut HeaderMap, custom: &[SecretHeader]) -> Result<(), BuildError> {
    for header in custom {
        let name = HeaderName::try_from(header.name.as_ref())?;
        if headers.contains_key(&name) {
            continue;
        }
        let mut value = HeaderValue::from_str(header.value.expose())?;
        value.set_sensitive(true);
        headers.insert(name, value);
    }
    Ok(())
}

/// A field value that takes over the text's memory.
fn value(text: String) -> Result<HeaderValue, InvalidHeaderValue> {
    HeaderValue::try_from(text)
}
