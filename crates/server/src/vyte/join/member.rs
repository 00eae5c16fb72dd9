//! Making somebody a user of an organization.

use bytes::Bytes;
use rendezhook_domain::organization::Organization;
use rendezhook_domain::resource::{ResourceId, ResourceKind};
use rendezhook_domain::time::Timestamp;
use rendezhook_intake::{Intake, NewState, PublishError};
use ring::digest::{SHA256, digest};
use serde::Serialize;

use super::form::Answers;
use crate::failure::Failure;

/// How many bytes of the hash make an id: as many as ids of the Vyte API have.
const ID_BYTES: usize = 12;

/// A user in the canonical shape, which is that of the Vyte API.
#[derive(Serialize)]
struct User<'a> {
    _id: &'a str,
    first_name: &'a str,
    last_name: Option<&'a str>,
    full_name: &'a str,
    emails: [&'a str; 1],
    account: Account<'a>,
}

#[derive(Serialize)]
struct Account<'a> {
    organization: Membership<'a>,
}

#[derive(Serialize)]
struct Membership<'a> {
    id: &'a str,
    name: &'a str,
    admin: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    extid: Option<&'a str>,
}

/// Stores a user, from which `user.joined` follows. Somebody who is a user already stays as they are, and the caller does not
/// learn of it.
pub(super) async fn join(
    intake: &Intake,
    organization: &Organization,
    answers: &Answers<'_>,
    now: Timestamp,
) -> Result<(), Failure> {
    let id = user_id(organization, answers.email);
    let (first_name, last_name) = first_and_last(answers.name);
    let user = User {
        _id: &id,
        first_name,
        last_name,
        full_name: answers.name,
        emails: [answers.email],
        account: Account {
            organization: Membership {
                id: &organization.vyte_id,
                name: &organization.name,
                admin: false,
                extid: answers.extid,
            },
        },
    };
    let resource = serde_json::to_vec(&user).map_err(|error| Failure::internal(&error))?;
    let state = NewState {
        kind: ResourceKind::User,
        resource_id: ResourceId::new(&id).map_err(|error| Failure::internal(&error))?,
        resource: Some(Bytes::from(resource)),
        user: Some(id.as_str().into()),
        occurred_at: None,
        expires_at: None,
        if_version: Some(0),
    };
    match intake.put(organization.number, &state, now).await {
        Ok(_) | Err(PublishError::VersionMismatch { .. }) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// The id of the user with this address: always the same in one organization, whatever letters are upper or lower case, and
/// another one in another organization.
fn user_id(organization: &Organization, email: &str) -> String {
    let hash = digest(&SHA256, format!("{}\n{}", organization.vyte_id, email.to_lowercase()).as_bytes());
    hash.as_ref().iter().take(ID_BYTES).map(|byte| format!("{byte:02x}")).collect()
}

/// The last word of a name of several is the last name.
fn first_and_last(name: &str) -> (&str, Option<&str>) {
    match name.rsplit_once(char::is_whitespace) {
        Some((first, last)) => (first.trim_end(), Some(last)),
        None => (name, None),
    }
}

#[cfg(test)]
mod tests {
    use super::first_and_last;

    #[test]
    fn names_are_divided_before_their_last_word() {
        assert_eq!(first_and_last("Ann"), ("Ann", None));
        assert_eq!(first_and_last("Ann Example"), ("Ann", Some("Example")));
        assert_eq!(first_and_last("Ann Maria  Example"), ("Ann Maria", Some("Example")));
    }
}
