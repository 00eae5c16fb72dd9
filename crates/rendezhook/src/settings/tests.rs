use std::error::Error;
use std::io::Write;

use clap::Parser;
use rendezhook_domain::target::{TargetPolicy, TargetUrl};

use super::*;

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    settings: Settings,
}

fn parse(arguments: &[&str]) -> Result<Settings, clap::Error> {
    Line::try_parse_from(std::iter::once("rendezhook").chain(arguments.iter().copied()))
        .map(|line| line.settings)
}

fn with_file(text: &str, arguments: &[&str]) -> Result<Settings, SettingsFileError> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    let mut settings = parse(arguments).unwrap();
    settings.config = Some(file.path().to_owned());
    settings.with_file()
}

#[test]
fn flags_win_over_the_file_and_the_file_over_defaults() {
    let text = "[server]\nlisten = \"127.0.0.1:9000\"\n[delivery]\nattempt-timeout = \"5s\"\nattempts-in-flight = 7\n";
    let settings = with_file(text, &["--attempt-timeout", "20s"]).unwrap();
    assert_eq!(settings.listen.address().port(), 9_000);
    assert_eq!(settings.delivery.attempt_deadline().unwrap().as_secs(), 20);
    assert_eq!(settings.delivery.in_flight().unwrap(), 7);
    assert_eq!(settings.delivery.per_endpoint().unwrap(), 256);
    assert_eq!(settings.delivery.slow_in_flight().unwrap(), 4_096);
    assert_eq!(settings.delivery.per_authority(false).unwrap(), 256);
    assert_eq!(settings.delivery.per_authority(true).unwrap(), 5_120);
    assert!(!settings.listen.is_dev());
}

#[test]
fn a_wrong_setting_names_itself_and_what_is_allowed() {
    let flag = parse(&["--attempts-in-flight", "0"]).unwrap_err().to_string();
    assert!(flag.contains("--attempts-in-flight") && flag.contains("1..=5120"), "{flag}");
    let unit = parse(&["--keep-bodies", "30"]).unwrap_err().to_string();
    assert!(unit.contains("--keep-bodies") && unit.contains("30d"), "{unit}");
    let format = parse(&["--log-format", "xml"]).unwrap_err().to_string();
    assert!(format.contains("text, json"), "{format}");

    let said = |text: &str| with_file(text, &[]).unwrap_err().source().unwrap().to_string();
    let unknown = said("[delivery]\nattempt-timout = \"5s\"\n");
    assert!(unknown.contains("attempt-timout") && unknown.contains("attempt-timeout"), "{unknown}");
    let wrong = said("[retention]\nkeep-bodies = \"soon\"\n");
    assert!(wrong.contains("keep-bodies") && wrong.contains("length of time"), "{wrong}");
}

#[test]
fn ranges_hold_for_values_from_the_file_too() {
    let settings =
        with_file("[delivery]\nattempts-per-endpoint = 1000\nattempt-timeout = \"1m\"\n", &[]).unwrap();
    assert!(settings.delivery.per_endpoint().unwrap_err().to_string().contains("use 1 to 256"));
    assert!(settings.delivery.attempt_deadline().unwrap_err().to_string().contains("1s to 30s"));
    let settings = with_file("[delivery]\nretry-schedule = [0]\n", &[]).unwrap();
    assert!(settings.delivery.retry_policy().unwrap_err().to_string().contains("retry-schedule"));
    let settings = with_file("[retention]\nkeep-metadata = \"1d\"\n", &[]).unwrap();
    assert!(settings.retention.durations().unwrap_err().to_string().contains("at least as long"));
}

#[test]
fn a_missing_file_is_named() {
    let settings = parse(&["--config", "/nowhere/at/all.toml"]).unwrap();
    assert!(settings.with_file().unwrap_err().to_string().contains("/nowhere/at/all.toml"));
}

#[test]
fn dev_is_a_switch_that_can_also_be_named_false() {
    assert!(parse(&["--dev"]).unwrap().listen.is_dev());
    assert!(!parse(&["--dev=false"]).unwrap().listen.is_dev());
}

