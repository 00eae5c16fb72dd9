//! Organizations and keys through the commands.

use super::server::{ADMIN_KEY, Server, text};

#[test]
fn organizations_are_made_shown_listed_and_changed() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path());
    let made = server.json_of(ADMIN_KEY, &["org", "create", "Clinic on the corner"]);
    let id = text(&made, "id");
    let shown = server.json_of(ADMIN_KEY, &["org", "show", &id]);
    assert_eq!(text(&shown, "name"), "Clinic on the corner");
    let changed =
        server.json_of(ADMIN_KEY, &["org", "update", &id, "--name", "Clinic", "--vyte-body", "object"]);
    assert_eq!(
        (text(&changed, "name"), text(&changed, "vyte_body")),
        ("Clinic".to_owned(), "object".to_owned())
    );
    let listed = server.json_of(ADMIN_KEY, &["org", "list"]);
    let names: Vec<String> =
        listed["items"].as_array().unwrap().iter().map(|item| text(item, "name")).collect();
    assert!(names.contains(&"Clinic".to_owned()), "{names:?}");
}

#[test]
fn an_organization_has_resources_that_do_not_fit_refused() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path());
    let (organization, key) = server.organization("Clinic");
    let file = data.path().join("bookings.json");
    let action = r#"{"action": "event.created", "resource_kind": "event", "resource_id": "b-1", "resource": {"title": 7}}"#;
    std::fs::write(&file, action).unwrap();
    let publish = ["publish", file.to_str().unwrap()];

    let accepted = server.command(&key, &publish);
    assert!(accepted.status.success(), "{accepted:?}");
    assert!(String::from_utf8_lossy(&accepted.stdout).contains("1 resource does not fit the schema"));
    let shown = server.json_of(&key, &["org", "show", &organization]);
    assert_eq!(shown["schema_warnings"]["last_warnings"][0]["pointer"], "/title");

    let update = ["org", "update", &organization, "--schema-check", "reject"];
    assert_eq!(text(&server.json_of(&key, &update), "schema_check"), "reject");
    let refused = server.command(&key, &publish);
    assert!(!refused.status.success());
    let told = String::from_utf8_lossy(&refused.stderr);
    assert!(told.contains("/resource/title: this must be a string, not a number"), "{told}");
}

#[test]
fn a_revoked_key_is_refused_at_once() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path());
    let (organization, _) = server.organization("Clinic");
    let create = ["key", "create", "reader", "--scope", "viewer", "--organization", &organization];
    let made = server.json_of(ADMIN_KEY, &create);
    let (id, key) = (text(&made, "id"), text(&made, "key"));
    assert_eq!(server.call("GET", "/api/v1/subscriptions", &key, None).0, 200);

    let listed = server.json_of(ADMIN_KEY, &["key", "list", "--organization", &organization]);
    assert!(!listed.to_string().contains(&key), "a key is shown once only");

    let revoked = server.command(ADMIN_KEY, &["key", "revoke", &id, "--organization", &organization]);
    assert!(revoked.status.success());
    assert_eq!(server.call("GET", "/api/v1/subscriptions", &key, None).0, 401);
}

#[test]
fn a_refusal_is_told_in_words_and_an_absent_server_too() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path());
    let refused = server.command("0".repeat(50).as_str(), &["org", "create", "Clinic"]);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && said.contains("401"), "{said}");

    let absent = server.command(ADMIN_KEY, &["org", "list", "--server", "http://127.0.0.1:9"]);
    let said = String::from_utf8_lossy(&absent.stderr).into_owned();
    assert!(!absent.status.success() && said.contains("is `rendezhook serve` running there?"), "{said}");
}

#[test]
fn organizations_are_listed_also_with_one_of_them_in_the_environment() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path());
    let (organization, _) = server.organization("Clinic");
    for arguments in
        [vec!["org", "list"], vec!["org", "create", "Another"], vec!["key", "list", "--limit", "1"]]
    {
        let output = server.command_in(&organization, ADMIN_KEY, &arguments);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{arguments:?}: {said}");
    }
}

#[test]
fn keys_are_listed_page_by_page() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path());
    let (organization, _) = server.organization("Clinic");
    let create = ["key", "create", "second", "--scope", "viewer", "--organization", &organization];
    server.json_of(ADMIN_KEY, &create);
    let list = ["key", "list", "--organization", &organization, "--limit", "1"];
    let first = server.json_of(ADMIN_KEY, &list);
    let next = text(&first, "next");
    let second = server.json_of(ADMIN_KEY, &[list.as_slice(), &["--cursor", &next]].concat());
    assert_eq!(text(&first["items"][0], "name"), "all");
    assert_eq!(text(&second["items"][0], "name"), "second");
    assert!(second["next"].is_null());
}

#[test]
fn oauth_clients_are_made_listed_and_revoked() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path());
    let (organization, _) = server.organization("Clinic");
    let with_organization = |arguments: &[&'static str]| {
        let mut arguments: Vec<String> = arguments.iter().map(ToString::to_string).collect();
        arguments.extend(["--organization".to_owned(), organization.clone()]);
        arguments
    };
    let json_of = |arguments: Vec<String>| {
        server.json_of(ADMIN_KEY, &arguments.iter().map(String::as_str).collect::<Vec<_>>())
    };
    let made = json_of(with_organization(&["oauth-client", "create", "ticket shop", "--user", "u-1"]));
    let (id, secret) = (text(&made, "client_id"), text(&made, "client_secret"));
    assert_eq!((text(&made, "user"), secret.len()), ("u-1".to_owned(), 50));

    let listed = json_of(with_organization(&["oauth-client", "list", "--limit", "1"]));
    assert_eq!(text(&listed["items"][0], "client_id"), id);
    assert!(!listed.to_string().contains(&secret), "a secret is shown once only");

    let revoke = ["oauth-client", "revoke", &id, "--organization", &organization];
    let revoked = server.command(ADMIN_KEY, &revoke);
    assert!(revoked.status.success());
    assert_eq!(String::from_utf8_lossy(&revoked.stdout), format!("revoked {id}\n"));
    assert!(!server.command(ADMIN_KEY, &revoke).status.success(), "it is gone");
}

#[test]
fn an_id_that_cannot_stand_in_an_address_is_named() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path());
    let output = server.command(ADMIN_KEY, &["org", "show", "not an id"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && said.contains("/api/v1/organizations/not an id"), "{said}");
}
