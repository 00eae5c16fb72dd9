//! Calls that have to succeed.

use http::Method;
use serde_json::Value;

use super::CrashError;
use crate::client::Client;

pub(super) async fn created(client: &mut Client, path: &str, body: &Value) -> Result<Value, CrashError> {
    expect(client, Method::POST, path, Some(body)).await
}

pub(super) async fn expect(
    client: &mut Client,
    method: Method,
    path: &str,
    body: Option<&Value>,
) -> Result<Value, CrashError> {
    let call = format!("{method} {path}");
    let answer = client.call(method, path, None, body).await?;
    if answer.status.is_success() {
        return Ok(answer.body);
    }
    Err(CrashError::Refused { call, answer: format!("{} {}", answer.status, answer.body) })
}

pub(super) fn text(value: &Value, member: &str) -> String {
    value.get(member).and_then(Value::as_str).unwrap_or_default().to_owned()
}
