//! Applying a change: every check first, then the rows, then the draft of the new catalogue.

mod oauth_client;
mod receiver;
mod subscription;
mod timer;

use std::sync::Arc;

use rendezhook_domain::id::KeyId;
use rendezhook_domain::organization::{BacklogLimits, Organization, SchemaCheck};
use rendezhook_domain::sequence::OrganizationNumber;
use rendezhook_domain::subscription::VyteBody;
use rusqlite::{Params, params};

pub(in crate::sqlite) use self::subscription::disable;
use super::load::{ADMIN_KEY, write_setting};
use super::seal::new_data_key;
use super::subscription::vyte_body_name;
use crate::catalogue::ApiKeyEntry;
use crate::change::{CatalogueChange, ChangeRefusal, NewKey, NewOrganization, OrganizationUpdate};
use crate::sqlite::fault::Fault;
use crate::sqlite::values::stored;
use crate::sqlite::writer::Turn;

/// What became of a change: done, or refused with nothing changed.
type Applied = Result<Result<(), ChangeRefusal>, Fault>;

/// Applies a change within a turn.
pub(in crate::sqlite) fn apply(turn: &mut Turn<'_>, change: &CatalogueChange) -> Applied {
    match change {
        CatalogueChange::SetAdminKey(hash) => {
            write_setting(turn.connection, ADMIN_KEY, hash.as_bytes())?;
            turn.memory.draft_mut().set_admin_key(*hash);
            Ok(Ok(()))
        }
        CatalogueChange::CreateOrganization(new) => create_organization(turn, new),
        CatalogueChange::UpdateOrganization { organization, update } => {
            update_organization(turn, *organization, update)
        }
        CatalogueChange::CreateKey(new) => create_key(turn, new),
        CatalogueChange::RevokeKey { organization, key } => revoke_key(turn, *organization, *key),
        CatalogueChange::CreateOAuthClient(new) => oauth_client::create(turn, new),
        CatalogueChange::RevokeOAuthClient { organization, client } => {
            oauth_client::revoke(turn, *organization, *client)
        }
        CatalogueChange::UpdateReceiver { organization, receiver, update } => {
            receiver::update(turn, *organization, *receiver, update)
        }
        CatalogueChange::CreateSubscription(new) => subscription::create(turn, std::slice::from_ref(new)),
        CatalogueChange::CreateSubscriptions(new) => subscription::create(turn, new),
        CatalogueChange::UpdateSubscription(update) => subscription::update(turn, update),
        CatalogueChange::RotateSecret { organization, subscription, secret, previous_until, at } => {
            subscription::rotate_secret(turn, *organization, *subscription, secret, *previous_until, *at)
        }
        CatalogueChange::RecordVerification(record) => subscription::record_verification(turn, record),
        CatalogueChange::DeleteDooGroup { organization, group, at } => {
            subscription::delete_doo_group(turn, *organization, *group, *at)
        }
        CatalogueChange::CreateTimer(new) => timer::create(turn, new),
        CatalogueChange::UpdateTimer(update) => timer::update(turn, update),
        CatalogueChange::DeleteTimer { organization, timer, at } => {
            timer::delete(turn, *organization, *timer, *at)
        }
        CatalogueChange::DeleteSubscription { organization, subscription, at } => {
            subscription::delete(turn, *organization, *subscription, *at)
        }
    }
}

/// Whether a query finds a row.
fn exists(turn: &Turn<'_>, query: &str, parameters: impl Params) -> Result<bool, Fault> {
    Ok(turn.connection.prepare_cached(query)?.exists(parameters)?)
}

fn create_organization(turn: &mut Turn<'_>, new: &NewOrganization) -> Applied {
    let id = new.id.uuid().into_bytes();
    let taken = "SELECT 1 FROM organization WHERE id = ?1 OR vyte_id = ?2";
    if exists(turn, taken, params![id, new.vyte_id.as_ref()])? {
        return Ok(Err(ChangeRefusal::Taken));
    }
    let vyte_body = VyteBody::default();
    let (data_key, wrapped) = new_data_key(new.id, turn.key)?;
    turn.connection
        .prepare_cached(
            "INSERT INTO organization (id, name, vyte_id, vyte_body, data_key, created_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![
            id,
            new.name.as_ref(),
            new.vyte_id.as_ref(),
            vyte_body_name(vyte_body),
            wrapped,
            new.created_at.milliseconds(),
        ])?;
    let number = u32::try_from(turn.connection.last_insert_rowid())
        .map(OrganizationNumber::new)
        .map_err(|_| Fault::Damaged("there are no numbers left for organizations".to_owned()))?;
    Arc::make_mut(&mut turn.memory.data_keys).insert(number, data_key);
    turn.memory.draft_mut().put_organization(Organization {
        number,
        id: new.id,
        name: Arc::clone(&new.name),
        vyte_id: Arc::clone(&new.vyte_id),
        vyte_body,
        masks_doo_secrets: false,
        join_link: false,
        schema_check: SchemaCheck::default(),
        default_expiry_hours: None,
        backlog: BacklogLimits::default(),
        created_at: new.created_at,
    });
    Ok(Ok(()))
}

