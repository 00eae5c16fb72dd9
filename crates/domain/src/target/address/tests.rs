use proptest::prelude::*;

use super::*;

fn permitted(rule: &AddressRule, address: &str) -> bool {
    rule.permits(address.parse().unwrap()).is_ok()
}

const DENIED: [&str; 79] = [
    // IPv4, the ends of each range.
    "0.0.0.0",
    "0.255.255.255",
    "10.0.0.0",
    "10.255.255.255",
    "100.64.0.0",
    "100.127.255.255",
    "127.0.0.0",
    "127.0.0.1",
    "127.255.255.255",
    "168.63.129.16",
    "169.254.0.0",
    "169.254.169.254",
    "169.254.170.2",
    "169.254.255.255",
    "172.16.0.0",
    "172.31.255.255",
    "192.0.0.0",
    "192.0.0.192",
    "192.0.0.255",
    "192.0.2.0",
    "192.0.2.255",
    "192.88.99.0",
    "192.88.99.1",
    "192.88.99.255",
    "192.168.0.0",
    "192.168.255.255",
    "198.18.0.0",
    "198.19.255.255",
    "198.51.100.0",
    "198.51.100.255",
    "203.0.113.0",
    "203.0.113.255",
    "224.0.0.0",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.0",
    "255.255.255.255",
    // IPv4-mapped.
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:168.63.129.16",
    // Unspecified, loopback, IPv4-compatible, IPv4-translated.
    "::",
    "::1",
    "::127.0.0.1",
    "::7f00:1",
    "::ffff:0:127.0.0.1",
    "::ffff:0:7f00:1",
    // NAT64.
    "64:ff9b::7f00:1",
    "64:ff9b::a00:1",
    "64:ff9b:1::1",
    // Discard-only, and space not assigned below 2000::/3.
    "100::",
    "100::ffff:ffff:ffff:ffff",
    "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
    // Teredo, benchmarking, ORCHID; the ends of 2001::/23.
    "2001::",
    "2001:0:7f00:1::",
    "2001:2::1",
    "2001:10::1",
    "2001:20::1",
    "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff",
    // Documentation and 6to4.
    "2001:db8::",
    "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
    "2002::",
    "2002:7f00:1::",
    "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
    "3fff::1",
    "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff",
    // Above the global space: unassigned, segment routing, unique local, link-local, site-local, multicast.
    "4000::1",
    "5f00::1",
    "8000::1",
    "fc00::1",
    "fd00:ec2::254",
    "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
    "fe80::1",
    "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
    "fec0::1",
    "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
    "ff00::",
    "ff02::1",
    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
];

const PERMITTED: [&str; 38] = [
    "1.0.0.0",
    "1.1.1.1",
    "8.8.8.8",
    "9.255.255.255",
    "11.0.0.0",
    "100.63.255.255",
    "100.128.0.0",
    "126.255.255.255",
    "128.0.0.0",
    "168.63.129.15",
    "168.63.129.17",
    "169.253.255.255",
    "169.255.0.0",
    "172.15.255.255",
    "172.32.0.0",
    "191.255.255.255",
    "192.0.1.0",
    "192.0.3.0",
    "192.88.98.255",
    "192.88.100.0",
    "192.167.255.255",
    "192.169.0.0",
    "198.17.255.255",
    "198.20.0.0",
    "198.51.99.255",
    "198.51.101.0",
    "203.0.112.255",
    "203.0.114.0",
    "223.255.255.255",
    "::ffff:8.8.8.8",
    "2000::1",
    "2001:200::1",
    "2001:4860:4860::8888",
    "2001:db7:ffff::1",
    "2001:db9::1",
    "2003::1",
    "2606:4700:4700::1111",
    "3fff:1000::1",
];

#[test]
fn addresses_that_are_no_public_receiver_are_refused() {
    let rule = AddressRule::public();
    let wrongly_permitted: Vec<_> = DENIED.into_iter().filter(|address| permitted(&rule, address)).collect();
    assert!(wrongly_permitted.is_empty(), "permitted: {wrongly_permitted:?}");
}

