//! Why an attempt failed before or instead of an answer, and whose fault that is.

use std::fmt;
use std::str::FromStr;

/// Whose fault a failed attempt is. Only the receiver's faults count against the receiver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fault {
    /// The receiver, its name or its network.
    Receiver,
    /// What the publisher or the subscription's owner gave us cannot be sent.
    Publisher,
    /// rendezhook or the machine it runs on.
    Us,
}

impl Fault {
    /// The name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Receiver => "receiver",
            Self::Publisher => "publisher",
            Self::Us => "us",
        }
    }
}

/// Makes the causes: variant, number in stores, code on the wire, whose fault, sentence for the customer.
macro_rules! causes {
    ($($(#[$meta:meta])* $variant:ident = $number:literal, $code:literal, $fault:ident, $sentence:literal;)*) => {
        /// Why an attempt brought no answer that could be judged by its status.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Cause {
            $($(#[$meta])* $variant,)*
        }

        impl Cause {
            /// Every cause.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The code on the wire. Never changes.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code,)* }
            }

            /// The number under which stores keep it. Never changes.
            #[must_use]
            pub const fn number(self) -> u8 {
                match self { $(Self::$variant => $number,)* }
            }

            /// Whose fault it is.
            #[must_use]
            pub const fn fault(self) -> Fault {
                match self { $(Self::$variant => Fault::$fault,)* }
            }

            /// What happened and what to do about it, in the customer's words.
            #[must_use]
            pub const fn sentence(self) -> &'static str {
                match self { $(Self::$variant => $sentence,)* }
            }
        }
    };
}

causes! {
    /// The name does not exist (NXDOMAIN) or has no address.
    DnsNotFound = 1, "dns_not_found", Receiver, "the host name of the target URL does not exist; check the URL and its DNS records";
    /// The name servers answered with an error.
    DnsFailure = 2, "dns_failure", Receiver, "the name servers of the target's host name answered with an error";
    /// The name servers did not answer in time.
    DnsTimeout = 3, "dns_timeout", Receiver, "the name servers of the target's host name did not answer in time";
    /// The egress guard refused the address.
    AddressNotAllowed = 4, "address_not_allowed", Receiver, "the target's address is not allowed; deliveries go to public addresses only";
    /// Nobody listens there.
    ConnectionRefused = 5, "connection_refused", Receiver, "the target refused the connection; check that the server runs and listens on that port";
    /// No connection within its time.
    ConnectTimeout = 6, "connect_timeout", Receiver, "the target did not accept a connection in time; a firewall may drop our packets";
    /// No route to the address.
    Unreachable = 7, "unreachable", Receiver, "the target's network cannot be reached";
    /// The certificate is for another name.
    TlsNameMismatch = 8, "tls_name_mismatch", Receiver, "the target's certificate is for another host name, or the target does not serve this name";
    /// The certificate's time is over.
    TlsCertificateExpired = 9, "tls_certificate_expired", Receiver, "the target's certificate has expired; renew it";
    /// Nobody we trust signed the certificate.
    TlsUnknownIssuer = 10, "tls_unknown_issuer", Receiver, "the target's certificate is not signed by a known authority; it may be self-signed, or an intermediate certificate is missing";
    /// No common protocol version.
    TlsProtocol = 11, "tls_protocol", Receiver, "the target and we have no TLS version in common; it has to offer TLS 1.2 or 1.3";
    /// The handshake ended early or with an alert.
    TlsFailure = 12, "tls_failure", Receiver, "the TLS handshake with the target failed";
    /// The handshake took too long.
    TlsTimeout = 13, "tls_timeout", Receiver, "the TLS handshake with the target took too long";
    /// The connection ended before an answer.
    ConnectionReset = 14, "connection_reset", Receiver, "the target closed the connection before it answered";
    /// No answer within the deadline of the attempt.
    ResponseTimeout = 15, "response_timeout", Receiver, "the target did not answer within the time an attempt has; answer first and work afterwards";
    /// The answer is not HTTP.
    ProtocolError = 16, "protocol_error", Receiver, "the target's answer is not valid HTTP/1.1";
    /// The destination has all the connections it may have; costs no attempt.
    Busy = 17, "busy", Us, "too many connections to the target's address are open already; the attempt is made a little later";
    /// The request cannot be built from what was published and configured.
    Unbuildable = 18, "unbuildable", Publisher, "the request cannot be built from the published resource and the subscription's settings";
    /// Our own software or machine failed.
    Internal = 19, "internal", Us, "rendezhook could not make the attempt; the operator's log says why";
    /// The connection ended in the handshake.
    TlsReset = 20, "tls_reset", Receiver, "the target closed the connection during the TLS handshake; check that it speaks TLS on that port";
    /// The answer began, but its head did not end within the deadline of the attempt.
    ResponseStalled = 21, "response_stalled", Receiver, "the target began to answer but did not finish the headers of its answer in time";
    /// The head of the answer passes our limits.
    ResponseHeadTooLarge = 22, "response_head_too_large", Receiver, "the target's answer has more than 64 headers or 16 KiB of them";
    /// Interim answers (1xx) without end.
    TooManyInterimResponses = 23, "too_many_interim_responses", Receiver, "the target sent more than 8 interim (1xx) responses without a final one";
    /// This machine has no route there, or no network at all.
    NoRoute = 24, "no_route", Us, "this server has no route to the target's network";
    /// The token endpoint answered with success, but without a token.
    TokenUnusable = 25, "token_unusable", Receiver, "the token endpoint's answer holds no access_token that fits into a header";
    /// The origin answered with success, but without data.
    OriginUnusable = 26, "origin_unusable", Receiver, "the origin's answer is no JSON, is longer than 256 KiB, did not end in time, or has errors and no data";
    /// Our own GraphQL could not answer the subscription's query.
    QueryFailed = 27, "query_failed", Publisher, "the query of the subscription has errors and no data; its answer is shown";
    /// The certificate's time has not begun.
    TlsCertificateNotYetValid = 40, "tls_certificate_not_yet_valid", Receiver, "the target's certificate is not valid yet; its beginning lies in the future";
    /// No common cipher suite, group or signature scheme.
    TlsCipher = 41, "tls_cipher", Receiver, "the target and we have no TLS cipher suite in common; it has to offer one with forward secrecy and AEAD, such as ECDHE with AES-GCM";
    /// What answered is no TLS.
    TlsNotSpoken = 42, "tls_not_spoken", Receiver, "the target does not speak TLS on that port; it may serve plain http there";
    /// TLS works, but HTTP/1.1 is not offered within it.
    TlsNoHttp = 43, "tls_no_http", Receiver, "the target offers no HTTP/1.1 within TLS (ALPN)";
    /// The certificate is broken, or of a kind that is not accepted.
    TlsCertificateUnusable = 44, "tls_certificate_unusable", Receiver, "the target's certificate cannot be used: it is broken, revoked, not meant for servers, or signed in a way that is no longer accepted";
    /// The target wants a certificate of ours, or does not accept the one it got.
    TlsClientCertificate = 45, "tls_client_certificate", Receiver, "the target asks for a client certificate and accepts none that we have";
    /// The operator's proxy cannot be connected to.
    ProxyUnreachable = 46, "proxy_unreachable", Us, "the proxy that this server sends through cannot be reached";
    /// The operator's proxy does not open a way to the target.
    ProxyRefused = 47, "proxy_refused", Us, "the proxy that this server sends through does not permit requests to the target";
    /// The operator's proxy could not open a way to the target.
    ProxyFailed = 48, "proxy_failed", Us, "the proxy that this server sends through could not reach the target";
}

impl Cause {
    /// The cause with this number.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.iter().copied().find(|cause| cause.number() == number)
    }

    /// Whether it says that the receiver is overloaded or hangs, so that the next attempt should wait at least a minute.
    #[must_use]
    pub const fn is_overload(self) -> bool {
        matches!(
            self,
            Self::ConnectTimeout | Self::ResponseTimeout | Self::ResponseStalled | Self::TlsTimeout
        )
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.sentence())
    }
}

/// The text is no code of a cause.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is not the code of a cause")]
pub struct UnknownCause(String);

impl FromStr for Cause {
    type Err = UnknownCause;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .iter()
            .copied()
            .find(|cause| cause.code() == text)
            .ok_or_else(|| UnknownCause(text.chars().take(80).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cause_is_found_by_code_and_number() {
        for cause in Cause::ALL {
            assert_eq!(cause.code().parse(), Ok(*cause));
            assert_eq!(Cause::from_number(cause.number()), Some(*cause));
        }
        assert_eq!(Cause::from_number(0), None);
    }
}
