use proptest::prelude::*;

use super::*;
use crate::target::{AddressRule, AllowedPorts};

fn production() -> TargetPolicy {
    TargetPolicy::new(AddressRule::public())
}

fn development() -> TargetPolicy {
    TargetPolicy::new(AddressRule::public().allowing_loopback())
}

fn parse(text: &str) -> Result<TargetUrl, TargetUrlError> {
    TargetUrl::parse(text, &production())
}

/// The variant alone, for tables.
fn refusal(text: &str) -> String {
    match parse(text) {
        Ok(url) => format!("accepted as {url:?}"),
        Err(error) => {
            let debug = format!("{error:?}");
            debug.split(['(', ' ']).next().unwrap_or_default().to_owned()
        }
    }
}

#[test]
fn parts_of_an_ordinary_url() {
    let url = parse("https://Hooks.Example.COM/a/b?key=1&x=%20#top").unwrap();
    assert_eq!(url.as_str(), "https://Hooks.Example.COM/a/b?key=1&x=%20#top");
    assert_eq!(url.scheme(), Scheme::Https);
    assert_eq!(url.host(), &TargetHost::Name("hooks.example.com".into()));
    assert_eq!(url.port(), 443);
    assert_eq!(url.authority(), "hooks.example.com:443");
    assert_eq!(url.host_field(), "hooks.example.com");
    assert_eq!(url.request_target(), "/a/b?key=1&x=%20");
    assert_eq!(url.endpoint().as_str(), "https://hooks.example.com/a/b");
}

#[test]
fn spellings_of_one_place_share_an_endpoint() {
    for text in [
        "https://example.com",
        "https://example.com/",
        "https://EXAMPLE.com:443/?a=1",
        "https://example.com./#x",
    ] {
        let url = parse(text).unwrap();
        assert_eq!(url.endpoint().as_str(), "https://example.com/", "{text}");
        assert_eq!(url.host_field(), "example.com", "{text}");
    }
    assert_eq!(
        parse("https://example.com:8443/a").unwrap().endpoint().as_str(),
        "https://example.com:8443/a"
    );
}

#[test]
fn international_and_odd_names_that_work() {
    let cases = [
        ("https://faß.de/", "xn--fa-hia.de"),
        ("https://ⓔxample.com/", "example.com"),
        ("https://a_b.example.com/", "a_b.example.com"),
        ("https://example.com./", "example.com"),
    ];
    for (text, host) in cases {
        assert_eq!(parse(text).unwrap().host(), &TargetHost::Name(host.into()), "{text}");
    }
    assert!(parse("https://8.8.8.8/").is_ok());
    assert_eq!(parse("https://[2606:4700::1111]:8443/").unwrap().authority(), "[2606:4700::1111]:8443");
}