#[test]
fn public_addresses_and_the_neighbours_of_denied_ranges_pass() {
    let rule = AddressRule::public();
    let wrongly_refused: Vec<_> =
        PERMITTED.into_iter().filter(|address| !permitted(&rule, address)).collect();
    assert!(wrongly_refused.is_empty(), "refused: {wrongly_refused:?}");
}

#[test]
fn loopback_opens_loopback_and_nothing_else() {
    let rule = AddressRule::public().allowing_loopback();
    for address in ["127.0.0.1", "127.255.255.255", "::1", "::ffff:127.0.0.1"] {
        assert!(permitted(&rule, address), "{address}");
    }
    let still_refused = DENIED.into_iter().filter(|address| {
        let address: IpAddr = address.parse().unwrap();
        !address.to_canonical().is_loopback()
    });
    for address in still_refused {
        assert!(!permitted(&rule, address), "{address}");
    }
}

#[test]
fn the_operators_lists_change_the_rule_and_denying_wins() {
    let rule = AddressRule::public()
        .allowing(["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()])
        .denying(["10.9.0.0/16".parse().unwrap(), "8.8.8.0/24".parse().unwrap()]);
    assert!(permitted(&rule, "10.1.2.3"));
    assert!(permitted(&rule, "::ffff:10.1.2.3"));
    assert!(permitted(&rule, "fd00::5"));
    assert!(!permitted(&rule, "10.9.0.1"));
    assert!(!permitted(&rule, "8.8.8.8"));
    assert!(permitted(&rule, "8.8.4.4"));
    assert!(!permitted(&rule, "192.168.0.1"));
}

#[test]
fn a_refusal_tells_the_operator_what_it_hides_from_the_customer() {
    let refusal = AddressRule::public().permits("::ffff:10.0.0.1".parse().unwrap()).unwrap_err();
    assert_eq!(refusal.address().to_string(), "10.0.0.1");
    assert_eq!(refusal.reason().to_string(), "in 10.0.0.0/8, set apart for special use");
    assert!(!refusal.to_string().contains("10."), "{refusal}");
}

proptest! {
    /// The IPv4 table, said a second way: octet by octet instead of by prefix and mask.
    #[test]
    fn the_ipv4_rule_agrees_with_its_octets(bits: u32) {
        let address = Ipv4Addr::from_bits(bits);
        let special = match address.octets() {
            [0 | 10 | 127 | 224..=255, ..] => true,
            [100, second, ..] => (64..128).contains(&second),
            [168, 63, 129, 16] | [169, 254, ..] | [192, 168, ..] | [192, 0, 0 | 2, _] => true,
            [192, 88, 99, _] | [198, 18 | 19, ..] | [198, 51, 100, _] | [203, 0, 113, _] => true,
            [172, second, ..] => (16..32).contains(&second),
            _ => false,
        };
        prop_assert_eq!(AddressRule::public().permits(IpAddr::V4(address)).is_err(), special);
    }

    /// Writing an address in IPv4-mapped form never changes the judgement.
    #[test]
    fn a_mapped_address_is_judged_like_itself(bits: u32) {
        let address = Ipv4Addr::from_bits(bits);
        let rule = AddressRule::public();
        prop_assert_eq!(
            rule.permits(IpAddr::V6(address.to_ipv6_mapped())),
            rule.permits(IpAddr::V4(address))
        );
    }

    /// No IPv6 address outside 2000::/3 ever passes.
    #[test]
    fn ipv6_outside_the_global_space_is_refused(bits: u128) {
        let address = Ipv6Addr::from_bits(bits);
        prop_assume!(bits >> 125 != 1 && address.to_ipv4_mapped().is_none());
        prop_assert!(AddressRule::public().permits(IpAddr::V6(address)).is_err());
    }
}