fn update_organization(
    turn: &mut Turn<'_>,
    number: OrganizationNumber,
    update: &OrganizationUpdate,
) -> Applied {
    let Some(mut organization) = turn.organization(number).cloned() else {
        return Ok(Err(ChangeRefusal::Unknown));
    };
    if let Some(name) = &update.name {
        organization.name = Arc::clone(name);
    }
    organization.vyte_body = update.vyte_body.unwrap_or(organization.vyte_body);
    organization.masks_doo_secrets = update.masks_doo_secrets.unwrap_or(organization.masks_doo_secrets);
    organization.join_link = update.join_link.unwrap_or(organization.join_link);
    organization.schema_check = update.schema_check.unwrap_or(organization.schema_check);
    organization.default_expiry_hours =
        update.default_expiry_hours.unwrap_or(organization.default_expiry_hours);
    organization.backlog = BacklogLimits {
        quota: update.backlog_quota.unwrap_or(organization.backlog.quota),
        receiver: update.receiver_backlog.unwrap_or(organization.backlog.receiver),
    };
    turn.connection
        .prepare_cached(
            "UPDATE organization SET name = ?2, vyte_body = ?3, masks_doo_secrets = ?4, join_link = ?5, schema_check = ?6,
                 default_expiry_hours = ?7, backlog_quota = ?8, receiver_backlog = ?9
             WHERE number = ?1",
        )?
        .execute(params![
            number.get(),
            organization.name.as_ref(),
            vyte_body_name(organization.vyte_body),
            organization.masks_doo_secrets,
            organization.join_link,
            organization.schema_check.name(),
            organization.default_expiry_hours,
            organization.backlog.quota.map(stored),
            organization.backlog.receiver.map(stored),
        ])?;
    turn.memory.draft_mut().put_organization(organization);
    Ok(Ok(()))
}

fn create_key(turn: &mut Turn<'_>, new: &NewKey) -> Applied {
    if turn.organization(new.organization).is_none() {
        return Ok(Err(ChangeRefusal::Unknown));
    }
    let id = new.id.uuid().into_bytes();
    let lookup = new.hash.lookup();
    if exists(turn, "SELECT 1 FROM api_key WHERE id = ?1 OR lookup = ?2", params![id, lookup])? {
        return Ok(Err(ChangeRefusal::Taken));
    }
    turn.connection
        .prepare_cached(
            "INSERT INTO api_key (id, organization, name, scope, user, lookup, hash, created_at, expires_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )?
        .execute(params![
            id,
            new.organization.get(),
            new.name.as_ref(),
            new.scope.name(),
            new.user.as_deref(),
            lookup,
            new.hash.as_bytes(),
            new.created_at.milliseconds(),
            new.expires_at.map(|instant| instant.milliseconds()),
        ])?;
    turn.memory.draft_mut().add_key(ApiKeyEntry {
        id: new.id,
        organization: new.organization,
        name: Arc::clone(&new.name),
        scope: new.scope,
        user: new.user.clone(),
        hash: new.hash,
        created_at: new.created_at,
        expires_at: new.expires_at,
    });
    Ok(Ok(()))
}

fn revoke_key(turn: &mut Turn<'_>, organization: OrganizationNumber, id: KeyId) -> Applied {
    let revoked = turn
        .connection
        .prepare_cached("DELETE FROM api_key WHERE id = ?1 AND organization = ?2")?
        .execute(params![id.uuid().into_bytes(), organization.get()])?;
    if revoked == 0 {
        return Ok(Err(ChangeRefusal::Unknown));
    }
    let draft = turn.memory.draft_mut();
    let key = draft.keys(organization).iter().find(|key| key.id == id).map(Arc::clone);
    if let Some(key) = key {
        draft.remove_key(&key);
    }
    Ok(Ok(()))
}
