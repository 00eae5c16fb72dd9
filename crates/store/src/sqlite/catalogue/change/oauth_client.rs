//! Changes of OAuth clients.

use std::sync::Arc;

use rendezhook_domain::id::OAuthClientId;
use rendezhook_domain::sequence::OrganizationNumber;
use rusqlite::{OptionalExtension, params};

use super::{Applied, exists};
use crate::catalogue::OAuthClientEntry;
use crate::change::{ChangeRefusal, NewOAuthClient};
use crate::sqlite::catalogue::seal::seal_token_key;
use crate::sqlite::fault::Fault;
use crate::sqlite::values::stored_size;
use crate::sqlite::writer::Turn;

pub(super) fn create(turn: &mut Turn<'_>, new: &NewOAuthClient) -> Applied {
    let Some(data_key) = turn.memory.data_keys.get(&new.organization).cloned() else {
        return Ok(Err(ChangeRefusal::Unknown));
    };
    if count(turn, new.organization)? >= stored_size(new.limit) {
        return Ok(Err(ChangeRefusal::LimitReached(new.limit)));
    }
    let id = new.id.uuid().into_bytes();
    if exists(turn, "SELECT 1 FROM oauth_client WHERE id = ?1", [id])? {
        return Ok(Err(ChangeRefusal::Taken));
    }
    turn.connection
        .prepare_cached(
            "INSERT INTO oauth_client (id, organization, name, user, secret_hash, token_key, created_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(params![
            id,
            new.organization.get(),
            new.name.as_ref(),
            new.user.as_deref(),
            new.secret_hash.as_bytes(),
            seal_token_key(&new.token_key, new.id, &data_key)?,
            new.created_at.milliseconds(),
        ])?;
    let number = u32::try_from(turn.connection.last_insert_rowid())
        .map_err(|_| Fault::Damaged("there are no numbers left for OAuth clients".to_owned()))?;
    turn.memory.draft_mut().add_oauth_client(OAuthClientEntry {
        number,
        id: new.id,
        organization: new.organization,
        name: Arc::clone(&new.name),
        user: new.user.clone(),
        secret_hash: new.secret_hash,
        token_key: new.token_key.clone(),
        created_at: new.created_at,
    });
    Ok(Ok(()))
}

pub(super) fn revoke(turn: &mut Turn<'_>, organization: OrganizationNumber, id: OAuthClientId) -> Applied {
    let found: Option<u32> = turn
        .connection
        .prepare_cached("DELETE FROM oauth_client WHERE id = ?1 AND organization = ?2 RETURNING number")?
        .query_row(params![id.uuid().into_bytes(), organization.get()], |row| row.get(0))
        .optional()?;
    let Some(number) = found else {
        return Ok(Err(ChangeRefusal::Unknown));
    };
    turn.memory.draft_mut().remove_oauth_client(organization, number);
    Ok(Ok(()))
}

fn count(turn: &Turn<'_>, organization: OrganizationNumber) -> Result<i64, Fault> {
    Ok(turn
        .connection
        .prepare_cached("SELECT count(*) FROM oauth_client WHERE organization = ?1")?
        .query_row([organization.get()], |row| row.get(0))?)
}
