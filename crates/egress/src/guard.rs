//! The guard: what no connection goes to, whatever DNS said, in whatever order.
//!
//! It is asked three times. Every answer of DNS is judged before any is kept; the address is judged again in the
//! moment it is connected to, literal addresses included; and the connected socket is asked whom it reached.

use std::net::{IpAddr, SocketAddr};

use rendezhook_domain::target::{AddressRefusal, AddressRule, Scheme};

/// Judges addresses.
#[derive(Debug)]
pub(crate) struct Guard {
    rule: AddressRule,
    own: Vec<SocketAddr>,
    /// Host and port under which clients reach this server.
    own_authorities: Vec<Box<str>>,
    /// Whether plain http may go to other addresses than loopback.
    plain_http: bool,
}

/// Why the guard refused. For the operator's log; customers learn only that the address is not allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum GuardRefusal {
    #[error("{} is {}", .0.address(), .0.reason())]
    Address(AddressRefusal),
    #[error("{0} is where this server listens")]
    OwnAddress(SocketAddr),
    #[error("this server is reached there")]
    OwnAuthority,
    #[error("it is not loopback, and plain http goes nowhere else")]
    PlainHttp,
    #[error("connected to {reached} instead of {intended}")]
    OtherPeer { intended: SocketAddr, reached: SocketAddr },
}

impl Guard {
    pub(crate) fn new(rule: AddressRule, own: Vec<SocketAddr>) -> Self {
        Self { rule, own, own_authorities: Vec::new(), plain_http: false }
    }

    /// The same guard, which also knows under which hosts and ports clients reach this server.
    pub(crate) fn with_own_authorities(mut self, authorities: Vec<Box<str>>) -> Self {
        self.own_authorities = authorities;
        self
    }

    /// The same guard, with or without plain http beyond loopback.
    pub(crate) fn with_plain_http(mut self, allowed: bool) -> Self {
        self.plain_http = allowed;
        self
    }

    /// Judges host and port before anything else is done. A load balancer hides that a public address is the server's own.
    pub(crate) fn judge_authority(&self, authority: &str) -> Result<(), GuardRefusal> {
        if self.own_authorities.iter().any(|own| **own == *authority) {
            return Err(GuardRefusal::OwnAuthority);
        }
        Ok(())
    }

    /// Judges a name whose addresses only a proxy knows.
    pub(crate) fn judge_unresolved(&self, scheme: Scheme) -> Result<(), GuardRefusal> {
        if scheme == Scheme::Http && !self.plain_http { Err(GuardRefusal::PlainHttp) } else { Ok(()) }
    }

    /// Whether names such as `localhost` mean this machine. They never go to DNS.
    pub(crate) fn allows_loopback(&self) -> bool {
        self.rule.allows_loopback()
    }

    /// Judges all answers for a name: one refused address refuses the name. Keeping the others would let an attacker
    /// mix answers until a connection lands where it should not.
    pub(crate) fn judge_answers(&self, addresses: &[IpAddr]) -> Result<(), GuardRefusal> {
        addresses.iter().try_for_each(|address| self.rule.permits(*address)).map_err(GuardRefusal::Address)
    }

    /// Judges the address about to be connected to.
    pub(crate) fn judge_destination(&self, scheme: Scheme, address: SocketAddr) -> Result<(), GuardRefusal> {
        let ip = address.ip().to_canonical();
        self.rule.permits(ip).map_err(GuardRefusal::Address)?;
        if scheme == Scheme::Http && !ip.is_loopback() && !self.plain_http {
            return Err(GuardRefusal::PlainHttp);
        }
        let is_own = self.own.iter().any(|own| {
            own.port() == address.port()
                && (own.ip().to_canonical() == ip || (own.ip().is_unspecified() && ip.is_loopback()))
        });
        if is_own { Err(GuardRefusal::OwnAddress(address)) } else { Ok(()) }
    }

