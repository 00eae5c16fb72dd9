//! Where bodies come from and how targets are shown that deliveries may come, as JSON in columns of their own.

use std::sync::Arc;

use rendezhook_domain::subscription::{
    ClientCredentials, Content, Origin, RequestMethod, TargetAuthentication,
};
use rendezhook_domain::target::{TargetPolicy, TargetUrl};
use serde::{Deserialize, Serialize};

/// `content`; a dialect that composes the body has none.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum StoredContent {
    Select(Arc<str>),
    Origin { method: RequestMethod, endpoint: String, body: Arc<str> },
}

/// `authentication`, without its secret.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum StoredAuthentication {
    ClientCredentials {
        endpoint: String,
        client_id: Arc<str>,
        grant_type: Arc<str>,
        scope: Option<Arc<str>>,
        header: Arc<str>,
        value_format: Arc<str>,
    },
    Basic {
        username: Arc<str>,
    },
    ApiKey {
        header: Arc<str>,
    },
}

pub(super) fn content_text(content: &Content) -> Option<String> {
    let stored = match content {
        Content::Composed => return None,
        Content::Select(query) => StoredContent::Select(Arc::clone(query)),
        Content::Origin(origin) => StoredContent::Origin {
            method: origin.method,
            endpoint: origin.endpoint.as_str().to_owned(),
            body: Arc::clone(&origin.body),
        },
    };
    written(&stored)
}

pub(super) fn content_from(text: Option<&str>) -> Option<Content> {
    let Some(text) = text else {
        return Some(Content::Composed);
    };
    Some(match serde_json::from_str(text).ok()? {
        StoredContent::Select(query) => Content::Select(query),
        StoredContent::Origin { method, endpoint, body } => {
            Content::Origin(Origin { method, endpoint: url(&endpoint)?, body })
        }
    })
}

pub(super) fn authentication_text(authentication: &TargetAuthentication) -> Option<String> {
    let stored = match authentication {
        TargetAuthentication::ClientCredentials(credentials) => StoredAuthentication::ClientCredentials {
            endpoint: credentials.endpoint.as_str().to_owned(),
            client_id: Arc::clone(&credentials.client_id),
            grant_type: Arc::clone(&credentials.grant_type),
            scope: credentials.scope.clone(),
            header: Arc::clone(&credentials.header),
            value_format: Arc::clone(&credentials.value_format),
        },
        TargetAuthentication::Basic { username } => {
            StoredAuthentication::Basic { username: Arc::clone(username) }
        }
        TargetAuthentication::ApiKey { header } => {
            StoredAuthentication::ApiKey { header: Arc::clone(header) }
        }
    };
    written(&stored)
}

pub(super) fn authentication_from(text: &str) -> Option<TargetAuthentication> {
    Some(match serde_json::from_str(text).ok()? {
        StoredAuthentication::ClientCredentials {
            endpoint,
            client_id,
            grant_type,
            scope,
            header,
            value_format,
        } => {
            let endpoint = url(&endpoint)?;
            let credentials =
                ClientCredentials { endpoint, client_id, grant_type, scope, header, value_format };
            TargetAuthentication::ClientCredentials(credentials)
        }
        StoredAuthentication::Basic { username } => TargetAuthentication::Basic { username },
        StoredAuthentication::ApiKey { header } => TargetAuthentication::ApiKey { header },
    })
}

fn url(text: &str) -> Option<TargetUrl> {
    TargetUrl::parse(text, &TargetPolicy::stored()).ok()
}

/// Texts always fit into JSON.
fn written(stored: &impl Serialize) -> Option<String> {
    serde_json::to_string(stored).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_reads_back() {
        let origin = Origin {
            method: RequestMethod::Post,
            endpoint: url("https://gql.doo.net").unwrap(),
            body: Arc::from(r#"{"query":"{ event(id: 1) { title } }"}"#),
        };
        for content in [Content::Composed, Content::Select(Arc::from("{ a }")), Content::Origin(origin)] {
            assert_eq!(content_from(content_text(&content).as_deref()), Some(content));
        }
        assert_eq!(content_from(Some("junk")), None);
    }

    #[test]
    fn authentication_reads_back() {
        let credentials = ClientCredentials {
            endpoint: url("https://example.com/token?a=1").unwrap(),
            client_id: Arc::from("doo"),
            grant_type: Arc::from("client_credentials"),
            scope: Some(Arc::from("hooks")),
            header: Arc::from("Authorization"),
            value_format: Arc::from("Bearer %ACCESS_TOKEN%"),
        };
        for authentication in [
            TargetAuthentication::ClientCredentials(credentials),
            TargetAuthentication::Basic { username: Arc::from("hooks") },
            TargetAuthentication::ApiKey { header: Arc::from("x-api-key") },
        ] {
            let text = authentication_text(&authentication).unwrap();
            assert_eq!(authentication_from(&text), Some(authentication));
        }
        assert_eq!(authentication_from("{}"), None);
    }
}
