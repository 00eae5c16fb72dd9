//! Who asks, and what they may do.
//!
//! A handler names the permission it needs as the type parameter of its [`Access`] and gets the organization with it, so that
//! a handler without a rule, or a question without an organization, does not compile. Keys are looked up in the catalogue,
//! which is the one in force, so a revoked key is refused from the moment its revocation was answered.

mod credentials;
mod requirement;
mod token;

use std::marker::PhantomData;
use std::sync::Arc;

use axum::extract::{FromRequestParts, RawPathParams};
use http::request::Parts;
use rendezhook_domain::access::Permission;
use rendezhook_domain::id::OrganizationId;
use rendezhook_domain::sequence::OrganizationNumber;
use rendezhook_domain::subscription::Subscription;
use rendezhook_store::catalogue::{ApiKeyEntry, Catalogue, OrganizationEntry};

use self::credentials::{Identity, identify};
pub(crate) use self::requirement::{ManageOrganization, ManageSubscriptions, Publish, Read, Requirement};
pub(crate) use self::token::TokenAccess;
use crate::failure::{Failure, FailureKind};
use crate::state::ServerState;

/// Access to one organization, with permission `R`.
///
/// An organization's key is limited to its own. The server's admin key acts for the organization that the query parameter
/// `organization_id` names.
pub(crate) struct Access<R> {
    /// The organization.
    pub(crate) organization: Arc<OrganizationEntry>,
    /// The catalogue the organization was taken from.
    pub(crate) catalogue: Arc<Catalogue>,
    /// The organization's key that asks; `None` for the server's admin key.
    key: Option<Arc<ApiKeyEntry>>,
    requirement: PhantomData<R>,
}

impl<R> Access<R> {
    /// The organization's number in the store.
    pub(crate) fn number(&self) -> OrganizationNumber {
        self.organization.organization.number
    }

    /// Whether the caller may know of a subscription: a key that belongs to a user sees that user's only.
    pub(crate) fn sees(&self, subscription: &Subscription) -> bool {
        match self.key_user() {
            None => true,
            Some(user) => subscription.filter.user.as_ref() == Some(user),
        }
    }

    /// The user to whom the caller's key belongs; subscriptions made with it are that user's.
    pub(crate) fn key_user(&self) -> Option<&Arc<str>> {
        self.key.as_ref().and_then(|key| key.user.as_ref())
    }

    /// Refuses every key but the server's admin key, for what protects the server from its organizations.
    pub(crate) fn only_operator(&self, what: &str) -> Result<(), Failure> {
        match &self.key {
            None => Ok(()),
            Some(_) => Err(Failure::new(
                FailureKind::Forbidden,
                format!("only the server's admin key may change {what}, not an organization's key"),
            )),
        }
    }

    /// The same access with another permission, if the key has it.
    fn demand<Q: Requirement>(self) -> Result<Access<Q>, Failure> {
        let Self { organization, catalogue, key, .. } = self;
        if let Some(key) = &key
            && !key.scope.permits(Q::PERMISSION)
        {
            return Err(forbidden(key, Q::PERMISSION));
        }
        Ok(Access { organization, catalogue, key, requirement: PhantomData })
    }
}

impl<R: Requirement> FromRequestParts<ServerState> for Access<R> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &ServerState) -> Result<Self, Failure> {
        let catalogue = state.store.catalogue();
        let identity = identify(parts, &catalogue, state.now())?;
        let named = credentials::query_value(parts, "organization_id");
        let missing =
            "the admin key acts for an organization: name it in the query parameter organization_id";
        match (&identity, named) {
            (Identity::Operator, None) => Err(Failure::invalid_request(missing)),
            (_, Some(id)) => to_organization(identity, catalogue, &id),
            (Identity::Key(key), None) => {
                let organization = catalogue.organization(key.organization).map(Arc::clone);
                permit(identity, catalogue, organization)
            }
        }
    }
}

/// Access to the organization in the request's path, with permission `R`.
pub(crate) struct PathAccess<R>(pub(crate) Access<R>);

/// What the organization's id is called in paths.
const PATH_PARAMETER: &str = "organization_id";

impl<R: Requirement> FromRequestParts<ServerState> for PathAccess<R> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &ServerState) -> Result<Self, Failure> {
        let catalogue = state.store.catalogue();
        let identity = identify(parts, &catalogue, state.now())?;
        let parameters = RawPathParams::from_request_parts(parts, state)
            .await
            .map_err(|_not_utf8| Failure::not_found("organization"))?;
        let id = parameters.iter().find(|(name, _)| *name == PATH_PARAMETER).map_or("", |(_, value)| value);
        to_organization(identity, catalogue, id).map(Self)
    }
}

/// The server's admin key, for what concerns no single organization.
pub(crate) struct Operator;

impl FromRequestParts<ServerState> for Operator {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &ServerState) -> Result<Self, Failure> {
        match identify(parts, &state.store.catalogue(), state.now())? {
            Identity::Operator => Ok(Self),
            Identity::Key(_) => Err(Failure::new(
                FailureKind::Forbidden,
                "only the server's admin key may do this, not an organization's key",
            )),
        }
    }
}

/// The organizations a caller may read: all with the server's admin key, its own with an organization's key of any scope.
pub(crate) struct ReadableOrganizations {
    catalogue: Arc<Catalogue>,
    identity: Identity,
}

impl ReadableOrganizations {
    /// Each of them, in the order in which they were made.
    pub(crate) fn sorted(&self) -> Vec<&Arc<OrganizationEntry>> {
        let mut readable: Vec<_> = match &self.identity {
            Identity::Operator => self.catalogue.organizations.values().collect(),
            Identity::Key(key) => self.catalogue.organization(key.organization).into_iter().collect(),
        };
        readable.sort_unstable_by_key(|entry| entry.organization.number);
        readable
    }
}

impl FromRequestParts<ServerState> for ReadableOrganizations {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &ServerState) -> Result<Self, Failure> {
        let catalogue = state.store.catalogue();
        let identity = identify(parts, &catalogue, state.now())?;
        Ok(Self { catalogue, identity })
    }
}

/// The organization with this id, if it is one the caller may know of.
fn to_organization<R: Requirement>(
    identity: Identity,
    catalogue: Arc<Catalogue>,
    id: &str,
) -> Result<Access<R>, Failure> {
    let organization = id
        .parse::<OrganizationId>()
        .ok()
        .and_then(|id| catalogue.organization_by_id(id))
        .filter(|entry| identity.may_know(entry.organization.number))
        .map(Arc::clone);
    permit(identity, catalogue, organization)
}

fn permit<R: Requirement>(
    identity: Identity,
    catalogue: Arc<Catalogue>,
    organization: Option<Arc<OrganizationEntry>>,
) -> Result<Access<R>, Failure> {
    let organization = organization.ok_or_else(|| Failure::not_found("organization"))?;
    let key = match identity {
        Identity::Operator => None,
        Identity::Key(key) => Some(key),
    };
    Access::<R> { organization, catalogue, key, requirement: PhantomData }.demand()
}

fn forbidden(key: &ApiKeyEntry, needed: Permission) -> Failure {
    let scopes = match needed {
        Permission::Read => "any scope",
        Permission::ManageSubscriptions => "scope admin or integrator",
        Permission::Publish => "scope admin or publisher",
        Permission::ManageOrganization => "scope admin",
    };
    let detail = format!("this API key has scope {}; a key with {scopes} is needed", key.scope);
    Failure::new(FailureKind::Forbidden, detail)
}
