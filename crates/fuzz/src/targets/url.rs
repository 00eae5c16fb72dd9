//! The guard of target URLs and addresses.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use rendezhook_domain::target::{AddressRule, AllowedPorts, Scheme, TargetHost, TargetPolicy, TargetUrl};

use super::{Target, holds, kind_of};

pub(super) const TARGET: Target = Target {
    name: "url",
    words: &[
        "https://",
        "http://",
        "HTTPS:",
        "//",
        "@",
        ":",
        "#",
        "?",
        "\\",
        "%00",
        "%2e",
        "..",
        "[::1]",
        "[::ffff:10.0.0.1]",
        "[fe80::1%25eth0]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "127.1",
        "0x7f000001",
        "2130706433",
        "0177.0.0.1",
        "169.254.169.254",
        "168.63.129.16",
        "100.64.0.1",
        "localhost",
        ".internal",
        ".local",
        ".onion",
        "。",
        "ⓔ",
        "①",
        "xn--",
        "\u{ad}",
        "\t",
        "\r\n",
        " ",
        ":22",
        ":443",
        ":0",
        ":65536",
        "user:pass",
    ],
    judge,
};

/// An input is the text of a URL; its first sixteen bytes are also taken for an address.
fn judge(input: &[u8]) -> Result<String, String> {
    if let Some(bytes) = input.first_chunk::<16>() {
        judge_address(IpAddr::V6(Ipv6Addr::from(*bytes)))?;
    }
    if let Some(bytes) = input.first_chunk::<4>() {
        judge_address(IpAddr::V4(Ipv4Addr::from(*bytes)))?;
    }
    let text = String::from_utf8_lossy(input);
    let policy = TargetPolicy::new(AddressRule::public());
    let url = match TargetUrl::parse(&text, &policy) {
        Ok(url) => url,
        Err(error) => return Ok(kind_of(&error.to_string())),
    };
    let shown = url.as_str();
    holds(url.scheme() == Scheme::Https, || format!("{shown} is not https"))?;
    holds(AllowedPorts::default().permits(url.port()) && url.port() != 0, || format!("port of {shown}"))?;
    holds(!url.authority().contains('@'), || format!("{shown} carries a user"))?;
    holds(!url.request_target().contains('#'), || format!("{shown} carries a fragment"))?;
    let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic());
    for part in [url.authority(), url.host_field(), url.request_target()] {
        holds(plain(part), || format!("{part:?} cannot stand in a request"))?;
    }
    holds(url.request_target().starts_with('/'), || format!("the path of {shown}"))?;
    match url.host() {
        TargetHost::Address(address) => {
            holds(is_public(*address), || format!("{shown} leads to {address}"))?;
        }
        TargetHost::Name(name) => {
            // What a resolver of the system would take for an address must have been judged as one.
            let last = name.rsplit('.').next().unwrap_or_default();
            let is_number = last.bytes().all(|byte| byte.is_ascii_digit());
            let is_hexadecimal = last
                .strip_prefix("0x")
                .is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
            holds(!is_number && !is_hexadecimal, || format!("{name} may be read as an address"))?;
            let local = ["localhost", "local", "internal", "onion", "arpa"].contains(&last) && last != "arpa";
            holds(!local && name.contains('.'), || format!("{name} is a local name"))?;
        }
    }
    let again =
        TargetUrl::parse(shown, &policy).map_err(|error| format!("{shown} is refused again: {error}"))?;
    holds(again.as_str() == shown && again.authority() == url.authority(), || {
        format!("{shown} changes again")
    })?;
    let stored =
        TargetUrl::parse(shown, &TargetPolicy::stored()).map_err(|error| format!("{shown}: {error}"))?;
    holds(stored.endpoint() == url.endpoint(), || format!("the endpoint of {shown} changes in the store"))?;
    let host = if matches!(url.host(), TargetHost::Address(_)) { "address" } else { "name" };
    Ok(format!("{host} {} {}", url.port() == 443, shown.len() / 16))
}

fn judge_address(address: IpAddr) -> Result<(), String> {
    let permitted = AddressRule::public().permits(address).is_ok();
    holds(!permitted || is_public(address), || format!("{address} is permitted"))
}

/// Whether an address may be a stranger's receiver: written down a second time, by what the standard library knows and by the
/// registries of RFC 6890, so that a slip in the guard's own table is seen.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => match address.to_ipv4_mapped() {
            Some(mapped) => is_public_v4(mapped),
            None => {
                let [first, second, ..] = address.segments();
                let global = (0x2000..0x4000).contains(&first);
                let special = (first == 0x2001 && (second < 0x200 || second == 0xdb8))
                    || first == 0x2002
                    || (first == 0x3fff && second < 0x1000);
                global && !special
            }
        },
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [first, second, third, _] = address.octets();
    let special = address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_documentation()
        || address.is_multicast()
        || first == 0
        || first >= 240
        || (first == 100 && (64..128).contains(&second))
        || (first == 198 && (18..20).contains(&second))
        || (first, second, third) == (192, 0, 0)
        || (first, second, third) == (192, 88, 99)
        || address == Ipv4Addr::new(168, 63, 129, 16);
    !special
}
