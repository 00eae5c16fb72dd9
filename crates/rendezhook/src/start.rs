//! Wiring: from settings to a running server.

mod certificates;
mod egress;
mod file_handles;
mod keys;
mod master_key;
mod replays;
mod retention;
mod run;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use rendezhook_delivery::clock::{Clock, ClockGuard, SystemClock};
use rendezhook_delivery::means::Means;
use rendezhook_delivery::options::{DeliveryOptions, ExchangeLog};
use rendezhook_delivery::runtime::{Delivery, DeliveryHandle};
use rendezhook_delivery::scheduler::SchedulerLimits;
use rendezhook_delivery::scheduler::effect::BreakerState;
use rendezhook_domain::target::OwnOriginError;
use rendezhook_graphql::{GraphQl, SchemaFault};
use rendezhook_intake::{Intake, Reachability};
use rendezhook_server::{BodyLimits, Server, ServerOptions, ServerState};
use rendezhook_sources::timers::Timers;
use rendezhook_store::Store;
use rendezhook_store::sqlite::{OpenError, SqliteOptions, SqliteStore};
use tokio::net::TcpListener;

pub(crate) use egress::EgressSetupError;
pub(crate) use keys::{DemoOrganization, KeySetupError, NewAdminKey};
pub(crate) use master_key::MasterKeyError;

use crate::settings::{
    self, DeliverySettingError, HealthSettingError, PublicAddress, PublicAddressError, RetentionError,
    Settings,
};

/// In the data directory: which attempts are under way.
const IN_FLIGHT_FILE: &str = "in-flight";

