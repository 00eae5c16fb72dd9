//! Where deliveries may go: the settings as a rule of addresses, for URLs and for connections alike.

use std::net::SocketAddr;
use std::sync::Arc;

use rendezhook_domain::target::{AddressRule, AllowedPorts, Cidr, CidrError, TargetPolicy};
use rendezhook_egress::resolve::{SystemResolver, SystemResolverError};
use rendezhook_egress::{Egress, EgressError, EgressSettings};

use super::certificates::{CertificateError, client_identity, extra_roots};
use crate::settings::{
    DeliverySettingError, DeliverySettings, ListenSettings, OutboundSettings, PublicAddress, Settings,
};

/// Deliveries cannot be set up.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EgressSetupError {
    /// One of the ranges is none.
    #[error(
        "the setting {setting} holds \"{range}\", which is no range of addresses; write ranges like 10.1.0.0/16 or fd00::/8"
    )]
    Range {
        /// Which setting.
        setting: &'static str,
        /// What it holds.
        range: String,
        /// What is wrong with it.
        #[source]
        source: CidrError,
    },
    /// A limit is out of its range.
    #[error(transparent)]
    Setting(#[from] DeliverySettingError),
    /// The machine's name servers cannot be found out.
    #[error("the name servers of this machine cannot be read")]
    Resolver(#[from] SystemResolverError),
    /// Certificates or a key cannot be read.
    #[error(transparent)]
    Certificates(#[from] CertificateError),
    /// TLS cannot be set up.
    #[error(transparent)]
    Egress(#[from] EgressError),
}

/// The addresses that deliveries may go to.
///
/// # Errors
/// When a range of the settings is none.
pub(crate) fn address_rule(settings: &ListenSettings) -> Result<AddressRule, EgressSetupError> {
    let denied = ranges("deny-addresses", settings.deny_addresses.as_deref())?;
    let allowed = ranges("allow-addresses", settings.allow_addresses.as_deref())?;
    let rule = AddressRule::public().denying(denied).allowing(allowed);
    Ok(if settings.is_dev() { rule.allowing_loopback() } else { rule })
}

/// Which target URLs are taken.
#[must_use]
pub(crate) fn target_policy(rule: AddressRule, settings: &OutboundSettings) -> TargetPolicy {
    let policy = TargetPolicy::new(rule).with_plain_http(settings.allows_http());
    match &settings.allow_ports {
        Some(ports) => policy.with_ports(AllowedPorts::Only(ports.clone())),
        None => policy,
    }
}

fn ranges(setting: &'static str, texts: Option<&[String]>) -> Result<Vec<Cidr>, EgressSetupError> {
    let parse = |text: &String| {
        text.trim().parse().map_err(|source| EgressSetupError::Range { setting, range: text.clone(), source })
    };
    texts.unwrap_or_default().iter().map(parse).collect()
}

/// In development every receiver is on loopback; there the limit over all endpoints is the only one that makes sense.
fn requests_per_address(delivery: &DeliverySettings, rule: &AddressRule) -> Result<u32, EgressSetupError> {
    if delivery.attempts_per_address.is_none() && rule.allows_loopback() {
        return Ok(5_120);
    }
    Ok(delivery.per_address()?)
}

/// A connection is kept for each attempt that may be under way to a target at once.
fn connections_per_target(
    delivery: &DeliverySettings,
    rule: &AddressRule,
) -> Result<usize, EgressSetupError> {
    let attempts = delivery.per_authority(rule.allows_loopback())?.min(delivery.in_flight()?);
    Ok(usize::try_from(attempts).unwrap_or(usize::MAX))
}

/// Outbound HTTP under this rule, which never comes back to the server itself; so many connections are kept for later requests.
///
/// # Errors
/// When the machine's name servers or TLS cannot be set up, or a file with certificates cannot be read.
pub(crate) fn egress(
    rule: AddressRule,
    settings: &Settings,
    own_address: SocketAddr,
    public_address: &PublicAddress,
    kept_connections: usize,
) -> Result<Arc<Egress>, EgressSetupError> {
    let outbound = &settings.outbound;
    let resolver = match SystemResolver::from_system() {
        // In a closed network there may be no name servers at all; then the proxy resolves names.
        Err(_) if outbound.proxy.is_some() => SystemResolver::with_servers(&[])?,
        resolver => resolver?,
    };
    let resolver = Arc::new(resolver);
    let settings = EgressSettings {
        own_addresses: vec![own_address],
        own_authorities: vec![public_address.authority().into()],
        plain_http: outbound.allows_http(),
        proxy: outbound.proxy.clone(),
        client_identity: client_identity(outbound)?,
        extra_roots: extra_roots(outbound)?,
        requests_per_address: requests_per_address(&settings.delivery, &rule)?,
        idle_connections: kept_connections,
        idle_connections_per_target: connections_per_target(&settings.delivery, &rule)?,
        ..EgressSettings::new(rule)
    };
    Ok(Arc::new(Egress::new(settings, resolver)?))
}
