//! The section `webhooks`: what a receiver of native deliveries gets, one entry for each action of the catalogue and each
//! notice.

use rendezhook_domain::action::{ActionName, CATALOGUE, NOTICES};
use rendezhook_domain::resource::ResourceKind;
use serde_json::{Map, Value, json};

use super::schema_name;

/// An entry for each action.
pub(super) fn all() -> Map<String, Value> {
    let action = |name: &&str| name.parse::<ActionName>().ok();
    let entry = |action: ActionName| action.kind().map(|kind| (action.to_string(), delivery(&action, kind)));
    CATALOGUE.iter().chain(NOTICES).filter_map(action).filter_map(entry).collect()
}

fn delivery(action: &ActionName, kind: ResourceKind) -> Value {
    json!({
        "post": {
            "summary": format!("A delivery of {action}"),
            "operationId": action.as_str(),
            "tags": ["webhooks"],
            "security": [],
            "parameters": [
                header("webhook-id", "The delivery's id: the same on every attempt. Keep it to tell repetitions.", "string"),
                header("webhook-timestamp", "When this attempt was made, in whole seconds since 1970.", "integer"),
                header(
                    "webhook-signature",
                    "One or more tokens `v1,<base64>`, divided by spaces: HMAC-SHA256 of `id.timestamp.body` under a secret \
                     of the subscription. One that matches is enough.",
                    "string"
                ),
            ],
            "requestBody": {
                "required": true,
                "content": { "application/json": { "schema": body(action, kind) } }
            },
            "responses": {
                "2XX": { "description": "Delivered" },
                "410": {
                    "description": "The receiver wants nothing more: this delivery ends, and after a second one answered like \
                                    this the subscription is disabled"
                },
                "429": { "description": "The receiver is busy: it is left alone for as long as `Retry-After` says" },
                "default": { "description": "Not delivered; tried again after the subscription's retry schedule" }
            }
        }
    })
}

fn header(name: &str, description: &str, kind: &str) -> Value {
    json!({ "name": name, "in": "header", "required": true, "description": description, "schema": { "type": kind } })
}

fn body(action: &ActionName, kind: ResourceKind) -> Value {
    json!({
        "type": "object",
        "required": ["type", "timestamp", "data"],
        "properties": {
            "type": { "const": action.as_str() },
            "timestamp": { "type": "string", "format": "date-time", "description": "When it happened" },
            "data": {
                "type": "object",
                "required": ["organization", "resource_kind", "resource_id", "resource"],
                "properties": {
                    "organization": { "type": "string", "description": "The organization's id" },
                    "resource_kind": { "const": kind.name() },
                    "resource_id": { "type": "string", "description": "The publisher's id of the resource" },
                    "resource": { "$ref": format!("#/components/schemas/{}", schema_name(kind)) },
                    "user": { "type": "string", "description": "The user it concerns" },
                    "changes": {
                        "type": "array",
                        "items": { "type": "string" },
                        "description": "Which members changed: JSON pointers into the resource"
                    },
                    "timer": {
                        "type": "string",
                        "description": "The name of the timer that fired it, or the key under which it was published to be \
                                        delivered later"
                    },
                    "late_by_seconds": {
                        "type": "integer",
                        "description": "How late the timer fired, when it was late"
                    }
                }
            }
        }
    })
}