/// The server cannot be started.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StartError {
    /// The data directory cannot be made.
    #[error("the data directory {path} cannot be made")]
    Directory {
        /// Which one.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The address cannot be listened on.
    #[error(
        "cannot listen on {address}; another program may use the port, or the address is not of this machine"
    )]
    Listen {
        /// Which address.
        address: SocketAddr,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// There is no usable master key.
    #[error(transparent)]
    MasterKey(#[from] MasterKeyError),
    /// The store cannot be opened.
    #[error(transparent)]
    Store(#[from] OpenError),
    /// Keys cannot be set up.
    #[error(transparent)]
    Keys(#[from] KeySetupError),
    /// Deliveries cannot be set up.
    #[error(transparent)]
    Egress(#[from] EgressSetupError),
    /// A delivery setting is out of its range.
    #[error(transparent)]
    Delivery(#[from] DeliverySettingError),
    /// A setting about failing is out of its range.
    #[error(transparent)]
    Health(#[from] HealthSettingError),
    /// The address of the listener makes no URL.
    #[error(transparent)]
    PublicAddress(#[from] PublicAddressError),
    /// An origin of ours names no host.
    #[error(transparent)]
    OwnOrigin(#[from] OwnOriginError),
    /// The schema of GraphQL cannot be made.
    #[error(transparent)]
    GraphQl(#[from] SchemaFault),
    /// A retention setting is out of its range.
    #[error(transparent)]
    Retention(#[from] RetentionError),
}

/// Everything that makes up a server, bound to its address and not yet serving.
pub(crate) struct Application {
    address: SocketAddr,
    listener: TcpListener,
    store: Arc<SqliteStore>,
    server: Server,
    delivery: Delivery,
    timers: Timers,
    replays: replays::Replays,
    retention: retention::Retention,
    /// The admin key, when it was made just now.
    pub new_admin_key: Option<NewAdminKey>,
    /// The demo organization, when it was made just now.
    pub demo: Option<DemoOrganization>,
}

impl Application {
    /// Opens the store, makes what is missing and binds the address.
    ///
    /// # Errors
    /// When a setting is wrong, the data directory is in use or damaged, or the address is taken.
    pub(crate) async fn start(settings: &Settings) -> Result<Self, StartError> {
        let handles = file_handles::raise();
        let directory = settings.listen.directory();
        let delivery_options = DeliveryOptions {
            in_flight_file: Some(directory.join(IN_FLIGHT_FILE)),
            ..delivery_options(settings)?
        };
        let (keep_bodies, keep_metadata) = settings.retention.durations()?;
        let rule = egress::address_rule(&settings.listen)?;

        std::fs::create_dir_all(&directory)
            .map_err(|source| StartError::Directory { path: directory.clone(), source })?;
        let master_key = master_key::obtain(&directory)?;
        let (store, feed) = SqliteStore::open(SqliteOptions::new(&directory, master_key))?;
        let new_admin_key = keys::ensure_admin_key(store.as_ref()).await?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let demo = if settings.listen.is_dev() {
            keys::ensure_demo_organization(store.as_ref(), clock.now()).await?
        } else {
            None
        };

        let wanted = settings.listen.address();
        let cannot_listen = |source| StartError::Listen { address: wanted, source };
        let listener = TcpListener::bind(wanted).await.map_err(cannot_listen)?;
        let address = listener.local_addr().map_err(cannot_listen)?;

        let public_address = match &settings.listen.public_address {
            Some(address) => address.clone(),
            None => PublicAddress::of_listener(address)?,
        };
        let own_origins = settings.listen.own_origins(&public_address)?;

        let kept_connections = file_handles::kept_connections(handles);
        let outbound = egress::egress(rule.clone(), settings, address, &public_address, kept_connections)?;
        let shared: Arc<dyn Store> = store.clone();
        let graphql = GraphQl::new(Arc::clone(&shared))?;
        let means = Means {
            own_origins: own_origins.clone(),
            origin_headers: settings.delivery.origin_headers(),
            request_origin: public_address.host(),
            ..Means::new(outbound, graphql.clone())
        };
        let (delivery, handle) =
            Delivery::new(delivery_options, Arc::clone(&shared), feed, means, clock.clone());
        let options = ServerOptions {
            bodies: BodyLimits { resource_bytes: settings.listen.resource_bytes(), ..BodyLimits::default() },
            target_policy: egress::target_policy(rule, &settings.outbound),
            public_address: public_address.text(),
            trusted_proxies: settings.listen.trusted_proxies.clone().unwrap_or_default(),
            own_origins,
            ..ServerOptions::default()
        };
        let clock_guard = Arc::clone(handle.clock_guard());
        let intake =
            Intake::new(Arc::clone(&shared)).with_quota(settings.health.backlog_quota()?, reachable(&handle));
        let intake = Arc::new(intake);
        let timers = timers(&shared, &intake, &clock, &clock_guard);
        let state =
            ServerState::new(Arc::clone(&shared), intake, graphql, handle, Arc::clone(&clock), options);
        Ok(Self {
            address,
            listener,
            server: Server::new(state),
            delivery,
            timers,
            replays: replays::Replays::new(Arc::clone(&shared), Arc::clone(&clock)),
            retention: retention::Retention::new(shared, clock, clock_guard, keep_bodies, keep_metadata),
            store,
            new_admin_key,
            demo,
        })
    }

    /// Where it listens.
    #[must_use]
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

fn delivery_options(settings: &Settings) -> Result<DeliveryOptions, StartError> {
    let delivery = &settings.delivery;
    let exchange_log = match delivery.exchange_log {
        Some(settings::ExchangeLog::All) => ExchangeLog::All,
        Some(settings::ExchangeLog::Failures) => ExchangeLog::Failures,
        None if settings.listen.is_dev() => ExchangeLog::All,
        None => ExchangeLog::Failures,
    };
    Ok(DeliveryOptions {
        limits: SchedulerLimits {
            in_flight: usize::try_from(delivery.in_flight()?).unwrap_or(usize::MAX),
            slow_in_flight: usize::try_from(delivery.slow_in_flight()?).unwrap_or(usize::MAX),
            authority_in_flight: delivery.per_authority(settings.listen.is_dev())?,
            endpoint_window: delivery.per_endpoint()?,
            lane_hold: delivery.lane_hold(),
            ..SchedulerLimits::default()
        },
        attempt_deadline: delivery.attempt_deadline()?,
        exchange_log,
        retry: delivery.retry_policy()?,
        health: settings.health.options()?,
        receiver_backlog: settings.health.receiver_backlog()?,
        ..DeliveryOptions::default()
    })
}

/// Knows which endpoints are not cut off by their breakers.
fn reachable(delivery: &DeliveryHandle) -> Reachability {
    let delivery = delivery.clone();
    Arc::new(move |organization, endpoint| delivery.breaker(organization, endpoint) == BreakerState::Closed)
}

/// What fires timers and what was published to be delivered later, but for times when the clock is in doubt.
fn timers(
    store: &Arc<dyn Store>,
    intake: &Arc<Intake>,
    clock: &Arc<dyn Clock>,
    guard: &Arc<ClockGuard>,
) -> Timers {
    let (clock, guard) = (Arc::clone(clock), Arc::clone(guard));
    Timers::new(Arc::clone(store), Arc::clone(intake), Arc::new(move || clock.now()))
        .held_while(Arc::new(move || guard.is_in_doubt()))
}
