//! What an operator can set of the server.

use std::sync::Arc;
use std::time::Duration;

use rendezhook_domain::target::{AddressRule, Cidr, OwnOrigins, TargetPolicy};

/// The settings of a [`Server`](crate::Server). The defaults suit one machine with a few GiB of memory.
#[derive(Debug, Clone)]
pub struct ServerOptions {
    /// Bounds of request bodies.
    pub bodies: BodyLimits,
    /// Bounds of connections.
    pub connections: ConnectionLimits,
    /// Which target URLs are taken.
    pub target_policy: TargetPolicy,
    /// Where clients reach the server, for absolute links; without a slash at the end (`https://hooks.example.com`).
    pub public_address: Arc<str>,
    /// The origins of doo hooks that are this server.
    pub own_origins: OwnOrigins,
    /// The proxies whose `X-Forwarded-For` says for whom they ask; empty when clients connect directly.
    pub trusted_proxies: Vec<Cidr>,
    /// How long a request for a test delivery waits for the delivery's end.
    pub test_timeout: Duration,
}

impl Default for ServerOptions {
    fn default() -> Self {
        Self {
            bodies: BodyLimits::default(),
            connections: ConnectionLimits::default(),
            target_policy: TargetPolicy::new(AddressRule::default()),
            public_address: Arc::from("http://127.0.0.1:8080"),
            own_origins: OwnOrigins::default(),
            trusted_proxies: Vec::new(),
            test_timeout: Duration::from_secs(35),
        }
    }
}

/// Bounds of request bodies.
#[derive(Debug, Clone, Copy)]
pub struct BodyLimits {
    /// The longest body, in bytes.
    pub bytes: usize,
    /// The longest body of many lines (`application/x-ndjson`), in bytes.
    pub lines_bytes: usize,
    /// The longest resource, in bytes; also the longest line.
    pub resource_bytes: usize,
    /// How many actions one request may publish.
    pub items: usize,
    /// How deep arrays and objects of a resource may be nested.
    pub depth: usize,
    /// Memory that all bodies being read or worked on may take together, in bytes. A request that finds none left is
    /// answered 503.
    pub memory_bytes: usize,
    /// The time in which a whole body has to arrive.
    pub read_timeout: Duration,
}

impl Default for BodyLimits {
    fn default() -> Self {
        Self {
            bytes: 1024 * 1024,
            lines_bytes: 64 * 1024 * 1024,
            resource_bytes: 256 * 1024,
            items: 10_000,
            depth: 64,
            memory_bytes: 256 * 1024 * 1024,
            read_timeout: Duration::from_secs(30),
        }
    }
}

/// Bounds of connections.
#[derive(Debug, Clone, Copy)]
pub struct ConnectionLimits {
    /// Connections that are open at once; further ones wait in the operating system's queue.
    pub maximum: usize,
    /// The time in which the head of a request has to arrive; an idle connection is closed after it too.
    pub head_timeout: Duration,
    /// The longest head of a request, in bytes; at least 8,192.
    pub head_bytes: usize,
    /// How many header fields a request may have.
    pub header_fields: usize,
    /// The time a request may take from its head to its answer.
    pub request_timeout: Duration,
    /// How long requests under way are waited for when the server stops.
    pub stop_grace: Duration,
}

impl Default for ConnectionLimits {
    fn default() -> Self {
        Self {
            maximum: 4_096,
            head_timeout: Duration::from_secs(30),
            head_bytes: 32 * 1024,
            header_fields: 100,
            request_timeout: Duration::from_secs(60),
            stop_grace: Duration::from_secs(10),
        }
    }
}
