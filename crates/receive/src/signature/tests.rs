use proptest::prelude::*;

use super::*;
use crate::capture::HeaderList;

const CURRENT: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX";
const PREVIOUS: &str = "whsec_ZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXp7";
const ID: &str = "msg_01HZX5QK8V3T9N2B7C4D6E8F0G";
const TIME: i64 = 1_768_469_400;
const BODY: &str = r#"{"type":"booking.created","timestamp":"2026-01-15T09:30:00Z","data":{"id":"bk_01","start":"2026-01-20T14:00:00Z","title":"Démo"}}"#;
const BY_CURRENT: &str = "v1,e+gCc1GSikHqI18T+DhKDwSv0+0ALeR+y/at4xVOrZE=";
const BY_PREVIOUS: &str = "v1,g/Qq4HlMcXbaMhz7ROjhQ2P6zFuIM1irXm/60MSWLuA=";
const BY_ED25519: &str =
    "v1a,WkOICRLDbH4F2iZZf7CMJtUNMvkwc7aKkNpYV137dRXBf8yaWw3OL4ZNeid0BtznwMV/qWc371Zkb+UWsh19AQ==";
const SIMPLYMEET_BODY: &str = r#"{"data":{"uuid":"0c9b4b1e-0000-4000-8000-000000000001","state":"new"}}"#;
const SIMPLYMEET_SIGNATURE: &str = "G1DKw0GU220b+jadNbEVyBcDxkZpVIy9k+7I9xfjvMM=";

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap()
}

fn standard(secret: &str) -> Verifier {
    Verifier::new(Style::StandardWebhooks, &Secret::new(secret)).unwrap()
}

fn headers(id: &str, timestamp: &str, signature: &str) -> HeaderList {
    [(ID_HEADER, id), (TIMESTAMP_HEADER, timestamp), (SIGNATURE_HEADER, signature)].into_iter().collect()
}

fn verify_with(signature: &str) -> Result<(), VerifyError> {
    standard(CURRENT).verify(&headers(ID, &TIME.to_string(), signature), BODY.as_bytes(), at(TIME))
}

#[test]
fn the_vector_of_the_specification_verifies() {
    let headers = headers(
        "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk",
        "1649367553",
        "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=",
    );
    let body = br#"{"email":"test@example.com","username":"test_user"}"#;
    let verifier = standard("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD");
    assert_eq!(verifier.verify(&headers, body, at(1_649_367_553)), Ok(()));
}

#[test]
fn any_matching_token_is_enough_and_other_versions_are_ignored() {
    for signature in [
        BY_CURRENT.to_owned(),
        format!("{BY_PREVIOUS} {BY_CURRENT}"),
        format!("{BY_CURRENT} {BY_PREVIOUS}"),
        format!("{BY_ED25519} {BY_CURRENT}"),
        format!("{BY_CURRENT} {BY_ED25519}"),
        format!("nonsense  v2,x {BY_CURRENT}"),
    ] {
        assert_eq!(verify_with(&signature), Ok(()), "{signature}");
    }
    assert_eq!(verify_with(BY_PREVIOUS), Err(VerifyError::Mismatch));
    let request = headers(ID, &TIME.to_string(), BY_PREVIOUS);
    assert_eq!(standard(PREVIOUS).verify(&request, BODY.as_bytes(), at(TIME)), Ok(()));
    assert_eq!(verify_with(BY_ED25519), Err(VerifyError::NoSupportedSignature));
    assert_eq!(verify_with(""), Err(VerifyError::NoSupportedSignature));
}

#[test]
fn a_secret_verifies_with_and_without_prefix_and_padding() {
    let request = headers(ID, "1000", "");
    let padded = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGA==";
    let library = standardwebhooks::Webhook::new(padded).unwrap();
    let signature = library.sign(ID, 1000, BODY.as_bytes()).unwrap();
    let signed: HeaderList = request
        .iter()
        .map(|(name, value)| (name, if name == SIGNATURE_HEADER { signature.as_str() } else { value }))
        .collect();
    for secret in [padded, &padded[6..], padded.trim_end_matches('=')] {
        assert_eq!(standard(secret).verify(&signed, BODY.as_bytes(), at(1000)), Ok(()), "{secret}");
    }
}

#[test]
fn five_minutes_either_way_are_tolerated_and_not_a_second_more() {
    let request = headers(ID, &TIME.to_string(), BY_CURRENT);
    let verify_at = |now| standard(CURRENT).verify(&request, BODY.as_bytes(), at(now));
    assert_eq!(verify_at(TIME + 300), Ok(()));
    assert_eq!(verify_at(TIME - 300), Ok(()));
    assert_eq!(verify_at(TIME + 301), Err(VerifyError::TooOld(301)));
    assert_eq!(verify_at(TIME - 301), Err(VerifyError::TooNew(301)));
}

