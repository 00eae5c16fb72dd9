//! From errors of sockets and of the HTTP library to causes.

use std::io;

use rendezhook_domain::cause::Cause;

use crate::tls::handshake_failure;

/// No more file handles in the process (`EMFILE`), the same number on Linux, macOS and the BSDs.
const TOO_MANY_FILES_IN_PROCESS: i32 = 24;
/// No more file handles in the system (`ENFILE`).
const TOO_MANY_FILES_IN_SYSTEM: i32 = 23;

/// Why a connection could not be made.
pub(crate) fn connect_failure(error: &io::Error) -> Cause {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => Cause::ConnectionRefused,
        io::ErrorKind::TimedOut => Cause::ConnectTimeout,
        io::ErrorKind::HostUnreachable => Cause::Unreachable,
        io::ErrorKind::NetworkUnreachable | io::ErrorKind::NetworkDown => Cause::NoRoute,
        io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted => Cause::ConnectionReset,
        _ => local_failure(error),
    }
}

/// What else can go wrong before a packet leaves is this machine's: handles, ports, memory, a firewall.
fn local_failure(error: &io::Error) -> Cause {
    let out_of_handles =
        matches!(error.raw_os_error(), Some(TOO_MANY_FILES_IN_PROCESS | TOO_MANY_FILES_IN_SYSTEM));
    if out_of_handles {
        tracing::error!(%error, "no file handle for a connection; raise the limit of open files");
    } else {
        tracing::error!(%error, "cannot open a connection; check ports, memory and firewall of this machine");
    }
    Cause::Internal
}

/// Why an exchange over a connection brought no answer.
pub(crate) fn exchange_failure(error: &hyper::Error) -> Cause {
    if error.is_parse_too_large() {
        return Cause::ResponseHeadTooLarge;
    }
    if error.is_parse() {
        return Cause::ProtocolError;
    }
    if error.is_user() {
        tracing::error!(%error, "the HTTP library refused a request");
        return Cause::Internal;
    }
    if error.is_incomplete_message() || error.is_canceled() || error.is_closed() {
        return Cause::ConnectionReset;
    }
    let source = io_source(error);
    if let Some(cause) = source.and_then(late_refusal) {
        return cause;
    }
    match source {
        // The TLS layer reports records that cannot be read this way.
        Some(error) if error.kind() == io::ErrorKind::InvalidData => Cause::ProtocolError,
        Some(_) => Cause::ConnectionReset,
        None => Cause::ProtocolError,
    }
}

/// A receiver of TLS 1.3 says only after the handshake that it wanted another certificate of ours, or one at all.
fn late_refusal(error: &io::Error) -> Option<Cause> {
    let cause = handshake_failure(error);
    (cause == Cause::TlsClientCertificate).then_some(cause)
}

fn io_source(error: &hyper::Error) -> Option<&io::Error> {
    std::error::Error::source(error)?.downcast_ref()
}
