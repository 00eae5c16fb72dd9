use std::sync::Arc;

use rendezhook_domain::subscription::{ClientCredentials, Dialect};
use rendezhook_domain::target::{TargetPolicy, TargetUrl};
use rendezhook_secrets::SharedSecret;

use super::*;
use crate::delivery::{OutboundParts, build, plan};
use crate::fixture::{NOW, Scene};

fn scene(authentication: TargetAuthentication) -> Scene {
    let mut scene = Scene::new(Dialect::Doo, "event.created");
    scene.subscription.authentication = Some(authentication);
    scene
}

fn credentials(header: &str, value_format: &str) -> TargetAuthentication {
    TargetAuthentication::ClientCredentials(ClientCredentials {
        endpoint: TargetUrl::parse("https://example.com/token", &TargetPolicy::stored()).unwrap(),
        client_id: Arc::from("doo"),
        grant_type: Arc::from("client_credentials"),
        scope: None,
        header: Arc::from(header),
        value_format: Arc::from(value_format),
    })
}

fn built(scene: &Scene) -> Result<OutboundParts, BuildError> {
    let keys: Vec<_> = scene.keys.iter().collect();
    build(&scene.fetched, &scene.context(&keys), NOW)
}

/// The value of the header that authenticates, which must not be printed.
fn sensitive(scene: &Scene, header: &str) -> String {
    let request = built(scene).unwrap();
    let value = &request.headers[header];
    assert!(value.is_sensitive());
    value.to_str().unwrap().to_owned()
}

#[test]
fn a_token_is_planned_and_put_into_its_header() {
    for (header, format, value) in [
        ("Authorization", "Bearer %ACCESS_TOKEN%", "Bearer t0k3n"),
        ("Oauth-Token", "%ACCESS_TOKEN%", "t0k3n"),
        ("x-token", "a=%ACCESS_TOKEN%;b=%ACCESS_TOKEN%", "a=t0k3n;b=t0k3n"),
    ] {
        let mut scene = scene(credentials(header, format));
        let planned = plan(&scene.context(&[])).unwrap().token.unwrap().client_id.to_string();
        assert_eq!(planned, "doo");
        assert!(matches!(built(&scene), Err(BuildError::NotFetched)));
        scene.fetched.token = Some("t0k3n");
        assert_eq!(sensitive(&scene, header), value);
    }
}

#[test]
fn a_token_that_would_break_the_header_is_not_sent() {
    let mut scene = scene(credentials("Authorization", "Bearer %ACCESS_TOKEN%"));
    scene.fetched.token = Some("t\r\nx-injected: 1");
    assert!(matches!(built(&scene), Err(BuildError::Header(_))));
}

#[test]
fn a_user_and_a_password_are_encoded_together() {
    // The example of RFC 7617, section 2.
    let mut scene = scene(TargetAuthentication::Basic { username: Arc::from("Aladdin") });
    assert!(plan(&scene.context(&[])).unwrap().token.is_none());
    assert!(matches!(built(&scene), Err(BuildError::NoTargetSecret)));
    scene.target_secret = Some(SharedSecret::new(String::from("open sesame")));
    assert_eq!(sensitive(&scene, "authorization"), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
}

#[test]
fn a_key_is_the_value_of_its_header() {
    let mut scene = scene(TargetAuthentication::ApiKey { header: Arc::from("X-Api-Key") });
    assert!(matches!(built(&scene), Err(BuildError::NoTargetSecret)));
    scene.target_secret = Some(SharedSecret::new(String::from("k3y")));
    assert_eq!(sensitive(&scene, "x-api-key"), "k3y");
}

#[test]
fn every_dialect_authenticates_and_without_authentication_nothing_is_added() {
    for dialect in Dialect::ALL {
        let mut scene = Scene::new(dialect, "event.confirmed");
        let before = built(&scene).unwrap().headers.len();
        assert!(built(&scene).unwrap().headers.values().all(|value| !value.is_sensitive()));
        scene.subscription.authentication = Some(TargetAuthentication::ApiKey { header: Arc::from("x-key") });
        scene.target_secret = Some(SharedSecret::new(String::from("k3y")));
        assert_eq!(sensitive(&scene, "x-key"), "k3y");
        assert_eq!(built(&scene).unwrap().headers.len(), before + 1);
    }
}
