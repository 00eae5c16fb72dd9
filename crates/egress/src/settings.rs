//! What an operator can set about outbound requests.

use std::net::SocketAddr;
use std::time::Duration;

use rendezhook_domain::target::AddressRule;
use rustls::pki_types::CertificateDer;

use crate::proxy::Proxy;
use crate::tls::ClientIdentity;

/// How long an attempt may take where nothing else is set, from the start of DNS to the end of the answer's head.
pub const DEFAULT_TOTAL_LIMIT: Duration = Duration::from_secs(15);
/// The most headers of an answer.
pub const MAXIMUM_RESPONSE_HEADERS: usize = 64;
/// The longest head of an answer, in bytes.
pub const MAXIMUM_RESPONSE_HEAD: usize = 16 * 1024;

/// What an operator can set about outbound requests. [`EgressSettings::new`] gives the defaults.
#[derive(Clone, Debug)]
pub struct EgressSettings {
    /// Which addresses may be connected to.
    pub address_rule: AddressRule,
    /// Where this server listens itself. Requests never go there.
    pub own_addresses: Vec<SocketAddr>,
    /// Host and port under which clients reach this server (`hooks.example.com:443`). Requests never go there either.
    pub own_authorities: Vec<Box<str>>,
    /// Whether plain http may go to other addresses than loopback.
    pub plain_http: bool,
    /// The proxy that requests go through; none from the environment is ever used. It is not asked for loopback.
    pub proxy: Option<Proxy>,
    /// What is shown to receivers that ask for a client certificate.
    pub client_identity: Option<ClientIdentity>,
    /// Certificates of authorities trusted beside Mozilla's list, for receivers with certificates of a private one.
    pub extra_roots: Vec<CertificateDer<'static>>,
    /// How long resolving a name may take, within the limit of the attempt.
    pub resolve_limit: Duration,
    /// How long connecting may take, all addresses together, within the limit of the attempt.
    pub connect_limit: Duration,
    /// How long the TLS handshake may take, within the limit of the attempt.
    pub tls_limit: Duration,
    /// How long the body of an answer is waited for once its head is there, within the limit of the attempt. The
    /// verdict is in the head; the body is for the log only.
    pub body_limit: Duration,
    /// How many bytes of an answer's body are kept.
    pub body_bytes: usize,
    /// How many requests may be under way to one IPv4 address or one IPv6 /64, over all organizations.
    pub requests_per_address: u32,
    /// How long a connection may wait for its next request.
    pub idle_limit: Duration,
    /// How many connections may wait in total.
    pub idle_connections: usize,
    /// How many connections may wait for one organization and authority: as many as requests may be under way at once, or
    /// connections are closed and opened without end.
    pub idle_connections_per_target: usize,
    /// How many of the connections that wait keep their HTTP machine, of some 20 KiB each: about as many as requests are under way
    /// at once while receivers are quick, so that those need none made. The others are streams alone.
    pub awake_connections: usize,
    /// How many names the DNS cache holds.
    pub cached_names: usize,
}

impl EgressSettings {
    /// The defaults, with this rule for addresses.
    #[must_use]
    pub fn new(address_rule: AddressRule) -> Self {
        Self {
            address_rule,
            own_addresses: Vec::new(),
            own_authorities: Vec::new(),
            plain_http: false,
            proxy: None,
            client_identity: None,
            extra_roots: Vec::new(),
            resolve_limit: Duration::from_secs(5),
            connect_limit: Duration::from_secs(5),
            tls_limit: Duration::from_secs(5),
            body_limit: Duration::from_secs(2),
            body_bytes: 16 * 1024,
            requests_per_address: 64,
            idle_limit: Duration::from_secs(30),
            idle_connections: 10_000,
            idle_connections_per_target: 256,
            awake_connections: 1_024,
            cached_names: 10_000,
        }
    }
}
