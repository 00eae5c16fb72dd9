//! Answers in the envelope, tokens, organizations and errors.

use rendezhook_domain::resource::ResourceKind;
use rendezhook_domain::sequence::OrganizationNumber;

use super::*;

#[test]
fn a_group_that_was_made_is_answered_as_in_the_document() {
    assert_eq!(
        fixture::text(&created(GROUP, 3, ADDRESS)),
        concat!(
            r#"{"response_status":200,"developer_message":"Success","user_message":"Success","#,
            r#""data":"38cc7e8d-d107-11e7-bde8-0206116776d1","#,
            r#""_links":{"self":{"href":"https://integration.example.com/v1/team/3/webhooks"}}}"#
        )
    );
}

#[test]
fn a_token_stands_in_the_data() {
    assert_eq!(
        fixture::text(&token_issued("0123456789abcdef", ADDRESS)),
        concat!(
            r#"{"response_status":200,"developer_message":"Success","user_message":"Success","#,
            r#""data":{"access_token":"0123456789abcdef","refresh_token":null},"#,
            r#""_links":{"self":{"href":"https://integration.example.com/v1/oauth"}}}"#
        )
    );
}

#[test]
fn pushed_items_are_counted_in_place_of_the_data() {
    assert_eq!(
        fixture::text(&re_pushed(12, ResourceKind::Order, ADDRESS)),
        concat!(
            r#"{"response_status":200,"developer_message":"Success","user_message":"Success","#,
            r#""items_processed":12,"#,
            r#""_links":{"self":{"href":"https://integration.example.com/v1/webhooks/init/orders"}}}"#
        )
    );
    let of_events = json(fixture::text(&re_pushed(0, ResourceKind::Event, ADDRESS)));
    assert_eq!(of_events["items_processed"], 0);
    assert_eq!(of_events["_links"]["self"]["href"], format!("{ADDRESS}/v1/webhooks/init/events"));
}

#[test]
fn organizations_are_answered_as_in_the_document() {
    let mut first = fixture::organization();
    first.number = OrganizationNumber::new(1);
    first.name = Arc::from("Organization 1");
    let mut second = fixture::organization();
    second.number = OrganizationNumber::new(2);
    second.name = Arc::from("Organization 2");
    let active = ActiveTeam { organization: &first, user_id: 123 };
    let answer = organizations([&first, &second], active, "https://integration.doo.net");
    assert_eq!(team_of(&second), 2);
    assert_eq!(
        serde_json::to_string(&json(fixture::text(&answer))).unwrap(),
        serde_json::to_string(&json(include_str!("organizations.json"))).unwrap()
    );
}

#[test]
fn an_error_repeats_its_status() {
    assert_eq!(
        fixture::text(&error_body(404, "there is no team \"9\"", "Not found")),
        r#"{"response_status":404,"developer_message":"there is no team \"9\"","user_message":"Not found"}"#
    );
}

#[test]
fn a_token_is_asked_for_with_three_fields() {
    let credentials =
        r#"{"client_id":"oac_1","client_secret":"s","grant_type":"client_credentials","scope":null}"#;
    let request = TokenRequest::parse(credentials.as_bytes()).unwrap();
    assert_eq!((request.client_id.as_str(), request.client_secret.expose().as_str()), ("oac_1", "s"));
    assert!(!format!("{request:?}").contains("\"s\""));

    let told = |body: &str| wrong(TokenRequest::parse(body.as_bytes()).unwrap_err());
    let missing = ["client_id: is missing", "client_secret: is missing", "grant_type: is missing"];
    assert_eq!(told("{}"), missing);
    let password = r#"{"client_id":"a","client_secret":7,"grant_type":"password"}"#;
    assert_eq!(
        told(password),
        [
            "client_secret: must be a string",
            "grant_type: \"password\" is not offered; use \"client_credentials\""
        ]
    );
    assert!(matches!(TokenRequest::parse(b"client_id=a"), Err(RequestError::InvalidJson(_))));
    assert!(matches!(TokenRequest::parse(b"[]"), Err(RequestError::NotAnObject)));
}