#[test]
fn malformed_requests_are_refused_with_their_reason() {
    let verifier = standard(CURRENT);
    let verify = |headers: &HeaderList| verifier.verify(headers, BODY.as_bytes(), at(TIME));
    let time = TIME.to_string();
    for name in [ID_HEADER, TIMESTAMP_HEADER, SIGNATURE_HEADER] {
        let partial: HeaderList =
            headers(ID, &time, BY_CURRENT).iter().filter(|(header, _)| *header != name).collect();
        assert_eq!(verify(&partial), Err(VerifyError::MissingHeader(name)));
    }
    assert_eq!(verify(&headers("a.b", &time, BY_CURRENT)), Err(VerifyError::UnusableId));
    assert_eq!(
        verify(&headers(ID, "2026-01-15T09:30:00Z", BY_CURRENT)),
        Err(VerifyError::TimestampNotInteger)
    );
    assert_eq!(
        verify(&headers(ID, &i64::MIN.to_string(), BY_CURRENT)),
        Err(VerifyError::TooOld(i64::MIN.abs_diff(TIME)))
    );
}

#[test]
fn the_simplymeet_style_signs_the_body_with_the_secrets_text() {
    let verifier = Verifier::new(Style::SimplyMeet, &Secret::new("something")).unwrap();
    let request: HeaderList = [("Webhook-Signature", SIMPLYMEET_SIGNATURE)].into_iter().collect();
    assert_eq!(verifier.verify(&request, SIMPLYMEET_BODY.as_bytes(), at(0)), Ok(()));
    assert_eq!(verifier.verify(&request, b"{}", at(0)), Err(VerifyError::Mismatch));
}

#[test]
fn headers_of_the_http_crate_can_be_verified() {
    let mut map = http::HeaderMap::new();
    for (name, value) in headers(ID, &TIME.to_string(), BY_CURRENT).iter() {
        map.insert(
            http::HeaderName::from_bytes(name.as_bytes()).unwrap(),
            http::HeaderValue::from_str(value).unwrap(),
        );
    }
    assert_eq!(standard(CURRENT).verify(&map, BODY.as_bytes(), at(TIME)), Ok(()));
}

#[test]
fn texts_that_are_no_secret_are_refused() {
    let refused = |style, text| Verifier::new(style, &Secret::new(text)).unwrap_err();
    assert_eq!(refused(Style::StandardWebhooks, "whsec_not base64"), SecretError::NotBase64);
    assert_eq!(refused(Style::StandardWebhooks, "whsec_"), SecretError::Empty);
    assert_eq!(refused(Style::SimplyMeet, ""), SecretError::Empty);
}

#[test]
fn no_debug_form_shows_the_secret() {
    let secret = Secret::new(CURRENT);
    assert_eq!(format!("{secret:?}"), "Secret");
    assert_eq!(format!("{:?}", standard(CURRENT)), "Verifier { style: StandardWebhooks, .. }");
}

#[test]
fn a_style_reads_back_as_it_is_shown() {
    for style in [Style::StandardWebhooks, Style::SimplyMeet] {
        assert_eq!(style.to_string().parse(), Ok(style));
    }
    assert!("github".parse::<Style>().is_err());
}

/// Flips bits of one byte so that the result is still text, as a header must be.
fn changed(text: &str, position: prop::sample::Index, mask: u8) -> String {
    let mut bytes = text.as_bytes().to_vec();
    let position = position.index(bytes.len());
    bytes[position] ^= mask;
    String::from_utf8(bytes).unwrap()
}

proptest! {
    #[test]
    fn what_the_published_library_signs_verifies(
        key in prop::collection::vec(any::<u8>(), 24..=64),
        id in "[A-Za-z0-9_-]{1,64}",
        seconds in 0i64..4_000_000_000,
        body in any::<String>(),
    ) {
        let secret = format!("whsec_{}", STANDARD.encode(key));
        let library = standardwebhooks::Webhook::new(&secret).unwrap();
        let signature = library.sign(&id, seconds, body.as_bytes()).unwrap();
        let request = headers(&id, &seconds.to_string(), &signature);
        prop_assert_eq!(standard(&secret).verify(&request, body.as_bytes(), at(seconds)), Ok(()));
    }

    #[test]
    fn a_flipped_byte_anywhere_fails(position: prop::sample::Index, mask in 1u8..128, part in 0_usize..5) {
        let mut parts = [ID.to_owned(), TIME.to_string(), BY_CURRENT.to_owned(), CURRENT.to_owned()];
        let mut body = BODY.as_bytes().to_vec();
        match parts.get_mut(part) {
            Some(text) => *text = changed(text, position, mask),
            None => body[position.index(BODY.len())] ^= mask,
        }
        let [id, timestamp, signature, secret] = parts;
        let accepted = Verifier::new(Style::StandardWebhooks, &Secret::new(secret)).is_ok_and(|verifier| {
            verifier.verify(&headers(&id, &timestamp, &signature), &body, at(TIME)).is_ok()
        });
        // A changed letter of the prefix leaves a text that is read as base64 without prefix, of another key.
        prop_assert!(!accepted);
    }

    #[test]
    fn a_flipped_byte_of_a_simplymeet_request_fails(position: prop::sample::Index, mask in 1u8..128, body: bool) {
        let mut signature = SIMPLYMEET_SIGNATURE.to_owned();
        let mut bytes = SIMPLYMEET_BODY.as_bytes().to_vec();
        if body {
            let position = position.index(bytes.len());
            bytes[position] ^= mask;
        } else {
            signature = changed(&signature, position, mask);
        }
        let verifier = Verifier::new(Style::SimplyMeet, &Secret::new("something")).unwrap();
        let request: HeaderList = [(SIGNATURE_HEADER, signature.as_str())].into_iter().collect();
        prop_assert_eq!(verifier.verify(&request, &bytes, at(0)), Err(VerifyError::Mismatch));
    }
}
