//! The operator's proxy: requests go through a tunnel that it opens (RFC 9110, section 9.3.6).
//!
//! What goes wrong between it and us, or what it answers, is never the receiver's fault.

use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rendezhook_domain::cause::Cause;
use rendezhook_secrets::Secret;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use url::{Host, Url};

use crate::request::USER_AGENT;
use crate::settings::MAXIMUM_RESPONSE_HEAD;

#[cfg(test)]
mod tests;

/// A proxy that opens tunnels. `Debug` does not show its credentials.
#[derive(Clone)]
pub struct Proxy {
    host: Box<str>,
    port: u16,
    /// The value of `Proxy-Authorization`.
    authorization: Option<Secret<String>>,
}

/// The text names no proxy. It is not repeated here: it may hold a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a proxy is written like http://proxy.internal:4750, with http://user:password@ in front of the host where it asks for that"
)]
pub struct ProxyError;

impl FromStr for Proxy {
    type Err = ProxyError;

    /// Reads `http://[user[:password]@]host[:port]`; without a port it is 80.
    fn from_str(text: &str) -> Result<Self, ProxyError> {
        let url = Url::parse(text).map_err(|_| ProxyError)?;
        let names_more = url.path() != "/" || url.query().is_some() || url.fragment().is_some();
        if url.scheme() != "http" || names_more {
            return Err(ProxyError);
        }
        let host = match url.host().ok_or(ProxyError)? {
            Host::Domain(name) => name.into(),
            Host::Ipv4(address) => address.to_string().into(),
            Host::Ipv6(address) => address.to_string().into(),
        };
        let port = url.port_or_known_default().filter(|port| *port != 0).ok_or(ProxyError)?;
        let authorization = match (url.username(), url.password()) {
            ("", None) => None,
            (user, password) => Some(basic(user, password.unwrap_or_default())?),
        };
        Ok(Self { host, port, authorization })
    }
}

/// `Basic` credentials (RFC 7617) from their parts in a URL.
fn basic(user: &str, password: &str) -> Result<Secret<String>, ProxyError> {
    let decoded = |text: &str| percent_decoded(text).ok_or(ProxyError).map(Secret::new);
    let (user, password) = (decoded(user)?, decoded(password)?);
    let both = Secret::new(format!("{}:{}", user.expose(), password.expose()));
    Ok(Secret::new(format!("Basic {}", STANDARD.encode(both.expose()))))
}

/// A text with its percent-encoded bytes as they are (RFC 3986, section 2.1).
fn percent_decoded(text: &str) -> Option<String> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte != b'%' {
            decoded.push(byte);
            continue;
        }
        let (digits, after) = rest.split_at_checked(2)?;
        decoded.push(u8::from_str_radix(str::from_utf8(digits).ok()?, 16).ok()?);
        rest = after;
    }
    String::from_utf8(decoded).ok()
}

impl Proxy {
    /// Connects to the proxy and has it open a tunnel to `authority`, host and port. Answers with the stream and the proxy's
    /// address. Its own name is the operator's to choose, so that it is looked up as this machine looks up names.
    pub(crate) async fn tunnel(&self, authority: &str) -> Result<(TcpStream, SocketAddr), Cause> {
        let connected = TcpStream::connect((self.host.as_ref(), self.port)).await.and_then(|stream| {
            stream.set_nodelay(true)?;
            let address = stream.peer_addr()?;
            Ok((stream, address))
        });
        let (mut stream, address) = connected.map_err(|error| {
            tracing::warn!(proxy = ?self, %error, "the proxy for outbound requests cannot be reached");
            Cause::ProxyUnreachable
        })?;
        let status = self.ask(&mut stream, authority).await?;
        match status {
            200..300 => Ok((stream, address)),
            400..500 => {
                tracing::warn!(proxy = ?self, authority, status, "the proxy for outbound requests refused a tunnel");
                Err(Cause::ProxyRefused)
            }
            _ => {
                tracing::warn!(proxy = ?self, authority, status, "the proxy for outbound requests opened no tunnel");
                Err(Cause::ProxyFailed)
            }
        }
    }

    /// Asks for a tunnel; the status of the answer.
    async fn ask(&self, stream: &mut TcpStream, authority: &str) -> Result<u16, Cause> {
        let request = Secret::new(format!(
            "CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\nUser-Agent: {USER_AGENT}\r\n{}\r\n",
            self.authorization_line().expose()
        ));
        let broken = |_| Cause::ProxyFailed;
        stream.write_all(request.expose().as_bytes()).await.map_err(broken)?;

        let mut head = Vec::with_capacity(512);
        let mut byte = [0];
        // The receiver's bytes begin right after the head, so that none may be read beyond it. It is short and comes once a
        // connection.
        while !head.ends_with(b"\r\n\r\n") {
            let more = head.len() < MAXIMUM_RESPONSE_HEAD;
            if !more || stream.read(&mut byte).await.map_err(broken)? == 0 {
                return Err(Cause::ProxyFailed);
            }
            head.extend_from_slice(&byte);
        }
        status(&head).ok_or(Cause::ProxyFailed)
    }

    fn authorization_line(&self) -> Secret<String> {
        Secret::new(match &self.authorization {
            Some(authorization) => format!("Proxy-Authorization: {}\r\n", authorization.expose()),
            None => String::new(),
        })
    }
}

/// The status of an answer (RFC 9112, section 4).
fn status(head: &[u8]) -> Option<u16> {
    let rest = head.strip_prefix(b"HTTP/1.1 ").or_else(|| head.strip_prefix(b"HTTP/1.0 "))?;
    let (digits, after) = rest.split_at_checked(3)?;
    let ends = matches!(after.first(), Some(b' ' | b'\r'));
    let status = str::from_utf8(digits).ok()?.parse().ok()?;
    (ends && (200..600).contains(&status)).then_some(status)
}

impl fmt::Debug for Proxy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Proxy({}:{})", self.host, self.port)
    }
}
