//! How a client wants deliveries of its group to authenticate themselves.

use std::sync::Arc;

use rendezhook_domain::subscription::{ClientCredentials, TargetAuthentication};
use rendezhook_domain::target::{TargetPolicy, check_header_name};
use rendezhook_secrets::SharedSecret;

use super::fields::{Fields, Problems};

/// What stands for `client_secret` in the lists of an organization that masks them.
pub const MASKED_SECRET: &str = "********";

const MAXIMUM_FORMAT_CHARACTERS: usize = 100;
const MAXIMUM_CREDENTIAL_CHARACTERS: usize = 1_000;

/// Reads `authentication`; `None` when something is wrong with it.
pub(super) fn read(
    fields: &Fields<'_>,
    policy: &TargetPolicy,
    problems: &mut Problems,
) -> Option<(TargetAuthentication, SharedSecret)> {
    let grant_type = fields.text("grant_type", MAXIMUM_FORMAT_CHARACTERS, problems);
    let endpoint = fields.url("endpoint", policy, problems);
    let credentials = fields.object("credentials", problems);
    let client_id = credentials
        .as_ref()
        .and_then(|credentials| credentials.text("client_id", MAXIMUM_CREDENTIAL_CHARACTERS, problems));
    let client_secret = credentials.as_ref().and_then(|credentials| client_secret(credentials, problems));
    let header = header(fields, problems);
    let (header, value_format) = header?;
    let credentials = ClientCredentials {
        endpoint: endpoint?,
        client_id: Arc::from(client_id?),
        grant_type: Arc::from(grant_type?),
        scope: None,
        header: Arc::from(header),
        value_format: Arc::from(value_format),
    };
    Some((TargetAuthentication::ClientCredentials(credentials), client_secret?))
}

fn client_secret(credentials: &Fields<'_>, problems: &mut Problems) -> Option<SharedSecret> {
    let secret = credentials.text("client_secret", MAXIMUM_CREDENTIAL_CHARACTERS, problems)?;
    if secret == MASKED_SECRET {
        problems.add(
            credentials.place("client_secret"),
            "is the mask under which your organization's lists hide secrets; send the secret itself",
        );
        return None;
    }
    Some(SharedSecret::new(secret.to_owned()))
}

/// Name and value of the header that carries the token.
fn header<'a>(fields: &Fields<'a>, problems: &mut Problems) -> Option<(&'a str, &'a str)> {
    let name = fields.text("header_format", MAXIMUM_FORMAT_CHARACTERS, problems);
    let value = fields.text("header_value_format", MAXIMUM_FORMAT_CHARACTERS, problems);
    let (name, value) = (name?, value?);
    if let Err(error) = check_header_name(name) {
        problems.add(fields.place("header_format"), error.to_string());
        return None;
    }
    if let Err(error) = ClientCredentials::check_header(name, value) {
        problems.add(fields.place("header_value_format"), error.to_string());
        return None;
    }
    Some((name, value))
}
