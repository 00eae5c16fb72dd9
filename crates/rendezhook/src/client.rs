//! Calls of the running server's own API, for the commands that use it.

use std::time::Duration;

use serde_json::Value;

/// The longest answer that is read, in bytes.
const MAXIMUM_ANSWER: u64 = 64 * 1024 * 1024;

/// Which server to call, and with which key.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct ServerConnection {
    /// The running server.
    #[arg(long, value_name = "URL", env = "RENDEZHOOK_SERVER", default_value = "http://127.0.0.1:8080")]
    pub server: String,

    /// A key of an organization, or the server's admin key.
    #[arg(long, value_name = "KEY", env = "RENDEZHOOK_KEY", hide_env_values = true)]
    pub key: Option<String>,
}

/// Which server to call, with which key, and for which organization.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Connection {
    /// Which server to call, and with which key.
    #[command(flatten)]
    pub server: ServerConnection,

    /// The organization to act for, when the key is the server's admin key.
    #[arg(long, value_name = "ID", env = "RENDEZHOOK_ORGANIZATION")]
    pub organization: Option<String>,
}

/// A call of the API failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ClientError {
    /// No key was given.
    #[error("no key; pass --key or set RENDEZHOOK_KEY (or RENDEZHOOK_ADMIN_KEY)")]
    NoKey,
    /// No organization was named.
    #[error(
        "no organization; pass --organization or set RENDEZHOOK_ORGANIZATION (`rendezhook org list` shows the ids)"
    )]
    NoOrganization,
    /// The address of the server with what was given does not make a URL.
    #[error("{url} cannot be called; check --server, the key and the ids")]
    Uncallable {
        /// What does not make a URL.
        url: String,
        /// What is wrong with it.
        #[source]
        source: http::Error,
    },
    /// The server cannot be reached.
    #[error("no answer from {server}; is `rendezhook serve` running there?")]
    Unreachable {
        /// Which server.
        server: String,
        /// Why.
        #[source]
        source: Box<ureq::Error>,
    },
    /// The server refused the call.
    #[error("the server answered {status}: {said}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// What it said, in words.
        said: String,
        /// The parts of the body that are wrong.
        places: Vec<Place>,
    },
    /// The answer is not what this version expects.
    #[error("the server's answer cannot be understood; is it rendezhook, and as new as this command?")]
    Unintelligible(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// A part of a body that the server refuses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    /// Where it is: a JSON pointer (RFC 6901) into the body.
    pub pointer: String,
    /// What is wrong, in words.
    pub detail: String,
}

/// What is sent with a call.
pub(crate) enum Body<'a> {
    /// Nothing.
    Empty,
    /// A JSON document.
    Json(&'a Value),
    /// Text of another kind.
    Text {
        /// Its media type.
        content_type: &'a str,
        /// The bytes.
        bytes: &'a [u8],
    },
}

/// A connection ready to be used.
pub(crate) struct ApiClient {
    agent: ureq::Agent,
    server: String,
    key: String,
    organization: Option<String>,
}