    /// Judges a connection that was made: whom it reached, and from where. A server that listens on all addresses
    /// recognises itself by both ends being the same machine.
    pub(crate) fn judge_connection(
        &self,
        scheme: Scheme,
        intended: SocketAddr,
        reached: SocketAddr,
        local: SocketAddr,
    ) -> Result<(), GuardRefusal> {
        let same_place =
            reached.ip().to_canonical() == intended.ip().to_canonical() && reached.port() == intended.port();
        if !same_place {
            return Err(GuardRefusal::OtherPeer { intended, reached });
        }
        self.judge_destination(scheme, reached)?;
        let same_machine = reached.ip().to_canonical() == local.ip().to_canonical();
        let listens_everywhere =
            self.own.iter().any(|own| own.ip().is_unspecified() && own.port() == reached.port());
        if same_machine && listens_everywhere { Err(GuardRefusal::OwnAddress(reached)) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn socket(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    #[test]
    fn one_denied_answer_refuses_all() {
        let guard = Guard::new(AddressRule::public(), Vec::new());
        let public: Vec<IpAddr> = vec!["8.8.8.8".parse().unwrap(), "2606:4700::1".parse().unwrap()];
        assert!(guard.judge_answers(&public).is_ok());
        let mut mixed = public;
        mixed.push("10.0.0.1".parse().unwrap());
        assert!(guard.judge_answers(&mixed).is_err());
    }

    #[test]
    fn plain_http_reaches_loopback_only_even_where_a_network_is_allowed() {
        let rule = AddressRule::public().allowing(["10.0.0.0/8".parse().unwrap()]).allowing_loopback();
        let guard = Guard::new(rule, Vec::new());
        assert!(guard.judge_destination(Scheme::Https, socket("10.0.0.1:443")).is_ok());
        assert!(guard.judge_destination(Scheme::Http, socket("10.0.0.1:80")).is_err());
        assert!(guard.judge_destination(Scheme::Http, socket("[::ffff:127.0.0.1]:80")).is_ok());
    }

    #[test]
    fn plain_http_goes_where_https_goes_once_the_operator_allows_it() {
        let guard = Guard::new(AddressRule::public(), Vec::new()).with_plain_http(true);
        assert!(guard.judge_destination(Scheme::Http, socket("8.8.8.8:80")).is_ok());
        assert!(guard.judge_destination(Scheme::Http, socket("10.0.0.1:80")).is_err());
        assert!(guard.judge_destination(Scheme::Http, socket("127.0.0.1:80")).is_err());
        assert!(guard.judge_unresolved(Scheme::Http).is_ok());
        let strict = Guard::new(AddressRule::public(), Vec::new());
        assert_eq!(strict.judge_unresolved(Scheme::Http), Err(GuardRefusal::PlainHttp));
        assert!(strict.judge_unresolved(Scheme::Https).is_ok());
    }

    #[test]
    fn the_server_knows_under_which_name_it_is_reached() {
        let own = vec!["hooks.example.com:443".into()];
        let guard = Guard::new(AddressRule::public(), Vec::new()).with_own_authorities(own);
        assert_eq!(guard.judge_authority("hooks.example.com:443"), Err(GuardRefusal::OwnAuthority));
        assert!(guard.judge_authority("hooks.example.com:8443").is_ok());
        assert!(guard.judge_authority("a.hooks.example.com:443").is_ok());
    }

    #[test]
    fn the_server_never_calls_itself() {
        let rule = AddressRule::public().allowing_loopback();
        let guard = Guard::new(rule, vec![socket("0.0.0.0:8080"), socket("9.9.9.9:443")]);
        let refused = |address: &str| guard.judge_destination(Scheme::Https, socket(address)).is_err();
        assert!(refused("127.0.0.1:8080"));
        assert!(refused("[::1]:8080"));
        assert!(refused("9.9.9.9:443"));
        assert!(refused("[::ffff:9.9.9.9]:443"));
        assert!(!refused("127.0.0.1:8081"));
        assert!(!refused("9.9.9.9:8443"));

        // Over its public address it recognises itself once connected.
        let public = socket("8.8.4.4:8080");
        assert!(guard.judge_destination(Scheme::Https, public).is_ok());
        assert!(guard.judge_connection(Scheme::Https, public, public, socket("8.8.4.4:50000")).is_err());
        assert!(guard.judge_connection(Scheme::Https, public, public, socket("1.1.1.1:50000")).is_ok());
    }

    #[test]
    fn a_connection_that_ended_elsewhere_is_refused() {
        let guard = Guard::new(AddressRule::public(), Vec::new());
        let (intended, reached) = (socket("8.8.8.8:443"), socket("10.0.0.1:443"));
        assert_eq!(
            guard.judge_connection(Scheme::Https, intended, reached, socket("1.1.1.1:5")),
            Err(GuardRefusal::OtherPeer { intended, reached })
        );
    }
}