#[test]
fn tricks_are_refused_for_what_they_are() {
    let cases = [
        // Every spelling of loopback and of the unspecified address.
        ("https://2130706433/", "Address"),
        ("https://0x7f000001/", "Address"),
        ("https://0x7f.1/", "Address"),
        ("https://0177.0.0.1/", "Address"),
        ("https://127.1/", "Address"),
        ("https://127.0.1/", "Address"),
        ("https://127.0.0.1./", "Address"),
        ("https://0/", "Address"),
        ("https://①②⑦.⓪.⓪.①/", "Address"),
        ("https://127。0。0。1/", "Address"),
        ("https://127%2e0%2e0%2e1/", "Address"),
        ("https://[::1]/", "Address"),
        ("https://[::127.0.0.1]/", "Address"),
        ("https://[::ffff:127.0.0.1]/", "Address"),
        ("https://[::ffff:0:127.0.0.1]/", "Address"),
        ("https://[64:ff9b::7f00:1]/", "Address"),
        ("https://[2002:7f00:1::]/", "Address"),
        ("https://169.254.169.254/latest/meta-data/", "Address"),
        ("https://168.63.129.16/", "Address"),
        ("https://10.0.0.1/", "Address"),
        // What parsers understand differently.
        ("https://127.0.0.1\t/", "ControlCharacter"),
        ("https://exam\nple.com/", "ControlCharacter"),
        ("https://example.com/\u{0}", "ControlCharacter"),
        ("https://example.com/\u{85}", "ControlCharacter"),
        (" https://example.com/", "Whitespace"),
        ("https://example.com/a b", "Whitespace"),
        ("https://example.com/\u{3000}", "Whitespace"),
        ("https:\\\\127.0.0.1/", "Backslash"),
        ("https://example.com\\@127.0.0.1/", "Backslash"),
        ("https://1.1.1.1&@2.2.2.2#@3.3.3.3/", "Userinfo"),
        ("https://example.com@127.0.0.1/", "Userinfo"),
        ("https://user:password@example.com/", "Userinfo"),
        ("https://@example.com/", "Userinfo"),
        // What is no full https URL.
        ("", "Empty"),
        ("example.com/hook", "NoScheme"),
        ("//example.com/hook", "NoScheme"),
        ("/hook", "NoScheme"),
        ("https:example.com", "NoScheme"),
        ("https:/example.com", "NoScheme"),
        ("https:///127.0.0.1/", "NoHost"),
        ("https:////example.com/", "NoHost"),
        ("https://", "NoHost"),
        ("https://?a=1", "NoHost"),
        ("https://:443/", "NotAUrl"),
        ("javascript:alert(1)", "NoScheme"),
        ("file:///etc/passwd", "OtherScheme"),
        ("ftp://example.com/", "OtherScheme"),
        ("gopher://example.com/", "OtherScheme"),
        ("wss://example.com/", "OtherScheme"),
        ("http://example.com/", "HttpsNeeded"),
        ("HTTP://example.com/", "HttpsNeeded"),
        ("http://127.0.0.1/", "HttpsNeeded"),
        ("http://localhost:8080/", "HttpsNeeded"),
        ("https://[fe80::1%25eth0]/", "NotAUrl"),
        ("https://256.256.256.256/", "NotAUrl"),
        ("https://08.0.0.1/", "NotAUrl"),
        ("https://foo.123/", "NotAUrl"),
        ("https://exa%00mple.com/", "NotAUrl"),
        ("https://example.com:65536/", "NotAUrl"),
        ("https://example.com:0/", "PortZero"),
        ("https://example.com:22/", "PortNotAllowed"),
        ("https://example.com:25/", "PortNotAllowed"),
        // Names.
        ("https://localhost/", "LocalName"),
        ("https://localhost./", "LocalName"),
        ("https://LOCALHOST/", "LocalName"),
        ("https://a.localhost/", "LocalName"),
        ("https://printer.local/", "LocalName"),
        ("https://metadata.google.internal/", "LocalName"),
        ("https://router.home.arpa/", "LocalName"),
        ("https://expyuzz4wqqyqhjn.onion/", "LocalName"),
        ("https://internal/", "LocalName"),
        ("https://receiver/", "SingleLabel"),
        ("https://receiver./", "SingleLabel"),
        ("https://example..com/", "EmptyLabel"),
        ("https://.example.com/", "EmptyLabel"),
        ("https://example.com../", "EmptyLabel"),
        ("https://-a.example.com/", "HostCharacter"),
        ("https://a-.example.com/", "HostCharacter"),
        ("https://exam*ple.com/", "HostCharacter"),
    ];
    let wrong: Vec<_> = cases
        .into_iter()
        .map(|(text, expected)| (text, expected, refusal(text)))
        .filter(|(_, expected, found)| expected != found)
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn names_that_only_look_local_pass() {
    for text in [
        "https://mylocalhost.com/",
        "https://notlocal.example/",
        "https://internal.example.com/",
        "https://home.arpa.net/",
    ] {
        assert!(parse(text).is_ok(), "{text}");
    }
}

#[test]
fn length_is_counted_in_bytes() {
    let policy = production().with_maximum_length(1_000);
    let fitting = format!("https://example.com/{}", "a".repeat(980));
    assert_eq!(fitting.len(), 1_000);
    assert!(TargetUrl::parse(&fitting, &policy).is_ok());
    let error = TargetUrl::parse(&format!("{fitting}a"), &policy).unwrap_err();
    assert_eq!(error, TargetUrlError::TooLong { length: 1_001, maximum: 1_000 });
    assert!(parse(&format!("https://example.com/{}", "é".repeat(1_014))).is_ok());
    assert!(parse(&format!("https://example.com/{}", "é".repeat(1_015))).is_err());

    let label = "a".repeat(64);
    assert_eq!(parse(&format!("https://{label}.com/")).unwrap_err(), TargetUrlError::HostTooLong);
    let name = ["a".repeat(63), "a".repeat(63), "a".repeat(63), "a".repeat(62)].join(".");
    assert_eq!(parse(&format!("https://{name}/")).unwrap_err(), TargetUrlError::HostTooLong);
}

#[test]
fn development_opens_loopback_alone() {
    for text in [
        "http://127.0.0.1:4000/hook",
        "http://localhost:22/",
        "http://a.localhost:1/",
        "http://[::1]:9/",
        "http://127.1:9/",
        "https://localhost/",
        "https://127.0.0.1:65535/",
    ] {
        assert!(TargetUrl::parse(text, &development()).is_ok(), "{text}");
    }
    let refused = [
        ("http://example.com/", TargetUrlError::HttpsNeeded),
        ("http://127.0.0.1.example.com/", TargetUrlError::HttpsNeeded),
        ("http://10.0.0.1/", TargetUrlError::HttpsNeeded),
        ("http://localhost:0/", TargetUrlError::PortZero),
        ("http://user@localhost/", TargetUrlError::Userinfo),
        ("https://printer.local/", TargetUrlError::LocalName { name: "printer.local".into() }),
    ];
    for (text, expected) in refused {
        assert_eq!(TargetUrl::parse(text, &development()).unwrap_err(), expected, "{text}");
    }
    assert!(matches!(
        TargetUrl::parse("https://169.254.169.254/", &development()),
        Err(TargetUrlError::Address(_))
    ));
}

#[test]
fn an_operator_can_open_networks_and_narrow_ports() {
    let rule = AddressRule::public().allowing(["10.0.0.0/8".parse().unwrap()]);
    let policy = TargetPolicy::new(rule).with_ports(AllowedPorts::Only(vec![443]));
    assert!(TargetUrl::parse("https://10.1.2.3/", &policy).is_ok());
    assert_eq!(
        TargetUrl::parse("https://10.1.2.3:8443/", &policy).unwrap_err(),
        TargetUrlError::PortNotAllowed { port: 8443 }
    );
    assert_eq!(TargetUrl::parse("http://10.1.2.3/", &policy).unwrap_err(), TargetUrlError::HttpsNeeded);
}

#[test]
fn plain_http_opens_nothing_but_plain_http() {
    let policy = production().with_plain_http(true);
    let url = TargetUrl::parse("http://example.com/hooks", &policy).unwrap();
    assert_eq!((url.port(), url.host_field()), (80, "example.com"));
    assert_eq!(url.endpoint().as_str(), "http://example.com/hooks");
    for (text, expected) in [
        ("http://example.com:25/", TargetUrlError::PortNotAllowed { port: 25 }),
        ("http://printer.local/", TargetUrlError::LocalName { name: "printer.local".into() }),
        ("http://receiver/", TargetUrlError::SingleLabel { name: "receiver".into() }),
    ] {
        assert_eq!(TargetUrl::parse(text, &policy).unwrap_err(), expected, "{text}");
    }
    for text in ["http://127.0.0.1/", "http://169.254.169.254/", "http://0x7f.1/"] {
        assert!(matches!(TargetUrl::parse(text, &policy), Err(TargetUrlError::Address(_))), "{text}");
    }
}

#[test]
fn stored_urls_are_checked_for_structure_only() {
    for text in
        ["http://127.0.0.1:9/", "https://10.0.0.1:22/", "https://receiver.internal/", "http://localhost/"]
    {
        assert!(TargetUrl::parse(text, &TargetPolicy::stored()).is_ok(), "{text}");
    }
    for text in [
        "https://a@example.com/",
        "https://example.com:0/",
        "ftp://example.com/",
        "https://example..com/",
        "x",
    ] {
        assert!(TargetUrl::parse(text, &TargetPolicy::stored()).is_err(), "{text}");
    }
}

#[test]
fn debug_output_hides_the_query() {
    let url = parse("https://example.com/a?token=hunter2").unwrap();
    assert_eq!(format!("{url:?}"), "TargetUrl(https://example.com/a?…)");
}

#[test]
fn messages_name_no_address_of_the_inside() {
    let message = parse("https://2130706433/").unwrap_err().to_string();
    assert!(!message.contains("127"), "{message}");
}

proptest! {
    /// Whatever is accepted keeps its bytes, names no userinfo, and leads to no address that the rule refuses.
    #[test]
    fn accepted_urls_keep_their_bytes_and_lead_to_permitted_addresses(
        host in "[0-9a-fx.:%\\[\\]@①a-z-]{1,24}",
        rest in "[/?#a-z0-9.@:%é|\"<>{}`^]{0,24}",
    ) {
        let text = format!("https://{host}{rest}");
        let Ok(url) = parse(&text) else { return Ok(()) };
        prop_assert_eq!(url.as_str(), text.as_str());
        prop_assert!(url.request_target().starts_with('/'));
        prop_assert!(url.request_target().bytes().all(|byte| byte.is_ascii_graphic()));
        if let TargetHost::Address(address) = url.host() {
            prop_assert!(AddressRule::public().permits(*address).is_ok());
        }
        // What we understood is what any parser understands from the parts we send.
        let again = parse(&format!("https://{}{}", url.host_field(), url.request_target())).unwrap();
        prop_assert_eq!(again.host(), url.host());
        prop_assert_eq!(again.port(), url.port());
        prop_assert_eq!(again.endpoint(), url.endpoint());
    }

    /// Every spelling of a denied IPv4 address that the parser knows is refused.
    #[test]
    fn no_spelling_of_a_denied_address_passes(last in 0u8.., style in 0usize..5) {
        let bits = u32::from_be_bytes([10, 0, 0, last]);
        let host = match style {
            0 => format!("10.0.0.{last}"),
            1 => bits.to_string(),
            2 => format!("0x{bits:x}"),
            3 => format!("012.0.0.0{last:o}"),
            _ => format!("[::ffff:10.0.0.{last}]"),
        };
        let result = parse(&format!("https://{host}/"));
        prop_assert!(matches!(result, Err(TargetUrlError::Address(_))));
    }
}
