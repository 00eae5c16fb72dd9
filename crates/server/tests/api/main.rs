//! The server through its router, on a real store: every route, and every reason to refuse a request.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests fail by panicking")]

mod attacks;
mod deliveries;
mod documents;
mod doo;
mod doo_access;
mod doo_documents;
mod doo_re_push;
mod failures;
mod fixture;
mod graphql;
mod health;
mod isolation;
mod isolation_routes;
mod join;
mod join_limits;
mod keys;
mod limits;
mod logs;
mod oauth_clients;
mod organizations;
mod publishing;
mod quota;
mod receivers;
mod replays;
mod resources;
mod resuming;
mod scheduled;
mod schema_check;
mod simplymeet;
mod simplymeet_documents;
mod simplymeet_matching;
mod sockets;
mod subscription_dialects;
mod subscription_headers;
mod subscription_requests;
mod subscription_secrets;
mod subscription_select;
mod subscription_verification;
mod subscriptions;
mod timers;
mod vyte;
mod vyte_documents;
mod wrong_keys;