#[test]
fn links_and_own_origins_begin_with_what_the_server_is_told() {
    let url = |text: &str| TargetUrl::parse(text, &TargetPolicy::stored()).unwrap();
    let address = || "https://hooks.example.com".parse::<PublicAddress>().unwrap();

    let told = with_file(
        "[server]\npublic-address = \"https://file.example\"\nown-origins = [\"gql.file.example\"]\n",
        &["--public-address", "https://hooks.example.com/"],
    )
    .unwrap();
    assert_eq!(told.listen.public_address, Some(address()));
    let origins = told.listen.own_origins(&address()).unwrap();
    for (origin, own) in [
        ("https://gql.file.example/graphql", true),
        ("https://hooks.example.com/graphql", true),
        ("https://gql.doo.net", false),
    ] {
        assert_eq!(origins.contains(&url(origin)), own, "{origin}");
    }

    let silent = parse(&[]).unwrap().listen.own_origins(&address()).unwrap();
    assert!(silent.contains(&url("https://gql.doo.net")));
    let several = parse(&["--own-origins", "a.example,b.example:8443"]).unwrap();
    let origins = several.listen.own_origins(&address()).unwrap();
    assert!(origins.contains(&url("https://b.example:8443/")));

    let path = parse(&["--public-address", "https://hooks.example.com/hooks"]).unwrap_err().to_string();
    assert!(path.contains("--public-address") && path.contains("leave out"), "{path}");
    let host = parse(&["--own-origins", "https://gql.doo.net"]).unwrap_err().to_string();
    assert!(host.contains("--own-origins") && host.contains("gql.example.com"), "{host}");
}

#[test]
fn the_egress_proxy_hides_its_password_wherever_it_is_written() {
    let shown = "Some(Proxy(proxy.internal:4750))";
    let flag = parse(&["--egress-proxy", "http://user:hunter2@proxy.internal:4750"]).unwrap();
    assert_eq!(format!("{:?}", flag.outbound.proxy), shown);
    let file = with_file("[egress]\nproxy = \"http://user:hunter2@proxy.internal:4750\"\n", &[]).unwrap();
    assert_eq!(format!("{:?}", file.outbound.proxy), shown);
    assert!(!format!("{flag:?}{file:?}").contains("hunter2"));
    let wrong = with_file("[egress]\nproxy = \"socks5://proxy.internal\"\n", &[]).unwrap_err();
    assert!(wrong.source().unwrap().to_string().contains("http://proxy.internal:4750"));
}

#[test]
fn outbound_settings_come_from_flags_and_file() {
    let text = "[egress]\nallow-http = true\nallow-ports = [443, 8443]\nextra-roots = \"/etc/roots.pem\"\n";
    let file = with_file(text, &["--allow-ports", "443"]).unwrap().outbound;
    assert!(file.allows_http());
    assert_eq!(file.allow_ports, Some(vec![443]));
    assert_eq!(file.extra_roots, Some("/etc/roots.pem".into()));
    assert!(!parse(&[]).unwrap().outbound.allows_http());
    let zero = parse(&["--allow-ports", "0"]).unwrap_err().to_string();
    assert!(zero.contains("--allow-ports"), "{zero}");
}

#[test]
fn trusted_proxies_are_ranges_wherever_they_are_written() {
    let expected = Some(vec!["10.1.0.0/16".parse().unwrap(), "fd00::/8".parse().unwrap()]);
    let flag = parse(&["--trusted-proxies", "10.1.0.0/16,fd00::/8"]).unwrap();
    assert_eq!(flag.listen.trusted_proxies, expected);
    let file = with_file("[server]\ntrusted-proxies = [\"10.1.0.0/16\", \"fd00::/8\"]\n", &[]).unwrap();
    assert_eq!(file.listen.trusted_proxies, expected);
    let wrong = parse(&["--trusted-proxies", "10.1.0.0/33"]).unwrap_err().to_string();
    assert!(wrong.contains("--trusted-proxies") && wrong.contains("is over 32"), "{wrong}");
}