impl ApiClient {
    /// Prepares calls; nothing is sent yet. Without `--key` the admin key of the environment is used.
    ///
    /// # Errors
    /// When there is no key.
    pub(crate) fn new(connection: &ServerConnection) -> Result<Self, ClientError> {
        let admin_key = || std::env::var("RENDEZHOOK_ADMIN_KEY").ok();
        let key = connection.key.clone().or_else(admin_key).ok_or(ClientError::NoKey)?;
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(60)))
            .build()
            .new_agent();
        let server = connection.server.trim_end_matches('/').to_owned();
        Ok(Self { agent, server, key, organization: None })
    }

    /// Prepares calls that act for the organization of the connection, if it names one.
    ///
    /// # Errors
    /// As [`ApiClient::new`].
    pub(crate) fn for_organization(connection: &Connection) -> Result<Self, ClientError> {
        Ok(Self { organization: connection.organization.clone(), ..Self::new(&connection.server)? })
    }

    /// Prepares calls below the path of the connection's organization, and answers with the path of this collection there. The
    /// organization is in the path then, so it is not named in the query.
    ///
    /// # Errors
    /// As [`ApiClient::new`], and when the connection names no organization.
    pub(crate) fn below_organization(
        connection: &Connection,
        collection: &str,
    ) -> Result<(Self, String), ClientError> {
        let organization = connection.organization.as_ref().ok_or(ClientError::NoOrganization)?;
        let client = Self::new(&connection.server)?;
        Ok((client, format!("/api/v1/organizations/{organization}/{collection}")))
    }

    /// Calls `method path` and reads the JSON answer (`null` when it is empty).
    ///
    /// # Errors
    /// When the server cannot be reached, refuses, or answers something that is no JSON.
    pub(crate) fn call(&self, method: &str, path: &str, body: &Body<'_>) -> Result<Value, ClientError> {
        self.call_with(method, path, body, &[("authorization", &self.authorization())])
    }

    /// As [`ApiClient::call`], with these headers instead of the one that carries the key: other APIs carry it elsewhere.
    ///
    /// # Errors
    /// As [`ApiClient::call`].
    pub(crate) fn call_with(
        &self,
        method: &str,
        path: &str,
        body: &Body<'_>,
        headers: &[(&str, &str)],
    ) -> Result<Value, ClientError> {
        let separator = if path.contains('?') { '&' } else { '?' };
        let organization = self
            .organization
            .as_ref()
            .map(|id| format!("{separator}organization_id={id}"))
            .unwrap_or_default();
        let url = format!("{}{path}{organization}", self.server);
        let request = http::Request::builder().method(method).uri(&url);
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        let (content_type, bytes) = match body {
            Body::Empty => (None, Vec::new()),
            Body::Json(value) => (Some("application/json"), value.to_string().into_bytes()),
            Body::Text { content_type, bytes } => (Some(*content_type), bytes.to_vec()),
        };
        let request = match content_type {
            Some(content_type) => request.header("content-type", content_type),
            None => request,
        };
        let request = request.body(bytes).map_err(|source| ClientError::Uncallable { url, source })?;
        let unreachable =
            |source| ClientError::Unreachable { server: self.server.clone(), source: Box::new(source) };
        let mut answer = self.agent.run(request).map_err(unreachable)?;
        let text =
            answer.body_mut().with_config().limit(MAXIMUM_ANSWER).read_to_string().map_err(unreachable)?;
        let status = answer.status().as_u16();
        let value = if text.is_empty() { Ok(Value::Null) } else { serde_json::from_str::<Value>(&text) };
        if !(200..300).contains(&status) {
            let problem = value.ok();
            let places = problem.as_ref().map(places).unwrap_or_default();
            return Err(ClientError::Refused {
                status,
                said: explanation(problem.as_ref(), &places, &text),
                places,
            });
        }
        value.map_err(|error| ClientError::Unintelligible(Box::new(error)))
    }

    /// As [`ApiClient::call`], with an `Idempotency-Key`: the same call again does nothing and has the same answer.
    ///
    /// # Errors
    /// As [`ApiClient::call`].
    pub(crate) fn call_once(
        &self,
        method: &str,
        path: &str,
        body: &Body<'_>,
        idempotency_key: &str,
    ) -> Result<Value, ClientError> {
        let authorization = self.authorization();
        let headers = [("authorization", authorization.as_str()), ("idempotency-key", idempotency_key)];
        self.call_with(method, path, body, &headers)
    }

    fn authorization(&self) -> String {
        format!("Bearer {}", self.key)
    }
}

/// The wrong parts that a problem document names.
fn places(problem: &Value) -> Vec<Place> {
    let errors = problem.get("errors").and_then(Value::as_array).into_iter().flatten();
    let part =
        |error: &Value, name: &str| error.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    errors.map(|error| Place { pointer: part(error, "pointer"), detail: part(error, "detail") }).collect()
}

/// The words of a problem document, or the text itself.
fn explanation(problem: Option<&Value>, places: &[Place], text: &str) -> String {
    let Some(problem) = problem else {
        return text.chars().take(500).collect();
    };
    let member = |name: &str| problem.get(name).and_then(Value::as_str).map(str::to_owned);
    let mut said = member("detail").or_else(|| member("title")).unwrap_or_else(|| text.to_owned());
    for Place { pointer, detail } in places {
        said.push_str(&format!("\n  {pointer}: {detail}"));
    }
    said
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn explains_a_problem_with_its_pointers() {
        let problem = json!({"title": "Bad Request", "detail": "one item is wrong", "errors": [{"pointer": "/3/action", "detail": "unknown"}]});
        assert_eq!(
            explanation(Some(&problem), &places(&problem), ""),
            "one item is wrong\n  /3/action: unknown"
        );
        assert_eq!(explanation(None, &[], "<html>"), "<html>");
    }
}
